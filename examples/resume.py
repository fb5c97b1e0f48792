"""A run that is killed, and goes on as if nothing had happened.

python examples/resume.py
"""

import multiprocessing
import os
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import fcnn

X, y = load_digits(return_X_y=True)
X = X / 16


def train(callbacks=(), resume=None):
    """Dropout, a schedule and early stopping: all of it has a state."""
    net = fcnn.Network([64, 64, 10], "relu", "softmax", dropout=0.2, seed=1)
    lr = fcnn.schedules.Cosine(0.003, steps=20 * 45)
    stop = fcnn.EarlyStopping(patience=5)
    history = net.fit(
        X,
        y,
        epochs=20,
        optimizer=fcnn.Adam(lr=lr),
        validation_split=0.2,
        callbacks=[stop, *callbacks],
        resume=resume,
    )
    return net, history


class Killed(fcnn.Callback):
    """Ends the process at once, in the middle of epoch 7."""

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == 7 and batch == 20:
            os._exit(9)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch


def first_run():
    train([fcnn.Checkpoint("run.ckpt", every_batches=10), Killed()])


if __name__ == "__main__":
    Path("run.ckpt").unlink(missing_ok=True)
    process = multiprocessing.get_context("spawn").Process(target=first_run)
    process.start()
    process.join()
    print(f"the first process ended with exit code {process.exitcode}")

    net, history = train(resume="run.ckpt")
    print(f"resumed, and done after {len(history.epoch)} epochs: {history}")

    whole, expected = train()
    same = np.array_equal(net.parameters, whole.parameters)
    print(f"the bits of a run that was never killed: {same}")
    print(f"and its history: {history.metrics == expected.metrics}")
