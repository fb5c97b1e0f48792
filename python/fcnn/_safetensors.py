"""safetensors in NumPy: the bytes of a file, and the tensors in them.

The library of this name ends the process where memory runs out, as Rust's allocations
do; here that is a MemoryError. It reads what is written here, and the reverse.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np

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
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def load(data: bytes) -> tuple[dict[str, Array], dict[str, Any]]:
    """The tensors, copied, and the metadata of a whole file.

    Whatever is wrong with it is a ValueError.
    """
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise ValueError("its header is cut short")
    header = json.loads(data[8 : 8 + length])
    if not isinstance(header, dict):
        raise ValueError("its header is no JSON object")  # noqa: TRY004
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise ValueError("its metadata is no JSON object")  # noqa: TRY004
    n_bytes, spans, tensors = len(data) - 8 - length, [(0, 0)], {}
    for name, entry in header.items():
        dtype, shape, start, end = _entry(name, entry)
        if end > n_bytes:
            raise ValueError(f"its tensor {name!r} is cut short")
        count = math.prod(shape)
        flat = np.frombuffer(data, dtype, count, 8 + length + start if count else 0)
        tensors[name] = flat.reshape(shape).copy()
        spans.append((start, end))
    spans = [*sorted(spans), (n_bytes, n_bytes)]
    if any(start != end for (_, end), (start, _) in pairwise(spans)):
        raise ValueError("its tensors do not fill it without gap")
    return tensors, metadata


def read(file: BinaryIO, begin: int, entry: dict[str, Any]) -> Array:
    """One tensor of a file whose tensors begin at byte `begin`, its entry checked."""
    start, end = entry["data_offsets"]
    file.seek(begin + start)
    data = file.read(end - start)
    if len(data) < end - start:
        raise ValueError("it was cut short while being read")
    return np.frombuffer(data, DTYPES[entry["dtype"]]).reshape(entry["shape"])


def _entry(name: str, entry: Any) -> tuple[str, tuple[int, ...], int, int]:
    """dtype, shape and span of a tensor as the header has them, if they agree."""
    try:
        dtype, shape, (start, end) = (
            DTYPES[entry["dtype"]],
            tuple(entry["shape"]),
            entry["data_offsets"],
        )
        numbers = [*shape, start, end]
        # in JSON 2.0 and true are no integers
        good = all(type(n) is int and n >= 0 for n in numbers) and (
            end - start == math.prod(shape) * np.dtype(dtype).itemsize
        )
    except (TypeError, KeyError, ValueError):
        good = False
    if not good:
        raise ValueError(f"its tensor {name!r} has a wrong dtype, shape or place")
    return dtype, shape, start, end
