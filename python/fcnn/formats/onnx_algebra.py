"""Expressions of ONNX operators in a normal form, so that activations are recognised.

An expression over one variable z is a polynomial in z and in atoms, which are functions
of expressions: 0.5 z + 0.5 z erf(0.7071 z) is gelu, in whatever order a library has
written its products and sums. Functions that are one another's sums are written in one of
them: |u| as max(u, 0) - min(u, 0), a clip as a clip to [-h, h]. Numbers are compared to
`_TOLERANCE`, because files hold constants in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from fcnn import _core
from fcnn.formats import onnx_activations as forms
from fcnn.formats.plain import Activation

_TOLERANCE = 1e-6
_MAX_TERMS = 100
_MAX_POWER = 4

Monomial = tuple[tuple[int, int], ...]  # (atom, power) by atom; () is the number 1
Poly = dict[Monomial, float]
ONE: Monomial = ()
Z: Monomial = ((0, 1),)


class NotKnown(Exception):  # noqa: N818
    """An operator or an expression that has no place in the normal form."""


class Atom(NamedTuple):
    """A function of an expression; `bound` is h of a clip to [-h, h]."""

    function: str
    argument: Poly
    bound: float = 0.0


class Recognised(NamedTuple):
    """The expression is ``scale * activation(z_scale * z + z_shift) + shift``."""

    activation: Activation
    z_scale: float = 1.0
    z_shift: float = 0.0
    scale: float = 1.0
    shift: float = 0.0


def is_linear(p: Poly) -> bool:
    """Whether it is c z + d."""
    return p.keys() <= {ONE, Z}


class Algebra:
    """Makes expressions; called as ``algebra("Erf", p)`` it applies an operator."""

    def __init__(self) -> None:
        self._atoms = [Atom("z", {})]
        self._by_function: dict[str, list[int]] = {}
        self._templates = [
            (name, form.formula)
            for name, entry in forms.FORMS.items()
            for form in entry
            if name != "identity"
        ]
        self._made: dict[tuple[Any, float], Poly] = {}

    def __call__(self, op: str, *inputs: Any, **attributes: Any) -> Any:
        if op not in OPERATORS:
            raise NotKnown
        polys = [_constant(p) if isinstance(p, (int, float)) else p for p in inputs]
        made = OPERATORS[op](self, *polys, **attributes)
        for p in made if isinstance(made, list) else [made]:
            if len(p) > _MAX_TERMS or not all(map(math.isfinite, p.values())):
                raise NotKnown
        return made

    # ------------------------------------------------------------- recognition

    def recognise(self, p: Poly) -> Recognised | None:
        """The activation that p is of z, or of a linear function of z."""
        for z_scale, z_shift in self._variables(p):
            q = p
            if (z_scale, z_shift) != (1.0, 0.0):
                # z = (u - z_shift) / z_scale, as an expression over u
                back = {Z: 1.0 / z_scale, ONE: -z_shift / z_scale}
                q = self._substitute(p, back)
            found = list(self._matches(q))
            for activation, scale, shift in found:
                if (scale, shift) == (1.0, 0.0):
                    return Recognised(activation, z_scale, z_shift)
            for activation, scale, shift in found:
                return Recognised(activation, z_scale, z_shift, scale, shift)
        return None

    def _matches(self, p: Poly) -> Iterable[tuple[Activation, float, float]]:
        for name, formula in self._templates:
            default = Activation.parse(name).parameter
            for parameter in [0.0] if default is None else self._parameters(p, default):
                with_it = Activation(name, None if default is None else parameter)
                fit = _same_but_for_line(p, self._template(formula, parameter))
                if fit is not None and _is_allowed(with_it):
                    yield with_it, *fit

    def _template(self, formula: forms.Formula, parameter: float) -> Poly:
        key = (formula, parameter)
        if key not in self._made:
            self._made[key] = formula(self, {Z: 1.0}, parameter)
        return self._made[key]

    def _parameters(self, p: Poly, default: float) -> list[float]:
        """What may be the parameter: coefficients, their ratios, a clip's slope."""
        if len(p) > 3:
            return []
        values = list(p.values())
        ratios = [a / b for a in values for b in values]
        bounds = [self._atoms[i].bound for monomial in p for i, _ in monomial]
        slopes = [0.5 / bound for bound in bounds if bound > 0.0]
        return [value for value in (*values, *ratios, *slopes, default) if value != 0.0]

    def _variables(self, p: Poly) -> list[tuple[float, float]]:
        """z itself, and the linear functions of z that innermost atoms take."""
        found = [(1.0, 0.0)]
        for monomial in p:
            for i, _ in monomial:
                argument = self._atoms[i].argument
                if argument and is_linear(argument):
                    found.append((argument.get(Z, 0.0), argument.get(ONE, 0.0)))
                elif argument:
                    found += self._variables(argument)
        return [pair for pair in dict.fromkeys(found) if pair[0] != 0.0]

    def _substitute(self, p: Poly, value: Poly) -> Poly:
        total: Poly = {}
        for monomial, coefficient in p.items():
            product = _constant(coefficient)
            for i, power in monomial:
                factor = value
                if i > 0:
                    function, argument, bound = self._atoms[i]
                    u = self._substitute(argument, value)
                    factor = FUNCTIONS[function](self, u, bound)
                for _ in range(power):
                    product = multiply(product, factor)
            total = add(total, product)
        return total

    # ------------------------------------------------------------------- atoms

    def atom(self, function: str, argument: Poly, bound: float = 0.0) -> Poly:
        """The function of the argument as an expression; equal ones are one atom."""
        same_function = self._by_function.setdefault(function, [])
        for i in same_function:
            known = self._atoms[i]
            if _close(known.bound, bound) and _same(known.argument, argument):
                return {((i, 1),): 1.0}
        if len(self._atoms) > 50 * _MAX_TERMS:
            raise NotKnown
        same_function.append(len(self._atoms))
        self._atoms.append(Atom(function, argument, bound))
        return {((len(self._atoms) - 1, 1),): 1.0}

    def only(self, p: Poly, function: str) -> tuple[float, Atom, float] | None:
        """(c, atom, d) where p is c atom + d, the atom of that function; else None."""
        rest = [monomial for monomial in p if monomial != ONE]
        if len(rest) != 1 or len(rest[0]) != 1 or rest[0][0][1] != 1:
            return None
        atom = self._atoms[rest[0][0][0]]
        if atom.function != function:
            return None
        return p[rest[0]], atom, p.get(ONE, 0.0)


