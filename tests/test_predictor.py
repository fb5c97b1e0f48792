"""net.predictor(): the same bits as predict, without its overhead."""

from __future__ import annotations

import gc
import pickle
import sys
import threading
import tracemalloc

import numpy as np
import pytest

import fcnn

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [[3, 4, 2], [1, 1], [8, 32, 32, 4], [20, 300, 70]])
@pytest.mark.parametrize("output", ["identity", "softmax"])
def test_bits_are_those_of_predict(sizes, output, dtype, rng):
    net = fcnn.Network(sizes, "tanh", output, dtype=dtype, seed=1)
    X = rng.normal(size=(23, sizes[0])).astype(dtype)
    expected = net.predict(X)
    one, many = net.predictor(), net.predictor(23)
    for n in range(1, 24):
        assert np.array_equal(many(X[:n]), expected[:n])
    for x, a in zip(X, expected, strict=True):
        assert np.array_equal(one(x), a)
        assert one(x).shape == (sizes[-1],)
        assert np.array_equal(one(x[None]), a[None])
        out = np.empty_like(a)
        assert one(x, out) is out
        assert np.array_equal(out, a)
        assert np.array_equal(one(x, out=np.empty_like(a)), a)
        assert np.array_equal(one(x, None), a)


def test_it_is_a_snapshot_and_outlives_the_network(rng):
    net = fcnn.Network([3, 5, 2], seed=1)
    x = rng.normal(size=3).astype("f4")
    before, p = net.predict(x), net.predictor()
    net.parameters[:] = 0
    assert np.array_equal(p(x), before)
    del net
    gc.collect()
    assert np.array_equal(p(x), before)


def test_with_out_nothing_is_allocated():
    net = fcnn.Network([8, 32, 32, 4], "tanh", seed=1)
    p, x, out = net.predictor(), np.ones(8, "f4"), np.empty(4, "f4")
    calls = range(1000)
    for _ in calls:
        p(x, out)
    tracemalloc.start()
    try:
        start = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in calls:
            p(x, out)
        assert tracemalloc.get_traced_memory()[1] - start < 200
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("change", ["list", "f8", "i4", ">f4", "strided", "half"])
def test_other_arguments_are_converted(change, rng):
    net = fcnn.Network([4, 5, 2], seed=1)
    p, x = net.predictor(), rng.integers(-3, 4, 4)
    expected = net.predict(x)
    given = {
        "list": list(map(float, x)),
        "strided": np.repeat(x, 2).astype("f4")[::2],
        "half": x.astype("f2"),
    }.get(change)
    given = x.astype(change) if given is None else given
    out = np.empty(2, "f4")
    assert np.array_equal(p(given), expected)
    assert p(given, out) is out
    assert np.array_equal(out, expected)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((), TypeError, "expected p"),
        ((np.ones(3), None, 1), TypeError, "expected p"),
        ((np.ones(4, "f4"),), ValueError, "3"),
        ((np.ones((2, 3), "f4"),), ValueError, "2 rows, the predictor takes 1"),
        ((np.ones((1, 1, 3), "f4"),), ValueError, "X must"),
        ((["a", "b", "c"],), TypeError, "X must"),
        ((np.ones(3, "c8"),), TypeError, "X must"),
        ((np.ones(3, "f4"), np.empty(3, "f4")), ValueError, "out must"),
        ((np.ones(3, "f4"), np.empty(2, "f8")), ValueError, "out must"),
        ((np.ones(3, "f4"), np.empty(4, "f4")[::2]), ValueError, "contiguous"),
        ((np.ones(3, "f4"), np.broadcast_to(np.float32(0), 2)), ValueError, "out must"),
        ((np.ones(3, "f4"), [0.0, 0.0]), TypeError, "out must be an ndarray"),
    ],
)
def test_refusals(arguments, error, message):
    p = fcnn.Network([3, 2], seed=1).predictor()
    with pytest.raises(error, match=message):
        p(*arguments)


def test_more_refusals():
    net = fcnn.Network([3, 2], seed=1)
    memory = np.ones(4, "f4")
    with pytest.raises(ValueError, match="overlaps X"):
        net.predictor()(memory[:3], memory[2:])
    read_only = np.empty(2, "f4")
    read_only.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        net.predictor()(memory[:3], read_only)
    with pytest.raises(TypeError, match="expected p"):
        net.predictor()(memory[:3], into=memory)
    with pytest.raises(ValueError, match="n_rows"):
        net.predictor(0)
    with pytest.raises(TypeError):
        type(net.predictor())()


def test_no_rows():
    p = fcnn.Network([3, 2], seed=1).predictor(4)
    assert p(np.empty((0, 3), "f4")).shape == (0, 2)


def test_many_threads_call_one(rng):
    net = fcnn.Network([16, 300, 40], "gelu", seed=1)  # scratch beyond the stack's
    X = rng.normal(size=(8, 50, 16)).astype("f4")
    expected = [net.predict(rows) for rows in X]
    p, right = net.predictor(50), []

    def work(i):
        right.append(all(np.array_equal(p(X[i]), expected[i]) for _ in range(50)))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [True] * 8


def test_references_are_given_back():
    net = fcnn.Network([3, 2], seed=1)
    p, x, out = net.predictor(), np.ones(3, "f4"), np.empty(2, "f4")
    counts = sys.getrefcount(x), sys.getrefcount(out)
    for _ in range(100):
        p(x, out)
        p(x)
        p([1, 2, 3], out)
    assert (sys.getrefcount(x), sys.getrefcount(out)) == counts


def test_masked_arrays_are_refused_here_too():
    net = fcnn.Network([3, 2], seed=1)
    masked = np.ma.masked_array(np.ones(3, "f4"), [0, 1, 0])
    with pytest.raises(TypeError, match="masked"):
        net.predictor()(masked)


def test_out_must_not_be_the_parameters():
    net = fcnn.Network([2, 3], bias=False, seed=1)
    with pytest.raises(ValueError, match="overlap"):
        net.predict(np.ones(2, "f4"), out=net.parameters[:3])


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_that_are_equal_but_another_object(dtype, rng):
    """Every array that comes out of a pickle has such a dtype."""
    net = fcnn.Network([3, 4, 2], dtype=dtype, seed=0)
    p, X = net.predictor(8), rng.normal(size=(5, 3)).astype(dtype)
    expected = net.predict(X)
    for same in (
        pickle.loads(pickle.dumps(X)),
        X.astype(np.dtype(dtype, metadata={"a": 1})),
        X.astype(np.dtype(dtype, copy=True)),
        X.astype(X.dtype.newbyteorder("S")),
        X.astype(np.longdouble),
        np.asfortranarray(X),
        X.view(np.memmap),
    ):
        assert np.array_equal(p(same), expected)
        assert np.array_equal(net.predict(same), expected)
        out = np.empty_like(expected)
        assert p(same, out) is out
        assert np.array_equal(out, expected)


def test_conversion_is_the_cores_and_not_numpys():
    net = fcnn.Network([3, 2], output="identity", seed=0)
    with np.errstate(all="raise"):
        assert np.array_equal(
            net.predictor(2)(np.full((2, 3), 1e-42)),
            net.predict(np.full((2, 3), 1e-42)),
        )
        assert net.predictor(2)(np.full((2, 3), 1e300)).shape == (2, 2)
