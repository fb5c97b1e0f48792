"""ONNX operators whose inputs are all constant, computed.

None makes more numbers than its inputs have together, so that a small file cannot ask
for much memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fcnn._types import Array
from fcnn.formats.onnx_library import library

BATCH = 2**62 - 57  # stands for the number of rows in the shape of a tensor

Inputs = list[Any]  # arrays, or None for what is left out
Folded = Callable[
    [int, Inputs, Mapping[str, Any]], Array
]  # (opset, inputs, attributes)


def axes_of(opset: int, inputs: Inputs, attributes: Mapping[str, Any]) -> list[int]:
    """The axes of Squeeze and Unsqueeze: an attribute before opset 13."""
    axes = attributes.get("axes") if opset < 13 else [*inputs, None][1]
    return [] if axes is None else [int(axis) for axis in np.asarray(axes).reshape(-1)]


def _elementwise(function: Callable[..., Any]) -> Folded:
    def fold(_: int, inputs: Inputs, __: Mapping[str, Any]) -> Array:
        shape = np.broadcast_shapes(*(a.shape for a in inputs))
        if math.prod(shape) > max(a.size for a in inputs):
            raise ValueError(f"it makes a constant of shape {shape}")
        return np.asarray(function(*inputs))

    return fold


def _divide(a: Array, b: Array) -> Array:
    if a.dtype.kind == "f":
        return np.asarray(a / b)
    return np.asarray(np.trunc(a / b)).astype(a.dtype)


def _reshape(_: int, inputs: Inputs, __: Mapping[str, Any]) -> Array:
    a, shape = inputs
    sizes = [a.shape[i] if n == 0 else int(n) for i, n in enumerate(shape.tolist())]
    return np.asarray(a.reshape(sizes))


def _squeeze(opset: int, inputs: Inputs, attributes: Mapping[str, Any]) -> Array:
    axes = axes_of(opset, inputs, attributes)
    return np.asarray(np.squeeze(inputs[0], tuple(axes) or None))


def _unsqueeze(opset: int, inputs: Inputs, attributes: Mapping[str, Any]) -> Array:
    return np.expand_dims(inputs[0], tuple(axes_of(opset, inputs, attributes)))


def _flatten(_: int, inputs: Inputs, attributes: Mapping[str, Any]) -> Array:
    a, axis = inputs[0], attributes.get("axis", 1)
    return np.asarray(a.reshape(math.prod(a.shape[:axis]), math.prod(a.shape[axis:])))


def _transpose(_: int, inputs: Inputs, attributes: Mapping[str, Any]) -> Array:
    return np.asarray(np.transpose(inputs[0], attributes.get("perm")))


def _cast(_: int, inputs: Inputs, attributes: Mapping[str, Any]) -> Array:
    kind = library().helper.tensor_dtype_to_np_dtype(attributes["to"])
    return np.asarray(inputs[0].astype(kind))


def _gather(_: int, inputs: Inputs, attributes: Mapping[str, Any]) -> Array:
    a, indices = inputs
    if a.ndim * indices.ndim > 1:
        raise ValueError(f"it takes {indices.shape} of {a.shape}")
    return np.asarray(np.take(a, indices, attributes.get("axis", 0)))


def _concat(_: int, inputs: Inputs, attributes: Mapping[str, Any]) -> Array:
    return np.concatenate(inputs, attributes["axis"])


def _same(_: int, inputs: Inputs, __: Mapping[str, Any]) -> Array:
    return np.asarray(inputs[0])


FOLDED: dict[str, Folded] = {
    "Abs": _elementwise(np.abs),
    "Add": _elementwise(np.add),
    "Cast": _cast,
    "Concat": _concat,
    "Div": _elementwise(_divide),
    "Exp": _elementwise(np.exp),
    "Flatten": _flatten,
    "Gather": _gather,
    "Identity": _same,
    "Mul": _elementwise(np.multiply),
    "Neg": _elementwise(np.negative),
    "Pow": _elementwise(np.power),
    "Reciprocal": _elementwise(np.reciprocal),
    "Reshape": _reshape,
    "Sqrt": _elementwise(np.sqrt),
    "Squeeze": _squeeze,
    "Sub": _elementwise(np.subtract),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
