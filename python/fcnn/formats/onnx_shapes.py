"""ONNX nodes that leave rows as they are: Cast, Dropout, Flatten, Reshape, others."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fcnn._types import Array
from fcnn.formats.onnx_constants import BATCH, axes_of
from fcnn.formats.onnx_graph import Node
from fcnn.formats.onnx_layers import Rows, Sums
from fcnn.formats.onnx_polynomials import NotKnown

_FLOATS = (1, 10, 11, 16)  # of TensorProto: FLOAT, FLOAT16, DOUBLE, BFLOAT16


@dataclass(frozen=True)
class Unflattened:
    """x with more dimensions than (n, n_in)."""

    shape: tuple[int | None, ...]


def _same(_: int, node: Node, inputs: list[Any]) -> Any:
    """Its first input."""
    if node.op == "Dropout" and len(inputs) > 2:
        training = inputs[2]
        if not isinstance(training, np.ndarray) or training.any():
            raise NotKnown
    if node.op == "Cast" and node.attributes.get("to") not in _FLOATS:
        raise ValueError("it casts to no floating-point numbers")
    return inputs[0]


def _flatten(_: int, node: Node, inputs: list[Any]) -> Rows | Sums:
    """(n, ...) as (n, n_in)."""
    if node.attributes.get("axis", 1) not in {1, -1}:
        raise NotKnown
    return _flat(inputs[0])


def _reshape(_: int, __: Node, inputs: list[Any]) -> Rows | Sums:
    """The same by a Reshape to (n, n_in), n being 0, -1 or the input's own."""
    value, shape = inputs
    if not isinstance(shape, np.ndarray) or shape.ndim != 1:
        raise NotKnown
    made, to = _flat(value), shape.tolist()
    if to == [-1] and made.size == 1:
        return _column(made)
    n = value.shape[0] if isinstance(value, Unflattened) else BATCH
    if len(to) != 2 or to[0] not in {-1, 0, BATCH, n} or to[0] == to[1] == -1:
        raise ValueError(f"it makes rows {to}")
    if to[1] != -1 and made.size not in {to[1], None}:
        raise ValueError(f"it makes rows of {to[1]} numbers of rows of {made.size}")
    return made


def _squeeze(opset: int, node: Node, inputs: list[Any]) -> Rows | Sums:
    """(n, 1) as (n,): rows of one number all the same."""
    value, axes = inputs[0], axes_of(opset, inputs, node.attributes)
    if not isinstance(value, (Rows, Sums)) or value.size != 1:
        raise NotKnown
    if axes not in ([1], [-1]):
        raise NotKnown
    return _column(value)


def _column(value: Rows | Sums) -> Rows | Sums:
    return replace(value, squeezed=True) if isinstance(value, Sums) else value


def _shape(_: int, node: Node, inputs: list[Any]) -> Array:
    """Its shape, n being BATCH; only Reshape knows what to do with that."""
    value = inputs[0]
    sizes = value.shape[1:] if isinstance(value, Unflattened) else (value.size,)
    if None in sizes:
        raise NotKnown
    made = np.array([BATCH, *sizes], np.int64)
    at = node.attributes
    return made[at.get("start", 0) : at.get("end", len(made))]


def _flat(value: Any) -> Rows | Sums:
    if isinstance(value, Sums):
        return replace(value, squeezed=False)
    if isinstance(value, Rows):
        return value
    if not isinstance(value, Unflattened):
        raise NotKnown
    sizes = value.shape[1:]
    known = [size for size in sizes if size is not None]
    return Rows(math.prod(known) if len(known) == len(sizes) else None)


# By the operator's name: (opset, node, inputs) -> what its output is.
SHAPES: dict[str, Callable[[int, Node, list[Any]], Any]] = {
    "Cast": _same,
    "CastLike": _same,
    "Dropout": _same,
    "Flatten": _flatten,
    "Identity": _same,
    "Reshape": _reshape,
    "Shape": _shape,
    "Squeeze": _squeeze,
    "ai.onnx.ml.ZipMap": _same,
}
