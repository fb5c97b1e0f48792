"""A network as plain data: what every exporter reads and every importer makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fcnn import _core
from fcnn._architecture import activation_info
from fcnn._types import Array
from fcnn.layers import Layer

if TYPE_CHECKING:
    from fcnn._base import NetworkBase
    from fcnn._standardize import Standardizer
    from fcnn.network import Network


class Activation(NamedTuple):
    """An activation's name and its parameter, None if it has none."""

    name: str
    parameter: float | None

    @staticmethod
    def parse(text: str) -> Activation:
        """Of "leaky_relu(0.2)", or of "leaky_relu" with the default."""
        canonical = _core.canonical_activation(text)
        base, _, rest = canonical.partition("(")
        default = activation_info(base)["parameter"]
        return Activation(base, float(rest[:-1]) if rest else default)

    def __str__(self) -> str:
        if self.parameter is None:
            return self.name
        return _core.canonical_activation(f"{self.name}({self.parameter!r})")


@dataclass(frozen=True)
class PlainLayer:
    """``activation(weight @ a + bias)``: weight (n_out, n_in), bias (n_out,)."""

    weight: Array
    bias: Array | None
    activation: Activation


@dataclass(frozen=True)
class PlainNetwork:
    """The layers 1..L and what comes before and after them.

    ``standardizer`` may be None; else inputs are ``(x - mean) / scale``, and outputs
    ``target_mean + target_scale * a``, where it has those of the targets. ``dropout``
    has a rate for each of the layers 0..L-1, or is a number for the hidden ones; it and
    ``input_noise`` are felt in training alone.
    """

    layers: tuple[PlainLayer, ...]
    dtype: np.dtype[Any]
    loss: str | None = None
    standardizer: Standardizer | None = None
    dropout: float | tuple[float, ...] = 0.0
    input_noise: float = 0.0

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of the layers 0..L."""
        return (
            self.layers[0].weight.shape[1],
            *(layer.weight.shape[0] for layer in self.layers),
        )


def plain(net: NetworkBase) -> PlainNetwork:
    """C-ordered copies of the network's parameters, as they are at this moment.

    Raises
    ------
    ValueError
        If the network was made with ``standardize=True`` and has not learned yet.
    RuntimeError
        If another thread is training the network.
    """
    with net._engine.reading():  # all of one moment: a fit begins after it
        if net._architecture.standardize and net.standardizer is None:
            raise ValueError(
                "this network was made with standardize=True and has not learned mean "
                "and scale yet: fit it first, or set net.standardizer"
            )
        layers = tuple(
            PlainLayer(
                np.array(layer.weight, order="C"),
                None if layer.bias is None else layer.bias.copy(),
                Activation.parse(layer.activation),
            )
            for layer in net.layers
            if isinstance(layer, Layer)
        )
        return PlainNetwork(
            layers, net.dtype, net.loss, net.standardizer, net.dropout, net.input_noise
        )


def network(made: PlainNetwork, *, seed: int | None = 0) -> Network:
    """The network that computes what `made` describes.

    Raises
    ------
    ValueError
        If the layers do not fit together, a number is not finite, or the loss does not
        go with the output.
    """
    from fcnn.network import Network

    _check_chain(made.layers)
    net = Network(
        made.sizes,
        [str(layer.activation) for layer in made.layers[:-1]],
        str(made.layers[-1].activation),
        loss=made.loss,
        bias=[layer.bias is not None for layer in made.layers],
        init="zeros",
        dropout=made.dropout,
        input_noise=made.input_noise,
        standardize=made.standardizer is not None,
        dtype=made.dtype,
        seed=seed,
    )
    for view, layer in zip(list(net.layers)[1:], made.layers, strict=True):
        view.weight = layer.weight
        if layer.bias is not None:
            view.bias = layer.bias
    if made.standardizer is not None:
        net.standardizer = made.standardizer
    return net


def _check_chain(layers: Sequence[PlainLayer]) -> None:
    if not layers:
        raise ValueError("there is no layer")
    for l, layer in enumerate(layers, start=1):
        if layer.weight.ndim != 2:
            raise ValueError(
                f"the weight of layer {l} must have 2 dimensions, not shape "
                f"{layer.weight.shape}"
            )
        n_out, n_in = layer.weight.shape
        if l > 1 and n_in != layers[l - 2].weight.shape[0]:
            raise ValueError(
                f"layer {l} takes {n_in} inputs, but layer {l - 1} has "
                f"{layers[l - 2].weight.shape[0]} outputs"
            )
        if layer.bias is not None and layer.bias.shape != (n_out,):
            raise ValueError(
                f"the bias of layer {l} must have shape ({n_out},), not "
                f"{layer.bias.shape}"
            )
        for name, array in (("weight", layer.weight), ("bias", layer.bias)):
            if array is not None and not np.isfinite(array).all():
                raise ValueError(f"the {name} of layer {l} must be finite")
