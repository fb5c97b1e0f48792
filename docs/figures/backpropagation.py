"""Draws docs/figures/backpropagation.png: the lesson's network with its numbers.

python docs/figures/backpropagation.py
"""

from pathlib import Path

import matplotlib as mpl

import fcnn

mpl.use("agg")
import matplotlib.pyplot as plt

net = fcnn.Network([2, 3, 2], loss="quadratic", dtype="float64", seed=0)
net.layers[1].weight = [[0.5, -1.0], [1.0, 0.5], [-0.5, 1.0]]
net.layers[1].bias = [0.0, -0.5, 0.5]
net.layers[2].weight = [[1.0, -1.0, 0.5], [0.5, 1.0, -1.0]]
net.layers[2].bias = [0.0, 0.5]
y = [1.0, 0.0]
step = net.backprop([1.0, 0.5], y)

figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
places = [
    [(3.0 * l, 1.3 * ((size - 1) / 2 - k)) for k in range(size)]
    for l, size in enumerate(net.sizes)
]
for l in (1, 2):
    for k, (x1, y1) in enumerate(places[l]):
        for j, (x0, y0) in enumerate(places[l - 1]):
            w = net.layers[l].weight[k, j]
            color = "tab:blue" if w > 0 else "tab:red"
            axes.plot([x0, x1], [y0, y1], color=color, lw=2 * abs(w), zorder=1)
            at = (
                0.32 if (j + k) % 2 else 0.22
            )  # so that crossing lines keep theirs apart
            where = x0 + at * (x1 - x0), y0 + at * (y1 - y0)
            box = {"boxstyle": "round,pad=0.1", "fc": "white", "lw": 0}
            axes.text(*where, f"{w:g}", color=color, ha="center", va="center", bbox=box)
for l, layer in enumerate(places):
    for k, (px, py) in enumerate(layer):
        circle = plt.Circle((px, py), 0.3, fc="white", ec="black", zorder=2)
        axes.add_patch(circle)
        axes.text(px, py, f"{step.a[l][0, k]:.4g}", ha="center", va="center", zorder=3)
        if l:
            z, delta = step.z[l][0, k], step.delta[l][0, k]
            bias = net.layers[l].bias[k]
            axes.text(px, py + 0.36, f"b {bias:g}   z {z:.4g}", ha="center")
            axes.text(px, py - 0.45, f"$\\delta$ {delta:.4f}", ha="center", color="C1")
    names = ["layer 0: x", "layer 1: a", "layer 2: a"]
    axes.text(3.0 * l, 2.1, names[l], ha="center", fontweight="bold")
for k, (px, py) in enumerate(places[2]):
    axes.text(px + 0.45, py, f"y = {y[k]:g}", va="center")
axes.annotate("", (5.6, -2.05), (0.4, -2.05), arrowprops={"arrowstyle": "->"})
axes.text(3, -1.98, "forward: z, a", ha="center")
arrow = {"arrowstyle": "->", "color": "C1"}
axes.annotate("", (0.4, -2.4), (5.6, -2.4), arrowprops=arrow)
axes.text(3, -2.33, "backward: $\\delta$", ha="center", color="C1")
axes.set(xlim=(-0.6, 7.2), ylim=(-2.55, 2.3), aspect="equal")
axes.axis("off")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
