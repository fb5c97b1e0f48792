"""Polynomials in z and in functions of z: the normal form of `onnx_algebra`."""

from __future__ import annotations

_TOLERANCE = 1e-6
MAX_TERMS = 100
MAX_POWER = 4

Monomial = tuple[tuple[int, int], ...]  # (atom, power) by atom; () is the number 1
Poly = dict[Monomial, float]
ONE: Monomial = ()
Z: Monomial = ((0, 1),)


class NotKnown(Exception):
    """An operator or an expression that has no place in the normal form."""


def is_linear(p: Poly) -> bool:
    """Whether it is c z + d."""
    return p.keys() <= {ONE, Z}


def constant(value: float) -> Poly:
    """The number as an expression."""
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


def minus(p: Poly, q: Poly) -> Poly:
    """p - q."""
    return add(p, scale(q, -1.0))


def multiply(p: Poly, q: Poly) -> Poly:
    """p * q."""
    if len(p) * len(q) > MAX_TERMS**2:
        raise NotKnown
    total: Poly = {}
    for m, a in p.items():
        for n, b in q.items():
            powers = dict(m)
            for i, power in n:
                powers[i] = powers.get(i, 0) + power
            if sum(powers.values()) > 2 * MAX_POWER:
                raise NotKnown
            total = add(total, {tuple(sorted(powers.items())): a * b})
    return total


def close(a: float, b: float) -> bool:
    """Equal but for what float32 makes of constants."""
    return abs(a - b) <= _TOLERANCE * max(abs(a), abs(b))


def same(p: Poly, q: Poly) -> bool:
    """Whether every coefficient is."""
    return p.keys() == q.keys() and all(close(p[m], q[m]) for m in p)


def leading(p: Poly) -> float:
    """The coefficient that a normal form makes 1."""
    terms = [m for m in p if m != ONE]
    if not terms:
        raise NotKnown
    return p[min(terms)]


def ratio(p: Poly, q: Poly) -> float:
    """r where p is r q, r not 0."""
    largest = max(q, key=lambda m: abs(q[m]), default=ONE)
    r = p.get(largest, 0.0) / q[largest] if q else 0.0
    if r == 0.0 or not same(p, scale(q, r)):
        raise NotKnown
    return r
