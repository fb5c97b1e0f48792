"""What fit refuses, with which message, before anything is changed."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn

N, N_IN, K = 41, 4, 3


@pytest.fixture
def rows(rng):
    return rng.normal(size=(N, N_IN)), rng.integers(0, K, N)


def make():
    return fcnn.Network([N_IN, 6, K], "tanh", "softmax", dtype="float64", seed=1)


REFUSED = [
    ({"epochs": -1}, ValueError, "epochs must be at least 0, not -1"),
    ({"epochs": 1.0}, TypeError, "epochs must be an integer"),
    ({"batch_size": 0}, ValueError, "batch_size must be at least 1"),
    ({"batch_size": True}, TypeError, "batch_size must be an integer"),
    ({"shuffle": "rows"}, ValueError, "shuffle must be True, False or 'batch'"),
    ({"shuffle": 1}, TypeError, "shuffle must be True or False"),
    ({"validation_split": 1.0}, ValueError, "validation_split must be at least 0 and"),
    ({"validation_split": -0.1}, ValueError, "validation_split must be at least 0 and"),
    ({"validation_data": 3}, ValueError, r"validation_data must be \(X, y\)"),
    ({"validation_data": (1,)}, ValueError, r"validation_data must be \(X, y\)"),
    ({"validation_data": ([[1, 2]], [0])}, ValueError, "validation X must have shape"),
    ({"validation_data": ([[1] * 4], [0, 1])}, ValueError, "validation y must have"),
    ({"sample_weight": np.ones(N - 1)}, ValueError, "sample_weight must have shape"),
    ({"sample_weight": np.zeros(N)}, ValueError, "sample_weight is 0 for every row"),
    ({"sample_weight": -np.ones(N)}, ValueError, "at least 0, but row 0 has -1.0"),
    ({"sample_weight": np.full(N, np.nan)}, ValueError, "finite .* row 0 has nan"),
    ({"sample_weight": ["a"] * N}, TypeError, "sample_weight must hold real numbers"),
    ({"class_weight": {3: 1.0}}, ValueError, "class of class_weight must be in 0..2"),
    ({"class_weight": {0: -1.0}}, ValueError, r"class_weight\[0\] must be at least 0"),
    ({"class_weight": [1, 2, 3]}, TypeError, "class_weight must be a dict"),
    ({"class_weight": "auto"}, TypeError, "class_weight must be a dict"),
    ({"l1": -1}, ValueError, "l1 must be at least 0"),
    ({"l2": np.nan}, ValueError, "l2 must be finite"),
    ({"l2": "0.1"}, TypeError, "l2 must be a number"),
    ({"clip_norm": 0}, ValueError, "clip_norm must be above 0"),
    ({"clip_norm": np.inf}, ValueError, "clip_norm must be finite"),
    ({"metrics": "acc"}, ValueError, "no metric is named 'acc'; there are accuracy"),
    ({"metrics": ["mse", "mse"]}, ValueError, "two metrics are named 'mse'"),
    ({"metrics": 3}, TypeError, "metrics must be names or functions"),
    ({"metrics": [3]}, TypeError, "a metric must be a name or a function"),
    ({"metrics": lambda y, a: 0}, None, ""),
    ({"callbacks": 3}, TypeError, "callbacks must be a sequence of Callback"),
    ({"callbacks": [print]}, TypeError, "a callback must be an object of a subclass"),
    ({"callbacks": [fcnn.EarlyStopping]}, TypeError, "a callback must be an object"),
    ({"progress": "yes"}, (TypeError, ValueError), "progress"),
    ({"n_threads": 0}, ValueError, "n_threads must be in 1..1024"),
    ({"seed": -1}, ValueError, "seed must be in 0.."),
    ({"optimizer": "newton"}, ValueError, "newton"),
    ({"optimizer": fcnn.SGD}, TypeError, "optimizer"),
    ({"loss": "binary"}, ValueError, "'binary'"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), REFUSED)
def test_refused(arguments, error, message, rows):
    net = make()
    theta = net.parameters.copy()
    if error is None:
        net.fit(*rows, **arguments)
        return
    with pytest.raises(error, match=message):
        net.fit(*rows, **arguments)
    assert np.array_equal(net.parameters, theta)


def test_validation_data_and_split_exclude_one_another(rows):
    with pytest.raises(ValueError, match="not both"):
        make().fit(*rows, validation_data=rows, validation_split=0.1)


def test_class_weight_needs_classes(rng):
    X, y = rng.normal(size=(N, N_IN)), rng.uniform(size=(N, K))
    with pytest.raises(ValueError, match="class_weight needs classes"):
        make().fit(X, y, class_weight={0: 2.0})
    with pytest.raises(ValueError, match="whole training set"):
        make().fit_batch(X, np.zeros(N, int), class_weight="balanced")
