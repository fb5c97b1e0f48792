"""The options of ``fcnn train``."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from fcnn.cli import tables
from fcnn.cli.score import METRICS


def add(parser: ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("data", help="a .csv, .npz or .parquet file, or - for stdin")
    parser.add_argument(
        "--out",
        default="model.safetensors",
        metavar="FILE",
        help="where to write the model; one that is there is replaced "
        "(default: %(default)s)",
    )
    group = parser.add_argument_group("the table")
    group.add_argument(
        "--target",
        metavar="COLUMN",
        help="what to predict: a column's name or number, -1 being the last (an npz "
        "file's is its y)",
    )
    group.add_argument("--task", choices=list(METRICS), help="default: by the target")
    group.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="COLUMNS",
        help="columns to leave out: a,b",
    )
    group.add_argument(
        "--missing",
        choices=["refuse", "drop", "mean"],
        default="refuse",
        help="where a value is missing: an error, the row left out, or the column's "
        "mean (of text: none of its values); default: %(default)s",
    )
    group.add_argument(
        "--max-categories",
        type=_at_least_one,
        default=100,
        metavar="N",
        help="the most different values of a text column (default: %(default)s)",
    )
    group.add_argument(
        "--test-size",
        type=float,
        default=0.2,
        metavar="PART",
        help="of the rows, to score the model in the end (default: %(default)s)",
    )
    group.add_argument(
        "--validation-size",
        type=float,
        default=0.2,
        metavar="PART",
        help="of the other rows, to find the best epoch (default: %(default)s)",
    )
    tables.add_options(parser)
    _add_network(parser.add_argument_group("the network"))
    _add_training(parser.add_argument_group("training"))


def _add_network(group: Any) -> None:
    group.add_argument(
        "--hidden",
        type=_sizes,
        default=(64, 64),
        metavar="N,N",
        help="the hidden layers' sizes, or none (default: 64,64)",
    )
    group.add_argument("--activation", default="relu", help="default: %(default)s")
    group.add_argument(
        "--loss", help="default: cross_entropy for classes, mse for numbers"
    )
    group.add_argument(
        "--dropout",
        type=float,
        default=0.0,
        metavar="P",
        help="the part of the hidden activations that each step drops",
    )
    group.add_argument(
        "--no-standardize",
        dest="standardize",
        action="store_false",
        help="take inputs and target as they are",
    )
    group.add_argument(
        "--dtype",
        choices=["float32", "float64"],
        default="float32",
        help="default: %(default)s",
    )


def _add_training(group: Any) -> None:
    group.add_argument("--optimizer", default="adam", help="default: %(default)s")
    group.add_argument("--lr", type=float, help="default: the optimizer's own")
    group.add_argument(
        "--epochs", type=int, default=200, metavar="N", help="default: %(default)s"
    )
    group.add_argument("--batch-size", type=int, metavar="N", help="default: 32")
    group.add_argument(
        "--patience",
        type=int,
        default=20,
        metavar="N",
        help="stop after so many epochs without a better one (default: %(default)s)",
    )
    group.add_argument(
        "--l2", type=float, default=0.0, metavar="C", help="add C/2 ||W||^2 to the loss"
    )
    group.add_argument(
        "--class-weight", choices=["balanced"], help="as if classes were equally many"
    )
    group.add_argument(
        "--seed",
        type=int,
        default=0,
        help="of the split, the weights and the order of rows (default: %(default)s)",
    )
    group.add_argument(
        "--threads", type=int, metavar="N", help="the result is the same with any"
    )
    group.add_argument("--quiet", action="store_true", help="print the score only")


def _sizes(text: str) -> tuple[int, ...]:
    if text == "none":
        return ()
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError:
        raise ArgumentTypeError(
            f"must be sizes such as 64,64, or none, not {text!r}"
        ) from None


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)
