"""Keras's layers as the parts of a `Chain`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fcnn import _checks
from fcnn._types import Array
from fcnn.formats import keras_activations, keras_graph
from fcnn.formats.chain import Chain, a
from fcnn.formats.keras_graph import Entry
from fcnn.formats.weights import array, deviation
from fcnn.network import Network

Weights = Callable[[Entry], Sequence[Any]]
# How many arrays of weights are looked at: Normalization's third is a count.
_MOST = {"Dense": 3, "BatchNormalization": 5, "Normalization": 2}
_EPSILON = 1e-7  # keras.config.epsilon(), which files do not hold


def network(
    kind: str,
    config: Any,
    version: int,
    weights: Weights,
    output: str | None,
    loss: str | None,
) -> Network:
    """The network of a model's class name, config and weights."""
    entries = list(keras_graph.entries(kind, config))
    for entry in entries:
        if entry.kind not in (*_LAYERS, *keras_activations.LAYERS):
            raise ValueError(
                f"{entry.where} is {a(entry.kind)}, which a fully connected network "
                f"has no place for; understood are {UNDERSTOOD}"
            )
    held = {
        entry.names: [
            array(entry.where, w) for w in weights(entry)[: _MOST[entry.kind]]
        ]
        for entry in entries
        if entry.kind in _MOST
    }
    kernels = [held[e.names][0] for e in entries if e.kind == "Dense" and held[e.names]]
    if not kernels or kernels[0].ndim != 2:
        raise ValueError(
            "there is no Dense layer with weights in it: a model has them once it has "
            "an Input, or has been called"
        )
    walk = _Walk(_input_shape(entries, config, len(kernels[0])), version)
    for entry in entries:
        walk.add(entry, held.get(entry.names, []))
    if output is not None:
        walk.chain.activation("output", _checks.text("output", output))
    return walk.chain.network(np.result_type(*kernels), loss)


def _input_shape(entries: list[Entry], config: Any, n_in: int) -> tuple[int, ...]:
    """The shape of one input, without the batch: n_in numbers, as Dense takes them."""
    first = entries[0].config
    given = first.get("batch_shape", first.get("batch_input_shape"))
    if given is None and isinstance(config, dict):
        given = config.get("build_input_shape")
    if given is None:
        return (n_in,)
    shape = tuple(given[1:])
    if not all(type(n) is int for n in shape) or math.prod(shape) != n_in:
        raise ValueError(
            f"the model takes inputs of shape {shape}, but its first Dense layer "
            f"{n_in} numbers: it needs a Flatten before, of a shape that is known"
        )
    return shape


