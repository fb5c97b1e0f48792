"""Draws docs/figures/regularization.png: dropout's curves, and its spread.

python docs/figures/regularization.py
"""

from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits

import fcnn

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")

rng = np.random.default_rng(0)
X, y = load_digits(return_X_y=True)
X = X / 16
few, rest = slice(0, 800), slice(800, None)
wrong = rng.random(800) < 0.25  # of the labels to learn from
labels = np.where(wrong, rng.integers(0, 10, 800), y[few])
for p, color in ((0.0, "C0"), (0.5, "C1")):
    net = fcnn.Network([64, 256, 256, 10], "relu", "softmax", dropout=p, seed=1)
    history = net.fit(X[few], labels, epochs=60, validation_data=(X[rest], y[rest]))
    for name, style in (("loss", ":"), ("val_loss", "-")):
        label = f"dropout={p}, {name}"
        left.plot(history.metrics[name], style, color=color, label=label)
left.set_ylim(0, 2)
left.set_xlabel("epoch")
left.set_ylabel("cross-entropy")
left.legend(fontsize=8)
left.set_title("a quarter of the labels is wrong", fontsize=10)

rng = np.random.default_rng(0)
x = np.concatenate([rng.uniform(-3, -0.5, 60), rng.uniform(0.8, 2.5, 60)])
t = np.sin(2 * x) + rng.normal(scale=0.1, size=len(x))
net = fcnn.Network([1, 128, 128, 1], "relu", "identity", dropout=0.1, seed=0)
net.fit(x[:, None], t, epochs=1500, optimizer=fcnn.Adam(lr=2e-3))
grid = np.linspace(-4.5, 4.5, 300)
mean, std = (part.ravel() for part in net.predict(grid[:, None], dropout_samples=200))
right.fill_between(grid, mean - 2 * std, mean + 2 * std, alpha=0.25, linewidth=0)
right.plot(grid, mean, label="mean, two deviations")
right.plot(x, t, ".", color="black", markersize=3, label="training rows")
right.set_xlabel("x")
right.legend(fontsize=8, loc="lower left")
right.set_title("dropout_samples=200", fontsize=10)
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
