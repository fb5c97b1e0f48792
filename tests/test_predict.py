"""predict: its shapes, its `out`, and what it refuses."""

from __future__ import annotations

import re

import numpy as np
import pytest

import fcnn
import reference as ref
from helpers import assert_close, reference_layers

DTYPES = ["float32", "float64"]


@pytest.fixture(params=DTYPES)
def net(request):
    return fcnn.Network([3, 5, 2], "tanh", "softmax", dtype=request.param, seed=1)


def test_rows(net, rng):
    X = rng.normal(size=(4, 3)).astype(net.dtype)
    a = net.predict(X)
    assert a.shape == (4, 2)
    assert a.dtype == net.dtype
    assert a.flags.c_contiguous
    assert a.flags.owndata
    _, expected = ref.forward(reference_layers(net), X)
    assert_close(a, expected[-1], 4 * np.finfo(net.dtype).eps)


def test_one_row_comes_back_as_one(net):
    one = net.predict([1, 2, 3])
    assert one.shape == (2,)
    assert np.array_equal(one, net.predict([[1, 2, 3]])[0])


def test_no_rows(net):
    a = net.predict(np.empty((0, 3)))
    assert a.shape == (0, 2)
    assert a.dtype == net.dtype
    out = np.empty((0, 2), net.dtype)
    assert net.predict(np.empty((0, 3), "i1"), out) is out
    trace = net.forward(np.empty((0, 3)))
    assert [A.shape for A in trace.a] == [(0, 3), (0, 5), (0, 2)]
    X, y = np.empty((0, 3)), np.empty((0, 2))
    for call in (net.backprop, net.loss_and_gradient, net.evaluate, net.gradient_check):
        with pytest.raises(ValueError, match="no rows"):
            call(X, y)
    for call in (net.fit, net.fit_batch):
        with pytest.raises(ValueError, match="no rows"):
            call(X, y)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((4, 2)), "(n, 3), or (3,) for one row, not (4, 2)"),
        (np.ones(4), "(n, 3), or (3,) for one row, not (4,)"),
        (np.ones(()), "not ()"),
        (1.0, "not ()"),
        ([], "not (0,)"),
        (np.ones((2, 3, 1)), "X.reshape(len(X), -1)"),
    ],
)
def test_refused_shapes(net, X, message):
    for call in (net.predict, net.forward):
        with pytest.raises(ValueError, match=re.escape(message)):
            call(X)


def test_one_column_is_asked_for_its_shape():
    """With n_in = 1 a vector of several values might be rows or one row."""
    net = fcnn.Network([1, 1], seed=0)
    for call in (net.predict, net.forward):
        with pytest.raises(ValueError, match=re.escape("X[:, None]")):
            call([1.0, 2.0])
    for call in (net.fit, net.backprop, net.evaluate):
        with pytest.raises(ValueError, match=re.escape("X[:, None]")):
            call([1.0, 2.0], [0.0, 1.0])
    assert net.predict([1.0]).shape == (1,)
    assert net.predict([[1.0], [2.0]]).shape == (2, 1)


@pytest.mark.parametrize(
    "X",
    [
        [["1", "2", "3"]],
        [[1, 2, None]],
        np.ones((1, 3), complex),
        np.ones((1, 3), object),
        np.ones((1, 3), "datetime64[s]"),
        np.ma.masked_array(np.ones((1, 3)), [[0, 1, 0]]),
        None,
        {"a": 1},
    ],
    ids=[
        "str",
        "None in list",
        "complex",
        "object",
        "datetime",
        "masked",
        "None",
        "dict",
    ],
)
def test_refused_types(net, X):
    for call in (net.predict, net.forward):
        with pytest.raises(TypeError, match="X "):
            call(X)


def test_ragged_rows_are_refused(net):
    with pytest.raises(ValueError, match="X "):
        net.predict([[1, 2, 3], [1, 2]])


