"""class_weight: a factor for each class, multiplied into the rows' weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fcnn import _checks
from fcnn._data import Rows
from fcnn._float_state import by_default
from fcnn._types import Array


@by_default
def factors(class_weight: Any, rows: Rows, train: Array | None) -> Array:
    """Each row's factor: a dict's, or ``"balanced"`` counted over the rows `train`."""
    classes, n_classes = _classes(rows)
    factor = np.ones(n_classes)
    if isinstance(class_weight, Mapping):
        for label, weight in class_weight.items():
            k = _checks.integer("a class of class_weight", label, 0, n_classes - 1)
            factor[k] = _checks.non_negative(f"class_weight[{k}]", weight)
    elif isinstance(class_weight, str) and class_weight == "balanced":
        if train is None:
            raise ValueError(
                "class_weight='balanced' counts the rows of a whole training set; for "
                "single batches give a dict {label: weight}"
            )
        # n / (number of classes present * rows of the class), as scikit-learn.
        count = np.bincount(classes[train], minlength=n_classes)
        present = count > 0
        factor[present] = len(train) / (present.sum() * count[present])
    else:
        raise TypeError(
            "class_weight must be a dict {label: weight} or 'balanced', not "
            f"{_checks.shown(class_weight)}"
        )
    result: Array = factor[classes]
    return result


def _classes(rows: Rows) -> tuple[Array, int]:
    """The class of each row, and how many classes there are."""
    if rows.labels:
        return rows.targets(), rows.n_outputs
    Y = rows.Y
    bad = ~((Y == 0) | (Y == 1)).all(axis=1)
    if rows.n_outputs > 1:
        bad |= (Y != 0).sum(axis=1) != 1
    if bad.any():
        kind = "one-hot" if rows.n_outputs > 1 else "0 or 1"
        row = int(bad.argmax())
        raise ValueError(
            f"class_weight needs classes: y must be {kind} in every row, but row {row} "
            f"is {_checks.shown(Y[row].tolist())}"
        )
    if rows.n_outputs == 1:
        return Y[:, 0].astype(np.int64), 2
    return Y.argmax(axis=1), rows.n_outputs
