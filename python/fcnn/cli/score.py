"""What a network scores on rows, beside what an answer without inputs would score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fcnn._types import Array
    from fcnn.cli.encoding import Encoding
    from fcnn.network import Network

METRICS = {"classification": ("accuracy",), "regression": ("r2", "rmse")}


def score(
    net: Network, made: Encoding, rows: tuple[Array, Array], known: Array | None = None
) -> str:
    """The score of the rows (X, y) as a line.

    With `known`, the targets of the training rows, also that of their most frequent
    class, or their mean, as the answer to every row.
    """
    X, y = rows
    found = net.evaluate(X, y, metrics=METRICS[made.task])
    if made.task == "classification":
        text = f"accuracy {found['accuracy']:.4g}"
        if known is not None:
            often = int(np.bincount(known).argmax())
            share = np.mean(y == often)
            text += f"; {made.classes[often]!r} for every row: {share:.4g}"
    else:
        text = f"R2 {found['r2']:.4g}, RMSE {found['rmse']:.6g}"
        if known is not None:
            rmse = np.sqrt(np.mean(np.square(y - np.mean(known))))
            text += f"; the mean for every row: RMSE {rmse:.6g}"
    return f"{text}; {len(y):,} rows"
