"""The activations in C: each there, near the exact value, with its limits."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
from c_compiler import Library, c_name
from exact import WIDE, exact_values
from fcnn import _core
from fcnn.formats import c_activations
from test_activations import LIMITS

DTYPES = ["float32", "float64"]
EPS = {dtype: np.finfo(dtype).eps for dtype in DTYPES}

# Units in the last place of the exact value, libm's own among them. Where the function
# dies away exponentially its argument's rounding counts: there the bound is of
# epsilon times max(|a|, 1e-3).
ULPS, DYING = 6, {"gelu": 30, "gelu_tanh": 30}


def test_none_is_missing():
    core = {entry["name"]: entry["parameter"] for entry in _core.activations()}
    single = {c_activations.IDENTITY, c_activations.SOFTMAX}
    assert set(core) == {*c_activations.ELEMENTWISE, *single}
    for name, entry in c_activations.ELEMENTWISE.items():
        assert (entry.parameter is None) == (core[name] is None)


@pytest.fixture(scope="module", params=DTYPES)
def library(request, tmp_path_factory):
    """Networks of one weight, 1, and no bias: a = sigma(x)."""
    nets = {}
    for name in WIDE:
        net = fcnn.Network([1, 1], output=name, bias=False, dtype=request.param, seed=0)
        net.layers[1].weight[:] = 1
        nets[c_name(name)] = net
    return Library(tmp_path_factory.mktemp("c"), nets)


def values(library, name, z):
    dtype = library.nets[c_name(name)].dtype
    return library.predict(c_name(name), np.array(z, dtype)[:, None])[:, 0]


@pytest.mark.parametrize("name", WIDE)
def test_values(library, name, rng):
    dtype = library.nets[c_name(name)].dtype
    info = np.finfo(dtype)
    low = 100 if dtype == np.float32 else 740
    z = np.concatenate(
        [
            rng.uniform(-12, 12, 150),
            rng.uniform(-low, low, 80),
            rng.choice([-1, 1], 80) * 2.0 ** rng.uniform(-30, 8, 80),
            rng.choice([-1, 1], 20) * 2.0 ** rng.uniform(8, info.maxexp - 2, 20),
            [0, 3, -3, 2.5, -2.5, 1, -1],
        ]
    ).astype(dtype)
    a = values(library, name, z)
    high, rest = exact_values(name, z)
    keep = np.abs(high) < info.max / 2  # else it may overflow
    assert not np.isnan(a).any()
    error = np.abs((a[keep].astype(float) - high[keep]) - rest[keep])
    if name in DYING:
        unit = info.eps * np.maximum(np.abs(high[keep]), 1e-3)
    else:
        unit = np.maximum(np.spacing(np.abs(high[keep]).astype(dtype)), 2 * info.tiny)
    worst = (error / unit).argmax()
    assert (error / unit)[worst] <= DYING.get(name, ULPS), z[keep][worst]


@pytest.mark.parametrize("name", WIDE)
def test_limits(library, name):
    infinity = np.inf
    expected = np.array(LIMITS[name], library.nets[c_name(name)].dtype)[:2]
    a = values(library, name, [-infinity, infinity])
    np.testing.assert_allclose(a, expected, rtol=2 * np.finfo(a.dtype).eps)


@pytest.mark.parametrize("name", WIDE)
def test_nan_gives_nan(library, name):
    a = values(library, name, [np.nan, 1, -np.nan, 2])
    assert np.isnan(a).tolist() == [True, False, True, False]


@pytest.mark.parametrize("name", [name for name in WIDE if name != "exp"])
def test_the_largest_numbers_overflow_only_where_the_function_does(library, name):
    largest = np.finfo(library.nets[c_name(name)].dtype).max
    for z in (largest, -largest, largest / 2):
        a = values(library, name, [z])[0]
        high, _ = exact_values(name, np.array([z]))
        if abs(high[0]) <= largest:
            assert np.isfinite(a)
            assert abs(a - high[0]) <= 1e-6 * abs(high[0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_neither_overflows_nor_loses_nan(dtype, tmp_path):
    net = fcnn.Network([3, 3], output="softmax", bias=False, dtype=dtype, seed=0)
    net.layers[1].weight = np.eye(3)
    library = Library(tmp_path, {"net": net})
    X = np.array([[1e4, 0, -1e4], [-1e4, -1e4, -1e4], [1e30, -1e30, 1e30]])
    expected = [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0, 0.5]]
    np.testing.assert_allclose(library.predict("net", X), expected, rtol=2 * EPS[dtype])
    for k in range(3):
        x = np.ones((1, 3))
        x[0, k] = np.nan
        assert np.isnan(library.predict("net", x)).all()