# -------------------------------------------------------------- polynomials


def _constant(value: float) -> Poly:
    return {ONE: float(value)} if value != 0.0 else {}


def add(p: Poly, q: Poly) -> Poly:
    """p + q; what cancels but for rounding is left out."""
    total = dict(p)
    for monomial, coefficient in q.items():
        old = total.pop(monomial, 0.0)
        new = old + coefficient
        if abs(new) > 1e-7 * abs(old) or (old == 0.0 and new != 0.0):
            total[monomial] = new
    return total


def scale(p: Poly, factor: float) -> Poly:
    """factor * p."""
    return {m: c * factor for m, c in p.items() if c * factor != 0.0}


def multiply(p: Poly, q: Poly) -> Poly:
    """p * q."""
    if len(p) * len(q) > _MAX_TERMS**2:
        raise NotKnown
    total: Poly = {}
    for m, a in p.items():
        for n, b in q.items():
            powers = dict(m)
            for i, power in n:
                powers[i] = powers.get(i, 0) + power
            if sum(powers.values()) > 2 * _MAX_POWER:
                raise NotKnown
            total = add(total, {tuple(sorted(powers.items())): a * b})
    return total


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= _TOLERANCE * max(abs(a), abs(b))


def _same(p: Poly, q: Poly) -> bool:
    return p.keys() == q.keys() and all(_close(p[m], q[m]) for m in p)


