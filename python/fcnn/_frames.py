"""Data frames of pandas and polars as arrays of numbers.

Neither library is imported here: whoever has such a frame has done so.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MODULES = ("pandas", "polars")


def numbers(name: str, frame: Any) -> Any:
    """A frame or series of numeric columns as an array; missing values are NaN."""
    if type(frame).__module__.startswith("polars"):
        return _from_polars(name, frame)
    return _from_pandas(name, frame)


def _from_pandas(name: str, frame: Any) -> Any:
    """Numeric columns; bool beside float, or a missing value, would be `object`."""
    columns = frame.items() if hasattr(frame, "columns") else [(frame.name, frame)]
    for label, column in columns:
        if getattr(column.dtype, "kind", "O") not in "biuf":
            _refuse(name, label, column.dtype)
    array = np.asarray(frame)
    if array.dtype.kind in "biuf":
        return array
    return frame.to_numpy(dtype=np.float64, na_value=np.nan)


def _from_polars(name: str, frame: Any) -> Any:
    """Numeric columns, a null being NaN."""
    if not hasattr(frame, "to_numpy"):
        raise TypeError(f"{name} must be data, not a {type(frame).__name__}")
    is_series = not hasattr(frame, "get_columns")
    columns = [frame] if is_series else frame.get_columns()
    for column in columns:
        if not (column.dtype.is_numeric() or str(column.dtype) == "Boolean"):
            _refuse(name, column.name, column.dtype)
    if not columns:  # of which polars 1.0 makes no array
        return np.empty((0, 0))
    columns = [_plain(column) for column in columns]
    return (
        columns[0].to_numpy() if is_series else frame.with_columns(columns).to_numpy()
    )


def _plain(column: Any) -> Any:
    """The column as float64 if NumPy would have it as objects, or not at all."""
    dtype = str(column.dtype)
    objects = dtype == "Boolean" and column.null_count() > 0
    if objects or dtype.startswith(("Decimal", "Int128", "UInt128")):
        return column.cast(float)
    return column


def _refuse(name: str, label: Any, dtype: Any) -> None:
    raise TypeError(
        f"{name} must hold real numbers; its column {label!r} has dtype {dtype}"
    )
