"""The nodes of an ONNX graph, read one after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fcnn._types import Array
from fcnn.formats.onnx_algebra import Algebra
from fcnn.formats.onnx_constants import FOLDED
from fcnn.formats.onnx_graph import Graph, Node, array
from fcnn.formats.onnx_layers import NoActivation, Rows, Sums
from fcnn.formats.onnx_lines import (
    LINES,
    batch_normalization,
    check_broadcasts,
    line,
    scaler,
)
from fcnn.formats.onnx_operators import OPERATORS
from fcnn.formats.onnx_polynomials import NotKnown, Poly
from fcnn.formats.onnx_shapes import SHAPES, Unflattened

_MOST_NODES = 100  # on the sums of one layer: activations have a few
_MOST_FOLDED = 64  # times the file's constants, of what is computed of them
_MOST_SHARED = 16  # times that weights may have the numbers of the constants


@dataclass(frozen=True)
class Series:
    """Expressions (n, k, m) over one z, made of (n, k) by Unsqueeze."""

    sums: Sums
    polys: list[Poly]


Value = Any  # Array (a constant), Rows, Sums, Unflattened or Series


class Interpreter:
    """Knows of each tensor what it is to a network."""

    def __init__(self, graph: Graph) -> None:
        self.algebra = Algebra.new()
        self._graph = graph
        self._values: dict[str, Value] = dict(graph.constants)
        held = sum(c.size for c in graph.constants.values())
        self._room = _MOST_FOLDED * held
        self._weights = _MOST_SHARED * held
        shape = graph.x_shape
        if shape is None or len(shape) == 2:
            self._values[graph.x] = Rows(shape[1] if shape else None)
        elif len(shape) > 2:
            self._values[graph.x] = Unflattened(shape)
        else:
            raise ValueError(f"its input has shape {shape}, not (n, n_in)")

    def value_of(self, output: str) -> Rows | Sums:
        """What the tensor is, by the nodes that it needs."""
        for node in self._needed(output):
            for name in node.inputs:
                if name and name not in self._values:
                    raise ValueError(
                        f"{node} takes {name!r}, which is no input, no initializer and "
                        "made by no node before it"
                    )
            inputs = [self._values[name] if name else None for name in node.inputs]
            try:
                made = self._apply(node, inputs)
            except NoActivation:
                raise
            except NotKnown:
                raise ValueError(f"{node} is not understood") from None
            except (TypeError, AttributeError):  # of what attributes hold
                raise ValueError(
                    f"{node} is not understood: it has other inputs or attributes than "
                    "expected"
                ) from None
            except (ValueError, IndexError, KeyError, ArithmeticError) as error:
                raise ValueError(f"{node} is not understood: {error}") from None
            self._values[node.outputs[0]] = made
        value = self._values.get(output)
        if not isinstance(value, (Rows, Sums)):
            raise ValueError(f"its output {output!r} does not depend on x as rows do")  # noqa: TRY004
        return value

    def _needed(self, output: str) -> list[Node]:
        """The nodes on which the tensor depends, in the file's order."""
        wanted, needed = {output}, []
        for node in reversed(self._graph.nodes):
            if wanted.intersection(node.outputs):
                needed.append(node)
                wanted.update(node.inputs)
        needed.reverse()
        return needed

    def _apply(self, node: Node, inputs: list[Value]) -> Value:
        if any(name in self._values for name in node.outputs if name):
            raise ValueError("its output has been made before")
        key = f"{node.domain}.{node.op}" if node.domain else node.op
        if key == "Constant":
            made = _constant(node, self._graph.folder)
            self._room += _MOST_FOLDED * made.size
            self._weights += _MOST_SHARED * made.size
            return made
        while inputs and inputs[-1] is None:
            inputs.pop()
        if inputs and all(isinstance(v, np.ndarray) for v in inputs):
            if key not in FOLDED:
                raise NotKnown
            self._room -= sum(a.size for a in inputs)
            if self._room < 0:
                raise ValueError("too much is computed of the model's constants")
            return FOLDED[key](self._graph.opset, inputs, node.attributes)
        if key in SHAPES:
            return SHAPES[key](self._graph.opset, node, inputs)
        if key in _HANDLERS:
            return _HANDLERS[key](self, node, inputs)
        if key in OPERATORS:
            return self._elementwise(node, inputs)
        raise NotKnown

    # ---------------------------------------------------------------- products

    def _rows(self, value: Value) -> Rows:
        """The value as what a weight may be multiplied with."""
        if isinstance(value, Sums):
            return value.closed(self.algebra)
        if not isinstance(value, Rows):
            raise ValueError("it takes no rows")  # noqa: TRY004
        return value

    def _sums(self, node: Node, a: Value, weight: Array, bias: Array | None) -> Sums:
        """The sums of a layer; nodes may share a weight, but so often only."""
        self._weights -= weight.size
        if self._weights < 0:
            raise ValueError(
                f"the weights are more than {_MOST_SHARED} times the file's numbers"
            )
        return self._rows(a).times(str(node), weight, bias)

    def gemm(self, node: Node, inputs: list[Value]) -> Value:
        """alpha A B + beta C, B transposed or not."""
        a, b, c = [*inputs, None][:3]
        at = node.attributes
        if at.get("transA", 0) or not _is_weight(b) or not (c is None or _is_weight(c)):
            raise NotKnown
        weight = np.ascontiguousarray(b if at.get("transB", 0) else b.T)
        bias = None
        if c is not None:
            check_broadcasts(c, weight.shape[0])
            bias = _times(
                np.broadcast_to(c.reshape(-1), weight.shape[0]), at.get("beta", 1.0)
            )
        return self._sums(node, a, _times(weight, at.get("alpha", 1.0)), bias)

    def matmul(self, node: Node, inputs: list[Value]) -> Value:
        """A B, B constant."""
        a, b = inputs
        if isinstance(a, Series):
            return self._elementwise(node, inputs)
        if not _is_weight(b) or b.ndim != 2:
            raise NotKnown
        return self._sums(node, a, np.ascontiguousarray(b.T), None)

    # ------------------------------------------------------------- elementwise

    def _elementwise(self, node: Node, inputs: list[Value]) -> Value:
        """An operator of the algebra, or a line with other numbers for each output."""
        attributes = dict(node.attributes)
        if node.op == "Clip":
            inputs = _clip_bounds(inputs, attributes)
        variables = [v for v in inputs if not isinstance(v, np.ndarray)]
        if any(v is None for v in variables):
            raise NotKnown
        one = variables[0]
        if node.op != "Unsqueeze":
            _check_constants(inputs, one)
        if node.op in LINES and len(inputs) == 2 and len(variables) == 1:
            made = self._line(node, inputs)
            if made is not None:
                return made
        if isinstance(one, Rows) and node.op == "Neg":
            return one.scaled(str(node), -1.0, 0.0)
        sums = one.sums if isinstance(one, Series) else one
        if not isinstance(sums, Sums):
            raise ValueError("it is applied to no weighted sums")  # noqa: TRY004
        _check_softmax(node, sums, self._graph.opset)
        takes_arrays = isinstance(one, Series) or node.op == "Unsqueeze"
        arguments = [_argument(v, sums, takes_arrays) for v in inputs]
        made = self.algebra(node.op, *arguments, **attributes)
        if isinstance(made, list):
            return Series(sums, made)
        before = [name for v in variables if isinstance(v, Sums) for name in v.nodes]
        nodes = tuple(dict.fromkeys((*before, _name(node))))
        if len(nodes) > _MOST_NODES:
            raise ValueError(f"more than {_MOST_NODES} nodes follow on a layer's sums")
        return replace(sums, poly=made, nodes=nodes)

    def _line(self, node: Node, inputs: list[Value]) -> Rows | Sums | None:
        """x + c and the like; None where the algebra is to see a number."""
        value, constant, op, where = *inputs, node.op, str(node)
        if isinstance(value, np.ndarray):
            if op == "Div":
                return None
            value, constant = constant, value
            if op == "Sub" and isinstance(value, Rows):  # c - x
                op, value = "Add", value.scaled(where, -1.0, 0.0)
        if not isinstance(value, (Rows, Sums)):
            return None
        is_bias = isinstance(value, Sums) and op == "Add" and value.is_product()
        if isinstance(value, Sums) and not is_bias and _number(constant) is not None:
            return None
        if isinstance(value, Sums) and op == "Sub" and constant is inputs[0]:
            negative = self.algebra("Neg", value.poly)
            op, value = "Add", replace(value, poly=negative)
        return line(where, op, value, constant, self.algebra)

    def batch_normalization(self, node: Node, inputs: list[Value]) -> Value:
        """BatchNormalization of inference."""
        if not isinstance(inputs[0], (Rows, Sums)):
            raise NotKnown
        return batch_normalization(node, inputs[0], inputs[1:], self.algebra)

    def scaler(self, node: Node, inputs: list[Value]) -> Value:
        """skl2onnx's Scaler."""
        if not isinstance(inputs[0], (Rows, Sums)):
            raise NotKnown
        return scaler(node, inputs[0], self.algebra)

    def concat(self, node: Node, inputs: list[Value]) -> Value:
        """1 - p and p, as skl2onnx's classifiers of two classes end."""
        first, second = inputs
        both_sums = isinstance(first, Sums) and isinstance(second, Sums)
        if not both_sums or node.attributes["axis"] not in {1, -1}:
            raise NotKnown
        return second.two_classes(first, _name(node), self.algebra)


