"""Draws docs/figures/data.png: raw columns with and without standardize=True.

python docs/figures/data.py
"""

from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_diabetes

import fcnn

X, y = load_diabetes(return_X_y=True, scaled=False)
figure, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for standardize in (False, True):
    net = fcnn.Network([10, 16, 1], "silu", "identity", standardize=standardize, seed=0)
    history = net.fit(X, y, epochs=100, validation_split=0.2, metrics="rmse")
    label = f"standardize={standardize}"
    ax.plot(history.metrics["val_rmse"], label=label)
ax.axhline(np.std(y), color="gray", linestyle=":", label="the targets' deviation")
ax.set_xlabel("epoch")
ax.set_ylabel("val_rmse, in the targets' units")
ax.set_ylim(40, 180)
ax.legend()
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
