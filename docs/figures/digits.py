"""Draws docs/figures/digits.png: held-out digits that the network reads wrong.

python docs/figures/digits.py
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from sklearn.datasets import load_digits

import fcnn

mpl.use("agg")
import matplotlib.pyplot as plt

X, y = load_digits(return_X_y=True)
X = X / 16
order = np.random.default_rng(0).permutation(len(X))
train, test = order[: 2 * len(X) // 3], order[2 * len(X) // 3 :]
net = fcnn.Network([64, 64, 10], "relu", "softmax", seed=1)
net.fit(X[train], y[train], epochs=30)
a = net.predict(X[test])
by_doubt = np.argsort(a[np.arange(len(test)), y[test]])

figure, axes = plt.subplots(2, 8, figsize=(9, 2.9), layout="constrained")
for place, i in zip(axes.flat, by_doubt, strict=False):
    place.imshow(X[test[i]].reshape(8, 8), cmap="gray_r")
    place.set_title(f"{y[test[i]]} read as {a[i].argmax()}", fontsize=8)
    place.axis("off")
figure.suptitle("The held-out digits that it is least sure of", fontsize=10)
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
