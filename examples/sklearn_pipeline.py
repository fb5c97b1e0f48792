"""scikit-learn's tools around fcnn's estimator: a pipeline, a grid, what is beyond.

python examples/sklearn_pipeline.py
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fcnn
from fcnn.sklearn import MLPClassifier  # instead of sklearn.neural_network

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)

mlp = MLPClassifier((64,), early_stopping=True, random_state=0)
pipeline = make_pipeline(StandardScaler(), mlp)
grid = {
    "mlpclassifier__solver": [fcnn.Adam(lr=0.003), fcnn.NAdam(lr=0.01)],
    "mlpclassifier__activation": ["relu", "gelu"],
    "mlpclassifier__dropout": [0.0, 0.3],
}
search = GridSearchCV(pipeline, grid, cv=3).fit(X_train, y_train)
for name, value in search.best_params_.items():
    print(f"{name.partition('__')[2]:>10}: {value}")
print(f"cross-validated {search.best_score_:.4f}", end=", ")
print(f"{search.score(X_test, y_test):.4f} of the held-out digits are read right")

best = search.best_estimator_[-1]
print(f"{best.n_iter_} epochs; the network behind it: {best.network_}")
