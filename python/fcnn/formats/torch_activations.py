"""The activations as PyTorch writes them: one table for both directions.

PyTorch's functions (``torch.nn.functional.elu``) take the arguments of its modules
(``torch.nn.ELU``) under the same names and in the same order: a row describes both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fcnn.formats.plain import Activation


class Argument(NamedTuple):
    """One of a module's or function's: PyTorch's default, and what fcnn makes of it."""

    default: Any
    accepts: Callable[[Any], bool]
    written: Any  # by to_torch; None: the activation's parameter


class Row(NamedTuple):
    """A class of torch.nn (or of fcnn's torch_modules), and functions of that meaning.

    The functions are those of torch.nn.functional, of torch and of a tensor.
    """

    module: str
    function: str | None = None
    arguments: Mapping[str, Argument] = {}

    @property
    def parameter(self) -> str | None:
        """The name of the argument that is the activation's parameter."""
        names = [name for name, a in self.arguments.items() if a.written is None]
        return names[0] if names else None


def _only(value: Any) -> Argument:
    return Argument(value, lambda given: bool(given == value), value)


def _parameter(default: float | None) -> Argument:
    return Argument(default, lambda given: isinstance(given, (int, float)), None)


# PyTorch takes z for log(1 + e^z) beyond the threshold: 2e-9 off at its default of 20,
# and at 40 nothing in float64.
_THRESHOLD = Argument(20.0, lambda given: bool(given >= 20.0), 40.0)
_DIM = Argument(None, lambda given: given in (None, 1, -1), -1)  # None: 1, of (n, K)
_TANH = Argument("none", lambda given: bool(given == "tanh"), "tanh")

TABLE: dict[str, tuple[Row, ...]] = {
    "identity": (Row("Identity"),),
    "sigmoid": (Row("Sigmoid", "sigmoid"),),
    "tanh": (Row("Tanh", "tanh"),),
    "relu": (Row("ReLU", "relu"),),
    "leaky_relu": (
        Row("LeakyReLU", "leaky_relu", {"negative_slope": _parameter(0.01)}),
    ),
    "elu": (Row("ELU", "elu", {"alpha": _parameter(1.0)}),),
    "selu": (Row("SELU", "selu"),),
    "softplus": (
        Row("Softplus", "softplus", {"beta": _only(1.0), "threshold": _THRESHOLD}),
    ),
    "softsign": (Row("Softsign", "softsign"),),
    "gelu": (Row("GELU", "gelu", {"approximate": _only("none")}),),
    "gelu_tanh": (Row("GELU", "gelu", {"approximate": _TANH}),),
    "silu": (Row("SiLU", "silu"),),
    "mish": (Row("Mish", "mish"),),
    "hard_sigmoid": (
        Row("Hardsigmoid", "hardsigmoid"),
        Row("HardSigmoid", None, {"slope": _parameter(None)}),
    ),
    "hard_tanh": (
        Row("Hardtanh", "hardtanh", {"min_val": _only(-1.0), "max_val": _only(1.0)}),
    ),
    "exp": (Row("Exp", "exp"),),
    "softmax": (Row("Softmax", "softmax", {"dim": _DIM}),),
}
OWN_MODULES = ("Exp", "HardSigmoid")  # those of fcnn.formats.torch_modules

# What a look at the name does not say; anything else unknown is refused by its name.
HINTS = {
    "LogSoftmax": "its outputs are logarithms; leave it out, and give output='softmax' "
    "for the probabilities",
    "log_softmax": "its outputs are logarithms; leave it out, and give "
    "output='softmax' for the probabilities",
    "PReLU": "its slopes are learned, those of leaky_relu are not",
}


def written(activation: Activation) -> tuple[str, dict[str, Any]]:
    """The class of the module that computes it, and the arguments to make it with."""
    default = Activation.parse(activation.name).parameter
    for row in TABLE[activation.name]:
        if row.parameter is None and activation.parameter != default:
            continue
        values = {name: argument.written for name, argument in row.arguments.items()}
        if row.parameter is not None:
            values[row.parameter] = activation.parameter
        return row.module, values
    raise ValueError(f"PyTorch has no {activation}")


def rows(name: str) -> list[tuple[str, Row]]:
    """fcnn's names and the rows of the module class or function of that name."""
    return [
        (activation, row)
        for activation, of_activation in TABLE.items()
        for row in of_activation
        if name in (row.module, row.function)
    ]


def read(where: str, name: str, given: Mapping[str, Any]) -> Activation:
    """What the module class or function of that name, one of `rows`, computes.

    `given` are its arguments; those left out have PyTorch's defaults.
    """
    candidates = rows(name)
    for activation, row in candidates:
        values = {k: given.get(k, a.default) for k, a in row.arguments.items()}
        if all(a.accepts(values[k]) for k, a in row.arguments.items()):
            return _activation(where, activation, values, row.parameter)
    values = {k: given.get(k, a.default) for k, a in candidates[0][1].arguments.items()}
    shown = ", ".join(f"{k}={v!r}" for k, v in values.items())
    raise ValueError(f"{where} is {name}({shown}), of which fcnn has no equal")


def _activation(
    where: str, name: str, values: Mapping[str, Any], parameter: str | None
) -> Activation:
    if parameter is None:
        return Activation.parse(name)
    value = float(values[parameter])
    if name == "leaky_relu" and value == 0.0:
        return Activation.parse("relu")
    try:
        return Activation.parse(f"{name}({value!r})")
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
