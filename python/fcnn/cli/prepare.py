"""From the data file of ``fcnn train`` to the rows that train, validate and test."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fcnn import _checks
from fcnn._types import Array
from fcnn.cli import encoding, tables
from fcnn.cli.encoding import Encoding, Source
from fcnn.cli.output import listed, note, plural
from fcnn.cli.split import split
from fcnn.cli.tables import Column, Table

Rows = tuple[Array, Array]  # X (n, n_in), y (n,)


@dataclass(frozen=True)
class Prepared:
    """What a network is trained and tested on."""

    encoding: Encoding
    train: Rows
    validation: Rows | None
    test: Rows | None
    n_rows: int
    images: bool


def prepare(options: Namespace) -> Prepared:
    """Reads the file, and makes arrays of it as the options say.

    Raises
    ------
    ValueError, OSError, ImportError
        If the file or an option is not as it must be.
    """
    test_size = _checks.fraction("--test-size", options.test_size)
    validation_size = _checks.fraction("--validation-size", options.validation_size)
    seed = _checks.seed("--seed", options.seed)
    table, test = tables.read(options.data, options)
    for text in table.notes:
        note(text)
    target = _target(table, options)
    dropped = _dropped(table, options.drop)
    if target in dropped:
        raise ValueError(f"--drop {target} would leave out the target")
    table = _clean(table.without(dropped), target, options.missing)
    column = table.find(target, "--target")
    made = _describe(table, column, options)
    y = made.targets(table, column)
    if (y == y[0]).all():
        value = column.labels()[0]
        raise ValueError(
            f"{table.source}: the target {target!r} is {value!r} in every row: there "
            "is nothing to learn"
        )
    parts = split(
        table.n_rows,
        0.0 if test is not None else test_size,
        validation_size,
        seed,
        y if made.classes else None,
    )
    if made.classes:
        _check_classes(made.classes, y[parts.train])
    if options.missing == "mean":
        made = _filled(made, table, parts.train)
    X = made.encode(table)
    pairs = [(X[rows], y[rows]) if len(rows) else None for rows in parts]
    if test is not None:
        test = _clean(test.without(dropped), target, options.missing)
        pairs[2] = made.encode(test), made.targets(test, test.find(target, "--target"))
    train, validation, tested = pairs
    assert train is not None  # noqa: S101  (split sees to it)
    n_rows = table.n_rows + (0 if test is None else test.n_rows)
    return Prepared(made, train, validation, tested, n_rows, table.images)


def _target(table: Table, options: Namespace) -> str:
    if options.target is not None:
        return table.find(options.target, "--target").name
    if table.target is None:
        hint = f"it has {listed(table.names)}; -1 is the last"
        raise ValueError(
            f"which column of {table.source} to predict: give --target; {hint}"
        )
    return table.target


def _dropped(table: Table, drop: Sequence[str]) -> list[str]:
    given = [
        name
        for text in drop
        for name in ([text] if text in table.names else text.split(","))
    ]
    return [table.find(name, "--drop").name for name in given]


def _clean(table: Table, target: str, missing: str) -> Table:
    """Without the rows that `missing` leaves out: with mean, those without a target."""
    if len(table.columns) == 1:
        raise ValueError(
            f"{table.source} has no column beside the target {target!r} to learn from"
        )
    if missing == "refuse":
        return table
    gone = np.zeros(table.n_rows, dtype=bool)
    for column in table.columns:
        if missing == "drop" or column.name == target:
            gone |= column.missing()
    if gone.all():
        raise ValueError(f"{table.source}: --missing {missing} leaves out every row")
    if gone.any():
        note(f"{plural(int(gone.sum()), 'row')} with a missing value left out")
    return table.take(np.flatnonzero(~gone)) if gone.any() else table


def _describe(table: Table, target: Column, options: Namespace) -> Encoding:
    gone = target.missing()
    if gone.any():
        raise ValueError(encoding.no_value(table, target.name, gone))
    task = options.task or encoding.find_task(target)
    classes = encoding.find_classes(table, target) if task == "classification" else ()
    fill = 0.0 if options.missing == "mean" else None
    sources = []
    for column in table.columns:
        if column is target:
            continue
        source = encoding.used(column, fill, options.max_categories, table)
        doubt = encoding.doubt(source, column, table)
        if doubt is not None:
            note(doubt)
        sources.append(source)
    return Encoding(task, target.name, tuple(sources), classes)


def _check_classes(classes: Sequence[str], trained: Array) -> None:
    count = np.bincount(trained, minlength=len(classes))
    lost = [name for name, n in zip(classes, count, strict=True) if n == 0]
    if lost:
        raise ValueError(
            f"no row of the classes {listed(lost)} is left to train on: lower "
            "--test-size or --validation-size"
        )


def _filled(made: Encoding, table: Table, train: Array) -> Encoding:
    """With the means of the training rows where numbers are missing."""

    def mean(source: Source, column: Column) -> Source:
        if source.categories is not None or column.numbers is None:
            return source
        known = column.numbers[train]
        known = known[np.isfinite(known)]
        if len(known) == 0:
            raise ValueError(
                f"{table.source}: column {column.name!r} has no value in any training "
                "row: leave it out with --drop"
            )
        return replace(source, fill=float(np.mean(known, dtype=np.float64)))

    columns = [c for c in table.columns if c.name != made.target]
    filled = (mean(s, c) for s, c in zip(made.columns, columns, strict=True))
    return replace(made, columns=tuple(filled))
