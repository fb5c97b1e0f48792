"""The elementwise functions: in ulps of the exact value, at their limits and kinks."""

from __future__ import annotations

import numpy as np
import pytest

import reference as ref
from exact import SELU_ALPHA, SELU_SCALE, WIDE, exact_values
from fcnn import _core
from helpers import kinks

BOUND = 4  # ulp, of every function
NAMES = list(WIDE)
DTYPES = [np.float32, np.float64]
WIDER = {np.float32: np.float64, np.float64: np.longdouble}


def test_every_activation_is_here():
    assert {ref.split_name(name)[0] for name in NAMES} == set(ref.ACTIVATIONS)


def samples(dtype, n, rng):
    """All exponents, the range where the functions bend, and where they underflow."""
    bits = np.dtype(dtype).str.replace("f", "u")
    anything = rng.integers(0, np.iinfo(bits).max, n, bits, endpoint=True).view(dtype)
    low = 104 if dtype == np.float32 else 746
    parts = [
        anything[np.isfinite(anything)],
        rng.uniform(-12, 12, n),
        rng.uniform(-low, low, n),
        rng.choice([-1, 1], n) * 2.0 ** rng.uniform(-30, 8, n),
        rng.uniform(-39, -10, n // 2),  # where gelu and gelu_tanh die away
        rng.normal(0, 1e-3, n // 2) + rng.choice([-3, -2.5, -1, 1, 2.5, 3], n // 2),
        [0.0, -0.0, 1, -1, 3, -3, 2.5, -2.5],
        np.finfo(dtype).tiny * np.linspace(-2, 2, 101),
        np.finfo(dtype).smallest_subnormal * np.array([1, -1, 7, -7]),
        np.finfo(dtype).max * np.array([1, -1, 0.5, -0.5]),
    ]
    return np.concatenate([np.asarray(part).astype(dtype) for part in parts])


def worst_error(z, a, high, low=0.0):
    """The largest error of a in ulps of the exact high + low, and its z."""
    dtype, info = a.dtype.type, np.finfo(a.dtype)
    keep = np.abs(high) < info.max * (1 - 4 * info.eps)  # else it may overflow
    keep &= (np.abs(z) >= info.tiny) | (z == 0)  # else see test_subnormal_numbers
    z, a, high, low = (
        z[keep],
        a[keep],
        high[keep],
        np.broadcast_to(low, keep.shape)[keep],
    )
    assert np.isfinite(a).all()
    ulp = np.spacing(np.abs(high).astype(dtype)).astype(high.dtype)
    error = np.abs((a - high) - low) / ulp
    # what is smaller than the smallest normal number may be flushed to zero
    error[(np.abs(high) < info.tiny * (1 + 8 * info.eps)) & (a == 0)] = 0
    worst = int(error.argmax())
    return error[worst], z[worst]


DENSE = [(name, np.float32) for name in NAMES]
if np.finfo(np.longdouble).nmant >= 63:
    # NumPy's long doubles have no erfc for gelu: see the test against mpmath
    DENSE += [(name, np.float64) for name in NAMES if name != "gelu"]


@pytest.mark.parametrize(("name", "dtype"), DENSE)
def test_ulps_densely(name, dtype, rng):
    z = samples(dtype, 50_000, rng)
    with np.errstate(all="ignore"):
        exact = WIDE[name](z.astype(WIDER[dtype]))
    error, where = worst_error(z, _core.activation_value(name, z), exact)
    assert error <= BOUND, f"{error:.2f} ulp at {where!r}"


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_ulps_exactly(name, dtype, rng):
    z = samples(dtype, 300, rng)
    high, low = exact_values(name, z)
    error, where = worst_error(z, _core.activation_value(name, z), high, low)
    assert error <= BOUND, f"{error:.2f} ulp at {where!r}"


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_subnormal_numbers_may_count_as_zero(name, dtype):
    """The floating-point state is flush-to-zero, for operands and for results."""
    info = np.finfo(dtype)
    z = np.linspace(-1, 1, 1001).astype(dtype) * info.tiny
    a = _core.activation_value(name, z)
    exact, _ = exact_values(name, z)
    assert np.abs(a - exact).max() <= 2 * info.tiny + BOUND * np.spacing(a).max()


SELU_LOW = -float(SELU_SCALE) * float(SELU_ALPHA)
INF = np.inf
LIMITS = {  # the value at -inf and at inf, the derivative at -inf and at inf
    "identity": (-INF, INF, 1, 1),
    "sigmoid": (0, 1, 0, 0),
    "tanh": (-1, 1, 0, 0),
    "relu": (0, INF, 0, 1),
    "leaky_relu": (-INF, INF, 0.01, 1),
    "leaky_relu(0.2)": (-INF, INF, 0.2, 1),
    "elu": (-1, INF, 0, 1),
    "elu(0.5)": (-0.5, INF, 0, 1),
    "selu": (SELU_LOW, INF, 0, float(SELU_SCALE)),
    "softplus": (0, INF, 0, 1),
    "softsign": (-1, 1, 0, 0),
    "gelu": (0, INF, 0, 1),
    "gelu_tanh": (0, INF, 0, 1),
    "silu": (0, INF, 0, 1),
    "mish": (0, INF, 0, 1),
    "hard_sigmoid": (0, 1, 0, 0),
    "hard_sigmoid(0.2)": (0, 1, 0, 0),
    "hard_tanh": (-1, 1, 0, 0),
    "exp": (0, INF, 0, INF),
}


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_limits(name, dtype):
    z = np.array([-INF, INF], dtype)
    expected = np.array(LIMITS[name], dtype)
    assert np.array_equal(_core.activation_value(name, z), expected[:2])
    assert np.array_equal(_core.activation_derivative(name, z), expected[2:])


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_nan_gives_nan(name, dtype):
    a = _core.activation_value(name, np.array([np.nan, 1, -np.nan, 2], dtype))
    assert np.isnan(a).tolist() == [True, False, True, False]


def test_exp_overflows_to_infinity():
    assert _core.activation_value("exp", np.array([89, 200, 3e38], "f4")).min() == INF
    assert _core.activation_value("exp", np.array([710, 1e4, 1e308])).min() == INF


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_derivative(name, dtype, rng):
    z = samples(dtype, 20_000, rng)
    z = z[np.abs(z) < (80 if name == "exp" else 1e15)]
    for kink in kinks(name):  # on it: see below
        z = z[np.abs(z - kink) > 1e-6]
    expected = ref.activation(name).derivative(z.astype(float))
    error = np.abs(_core.activation_derivative(name, z) - expected)
    error /= np.finfo(dtype).eps * np.maximum(1, np.abs(expected))
    worst = int(error.argmax())
    assert error[worst] <= 64, f"{error[worst]:.1f} epsilon at {z[worst]!r}"


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", [name for name in NAMES if kinks(name)])
def test_derivative_on_the_kink(name, dtype):
    z = np.array(kinks(name))
    expected = ref.activation(name).derivative(z)  # which is PyTorch's
    actual = _core.activation_derivative(name, z.astype(dtype))
    np.testing.assert_allclose(actual, expected, rtol=2 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_second_derivative(name, dtype, rng):
    z = samples(dtype, 20_000, rng)
    z = z[np.abs(z) < (80 if name == "exp" else 1e15)]
    # subnormal numbers count as 0, where softsign's second derivative jumps
    z = z[(np.abs(z) >= np.finfo(dtype).tiny) | (z == 0)]
    for kink in kinks(name):  # on it: see below
        z = z[np.abs(z - kink) > 1e-6]
    expected = ref.second_derivative(name)(z.astype(float))
    error = np.abs(_core.activation_second_derivative(name, z) - expected)
    error /= np.finfo(dtype).eps * np.maximum(1, np.abs(expected))
    worst = int(error.argmax())
    assert error[worst] <= 64, f"{error[worst]:.1f} epsilon at {z[worst]!r}"


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_second_derivative_on_kinks_and_at_the_limits(name, dtype):
    z = np.array([*kinks(name), -INF], dtype)
    assert not _core.activation_second_derivative(name, z).any()
    if name != "exp":  # which overflows, as its value does
        assert _core.activation_second_derivative(name, np.array([INF], dtype)) == 0


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_value_does_not_depend_on_the_place(name, dtype, rng):
    """Any length, any offset: nothing is computed otherwise in a vector's remainder."""
    z = samples(dtype, 10, rng)
    z = z[np.isfinite(z)]
    whole = _core.activation_value(name, z)
    for length in range(1, 40):
        start = length * 7 % (z.size - length)
        part = _core.activation_value(name, z[start : start + length])
        assert part.tobytes() == whole[start : start + length].tobytes()
