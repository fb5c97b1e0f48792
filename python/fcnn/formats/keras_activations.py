"""The activations as Keras names them."""

from __future__ import annotations

from typing import Any

from fcnn.formats.plain import Activation

# fcnn's, with the parameter that Keras's name means, and Keras's names. gelu_tanh is
# gelu(approximate=True) there, which has no name.
TABLE: dict[str, tuple[str, ...]] = {
    "identity": ("linear",),
    "sigmoid": ("sigmoid",),
    "tanh": ("tanh",),
    "relu": ("relu",),
    "leaky_relu(0.2)": ("leaky_relu",),
    "elu": ("elu",),
    "selu": ("selu",),
    "softplus": ("softplus",),
    "softsign": ("softsign",),
    "gelu": ("gelu",),
    "gelu_tanh": (),
    "silu": ("silu", "swish"),
    "mish": ("mish",),
    "hard_sigmoid": ("hard_sigmoid",),
    "hard_tanh": ("hard_tanh",),
    "exp": ("exponential",),
    "softmax": ("softmax",),
}
_KERAS_2 = {"hard_sigmoid": "hard_sigmoid(0.2)"}
UNDERSTOOD = ", ".join(name for names in TABLE.values() for name in names)
LAYERS = ("ReLU", "LeakyReLU", "ELU", "Softmax")


def named(where: str, name: Any, version: int) -> Activation:
    """Of a function's name, as Keras of that major version means it."""
    for activation, names in TABLE.items():
        if name in names:
            meant = _KERAS_2.get(name, activation) if version < 3 else activation
            return Activation.parse(meant)
    raise ValueError(
        f"{where} has the activation {name!r}, which fcnn has not; understood are "
        f"{UNDERSTOOD}"
    )


def layer(where: str, kind: str, config: dict[str, Any]) -> Activation:
    """Of one of `LAYERS`."""
    if kind == "ReLU":
        if config.get("max_value") is not None or config.get("threshold"):
            raise ValueError(
                f"{where} is a ReLU with a max_value or a threshold, which fcnn has not"
            )
        return _with(where, "leaky_relu", config.get("negative_slope") or 0.0)
    if kind == "LeakyReLU":  # Keras 2 calls it alpha
        slope = config.get("negative_slope", config.get("alpha"))
        return _with(where, "leaky_relu", slope)
    if kind == "ELU":
        return _with(where, "elu", config["alpha"])
    if config["axis"] not in (-1, 1, [-1], [1], (-1,), (1,)):
        raise ValueError(f"{where} is a Softmax over the axis {config['axis']!r}")
    return Activation.parse("softmax")


def _with(where: str, name: str, parameter: Any) -> Activation:
    if name == "leaky_relu" and parameter == 0.0:
        return Activation.parse("relu")
    try:
        return Activation.parse(f"{name}({float(parameter)!r})")
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
