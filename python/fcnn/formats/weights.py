"""Weights that come without their model: the activations are told by the caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _architecture, _checks, _data
from fcnn.formats import plain
from fcnn.formats.plain import Activation, PlainLayer, PlainNetwork

if TYPE_CHECKING:
    from fcnn._types import Array
    from fcnn.network import Network


def network(
    layers: Sequence[tuple[Array, Array | None]],
    activation: Any,
    output: Any,
    loss: str | None,
) -> Network:
    """The network of the layers' weights (n_out, n_in) and biases (n_out,)."""
    if output is None or (activation is None and len(layers) > 1):
        raise ValueError(
            "weights alone do not tell the activations: give output, and activation "
            "for hidden layers, for example activation='relu', output='identity'"
        )
    hidden = _architecture.per_layer(
        "activation", activation or (), len(layers) - 1, "hidden layer", (str,)
    )
    names = [Activation.parse(_checks.text("activation", name)) for name in hidden]
    names.append(Activation.parse(_checks.text("output", output)))
    dtype = np.result_type(*(weight for weight, _ in layers))
    made = tuple(
        PlainLayer(*_rounded(dtype, weight, bias), name)
        for (weight, bias), name in zip(layers, names, strict=True)
    )
    return plain.network(PlainNetwork(made, dtype, loss))


def _rounded(
    dtype: Any, weight: Array, bias: Array | None
) -> tuple[Array, Array | None]:
    """In the network's dtype: a bias that this makes infinite is refused with it."""
    with np.errstate(over="ignore"):
        return weight.astype(dtype), None if bias is None else bias.astype(dtype)


def deviation(where: str, variance: Array, epsilon: float) -> Array:
    """sqrt(variance + epsilon)."""
    square = variance.astype(np.float64) + epsilon
    if not (square >= 0.0).all():
        raise ValueError(f"{where} has a variance below 0")
    return np.asarray(np.sqrt(square))


def array(where: str, value: Any) -> Array:
    """A tensor of any device, or an array, as float32 or float64: halves are exact."""
    if hasattr(value, "detach"):  # a tensor of PyTorch
        try:
            value = value.detach().cpu()
            if value.is_floating_point() and value.element_size() < 4:
                value = value.float()
        except (RuntimeError, NotImplementedError, ValueError) as error:
            raise ValueError(f"{where} cannot be read: {error}") from None
    try:
        values = _data.real_array(where, value)
    except TypeError as error:
        raise ValueError(str(error)) from None
    if values.dtype.kind != "f":
        raise ValueError(
            f"{where} must hold floating point numbers, not {values.dtype}"
        )
    if not np.isfinite(values).all():
        raise ValueError(f"{where} must be finite")
    return values.astype(np.float64 if values.dtype.itemsize >= 8 else np.float32)