_HANDLERS: dict[str, Callable[[Interpreter, Node, list[Value]], Value]] = {
    "BatchNormalization": Interpreter.batch_normalization,
    "Concat": Interpreter.concat,
    "Gemm": Interpreter.gemm,
    "MatMul": Interpreter.matmul,
    "ai.onnx.ml.Scaler": Interpreter.scaler,
}


def _name(node: Node) -> str:
    return f"{node.op} {node.name!r}"


def _constant(node: Node, folder: Path | None) -> Array:
    at = node.attributes
    if "value" in at:
        return array(at["value"], folder)
    for key, dtype in (
        *(("value_float", "float32"), ("value_floats", "float32")),
        *(("value_int", "int64"), ("value_ints", "int64")),
    ):
        if key in at:
            return np.array(at[key], dtype)
    raise NotKnown


def _is_weight(value: Value) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _times(values: Array, factor: float) -> Array:
    return (
        values if factor == 1.0 else (values * np.float64(factor)).astype(values.dtype)
    )


def _check_constants(inputs: list[Value], value: Value) -> None:
    """Constants must not make a row longer than the value's."""
    if isinstance(value, (Rows, Sums)):
        for constant in inputs:
            if isinstance(constant, np.ndarray):
                check_broadcasts(constant, value.size)


