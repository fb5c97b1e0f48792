"""Keras models in memory, of Keras 3 or 2, by what they say of themselves."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from fcnn.formats import keras_layers
from fcnn.formats.keras_graph import MODELS, ROOTS, Entry
from fcnn.network import Network


def network(model: Any, output: str | None, loss: str | None) -> Network:
    """The network of a model."""
    kinds: list[Any] = [c for c in type(model).__mro__ if c.__name__ in MODELS]
    if (
        not kinds
        or type(model).call is not kinds[0].call
        or kinds[0].__name__ == "Model"
    ):
        raise ValueError(
            f"the model is of the class {type(model).__name__}, whose call cannot be "
            "known: understood are Sequential, and functional models of a single chain"
        )

    def weights(entry: Entry) -> Sequence[Any]:
        layer = model
        for name in entry.names:
            layer = layer.get_layer(name)
        _refuse_custom(entry, layer)
        values: Sequence[Any] = layer.get_weights()
        return values

    return keras_layers.network(
        kinds[0].__name__, model.get_config(), _version(kinds[0]), weights, output, loss
    )


def _refuse_custom(entry: Entry, layer: Any) -> None:
    """A function of the user's may have the name of one of Keras's."""
    activation = getattr(layer, "activation", None)
    module = getattr(activation, "__module__", None) or type(activation).__module__
    if activation is not None and module.partition(".")[0] not in ROOTS:
        raise ValueError(
            f"{entry.where} has an activation of {module}, that is not Keras's own"
        )


def _version(cls: type) -> int:
    """Keras's major version: tf.keras within TensorFlow is 2."""
    root = cls.__module__.partition(".")[0]
    if root == "tensorflow":
        return 2
    return int(str(sys.modules[root].__version__).partition(".")[0])
