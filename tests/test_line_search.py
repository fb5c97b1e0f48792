"""The line search on the functions of More and Thuente's paper, section 5."""

from __future__ import annotations

import math

import pytest

from fcnn import _core


def first(a, beta=2.0):
    """-a / (a^2 + beta)"""
    return -a / (a**2 + beta), (a**2 - beta) / (a**2 + beta) ** 2


def second(a, beta=0.004):
    """(a + beta)^5 - 2 (a + beta)^4"""
    t = a + beta
    return t**5 - 2 * t**4, 5 * t**4 - 8 * t**3


def third(a, beta=0.01, length=39):
    """Near |1 - a|, with a ripple."""
    if a <= 1 - beta:
        phi0, slope0 = 1 - a, -1.0
    elif a >= 1 + beta:
        phi0, slope0 = a - 1, 1.0
    else:
        phi0, slope0 = (a - 1) ** 2 / (2 * beta) + beta / 2, (a - 1) / beta
    ripple = 2 * (1 - beta) / (length * math.pi) * math.sin(length * math.pi / 2 * a)
    slope = (1 - beta) * math.cos(length * math.pi / 2 * a)
    return phi0 + ripple, slope0 + slope


def yanai(beta1, beta2):
    """gamma(beta1) sqrt((1 - a)^2 + beta2^2) + gamma(beta2) sqrt(a^2 + beta1^2)"""

    def phi(a):
        g1, g2 = (math.sqrt(1 + b * b) - b for b in (beta1, beta2))
        left, right = math.hypot(1 - a, beta2), math.hypot(a, beta1)
        return g1 * left + g2 * right, g1 * (a - 1) / left + g2 * a / right

    return phi


# phi, ftol, gtol, and for the first steps 1e-3, 1e-1, 1e1, 1e3 the numbers of
# evaluations and steps found: tables 1 to 6 of the paper.
TABLES = {
    "1": (first, 1e-3, 0.1, [(6, 1.4), (3, 1.4), (1, 10), (4, 37)]),
    "2": (second, 0.1, 0.1, [(12, 1.6), (8, 1.6), (8, 1.6), (11, 1.6)]),
    "3": (third, 0.1, 0.1, [(12, 1.0), (12, 1.0), (10, 1.0), (13, 1.0)]),
    "4": (
        yanai(0.001, 0.001),
        1e-3,
        1e-3,
        [(4, 0.085), (1, 0.10), (3, 0.35), (4, 0.83)],
    ),
    "5": (
        yanai(0.01, 0.001),
        1e-3,
        1e-3,
        [(6, 0.075), (3, 0.078), (7, 0.073), (8, 0.076)],
    ),
    "6": (
        yanai(0.001, 0.01),
        1e-3,
        1e-3,
        [(13, 0.93), (11, 0.93), (8, 0.92), (11, 0.92)],
    ),
}
CASES = [
    (phi, ftol, gtol, step, *expected)
    for phi, ftol, gtol, rows in TABLES.values()
    for step, expected in zip([1e-3, 1e-1, 1e1, 1e3], rows, strict=True)
]
IDS = [f"table {name}, from {s:g}" for name in TABLES for s in (1e-3, 0.1, 10, 1e3)]


@pytest.mark.parametrize(
    ("phi", "ftol", "gtol", "step", "evaluations", "found"), CASES, ids=IDS
)
def test_the_tables_of_the_paper(phi, ftol, gtol, step, evaluations, found):
    at, n = _core.line_search(phi, step, ftol, gtol, 0.0, 100)
    assert (n, float(f"{at:.2g}")) == (evaluations, found)
    value, slope = phi(at)
    start, slope0 = phi(0.0)
    assert value <= start + ftol * at * slope0
    assert abs(slope) <= gtol * abs(slope0)


def test_steps_where_phi_is_not_finite_are_made_shorter():
    def phi(a):
        return ((a - 1) ** 2, 2 * (a - 1)) if a < 3 else (math.inf, math.nan)

    at, n = _core.line_search(phi, 1000.0, 1e-3, 0.9, 0.1, 20)
    assert 0 < at < 2
    assert n > 8


def test_it_gives_up_where_phi_only_rises():
    """A slope that is a lie: -1 at 0, where phi rises all the same."""
    at, n = _core.line_search(
        lambda a: (a, -1.0 if a == 0 else 1.0), 1.0, 1e-3, 0.9, 0.1, 20
    )
    assert at is None
    assert n <= 20
