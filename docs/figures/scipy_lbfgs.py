"""Draws docs/figures/scipy_lbfgs.png: a function of one variable, learned by SciPy.

python docs/figures/scipy_lbfgs.py
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from scipy.optimize import minimize

import fcnn

mpl.use("agg")
import matplotlib.pyplot as plt

X = np.random.default_rng(0).uniform(-3, 3, size=(500, 1))
y = np.sin(2 * X) * np.exp(-X / 4)
net = fcnn.Network([1, 20, 1], "tanh", "identity", dtype="float64", seed=1)
evaluated = []


def objective(theta):
    net.parameters = theta
    C, gradient = net.loss_and_gradient(X, y)
    evaluated.append(C)
    return C, gradient


line = np.linspace(-3, 3, 300)[:, None]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
for n in (10, 30, 100, 500):
    begin = fcnn.Network([1, 20, 1], "tanh", "identity", dtype="float64", seed=1)
    evaluated.clear()
    options = {"maxiter": n}
    found = minimize(
        objective, begin.parameters, jac=True, method="L-BFGS-B", options=options
    )
    net.parameters = found.x
    left.plot(line, net.predict(line), label=f"{n} iterations")
left.plot(line, np.sin(2 * line) * np.exp(-line / 4), "k--", lw=1, label="true")
left.set(title="The function", xlabel="x")
left.legend(fontsize=8)
right.semilogy(evaluated)
right.set(title="C", xlabel="evaluation of C and its gradient")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
