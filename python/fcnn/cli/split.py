"""Which rows train, validate and test: drawn by the seed, in each class alike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fcnn import _core
from fcnn._types import Array

_STREAM = 0  # of `_core.permutation`, as validation_split's


class Split(NamedTuple):
    """The numbers of the rows; of validation and test there may be none."""

    train: Array
    validation: Array
    test: Array


def split(
    n: int, test: float, validation: float, seed: int, classes: Array | None
) -> Split:
    """Holds out a part of the rows to test, and a part of the others to validate.

    With class numbers (n,) each class gives its share, but for classes of less than
    three rows, which train.

    Raises
    ------
    ValueError
        If the rows are too few to train on some and hold out others.
    """
    order = _core.permutation(n, seed, _STREAM)
    rare = np.zeros(n, dtype=bool)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
        rare = np.bincount(classes)[classes] < 3
    fixed, free = order[rare[order]], order[~rare[order]]
    rest, tested = _deal(free, test, n)
    trained, validated = _deal(rest, validation, n - len(tested))
    trained = np.sort(np.concatenate([fixed, trained]))
    wanted = (test > 0.0) + (validation > 0.0)
    if len(trained) == 0 or bool(len(tested)) + bool(len(validated)) < wanted:
        raise ValueError(
            f"{n} rows are too few to train on some and hold out others: "
            "--test-size 0 and --validation-size 0 hold none out"
        )
    return Split(trained, np.sort(validated), np.sort(tested))


def _deal(rows: Array, part: float, n: int) -> tuple[Array, Array]:
    """The rows kept and those taken: evenly along `rows`, `part` of n of them."""
    count = 0 if part == 0.0 else min(max(1, round(part * n)), len(rows))
    # row i is taken where floor(i count / rows) steps up: count times in all
    steps = np.arange(len(rows) + 1) * count // max(1, len(rows))
    taken = np.diff(steps) > 0
    return rows[~taken], rows[taken]
