"""Data frames of pandas and polars give what their numbers give as an ndarray."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fcnn

N, N_IN, K = 23, 3, 2
NUMERIC = [
    *["Int8", "Int16", "Int32", "Int64", "Int128", "UInt8", "UInt16", "UInt32"],
    *["UInt64", "Float32", "Float64", "Decimal"],
]


def make():
    return fcnn.Network([N_IN, 4, K], "tanh", "softmax", dtype="float64", seed=2)


@pytest.fixture(name="X")
def numbers(rng):
    return rng.integers(0, 50, (N, N_IN)).astype(float)


@pytest.fixture
def y(rng):
    return rng.integers(0, K, N)


def results(X, y, w=None):
    net = make()
    net.fit(X, y, epochs=2, sample_weight=w, validation_data=(X, y))
    loss = net.evaluate(X, y, sample_weight=w, metrics="accuracy")
    return net.parameters.tobytes(), net.predict(X).tobytes(), loss


def polars_frame(X, dtypes=None):
    columns = {f"c{j}": X[:, j] for j in range(X.shape[1])}
    return pl.DataFrame(columns, schema_overrides=dtypes)


@pytest.mark.parametrize("name", NUMERIC)
def test_polars_dtypes(name, X, y):
    if not hasattr(pl, name):
        pytest.skip("not in this version of polars")
    dtype = pl.Decimal(10, 2) if name == "Decimal" else getattr(pl, name)
    frame = pl.DataFrame({f"c{j}": pl.Series(X[:, j]).cast(dtype) for j in range(N_IN)})
    assert results(frame, y) == results(X, y)
    mixed = frame.with_columns(pl.Series("c1", X[:, 1]))
    assert results(mixed, y) == results(X, y)


def test_polars_series_targets_and_weights(X, y):
    w = np.linspace(0.5, 2, N)
    expected = results(X, y, w)
    frame = polars_frame(X)
    assert results(frame, pl.Series("y", y), pl.Series(w)) == expected
    assert results(frame, pl.Series(y).cast(pl.Boolean), pl.Series(w)) == expected
    one_hot = polars_frame(np.eye(K)[y])
    assert results(frame, one_hot) == results(X, np.eye(K)[y])
    assert results(frame.clone().rechunk(), y) == results(X, y)
    chunked = pl.concat([frame[:5], frame[5:]], rechunk=False)
    assert results(chunked, y) == results(X, y)


def test_polars_booleans(X, y):
    B = X > 25
    assert results(pl.DataFrame(B), y) == results(B.astype(float), y)
    mixed = polars_frame(X).with_columns(pl.Series("c1", B[:, 1]))
    expected = X.copy()
    expected[:, 1] = B[:, 1]
    assert results(mixed, y) == results(expected, y)


def frames_with_a_hole(X):
    """Row 7 of the second column is missing."""
    holes = [None if i == 7 else value for i, value in enumerate(X[:, 1].tolist())]
    flags = [None if v is None else v > 25 for v in holes]
    frame = pd.DataFrame(X)
    frame[1] = pd.array([None if v is None else int(v) for v in holes], "Int64")
    yield frame
    frame = pd.DataFrame(X)
    frame[1] = pd.array(flags, "boolean")
    yield frame
    for dtype in (pl.Int64, pl.Float32, pl.Boolean, pl.Decimal(10, 2)):
        values = flags if dtype == pl.Boolean else holes
        series = pl.Series("c1", values, strict=False).cast(dtype)
        yield polars_frame(X).with_columns(series)


@pytest.mark.parametrize("k", range(6))
def test_what_is_missing_is_nan_and_told_with_its_row(k, X, y):
    frame = list(frames_with_a_hole(X))[k]
    a = make().forward(frame).a[0]
    assert np.argwhere(np.isnan(a)).tolist() == [[7, 1]]
    with pytest.raises(ValueError, match="X must be finite, row 7 is not"):
        make().fit(frame, y)


def test_missing_targets_and_weights(X, y):
    holes = [None, *map(int, y[1:])]
    series = (pl.Series(holes), pd.Series(pd.array(holes, "Int64")))
    for given in series:
        with pytest.raises(ValueError, match="row 0"):
            make().fit(X, given)
        with pytest.raises(ValueError, match="sample_weight must be finite.*row 0"):
            make().fit(X, y, sample_weight=given)


DAY = dt.date(2020, 1, 1)
REFUSED = [
    pl.Series("c1", ["a"] * N),
    pl.Series("c1", [DAY] * N),
    pl.Series("c1", [dt.timedelta(1)] * N),
    pl.Series("c1", ["a"] * N, dtype=pl.Categorical),
    pl.Series("c1", [[1.0, 2.0]] * N),
    pl.Series("c1", [{"a": 1}] * N),
    pl.Series("c1", [None] * N),
    pl.Series("c1", [object()] * N, dtype=pl.Object),
]


@pytest.mark.parametrize("column", REFUSED, ids=lambda s: str(s.dtype))
def test_refused_polars_columns(column, X, y):
    frame = polars_frame(X).with_columns(column)
    what = re.escape(f"its column 'c1' has dtype {column.dtype}")
    with pytest.raises(TypeError, match=f"X must hold real numbers; {what}"):
        make().fit(frame, y)
    with pytest.raises(TypeError, match=f"y must hold real numbers; {what}"):
        make().fit(X, column)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["a"] * N),
        pd.Series(pd.Timestamp(DAY), index=range(N)),
        pd.Series(pd.Timedelta(days=1), index=range(N)),
        pd.Series(["a"] * N, dtype="category"),
        pd.Series([object()] * N),
        pd.Series([1j] * N),
    ],
    ids=lambda s: str(s.dtype),
)
def test_refused_pandas_columns(column, X, y):
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(b=column)
    with pytest.raises(TypeError, match="X must hold real numbers; its column 'b'"):
        make().fit(frame, y)


def test_lazy_frames_are_refused(X, y):
    with pytest.raises(TypeError, match="X must be data, not a LazyFrame"):
        make().fit(polars_frame(X).lazy(), y)


def test_frames_without_rows_or_of_another_width(X, y):
    frame = polars_frame(X)
    assert make().predict(frame[:0]).shape == (0, K)
    for wrong, shape in ((frame[:, :2], f"({N}, 2)"), (frame[:, :0], "(0, 0)")):
        with pytest.raises(ValueError, match=re.escape(shape)):
            make().predict(wrong)


def test_pandas_sparse_columns(X, y):
    X[X < 30] = 0
    frame = pd.DataFrame(X).astype(pd.SparseDtype(float, 0.0))
    assert results(frame, y) == results(X, y)
    assert results(frame.sparse.to_coo(), y) == results(X, y)


class Wrapped:
    """As other libraries' tables: it can be made an array."""

    def __init__(self, A):
        self.A = A

    def __array__(self, dtype=None, copy=None):
        return self.A


def test_anything_with_array(X, y):
    assert results(Wrapped(X), Wrapped(y)) == results(X, y)
    with pytest.raises(TypeError, match="X must hold real numbers"):
        make().fit(Wrapped(X.astype(object)), y)


NOT_IMPORTED = """
import sys
import numpy as np, fcnn
net = fcnn.Network([2, 1], seed=0)
net.fit(np.ones((4, 2)), np.ones(4), epochs=1)
fcnn.lr_range_test(net, [[1, 2]], [1], steps=2)
names = ("pandas", "polars", "scipy", "matplotlib", "sklearn")
print([name for name in names if name in sys.modules])
"""


def test_no_library_of_frames_is_imported():
    command = [sys.executable, "-c", NOT_IMPORTED]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
