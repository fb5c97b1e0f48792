"""Draws docs/figures/mnist.png: the weights into hidden nodes, as pictures.

python docs/figures/mnist.py
"""

from pathlib import Path

import matplotlib as mpl
from sklearn.datasets import load_digits

import fcnn

mpl.use("agg")
import matplotlib.pyplot as plt

X, y = load_digits(return_X_y=True)
net = fcnn.Network([64, 100, 10], "relu", "softmax", seed=1)
history = net.fit(
    X / 16, y, l2=1e-3, epochs=30, validation_split=0.1, metrics="accuracy"
)

figure = plt.figure(figsize=(9, 3.2), layout="constrained")
left, right = figure.subfigures(1, 2)
curve = left.subplots()
for name in ("accuracy", "val_accuracy"):
    curve.plot(history.metrics[name], label=name)
curve.set(title="Accuracy", xlabel="epoch", ylim=(0.8, 1))
curve.legend()
weights = net.layers[1].weight
for node, axes in enumerate(right.subplots(4, 6).flat):
    axes.imshow(weights[node].reshape(8, 8), cmap="RdBu", vmin=-0.6, vmax=0.6)
    axes.axis("off")
right.suptitle("What 24 hidden nodes look for: their weights")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
