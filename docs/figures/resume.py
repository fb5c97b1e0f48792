"""Draws docs/figures/resume.png: a run in three pieces beside one at one go.

python docs/figures/resume.py
"""

import tempfile
from pathlib import Path

from matplotlib import pyplot as plt
from sklearn.datasets import load_digits

import fcnn

X, y = load_digits(return_X_y=True)


def train(epochs, **arguments):
    net = fcnn.Network([64, 32, 10], "relu", "softmax", dropout=0.2, seed=1)
    lr = fcnn.schedules.Cosine(0.005, steps=30 * 45)
    fit = {"optimizer": fcnn.Adam(lr=lr), "validation_split": 0.2} | arguments
    return net.fit(X / 16, y, epochs=epochs, **fit)


figure, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
whole = train(30)
ax.plot(whole.loss, color="0.8", linewidth=7, label="at one go")
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "run.ckpt")
    done = 0
    for epochs in (8, 19, 30):
        resume = path if done else None
        history = train(epochs, callbacks=fcnn.Checkpoint(path), resume=resume)
        epoch, loss = history.epoch[done:], history.loss[done:]
        ax.plot(epoch, loss, ".-", label=f"epochs {done} to {epochs - 1}")
        done = epochs
ax.set_yscale("log")
ax.set_xlabel("epoch")
ax.set_ylabel("loss")
ax.legend()
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
