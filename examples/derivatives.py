"""A surrogate trained by Newton's method, and its sensitivities against the truth.

python examples/derivatives.py
"""

import numpy as np
from scipy.optimize import minimize

import fcnn

rng = np.random.default_rng(0)
X = rng.uniform(-2, 2, size=(1000, 2))
first, second = 1.5 * X[:, 0] + X[:, 1], X[:, 0] - 2 * X[:, 1]
y = np.sin(first) + np.cos(second) / 2
cos, sin = np.cos(first), np.sin(second)
true = np.stack([1.5 * cos - sin / 2, cos + sin], axis=1)  # df/dx_1, df/dx_2

net = fcnn.Network([2, 20, 1], "tanh", "identity", dtype="float64", seed=1)


def gradient(theta):
    net.parameters = theta
    return net.loss_and_gradient(X, y)


def hessian_times(theta, v):
    net.parameters = theta
    return net.hessian_vector_product(X, y, v)


theta, arguments = net.parameters.copy(), {"jac": True, "method": "trust-ncg"}
options = {"maxiter": 200}
found = minimize(gradient, theta, hessp=hessian_times, options=options, **arguments)
net.parameters = found.x
print(f"mse {found.fun:.1e} after {found.nit} steps, {found.nhev} products H v")
error = net.jacobian(X)[:, 0] - true
print(f"sensitivities: rmse {np.sqrt((error**2).mean()):.4f}, size {true.std():.2f}")
row, label = X[0], y[0] + 1  # C falls fastest against its gradient
print(f"dC/dx of one row: {net.input_gradient(row, label).round(3)}")
