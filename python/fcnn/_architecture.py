"""Architecture: what a network is made of, but for its numbers; theta's layout."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fcnn import _checks, _core
from fcnn._types import Array


class LayerParameters(NamedTuple):
    """The weight (n_out, n_in) and the bias (n_out,) of one layer; bias may be None."""

    weight: Array
    bias: Array | None


@dataclass(frozen=True)
class Architecture:
    """Sizes of the layers 0..L; activations and biases of 1..L; dropout of 0..L-1."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    biases: tuple[bool, ...]
    dropout: tuple[float, ...]
    input_noise: float = 0.0
    standardize: bool = False

    def _layers(self) -> Iterator[tuple[int, int, bool]]:
        """n_in, n_out and whether there is a bias, of the layers 1..L."""
        return zip(self.sizes[:-1], self.sizes[1:], self.biases, strict=True)

    @property
    def n_parameters(self) -> int:
        """The length of theta."""
        return sum(n_out * (n_in + bias) for n_in, n_out, bias in self._layers())

    @property
    def has_noise(self) -> bool:
        """Whether training draws random numbers in every step."""
        return self.input_noise > 0.0 or any(self.dropout)

    @property
    def standardizes_targets(self) -> bool:
        """Whether targets are standardized with the inputs: those of a regression."""
        return self.standardize and self.activations[-1] == "identity"

    def unflatten(self, v: Array) -> list[LayerParameters]:
        """The views of the layers 1..L on a vector laid out like theta."""
        # theta holds, for each l, weight.T.ravel() and then the bias.
        views, end = [], 0
        for n_in, n_out, has_bias in self._layers():
            start, end = end, end + n_in * n_out
            weight, bias = v[start:end].reshape(n_in, n_out).T, None
            if has_bias:
                start, end = end, end + n_out
                bias = v[start:end]
            views.append(LayerParameters(weight, bias))
        return views

    def new_engine(self, dtype: np.dtype[Any]) -> _core.Network32 | _core.Network64:
        """A network of the core with every parameter zero."""
        engine = _core.Network32 if dtype == np.float32 else _core.Network64
        try:
            made = engine(list(self.sizes), list(self.activations), list(self.biases))
        except MemoryError:
            raise MemoryError(
                f"{self.n_parameters} parameters of {dtype} do not fit into memory"
            ) from None
        made.set_noise(list(self.dropout), self.input_noise)
        return made


def parse(
    sizes: Any,
    activation: Any,
    output: Any,
    bias: Any,
    dtype: np.dtype[Any],
    *,
    dropout: Any = 0.0,
    input_noise: Any = 0.0,
    standardize: Any = False,
) -> Architecture:
    """The architecture that `Network`'s arguments describe."""
    numbers = _parse_sizes(sizes)
    n_layers = len(numbers) - 1
    hidden = per_layer("activation", activation, n_layers - 1, "hidden layer", (str,))
    names = tuple(
        _canonical(f"activation of layer {l}", name, hidden=True)
        for l, name in enumerate(hidden, start=1)
    )
    if isinstance(activation, str):
        _canonical("activation", activation, hidden=True)
    flags = per_layer("bias", bias, n_layers, "layer 1..L", (bool, np.bool_))
    architecture = Architecture(
        sizes=numbers,
        activations=(*names, _canonical("output", output, hidden=False)),
        biases=tuple(_checks.flag("bias", value) for value in flags),
        dropout=_parse_dropout(dropout, n_layers),
        input_noise=_checks.non_negative("input_noise", input_noise),
        standardize=_checks.flag("standardize", standardize),
    )
    if architecture.n_parameters * dtype.itemsize > np.iinfo(np.intp).max:
        raise ValueError(
            f"sizes {_checks.shown(list(numbers))} give {architecture.n_parameters} "
            "parameters: more than can be addressed"
        )
    return architecture


def per_layer(
    name: str, value: Any, count: int, what: str, single: tuple[type, ...]
) -> list[Any]:
    """One value for each of `count` layers: a `single` serves all of them."""
    if value is None or isinstance(value, single):
        return [value] * count
    if isinstance(value, (str, bytes)) or not _is_sequence(value):
        kinds = " or ".join(kind.__name__ for kind in single if kind is not np.bool_)
        raise TypeError(
            f"{name} must be a {kinds}, or a sequence of them, not "
            f"{_checks.shown(value)}"
        )
    entries = list(value)
    if len(entries) != count:
        raise ValueError(
            f"{name} must have one entry for each {what}: {count}, not {len(entries)}"
        )
    return entries


def parse_dtype(dtype: Any) -> np.dtype[Any]:
    """float32 or float64."""
    try:
        result: np.dtype[Any] | None = None if dtype is None else np.dtype(dtype)
    except TypeError:
        result = None
    if result is None or result not in (np.dtype("float32"), np.dtype("float64")):
        raise ValueError(
            f"dtype must be 'float32' or 'float64', not {_checks.shown(dtype)}"
        )
    return result


def parse_seed(seed: Any) -> int:
    """The seed given, or one drawn from the system: short, as a person types it."""
    if seed is None:
        return int.from_bytes(os.urandom(4), "little")
    return _checks.seed("seed", seed)


def activation_info(name: str) -> _core.ActivationInfo:
    """What the core lists of the activation, whatever its parameter."""
    base = name.split("(", maxsplit=1)[0]
    return next(info for info in _core.activations() if info["name"] == base)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) or (
        isinstance(value, np.ndarray) and value.ndim > 0
    )


def _parse_sizes(sizes: Any) -> tuple[int, ...]:
    if isinstance(sizes, (str, bytes)) or not _is_sequence(sizes):
        raise TypeError(
            "sizes must be a sequence of integers, [n_in, ..., n_out], not "
            f"{_checks.shown(sizes)}"
        )
    sizes = list(sizes)
    if len(sizes) < 2:
        raise ValueError(
            "sizes must have at least two entries, [n_in, ..., n_out], not "
            f"{_checks.shown(sizes)}"
        )
    return tuple(_checks.integer(f"sizes[{l}]", n, 1) for l, n in enumerate(sizes))


def _parse_dropout(dropout: Any, n_layers: int) -> tuple[float, ...]:
    """A rate for each of the layers 0..L-1; one number is for the hidden ones."""
    if isinstance(dropout, (Sequence, np.ndarray)) and np.ndim(dropout) != 0:
        rates = per_layer("dropout", dropout, n_layers, "layer 0..L-1", (float,))
        return tuple(
            _checks.fraction(f"dropout of layer {l}", rate)
            for l, rate in enumerate(rates)
        )
    rate = _checks.fraction("dropout", dropout)
    return (0.0, *[rate] * (n_layers - 1))


def _canonical(what: str, name: Any, *, hidden: bool) -> str:
    canonical = _core.canonical_activation(_checks.text(what, name))
    if hidden and activation_info(canonical)["output_only"]:
        raise ValueError(f"{what} is {canonical!r}, which is for the output only")
    return canonical
