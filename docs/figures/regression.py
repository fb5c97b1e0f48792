"""Draws docs/figures/regression.png: samples, what is learned, its error.

python docs/figures/regression.py
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np

import fcnn

mpl.use("agg")
import matplotlib.pyplot as plt


def true(X):
    return np.sin(1.5 * X[:, 0] + X[:, 1]) + np.cos(X[:, 0] - 2 * X[:, 1]) / 2


rng = np.random.default_rng(0)
X = rng.uniform(-2, 2, size=(3000, 2))
y = true(X) + rng.normal(scale=0.1, size=len(X))
net = fcnn.Network([2, 32, 32, 1], activation="tanh", output="identity", seed=1)
stop = fcnn.EarlyStopping("val_loss", patience=20)
adam = fcnn.Adam(lr=3e-3)
net.fit(X, y, epochs=200, optimizer=adam, validation_split=0.2, callbacks=stop)

line = np.linspace(-2, 2, 100)
grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
learned = net.predict(grid)[:, 0]
figure, axes = plt.subplots(1, 3, figsize=(9, 2.9), layout="constrained", sharey=True)
axes[0].scatter(*X[:1000].T, c=y[:1000], s=2, vmin=-1.5, vmax=1.5)
surfaces = [
    (learned, np.linspace(-1.5, 1.5, 13), "viridis"),
    (learned - true(grid), np.linspace(-0.12, 0.12, 13), "RdBu"),
]
for place, (values, levels, colors) in zip(axes[1:], surfaces, strict=True):
    surface = values.reshape(100, 100)
    drawn = place.contourf(line, line, surface, levels, cmap=colors, extend="both")
    figure.colorbar(drawn, ax=place)
titles = "1,000 of 3,000 noisy samples", "learned", "learned - true"
for place, title in zip(axes, titles, strict=True):
    place.set_title(title, fontsize=10)
    place.set_aspect("equal")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
