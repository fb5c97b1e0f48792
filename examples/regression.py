"""A function of two variables learned from noisy samples.

python examples/regression.py
"""

import numpy as np

import fcnn

rng = np.random.default_rng(0)
X = rng.uniform(-2, 2, size=(4000, 2))
clean = np.sin(1.5 * X[:, 0] + X[:, 1]) + np.cos(X[:, 0] - 2 * X[:, 1]) / 2
y = clean + rng.normal(scale=0.1, size=len(X))

net = fcnn.Network([2, 32, 32, 1], activation="tanh", output="identity", seed=1)
history = net.fit(
    X[:3000],
    y[:3000],
    epochs=200,
    optimizer=fcnn.Adam(lr=3e-3),
    validation_split=0.2,
    metrics=["rmse"],
    callbacks=[fcnn.EarlyStopping("val_loss", patience=20)],
)
print(
    f"{len(history.loss)} epochs, validation rmse {min(history.metrics['val_rmse']):.4f}"
)
measured = net.evaluate(X[3000:], y[3000:], metrics=["rmse", "r2"])
print(
    f"on 1,000 new points: rmse {measured['rmse']:.4f} (the noise is 0.1), r2 {measured['r2']:.4f}"
)
error = net.predict(X[3000:]).ravel() - clean[3000:]
print(f"against the function without the noise: rmse {np.sqrt(np.mean(error**2)):.4f}")
