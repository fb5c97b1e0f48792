"""The metrics against scikit-learn's, and what else may be one."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from sklearn import metrics as sk

import fcnn

N = 57


def evaluate(output, X, y, names, w=None):
    """Metrics of a network whose outputs are X, up to its activation."""
    k = X.shape[1]
    net = fcnn.Network([k, k], output=output, bias=False, dtype="float64", seed=0)
    net.layers[1].weight = np.eye(k)
    loss = None if output != "identity" else "mse"
    return net.predict(X), net.evaluate(X, y, loss, sample_weight=w, metrics=names)


@pytest.fixture(params=[False, True], ids=["unweighted", "weighted"])
def w(request, rng):
    return rng.uniform(0, 2, N) if request.param else None


@pytest.mark.parametrize("k", [1, 2, 5])
def test_regression(k, w, rng):
    a, y = rng.normal(size=(N, k)), rng.normal(size=(N, k))
    _, found = evaluate("identity", a, y, ["mse", "rmse", "mae", "r2"], w)
    mse = sk.mean_squared_error(y, a, sample_weight=w)
    assert found["mse"] == pytest.approx(mse, rel=1e-12)
    assert found["loss"] == pytest.approx(mse, rel=1e-12)
    assert found["rmse"] == pytest.approx(np.sqrt(mse), rel=1e-12)
    mae = sk.mean_absolute_error(y, a, sample_weight=w)
    assert found["mae"] == pytest.approx(mae, rel=1e-12)
    assert found["r2"] == pytest.approx(sk.r2_score(y, a, sample_weight=w), rel=1e-12)


def test_r2_of_constant_targets(rng):
    a = rng.normal(size=(N, 2))
    y = np.column_stack([np.full(N, 3.0), a[:, 1]])
    assert evaluate("identity", a, y, "r2")[1]["r2"] == sk.r2_score(y, a)
    assert evaluate("identity", y, y, "r2")[1]["r2"] == 1.0
    assert np.isnan(evaluate("identity", a[:1], y[:1], "r2")[1]["r2"])


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_accuracy_of_classes(output, w, rng):
    X, labels = rng.normal(size=(N, 4)), rng.integers(0, 4, N)
    expected = sk.accuracy_score(labels, X.argmax(axis=1), sample_weight=w)
    for y in (labels, labels.astype(float), np.eye(4)[labels]):
        _, found = evaluate(output, X, y, "accuracy", w)
        assert found["accuracy"] == pytest.approx(expected, rel=1e-14)


def test_accuracy_of_one_output(w, rng):
    X, y = rng.normal(size=(N, 1)), rng.integers(0, 2, N)
    expected = sk.accuracy_score(y, X[:, 0] > 0, sample_weight=w)
    _, found = evaluate("sigmoid", X, y, "accuracy", w)
    assert found["accuracy"] == pytest.approx(expected, rel=1e-14)
    assert evaluate("sigmoid", X * 0, y * 0, "accuracy")[1]["accuracy"] == 1.0
    assert evaluate("sigmoid", X * 0, y * 0 + 1, "accuracy")[1]["accuracy"] == 0.0


def test_accuracy_of_several_labels_at_once(w, rng):
    X, y = rng.normal(size=(N, 3)), rng.integers(0, 2, (N, 3))
    expected = sk.accuracy_score(y, X > 0, sample_weight=w)
    _, found = evaluate("sigmoid", X, y, "accuracy", w)
    assert found["accuracy"] == pytest.approx(expected, rel=1e-14)


def test_a_function_of_ones_own(rng):
    X, labels = rng.normal(size=(N, 3)), rng.integers(0, 3, N)

    def top2(y, a):
        assert y.shape == (N,)
        assert a.shape == (N, 3)
        return np.mean([t in row.argsort()[-2:] for t, row in zip(y, a, strict=True)])

    a, found = evaluate("softmax", X, labels, ["accuracy", top2])
    expected = sk.top_k_accuracy_score(labels, a, k=2)
    assert list(found) == ["loss", "accuracy", "top2"]
    assert type(found["top2"]) is float
    assert found["top2"] == pytest.approx(expected, rel=1e-14)

    def shapes(y, a):
        assert y.shape == a.shape == (N, 3)
        return 0

    evaluate("softmax", X, np.eye(3)[labels], shapes)


def test_names_that_are_taken():
    def loss(y, a):
        return 0.0

    def val_own(y, a):
        return 0.0

    for metric in (loss, val_own, functools.partial(val_own)):
        with pytest.raises(ValueError, match="of your own needs a __name__"):
            evaluate("identity", np.ones((2, 1)), [0, 1], metric)


def test_metrics_are_float64_even_of_a_float32_network(rng):
    net = fcnn.Network([3, 1], output="identity", seed=0)
    X, y = rng.normal(size=(N, 3)), rng.normal(size=N)
    a = net.predict(X)[:, 0].astype(float)
    found = net.evaluate(X, y, metrics=["mse", "mae"])
    assert found["mse"] == pytest.approx(np.mean((a - y) ** 2), rel=1e-13)
    assert found["mae"] == pytest.approx(np.mean(np.abs(a - y)), rel=1e-13)
