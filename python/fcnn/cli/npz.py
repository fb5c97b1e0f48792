"""npz files of NumPy: arrays X and y, or Keras's x_train, y_train, x_test, y_test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from fcnn._types import Array
from fcnn.cli.output import listed
from fcnn.cli.tables import Column, Table

# X and y to train on, and of test rows
_KEYS = (
    ("X", "y", None, None),
    ("x", "y", None, None),
    ("X_train", "y_train", "X_test", "y_test"),
    ("x_train", "y_train", "x_test", "y_test"),
    ("arr_0", "arr_1", None, None),
)


def read(path: str, x: str | None, y: str | None) -> tuple[Table, Table | None]:
    """The table of the arrays, and that of the test rows if they are there.

    Columns are named 0, 1, ..., the target as its array. An X of more than two
    dimensions, images, becomes one row for each sample.

    Parameters
    ----------
    path : str
        The file. Nothing in it is executed: arrays of objects are refused.
    x, y : str, optional
        The arrays' names; by default those above, y only if it is there.

    Raises
    ------
    ValueError
        If the file is damaged, or its arrays are no rows and targets.
    """
    with open(path, "rb") as file:  # noqa: PTH123
        with _damage_is_refused(path):
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError(  # noqa: TRY004
                    "it is one array, no archive of arrays"
                )
        found = _find(path, archive.files, x, y)
        with _damage_is_refused(path):
            arrays = [None if key is None else archive[key] for key in found]
    train = _table(path, found[:2], arrays[0], arrays[1])
    if arrays[2] is None:
        return train, None
    # the columns must be named alike
    test = _table(f"{path} ({found[2]})", found[:2], arrays[2], arrays[3])
    n, m = len(train.columns) - 1, len(test.columns) - 1
    if n != m:
        raise ValueError(
            f"{path}: {found[0]!r} has {n} values in a row, {found[2]!r} has {m}"
        )
    return train, test


@contextlib.contextmanager
def _damage_is_refused(path: str) -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # zipfile and zlib have many for damaged files
        raise ValueError(f"{path} is no npz file to read: {error}") from error


def _find(
    path: str, names: list[str], x: str | None, y: str | None
) -> tuple[str, str | None, str | None, str | None]:
    for key in (x, y):
        if key is not None and key not in names:
            raise ValueError(f"{path} has no array {key!r}; it has {listed(names)}")
    if x is not None:
        return x, y, None, None
    for keys in _KEYS:
        X, target, X_test, y_test = keys
        if X in names:
            if y is not None or target not in names:
                return X, y, None, None
            with_test = {X_test, y_test} <= set(names)
            return X, target, *((X_test, y_test) if with_test else (None, None))
    raise ValueError(
        f"which array of {path} is X is not known: give --x and --y; it has "
        f"{listed(names)}"
    )


def _table(path: str, keys: Any, X: Any, y: Any) -> Table:
    if X.dtype.kind not in "biuf" or X.ndim == 0:
        raise ValueError(
            f"{path}: the array {keys[0]!r} must be rows of numbers, not {X.dtype} of "
            f"shape {X.shape}"
        )
    n = len(X)
    if X.size == 0:
        raise ValueError(
            f"{path}: the array {keys[0]!r} is empty: its shape is {X.shape}"
        )
    matrix = X.reshape(n, -1)
    columns = [Column(str(j), matrix[:, j]) for j in range(matrix.shape[1])]
    if y is not None:
        columns.append(_target(path, keys[1], y, n))
    target = None if y is None else keys[1]
    rows = np.arange(n)
    return Table(path, tuple(columns), n, rows, target=target, images=X.ndim > 2)


def _target(path: str, key: str, y: Array, n: int) -> Column:
    if y.shape not in ((n,), (n, 1)) or y.dtype.kind not in "biufU":
        raise ValueError(
            f"{path}: the array {key!r} must be {n} numbers or texts, one for each "
            f"row, not {y.dtype} of shape {y.shape}"
        )
    y = y.reshape(n)
    if y.dtype.kind in "bU":  # True and False are classes
        return Column(key, None, [str(value) or None for value in y.tolist()])
    return Column(key, y)
