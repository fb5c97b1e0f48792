"""Any outside optimizer can train a network: here SciPy's L-BFGS.

python examples/scipy_lbfgs.py
"""

import numpy as np
from scipy.optimize import minimize

import fcnn

rng = np.random.default_rng(0)
X = rng.uniform(-3, 3, size=(500, 1))
y = np.sin(2 * X) * np.exp(-X / 4)

net = fcnn.Network([1, 20, 1], "tanh", "identity", dtype="float64", seed=1)


def objective(theta):
    """C and dC/dtheta at theta: all parameters are one flat vector."""
    net.parameters = theta
    return net.loss_and_gradient(X, y)


start = objective(net.parameters.copy())[0]
found = minimize(
    objective,
    net.parameters.copy(),
    jac=True,
    method="L-BFGS-B",
    options={"maxiter": 500},
)
net.parameters = found.x
print(f"mse {start:.4f} before, {found.fun:.2e} after {found.nit} iterations")
print(f"largest error {np.abs(net.predict(X) - y).max():.4f}")
