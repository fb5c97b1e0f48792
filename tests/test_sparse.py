"""X as a SciPy sparse matrix gives the bits of the dense array, and never is one."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp

import fcnn
from fcnn import _core
from fcnn._sparse import SparseRows, sparse_rows

N, N_IN, K = 37, 21, 3
FORMATS = ["csr", "csc", "coo", "bsr", "dok", "lil", "dia"]
DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "g"]


def make(dtype="float32"):
    return fcnn.Network([N_IN, 7, K], "tanh", "softmax", dtype=dtype, seed=1)


@pytest.fixture(name="X")
def dense(rng):
    """Some rows and columns have no number at all."""
    A = rng.integers(-9, 10, (N, N_IN)).astype(float)
    A[rng.random(A.shape) < 0.8] = 0.0
    A[5:8] = A[:, [0, 11, N_IN - 1]] = 0.0
    return A


@pytest.fixture
def y(rng):
    return rng.integers(0, K, N)


def results(net, X, y):
    """Everything that reads X, as bytes."""
    options = {"batch_size": 8, "metrics": "accuracy"}
    twin, split = net.copy(), net.copy()
    histories = [
        twin.fit(X, y, epochs=2, validation_data=(X, y), **options),
        split.fit(X, y, epochs=2, validation_split=0.3, shuffle="batch", **options),
    ]
    losses = [twin.fit_batch(X, y, optimizer="sgd"), net.evaluate(X, y)["loss"]]
    losses += [history.loss for history in histories]
    losses += [history.metrics for history in histories]
    loss, gradient = net.loss_and_gradient(X, y)
    back, trace = net.backprop(X, y, l2=0.1), net.forward(X)
    arrays = [net.predict(X), net.predictor(N)(X), gradient, back.gradient]
    arrays += [back.a[0], trace.a[0], trace.z[1], twin.parameters, split.parameters]
    return [A.tobytes() for A in arrays], losses, loss


@pytest.mark.parametrize("kind", ["matrix", "array"])
@pytest.mark.parametrize("form", FORMATS)
def test_formats(form, kind, X, y):
    S = getattr(sp, f"{form}_{kind}")(X)
    net = make()
    assert results(net, S, y) == results(net, X, y)


@pytest.mark.parametrize("of_network", ["float32", "float64"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(dtype, of_network, X, y):
    dense = np.abs(X).astype(dtype)
    net = make(of_network)
    assert results(net, sp.csr_array(dense), y) == results(net, dense, y)


@pytest.mark.parametrize("dtype", [">i4", ">f4", ">f8", ">g"])
def test_the_other_byte_order(dtype, X, y):
    S = sp.csr_array(X)
    S.data = S.data.astype(dtype)
    net = make()
    assert results(net, S, y) == results(net, X, y)


@pytest.mark.parametrize("index", ["i4", "i8", ">i4", "u4", "i2"])
@pytest.mark.parametrize("pointer", ["i4", "i8", ">i8"])
def test_dtypes_of_indices(index, pointer, X, y):
    S = sp.csr_array(X)
    S.indices, S.indptr = S.indices.astype(index), S.indptr.astype(pointer)
    net = make()
    assert results(net, S, y) == results(net, X, y)


def test_csr_is_not_copied(X):
    for index in ("i4", "i8"):
        S = sp.csr_matrix(X)
        S.indices, S.indptr = S.indices.astype(index), S.indptr.astype(index)
        rows = sparse_rows("X", S)
        for part in ("data", "indices", "indptr"):
            assert np.shares_memory(getattr(rows, part), getattr(S, part))


def test_numbers_of_one_place_are_summed_and_their_order_is_no_matter(X, y, rng):
    i, j = rng.integers(0, N, 400), rng.integers(0, N_IN, 400)
    values = rng.normal(size=400)
    S = sp.coo_matrix((values, (i, j)), shape=(N, N_IN))
    net = make()
    assert results(net, S, y) == results(net, S.toarray(), y)
    S = sp.csr_matrix(X)
    order = np.lexsort([-S.indices, np.repeat(np.arange(N), np.diff(S.indptr))])
    shuffled = sp.csr_matrix((S.data[order], S.indices[order], S.indptr), S.shape)
    twice = sp.csr_matrix(
        (np.repeat(S.data, 2), np.repeat(S.indices, 2), 2 * S.indptr), S.shape
    )
    before = [A.copy() for A in (twice.data, twice.indices, twice.indptr)]
    assert not shuffled.has_sorted_indices
    assert results(net, shuffled, y) == results(net, X, y)
    assert results(net, twice, y) == results(net, 2 * X, y)
    for A, B in zip((twice.data, twice.indices, twice.indptr), before, strict=True):
        assert np.array_equal(A, B)  # the caller's stays as it was


def test_zeros_of_either_sign(y):
    zeros = sp.csr_matrix(([-0.0, 0.0, 2.0], ([0, 1, 2], [1, 3, 5])), shape=(N, N_IN))
    assert zeros.nnz == 3
    net = make("float64")
    assert results(net, zeros, y) == results(net, zeros.toarray(), y)
    assert not np.signbit(net.forward(zeros).a[0]).any()


def test_more_stored_than_used(X, y):
    S = sp.csr_matrix(X)
    S.data = np.append(S.data, [np.nan] * 3)
    S.indices = np.append(S.indices, [10**6] * 3)
    net = make()
    assert results(net, S, y) == results(net, X, y)


@pytest.mark.parametrize("n_in", [1, 3, 15, 16, 17, 130])
def test_any_width_any_row(n_in, rng):
    dense = rng.normal(size=(9, n_in)) * (rng.random((9, n_in)) < 0.5)
    S = sp.csr_array(dense)
    for dtype in ("float32", "float64"):
        net = fcnn.Network([n_in, 5, 2], dtype=dtype, seed=0)
        expected = net.predict(dense)
        assert np.array_equal(net.predict(S), expected)
        p = net.predictor()
        for i in range(9):
            assert np.array_equal(net.predict(S[[i]])[0], expected[i])
            assert np.array_equal(p(S[[i]])[0], expected[i])
        a, b = (net.loss_and_gradient(A, np.zeros((9, 2))) for A in (S, dense))
        assert np.array_equal(a[1], b[1])


def test_one_row_of_one_dimension(X):
    row = sp.coo_array(X[0])
    if row.ndim == 2:
        pytest.skip("SciPy before 1.13 has none")
    net = make()
    assert row.ndim == 1
    assert np.array_equal(net.predict(row), net.predict(X[0]))
    assert net.evaluate(row, 2) == net.evaluate(X[0], 2)
    with pytest.raises(ValueError, match=rf"\({N_IN},\) for one row, not \(20,\)"):
        net.predict(sp.coo_array(X[0, :20]))


def test_no_rows(y):
    none = sp.csr_matrix((0, N_IN))
    assert make().predict(none).shape == (0, K)
    with pytest.raises(ValueError, match="X has no rows"):
        make().fit(none, [])


@pytest.mark.parametrize("n_threads", [1, 3])
def test_any_number_of_threads(n_threads, X, y, split_everything):
    S = sp.random(1500, N_IN, 0.2, "csr", random_state=0)
    labels = np.resize(y, 1500)
    a, b = make(), make()
    options = {"epochs": 2, "batch_size": 700, "n_threads": n_threads}
    a.fit(S, labels, **options)
    b.fit(S.toarray(), labels, epochs=2, batch_size=700)
    assert a.parameters.tobytes() == b.parameters.tobytes()
    fcnn.set_num_threads(n_threads)
    assert np.array_equal(a.predict(S), b.predict(S.toarray()))


def test_weights_classes_and_the_gradient_check(X, y):
    S, w = sp.csc_array(X), np.linspace(0, 2, N)
    options = {"sample_weight": w, "class_weight": "balanced", "epochs": 2}
    a, b = make(), make()
    a.fit(S, y, **options)
    b.fit(X, y, **options)
    assert a.parameters.tobytes() == b.parameters.tobytes()
    report = make().gradient_check(S, y, max_probes=20)
    assert report.max_error < 1e-6
    assert report.max_error == make().gradient_check(X, y, max_probes=20).max_error


def test_the_range_test_takes_it(X, y):
    a = fcnn.lr_range_test(make(), sp.csr_matrix(X), y, steps=7, batch_size=5)
    b = fcnn.lr_range_test(make(), X, y, steps=7, batch_size=5)
    assert np.array_equal(a.loss, b.loss)


def test_rows_are_selected(X):
    rows = sparse_rows("X", sp.csr_matrix(X))
    for chosen in ([3, 3, 0, N - 1, 6], [], np.arange(N)[::-1]):
        some = rows[np.array(chosen, int)]
        assert isinstance(some, SparseRows)
        assert (len(some), some.shape) == (len(chosen), (len(chosen), N_IN))
        dense = sp.csr_array((some.data, some.indices, some.indptr), shape=some.shape)
        assert np.array_equal(dense.toarray(), X[np.array(chosen, int)])


def test_out_may_not_be_the_matrix_itself():
    S = sp.csr_matrix(np.ones((K, K), "f4"))
    net = fcnn.Network([K, K], seed=0)
    out = S.data.reshape(K, K)
    with pytest.raises(ValueError, match="apart from X"):
        net.predict(S, out)
    with pytest.raises(ValueError, match="apart from X"):
        net.predictor(K)(S, out)


# ---------------------------------------------------------------------- refused


def test_sparse_targets_and_weights_are_refused(X, y):
    S = sp.csr_matrix(X)
    with pytest.raises(TypeError, match=r"y is a sparse matrix.*y\.toarray"):
        make().fit(S, sp.csr_matrix(np.eye(K)[y]))
    with pytest.raises(TypeError, match="sample_weight is a sparse matrix"):
        make().fit(S, y, sample_weight=sp.csr_matrix(np.ones((1, N))))


def test_refused_shapes_and_types(X, y):
    net = make()
    with pytest.raises(ValueError, match=rf"X must have shape \(n, {N_IN}\).*37, 20"):
        net.predict(sp.csr_matrix(X[:, :20]))
    with pytest.raises(ValueError, match="validation X must have shape"):
        net.fit(X, y, validation_data=(sp.csr_matrix(X[:, :20]), y))
    with pytest.raises(TypeError, match="X must hold real numbers.*complex"):
        net.predict(sp.csr_matrix(X.astype(complex)))
    S = sp.csr_matrix(X)
    S.data = S.data.astype(object)
    with pytest.raises(TypeError, match="X must hold real numbers.*object"):
        net.predict(S)
    net.fit(sp.csr_matrix(X), y, epochs=1, validation_data=(X, y))  # and one of each


def test_numbers_that_are_not_finite_are_told_with_their_row(X, y):
    S = sp.csr_matrix(X)
    row = int(np.flatnonzero(np.diff(S.indptr))[9])
    S.data[S.indptr[row]] = np.nan
    with pytest.raises(ValueError, match=f"X must be finite, row {row} is not"):
        make().fit(S, y)


def damaged(form, part, k, value, X):
    S = sp.bsr_matrix(X[:36, :20], blocksize=(2, 4)) if form == "bsr" else None
    S = sp.csr_matrix(X).asformat(form) if S is None else S
    getattr(S, part)[k] = value
    return S


@pytest.mark.parametrize(
    ("form", "part", "k", "value"),
    [
        (form, part, k, value)
        for form in ("csr", "csc", "bsr")
        for part, k, value in [
            *[("indices", 0, -1), ("indices", -1, 37), ("indices", 3, 2**31 - 1)],
            *[("indices", 3, -(2**31)), ("indptr", 0, -1), ("indptr", 0, 1)],
            *[("indptr", -1, 2**31 - 1), ("indptr", 3, 2**31 - 1), ("indptr", 3, -5)],
        ]
    ]
    + [("coo", part, 3, value) for part in ("row", "col") for value in (-1, 37)],
)
def test_damaged_indices_are_refused(form, part, k, value, X):
    S = damaged(form, part, k, value, X)
    net = fcnn.Network([S.shape[1], 1], seed=0)
    with pytest.raises(ValueError, match="X has|X.indptr"):
        net.predict(S)
    with pytest.raises(ValueError, match="validation X has|validation X.indptr"):
        net.fit(np.ones((2, S.shape[1])), [0, 1], validation_data=(S, [0] * S.shape[0]))


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_arrays_that_do_not_fit_are_refused(form, X):
    for part, value, error in [
        ("indptr", np.zeros(3, int), ValueError),
        ("indptr", np.zeros(N + 1), TypeError),
        ("indices", np.zeros(3, int), ValueError),
        ("indices", np.zeros((3, 3), int), ValueError),
        ("indices", np.zeros(10**4), TypeError),
        ("data", np.zeros(3), ValueError),
    ]:
        S = sp.csr_matrix(X).asformat(form)
        setattr(S, part, value)
        with pytest.raises(error, match=r"X\.ind|X\.data"):
            make().predict(S)


@pytest.mark.parametrize(
    ("part", "value"),
    [("indices", N_IN), ("indices", -1), ("indptr", -1), ("indptr", 2**31 - 1)],
)
@pytest.mark.parametrize("n_threads", [1, 3])
def test_what_changes_meanwhile_is_checked_again(
    part, value, n_threads, X, y, split_everything
):
    class Change(fcnn.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                before.append(net.parameters.copy())
                getattr(S, part)[4:] = value

    S, net, before = sp.csr_matrix(X), make(), []
    message = "X changed during the call: row [0-9]+ is no longer"
    with pytest.raises(ValueError, match=message):
        net.fit(S, y, epochs=3, callbacks=[Change()], n_threads=n_threads)
    assert np.array_equal(net.parameters, before[0])
    net.fit(X, y, epochs=1)


@pytest.mark.parametrize(
    ("indices", "indptr"),
    [
        ([0, 99, 1], [0, 1, 3]),
        ([0, -1, 1], [0, 1, 3]),
        ([2**31 - 1] * 3, [0, 1, 3]),
        ([-(2**31)] * 3, [0, 1, 3]),
        ([0, 0, 1], [-1, 1, 3]),
        ([0, 0, 1], [2, 1, 3]),
        ([0, 0, 1], [0, 1, 4]),
    ],
)
@pytest.mark.parametrize("dtype", ["i4", "i8"])
def test_the_core_itself_checks_every_index(dtype, indices, indptr, rng):
    """A Csr that no check in Python has seen, in every call that takes one."""
    more = np.array([*indices, 0], dtype)  # what lies behind would do as an index
    wrong = _core.Csr(np.ones(4)[:3], more[:3], np.array(indptr, dtype), 2)
    net = fcnn.Network([2, 3, 1], seed=0)
    out, Y = np.empty((2, 1), "f4"), np.zeros((2, 1))
    engine, p = net._engine, net.predictor(2)
    arguments = (wrong, Y, False, "mse", None)
    for call in (
        lambda: engine.predict(wrong, out, 1),
        lambda: engine.forward(wrong, 1),
        lambda: engine.backprop(*arguments, 0.0, 0.0, 1),
        lambda: engine.loss_and_gradient(*arguments, 0.0, 0.0, 1),
        lambda: engine.evaluate(*arguments, None, None, 1),
        lambda: _core.predict_converting(p, wrong, out),
    ):
        with pytest.raises(ValueError, match="no longer one of a sparse matrix"):
            call()


def test_a_csr_of_the_core_is_checked_when_made():
    ok = np.zeros(3, "i4")
    for arguments in [
        (np.ones(2), ok, ok, 2),
        (np.ones((3, 1)), ok, ok, 2),
        (np.ones(6)[::2], ok, ok, 2),
        (np.ones(3), ok, ok[:0], 2),
        (np.ones(3), ok, ok, 0),
    ]:
        with pytest.raises(ValueError, match="contiguous|equally many"):
            _core.Csr(*arguments)
    for arguments in [
        (np.ones(3), ok.astype("i2"), ok, 2),
        (np.ones(3), ok, ok.astype("f8"), 2),
        (np.ones(3), ok.astype(">i4"), ok, 2),
        (np.ones(3, complex), ok, ok, 2),
    ]:
        with pytest.raises(TypeError, match="must be int32 or int64|real numbers"):
            _core.Csr(*arguments)


# ----------------------------------------------------------------------- memory

MEMORY = """
import resource, sys
import numpy as np, fcnn
import scipy.sparse as sp
rng = np.random.default_rng(0)
n, n_in, each = 40_000, 5_000, 10
columns = np.sort(rng.integers(0, n_in // each, (n, each)) + np.arange(each) * 500)
X = sp.csr_matrix(
    (np.ones(n * each, "f4"), columns.ravel().astype("i4"),
     np.arange(0, n * each + 1, each, dtype="i4")), shape=(n, n_in)
)  # 3 MB; dense 800 MB
y = (columns[:, 0] < 100).astype(float)
net = fcnn.Network([n_in, 1], seed=0)
net.fit(X[:2000], y[:2000], epochs=1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
loss = net.fit(X, y, epochs=1, optimizer=fcnn.Adam(lr=0.05)).loss[0]
assert loss < 0.3, loss
assert net.evaluate(X, y, metrics="accuracy")["accuracy"] > 0.99
net.predict(X)
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(used / (2**20 if sys.platform == "darwin" else 2**10))
"""


@pytest.mark.plain
def test_the_dense_whole_is_never_made():
    pytest.importorskip("resource")
    command = [sys.executable, "-c", MEMORY]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(result.stdout) < 60  # MiB


def test_rows_taken_while_indptr_is_written_to():
    """Before any memory is asked for."""
    X = sp.random(50, 4, 0.5, format="csr", random_state=0)
    rows = sparse_rows("X", X)
    rows[np.arange(50)]
    X.indptr[16] = 2**31 - 1
    with pytest.raises(ValueError, match="X changed during the call"):
        rows[np.arange(50)]
