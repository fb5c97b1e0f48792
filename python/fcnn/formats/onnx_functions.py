"""Functions of expressions in `onnx_algebra`'s normal form."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from fcnn.formats.onnx_polynomials import (
    ONE,
    Poly,
    close,
    constant,
    leading,
    scale,
)

if TYPE_CHECKING:
    from fcnn.formats.onnx_algebra import Algebra


def _odd(function: str) -> Callable[..., Poly]:
    def apply(o: Algebra, u: Poly, _: float = 0.0) -> Poly:
        sign = math.copysign(1.0, leading(u))
        return scale(o.atom(function, scale(u, sign)), sign)

    return apply


def _plain(function: str) -> Callable[..., Poly]:
    def apply(o: Algebra, u: Poly, _: float = 0.0) -> Poly:
        leading(u)  # a constant has been folded before
        return o.atom(function, u)

    return apply


def above_zero(o: Algebra, u: Poly, _: float = 0.0) -> Poly:
    """max(u, 0), the argument's leading coefficient 1."""
    c = leading(u)
    return scale(o.atom("max" if c > 0.0 else "min", scale(u, 1.0 / c)), c)


def below_zero(o: Algebra, u: Poly, _: float = 0.0) -> Poly:
    """min(u, 0)."""
    c = leading(u)
    return scale(o.atom("min" if c > 0.0 else "max", scale(u, 1.0 / c)), c)


def symmetric_clip(o: Algebra, u: Poly, bound: float) -> Poly:
    """u cut to [-bound, bound]."""
    c = leading(u)
    return scale(o.atom("clip", scale(u, 1.0 / c), bound / abs(c)), c)


def reciprocal(o: Algebra, u: Poly, _: float = 0.0) -> Poly:
    """1 / u; 1 / (1 + e^v) is sigmoid(-v)."""
    if u.keys() == {ONE}:
        return constant(1.0 / u[ONE])
    found = o.only(u, "exp")
    if found is not None and close(found[0], 1.0) and close(found[2], 1.0):
        return o.atom("sigmoid", scale(found[1].argument, -1.0))
    c = leading(u)
    return scale(o.atom("reciprocal", scale(u, 1.0 / c)), 1.0 / c)


def _log(o: Algebra, u: Poly, _: float = 0.0) -> Poly:
    """log u; log(1 + e^v) is softplus(v)."""
    found = o.only(u, "exp")
    if found is not None and close(found[0], 1.0) and close(found[2], 1.0):
        return o.atom("softplus", found[1].argument)
    return o.atom("log", u)


def _step(o: Algebra, u: Poly, _: float = 0.0) -> Poly:
    """1 where u > 0, else 0; where u is 0 either."""
    return o.atom("positive", scale(u, 1.0 / abs(leading(u))))


# Each makes (algebra, argument, bound) an expression in normal form.
FUNCTIONS: dict[str, Callable[[Algebra, Poly, float], Poly]] = {
    "max": above_zero,
    "min": below_zero,
    "clip": symmetric_clip,
    "exp": _plain("exp"),
    "log": _log,
    "erf": _odd("erf"),
    "tanh": _odd("tanh"),
    "sin": _odd("sin"),
    "sigmoid": _plain("sigmoid"),
    "softplus": _plain("softplus"),
    "softmax": _plain("softmax"),
    "positive": _step,
    "reciprocal": reciprocal,
}
