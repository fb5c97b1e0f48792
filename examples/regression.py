"""A function of two variables learned from noisy samples.

python examples/regression.py
"""

import numpy as np

import fcnn

rng = np.random.default_rng(0)
X = rng.uniform(-2, 2, size=(4000, 2))
clean = np.sin(1.5 * X[:, 0] + X[:, 1]) + np.cos(X[:, 0] - 2 * X[:, 1]) / 2
y = clean + rng.normal(scale=0.1, size=len(X))
train, new = slice(None, 3000), slice(3000, None)

net = fcnn.Network([2, 32, 32, 1], activation="tanh", output="identity", seed=1)
stop = fcnn.EarlyStopping("val_loss", patience=20)
options = {"optimizer": fcnn.Adam(lr=3e-3), "validation_split": 0.2}
history = net.fit(
    X[train], y[train], epochs=200, metrics=["rmse"], callbacks=[stop], **options
)
best = min(history.metrics["val_rmse"])
print(f"{len(history.loss)} epochs, validation rmse {best:.4f}")
test = net.evaluate(X[new], y[new], metrics=["rmse", "r2"])
print(f"1,000 new points: rmse {test['rmse']:.4f} (noise: 0.1), r2 {test['r2']:.4f}")
error = net.predict(X[new]).ravel() - clean[new]
print(f"against the function without the noise: rmse {np.sqrt(np.mean(error**2)):.4f}")
