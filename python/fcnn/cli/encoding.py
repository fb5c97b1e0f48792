"""From a table to X and y: what a model file remembers so that others are read alike.

A column of numbers is one input. A column of text is one input for each of its
categories, 1 for the row's own and 0 for the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fcnn._types import Array
from fcnn.cli.output import listed
from fcnn.cli.tables import Column, Table

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Source:
    """A column that the network reads.

    ``categories`` is None for numbers; ``fill`` stands where a value is missing, None
    if that is refused (of text 0.0: no category).
    """

    name: str
    categories: tuple[str, ...] | None
    fill: float | None

    def inputs(self) -> list[str]:
        """The names of the network's inputs that are made of it."""
        if self.categories is None:
            return [self.name]
        return [f"{self.name}={category}" for category in self.categories]


@dataclass(frozen=True)
class Encoding:
    """How rows of a table become inputs of a network, and its outputs an answer."""

    task: Task
    target: str
    columns: tuple[Source, ...]
    classes: tuple[str, ...] = ()

    def inputs(self) -> list[str]:
        """The names of the network's inputs, in order."""
        return [name for source in self.columns for name in source.inputs()]

    @property
    def n_outputs(self) -> int:
        """One for each class, else one."""
        return len(self.classes) or 1

    def encode(self, table: Table, *, unknown: bool = False) -> Array:
        """X of the table, (n, n_in), whose columns are found by their names.

        Raises
        ------
        ValueError
            If a column is not there, or a value is missing, not finite, or a category
            that training has not met, unless `unknown`: then it is none of them.
        """
        by_name = {column.name: column for column in table.columns}
        missing = [s.name for s in self.columns if s.name not in by_name]
        if missing:
            raise ValueError(
                f"{table.source} lacks {listed(missing)}, which the model reads; it "
                f"has {listed(table.names)}"
            )
        n_in = sum(len(source.inputs()) for source in self.columns)
        numbers = [_numbers(table, s, by_name[s.name]) for s in self.columns]
        # one-hot columns are None here, and fit into any dtype
        kinds = [array.dtype for array in numbers if array is not None]
        X = np.zeros((table.n_rows, n_in), np.result_type(np.uint8, *kinds))
        at = 0
        for source, array in zip(self.columns, numbers, strict=True):
            if array is not None:
                X[:, at] = array
            else:
                codes = _codes(table, source, by_name[source.name], unknown=unknown)
                known = np.flatnonzero(codes >= 0)
                X[known, at + codes[known]] = 1
            at += len(source.inputs())
        return X

    def targets(self, table: Table, column: Column) -> Array:
        """y of the table: the classes' numbers, or the values."""
        gone = column.missing()
        if gone.any():
            raise ValueError(no_value(table, column.name, gone))
        if self.task == "regression":
            return _finite(table, column.name, _as_numbers(table, column))
        index = {label: k for k, label in enumerate(self.classes)}
        codes = np.array([index.get(str(label), -1) for label in column.labels()])
        if (codes < 0).any():
            row = int((codes < 0).argmax())
            raise ValueError(
                f"{table.source}, {table.where(row)}: the target {column.name!r} is "
                f"{column.labels()[row]!r}, none of the classes {listed(self.classes)}"
            )
        return codes


def used(column: Column, fill: float | None, most: int, where: Table) -> Source:
    """The column as the network will read it.

    Raises
    ------
    ValueError
        If it is text of more than `most` different values.
    """
    if column.numbers is not None:
        return Source(column.name, None, fill)
    present = [value for value in column.text or () if value is not None]
    categories = tuple(sorted(set(present)))
    if len(categories) > most:
        raise ValueError(_too_many(column, categories, where))
    if not categories:
        raise ValueError(no_value(where, column.name, column.missing()))
    return Source(column.name, categories, None if fill is None else 0.0)


