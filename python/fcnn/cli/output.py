"""Where the commands write: results to stdout, notes to stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_PIECE = 1 << 14  # characters


def say(text: str = "") -> None:
    """A line of the result."""
    write(f"{text}\n")


def write(text: str) -> None:
    """The result, whole.

    In pieces: with PYTHONUNBUFFERED Python forgets what a pipe did not take of one.
    """
    for start in range(0, len(text), _PIECE):
        sys.stdout.write(text[start : start + _PIECE])


def note(text: str) -> None:
    """A line beside the result, which a pipe does not carry."""
    sys.stderr.write(f"fcnn: note: {text}\n")


def say_json(value: Any) -> None:
    """The result as JSON, which has no NaN or infinity: they become null."""
    say(json.dumps(_finite(value), indent=2, allow_nan=False))


def say_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns under their names: the first to the left, the others to the right."""
    # a name of a column can hold a line's end, or what moves the terminal's cursor
    lines = [[_printable(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for row in lines:
        first, *others = (
            cell.ljust(width) if j == 0 else cell.rjust(width)
            for j, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        say("  ".join([first, *others]).rstrip())


def plural(n: int, one: str, many: str = "") -> str:
    """'1 row', '2,000 rows'."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(names: Sequence[str], most: int = 12) -> str:
    """The names as a message shows them, cut short."""
    text = ", ".join(repr(name) for name in names[:most])
    more = len(names) - most
    return f"{text}, and {more:,} more" if more > 0 else text


def refuse_to_replace(out: str, source: str) -> None:
    """ValueError if the two are one file: what is read is never overwritten."""
    if Path(out).exists() and Path(source).exists() and Path(out).samefile(source):
        raise ValueError(f"--out {out} would replace {source}, which is read")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
