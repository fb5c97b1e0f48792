"""ONNX operators that may stand in an activation, on `onnx_algebra`'s expressions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fcnn.formats import onnx_activations as forms
from fcnn.formats.onnx_functions import (
    FUNCTIONS,
    above_zero,
    below_zero,
    reciprocal,
    symmetric_clip,
)
from fcnn.formats.onnx_polynomials import (
    MAX_POWER,
    MAX_TERMS,
    ONE,
    NotKnown,
    Poly,
    add,
    close,
    constant,
    leading,
    minus,
    multiply,
    ratio,
    same,
    scale,
)

if TYPE_CHECKING:
    from fcnn.formats.onnx_algebra import Algebra

_LINEAR_FROM = 15.0  # softplus(z) - z is then below float32's precision


def _max(o: Algebra, p: Poly, q: Poly) -> Poly:
    if p.keys() <= {ONE}:
        p, q = q, p
    if q.keys() <= {ONE}:
        low = q.get(ONE, 0.0)
        for function, sign in (("min", 1.0), ("max", -1.0)):  # max(min(v, h), low)
            found = o.only(p, function)
            if found is not None and found[0] * sign > 0.0:
                c, atom, h = found
                return _clip(o, add(scale(atom.argument, c), constant(h)), low, h)
        return add(above_zero(o, add(p, constant(-low))), constant(low))
    slope = ratio(q, p)  # max(p, slope p)
    if slope > 1.0:
        p, slope = q, 1.0 / slope
    return add(above_zero(o, p), scale(below_zero(o, p), slope))


def _min(o: Algebra, p: Poly, q: Poly) -> Poly:
    return scale(_max(o, scale(p, -1.0), scale(q, -1.0)), -1.0)


def _clip(o: Algebra, p: Poly, low: Any = -math.inf, high: Any = math.inf) -> Poly:
    low, high = _number(low), _number(high)
    if low == -math.inf and high == math.inf:
        return p
    if high == math.inf:
        return _max(o, p, constant(low))
    if low == -math.inf:
        return _min(o, p, constant(high))
    if not low < high:
        raise NotKnown
    middle, bound = constant((low + high) / 2.0), (high - low) / 2.0
    return add(symmetric_clip(o, add(p, scale(middle, -1.0)), bound), middle)


def _number(p: Any) -> float:
    if isinstance(p, float):
        return p
    if not p.keys() <= {ONE}:
        raise NotKnown
    return float(p.get(ONE, 0.0))


def _power(_: Algebra, p: Poly, exponent: Poly) -> Poly:
    n = _number(exponent)
    if not n.is_integer() or not 1 <= n <= MAX_POWER:
        raise NotKnown
    made = p
    for _i in range(int(n) - 1):
        made = multiply(made, p)
    return made


def _hard_sigmoid(o: Algebra, p: Poly, alpha: float = 0.2, beta: float = 0.5) -> Poly:
    return _clip(o, add(scale(p, alpha), constant(beta)), 0.0, 1.0)


def _elu(o: Algebra, p: Poly, alpha: float = 1.0) -> Poly:
    made: Poly = forms.elu(o, p, alpha)
    return made


def _selu(
    o: Algebra,
    p: Poly,
    alpha: float = 1.67326319217681884765625,  # ONNX's defaults, in float32
    gamma: float = 1.05070102214813232421875,
) -> Poly:
    return scale(_elu(o, p, alpha), gamma)


def _celu(o: Algebra, p: Poly, alpha: float = 1.0) -> Poly:
    if alpha <= 0.0:
        raise NotKnown
    return scale(_elu(o, scale(p, 1.0 / alpha)), alpha)


def _gelu(o: Algebra, p: Poly, approximate: str = "none") -> Poly:
    if approximate not in {"none", "tanh"}:
        raise NotKnown
    made: Poly = (forms.gelu if approximate == "none" else forms.gelu_tanh)(o, p)
    return made


def _unsqueeze(_: Algebra, p: Poly, axes: Any) -> list[Poly]:
    """(n, k) as (n, k, 1): a list of one expression."""
    if [int(axis) for axis in axes] not in ([2], [-1]):
        raise NotKnown
    return [p]


def _product(_: Algebra, p: Any, q: Any) -> Any:
    """p q; of (n, k, 1) and m numbers (n, k, m), a list of m expressions."""
    for one, numbers in ((p, q), (q, p)):
        if isinstance(one, list):
            if len(one) != 1 or isinstance(numbers, list) or len(numbers) > MAX_TERMS:
                raise NotKnown
            if isinstance(numbers, dict):
                raise NotKnown
            return [scale(one[0], float(c)) for c in numbers]
    if not (isinstance(p, dict) and isinstance(q, dict)):
        raise NotKnown
    return multiply(p, q)


def _dot(_: Algebra, p: Any, c: Any) -> Poly:
    """(n, k, m) times m numbers: the sum of m expressions."""
    if not isinstance(p, list) or len(p) != len(c):
        raise NotKnown
    total: Poly = {}
    for q, factor in zip(p, c, strict=True):
        total = add(total, scale(q, float(factor)))
    return total


def _sines(o: Algebra, p: Any) -> Any:
    sine = FUNCTIONS["sin"]
    if isinstance(p, list):
        return [sine(o, q, 0.0) for q in p]
    return sine(o, p, 0.0)


def _where(o: Algebra, condition: Poly, a: Poly, b: Poly) -> Poly:
    """The functions of two pieces that libraries write so."""
    found = o.only(condition, "positive")
    if found is None or (found[0], found[2]) != (1.0, 0.0):
        raise NotKnown
    u = found[1].argument
    if leading(u) < 0.0:
        u, a, b = scale(u, -1.0), b, a
    soft = o.only(b, "softplus")
    if soft is not None and soft[2] == 0.0:  # PyTorch's: v itself for v > 20
        v = soft[1].argument
        limit = add(v, scale(u, -leading(v)))
        if leading(v) < 0.0 or not same(a, scale(v, soft[0])):
            raise NotKnown
        if _number(limit) < _LINEAR_FROM:
            raise NotKnown
        return b
    above = scale(above_zero(o, u), ratio(a, u) if a else 0.0)
    exp = o.only(b, "exp")
    if exp is not None and close(exp[0], -exp[2]) and same(exp[1].argument, u):  # elu
        return add(above, forms.elu_rest(o, u, exp[0]))
    return add(above, scale(below_zero(o, u), ratio(b, u) if b else 0.0))


def _of(function: str) -> Callable[..., Poly]:
    return lambda o, p: FUNCTIONS[function](o, p, 0.0)


# Every operator that may stand in an activation, by its name in the default domain.
OPERATORS: dict[str, Callable[..., Any]] = {
    "Abs": lambda o, p: add(above_zero(o, p), scale(below_zero(o, p), -1.0)),
    "Add": lambda _, p, q: add(p, q),
    "Celu": _celu,
    "Clip": _clip,
    "Div": lambda o, p, q: multiply(p, reciprocal(o, q)),
    "Elu": _elu,
    "Erf": _of("erf"),
    "Exp": _of("exp"),
    "Gelu": _gelu,
    "Greater": lambda o, p, q: FUNCTIONS["positive"](o, minus(p, q), 0.0),
    "GreaterOrEqual": lambda o, p, q: FUNCTIONS["positive"](o, minus(p, q), 0.0),
    "HardSigmoid": _hard_sigmoid,
    "LeakyRelu": lambda o, p, alpha=0.01: forms.leaky_relu(o, p, alpha),
    "Less": lambda o, p, q: FUNCTIONS["positive"](o, minus(q, p), 0.0),
    "LessOrEqual": lambda o, p, q: FUNCTIONS["positive"](o, minus(q, p), 0.0),
    "Log": _of("log"),
    "MatMul": _dot,
    "Max": _max,
    "Min": _min,
    "Mish": forms.mish,
    "Mul": _product,
    "Neg": lambda _, p: scale(p, -1.0),
    "PRelu": lambda o, p, slope: forms.leaky_relu(o, p, _number(slope)),
    "Pow": _power,
    "Reciprocal": _of("reciprocal"),
    "Relu": _of("max"),
    "Selu": _selu,
    "Sigmoid": _of("sigmoid"),
    "Sin": _sines,
    "Softmax": lambda o, p, axis=-1: FUNCTIONS["softmax"](o, p, 0.0),  # noqa: ARG005
    "Softplus": _of("softplus"),
    "Softsign": forms.softsign,
    "Sub": lambda _, p, q: minus(p, q),
    "Swish": lambda o, p, alpha=1.0: multiply(
        p, FUNCTIONS["sigmoid"](o, scale(p, alpha), 0.0)
    ),
    "Tanh": _of("tanh"),
    "Unsqueeze": _unsqueeze,
    "Where": _where,
}