class _Walk:
    """Goes from layer to layer; `shape` is that of one sample."""

    def __init__(self, shape: tuple[int, ...], version: int) -> None:
        self.shape = shape
        self.version = version
        self.chain = Chain(math.prod(shape))

    def add(self, entry: Entry, weights: list[Array]) -> None:
        """One more layer."""
        if entry.kind in _LAYERS:
            _LAYERS[entry.kind](self, entry, weights)
        else:
            activation = keras_activations.layer(entry.where, entry.kind, entry.config)
            self._activation(entry.where, activation)

    def _activation(self, where: str, activation: Any) -> None:
        if activation.name == "softmax" and len(self.shape) != 1:
            raise ValueError(f"{where} is a softmax of inputs of shape {self.shape}")
        self.chain.activation(where, activation)

    def named(self, entry: Entry, _weights: list[Array]) -> None:
        """Activation, and what Dense has of it: a name, or a layer's config."""
        given = entry.config.get("activation")
        if given is None:
            return
        if isinstance(given, dict):
            kind = str(given.get("class_name"))
            if kind not in keras_activations.LAYERS:
                name = given.get("config") if kind == "function" else kind
                raise ValueError(
                    f"{entry.where} has the activation {_checks.shown(name)}, a "
                    "function that is not Keras's own"
                )
            keras_graph.refuse_custom(f"the activation of {entry.where}", given)
            activation = keras_activations.layer(entry.where, kind, given["config"])
        else:
            activation = keras_activations.named(entry.where, given, self.version)
        self._activation(entry.where, activation)

    def dense(self, entry: Entry, weights: list[Array]) -> None:
        where, expected = entry.where, 2 if entry.config["use_bias"] else 1
        _require(entry, weights, expected)
        if len(self.shape) != 1:
            raise ValueError(
                f"{where} gets inputs of shape {self.shape}: it needs a Flatten before"
            )
        self.chain.dense(where, weights[0].T, weights[1] if expected == 2 else None)
        self.shape = (self.chain.width,)
        self.named(entry, weights)

    def dropout(self, entry: Entry, _weights: list[Array]) -> None:
        if entry.config.get("noise_shape") is not None:
            raise ValueError(f"{entry.where} is a Dropout with a noise_shape")
        self.chain.dropout(entry.where, float(entry.config["rate"]))

    def noise(self, entry: Entry, _weights: list[Array]) -> None:
        self.chain.noise(entry.where, float(entry.config["stddev"]))

    def flatten(self, entry: Entry, _weights: list[Array]) -> None:
        if entry.config.get("data_format") == "channels_first" and len(self.shape) > 1:
            raise ValueError(f"{entry.where} is a Flatten of channels_first")
        self.shape = (self.chain.width,)

    def reshape(self, entry: Entry, _weights: list[Array]) -> None:
        target = [int(n) for n in entry.config["target_shape"]]
        rest = math.prod(n for n in target if n != -1)
        target = [self.chain.width // max(rest, 1) if n == -1 else n for n in target]
        if math.prod(target) != self.chain.width:
            raise ValueError(
                f"{entry.where} does not keep its {self.chain.width} inputs"
            )
        self.shape = tuple(target)

    def rescaling(self, entry: Entry, _weights: list[Array]) -> None:
        factor, shift = (
            self._spread(_numbers(entry.config[key]), [len(self.shape) - 1])
            for key in ("scale", "offset")
        )
        self.chain.affine(entry.where, factor, shift)

    def normalization(self, entry: Entry, weights: list[Array]) -> None:
        """(x - mean) / max(sqrt(variance), epsilon), and its inverse."""
        config = entry.config
        if config.get("mean") is not None:
            weights = [_numbers(config[key]) for key in ("mean", "variance")]
        else:
            _require(entry, weights, 2)
        axes = self._axes(config["axis"])
        mean, variance = (self._spread(w, axes) for w in weights[:2])
        scale = np.maximum(deviation(entry.where, variance, 0.0), _EPSILON)
        if config.get("invert"):
            self.chain.affine(entry.where, scale, mean)
        else:
            self.chain.normalize(entry.where, mean, scale)

    def batch_normalization(self, entry: Entry, weights: list[Array]) -> None:
        """gamma (x - mean) / sqrt(variance + epsilon) + beta."""
        config = entry.config
        _require(entry, weights, 2 + bool(config["scale"]) + bool(config["center"]))
        axes = self._axes(config["axis"])
        if axes != [len(self.shape) - 1]:
            raise ValueError(f"{entry.where} normalizes the axis {config['axis']!r}")
        *factors, mean, variance = (self._spread(w, axes) for w in weights)
        scale = deviation(entry.where, variance, float(config["epsilon"]))
        self.chain.normalize(entry.where, mean, scale)
        beta = factors.pop() if config["center"] else 0.0
        gamma = factors.pop() if config["scale"] else 1.0
        if config["center"] or config["scale"]:
            self.chain.affine(entry.where, gamma, beta)

    def _axes(self, axis: Any) -> list[int]:
        """Places in `shape`; Keras counts the batch too."""
        given = (
            axis if isinstance(axis, (list, tuple)) else [] if axis is None else [axis]
        )
        return sorted((n if n >= 0 else n + len(self.shape) + 1) - 1 for n in given)

    def _spread(self, values: Array, axes: list[int]) -> Array:
        """Numbers for those axes of `shape`, or a single one, for all of it."""
        values = np.asarray(values, dtype=np.float64)
        kept = tuple(n if i in axes else 1 for i, n in enumerate(self.shape))
        if values.size > 1:
            values = values.reshape(kept)
        return np.broadcast_to(values, self.shape).reshape(-1)

    def nothing(self, _entry: Entry, _weights: list[Array]) -> None:
        """InputLayer and Identity."""


def _require(entry: Entry, weights: list[Array], count: int) -> None:
    if len(weights) != count:
        raise ValueError(
            f"{entry.where} must have {count} arrays of weights, not {len(weights)}"
        )


def _numbers(value: Any) -> Array:
    """A number or list of a config, or what Keras writes for an array."""
    if isinstance(value, dict) and value.get("class_name") == "__numpy__":
        value = value["config"]["value"]
    return np.asarray(value, dtype=np.float64)


_LAYERS: dict[str, Callable[[_Walk, Entry, list[Array]], None]] = {
    "InputLayer": _Walk.nothing,
    "Identity": _Walk.nothing,
    "Dense": _Walk.dense,
    "Activation": _Walk.named,
    "Dropout": _Walk.dropout,
    "GaussianNoise": _Walk.noise,
    "Flatten": _Walk.flatten,
    "Reshape": _Walk.reshape,
    "Rescaling": _Walk.rescaling,
    "Normalization": _Walk.normalization,
    "BatchNormalization": _Walk.batch_normalization,
}
UNDERSTOOD = ", ".join([*_LAYERS, *keras_activations.LAYERS])
