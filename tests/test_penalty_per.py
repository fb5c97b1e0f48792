"""penalty_per="sample": penalties that a batch's samples share, sklearn's alpha."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
import reference as ref
from helpers import assert_close, network, random_layers, reference_layers

N, N_IN, K = 41, 5, 3
L1, L2 = 0.3, 0.7


@pytest.fixture
def rows(rng):
    return rng.normal(size=(N, N_IN)), rng.integers(0, K, N), rng.uniform(0.2, 2, N)


def by_reference(layers, X, Y, w, lr, batch_size):
    """An epoch of gradient descent: its loss, its sums by rows, its layers."""
    loss, sums = 0.0, np.zeros(3)
    for i in range(0, len(X), batch_size):
        part = slice(i, i + batch_size)
        total = w[part].sum()
        g = ref.backward(
            layers, X[part], Y[part], "cross_entropy", w[part], L1 / total, L2 / total
        )
        loss += total * g.loss
        penalties = sum(
            L1 * np.abs(x.W).sum() + L2 / 2 * (x.W**2).sum() for x in layers
        )
        sums += len(X[part]) * np.array([1.0, g.loss, penalties / total])
        layers = [
            ref.Layer(x.W - lr * g.dW[l], x.b - lr * g.db[l], x.activation)
            for l, x in enumerate(layers, start=1)
        ]
    return loss / w.sum(), sums, layers


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("batch_size", [1, 16, 40, 1000])
def test_an_epoch_is_the_references(batch_size, weighted, rows, rng):
    X, y, w = rows
    layers = random_layers(rng, [N_IN, 6, K], ["tanh", "softmax"])
    net = network(layers)
    history = net.fit(
        X,
        y,
        optimizer=fcnn.SGD(lr=0.1),
        epochs=1,
        batch_size=batch_size,
        shuffle=False,
        sample_weight=w if weighted else None,
        l1=L1,
        l2=L2,
        penalty_per="sample",
    )
    w = w if weighted else np.ones(N)
    loss, sums, layers = by_reference(layers, X, np.eye(K)[y], w, 0.1, batch_size)
    assert history.loss == [pytest.approx(loss, rel=1e-12)]
    assert net._trainer.row_sums == pytest.approx(tuple(sums), rel=1e-12)
    for actual, expected in zip(reference_layers(net), layers, strict=True):
        assert_close(actual.W, expected.W, 1e-12)
        assert_close(actual.b, expected.b, 1e-12)


def test_a_step_worked_by_hand():
    """C = ((w_1 C_1 + w_2 C_2) + l2/2 W^2) / (w_1 + w_2), a = W x, C_i = (a - y)^2 / 2.

    W = 2; x = 1, 3; y = 1, 2; w = 1, 4: a = 2, 6; C_i = 0.5, 8; l2 = 10.
    C = (0.5 + 32 + 20) / 5 = 10.5; dC/dW = (1 * 1 * 1 + 4 * 4 * 3 + 10 * 2) / 5 = 13.8.
    """
    net = fcnn.Network(
        *([1, 1], "tanh", "identity"),
        loss="quadratic",
        bias=False,
        init=[[[2.0]]],
        dtype="float64",
    )
    loss = net.fit_batch(
        *([[1.0], [3.0]], [1.0, 2.0]),
        sample_weight=[1.0, 4.0],
        l2=10.0,
        penalty_per="sample",
        optimizer=fcnn.SGD(lr=0.1),
    )
    assert loss == pytest.approx(10.5, rel=1e-15)
    assert net.layers[1].weight[0, 0] == pytest.approx(2 - 1.38, rel=1e-15)


def test_the_gradient_is_that_of_c(rows, rng):
    """Both as fit_batch tells them: theta before and after a step of lr 1, and C."""
    X, y, w = rows
    layers = random_layers(rng, [N_IN, 4, K], ["tanh", "softmax"])
    start = network(layers).parameters.copy()

    def step(theta):
        net = network(layers)
        net.parameters = theta
        loss = net.fit_batch(
            *(X, y),
            sample_weight=w,
            l1=L1,
            l2=L2,
            penalty_per="sample",
            optimizer=fcnn.SGD(lr=1.0),
        )
        return loss, theta - net.parameters

    _, gradient = step(start)
    h = 1e-6
    for i in range(len(start)):
        shift = np.eye(len(start))[i] * h
        quotient = (step(start + shift)[0] - step(start - shift)[0]) / (2 * h)
        assert quotient == pytest.approx(gradient[i], abs=1e-8)


@pytest.mark.parametrize("optimizer", ["rprop", "lbfgs", "levenberg_marquardt"])
def test_full_batches_divide_by_all_of_the_weights(optimizer, rows):
    X, _, w = rows
    y = X @ np.arange(N_IN)
    l1 = L1 if optimizer == "rprop" else 0.0
    nets = []
    for penalties in (
        {"l1": l1, "l2": L2, "penalty_per": "sample"},
        {"l1": l1 / w.sum(), "l2": L2 / w.sum()},
    ):
        net = fcnn.Network([N_IN, 4, 1], "tanh", "identity", dtype="float64", seed=3)
        net.fit(X, y, optimizer=optimizer, epochs=4, sample_weight=w, **penalties)
        nets.append(net)
    assert_close(nets[0].parameters, nets[1].parameters, 1e-12)


def test_batches_from_outside(rows):
    X, y, w = rows
    one, two = (fcnn.Network([N_IN, 4, K], "tanh", "softmax", seed=3) for _ in range(2))
    arguments = {"l2": L2, "penalty_per": "sample", "epochs": 2}
    one.fit(X, y, sample_weight=w, batch_size=16, shuffle=False, **arguments)
    parts = [slice(i, i + 16) for i in range(0, N, 16)]
    two.fit(batches=[(X[p], y[p], w[p]) for p in parts], **arguments)
    assert one.parameters.tobytes() == two.parameters.tobytes()


@pytest.mark.usefixtures("split_everything")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_bits_for_any_number_of_threads(dtype, rows):
    results = set()
    for n_threads in (1, 2, 3):
        net = fcnn.Network([N_IN, 40, K], "tanh", "softmax", dtype=dtype, seed=3)
        net.fit(
            *rows[:2],
            l2=L2,
            penalty_per="sample",
            epochs=3,
            batch_size=16,
            n_threads=n_threads,
        )
        results.add(net.parameters.tobytes())
    assert len(results) == 1


@pytest.mark.parametrize("bad", ["row", None, True, 1, ["sample"]])
def test_refused(bad, rows):
    net = fcnn.Network([N_IN, 4, K], "tanh", "softmax", seed=3)
    for call in (net.fit, net.fit_batch):
        with pytest.raises(ValueError, match="penalty_per must be 'batch' or 'sample'"):
            call(*rows[:2], penalty_per=bad)