def test_out(net, rng):
    X = rng.normal(size=(40, 3))
    expected = net.predict(X)
    out = np.full((40, 2), np.nan, net.dtype)
    assert net.predict(X, out) is out
    assert np.array_equal(out, expected)
    out = np.empty(2, net.dtype)
    assert net.predict(X[0], out=out) is out
    assert np.array_equal(out, expected[0])
    whole = np.full((42, 2), np.nan, net.dtype)  # nothing is written beside it
    net.predict(X, whole[1:-1])
    assert np.array_equal(whole[1:-1], expected)
    assert np.isnan(whole[[0, -1]]).all()
    row = np.full(12, np.nan, net.dtype)  # nor behind a single row
    net.predict(X[0], row[4:6])
    assert np.isnan(row).sum() == 10


def bad_outs(net):
    other = {"float32": "f8", "float64": "f4"}[net.dtype.name]
    size = net.dtype.itemsize
    unaligned = np.zeros(8 * size + 1, "u1")[1:].view(net.dtype).reshape(4, 2)
    read_only = np.empty((4, 2), net.dtype)
    read_only.flags.writeable = False
    return {
        "shape": np.empty((4, 3), net.dtype),
        "one row": np.empty(8, net.dtype),
        "dtype": np.empty((4, 2), other),
        "byte order": np.empty((4, 2), net.dtype.newbyteorder()),
        "Fortran order": np.empty((2, 4), net.dtype).T,
        "stride": np.empty((4, 4), net.dtype)[:, ::2],
        "read-only": read_only,
        "unaligned": unaligned,
        "theta": net.parameters[:8].reshape(4, 2),
    }


@pytest.mark.parametrize("kind", bad_outs(fcnn.Network([3, 5, 2])))
def test_refused_out(net, kind):
    theta = net.parameters.copy()
    with pytest.raises(ValueError, match=r"out must be .*shape \(4, 2\)"):
        net.predict(np.ones((4, 3)), bad_outs(net)[kind])
    assert np.array_equal(net.parameters, theta)


def test_out_must_not_overlap_x(net):
    memory = np.ones(20, net.dtype)
    X = memory[:12].reshape(4, 3)
    with pytest.raises(ValueError, match="overlaps X"):
        net.predict(X, memory[4:12].reshape(4, 2))
    with pytest.raises(ValueError, match="overlaps X"):
        net.predict(X[:1], X[:1, :2])
    assert (memory == 1).all()
    net.predict(X, memory[12:].reshape(4, 2))


def test_out_must_be_an_ndarray(net):
    for out in ([[0, 0]], "out", memoryview(bytearray(8))):
        with pytest.raises(TypeError, match="out must be an ndarray"):
            net.predict([[1, 2, 3]], out)


def test_predict_changes_neither_x_nor_theta(net, rng):
    X = rng.normal(size=(50, 3)).astype(net.dtype)
    kept, theta = X.copy(), net.parameters.copy()
    net.predict(X)
    net.backprop(X, rng.integers(0, 2, 50))
    assert np.array_equal(X, kept)
    assert np.array_equal(net.parameters, theta)


def test_records_are_copies(net, rng):
    """What forward and backprop give stays as it is when theta or X change."""
    X = rng.normal(size=(5, 3)).astype(net.dtype)
    trace, back = net.forward(X), net.backprop(X, [0, 1, 0, 1, 0])
    arrays = [*trace.z, *trace.a, *back.z, *back.a, *back.delta, back.gradient]
    kept = [A.copy() for A in arrays]
    X[:] = 0
    net.parameters[:] = 0
    net.backprop(X, [0, 1, 0, 1, 0])
    assert all(np.array_equal(A, B) for A, B in zip(arrays, kept, strict=True))
    assert all(A.flags.writeable for A in arrays)


def test_nan_and_infinity_pass_through(net):
    a = net.predict([[np.nan, 0, 0], [0, 0, 0], [np.inf, 0, 0]])
    assert np.isnan(a[0]).all()
    assert np.isfinite(a[1]).all()
    assert np.array_equal(a[1], net.predict([0, 0, 0]))
