"""What the tests of checkpoints have in common."""

from __future__ import annotations

import numpy as np

import fcnn

KEY = "fcnn_checkpoint"
SIZES = [4, 12, 3]


def make(seed=5, **arguments):
    arguments = {"dropout": 0.2, "dtype": "float32"} | arguments
    return fcnn.Network(SIZES, "tanh", "softmax", seed=seed, **arguments)


def same(a, b):
    one, other = a.__getstate__(), b.__getstate__()
    assert np.array_equal(a.parameters, b.parameters)
    assert a.learning_rate == b.learning_rate
    for key in ("seed", "epoch", "loss", "standardizer", "architecture"):
        assert one[key] == other[key], key
    first, second = one["training"].trainer, other["training"].trainer
    assert first["step"] == second["step"]
    assert first["scalars"] == second["scalars"]
    for m, n in zip(first["moments"], second["moments"], strict=True):
        assert np.array_equal(m, n)


class Die(fcnn.Callback):
    """An end that nothing is told of, after so many batches."""

    def __init__(self, batches):
        self.left = batches

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
