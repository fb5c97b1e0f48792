"""What the tensors of an ONNX graph are to a network: rows, weighted sums, layers.

Read node after node, a tensor is one of

- `Rows`: the outputs of the layers so far, or x itself, as (a - mean) / scale;
- `Sums`: an expression over z, the weighted input sums of the next layer.

A matrix product makes Sums of Rows; what takes Sums as a layer's outputs makes Rows of
them, for which the expression must be an activation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fcnn import _checks
from fcnn._architecture import activation_info
from fcnn._standardize import Standardizer
from fcnn._types import Array
from fcnn.formats.onnx_algebra import Algebra, Recognised
from fcnn.formats.onnx_polynomials import ONE, Poly, Z, is_linear
from fcnn.formats.plain import Activation, PlainLayer, PlainNetwork


class NoActivation(ValueError):
    """What is applied to weighted sums is no hidden activation, or none at all."""


_IDENTITY = Recognised(Activation("identity", None))
_LARGEST_DIAGONAL = 4096  # outputs of a layer that only scales

Vector = Any  # a float64 array (size,), or a float for all
Pair = tuple[Vector, Vector]  # mean and scale


@dataclass(frozen=True)
class Rows:
    """(a - mean) / scale of what `layers` answer; without layers, of x."""

    layers: tuple[PlainLayer, ...]
    size: int | None
    x: Pair | None = None  # x's mean and scale, once there are layers
    mean: Vector = 0.0
    scale: Vector = 1.0

    def affine(self, factor: Vector, shift: Vector) -> Rows:
        """These rows times the factor, plus the shift; each may be a neutral float."""
        scale, mean = self.scale / factor, self.mean
        if not _is(shift, 0.0):
            mean = mean - shift * scale
        size = self.size or max(np.size(scale), np.size(mean), 1)
        return replace(
            self, size=size if size > 1 else self.size, mean=mean, scale=scale
        )

    def divided(self, by: Vector) -> Rows:
        """These rows over the divisor: exactly mean and scale of a standardizer."""
        return replace(self.affine(1.0, 0.0), scale=self.scale * by)

    def times(self, weight: Array, bias: Array | None) -> Sums:
        """``weight @ row + bias`` of every row."""
        if weight.ndim != 2 or 0 in weight.shape:
            raise ValueError(f"its weight has shape {weight.shape}, not (n_out, n_in)")
        n_in = weight.shape[1]
        sizes = {self.size or n_in, n_in}
        sizes |= {np.size(v) for v in (self.mean, self.scale) if np.ndim(v)}
        if len(sizes) > 1:
            raise ValueError(f"its weight takes {n_in} inputs, but {self.size} come")
        if not np.isfinite(self.scale).all() or not np.all(self.scale):
            raise ValueError("what scales its inputs must be finite and not 0")
        x, neutral = self.x, _is(self.mean, 0.0) and _is(self.scale, 1.0)
        if not self.layers and not neutral:
            x = (
                np.broadcast_to(self.mean, n_in),
                np.broadcast_to(np.abs(self.scale), n_in),
            )
            if np.any(np.asarray(self.scale) < 0.0):
                weight = weight * np.sign(self.scale).astype(weight.dtype)
        elif not neutral:
            wide = weight / np.asarray(self.scale, np.float64)
            shift = -(wide @ np.broadcast_to(self.mean, n_in))
            weight = wide.astype(weight.dtype)
            bias = (shift if bias is None else bias + shift).astype(weight.dtype)
        return Sums(self.layers, x, weight, bias)


@dataclass(frozen=True)
class Sums:
    """`poly` over z = factor * (weight @ a + bias) + shift, a the outputs of `layers`.

    ``nodes``: what has been applied to z, for messages. ``squeezed``: whether they are
    (n,) for one output, not (n, 1).
    """

    layers: tuple[PlainLayer, ...]
    x: Pair | None
    weight: Array
    bias: Array | None
    factor: Vector | None = None
    shift: Vector | None = None
    poly: Poly | None = None
    nodes: tuple[str, ...] = ()
    squeezed: bool = False

    @property
    def size(self) -> int:
        """The number of z."""
        return int(self.weight.shape[0])

    @property
    def expression(self) -> Poly:
        """Of z; z itself where nothing has been applied."""
        return {Z: 1.0} if self.poly is None else self.poly

    def is_product(self) -> bool:
        """Whether it is ``weight @ a`` alone, so that what is added is the bias."""
        parts = (self.bias, self.factor, self.shift, self.poly)
        return all(part is None for part in parts)

    def same_z(self, other: Sums) -> bool:
        """Whether both are expressions over one z."""
        return all(
            a is b
            for a, b in (
                (self.weight, other.weight),
                (self.bias, other.bias),
                (self.factor, other.factor),
                (self.shift, other.shift),
                (self.squeezed, other.squeezed),
            )
        )

    def with_bias(self, bias: Vector) -> Sums:
        """The first addition after the product."""
        made = np.broadcast_to(bias, self.size).astype(self.weight.dtype)
        return replace(self, bias=made)

    def affine(self, factor: Vector, shift: Vector) -> Sums:
        """A linear expression times a factor, plus a shift, as one over another z."""
        made = self._without_line()
        if not _is(factor, 1.0):
            old = 1.0 if made.factor is None else made.factor
            new = None if made.shift is None else made.shift * factor
            made = replace(made, factor=old * factor, shift=new)
        if not _is(shift, 0.0):
            made = replace(
                made, shift=(0.0 if made.shift is None else made.shift) + shift
            )
        return made

    def divided(self, by: Vector) -> Sums:
        """A linear expression over the divisor."""
        return self.affine(1.0 / by, 0.0)

    def _without_line(self) -> Sums:
        """c z + d, as z."""
        poly = self.expression
        made = replace(self, poly=None)
        if poly == {Z: 1.0}:
            return made
        return made.affine(poly.get(Z, 0.0), poly.get(ONE, 0.0))

    def closed(self, algebra: Algebra, *, last: bool = False) -> Rows:
        """The outputs of the layer of which this is the activation."""
        found: Recognised | None = _IDENTITY
        source = self
        if is_linear(self.expression):
            source = self._without_line()
        else:
            found = algebra.recognise(self.expression)
        if found is None:
            raise NoActivation(
                f"what the nodes {', '.join(self.nodes)} make together of weighted "
                "sums is no activation of fcnn"
            )
        activation = found.activation
        if activation_info(activation.name)["output_only"] and not last:
            raise NoActivation(
                f"the nodes {', '.join(self.nodes)} make {activation}, which is for "
                "the output only"
            )
        if source.weight.dtype == np.float32:
            activation = _in_float32(activation)
        layer = source._layer(activation, found.z_scale, found.z_shift)
        rows = Rows((*self.layers, layer), self.size, self.x)
        if (found.scale, found.shift) == (1.0, 0.0):
            return rows
        return rows.affine(found.scale, found.shift)

    def _layer(
        self, activation: Activation, z_scale: float = 1.0, z_shift: float = 0.0
    ) -> PlainLayer:
        """z_scale (factor (W a + b) + shift) + z_shift as weight and bias."""
        factor = (1.0 if self.factor is None else self.factor) * z_scale
        shift = (0.0 if self.shift is None else self.shift) * z_scale + z_shift
        weight, bias, dtype = self.weight, self.bias, self.weight.dtype
        if not _is(factor, 1.0):
            column = np.broadcast_to(np.asarray(factor, np.float64), self.size)
            weight = (weight * column[:, None]).astype(dtype)
            bias = None if bias is None else (bias * column).astype(dtype)
        if not _is(shift, 0.0):
            wide = np.zeros(self.size) if bias is None else bias.astype(np.float64)
            bias = (wide + shift).astype(dtype)
        return PlainLayer(weight, bias, activation)


def finished(value: Rows | Sums, algebra: Algebra) -> PlainNetwork:
    """The network whose answer the value is."""
    targets: Pair | None = None
    if isinstance(value, Sums) and is_linear(value.expression):
        value = value._without_line()
        if value.factor is not None and np.all(np.asarray(value.factor) > 0.0):
            shift = 0.0 if value.shift is None else value.shift
            targets = (
                np.broadcast_to(np.float64(shift), value.size),
                np.broadcast_to(np.float64(value.factor), value.size),
            )
            value = replace(value, factor=None, shift=None)
    rows = value if isinstance(value, Rows) else value.closed(algebra, last=True)
    if not _is(rows.mean, 0.0) or not _is(rows.scale, 1.0):
        rows = _scaled_outputs(rows)
    if not rows.layers:
        raise ValueError("its output is its input: there is no layer")
    double = any(layer.weight.dtype == np.float64 for layer in rows.layers)
    standardizer = None
    if rows.x is not None or targets is not None:
        n_in = rows.layers[0].weight.shape[1]
        mean, scale = rows.x or (np.zeros(n_in), np.ones(n_in))
        standardizer = Standardizer(mean, scale, *(targets or (None, None)))
    dtype = np.dtype("float64" if double else "float32")
    return PlainNetwork(rows.layers, dtype, None, standardizer)


def _scaled_outputs(rows: Rows) -> Rows:
    """Outputs that are scaled after their activation: a diagonal layer more."""
    if not rows.layers or rows.size is None or rows.size > _LARGEST_DIAGONAL:
        raise ValueError(f"{_checks.shown(rows.size)} outputs are scaled at the end")
    dtype = rows.layers[-1].weight.dtype
    diagonal = np.eye(rows.size, dtype=dtype)
    return rows.times(diagonal, None).closed(Algebra.new(), last=True)


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


def _is(vector: Vector | None, value: float) -> bool:
    return isinstance(vector, float) and vector == value
