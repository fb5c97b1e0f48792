"""Trees of plain values and arrays as one safetensors file; nothing in it is executed.

A tree is made of dicts with string keys, lists, strings, numbers, bools, None and
NumPy arrays. The arrays are the file's tensors; the rest is JSON in its metadata, where
``{"tensor": name}`` stands for an array and ``{"float": text}`` for a number that JSON
does not have.
"""

from __future__ import annotations

import json
import math
import os
from typing import Any

import numpy as np

from fcnn import _checks, _safetensors
from fcnn._atomic import replace_file
from fcnn._reading import open_file
from fcnn._types import Array

_HASHED = 1 << 22  # numbers at a time
_MARKS = ({"tensor"}, {"float"}, {"dict"})


def write(path: str | os.PathLike[str], key: str, tree: Any) -> None:
    """Writes the tree to a file that appears whole or not at all."""
    tensors: dict[str, Array] = {}
    text = json.dumps(_encode(tree, "", tensors), allow_nan=False)
    metadata = {key: text, "checksum": _checksum(text, tensors)}
    replace_file(path, _safetensors.save(tensors, metadata))


def read(path: str | os.PathLike[str], key: str) -> Any:
    """The tree of a file written under this key.

    OSError where the file cannot be read, ValueError where it is no such file.
    """
    with open_file(path) as file:
        try:
            tensors, metadata = _safetensors.load(file)
            if key not in metadata:
                raise ValueError(f"its metadata has nothing under the key {key!r}")
            if metadata.get("checksum") != _checksum(metadata[key], tensors):
                raise ValueError("it is damaged: its checksum is another")
            return _decode(json.loads(metadata[key]), tensors)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"{os.fspath(path)} is no {key}: {error}") from None


def _checksum(text: str, tensors: dict[str, Array]) -> str:
    import hashlib

    digest = hashlib.blake2b(text.encode(), digest_size=16)
    for name in sorted(tensors):
        numbers = np.ascontiguousarray(tensors[name]).reshape(-1)
        for start in range(0, len(numbers), _HASHED):  # between them Ctrl-C is seen
            digest.update(numbers[start : start + _HASHED].data)
    return digest.hexdigest()


def _encode(value: Any, name: str, tensors: dict[str, Array]) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biuf" or value.dtype.itemsize > 8:
            raise TypeError(
                f"{name or 'state'} must be an array of numbers of at most 64 bits, "
                f"but its dtype is {value.dtype}"
            )
        # a copy, so that what is written is what the checksum is of
        unique = f"{len(tensors)}:{name}"
        native = value.dtype.newbyteorder("=")
        tensors[unique] = np.array(value, dtype=native, order="C")
        return {"tensor": unique}
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_encode(item, f"{name}.{i}", tensors) for i, item in enumerate(value)]
    if isinstance(value, dict):
        for item in value:
            if not isinstance(item, str):
                raise TypeError(f"{name or 'state'} has a key that is no str: {item!r}")
        prefix = f"{name}." if name else ""
        encoded = {
            item: _encode(part, f"{prefix}{item}", tensors)
            for item, part in value.items()
        }
        return {"dict": encoded} if set(encoded) in _MARKS else encoded
    raise TypeError(
        f"{name or 'state'} must be made of numbers, strings, lists, dicts and arrays, "
        f"but has a {type(value).__name__}"
    )


def _decode(value: Any, tensors: dict[str, Array]) -> Any:
    if isinstance(value, list):
        return [_decode(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"tensor"}:
        return tensors[value["tensor"]]
    if set(value) == {"float"}:
        return float(value["float"])
    if set(value) == {"dict"}:
        value = value["dict"]
        if not isinstance(value, dict):
            raise ValueError(f"it has a dict that is {_checks.shown(value)}")
    return {item: _decode(part, tensors) for item, part in value.items()}
