"""A function of two inputs, learned to four digits: Levenberg-Marquardt and Adam.

python examples/levenberg_marquardt.py
"""

import time

import numpy as np

import fcnn

rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, size=(1000, 2))
y = np.sin(1.5 * X[:, 0] + X[:, 1]) + np.cos(X[:, 0] - 2 * X[:, 1]) / 2

for optimizer, epochs in [
    (fcnn.Adam(lr=0.01), 1000),
    (fcnn.Rprop(), 2000),
    (fcnn.LBFGS(tol_loss=0, tol_gradient=0), 2000),
    (fcnn.LevenbergMarquardt(), 300),
]:
    net = fcnn.Network([2, 20, 1], "tanh", "identity", dtype="float64", seed=1)
    start = time.perf_counter()
    history = net.fit(X, y, optimizer=optimizer, epochs=epochs)
    seconds = time.perf_counter() - start
    error = net.evaluate(X, y, metrics="rmse")["rmse"]
    print(
        f"{optimizer.name:<20} rmse {error:.1e} "
        f"after {len(history.loss):>4} epochs, {seconds:.2f} s"
    )
