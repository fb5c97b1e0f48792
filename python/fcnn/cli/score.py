"""What a network scores on rows, beside what an answer without inputs would score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fcnn._types import Array
    from fcnn.cli.encoding import Encoding
    from fcnn.network import Network

METRICS = {"classification": ("accuracy",), "regression": ("r2", "rmse")}
_NAMES = {"accuracy": "accuracy", "r2": "R2", "rmse": "RMSE"}


def score(net: Network, made: Encoding, rows: tuple[Array, Array], what: str) -> str:
    """The score of the rows (X, y), which are called `what`, as a line."""
    X, y = rows
    found = net.evaluate(X, y, metrics=METRICS[made.task])
    shown = [
        f"{_NAMES[name]} {found[name]:.6g}"
        for name in METRICS[made.task]
        if not np.isnan(found[name])  # R2 of a single row
    ]
    what = what.replace("rows", "row", 1) if len(y) == 1 else what
    return f"{', '.join(shown)} on {len(y):,} {what}"


def without_inputs(made: Encoding, y: Array, known: Array) -> str:
    """What the same answer to every row would score: by `known`, the training rows'."""
    if made.task == "classification":
        often = int(np.bincount(known).argmax())
        share = np.mean(y == often)
        return f"{made.classes[often]!r} for every row: accuracy {share:.6g}"
    rmse = np.sqrt(np.mean(np.square(y - np.mean(known))))
    return f"the mean of training for every row: RMSE {rmse:.6g}"