def _same_but_for_line(p: Poly, template: Poly) -> tuple[float, float] | None:
    """(c, d) where p is c template + d."""
    terms = template.keys() - {ONE}
    if p.keys() - {ONE} != terms:
        return None
    largest = max(terms, key=lambda m: abs(template[m]))
    c = p[largest] / template[largest]
    c = 1.0 if _close(c, 1.0) else c
    if not all(_close(p[m], c * template[m]) for m in terms):
        return None
    expected, there = c * template.get(ONE, 0.0), p.get(ONE, 0.0)
    return c, 0.0 if _close(there, expected) else there - expected


def _is_allowed(activation: Activation) -> bool:
    try:
        _core.canonical_activation(str(activation))
    except ValueError:
        return False
    return True


def _leading(p: Poly) -> float:
    """The coefficient that a normal form makes 1."""
    terms = [m for m in p if m != ONE]
    if not terms:
        raise NotKnown
    return p[min(terms)]


# ---------------------------------------------------- functions, normal form


def _odd(function: str) -> Callable[..., Poly]:
    def apply(o: Algebra, u: Poly, _: float = 0.0) -> Poly:
        sign = math.copysign(1.0, _leading(u))
        return scale(o.atom(function, scale(u, sign)), sign)

    return apply


def _plain(function: str) -> Callable[..., Poly]:
    def apply(o: Algebra, u: Poly, _: float = 0.0) -> Poly:
        _leading(u)  # a constant has been folded before
        return o.atom(function, u)

    return apply


def _positive(o: Algebra, u: Poly, _: float = 0.0) -> Poly:
    """max(u, 0), the argument's leading coefficient 1."""
    c = _leading(u)
    return scale(o.atom("max" if c > 0.0 else "min", scale(u, 1.0 / c)), c)


def _negative(o: Algebra, u: Poly, _: float = 0.0) -> Poly:
    """min(u, 0)."""
    c = _leading(u)
    return scale(o.atom("min" if c > 0.0 else "max", scale(u, 1.0 / c)), c)


def _symmetric_clip(o: Algebra, u: Poly, bound: float) -> Poly:
    """u cut to [-bound, bound]."""
    c = _leading(u)
    return scale(o.atom("clip", scale(u, 1.0 / c), bound / abs(c)), c)


def _reciprocal(o: Algebra, u: Poly, _: float = 0.0) -> Poly:
    """1 / u; 1 / (1 + e^v) is sigmoid(-v)."""
    if u.keys() == {ONE}:
        return _constant(1.0 / u[ONE])
    found = o.only(u, "exp")
    if found is not None and _close(found[0], 1.0) and _close(found[2], 1.0):
        return o.atom("sigmoid", scale(found[1].argument, -1.0))
    c = _leading(u)
    return scale(o.atom("reciprocal", scale(u, 1.0 / c)), 1.0 / c)


def _log(o: Algebra, u: Poly, _: float = 0.0) -> Poly:
    """log u; log(1 + e^v) is softplus(v)."""
    found = o.only(u, "exp")
    if found is not None and _close(found[0], 1.0) and _close(found[2], 1.0):
        return o.atom("softplus", found[1].argument)
    return o.atom("log", u)


FUNCTIONS: dict[str, Callable[[Algebra, Poly, float], Poly]] = {
    "max": _positive,
    "min": _negative,
    "clip": _symmetric_clip,
    "exp": _plain("exp"),
    "log": _log,
    "erf": _odd("erf"),
    "tanh": _odd("tanh"),
    "sin": _odd("sin"),
    "sigmoid": _plain("sigmoid"),
    "softplus": _plain("softplus"),
    "softmax": _plain("softmax"),
    "reciprocal": _reciprocal,
}


