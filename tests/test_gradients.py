"""z, a, delta, dW, db and the loss against the plain NumPy of reference.py."""

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
    rounded,
)

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
DTYPES = ["float64", "float32"]


def compare(layers, X, y, loss, dtype, weights=None, l1=0.0, l2=0.0):
    """One backprop of the core against the reference's, every array of it."""
    layers = rounded(layers, dtype)
    X, y = (A.astype(dtype).astype(float) for A in (X, y))
    g = ref.backward(layers, X, y, loss, weights, l1, l2)
    net = network(layers, dtype)
    b = net.backprop(X, y, loss, sample_weight=weights, l1=l1, l2=l2)
    tolerance, L = TOLERANCE[dtype], len(layers)

    assert abs(b.loss - g.loss) <= tolerance * abs(g.loss)
    assert_close(b.a[0], X, 0, "a[0]")
    for l in range(1, L + 1):
        assert_close(b.z[l], g.z[l], tolerance, f"z[{l}]")
        assert_close(b.a[l], g.a[l], tolerance, f"a[{l}]")
        assert_close(b.delta[l], g.delta[l], tolerance, f"delta[{l}]")
        assert_close(b.weight_grad[l], g.dW[l], tolerance, f"dW[{l}]")
        if g.db[l] is None:
            assert b.bias_grad[l] is None
        else:
            assert_close(b.bias_grad[l], g.db[l], tolerance, f"db[{l}]")
    assert_close(b.gradient, ref.flatten(g.dW, g.db), tolerance, "gradient")
    assert b.gradient.dtype == b.z[1].dtype == b.delta[1].dtype == np.dtype(dtype)

    value, gradient = net.loss_and_gradient(
        X, y, loss, sample_weight=weights, l1=l1, l2=l2
    )
    assert value == b.loss
    assert np.array_equal(gradient, b.gradient)
    trace = net.forward(X)
    assert all(np.array_equal(trace.z[l], b.z[l]) for l in range(1, L + 1))
    assert all(np.array_equal(trace.a[l], b.a[l]) for l in range(L + 1))
    assert np.array_equal(net.predict(X), b.a[L])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("output", "loss"), LEGAL_PAIRS)
