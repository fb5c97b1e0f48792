"""The layers of a network: views on theta, numbered as in the formulas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

import numpy as np

from fcnn import _data
from fcnn._architecture import Architecture, LayerParameters
from fcnn._types import Array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def assign(what: str, target: Array, value: ArrayLike) -> None:
    """Copies `value` into a view on theta, once shape, dtype and range are checked."""
    array = _data.real_array(what, value)
    if array.shape != target.shape:
        raise ValueError(f"{what} must have shape {target.shape}, not {array.shape}")
    with np.errstate(over="ignore"):  # to infinity, which is refused below
        converted = array.astype(target.dtype)
    lost = np.isinf(converted)
    if lost.any() and np.isfinite(array[lost]).any():
        raise ValueError(f"{what} has numbers beyond {target.dtype}")
    target[...] = converted


class Layer:
    """One layer l of 1..L: what it computes is ``activation(W a[l-1] + b)``.

    Attributes
    ----------
    size : int
        n_l, the number of its nodes.
    activation : str
        The name of its activation.

    Examples
    --------
    >>> import fcnn
    >>> layer = fcnn.Network([3, 2], "relu", seed=0).layers[1]
    >>> layer.weight.shape, layer.bias.shape
    ((2, 3), (2,))
    >>> layer.bias = [1.0, 2.0]
    >>> float(layer.bias[1])
    2.0
    """

    def __init__(
        self, number: int, size: int, activation: str, parameters: LayerParameters
    ) -> None:
        self.number = number
        self.size = size
        self.activation = activation
        self._parameters = parameters

    @property
    def weight(self) -> Array:
        """W[l], (n_l, n_{l-1}): ``weight[k, j]`` is from node j to node k.

        A writable view: a write takes effect at once. Assigning copies the values in.
        """
        return self._parameters.weight

    @weight.setter
    def weight(self, value: ArrayLike) -> None:
        assign(f"layers[{self.number}].weight", self._parameters.weight, value)

    @property
    def bias(self) -> Array | None:
        """b[l], (n_l,), or None where the layer has none; a writable view like weight.

        Assigning to a layer without bias anything but None is an AttributeError.
        """
        return self._parameters.bias

    @bias.setter
    def bias(self, value: ArrayLike | None) -> None:
        what = f"layers[{self.number}]"
        if self._parameters.bias is None:
            if value is not None:
                raise AttributeError(f"{what} was made without a bias")
        elif value is None:
            raise TypeError(f"{what} has a bias: assign zeros to switch it off")
        else:
            assign(f"{what}.bias", self._parameters.bias, value)

    def __repr__(self) -> str:
        n_out, n_in = self.weight.shape
        bias = "" if self.bias is not None else ", without bias"
        return f"<layer {self.number}: {n_in} -> {n_out}, {self.activation}{bias}>"


class InputLayer:
    """Layer 0: the input. It has a size, and neither weights nor an activation."""

    number = 0
    activation = None

    def __init__(self, size: int) -> None:
        self.size = size

    @property
    def weight(self) -> Array:
        """An AttributeError: the weights W[1] into layer 1 are ``layers[1].weight``."""
        raise AttributeError(_NO_PARAMETERS.format("weight"))

    @weight.setter
    def weight(self, value: object) -> None:  # noqa: ARG002
        raise AttributeError(_NO_PARAMETERS.format("weight"))

    @property
    def bias(self) -> Array:
        """An AttributeError: the biases b[1] of layer 1 are ``layers[1].bias``."""
        raise AttributeError(_NO_PARAMETERS.format("bias"))

    @bias.setter
    def bias(self, value: object) -> None:  # noqa: ARG002
        raise AttributeError(_NO_PARAMETERS.format("bias"))

    def __repr__(self) -> str:
        return f"<layer 0: the input, {self.size}>"


_NO_PARAMETERS = (
    "layers[0] is the input and has no {0}; the first layer's is layers[1].{0}"
)


class Layers(Sequence["InputLayer | Layer"]):
    """The layers 0..L of a network; ``layers[0]`` is the input, ``[-1]`` the output."""

    def __init__(self, architecture: Architecture, theta: Array) -> None:
        self._layers: list[InputLayer | Layer] = [InputLayer(architecture.sizes[0])]
        for l, (size, name, parameters) in enumerate(
            zip(
                architecture.sizes[1:],
                architecture.activations,
                architecture.unflatten(theta),
                strict=True,
            ),
            start=1,
        ):
            self._layers.append(Layer(l, size, name, parameters))

    @overload
    def __getitem__(self, l: int) -> InputLayer | Layer: ...
    @overload
    def __getitem__(self, l: slice) -> list[InputLayer | Layer]: ...
    def __getitem__(
        self, l: int | slice
    ) -> InputLayer | Layer | list[InputLayer | Layer]:
        try:
            return self._layers[l]
        except IndexError:
            raise IndexError(
                f"layers has the indices 0..{len(self) - 1}, not {l}"
            ) from None

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[InputLayer | Layer]:
        return iter(self._layers)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._layers))
