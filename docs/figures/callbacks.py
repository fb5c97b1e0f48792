"""Draws docs/figures/callbacks.png: a fit with ReduceLROnPlateau and EarlyStopping.

python docs/figures/callbacks.py
"""

from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import fcnn

rng = np.random.default_rng(0)
X = rng.uniform(-2, 2, size=(400, 2))
clean = np.sin(1.5 * X[:, 0] + X[:, 1]) + np.cos(X[:, 0] - 2 * X[:, 1]) / 2
y = clean + rng.normal(scale=0.2, size=len(X))

net = fcnn.Network([2, 64, 64, 1], activation="tanh", output="identity", seed=1)
rates = []
lower = fcnn.ReduceLROnPlateau(factor=0.3, patience=8)
stop = fcnn.EarlyStopping(patience=25)
note = fcnn.LambdaCallback(on_epoch_end=lambda *_: rates.append(net.learning_rate))
history = net.fit(
    X,
    y,
    optimizer=fcnn.Adam(lr=0.01),
    epochs=400,
    validation_split=0.25,
    callbacks=[lower, stop, note],
)

figure, (above, below) = plt.subplots(
    2, 1, figsize=(7, 5), sharex=True, height_ratios=[3, 1], layout="constrained"
)
history.plot(above, "loss")
above.set_yscale("log")
above.set_ylabel("mse")
above.set_xlabel("")
above.axvline(stop.best_epoch, color="gray", linewidth=1, linestyle=":")
above.annotate(
    f"best epoch: {stop.best_epoch}",
    (stop.best_epoch, 0.85),
    xycoords=("data", "axes fraction"),
    xytext=(4, 0),
    textcoords="offset points",
)
below.step(history.epoch, rates, where="post", color="C2")
below.axvline(stop.best_epoch, color="gray", linewidth=1, linestyle=":")
below.set_yscale("log")
below.set_ylabel("learning rate")
below.set_xlabel("epoch")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=100)
