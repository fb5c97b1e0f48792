"""Draws docs/figures/sklearn_pipeline.png: the scores of a grid, and its best.

python docs/figures/sklearn_pipeline.py
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fcnn
from fcnn.sklearn import MLPClassifier

mpl.use("agg")
import matplotlib.pyplot as plt

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
mlp = MLPClassifier((64,), early_stopping=True, random_state=0)
grid = {
    "mlpclassifier__solver": [fcnn.Adam(lr=0.003), fcnn.NAdam(lr=0.01)],
    "mlpclassifier__activation": ["relu", "gelu"],
    "mlpclassifier__dropout": [0.0, 0.3],
}
search = GridSearchCV(make_pipeline(StandardScaler(), mlp), grid, cv=3)
search.fit(X_train, y_train)

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.4), width_ratios=[1.3, 1], layout="constrained"
)
found = search.cv_results_
order = np.argsort(found["mean_test_score"])
labels = []
for i in order:
    solver, activation, dropout = (found["params"][i][name] for name in grid)
    labels.append(f"{activation}, dropout {dropout}, {type(solver).__name__}")
left.errorbar(
    found["mean_test_score"][order],
    range(len(order)),
    xerr=found["std_test_score"][order],
    fmt="o",
)
left.set_yticks(range(len(order)), labels)
left.set_title("accuracy, mean and std of three folds")
ConfusionMatrixDisplay.from_estimator(
    search, X_test, y_test, ax=right, cmap="Blues", colorbar=False
)
right.set(title=f"{len(y_test)} held-out digits", xlabel="said", ylabel="true")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
