"""Draws docs/figures/xor_by_hand.png: exclusive or, before and after learning.

python docs/figures/xor_by_hand.py
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np

import fcnn

mpl.use("agg")
import matplotlib.pyplot as plt

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([0, 1, 1, 0])
net = fcnn.Network([2, 2, 1], "sigmoid", loss="quadratic", dtype="float64", seed=1)
line = np.linspace(-0.3, 1.3, 100)
grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)

figure, axes = plt.subplots(1, 4, figsize=(9, 2.6), layout="constrained", sharey=True)
done = 0
for place, steps in zip(axes, (0, 300, 1000, 5000), strict=True):
    net.fit(X, y, optimizer=fcnn.SGD(lr=5), batch_size=4, epochs=steps - done)
    done = steps
    values, levels = net.predict(grid).reshape(100, 100), np.linspace(0, 1, 11)
    drawn = place.contourf(line, line, values, levels, cmap="RdBu")
    place.set_aspect("equal")
    place.scatter(*X.T, c=y, cmap="RdBu", vmin=0, vmax=1, ec="black", s=60)
    place.set_title(f"{steps:,} steps")
figure.colorbar(drawn, ax=axes, label="a")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
