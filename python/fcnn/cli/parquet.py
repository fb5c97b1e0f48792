"""Parquet files, through pandas or polars, whichever is there."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from fcnn.cli.tables import Column, Table


def read(path: str) -> Table:
    """The table of the file's columns: numbers, or text if they are anything else.

    Raises
    ------
    ImportError
        If there is neither pandas with a reader of Parquet nor polars.
    ValueError
        If the file is damaged or has no rows.
    """
    with open(path, "rb"):  # noqa: PTH123  (an error that names it)
        pass
    try:
        columns = _read(path)
    except (ImportError, OSError):
        raise
    except Exception as error:
        raise ValueError(f"{path} is no Parquet file to read: {error}") from error
    n = 0 if not columns else len(columns[0].missing())
    if n == 0:
        raise ValueError(f"{path} has no rows")
    return Table(path, tuple(columns), n, np.arange(n))


def _read(path: str) -> list[Column]:
    try:
        import pandas as pd

        frame = pd.read_parquet(path)
        named = [name for name in frame.index.names if name is not None]
        frame = frame.reset_index(named)  # those are columns of the file
    except ImportError:
        return _read_by_polars(path)
    columns = []
    for label, series in frame.items():
        numeric = getattr(series.dtype, "kind", "O") in "iuf"
        if numeric:
            numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
            columns.append(Column(str(label), numbers))
        else:
            values = series.astype(object).where(series.notna(), None).tolist()
            columns.append(_column(str(label), values))
    return columns


def _read_by_polars(path: str) -> list[Column]:
    try:
        import polars as pl
    except ImportError:
        raise ImportError(
            f"{path}: to read Parquet, pip install pandas pyarrow (or polars)"
        ) from None
    columns = []
    for series in pl.read_parquet(path):
        if series.name.startswith("__index_level_"):
            continue  # of pandas, which has no name for it
        if series.dtype.is_numeric():
            columns.append(Column(series.name, series.cast(pl.Float64).to_numpy()))
        else:
            columns.append(_column(series.name, series.to_list()))
    return columns


def _column(name: str, values: Sequence[Any]) -> Column:
    """Of values that are not stored as numbers; None and "" are missing."""
    present = [value for value in values if value is not None]
    numeric = all(isinstance(value, (Real, Decimal)) for value in present)
    if numeric and not any(isinstance(value, bool) for value in present):
        numbers = [np.nan if value is None else float(value) for value in values]
        return Column(name, np.array(numbers))
    return Column(name, None, [None if v is None else str(v) or None for v in values])
