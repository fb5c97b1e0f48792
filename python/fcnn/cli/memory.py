"""What a model's file remembers of its table: "table" in the JSON of its metadata.

`fcnn.load` leaves it alone, and `Network.save` of what was loaded does not write it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fcnn.cli.encoding import Encoding, Source

if TYPE_CHECKING:
    from fcnn.network import Network

_VERSION = 1


def fields(made: Encoding) -> dict[str, Any]:
    """The encoding as values of JSON."""
    return {"version": _VERSION, **asdict(made)}


def read(path: str, net: Network, written: Mapping[str, Any]) -> Encoding | None:
    """The encoding that a model's file has, None if it has none.

    `net` and `written` are what `files.read` has found in it.

    Raises
    ------
    ValueError
        If it is damaged, or of another network than the file's.
    """
    found = written.get("table")
    if found is None:
        return None
    try:
        if not isinstance(found, dict):
            raise ValueError("it is no JSON object")  # noqa: TRY004
        made = _parse(found)
        for what, n, expected in (
            ("inputs", len(made.inputs()), net.sizes[0]),
            ("outputs", made.n_outputs, net.sizes[-1]),
        ):
            if n != expected:
                raise ValueError(f"it has {n} {what}, the network {expected}")
    except ValueError as error:
        raise ValueError(
            f"{path}: what it says of its table is damaged: {error}"
        ) from None
    return made


def _parse(table: dict[str, Any]) -> Encoding:
    def need(condition: bool, what: str) -> None:  # noqa: FBT001
        if not condition:
            raise ValueError(f"its {what} is not as it must be")

    need(table.get("version") == _VERSION, "version")
    task, target = table.get("task"), table.get("target")
    if task not in ("classification", "regression"):
        raise ValueError("its task is not as it must be")
    if not isinstance(target, str):
        raise ValueError("its target is not as it must be")  # noqa: TRY004
    classes, columns = table.get("classes"), table.get("columns")
    need(_is_texts(classes), "classes")
    need((task == "classification") == bool(classes), "classes")
    need(isinstance(columns, list) and len(columns) > 0, "columns")
    sources = []
    for column in columns or ():
        need(isinstance(column, dict), "columns")
        name, categories = column.get("name"), column.get("categories")
        fill = column.get("fill")
        need(isinstance(name, str), "column's name")
        need(categories is None or (_is_texts(categories) and categories), "categories")
        need(fill is None or _is_finite(fill), "fill")
        known = None if categories is None else tuple(categories)
        sources.append(Source(name, known, fill))
    need(len({source.name for source in sources}) == len(sources), "columns")
    return Encoding(task, target, tuple(sources), tuple(classes or ()))


def _is_texts(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(text, str) for text in value)
        and len(set(value)) == len(value)
    )


def _is_finite(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= sys.float_info.max
