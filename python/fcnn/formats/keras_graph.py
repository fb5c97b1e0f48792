"""A Keras model's layers in the order in which they compute, from its config.

The config is what ``model.get_config()`` gives and files hold as JSON: the layers, each
with its class name and own config, and in a functional model where each layer's input
comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from fcnn import _checks

MODELS = ("Sequential", "Functional", "Model")  # Model: a functional one in Keras 2
ROOTS = ("keras", "tf_keras", "tensorflow")


class Entry(NamedTuple):
    """One layer that is no model itself."""

    kind: str  # the name of its class
    config: dict[str, Any]
    names: tuple[str, ...]  # its own, after those of the models that it is in
    groups: tuple[str, ...]  # the same as Keras 3's weight files count them: dense_1

    @property
    def where(self) -> str:
        """How errors speak of it."""
        return f"layer {'/'.join(self.names)!r}"


def entries(
    kind: str,
    config: Any,
    names: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
) -> Iterator[Entry]:
    """The layers of a model of that class, those of models within it among them."""
    if kind not in MODELS:
        raise ValueError(
            f"the model is of the class {kind}, whose call cannot be known: understood "
            "are Sequential, and functional models of a single chain"
        )
    layers = config if isinstance(config, list) else config["layers"]
    counted = _counted([layer["class_name"] for layer in layers])
    order = range(len(layers)) if kind == "Sequential" else _chain(config)
    for i in order:
        layer = layers[i]
        child = str(layer["class_name"])
        of_layer = layer["config"]
        name = of_layer["name"] if isinstance(of_layer, dict) else f"{child}_{i}"
        where = (*names, str(name)), (*groups, counted[i])
        refuse_custom(f"layer {'/'.join(where[0])!r}", layer)
        if child in MODELS:
            yield from entries(child, of_layer, *where)
        else:
            yield Entry(child, dict(of_layer), *where)


def _counted(kinds: list[str]) -> list[str]:
    """dense, dense_1, ...: the class's name, with how many there were before."""
    seen: dict[str, int] = {}
    names = []
    for kind in kinds:
        name = _snake_case(str(kind))
        number = seen[name] = seen.get(name, -1) + 1
        names.append(f"{name}_{number}" if number else name)
    return names


def _snake_case(name: str) -> str:
    """LeakyReLU as leaky_re_lu, as Keras does it."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def refuse_custom(where: str, layer: dict[str, Any]) -> None:
    """A class of the user's may have the name of one of Keras's.

    Keras's own are not registered; those of a script are, and have no module.
    """
    module, registered = layer.get("module"), layer.get("registered_name")
    own = module is None or str(module).partition(".")[0] in ROOTS
    # Keras gives its Functional, which is in no public module, a name of itself
    if module is not None and own and layer["class_name"] in MODELS:
        registered = None
    if registered is not None or not own:
        raise ValueError(
            f"{where} is of the class {layer['class_name']} of "
            f"{module or 'the user'}, not of Keras"
        )


def _chain(config: dict[str, Any]) -> list[int]:
    """The places of a functional model's layers, from its input to its output."""
    place = {layer["name"]: i for i, layer in enumerate(config["layers"])}
    sources = {name: _source(config["layers"][i]) for name, i in place.items()}
    for end in ("input_layers", "output_layers"):
        if len(_ends(config[end])) != 1:
            raise ValueError(f"the model has {len(_ends(config[end]))} {end}, not one")
    order: list[int] = []
    name: str | None = _ends(config["output_layers"])[0]
    while name is not None and len(order) <= len(place):
        order.append(place[name])
        name = sources[name]
    first = _ends(config["input_layers"])[0]
    if len(order) != len(place) or order[-1] != place[first]:
        raise ValueError("the model is not a single chain of layers")
    return order[::-1]


def _ends(layers: Any) -> list[str]:
    """The names in ["dense", 0, 0], or in a list of such."""
    return [layers[0]] if isinstance(layers[0], str) else [end[0] for end in layers]


def _source(layer: dict[str, Any]) -> str | None:
    """The layer that this one takes its input from; None: it is an input."""
    where, nodes = f"layer {layer['name']!r}", layer["inbound_nodes"]
    if not nodes:
        return None
    if len(nodes) > 1:
        raise ValueError(f"{where} is used {len(nodes)} times: not a single chain")
    node = nodes[0]
    if isinstance(node, dict):  # Keras 3
        tensors = list(_tensors(where, node["args"]))
        options = node["kwargs"]
    else:
        tensors, options = node, {k: v for t in node for k, v in t[3].items()}
    given = [k for k, v in options.items() if v is not None and v is not False]
    if given:
        raise ValueError(f"{where} is called with {', '.join(map(str, given))}")
    if len(tensors) != 1:
        raise ValueError(
            f"{where} ({layer['class_name']}) takes {len(tensors)} inputs: a fully "
            "connected network is a single chain"
        )
    return str(tensors[0][0])


def _tensors(where: str, value: Any) -> Iterator[Any]:
    """The history (layer, node, tensor) of each tensor in a call's arguments."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        yield value["config"]["keras_history"]
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(where, item)
    else:
        raise ValueError(f"{where} is called with {_checks.shown(value)}")
