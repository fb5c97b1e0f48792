"""Expressions of ONNX operators in a normal form, so that activations are recognised.

An expression over one variable z is a polynomial in z and in atoms, which are functions
of expressions: 0.5 z + 0.5 z erf(0.7071 z) is gelu, in whatever order a library has
written its products and sums. Functions that are one another's sums are written in one
of them: |u| as max(u, 0) - min(u, 0), a clip as a clip to [-h, h]. Numbers are compared
to a tolerance, because files hold constants in float32.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from fcnn.formats import onnx_activations as forms
from fcnn.formats.onnx_functions import FUNCTIONS
from fcnn.formats.onnx_operators import OPERATORS
from fcnn.formats.onnx_polynomials import (
    MAX_TERMS,
    ONE,
    Monomial,
    NotKnown,
    Poly,
    Z,
    add,
    close,
    constant,
    is_linear,
    multiply,
    same,
    scale,
)
from fcnn.formats.plain import Activation

_MAX_ATOMS = 5000


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


class Template(NamedTuple):
    """A form of an activation; `default` is 0 for one without a parameter."""

    name: str
    formula: forms.Formula
    default: float
    expression: Poly


_Z: Poly = {Z: 1.0}


class Algebra:
    """Makes expressions; called as ``algebra("Erf", p)`` it applies an operator."""

    def __init__(self) -> None:
        self._atoms = [Atom("z", {})]
        self._alike: dict[tuple[str, frozenset[Monomial]], list[int]] = {}
        self._templates = [
            Template(name, form.formula, default, form.formula(self, _Z, default))
            for name, entry in forms.FORMS.items()
            if name != "identity"
            for form in entry
            for default in [Activation.parse(name).parameter or 0.0]
        ]

    @staticmethod
    def new() -> Algebra:
        """One that knows the activations and nothing else."""
        known, made = _prepared(), object.__new__(Algebra)
        made._atoms = known._atoms.copy()
        made._alike = {key: atoms.copy() for key, atoms in known._alike.items()}
        made._templates = known._templates
        return made

    def __call__(self, op: str, *inputs: Any, **attributes: Any) -> Any:
        """The operator of expressions, numbers and arrays; else NotKnown."""
        if op not in OPERATORS:
            raise NotKnown
        polys = [constant(p) if isinstance(p, (int, float)) else p for p in inputs]
        made = OPERATORS[op](self, *polys, **attributes)
        for p in made if isinstance(made, list) else [made]:
            if len(p) > MAX_TERMS or not all(map(math.isfinite, p.values())):
                raise NotKnown
        return made

    def recognise(self, p: Poly) -> Recognised | None:
        """The activation that p is of z, or of a linear function of z."""
        for z_scale, z_shift in self._variables(p):
            q = p
            if (z_scale, z_shift) != (1.0, 0.0):
                # z = (u - z_shift) / z_scale, as an expression over u
                back = {Z: 1.0 / z_scale, ONE: -z_shift / z_scale}
                q = self._substitute(p, back, {0: back})
            found = list(self._matches(self._in_halves(q)))
            if found:
                activation, c, d = min(found, key=_plainness)
                return Recognised(activation, z_scale, z_shift, c, d)
        return None

    def _matches(self, p: Poly) -> Iterator[tuple[Activation, float, float]]:
        for name, formula, default, expression in self._templates:
            if len(p.keys() - {ONE}) != len(expression.keys() - {ONE}):
                continue
            if default == 0.0:
                fit = _same_but_for_line(p, expression)
                if fit is not None:
                    yield Activation(name, None), *fit
                continue
            for parameter in self._parameters(p, default):
                fit = _same_but_for_line(p, formula(self, _Z, parameter))
                if fit is not None:
                    yield Activation(name, parameter), *fit

    def _in_halves(self, p: Poly) -> Poly:
        """c z as c max(z, 0) + c min(z, 0), where p has one of those."""
        halves = add(self.atom("max", _Z), self.atom("min", _Z))
        if Z not in p or p.keys().isdisjoint(halves):
            return p
        rest = {monomial: c for monomial, c in p.items() if monomial != Z}
        return add(rest, scale(halves, p[Z]))

    def _parameters(self, p: Poly, default: float) -> list[float]:
        """What may be the parameter: coefficients, their ratios, a clip's slope."""
        values = list(p.values())
        ratios = [a / b for a in values for b in values]
        bounds = [self._atoms[i].bound for monomial in p for i, _ in monomial]
        slopes = [0.5 / bound for bound in bounds if bound > 0.0]
        found = dict.fromkeys((*values, *ratios, *slopes, default))
        return [value for value in found if 0.0 < value < math.inf]

    def _variables(self, p: Poly) -> list[tuple[float, float]]:
        """z itself, and the linear functions of z that innermost atoms take."""
        found, seen, waiting = [(1.0, 0.0)], {0}, [p]
        while waiting:
            new = {i for m in waiting.pop() for i, _ in m} - seen
            seen |= new
            if len(seen) > MAX_TERMS:
                return [(1.0, 0.0)]
            for argument in (self._atoms[i].argument for i in new):
                if is_linear(argument):
                    found.append((argument.get(Z, 0.0), argument.get(ONE, 0.0)))
                else:
                    waiting.append(argument)
        return [pair for pair in dict.fromkeys(found) if pair[0] != 0.0]

    def _substitute(self, p: Poly, value: Poly, made: dict[int, Poly]) -> Poly:
        """p with the value for z; `made` has what became of its atoms."""
        total: Poly = {}
        for monomial, coefficient in p.items():
            product = constant(coefficient)
            for i, power in monomial:
                if i not in made:
                    function, argument, bound = self._atoms[i]
                    u = self._substitute(argument, value, made)
                    made[i] = FUNCTIONS[function](self, u, bound)
                for _ in range(power):
                    product = multiply(product, made[i])
            total = add(total, product)
        return total

    def atom(self, function: str, argument: Poly, bound: float = 0.0) -> Poly:
        """The function of the argument as an expression; equal ones are one atom."""
        alike = self._alike.setdefault((function, frozenset(argument)), [])
        for i in alike:
            known = self._atoms[i]
            if close(known.bound, bound) and same(known.argument, argument):
                return {((i, 1),): 1.0}
        if len(self._atoms) > _MAX_ATOMS:
            raise NotKnown
        alike.append(len(self._atoms))
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


def _plainness(match: tuple[Activation, float, float]) -> tuple[bool, ...]:
    """Sorts what needs no factor and no shift first, then what needs no parameter."""
    activation, c, d = match
    return (c, d) != (1.0, 0.0), d != 0.0, activation.parameter is not None


@functools.cache
def _prepared() -> Algebra:
    return Algebra()


def _same_but_for_line(p: Poly, template: Poly) -> tuple[float, float] | None:
    """(c, d) where p is c template + d."""
    terms = template.keys() - {ONE}
    if p.keys() - {ONE} != terms:
        return None
    largest = max(terms, key=lambda m: abs(template[m]))
    c = p[largest] / template[largest]
    c = 1.0 if close(c, 1.0) else c
    if not all(close(p[m], c * template[m]) for m in terms):
        return None
    expected, there = c * template.get(ONE, 0.0), p.get(ONE, 0.0)
    return c, 0.0 if close(there, expected) else there - expected
