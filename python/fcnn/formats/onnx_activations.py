"""The activations as ONNX operators: what is written, and what is known again.

A formula is called with a function that applies an operator, ``o("Erf", z)``, so that
the same lines write nodes (`onnx_writer`) and make the expression that nodes are
compared with (`onnx_algebra`). To add an activation: its forms in `FORMS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Apply = Callable[..., Any]  # o(operator, *inputs, **attributes); floats are constants
Formula = Callable[[Apply, Any, float], Any]  # (o, z, parameter) -> a

SELU_GAMMA = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717


class Form(NamedTuple):
    """One way to write an activation.

    ``since``: the opset that brought its operators. ``double``: ONNX Runtime has CPU
    kernels for all of them in float64.
    """

    formula: Formula
    since: int = 13
    double: bool = False


def _operator(name: str, *constants: float, **attributes: Any) -> Formula:
    return lambda o, z, _: o(name, z, *constants, **attributes)


def leaky_relu(o: Apply, z: Any, slope: float) -> Any:
    """max(z, 0) + slope min(z, 0)."""
    return o("Add", o("Relu", z), o("Mul", o("Min", z, 0.0), slope))


def elu_rest(o: Apply, z: Any, alpha: float) -> Any:
    """alpha (e^min(z, 0) - 1)."""
    return o("Mul", o("Sub", o("Exp", o("Min", z, 0.0)), 1.0), alpha)


def elu(o: Apply, z: Any, alpha: float) -> Any:
    """max(z, 0) + alpha (e^min(z, 0) - 1)."""
    return o("Add", o("Relu", z), elu_rest(o, z, alpha))


def selu(o: Apply, z: Any, _: float = 0.0) -> Any:
    """gamma elu(z), with selu's alpha."""
    return o("Mul", elu(o, z, SELU_ALPHA), SELU_GAMMA)


def softplus(o: Apply, z: Any, _: float = 0.0) -> Any:
    """max(z, 0) + log(1 + e^-|z|)."""
    t = o("Exp", o("Neg", o("Abs", z)))
    return o("Add", o("Relu", z), o("Log", o("Add", t, 1.0)))


def softsign(o: Apply, z: Any, _: float = 0.0) -> Any:
    """z / (1 + |z|)."""
    return o("Div", z, o("Add", o("Abs", z), 1.0))


def gelu(o: Apply, z: Any, _: float = 0.0) -> Any:
    """z (1 + erf(z / sqrt(2))) / 2."""
    twice_phi = o("Add", o("Erf", o("Div", z, math.sqrt(2))), 1.0)
    return o("Mul", o("Mul", z, 0.5), twice_phi)


# Phi(z) = 1/2 + sum_i c_i sin(w_i z) for |z| <= 8.5, to 4e-16; beyond, to double
# precision, Phi is 0 or 1. The Fourier series of Phi's periodic continuation: N. C.
# Beaulieu, "A Simple Series for Personal Computer Computation of the Error Function
# Q(.)", IEEE Trans. Commun. 37, 1989. ONNX Runtime has no Erf in float64.
_ODD = np.arange(1, 48, 2)
_PHI_BOUND = 8.5
_PHI_W = 2 * math.pi / 36.0 * _ODD
_PHI_C = 2 / math.pi * np.exp(-(_PHI_W**2) / 2) / _ODD


def gelu_by_sines(o: Apply, z: Any, _: float = 0.0) -> Any:
    """z Phi(z), Phi as a sum of sines."""
    u = o("Clip", z, -_PHI_BOUND, _PHI_BOUND)
    sines = o("Sin", o("Mul", o("Unsqueeze", u, np.array([2])), _PHI_W))
    return o("Mul", z, o("Add", o("MatMul", sines, _PHI_C), 0.5))


def _gelu_tanh_inner(o: Apply, z: Any, factor: float) -> Any:
    cubic = o("Mul", o("Mul", z, o("Mul", z, z)), 0.044715)
    return o("Mul", o("Add", z, cubic), factor)


