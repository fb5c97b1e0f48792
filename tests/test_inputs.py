"""X and y of every dtype, layout and kind give what their float64 copy gives."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import fcnn
from helpers import assert_close

NATIVE = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "g"]
DTYPES = [*NATIVE, ">i2", ">u4", ">i8", ">f2", ">f4", ">f8", ">g"]
N, N_IN, K = 37, 5, 3


def make(dtype="float32", output="softmax"):
    return fcnn.Network([N_IN, 7, K], "tanh", output, dtype=dtype, seed=1)


def results(net, X, y):
    """Everything that reads X and y, as bytes."""
    twin = net.copy()
    twin.fit(X, y, epochs=2, batch_size=8, validation_data=(X, y))
    loss, gradient = net.loss_and_gradient(X, y)
    arrays = [net.predict(X), net.forward(X).a[0], gradient, twin.parameters]
    measured = net.evaluate(X, y, metrics=["accuracy", "mse", "r2"])
    return [A.tobytes() for A in arrays] + [loss, repr(measured)]


def values(dtype, rng):
    """Numbers that the dtype and float32 hold exactly."""
    if np.dtype(dtype).kind == "b":
        return rng.random((N, N_IN)) < 0.5
    low = 0 if np.dtype(dtype).kind == "u" else -100
    return rng.integers(low, 100, (N, N_IN)).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("of_network", ["float32", "float64"])
def test_dtypes_of_x(dtype, of_network, rng):
    X, y = values(dtype, rng), rng.integers(0, K, N)
    net = make(of_network)
    assert results(net, X, y) == results(net, X.astype(of_network), y)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("of_network", ["float32", "float64"])
def test_dtypes_of_y(dtype, of_network, rng):
    X = rng.normal(size=(N, N_IN))
    labels = rng.integers(0, 2 if dtype == "?" else K, N)
    for y in (labels, np.eye(K)[labels]):
        net = make(of_network)
        assert results(net, X, y.astype(dtype)) == results(net, X, y)


def test_integers_are_rounded_once_like_numpys():
    X = np.array([[2**24 + 1, 2**53 + 1, 2**62 + 1, -(2**60) - 1, 3]], "i8")
    for dtype in ("float32", "float64"):
        assert np.array_equal(make(dtype).forward(X).a[0], X.astype(dtype))
    X = np.array([[2**64 - 1, 2**63 + 1, 2**40 + 1, 0, 1]], "u8")
    for dtype in ("float32", "float64"):
        assert np.array_equal(make(dtype).forward(X).a[0], X.astype(dtype))


def test_every_half_is_converted_exactly():
    every = np.arange(2**16, dtype="u2").view("f2")
    every = every[np.isfinite(every)]
    X = every[: every.size // N_IN * N_IN].reshape(-1, N_IN)
    for dtype in ("float32", "float64"):
        assert np.array_equal(make(dtype).forward(X).a[0], X.astype(dtype))


def test_doubles_are_rounded_to_nearest_for_float32(rng):
    X = rng.normal(size=(400, N_IN)) * 10.0 ** rng.integers(-30, 30, (400, N_IN))
    assert np.array_equal(make("float32").forward(X).a[0], X.astype("float32"))


def layouts(X):
    n, m = X.shape
    unaligned = np.empty(X.nbytes + 1, "u1")[1:].view(X.dtype).reshape(X.shape)
    unaligned[:] = X
    read_only = X.copy()
    read_only.flags.writeable = False
    padded = np.full((2 * n, 3 * m), 99, X.dtype)
    padded[::2, 1::3] = X
    record = np.zeros((n, m), [("pad", "u1"), ("x", X.dtype)])
    record["x"] = X
    return {
        "C": X.copy(),
        "Fortran": np.asfortranarray(X),
        "negative": X[::-1, ::-1].copy()[::-1, ::-1],
        "strided": padded[::2, 1::3],
        "unaligned": unaligned,
        "read-only": read_only,
        "record field": record["x"],
        "transposed": X.T.copy().T,
        "byte-swapped": X.astype(X.dtype.newbyteorder()),
    }


@pytest.mark.parametrize("dtype", ["u1", "i8", "f2", "f4", "f8", "g"])
@pytest.mark.parametrize("layout", layouts(np.ones((2, 2))))
def test_layouts(layout, dtype, rng):
    X, y = values(dtype, rng), np.eye(K)[rng.integers(0, K, N)].astype(dtype)
    net = make()
    expected = results(net, X, y)
    assert results(net, layouts(X)[layout], layouts(y)[layout]) == expected


def test_broadcast(rng):
    row, y = rng.normal(size=N_IN), np.broadcast_to(np.eye(K)[1], (N, K))
    X = np.broadcast_to(row, (N, N_IN))
    net = make()
    assert results(net, X, y) == results(net, X.copy(), y.copy())
    X = np.broadcast_to(np.float32(0.5), (N, N_IN))
    assert results(net, X, y) == results(net, X.copy(), y)


def test_labels_in_layouts(rng):
    X, labels = rng.normal(size=(N, N_IN)), rng.integers(0, K, N)
    net = make()
    expected = results(net, X, labels)
    wide = np.full(3 * N, 99)
    wide[::3] = labels
    for y in (wide[::3], labels[::-1].copy()[::-1], labels.astype(">i2"), list(labels)):
        assert results(net, X, y) == expected


def test_labels_are_one_hot_inside(rng):
    X, labels = rng.normal(size=(N, N_IN)), rng.integers(0, K, N)
    for output in ("softmax", "sigmoid"):
        net = make("float64", output)
        a, b = net.backprop(X, labels), net.backprop(X, np.eye(K)[labels])
        assert a.loss == b.loss
        assert np.array_equal(a.gradient, b.gradient)
        measured = net.evaluate(X, labels, metrics=["accuracy", "mse", "mae", "r2"])
        assert measured == net.evaluate(
            X, np.eye(K)[labels], metrics=["accuracy", "mse", "mae", "r2"]
        )


@pytest.mark.parametrize("output", ["identity", "relu", "tanh", "exp", "hard_sigmoid"])
def test_labels_need_softmax_or_sigmoid(output, rng):
    net, X = make(output=output), rng.normal(size=(N, N_IN))
    for call in (net.backprop, net.evaluate, net.fit, net.fit_batch):
        with pytest.raises(ValueError, match="softmax or sigmoid"):
            call(X, rng.integers(0, K, N))


def test_one_output_takes_values_in_either_shape(rng):
    X, y = rng.normal(size=(N, N_IN)), rng.uniform(size=N)
    net = fcnn.Network([N_IN, 1], dtype="float64", seed=0)
    assert results(net, X, y) == results(net, X, y[:, None])
    assert results(net, X, (y > 0.5).tolist()) == results(net, X, (y > 0.5) * 1.0)


def test_a_single_row_is_a_batch_of_one(rng):
    x = rng.normal(size=N_IN)
    net = make("float64")
    expected = net.loss_and_gradient(x[None], [2])
    for y in (2, np.int8(2), 2.0, [0, 0, 1], np.eye(K)[2]):
        loss, gradient = net.loss_and_gradient(x, y)
        assert loss == expected[0]
        assert np.array_equal(gradient, expected[1])
    single = fcnn.Network([N_IN, 1], dtype="float64", seed=0)
    for y in (0.5, [0.5], np.array(0.5)):
        loss, _ = single.loss_and_gradient(x, y)
        assert loss == single.loss_and_gradient(x[None], [0.5])[0]


@pytest.mark.parametrize(
    "y",
    [np.zeros(N + 1, int), np.zeros((N, K + 1)), np.zeros((N, 1)), np.zeros((1, N))],
)
def test_refused_shapes_of_y(y, rng):
    net, X = make(), rng.normal(size=(N, N_IN))
    for call in (net.backprop, net.evaluate, net.fit, net.fit_batch):
        with pytest.raises(ValueError, match=rf"y must have shape \({N}, {K}\)"):
            call(X, y)


@pytest.mark.parametrize("y", [["a"] * N, [None] * N, np.zeros(N, complex)])
def test_refused_types_of_y(y, rng):
    with pytest.raises(TypeError, match="y must hold real numbers"):
        make().fit(rng.normal(size=(N, N_IN)), y)


def test_lists_and_tuples(rng):
    X, y = values("i4", rng), rng.integers(0, K, N)
    net = make()
    expected = results(net, X, y)
    assert results(net, X.tolist(), y.tolist()) == expected
    assert results(net, tuple(map(tuple, X.tolist())), tuple(y.tolist())) == expected


def test_data_frames(rng):
    X, y = values("f4", rng), rng.integers(0, K, N)
    net = make()
    expected = results(net, X, y)
    frame = pd.DataFrame(X, columns=list("abcde"))
    assert results(net, frame, pd.Series(y)) == expected
    mixed = frame.astype({"a": "i8", "b": "f8", "c": "i2"})
    assert results(net, mixed, pd.Series(y, dtype="Int64")) == expected
    one_hot = pd.DataFrame(np.eye(K)[y], index=range(100, 100 + N))
    assert results(net, frame, one_hot) == results(net, X, np.eye(K)[y])
    with_bool = frame.assign(a=frame.a > 0)
    assert np.array_equal(
        net.predict(with_bool), net.predict(np.column_stack([X[:, 0] > 0, X[:, 1:]]))
    )
    with pytest.raises(TypeError, match="column 'b'"):
        net.predict(frame.astype({"b": str}))


def test_memmap(tmp_path, rng):
    X, y = values("f4", rng), rng.integers(0, K, N)
    for name, A in (("X", X), ("y", y)):
        A.tofile(tmp_path / name)
    mapped = np.memmap(tmp_path / "X", "f4", "r", shape=X.shape)
    labels = np.memmap(tmp_path / "y", y.dtype, "r")
    net = make()
    assert results(net, mapped, labels) == results(net, X, y)
    for shuffle in (True, "batch", False):
        a, b = make(), make()
        a.fit(mapped, labels, epochs=2, shuffle=shuffle)
        b.fit(X, y, epochs=2, shuffle=shuffle)
        assert a.parameters.tobytes() == b.parameters.tobytes()


MEMORY = """
import resource, sys
import numpy as np, fcnn
X = np.broadcast_to(np.float32(0.5), (2**21, 64))  # half a GiB of one number
y = np.broadcast_to(np.float32(1.0), (2**21, 1))
net = fcnn.Network([64, 1], seed=0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
net.fit(X, y, epochs=1, batch_size=4096)
net.evaluate(X, y)
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(used / (2**20 if sys.platform == "darwin" else 2**10))
"""


@pytest.mark.plain
def test_x_is_not_copied_as_a_whole():
    pytest.importorskip("resource")
    command = [sys.executable, "-c", MEMORY]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(result.stdout) < 200  # MiB


def test_subclasses_of_ndarray(rng):
    X, y = values("f4", rng), rng.integers(0, K, N)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        matrix = np.matrix(X)
    net = make()
    assert results(net, matrix, y) == results(net, X, y)
    assert type(net.predict(matrix)) is np.ndarray


kinds = st.one_of(
    npst.boolean_dtypes(),
    npst.integer_dtypes(endianness="?"),
    npst.unsigned_integer_dtypes(endianness="?"),
    npst.floating_dtypes(sizes=(16, 32, 64), endianness="?"),
)


@st.composite
def strided(draw, n, m):
    """An (n, m) array of small numbers, sliced, turned or transposed out of another."""
    dtype = draw(kinds)
    steps = draw(st.tuples(*[st.sampled_from([-3, -2, -1, 1, 2, 3])] * 2))
    big = (n * abs(steps[0]), m * abs(steps[1]))
    numbers = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 2, big)
    A = numbers.astype(dtype, order=draw(st.sampled_from("CF")))
    return A[:: steps[0], :: steps[1]]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(data=st.data(), n=st.integers(1, 40), m=st.integers(1, 20), k=st.integers(1, 18))
def test_any_shape_dtype_and_stride(data, n, m, k):
    X, y = data.draw(strided(n, m)), data.draw(strided(n, k))
    w = data.draw(st.none() | npst.arrays(float, n, elements=st.floats(0.5, 2)))
    net = fcnn.Network([m, 3, k], "tanh", dtype="float64", seed=0)
    twin = net.copy()
    plain = (np.array(X, "f8", order="C"), np.array(y, "f8", order="C"))
    loss, gradient = net.loss_and_gradient(X, y, sample_weight=w)
    again = net.loss_and_gradient(*plain, sample_weight=w)
    assert loss == again[0]
    assert np.array_equal(gradient, again[1])
    assert np.array_equal(net.predict(X), net.predict(plain[0]))
    net.fit(X, y, epochs=1, batch_size=7, sample_weight=w)
    twin.fit(*plain, epochs=1, batch_size=7, sample_weight=w)
    assert np.array_equal(net.parameters, twin.parameters)
    assert_close(net.predict(X[:1]), net.predict(X)[:1], 0)
