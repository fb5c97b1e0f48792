"""Draws docs/figures/full_batch.png.

python docs/figures/full_batch.py

The rmse of one network on a sum of ridge functions against the seconds spent, by each
optimizer from the same start.
"""

import time
from pathlib import Path

import matplotlib as mpl
import numpy as np

import fcnn

mpl.use("agg")
import matplotlib.pyplot as plt

SECONDS = 2.0
rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, size=(1000, 2))
y = np.sin(1.5 * X[:, 0] + X[:, 1]) + np.cos(X[:, 0] - 2 * X[:, 1]) / 2


class Clock(fcnn.Callback):
    """Each epoch's end in seconds; stops the fit at the last of them."""

    def __init__(self):
        self.times = []

    def on_train_begin(self, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.times.append(time.perf_counter() - self.start)
        self.stop_training = self.times[-1] > SECONDS


figure, axes = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for label, optimizer in {
    "Adam(lr=0.001)": fcnn.Adam(lr=0.001),
    "Adam(lr=0.01)": fcnn.Adam(lr=0.01),
    "Rprop()": fcnn.Rprop(),
    "LBFGS(), no tolerance": fcnn.LBFGS(tol_loss=0.0, tol_gradient=0.0),
    "LevenbergMarquardt()": fcnn.LevenbergMarquardt(),
}.items():
    clock = Clock()
    net = fcnn.Network([2, 20, 1], "tanh", "identity", dtype="float64", seed=1)
    history = net.fit(X, y, optimizer=optimizer, epochs=10**9, callbacks=clock)
    best = np.sqrt(np.minimum.accumulate(history.loss))
    axes.loglog(clock.times, best, label=label)
axes.set(xlabel="seconds", ylabel="rmse, the best so far", xlim=(1e-3, SECONDS))
axes.set_title("2-20-1, tanh, 1,000 samples", fontsize=10)
axes.legend(fontsize=8)
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
