"""What the tensors of an ONNX graph are to a network: rows, or weighted sums.

Read node after node, a tensor is one of

- `Rows`: x itself, or what a layer answers, perhaps scaled;
- `Sums`: an expression over z, the weighted input sums of the next layer.

Rows are the calls that make a `Chain` of them, one after the other; several tensors may
begin with the same calls. `finished` makes the calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fcnn._architecture import activation_info
from fcnn._types import Array
from fcnn.formats.chain import MOST_DIAGONAL, Chain
from fcnn.formats.onnx_algebra import Algebra
from fcnn.formats.onnx_polynomials import (
    ONE,
    NotKnown,
    Poly,
    Z,
    is_linear,
    minus,
    same,
)
from fcnn.formats.plain import Activation

if TYPE_CHECKING:
    from fcnn.network import Network


class NoActivation(ValueError):
    """What is applied to weighted sums is no hidden activation, or none at all."""


class Call(NamedTuple):
    """A call of a chain's method."""

    method: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


_BEGIN = Call(Chain)


@dataclass(frozen=True, eq=False)
class Rows:
    """What the call makes of the rows `before`; without them, x."""

    size: int | None
    before: Rows | None = None
    call: Call = _BEGIN

    def then(self, method: Callable[..., None], where: str, *arguments: Any) -> Rows:
        """These rows after that call."""
        return Rows(self.size, self, Call(method, (where, *arguments)))

    def scaled(self, where: str, factor: Any, shift: Any) -> Rows:
        """These rows times the factor, plus the shift."""
        return self.then(Chain.affine, where, factor, shift)

    def divided(self, where: str, by: Any) -> Rows:
        """These rows over the divisor: of x, exactly a standardizer's scale."""
        return self.then(Chain.normalize, where, 0.0, by)

    def times(self, where: str, weight: Array, bias: Array | None) -> Sums:
        """``weight @ row + bias`` of every row."""
        if weight.ndim != 2 or 0 in weight.shape:
            raise ValueError(f"its weight has shape {weight.shape}, not (n_out, n_in)")
        if self.size not in {weight.shape[1], None}:
            raise ValueError(
                f"its weight takes {weight.shape[1]} inputs, but {self.size} come"
            )
        rows = replace(self.then(Chain.dense, where, weight, bias), size=len(weight))
        return Sums(rows, weight.dtype)

    def calls(self) -> list[Call]:
        """All that are made of x."""
        rows, found = self, []
        while rows.before is not None:
            found.append(rows.call)
            rows = rows.before
        return found[::-1]


