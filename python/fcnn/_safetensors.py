"""safetensors in NumPy: the bytes of a file, and the tensors in them.

The library of this name ends the process where memory runs out, as Rust's allocations
do; here that is a MemoryError. It reads what is written here, and the reverse.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from fcnn._checks import shown
from fcnn._types import Array

# The format's names of the dtypes that NumPy has; always little-endian.
DTYPES = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
}
_MAX_HEADER = 100_000_000  # bytes, the limit of the library too
_NAMES = {dtype[1:]: name for name, dtype in DTYPES.items()}


def save(tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> bytes:
    """A whole file: 8 bytes of header length, the header as JSON, then the tensors.

    The widest numbers come first, so that each stands on a multiple of its size.
    """
    names = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    parts, end = [], 0
    for name in names:
        dtype = _NAMES[tensors[name].dtype.str[1:]]
        tensor = np.asarray(tensors[name], DTYPES[dtype], order="C")
        start, end = end, end + tensor.nbytes
        header[name] = {
            "dtype": dtype,
            "shape": tensor.shape,
            "data_offsets": [start, end],
        }
        parts.append(tensor.data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > _MAX_HEADER:  # who reads it would refuse it
        raise ValueError(f"all but the arrays takes more than {_MAX_HEADER} bytes")
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def load(file: BinaryIO) -> tuple[dict[str, Array], dict[str, str]]:
    """The tensors and the metadata of a whole file; BF16, exactly, as float32.

    Whatever is wrong with it is a ValueError, before memory is taken for the tensors.
    """
    header, n_bytes = read_header(file)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise ValueError("its metadata is no JSON object")  # noqa: TRY004
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError(f"its metadata must be texts: {shown(metadata)}")
    places = {name: _place(name, entry) for name, entry in header.items()}
    spans = sorted((start, end) for _, _, start, end in places.values())
    if [0, *(end for _, end in spans)] != [*(start for start, _ in spans), n_bytes]:
        raise ValueError("its tensors do not fill it without gap")
    begin = file.tell()
    tensors = {
        name: read(file, begin + start, dtype, shape)
        for name, (dtype, shape, start, _) in places.items()
    }
    return tensors, metadata


def read_header(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The header, and how many bytes of tensors follow it: there the file is then."""
    size = os.fstat(file.fileno()).st_size
    prefix = file.read(8)
    if len(prefix) < 8:
        raise ValueError(f"it has {size} bytes, too few for the length of a header")
    length = int.from_bytes(prefix, "little")
    if length > min(size - 8, _MAX_HEADER):
        raise ValueError(
            f"it gives its header {length} bytes, but has {size} in all, and a header "
            f"has at most {_MAX_HEADER}"
        )
    text = file.read(length)
    if len(text) < length:
        raise ValueError("it was cut short while being read")
    return parse_json("header", text.decode()), size - 8 - length


def parse_json(what: str, text: str) -> dict[str, Any]:
    """A JSON object in which no name comes twice."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) < len(pairs):
            raise ValueError("a name comes twice")
        return result

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except ValueError as error:
        raise ValueError(f"its {what} is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"its {what} is no JSON object")  # noqa: TRY004
    return value


def read(file: BinaryIO, at: int, dtype: str, shape: tuple[int, ...]) -> Array:
    """The tensor that begins at that byte of the file, of a dtype of the format."""
    array = np.empty(shape, DTYPES.get(dtype, "<u2"))
    file.seek(at)
    # as bytes, which every host has in the same order
    if file.readinto(array.reshape(-1).view("u1")) != array.nbytes:  # type: ignore[attr-defined]
        raise ValueError("it was cut short while being read")
    if dtype == "BF16":  # the upper halves of float32, which NumPy has no name for
        return (array.astype("<u4") << 16).view("<f4")
    return array


def _place(name: str, entry: Any) -> tuple[str, tuple[int, ...], int, int]:
    """dtype, shape, begin and end of a tensor as the header has them, if they agree."""
    try:
        dtype, shape = entry["dtype"], tuple(entry["shape"])
        start, end = entry["data_offsets"]
        # in JSON 2.0 and true are no integers
        integers = all(type(n) is int and n >= 0 for n in (*shape, start, end))
        size = 2 if dtype == "BF16" else np.dtype(DTYPES[dtype]).itemsize
        good = integers and end - start == math.prod(shape) * size
    except (TypeError, KeyError, ValueError):
        good = False
    if not good:
        raise ValueError(
            f"its tensor {shown(name)} has a dtype, shape or place that is not "
            f"understood: {shown(entry)}"
        )
    return dtype, shape, start, end
