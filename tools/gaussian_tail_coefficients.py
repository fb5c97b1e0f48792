"""Print the polynomials of cpp/fcnn/gaussian_tail.hpp (needs mpmath).

The upper tail of the standard normal distribution is Q(x) = e^(-x^2 / 2) R(x) for
x >= 0. R falls like 1 / x, so (11/8 + x) R(x) is smooth and bounded, and in
t = (x - k) / (x + k), which maps [0, inf) to [-1, 1), a short polynomial gives it.
The map is Shepherd and Laframboise's (Chebyshev approximation of
(1 + 2x) exp(x^2) erfc(x) in 0 <= x < inf, Mathematics of Computation 36, 1981).
"""

from __future__ import annotations

from mpmath import chebyfit, erfc, exp, mp, mpf, nstr, sqrt

mp.dps = 40


def scaled_tail(x: mpf) -> mpf:
    """(11/8 + x) R(x), R(x) = e^(x^2 / 2) erfc(x / sqrt(2)) / 2."""
    return (mpf(11) / 8 + x) * exp(x * x / 2) * erfc(x / sqrt(2)) / 2


def coefficients(k: int, x_max: str, degree: int) -> tuple[list[mpf], mpf]:
    """The polynomial in t, constant term first, and its largest error."""
    t_max = (mpf(x_max) - k) / (mpf(x_max) + k)
    found, error = chebyfit(
        lambda t: scaled_tail(k * (1 + t) / (1 - t)),
        [mpf(-1), t_max],
        degree + 1,
        error=True,
    )
    return found[::-1], error


for dtype, k, x_max, degree, digits in (
    ("float", 4, "14.5", 10, 9),
    ("double", 5, "39", 22, 17),
):
    found, error = coefficients(k, x_max, degree)
    print(f"{dtype}: k = {k}, x <= {x_max}, largest error {nstr(error, 2)}")
    for value in found:
        print(f"    {nstr(value, digits, strip_zeros=False)},")
