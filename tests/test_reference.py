"""The oracle itself: its backward pass against central differences of its forward.

That the compiled core has the same lists, and the same numbers, is the other files'
business; that PyTorch agrees is tests/pytorch's.
"""

from __future__ import annotations

import numpy as np
import pytest

import reference as ref
from helpers import LEGAL_PAIRS, away_from_kinks, random_layers, random_targets


def numeric_gradient(f, theta, h=1e-6):
    gradient = np.empty_like(theta)
    for i in range(theta.size):
        step = np.zeros_like(theta)
        step[i] = h
        gradient[i] = (f(theta + step) - f(theta - step)) / (2 * h)
    return gradient


def with_parameters(layers, theta):
    parts, at = [], 0
    for W, b, name in layers:
        weight = theta[at : at + W.size].reshape(W.T.shape).T
        at += W.size
        bias = None if b is None else theta[at : at + b.size]
        at += 0 if b is None else b.size
        parts.append(ref.Layer(weight, bias, name))
    return parts


@pytest.mark.parametrize(("output", "loss"), LEGAL_PAIRS)
def test_backward_is_the_derivative_of_forward(output, loss, rng):
    layers = random_layers(rng, [3, 4, 2], ["tanh", output], [True, False])
    X = away_from_kinks(rng, layers, 5)
    _, a = ref.forward(layers, X)
    y = random_targets(rng, a[-1], loss)
    w = rng.uniform(0.5, 2, 5)
    penalties = {"l1": 0.01, "l2": 0.1}
    g = ref.backward(layers, X, y, loss, w, **penalties)
    W, b, _ = zip(*layers, strict=True)
    theta = ref.flatten([None, *W], [None, *b])

    def cost(theta):
        moved = with_parameters(layers, theta)
        return ref.backward(moved, X, y, loss, w, **penalties).loss

    expected = numeric_gradient(cost, theta)
    actual = ref.flatten(g.dW, g.db)
    assert np.abs(actual - expected).max() <= 1e-7 * np.abs(expected).max()


@pytest.mark.parametrize("name", sorted(set(ref.ACTIVATIONS)))
def test_derivative_of_activation(name):
    z = np.linspace(-5, 5, 401) + 0.0123  # off every kink: 0, +-1, +-3
    value, derivative = ref.activation(name)
    h = 1e-6
    expected = (value(z + h) - value(z - h)) / (2 * h)
    np.testing.assert_allclose(derivative(z), expected, rtol=2e-8, atol=2e-9)


@pytest.mark.parametrize("name", sorted(set(ref.ACTIVATIONS)))
def test_second_derivative_of_activation(name):
    z = np.linspace(-5, 5, 401) + 0.0123  # off every kink: 0, +-1, +-3
    first, h = ref.activation(name).derivative, 1e-6
    expected = (first(z + h) - first(z - h)) / (2 * h)
    np.testing.assert_allclose(
        ref.second_derivative(name)(z), expected, rtol=2e-8, atol=2e-9
    )


@pytest.mark.parametrize("name", sorted(ref.LOSSES))
def test_second_derivative_of_loss(name):
    a = np.array([2e-13, 1e-3, 0.3, 0.5, 0.9])  # of the first the bounds are met
    y = np.array([1e-13, 0.0, 1.0, 0.2, 0.4])
    first, h = ref.LOSSES[name].derivative, np.minimum(1e-6, a / 1e4)
    expected = (first(a + h, y) - first(a - h, y)) / (2 * h)
    actual = ref.LOSS_SECOND_DERIVATIVES[name](a, y)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-8)


def test_natural_pairs_agree_with_the_general_formulas(rng):
    z = rng.normal(size=(6, 4))
    for (output, loss), natural in ref.NATURAL_TERMS.items():
        a = ref.activation(output).value(z)
        y = rng.uniform(size=z.shape)
        np.testing.assert_allclose(
            natural(z, y), ref.LOSSES[loss].term(a, y), rtol=1e-12, atol=1e-12
        )
        sums = ("logistic", "poisson_deviance")  # of a natural loss, which is a mean
        assert ref.NATURAL_LOSS.get(output) == loss or loss in sums
