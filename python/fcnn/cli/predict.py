"""fcnn predict: predict a table's rows, as CSV.

The columns are found by the names that training knew, in any order; further ones, such
as the target, are left alone. A network that `Network.save` wrote knows no names: its
inputs are the columns in order.

Examples
--------
  fcnn predict model.safetensors new.csv
  fcnn predict model.safetensors new.csv --probabilities --out answers.csv
  fcnn predict model.safetensors labelled.csv --score
  cut -d, -f2- raw.csv | fcnn predict model.safetensors - | head
"""

from __future__ import annotations

import csv
import io
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from fcnn import files
from fcnn._atomic import replace_file
from fcnn.cli import memory, tables
from fcnn.cli.encoding import Encoding, Source
from fcnn.cli.output import listed, note, refuse_to_replace, say, write
from fcnn.cli.score import score

if TYPE_CHECKING:
    from fcnn._types import Array
    from fcnn.cli.tables import Table
    from fcnn.network import Network


def add(parser: ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", help="a file that fcnn train or Network.save wrote")
    parser.add_argument(
        "data", help="a .csv, .npz or .parquet file, or - for CSV from stdin"
    )
    parser.add_argument(
        "--out", metavar="FILE", help="write the CSV there (default: stdout)"
    )
    parser.add_argument(
        "--probabilities",
        action="store_true",
        help="add a column p_CLASS for each class",
    )
    parser.add_argument(
        "--score",
        action="store_true",
        help="the data has the target: print the score (predictions go to --out only)",
    )
    parser.add_argument(
        "--unknown",
        choices=["refuse", "zeros"],
        default="refuse",
        help="a text that training has not met: an error, or none of those it has "
        "(default: %(default)s)",
    )
    tables.add_options(parser)


def run(options: Namespace) -> None:
    """Reads, predicts, writes."""
    net, written = files.read(options.model)
    if options.out is not None:
        refuse_to_replace(options.out, options.data)
        refuse_to_replace(options.out, options.model)
    train, test = tables.read(options.data, options)
    table = train if test is None else test
    if test is not None:
        note(f"predicting {test.source}; --x takes another array")
    made = memory.read(options.model, net, written)
    named = made is not None
    if made is None:
        made = _by_order(net, table)
    if options.probabilities and not made.classes:
        raise ValueError(f"{options.model} predicts numbers: it has no probabilities")
    X = made.encode(table, unknown=options.unknown == "zeros")
    if named:
        _note_others(made, table)
    if options.score:
        target = table.target or (made.target if named else None)
        if target is None:
            raise ValueError(f"{options.model} does not know a target to --score")
        y = made.targets(table, table.find(target, "--score"))
        say(score(net, made, (X, y), "rows"))
        if options.out is None:
            return
    a = _predict(net, X, table)
    text = _csv(_columns(a, made, probabilities=options.probabilities))
    if options.out is None:
        write(text)
    else:
        replace_file(options.out, text.encode())


def _predict(net: Network, X: Array, table: Table) -> Array:
    """The network's outputs: of NaN no class is the largest."""
    a = net.predict(X)
    nan = np.isnan(a).any(axis=1)
    if nan.any():
        where = table.where(int(nan.argmax()))
        raise ValueError(f"{table.source}, {where}: the network's output is NaN")
    return a


def _by_order(net: Network, table: Table) -> Encoding:
    """The table's columns as the inputs of a network that knows no names."""
    columns = [c for c in table.columns if c.name != table.target]
    n_in, n_out = net.sizes[0], net.sizes[-1]
    if len(columns) != n_in:
        raise ValueError(
            f"the network has {n_in} inputs and no names for them, but {table.source} "
            f"has {len(columns)} columns: {listed([c.name for c in columns])}"
        )
    sources = tuple(Source(column.name, None, None) for column in columns)
    if net.layers[-1].activation == "softmax" and n_out > 1:
        classes = tuple(map(str, range(n_out)))
        return Encoding("classification", "class", sources, classes)
    return Encoding("regression", "prediction", sources)


def _note_others(made: Encoding, table: Table) -> None:
    known = {source.name for source in made.columns} | {made.target, table.target}
    others = [name for name in table.names if name not in known]
    if others:
        note(f"columns that the model does not read: {listed(others)}")


def _columns(
    a: Array, made: Encoding, *, probabilities: bool
) -> list[tuple[str, Iterable[str]]]:
    """The answer's columns as text, which reads back as the same numbers."""
    numbers = [a[:, k].astype(str) for k in range(a.shape[1])]
    if not made.classes and len(numbers) == 1:
        return [(made.target, numbers[0])]
    if not made.classes:
        return [(f"{made.target}_{k}", column) for k, column in enumerate(numbers)]
    answer = np.array(made.classes, dtype=object)[a.argmax(axis=1)]
    columns: list[tuple[str, Iterable[str]]] = [(made.target, answer)]
    if probabilities:
        names = (f"p_{name}" for name in made.classes)
        columns += zip(names, numbers, strict=True)
    return columns


def _csv(columns: list[tuple[str, Iterable[str]]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([name for name, _ in columns])
    writer.writerows(zip(*(values for _, values in columns), strict=True))
    return text.getvalue()
