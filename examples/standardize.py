"""Raw columns of all sizes: the network learns to standardize them itself.

python examples/standardize.py
"""

from sklearn.datasets import load_diabetes

import fcnn

X, y = load_diabetes(return_X_y=True, scaled=False)  # years, mg/dl, ...
print(
    f"columns from {X.std(axis=0).min():.2g} to {X.std(axis=0).max():.2g} wide, "
    f"targets from {y.min():.0f} to {y.max():.0f}"
)
train, new = slice(0, 350), slice(350, None)

for standardize in (False, True):
    net = fcnn.Network([10, 16, 1], "silu", "identity", standardize=standardize, seed=0)
    stop = fcnn.EarlyStopping(patience=30)
    net.fit(X[train], y[train], epochs=300, validation_split=0.2, callbacks=stop)
    found = net.evaluate(X[new], y[new], metrics=["rmse", "r2"])
    print(
        f"standardize={standardize!s:5}: rmse {found['rmse']:.1f}, "
        f"r2 {found['r2']:.3f} on new rows"
    )

print(
    "learned:", net.standardizer, "with the mean age", net.standardizer.mean[0].round(1)
)
print("predictions have the targets' units:", net.predict(X[350:353]).ravel().round())

# mini-batches that the caller makes, from the network trained so far
batches = [(X[i : i + 50], y[i : i + 50]) for i in range(0, 350, 50)]
history = net.fit(batches=batches, epochs=3)
print("three more epochs over a list of batches:", history)
