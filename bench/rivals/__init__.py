"""The one list of rivals; the file of the same name says how to use each.

A file has any of

    Trainer(work, start, X, y)          .run(epochs, shuffle), .parameters()
    predictor(work, start, X)           a function that predicts X: its time is taken
    adapted(work)                       the nearest workload, if it lacks this very one
    set_threads(n)                      where environment and affinity do not say enough

`start` and `parameters()` are [(W, b), ...] with W of shape (n_out, n_in).
"""

from __future__ import annotations

from typing import NamedTuple


class Rival(NamedTuple):
    """Where a rival's code is, what is to be installed, how its process is set up."""

    module: str
    distribution: str
    imports: str
    level: str = ""  # of the CPU, forced by the environment


OURS = "fcnn"

RIVALS = {
    OURS: Rival("fcnn", "fcnn", "fcnn"),
    "fcnn.predictor": Rival("fcnn_predictor", "fcnn", "fcnn"),
    **{
        f"fcnn-{level}": Rival("fcnn", "fcnn", "fcnn", level)
        for level in ("base", "v3", "v4")
    },
    "numpy": Rival("numpy", "numpy", "numpy"),
    "sklearn": Rival("sklearn", "scikit-learn", "sklearn.neural_network"),
    "torch": Rival("torch", "torch", "torch"),
    "torch.compile": Rival("torch_compile", "torch", "torch"),
    "jax": Rival("jax", "jax", "jax.numpy"),
    "onnxruntime": Rival("onnxruntime", "onnxruntime", "onnxruntime"),
}


def is_ours(name: str) -> bool:
    """Whether it is fcnn in one form or another."""
    return RIVALS[name].distribution == RIVALS[OURS].distribution


class UnsupportedError(Exception):
    """The rival cannot do this workload; the message says why."""