def _check_softmax(node: Node, sums: Sums, opset: int) -> None:
    axis = node.attributes.get("axis", -1 if opset >= 13 else 1)
    if node.op == "Softmax" and (axis not in {1, -1} or sums.squeezed):
        raise ValueError(f"its axis is {axis}, not the rows'")


def _clip_bounds(inputs: list[Value], attributes: dict[str, Any]) -> list[Value]:
    """The bounds as inputs, as they are since opset 11."""
    low, high = attributes.pop("min", -math.inf), attributes.pop("max", math.inf)
    given = [*inputs, None, None][:3]
    bounds = [
        np.array(default) if bound is None else bound
        for bound, default in zip(given[1:], (low, high), strict=True)
    ]
    return [given[0], *bounds]


def _number(constant: Array) -> float | None:
    """The number that all of them are, if they are."""
    first = float(constant.flat[0])
    return first if bool((constant == constant.flat[0]).all()) else None


def _argument(value: Value, sums: Sums, takes_arrays: bool) -> Any:  # noqa: FBT001
    """What the algebra takes: an expression over the z of `sums`, or a constant."""
    if isinstance(value, Series):
        return value.polys
    if isinstance(value, np.ndarray):
        if takes_arrays and value.ndim == 1:
            return value
        number = _number(value) if value.size else None
        if number is None:
            raise ValueError(f"its constant has shape {value.shape}")
        return number
    if not isinstance(value, Sums) or not value.same_z(sums):
        raise ValueError("it joins two branches of the graph")
    return value.poly
