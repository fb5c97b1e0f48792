"""What a C file of a network consists of: constants, buffers, tiles, functions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fcnn import _core
from fcnn._types import Array
from fcnn.formats.c_numbers import C_TYPES
from fcnn.formats.plain import PlainNetwork

_TILE_BYTES = 64  # of receiving nodes: half the registers of a small FPU, a cache line


def class_outputs() -> frozenset[str]:
    """The outputs that may be trained by cross-entropy: those of classifiers."""
    losses = {loss["name"]: loss for loss in _core.losses()}
    return frozenset(losses["cross_entropy"]["outputs"] or ())


@dataclass(frozen=True)
class Program:
    """A network and the prefix of every name in its file."""

    network: PlainNetwork
    name: str

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of weights, inputs and outputs."""
        return self.network.dtype

    @property
    def c_type(self) -> str:
        """The dtype's name in C."""
        return C_TYPES[self.dtype.name]

    @property
    def n_layers(self) -> int:
        """L."""
        return len(self.network.layers)

    @property
    def n_in(self) -> int:
        """The size of layer 0."""
        return self.network.sizes[0]

    @property
    def n_out(self) -> int:
        """The size of layer L."""
        return self.network.sizes[-1]

    @cached_property
    def constants(self) -> dict[str, Array]:
        """The constant arrays by their names without prefix, in the file's order."""
        arrays: dict[str, Array] = {}
        standardizer = self.network.standardizer
        if standardizer is not None:
            arrays["mean"] = standardizer.mean
            arrays["factor"] = 1.0 / standardizer.scale
        for l, layer in enumerate(self.network.layers, start=1):
            arrays[f"W{l}"] = layer.weight.T  # [j][k]
            if layer.bias is not None:
                arrays[f"b{l}"] = layer.bias
        for key in ("target_mean", "target_scale"):
            array = getattr(standardizer, key, None)  # of no standardizer too
            if array is not None:
                arrays[key] = array
        return arrays

    @property
    def flash(self) -> int:
        """Bytes of the constant arrays."""
        return sum(array.nbytes for array in self.constants.values())

    @cached_property
    def buffers(self) -> dict[str, int]:
        """The arrays that predict needs and their lengths.

        The activations of layer l lie in `even` or `odd`, as l is; those of the last
        layer in `out`, and x stays where it is unless it is standardized.
        """
        first = 1 if self.network.standardizer is None else 0
        kept = dict(list(enumerate(self.network.sizes))[first : self.n_layers])
        lengths = {
            name: max((n for l, n in kept.items() if l % 2 == rest), default=0)
            for name, rest in (("even", 0), ("odd", 1))
        }
        return {name: n for name, n in lengths.items() if n > 0}

    def buffer(self, l: int) -> str:
        """Where the activations of layer l lie."""
        if l == self.n_layers:
            return "out"
        if l == 0 and self.network.standardizer is None:
            return "x"
        return "odd" if l % 2 else "even"

    @property
    def stack(self) -> int:
        """Bytes of predict's arrays."""
        return sum(self.buffers.values()) * self.dtype.itemsize

    @property
    def tile(self) -> int:
        """How many receiving nodes are summed at once."""
        return _TILE_BYTES // self.dtype.itemsize

    @property
    def tiles(self) -> list[int]:
        """The widths of the tiles that occur: the whole one, and what remains."""
        widths = {self.tile for n in self.network.sizes[1:] if n >= self.tile}
        widths |= {n % self.tile for n in self.network.sizes[1:]} - {0}
        return sorted(widths, reverse=True)

    @property
    def multiply_adds(self) -> int:
        """Of one call: the number of weights."""
        return sum(layer.weight.size for layer in self.network.layers)

    @property
    def parameters(self) -> int:
        """The number of weights and biases."""
        biases = (layer.bias for layer in self.network.layers)
        return self.multiply_adds + sum(b.size for b in biases if b is not None)

    @property
    def is_classifier(self) -> bool:
        """Whether the outputs may be those of classes."""
        return self.network.layers[-1].activation.name in class_outputs()

    @property
    def has_labels(self) -> bool:
        """Whether each output may be a yes or no of its own."""
        softmax = self.network.layers[-1].activation.name == "softmax"
        return self.is_classifier and not softmax and self.n_out > 1
