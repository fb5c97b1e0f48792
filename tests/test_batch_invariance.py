"""Row i of predict(X) is predict(X[i]) bit for bit, whatever stands around it."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
import reference as ref
from helpers import PARAMETRIZED

DTYPES = ["float32", "float64"]
ACTIVATIONS = [*ref.ACTIVATIONS, "softmax", *PARAMETRIZED]
MOST = 70


def bits(a):
    """The rows as integers: NaN equals NaN, and -0.0 does not equal 0.0."""
    return a.view("u4" if a.dtype == np.float32 else "u8")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_batch_size_width_and_offset(name, dtype, rng):
    hidden = "identity" if name in {"softmax", "exp"} else name
    for width in range(1, 41):
        sizes = [width, 41 - width, width]
        net = fcnn.Network(sizes, hidden, name, dtype=dtype, seed=width)
        net.parameters[:] += 0.1
        X = 3 * rng.normal(size=(MOST, width)).astype(dtype)
        rows = np.concatenate([net.predict(row)[None] for row in X])
        for n in range(1, MOST + 1):
            start = (n * width) % (MOST - n + 1)  # every offset meets some n
            part = net.predict(X[start : start + n])
            same = np.array_equal(bits(part), bits(rows[start : start + n]))
            assert same, f"{n} rows from {start}, width {width}"
        # so many that W is copied into strips, as a predictor has it
        many = net.predict(np.resize(X, (9 * MOST, width)))
        assert np.array_equal(bits(many), bits(np.resize(rows, many.shape)))
        assert np.array_equal(bits(net.predictor(MOST)(X)), bits(rows))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 64, 70])
def test_every_offset_of_a_row(n, dtype, rng):
    """One row moved through all places of a batch, its neighbors infinite or NaN."""
    net = fcnn.Network([7, 19, 5], "gelu", "softmax", dtype=dtype, seed=1)
    x = rng.normal(size=7).astype(dtype)
    alone = bits(net.predict(x))
    for filler in (0.0, np.nan, np.inf, -np.inf, 1e30):
        for place in range(n):
            X = np.full((n, 7), filler, dtype)
            X[place] = x
            assert np.array_equal(bits(net.predict(X))[place], alone)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [[784, 30, 10], [3, 200, 200, 1], [1, 1], [130, 70]])
@pytest.mark.parametrize("n", [100, 257, 1000])
def test_large_batches(sizes, n, dtype, rng, split_everything):
    net = fcnn.Network(sizes, "tanh", dtype=dtype, seed=2)
    X = rng.normal(size=(n, sizes[0])).astype(dtype)
    for threads in (1, 3):
        fcnn.set_num_threads(threads)
        whole = net.predict(X)
        for i in rng.integers(0, n, 40):
            assert np.array_equal(bits(net.predict(X[i])), bits(whole[i]))


@pytest.mark.parametrize("dtype", DTYPES)
def test_forward_backprop_and_evaluate_are_predict(dtype, rng):
    net = fcnn.Network([9, 21, 3], "silu", "softmax", dtype=dtype, seed=2)
    X, y = rng.normal(size=(53, 9)), rng.integers(0, 3, 53)
    outputs = []

    def keep(y, a):
        outputs.append(a.copy())
        return 0.0

    net.evaluate(X, y, metrics=keep)
    a = bits(net.predict(X))
    assert np.array_equal(a, bits(np.ascontiguousarray(net.forward(X).a[2])))
    assert np.array_equal(a, bits(np.ascontiguousarray(net.backprop(X, y).a[2])))
    assert np.array_equal(a, bits(outputs[0]))
