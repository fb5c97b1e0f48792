"""The core's gradient against central differences of its own loss, in float64."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
import reference as ref
from helpers import (
    HIDDEN,
    LEGAL_PAIRS,
    assert_close,
    away_from_kinks,
    network,
    random_layers,
    random_targets,
)


def central_differences(net, X, y, loss, h=1e-6, **arguments):
    theta, gradient = net.parameters, np.empty(net.n_parameters)
    for i in range(theta.size):
        kept = theta[i]
        theta[i] = kept + h
        above, _ = net.loss_and_gradient(X, y, loss, **arguments)
        theta[i] = kept - h
        below, _ = net.loss_and_gradient(X, y, loss, **arguments)
        theta[i] = kept
        gradient[i] = (above - below) / (2 * h)
    return gradient


@pytest.mark.parametrize(("output", "loss"), LEGAL_PAIRS)
def test_all_pairs(output, loss, rng):
    hidden = HIDDEN[LEGAL_PAIRS.index((output, loss)) % len(HIDDEN)]
    layers = random_layers(rng, [3, 4, 3], [hidden, output])
    X = away_from_kinks(rng, layers, 6)
    _, a = ref.forward(layers, X)
    y = random_targets(rng, a[-1], loss)
    arguments = {"sample_weight": rng.uniform(0.5, 2, 6), "l1": 0.01, "l2": 0.1}
    net = network(layers)
    _, gradient = net.loss_and_gradient(X, y, loss, **arguments)
    assert_close(gradient, central_differences(net, X, y, loss, **arguments), 1e-6)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_all_hidden_activations(hidden, rng):
    layers = random_layers(rng, [3, 5, 4, 2], [hidden, hidden, "identity"])
    X, y = away_from_kinks(rng, layers, 6), rng.normal(size=(6, 2))
    net = network(layers)
    _, gradient = net.loss_and_gradient(X, y, "mse")
    assert_close(gradient, central_differences(net, X, y, "mse"), 1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradient_check_is_content_with_a_right_gradient(dtype, rng):
    net = fcnn.Network([3, 5, 2], "tanh", "softmax", dtype=dtype, seed=1)
    theta = net.parameters.copy()
    report = net.gradient_check(rng.normal(size=(6, 3)), rng.integers(0, 2, 6))
    assert report.max_error < 1e-6
    assert np.array_equal(net.parameters, theta)


def test_gradient_check_finds_a_wrong_gradient(rng, monkeypatch):
    """Like a sign or a factor forgotten in one weight's derivative."""
    net = fcnn.Network([3, 5, 2], "tanh", "softmax", dtype="float64", seed=1)
    X, y = rng.normal(size=(6, 3)), rng.integers(0, 2, 6)
    _, gradient = net.loss_and_gradient(X, y)
    at = int(np.abs(gradient).argmax())
    for factor in (-1.0, 0.5, 1.001):
        with monkeypatch.context() as patch:
            spoil_gradient(patch, at, factor)
            report = net.gradient_check(X, y)
        expected = abs(1 - factor) / max(1, abs(factor))
        assert report.max_error == pytest.approx(expected, rel=1e-3)
    assert net.gradient_check(X, y).max_error < 1e-6


def spoil_gradient(patch, at, factor):
    """The float64 core's gradient[at] times the factor, wherever it is asked for."""
    kept = fcnn._core.Network64.loss_and_gradient

    def spoiled(self, *arguments):
        loss, gradient = kept(self, *arguments)
        gradient[at] *= factor
        return loss, gradient

    patch.setattr(fcnn._core.Network64, "loss_and_gradient", spoiled)


def test_gradient_check_finds_a_kink(rng):
    """On relu's kink the two sides differ, and no derivative is the right one."""
    net = fcnn.Network([2, 1, 1], "relu", "identity", dtype="float64", seed=1)
    net.parameters[:] = 1.0
    net.layers[1].bias[:] = -3.0
    X, y = np.array([[1.0, 2.0]]), np.array([5.0])  # z[1] = 0 exactly
    assert net.gradient_check(X, y).max_error > 0.5
    assert net.gradient_check(X + 1, y).max_error < 1e-6
