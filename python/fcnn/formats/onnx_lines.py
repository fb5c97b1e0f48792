"""Nodes that scale and shift: x + c and the like, BatchNormalization, Scaler."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fcnn._types import Array
from fcnn.formats.onnx_algebra import Algebra
from fcnn.formats.onnx_graph import Node
from fcnn.formats.onnx_layers import Rows, Sums
from fcnn.formats.onnx_polynomials import NotKnown, is_linear

LINES = ("Add", "Sub", "Mul", "Div")


def line(
    where: str, op: str, value: Rows | Sums, constant: Array, algebra: Algebra
) -> Rows | Sums:
    """``value op constant``, a number for each output or one for all."""
    c = constant.reshape(-1).astype(np.float64)
    if not np.isfinite(c).all():
        raise ValueError("its constant is not finite")
    if isinstance(value, Sums) and op == "Add" and value.is_product():
        return value.with_bias(c)
    if op == "Div" and not c.all():
        raise ValueError("it divides by 0")
    value = _linear(value, algebra)
    if op == "Mul":
        return value.scaled(where, c, 0.0)
    if op == "Div":
        return value.divided(where, c)
    return value.scaled(where, 1.0, c if op == "Add" else -c)


def batch_normalization(
    node: Node, value: Rows | Sums, constants: list[Any], algebra: Algebra
) -> Rows | Sums:
    """(x - mean) / sqrt(variance + epsilon) gamma + beta."""
    if node.attributes.get("training_mode", 0) or any(node.outputs[1:]):
        raise NotKnown  # more outputs are those of training
    if not all(isinstance(c, np.ndarray) and c.ndim == 1 for c in constants):
        raise NotKnown
    gamma, beta, mean, variance = (c.astype(np.float64) for c in constants)
    factor = gamma / np.sqrt(variance + node.attributes.get("epsilon", 1e-5))
    shift = beta - mean * factor
    check_broadcasts(factor + shift, value.size)
    return _linear(value, algebra).scaled(str(node), factor, shift)


def scaler(node: Node, value: Rows | Sums, algebra: Algebra) -> Rows | Sums:
    """skl2onnx's (x - offset) * scale."""
    offset, scale = (
        np.asarray(node.attributes.get(name, default), np.float64)
        for name, default in (("offset", [0.0]), ("scale", [1.0]))
    )
    check_broadcasts(offset, value.size)
    check_broadcasts(scale, value.size)
    made, where = _linear(value, algebra), str(node)
    return made.scaled(where, 1.0, -offset).scaled(where, scale, 0.0)


def check_broadcasts(constant: Array, size: int | None) -> None:
    """One number, or one for each of the row's."""
    if constant.dtype.kind not in "fiu":
        raise ValueError(f"its constant is of {constant.dtype}")
    if constant.ndim > 2 or constant.size == 0 or math.prod(constant.shape[:-1]) != 1:
        raise ValueError(f"its constant has shape {constant.shape}")
    if constant.size not in {1, size} and size is not None:
        raise ValueError(f"its constant has {constant.size} numbers, but {size} come")


def _linear(value: Rows | Sums, algebra: Algebra) -> Rows | Sums:
    """The value as something that may be scaled: an activation ends its layer."""
    if isinstance(value, Sums) and not is_linear(value.poly):
        return value.closed(algebra)
    return value
