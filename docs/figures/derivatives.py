"""Draws docs/figures/derivatives.png.

python docs/figures/derivatives.py

Left, Laplace's approximation: predictions with the variance that parameter_jacobian
gives them. Right, jacobian beside the true function's derivative.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from scipy.optimize import minimize

import fcnn

mpl.use("agg")
import matplotlib.pyplot as plt

NOISE, L2 = 0.1, 1e-4
rng = np.random.default_rng(0)
X = np.concatenate([rng.uniform(-3, -0.5, 40), rng.uniform(1, 3, 40)])[:, None]
y = np.sin(2 * X) + NOISE * rng.normal(size=X.shape)
net = fcnn.Network([1, 20, 1], "tanh", "identity", dtype="float64", seed=3)


def gradient(theta):
    net.parameters = theta
    return net.loss_and_gradient(X, y, "quadratic", l2=L2)


def hessian_times(theta, v):
    net.parameters = theta
    return net.hessian_vector_product(X, y, v, "quadratic", l2=L2)


net.parameters = minimize(
    gradient, net.parameters.copy(), jac=True, hessp=hessian_times, method="trust-ncg"
).x

# The posterior of theta is normal with the precision J^T J / noise^2 + prior, where l2
# of the mean loss is the prior's n l2 / noise^2; the same prior for biases.
J = net.parameter_jacobian(X)[:, 0]
precision = (J.T @ J + len(X) * L2 * np.eye(net.n_parameters)) / NOISE**2
line = np.linspace(-3.5, 3.5, 400)[:, None]
G = net.parameter_jacobian(line)[:, 0]
deviation = np.sqrt(np.einsum("ip,pi->i", G, np.linalg.solve(precision, G.T)))

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
x, a = line[:, 0], net.predict(line)[:, 0]
band = {"color": "tab:blue", "alpha": 0.2, "lw": 0, "label": "2 standard deviations"}
left.fill_between(x, a - 2 * deviation, a + 2 * deviation, **band)
left.plot(x, a, label="predict")
left.plot(x, np.sin(2 * x), "k--", lw=1, label="sin 2x")
left.plot(X, y, "k.", ms=3, label="samples")
left.set(title="Uncertainty, by parameter_jacobian", xlabel="x", ylim=(-2.5, 2.5))
right.plot(x, net.jacobian(line)[:, 0, 0], label="jacobian")
right.plot(x, 2 * np.cos(2 * x), "k--", lw=1, label="2 cos 2x")
right.set(title="Sensitivity, by jacobian", xlabel="x", ylim=(-4, 4))
for axes in (left, right):
    axes.legend(loc="lower center", ncols=2, fontsize=7)
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
