"""Draws docs/figures/onnx_export.png: the nodes of a model, and what they make.

python docs/figures/onnx_export.py
"""

from pathlib import Path

import matplotlib as mpl
from sklearn.datasets import load_diabetes

import fcnn

mpl.use("agg")
import matplotlib.pyplot as plt

X, y = load_diabetes(return_X_y=True, scaled=False)
net = fcnn.Network([10, 16, 1], "mish", "identity", standardize=True, seed=0)
net.fit(X, y, epochs=100)
nodes = net.to_onnx().graph.node

places, row, column = {}, 0, 0
for node in nodes:
    if node.op_type == "Gemm":  # a layer begins
        row, column = row + 1, 0
    places[node.output[0]] = 1.4 * column, -1.5 * row
    column += 1

figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
boxes = {"boxstyle": "round,pad=0.4", "ec": "0.4"}
for node in nodes:
    px, py = places[node.output[0]]
    layer = node.op_type == "Gemm"
    box = boxes | {"fc": "tab:blue" if layer else "0.9"}
    color = "white" if layer else "black"
    axes.text(px, py, node.op_type, ha="center", va="center", color=color, bbox=box)
    axes.text(px, py - 0.4, node.output[0], ha="center", va="center", fontsize=9)
    for name in node.input:
        if name not in places:  # the input x, or a constant
            continue
        x0, y0 = places[name]
        arrow = {"arrowstyle": "->", "color": "0.4", "shrinkA": 26, "shrinkB": 26}
        start, end = (x0, y0), (px, py)
        if y0 > py:
            start, end = (x0, y0 - 0.5), (px + 0.2, py + 0.25)
            arrow |= {"shrinkA": 0, "shrinkB": 0}
        elif px - x0 > 1.5:
            start, end = (x0, y0 + 0.25), (px, py + 0.25)
            arrow |= {"shrinkA": 0, "shrinkB": 0, "connectionstyle": "arc3,rad=-0.2"}
        axes.annotate("", end, start, arrowprops=arrow)
for place, name in enumerate(
    ["standardizer", "layer 1: mish", "layer 2, standardizer"]
):
    axes.text(-0.7, -1.5 * place, name, ha="right", va="center")
axes.set(xlim=(-2.4, 6.2), ylim=(-3.6, 0.4))
axes.set_axis_off()
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