def find_task(column: Column) -> Task:
    """What the target's values speak for.

    Text is classes. Numbers are, if they are whole, at most 20 different ones, and at
    most half as many as there are rows.
    """
    if column.numbers is None:
        return "classification"
    numbers = column.numbers[~column.missing()]
    values = np.unique(numbers)
    with np.errstate(invalid="ignore"):
        whole = bool((values % 1 == 0).all())
    few = len(values) <= min(20, len(numbers) // 2)
    return "classification" if whole and few else "regression"


def find_classes(table: Table, column: Column) -> tuple[str, ...]:
    """The classes of a target in their order: numbers by size, text by letters."""
    if column.numbers is not None:
        values = np.unique(column.numbers[~column.missing()])
        labels = Column(column.name, values).labels()
        classes = tuple(dict.fromkeys(str(label) for label in labels))
    else:
        classes = tuple(sorted({v for v in column.text or () if v is not None}))
    n = table.n_rows
    if 2 * len(classes) > n and len(classes) > 2:
        raise ValueError(
            f"{table.source}: the target {column.name!r} has {len(classes):,} "
            f"different values in {n:,} rows: these are no classes"
        )
    return classes


def _numbers(table: Table, source: Source, column: Column) -> Array | None:
    """The values of a column of numbers, all finite; None for one of categories."""
    if source.categories is not None:
        return None
    values, gone = _as_numbers(table, column), column.missing()
    if gone.any():
        if source.fill is None:
            raise ValueError(no_value(table, column.name, gone))
        values = np.where(gone, source.fill, values)
    return _finite(table, column.name, values)


def _as_numbers(table: Table, column: Column) -> Array:
    """The column's numbers, also of a text of numbers; NaN where there is none."""
    if column.numbers is not None:
        return column.numbers
    for row, value in _present(column):
        if not _is_real(value):
            raise ValueError(
                f"{table.source}, {table.where(row)}: column {column.name!r} is "
                f"{value!r}, where a number is needed"
            )
    return np.array([np.nan if v is None else float(v) for v in column.text or ()])


def _finite(table: Table, name: str, values: Array) -> Array:
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"{table.source}, {table.where(row)}: column {name!r} is {values[row]}, "
            "which is no finite number"
        )
    return values


def _codes(table: Table, source: Source, column: Column, *, unknown: bool) -> Array:
    """The number of each row's category, -1 for none."""
    gone = column.missing()
    if gone.any() and source.fill is None:
        raise ValueError(no_value(table, column.name, gone))
    index = {category: k for k, category in enumerate(source.categories or ())}
    codes = np.array([index.get(str(word), -1) for word in column.words()])
    bad = (codes < 0) & ~gone
    if bad.any() and not unknown:
        row = int(bad.argmax())
        raise ValueError(
            f"{table.source}, {table.where(row)}: column {column.name!r} is "
            f"{column.words()[row]!r}, which training has not met; it has met "
            f"{listed(source.categories or ())} (--unknown zeros takes it as none)"
        )
    return np.where(gone, -1, codes)


def no_value(table: Table, name: str, gone: Array) -> str:
    """What to say of a column with rows that have no value."""
    more = int(gone.sum()) - 1
    return (
        f"{table.source}, {table.where(int(gone.argmax()))}: column {name!r} has no "
        f"value"
        + (f" (and in {more:,} more rows)" if more else "")
        + "; fcnn train --missing drop, or mean, allows for it"
    )


def _too_many(column: Column, categories: Sequence[str], table: Table) -> str:
    text = (
        f"{table.source}: column {column.name!r} is text with {len(categories):,} "
        "different values"
    )
    stray = _stray(column, table)
    return f"{text}: {stray or 'leave it out with --drop, or raise --max-categories'}"


def doubt(source: Source, column: Column, table: Table) -> str | None:
    """What to say of a text column that may be none of categories."""
    if source.categories is None:
        return None
    n, stray = len(source.categories), _stray(column, table)
    if stray is None and 2 * n > table.n_rows:
        stray = f"{n:,} different values in {table.n_rows:,} rows"
    return stray and f"column {column.name!r} is taken as text: {stray}"


def _stray(column: Column, table: Table) -> str | None:
    """What makes a column text of which most values are numbers."""
    present = list(_present(column))
    others = [(i, value) for i, value in present if not _is_real(value)]
    if not others or 2 * len(others) >= len(present):
        return None
    row, value = others[0]
    return f"numbers, but {value!r} in {table.where(row)}"


def _present(column: Column) -> Iterator[tuple[int, str]]:
    for i, value in enumerate(column.text or ()):
        if value is not None:
            yield i, value


def _is_real(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