def gelu_tanh(o: Apply, z: Any, _: float = 0.0) -> Any:
    """z (1 + tanh(u)) / 2, u = sqrt(2 / pi) (z + 0.044715 z^3)."""
    u = _gelu_tanh_inner(o, z, math.sqrt(2 / math.pi))
    return o("Mul", o("Mul", z, 0.5), o("Add", o("Tanh", u), 1.0))


def gelu_tanh_by_sigmoid(o: Apply, z: Any, _: float = 0.0) -> Any:
    """The same as z / (1 + e^(-2 u)), where nothing cancels."""
    return o("Mul", z, o("Sigmoid", _gelu_tanh_inner(o, z, math.sqrt(8 / math.pi))))


def silu(o: Apply, z: Any, _: float = 0.0) -> Any:
    """z sigmoid(z)."""
    return o("Mul", z, o("Sigmoid", z))


def silu_in_double(o: Apply, z: Any, _: float = 0.0) -> Any:
    """z / (1 + e^-z): many ONNX Runtimes fuse z sigmoid(z) to what is float32 only."""
    return o("Div", z, o("Add", o("Exp", o("Neg", z)), 1.0))


def mish(o: Apply, z: Any, _: float = 0.0) -> Any:
    """z tanh(softplus(z))."""
    return o("Mul", z, o("Tanh", o("Softplus", z)))


def mish_in_double(o: Apply, z: Any, _: float = 0.0) -> Any:
    """The same with softplus written out."""
    return o("Mul", z, o("Tanh", softplus(o, z)))


def hard_sigmoid(o: Apply, z: Any, slope: float) -> Any:
    """Slope z + 1/2 cut to [0, 1]."""
    return o("Clip", o("Add", o("Mul", z, slope), 0.5), 0.0, 1.0)


# The writer takes the first that the opset and the dtype allow; the reader knows all.
FORMS: dict[str, tuple[Form, ...]] = {
    "identity": (Form(lambda o, z, _: z, double=True),),  # noqa: ARG005
    "sigmoid": (Form(_operator("Sigmoid"), double=True),),
    "tanh": (Form(_operator("Tanh"), double=True),),
    "relu": (Form(_operator("Relu"), double=True),),
    "leaky_relu": (
        Form(lambda o, z, slope: o("LeakyRelu", z, alpha=slope)),
        Form(leaky_relu, double=True),
    ),
    "elu": (
        Form(lambda o, z, alpha: o("Elu", z, alpha=alpha)),
        Form(elu, double=True),
    ),
    "selu": (
        Form(_operator("Selu", alpha=SELU_ALPHA, gamma=SELU_GAMMA)),
        Form(selu, double=True),
    ),
    "softplus": (Form(_operator("Softplus")), Form(softplus, double=True)),
    "softsign": (Form(_operator("Softsign")), Form(softsign, double=True)),
    "gelu": (
        Form(_operator("Gelu", approximate="none"), since=20),
        Form(gelu),
        Form(gelu_by_sines, double=True),
    ),
    "gelu_tanh": (
        Form(_operator("Gelu", approximate="tanh"), since=20),
        Form(gelu_tanh_by_sigmoid, double=True),
        Form(gelu_tanh, double=True),
    ),
    # not Swish (opset 24), of which ONNX Runtime 1.32 has no kernel at opset 25
    "silu": (Form(silu), Form(silu_in_double, double=True)),
    "mish": (
        Form(_operator("Mish"), since=18),
        Form(mish),
        Form(mish_in_double, double=True),
    ),
    "hard_sigmoid": (
        Form(lambda o, z, slope: o("HardSigmoid", z, alpha=slope, beta=0.5)),
        Form(hard_sigmoid, double=True),
    ),
    "hard_tanh": (Form(_operator("Clip", -1.0, 1.0), double=True),),
    "exp": (Form(_operator("Exp"), double=True),),
    "softmax": (Form(_operator("Softmax", axis=-1), double=True),),
}


def written(name: str, opset: int, dtype: np.dtype[Any]) -> Formula:
    """The form that stands in a model of the opset and dtype."""
    return next(
        form.formula
        for form in FORMS[name]
        if form.since <= opset and (form.double or dtype == np.float32)
    )
