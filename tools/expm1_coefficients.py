"""Print the polynomials expm1_series of cpp/fcnn/elementary.hpp (needs mpmath).

They give (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2 with the least largest error.
"""

from __future__ import annotations

from mpmath import chebyfit, expm1, log, mp, mpf, nstr

mp.dps = 40
HALF = log(2) / 2 * mpf("1.0001")  # rounding may take r a little beyond


def bracket(r: mpf) -> mpf:
    return (expm1(r) - r) / r**2 if abs(r) > mpf("1e-12") else mpf(1) / 2 + r / 6


for dtype, terms, digits in (("float", 5, 9), ("double", 10, 17)):
    found, error = chebyfit(bracket, [-HALF, HALF], terms, error=True)
    print(f"{dtype}: largest error of e^r - 1, relative, {nstr(error * HALF, 2)}")
    for value in found[::-1]:
        print(f"    {nstr(value, digits, strip_zeros=False)},")