# ----------------------------------------------------------------- operators


def _max(o: Algebra, p: Poly, q: Poly) -> Poly:
    if p.keys() <= {ONE}:
        p, q = q, p
    if q.keys() <= {ONE}:
        low = q.get(ONE, 0.0)
        for function, sign in (("min", 1.0), ("max", -1.0)):  # max(min(v, h), low)
            found = o.only(p, function)
            if found is not None and found[0] * sign > 0.0:
                c, atom, h = found
                return _clip(o, add(scale(atom.argument, c), _constant(h)), low, h)
        return add(_positive(o, add(p, _constant(-low))), _constant(low))
    slope = _ratio(q, p)  # max(p, slope p)
    if slope > 1.0:
        p, slope = q, 1.0 / slope
    return add(_positive(o, p), scale(_negative(o, p), slope))


def _min(o: Algebra, p: Poly, q: Poly) -> Poly:
    return scale(_max(o, scale(p, -1.0), scale(q, -1.0)), -1.0)


def _ratio(p: Poly, q: Poly) -> float:
    """r where p is r q."""
    largest = max(q, key=lambda m: abs(q[m]))
    r = p.get(largest, 0.0) / q[largest]
    if r == 0.0 or not _same(p, scale(q, r)):
        raise NotKnown
    return r


def _clip(o: Algebra, p: Poly, low: Any = -math.inf, high: Any = math.inf) -> Poly:
    low, high = _number(low), _number(high)
    if low == -math.inf and high == math.inf:
        return p
    if high == math.inf:
        return _max(o, p, _constant(low))
    if low == -math.inf:
        return _min(o, p, _constant(high))
    if not low < high:
        raise NotKnown
    middle, bound = _constant((low + high) / 2.0), (high - low) / 2.0
    return add(_symmetric_clip(o, add(p, scale(middle, -1.0)), bound), middle)


def _number(p: Any) -> float:
    if isinstance(p, float):
        return p
    if not p.keys() <= {ONE}:
        raise NotKnown
    return float(p.get(ONE, 0.0))


def _power(_: Algebra, p: Poly, exponent: Poly) -> Poly:
    n = _number(exponent)
    if not n.is_integer() or not 1 <= n <= _MAX_POWER:
        raise NotKnown
    made = p
    for _i in range(int(n) - 1):
        made = multiply(made, p)
    return made


def _hard_sigmoid(
    o: Algebra, p: Poly, alpha: float = 0.2, beta: float = 0.5
) -> Poly:
    return _clip(o, add(scale(p, alpha), _constant(beta)), 0.0, 1.0)


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
            if len(one) != 1 or isinstance(numbers, list) or len(numbers) > _MAX_TERMS:
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


def _of(function: str) -> Callable[..., Poly]:
    return lambda o, p: FUNCTIONS[function](o, p, 0.0)


# Every operator that may stand in an activation, by its name in the default domain.
OPERATORS: dict[str, Callable[..., Any]] = {
    "Abs": lambda o, p: add(_positive(o, p), scale(_negative(o, p), -1.0)),
    "Add": lambda _, p, q: add(p, q),
    "Celu": _celu,
    "Clip": _clip,
    "Div": lambda o, p, q: multiply(p, _reciprocal(o, q)),
    "Elu": _elu,
    "Erf": _of("erf"),
    "Exp": _of("exp"),
    "Gelu": _gelu,
    "HardSigmoid": _hard_sigmoid,
    "LeakyRelu": lambda o, p, alpha=0.01: forms.leaky_relu(o, p, alpha),
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
    "Sub": lambda _, p, q: add(p, scale(q, -1.0)),
    "Swish": lambda o, p, alpha=1.0: multiply(p, FUNCTIONS["sigmoid"](o, scale(p, alpha), 0.0)),
    "Tanh": _of("tanh"),
    "Unsqueeze": _unsqueeze,
}
