"""Tables: named columns of numbers or text, read from CSV, npz or Parquet."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fcnn._types import Array
from fcnn.cli.output import listed

MISSING = frozenset(
    ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "<NA>", "#N/A", "?"]
)
SUFFIXES = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".data": "csv"}
SUFFIXES |= {".npz": "npz", ".parquet": "parquet", ".pq": "parquet"}


@dataclass(frozen=True)
class Column:
    """A column: `numbers`, NaN where there is none, or text, None where there is none.

    Of a column of numbers `text` is what the file has, if it is a file of text.
    """

    name: str
    numbers: Array | None
    text: Sequence[str | None] | None = None

    def missing(self) -> Array:
        """Which rows have no value."""
        if self.numbers is None:
            return np.array([value is None for value in self.text or ()], dtype=bool)
        return np.isnan(self.numbers)

    def labels(self) -> Sequence[str | None]:
        """The values as names of classes: text as it is, whole numbers without point.

        So "1", "1.0" and 1 are one class.
        """
        if self.numbers is None:
            return self.text or ()
        return [_number_text(value) for value in self.numbers.tolist()]

    def words(self) -> Sequence[str | None]:
        """The values as text, as the file has them."""
        if self.text is None:
            return self.labels()
        if self.numbers is None:
            return self.text
        words = ("" if value is None else value.strip() for value in self.text)
        return [None if word in MISSING else word for word in words]

    def take(self, rows: Array) -> Column:
        """Some of the rows."""
        numbers, text = self.numbers, self.text
        return Column(
            self.name,
            None if numbers is None else numbers[rows],
            None if text is None else [text[i] for i in rows.tolist()],
        )


@dataclass(frozen=True)
class Table:
    """Columns of one length, and what messages call the file and its rows."""

    source: str
    columns: tuple[Column, ...]
    n_rows: int
    rows: Array  # each row's number, as `row_word` counts them
    row_word: str = "row"
    target: str | None = None  # the column that is the target, if the file says so
    images: bool = False  # the columns are pixels, or the like: all of one kind
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for name in self.names:
            if name in seen:
                raise ValueError(f"{self.source}: two columns are named {name!r}")
            seen.add(name)

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return [column.name for column in self.columns]

    def where(self, row: int) -> str:
        """'line 7' of a text file, 'row 5' of others (from 0)."""
        return f"{self.row_word} {self.rows[row]}"

    def find(self, name: str, what: str) -> Column:
        """The column of that name, else of that index, also from the end."""
        for column in self.columns:
            if column.name == name:
                return column
        try:
            return self.columns[int(name)]
        except (ValueError, IndexError):
            text = f"{self.source} has no column {name!r} for {what}; it has "
            text += listed(self.names)
            if self.row_word == "line" and self.names == numbered(len(self.names)):
                text += " (--header takes the first line as names)"
            raise ValueError(text) from None

    def without(self, names: Iterable[str]) -> Table:
        """The table without some of its columns."""
        gone = set(names)
        kept = tuple(column for column in self.columns if column.name not in gone)
        return replace(self, columns=kept)

    def take(self, rows: Array) -> Table:
        """The table with some of its rows only."""
        columns = tuple(column.take(rows) for column in self.columns)
        return replace(self, columns=columns, n_rows=len(rows), rows=self.rows[rows])


def add_options(parser: ArgumentParser) -> None:
    """The options on how a data file is read."""
    group = parser.add_argument_group("reading the data")
    group.add_argument(
        "--delimiter",
        metavar="C",
        help="between the fields of a CSV (default: found: comma, semicolon, tab, |)",
    )
    # BooleanOptionalAction would be shown with both names in each error
    group.add_argument(
        "--header",
        action="store_true",
        default=None,
        help="the first line of a CSV is names (default: found)",
    )
    group.add_argument(
        "--no-header",
        dest="header",
        action="store_false",
        help="it is data; columns are then named 0, 1, ...",
    )
    group.add_argument("--x", metavar="KEY", help="the array of an npz file to take")
    group.add_argument("--y", metavar="KEY", help="its array of targets")


def read(path: str, options: Namespace) -> tuple[Table, Table | None]:
    """The table of a file, and that of its test rows if it has such of its own."""
    kind = "csv" if path == "-" else SUFFIXES.get(Path(path).suffix.lower())
    if kind is None:
        raise ValueError(
            f"{path}: the name must end in one of {', '.join(SUFFIXES)}, or be - for "
            "CSV from stdin"
        )
    only = {"csv": ("delimiter", "header"), "npz": ("x", "y")}
    for other, names in only.items():
        for name in names:
            if other != kind and getattr(options, name) is not None:
                raise ValueError(f"--{name} is for {other} files, which {path} is not")
    if kind == "npz":
        from fcnn.cli import npz

        return npz.read(path, options.x, options.y)
    if kind == "parquet":
        from fcnn.cli import parquet

        return parquet.read(path), None
    from fcnn.cli import csv_text

    if path == "-":
        if sys.stdin is None:
            raise ValueError("stdin is closed")
        data, source = sys.stdin.buffer.read(), "stdin"
    else:
        data, source = Path(path).read_bytes(), path
    return csv_text.read(source, data, options.delimiter, header=options.header), None


def numbered(n: int) -> list[str]:
    """The names of columns without names: '0', '1', ..."""
    return [str(j) for j in range(n)]


def _number_text(value: float) -> str | None:
    if value != value:  # noqa: PLR0124  (NaN)
        return None
    return str(int(value)) if float(value).is_integer() else str(value)
