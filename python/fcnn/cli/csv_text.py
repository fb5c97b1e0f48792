"""CSV: its delimiter and header are found, and which columns are numbers."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fcnn._types import Array
from fcnn.cli.output import plural
from fcnn.cli.tables import MISSING, Column, Table, numbered

_DELIMITERS = ",;\t|"
_LOOKED_AT = 20  # records, to find the delimiter


def read(
    source: str, data: bytes, delimiter: str | None, *, header: bool | None
) -> Table:
    """The table of a file of text.

    Parameters
    ----------
    source : str
        What messages call the file.
    data : bytes
        The file: UTF-8, with or without a byte order mark.
    delimiter : str, optional
        One character; by default the one of comma, semicolon, tab and bar by which the
        first records are most alike, then have the most numbers, then the most fields.
    header : bool, optional
        Whether the first record is names. By default it is if none of its fields is a
        number, or one that is none stands above numbers only, or it counts the columns
        as pandas does: 0, 1, 2, ...

    Raises
    ------
    ValueError
        If it is not UTF-8, has no rows, or rows of different lengths.
    """
    text = _decode(source, data)
    if delimiter is None:
        delimiter = _find_delimiter(text)
    elif len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(f"--delimiter must be one character, not {delimiter!r}")
    records, lines = _records(source, text, delimiter)
    comma = delimiter == ";"  # where fields are not separated by it, 1,5 is 1.5
    columns = [_column(f, comma=comma) for f in zip(*records[1:], strict=True)]
    if header is None:
        header = _is_header(records[0], columns, comma=comma)
    if not header:
        columns = [_column(f, comma=comma) for f in zip(*records, strict=True)]
    elif len(records) == 1:
        raise ValueError(f"{source} has a header but no rows")
    else:
        lines = lines[1:]
    names = records[0] if header else [""] * len(columns)
    named, notes = _named(names, columns)
    return Table(source, named, len(lines), np.array(lines), "line", notes=notes)


def _decode(source: str, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"{source} is UTF-16; CSV must be UTF-8: iconv converts it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{source} is not UTF-8: byte 0x{data[error.start]:02x} in line {line}; "
            "iconv -f latin1 -t utf-8 converts a Latin-1 file"
        ) from None


def _find_delimiter(text: str) -> str:
    """The one by which the first records are most alike, most numbers, and widest."""
    best, score = ",", (0.0, 0.0, 1)
    for delimiter in _DELIMITERS:
        try:
            some = itertools.islice(filter(None, _reader(text, delimiter)), _LOOKED_AT)
            records = list(some)
        except csv.Error:
            continue
        if not records or len(records[0]) == 1:
            continue
        fields = [field for record in records for field in record]
        alike = sum(len(record) == len(records[0]) for record in records)
        numbers = sum(_is_number(field, comma=delimiter == ";") for field in fields)
        found = (alike / len(records), numbers / len(fields), len(records[0]))
        if found > score:
            best, score = delimiter, found
    return best


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)


def _records(
    source: str, text: str, delimiter: str
) -> tuple[list[list[str]], list[int]]:
    """The records that are not blank, and the line that each ends in."""
    reader: Any = _reader(text, delimiter)
    records, lines = [], []
    try:
        for record in reader:
            if record:
                records.append(record)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise ValueError(f"{source}, line {reader.line_num}: {error}") from None
    if not records:
        raise ValueError(f"{source} is empty")
    width = len(records[0])
    for record, line in zip(records, lines, strict=True):
        if len(record) != width:
            raise ValueError(
                f"{source}: line {line} has {plural(len(record), 'field')}, where the "
                f"first has {width} (separated by {delimiter!r})"
            )
    return records, lines


def _column(fields: Sequence[str], *, comma: bool) -> Column:
    """Numbers if every field is one or missing, else text; without a name yet."""
    try:
        numbers = _numbers(fields)
    except ValueError:
        cleaned = ["nan" if f.strip() in MISSING else f for f in fields]
        if comma:
            cleaned = [field.replace(",", ".") for field in cleaned]
        try:
            numbers = _numbers(cleaned)
        except ValueError:
            stripped = [field.strip() for field in fields]
            return Column("", None, [None if f in MISSING else f for f in stripped])
    return Column("", numbers, fields)


def _numbers(fields: Sequence[str]) -> Array:
    numbers = np.fromiter(map(float, fields), np.float64, len(fields))
    if "_" in "".join(fields):  # Python reads 1_000
        raise ValueError("an underscore is in no number")
    return numbers


def _is_number(field: str, *, comma: bool) -> bool:
    return _column([field], comma=comma).numbers is not None and (
        field.strip() not in MISSING
    )


def _is_header(first: list[str], columns: Sequence[Column], *, comma: bool) -> bool:
    counted = first[1:] if first[0] == "" else first
    if len(counted) > 2 and counted == numbered(len(counted)):
        return True
    numbers = [_is_number(field, comma=comma) for field in first]
    return not any(numbers) or any(
        not number
        and field.strip() not in MISSING
        and column.numbers is not None
        and not np.isnan(column.numbers).all()
        for number, field, column in zip(numbers, first, columns, strict=False)
    )


def _named(
    names: Sequence[str], columns: Sequence[Column]
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """The columns with their names, else their numbers from 0.

    Where others have names, one without that counts the rows (as pandas and R write) is
    left out, for it may tell how the file was sorted, and an empty one.
    """
    named, notes = [], []
    for j, (name, column) in enumerate(zip(names, columns, strict=True)):
        if not name.strip() and any(names) and _is_index(column):
            notes.append(f"column {j} has no name and only numbers the rows: left out")
        elif name.strip() or not any(names) or not column.missing().all():
            named.append(replace(column, name=name.strip() or str(j)))
    return tuple(named), tuple(notes)


def _is_index(column: Column) -> bool:
    numbers = column.numbers
    if numbers is None or numbers[0] not in (0.0, 1.0):
        return False
    return bool((np.diff(numbers) == 1.0).all())