def test_all_pairs(output, loss, dtype, rng):
    # The hidden layers go through the list as the pairs do, so that all are met.
    at = LEGAL_PAIRS.index((output, loss))
    for depth in range(1, 6):
        hidden = [HIDDEN[(at + l) % len(HIDDEN)] for l in range(depth - 1)]
        sizes = [5, *rng.integers(2, 8, depth - 1), 3]
        layers = random_layers(rng, sizes, [*hidden, output], depth % 2 == 1, scale=0.7)
        # far enough for float32, where log a and y / a lose as a comes near 0
        X = away_from_kinks(rng, layers, 7, distance=0.02)
        _, a = ref.forward(layers, X)
        y = random_targets(rng, a[-1], loss)
        compare(layers, X, y, loss, dtype)
        weights = rng.uniform(0, 2, 7) * (rng.random(7) < 0.7)
        compare(layers, X, y, loss, dtype, weights, l1=0.01, l2=0.1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", range(2, 6))
@pytest.mark.parametrize("hidden", HIDDEN)
def test_all_hidden_activations(hidden, depth, dtype, rng):
    sizes = [4, *rng.integers(3, 20, depth - 1), 2]
    bias = list(rng.random(depth) < 0.5)
    layers = random_layers(rng, sizes, [hidden] * (depth - 1) + ["identity"], bias)
    X = away_from_kinks(rng, layers, 9, distance=1e-4)
    compare(layers, X, rng.normal(size=(9, 2)), "mse", dtype, l2=0.01)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "sizes",
    [[1, 1, 1], [1, 40, 1], [17, 16, 15], [33, 64, 8], [100, 3, 70], [9, 200, 16]],
)
@pytest.mark.parametrize("n", [1, 2, 16, 31, 300])
def test_shapes(sizes, n, dtype, rng):
    layers = random_layers(rng, sizes, ["tanh", "sigmoid"])
    X, y = rng.normal(size=(n, sizes[0])), rng.uniform(size=(n, sizes[-1]))
    compare(layers, X, y, "quadratic", dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_identities_as_written(dtype, rng):
    """delta carries w_i / sum w, so that the sums over the batch need no factor."""
    net = fcnn.Network([4, 6, 5, 3], "tanh", "softmax", dtype=dtype, seed=1)
    X, y, w = rng.normal(size=(8, 4)), rng.integers(0, 3, 8), rng.uniform(1, 2, 8)
    b = net.backprop(X, y, sample_weight=w)
    eps = np.finfo(dtype).eps
    for l in range(1, 4):
        assert_close(b.weight_grad[l], b.delta[l].T @ b.a[l - 1], 16 * eps)
        assert_close(b.bias_grad[l], b.delta[l].sum(0), 16 * eps)
    onehot = np.eye(3)[y]
    assert_close(b.delta[3], (b.a[3] - onehot) * (w / w.sum())[:, None], 16 * eps)
    for l in (2, 1):  # the recursion
        back = b.delta[l + 1] @ net.layers[l + 1].weight
        assert_close(b.delta[l], back * (1 - b.a[l] ** 2), 16 * eps)


@pytest.mark.parametrize(
    ("output", "loss"),
    [("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy"), ("exp", "mse")],
)
def test_batch_is_the_weighted_mean_of_its_samples(output, loss, rng):
    net = fcnn.Network([3, 5, 4], output=output, dtype="float64", seed=2)
    X, y, w = rng.normal(size=(6, 3)), rng.uniform(size=(6, 4)), rng.uniform(1, 3, 6)
    y /= y.sum(axis=1, keepdims=True)
    whole = net.loss_and_gradient(X, y, loss, sample_weight=w)
    single = [net.loss_and_gradient(X[i], y[i], loss) for i in range(6)]
    share = w / w.sum()
    assert_close(
        whole[0], sum(s * c for s, (c, _) in zip(share, single, strict=True)), 1e-14
    )
    mean = sum(s * g for s, (_, g) in zip(share, single, strict=True))
    assert_close(whole[1], mean, 1e-14)


def test_a_sample_weight_is_a_number_of_copies(rng):
    net = fcnn.Network([3, 4, 2], dtype="float64", seed=3)
    X, y = rng.normal(size=(4, 3)), rng.uniform(size=(4, 2))
    copies = np.array([1, 0, 3, 2])
    weighted = net.loss_and_gradient(X, y, sample_weight=copies)
    repeated = net.loss_and_gradient(X.repeat(copies, 0), y.repeat(copies, 0))
    assert_close(weighted[0], repeated[0], 1e-14)
    assert_close(weighted[1], repeated[1], 1e-14)


def test_penalties_are_of_the_weights_only(rng):
    net = fcnn.Network([3, 4, 2], dtype="float64", seed=4)
    net.parameters[:] = rng.normal(size=net.n_parameters)
    X, y = rng.normal(size=(5, 3)), rng.uniform(size=(5, 2))
    plain, b = net.backprop(X, y), net.backprop(X, y, l1=0.25, l2=0.5)
    weights = [net.layers[l].weight for l in (1, 2)]
    penalty = sum(0.25 * np.abs(W).sum() + 0.25 * (W**2).sum() for W in weights)
    assert_close(b.loss, plain.loss + penalty, 1e-14)
    for l in (1, 2):
        W = net.layers[l].weight
        expected = plain.weight_grad[l] + 0.25 * np.sign(W) + 0.5 * W
        assert_close(b.weight_grad[l], expected, 1e-14)
        assert np.array_equal(b.bias_grad[l], plain.bias_grad[l])
        assert np.array_equal(b.delta[l], plain.delta[l])