@dataclass(frozen=True, eq=False)
class Sums:
    """`poly` over z, which `rows` are: a product, perhaps scaled.

    ``dtype``: the weight's. ``nodes``: what has been applied to z, for messages.
    ``squeezed``: whether they are (n,) for one output, not (n, 1).
    """

    rows: Rows
    dtype: np.dtype[Any]
    poly: Poly = field(default_factory=lambda: {Z: 1.0})
    nodes: tuple[str, ...] = ()
    squeezed: bool = False

    @property
    def size(self) -> int | None:
        """The number of z."""
        return self.rows.size

    def is_product(self) -> bool:
        """Whether it is ``weight @ a`` alone, so that what is added is the bias."""
        method, arguments = self.rows.call
        without_bias = method == Chain.dense and arguments[-1] is None
        return without_bias and self.poly == {Z: 1.0}

    def same_z(self, other: Sums) -> bool:
        """Whether both are expressions over one z."""
        return self.rows is other.rows and self.squeezed == other.squeezed

    def with_bias(self, bias: Array) -> Sums:
        """The first addition after the product."""
        method, (where, weight, _) = self.rows.call
        made = np.broadcast_to(bias, len(weight)).astype(self.dtype)
        call = Call(method, (where, weight, made))
        return replace(self, rows=replace(self.rows, call=call))

    def two_classes(self, other: Sums, node: str, algebra: Algebra) -> Sums:
        """``(1 - sigmoid(z), sigmoid(z))`` as the softmax of (0, z)."""
        p = algebra("Sigmoid", {Z: 1.0})
        method, arguments = self.rows.call
        if (
            not (self.same_z(other) and method == Chain.dense)
            or (self.size, self.squeezed) != (1, False)
            or not same(self.poly, p)
            or not same(other.poly, minus({ONE: 1.0}, p))
        ):
            raise NotKnown
        where, weight, bias = arguments
        weight, bias = (
            None if a is None else np.concatenate([np.zeros_like(a), a])
            for a in (weight, bias)
        )
        rows = Rows(2, self.rows.before, Call(method, (where, weight, bias)))
        poly = algebra("Softmax", {Z: 1.0})
        return Sums(rows, self.dtype, poly, (*other.nodes, node))

    def scaled(self, where: str, factor: Any, shift: Any) -> Sums:
        """A linear expression times a factor, plus a shift, as another z.

        Of the last layer they are the standardizer's scale and mean of the targets.
        """
        rows = self._without_line().then(Chain.targets, where, shift, factor)
        return replace(self, rows=rows, poly={Z: 1.0})

    def divided(self, where: str, by: Any) -> Sums:
        """A linear expression over the divisor."""
        return self.scaled(where, 1.0 / by, 0.0)

    def _without_line(self) -> Rows:
        """c z + d as rows."""
        if self.poly == {Z: 1.0}:
            return self.rows
        line = self.poly.get(ONE, 0.0), self.poly.get(Z, 0.0)
        return self.rows.then(Chain.targets, self._where(), *line)

    def closed(self, algebra: Algebra, *, last: bool = False) -> Rows:
        """The outputs of the layer of which this is the activation."""
        if is_linear(self.poly):
            return self._without_line()
        found, where = algebra.recognise(self.poly), self._where()
        if found is None:
            raise NoActivation(
                f"what {where} make together of weighted sums is no activation of fcnn"
            )
        activation = found.activation
        if activation_info(activation.name)["output_only"] and not last:
            raise NoActivation(
                f"{where} make {activation}, which is for the output only"
            )
        rows = self.rows
        if self.dtype == np.float32:
            activation = _in_float32(activation)
        if (found.z_scale, found.z_shift) != (1.0, 0.0):
            rows = rows.scaled(where, found.z_scale, found.z_shift)
        rows = rows.then(Chain.activation, where, activation)
        if (found.scale, found.shift) != (1.0, 0.0):
            rows = rows.scaled(where, found.scale, found.shift)
        return rows

    def _where(self) -> str:
        return f"the nodes {', '.join(self.nodes)}"


def finished(value: Rows | Sums, algebra: Algebra) -> Network:
    """The network whose answer the value is."""
    rows = value if isinstance(value, Rows) else value.closed(algebra, last=True)
    calls = rows.calls()
    weights = [arguments[1] for method, arguments in calls if method == Chain.dense]
    if not weights:
        raise ValueError("its output is its input: there is no layer")
    is_scaled = calls[-1].method in {Chain.affine, Chain.normalize}
    if is_scaled and (rows.size or 0) > MOST_DIAGONAL:
        raise ValueError(f"{rows.size} outputs are scaled at the end")
    chain = Chain(weights[0].shape[1])
    for method, arguments in calls:
        method(chain, *arguments)
    double = any(weight.dtype == np.float64 for weight in weights)
    return chain.network(np.dtype("float64" if double else "float32"))


def _in_float32(activation: Activation) -> Activation:
    """A parameter that a file holds in float32, in as few digits as say the same."""
    name, parameter = activation
    if parameter is None:
        return activation
    default = activation_info(name)["parameter"]
    single = np.float32(parameter)
    if default is not None and single == np.float32(default):
        return Activation(name, default)
    return Activation(name, float(str(single)) if single == parameter else parameter)
