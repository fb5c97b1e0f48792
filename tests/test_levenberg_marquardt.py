"""Levenberg-Marquardt against plain NumPy, least squares and its own promises."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pytest

import fcnn
import reference as ref
from fcnn import full_batch
from helpers import assert_close, network, random_layers, reference_layers

RULE = fcnn.LevenbergMarquardt()
CASES = [  # sizes, hidden activation, output, loss
    ([2, 5, 1], "tanh", "identity", "mse"),
    ([3, 4, 3, 2], "silu", "identity", "quadratic"),
    ([3, 9, 3], "tanh", "softmax", "mse"),
    ([4, 6, 17], "elu(0.5)", "sigmoid", "quadratic"),
    ([1, 8], "tanh", "exp", "mse"),
    ([5, 40, 3], "softplus", "identity", "mse"),  # 363 parameters: blocks of Cholesky
]
cases = pytest.mark.parametrize(("sizes", "hidden", "output", "loss"), CASES, ids=str)


def problem(rng, sizes, hidden, output, n=300, bias=True):
    """Layers, and n rows that other layers of the same kind have made, with noise."""
    activations = [hidden] * (len(sizes) - 2) + [output]
    layers = random_layers(rng, sizes, activations, bias)
    X = rng.normal(size=(n, sizes[0]))
    _, a = ref.forward(random_layers(rng, sizes, activations, bias), X)
    y = a[-1] + 0.1 * rng.normal(size=a[-1].shape)
    return layers, X, y


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weights, l2"])
@cases
def test_a_step_is_numpys(sizes, hidden, output, loss, weighted, rng):
    layers, X, y = problem(rng, sizes, hidden, output)
    w = rng.uniform(0, 3, len(X)) if weighted else None
    if weighted:
        w[:40] = 0
    l2 = 0.02 if weighted else 0.0
    net = network(layers, loss=loss)
    for epoch in range(3):
        mu = net._trainer.state()["scalars"][0] if epoch else 0.1
        rule, start = fcnn.LevenbergMarquardt(mu=0.1), net.parameters.copy()
        history = net.fit(X, y, optimizer=rule, epochs=1, sample_weight=w, l2=l2)
        layers = reference_layers(network_at(net, start))
        accepted = net._trainer.state()["scalars"][0] * 10
        steps = round(np.log10(accepted / mu))
        for k in range(steps + 1):  # C falls at the last of these mu alone
            C, d = ref.levenberg_marquardt(
                layers, X, y, loss, mu * 10.0**k, weights=w, l2=l2
            )
            there = reference_layers(network_at(net, start + d))
            after = ref.backward(there, X, y, loss, w, l2=l2).loss
            assert (after < C) == (k == steps)
        assert history.loss[0] == pytest.approx(C, rel=1e-12)
        assert_close(net.parameters - start, d, 1e-8)


def network_at(net, theta):
    twin = net.copy()
    twin.parameters = theta
    return twin


def test_a_line_takes_one_step(rng):
    """Without hidden layers C is a quadratic: Gauss and Newton are there at once."""
    X = rng.normal(size=(40, 3))
    y = rng.normal(size=(40, 2))
    w = rng.uniform(0.1, 2, 40)
    net = fcnn.Network([3, 2], output="identity", dtype="float64", seed=0)
    rule = fcnn.LevenbergMarquardt(mu=1e-15)
    net.fit(X, y, optimizer=rule, epochs=1, sample_weight=w)
    A = np.sqrt(w)[:, None] * np.column_stack([X, np.ones(40)])
    best = np.linalg.lstsq(A, np.sqrt(w)[:, None] * y, rcond=None)[0]
    np.testing.assert_allclose(net.layers[1].weight, best[:3].T, atol=1e-12)
    np.testing.assert_allclose(net.layers[1].bias, best[3], atol=1e-12)


def test_a_step_by_hand():
    """One weight w = 1, no bias; rows (1, 3), (2, 4), quadratic: C = sum r^2,
    r = sqrt(1/4) (w x - y) = (-1, -1), J = x / 2 = (1/2, 1), J'J = 5/4, J'r = -3/2;
    with mu = 1/4 the step is (3/2) / (3/2) = 1, C falls from 2 to 1/4 (1 + 0)."""
    net = fcnn.Network(
        [1, 1], output="identity", bias=False, loss="quadratic", dtype="float64", seed=0
    )
    net.layers[1].weight = [[1.0]]
    rule = fcnn.LevenbergMarquardt(mu=0.25)
    history = net.fit([[1.0], [2.0]], [3.0, 4.0], optimizer=rule, epochs=1)
    assert history.loss == [2.0]
    assert net.parameters[0] == pytest.approx(2.0, rel=1e-15)
    assert net.evaluate([[1.0], [2.0]], [3.0, 4.0])["loss"] == pytest.approx(0.25)
    assert net._trainer.state()["scalars"] == [0.025]
    assert net._trainer.evaluations == 2


def ridges(n=300):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (n, 2))
    y = np.sin(1.5 * X[:, 0] + X[:, 1]) + np.cos(X[:, 0] - 2 * X[:, 1]) / 2
    return X, y


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_of_ridges(dtype):
    X, y = ridges()
    net = fcnn.Network([2, 15, 1], "tanh", "identity", dtype=dtype, seed=4)
    history = net.fit(X, y, optimizer=RULE, epochs=60)
    assert all(np.diff(history.loss) < 0)
    assert np.sqrt(history.loss[-1]) < 4e-3 < 0.5 < np.sqrt(history.loss[0])


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (fcnn.LevenbergMarquardt(goal=1e-3), "converged: the loss is at most goal"),
        (
            fcnn.LevenbergMarquardt(min_gradient=1e-2),
            "converged: the gradient is at most min_gradient",
        ),
        (
            fcnn.LevenbergMarquardt(min_gradient=0.0),
            "mu is above mu_max: no step lowers the loss",
        ),
    ],
    ids=["goal", "min_gradient", "mu_max"],
)
def test_where_it_ends(rule, reason):
    X, y = ridges(8)
    y = y + np.arange(8) % 2  # what four nodes cannot follow
    net = fcnn.Network([2, 1, 1], "tanh", "identity", dtype="float64", seed=1)
    if rule.goal:
        net = fcnn.Network([2, 8, 1], "tanh", "identity", dtype="float64", seed=1)
    history = net.fit(X, y, optimizer=rule, epochs=5000)
    assert history.stop_reason == reason
    loss, gradient = net.loss_and_gradient(X, y)
    if rule.goal:
        assert loss <= rule.goal < history.loss[-2]
    elif rule.min_gradient:
        assert np.linalg.norm(gradient) <= rule.min_gradient
    kept = net.parameters.tobytes()
    again = net.fit(X, y, optimizer=rule, epochs=5)
    assert (len(again.loss), again.stop_reason) == (1, reason)
    assert net.parameters.tobytes() == kept


def test_validation_checks_end_it(rng):
    """Rows of noise: what is learned of them helps the others nothing."""
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    net = fcnn.Network([2, 15, 1], "tanh", "identity", dtype="float64", seed=0)
    rule = fcnn.LevenbergMarquardt(max_fail=3)
    history = net.fit(
        X[:30], y[:30], optimizer=rule, epochs=200, validation_data=(X[30:], y[30:])
    )
    val = history.metrics["val_loss"]
    best = int(np.argmin(val))
    assert len(val) == best + 1 + 3
    assert history.stop_reason is None
    assert net.evaluate(X[30:], y[30:])["loss"] == pytest.approx(val[best], rel=1e-12)
    own = fcnn.EarlyStopping(patience=5)
    again = fcnn.Network([2, 15, 1], "tanh", "identity", dtype="float64", seed=0).fit(
        X[:30],
        y[:30],
        optimizer=rule,
        epochs=200,
        validation_data=(X[30:], y[30:]),
        callbacks=own,
    )
    assert len(again.loss) >= best + 1 + 5  # the caller's patience alone counts


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-13), ("float64", 1e-30)])
def test_it_finds_the_network_that_made_the_targets(dtype, bound):
    """Up to signs and order of the nodes: C falls to rounding, from each start."""
    rng = np.random.default_rng(0)
    teacher = fcnn.Network([2, 3, 1], "tanh", "identity", dtype="float64", seed=5)
    X = rng.normal(size=(300, 2))
    teacher.parameters = rng.normal(size=teacher.n_parameters)
    y = teacher.predict(X)
    rule = fcnn.LevenbergMarquardt(min_gradient=0.0)
    for seed in range(3):
        net = fcnn.Network([2, 3, 1], "tanh", "identity", dtype=dtype, seed=seed)
        history = net.fit(X, y, optimizer=rule, epochs=300)
        assert history.loss[-1] < bound * np.mean(y**2)


def test_rows_without_a_derivative_do_no_harm(rng):
    """J'J is singular: a dead relu, weights of 0 and more parameters than rows."""
    X, y = rng.normal(size=(6, 4)), rng.normal(size=6)
    net = fcnn.Network([4, 10, 1], "relu", "identity", dtype="float64", seed=0)
    net.layers[1].bias[:3] = -100.0
    w = np.array([1.0, 0, 2, 0, 1, 1])
    history = net.fit(X, y, optimizer=RULE, epochs=20, sample_weight=w)
    assert history.loss[-1] < 1e-3 * history.loss[0]
    assert (net.layers[1].bias[:3] == -100.0).all()


def test_too_many_parameters_are_refused(monkeypatch):
    X, y = ridges(20)
    net = fcnn.Network([2, 100, 1], "tanh", "identity", seed=0)
    kept = net.parameters.tobytes()
    monkeypatch.setattr(full_batch, "_physical_memory", lambda: 10**6)
    with pytest.raises(MemoryError, match="401 x 401"):
        net.fit(X, y, optimizer=RULE)
    assert net.parameters.tobytes() == kept
    monkeypatch.setattr(full_batch, "_physical_memory", lambda: None)
    net.fit(X, y, optimizer=RULE, epochs=1)
    assert net.parameters.tobytes() != kept


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("optimizer", ["lbfgs", RULE], ids=["lbfgs", "lm"])
def test_ctrl_c(optimizer, n_threads, rng):
    """The network is as after some number of whole iterations."""
    sizes = [10, 150, 8] if optimizer == RULE else [100, 200, 200, 8]
    X = rng.normal(size=(4000, sizes[0]))
    Y = np.sin(X[:, :8])
    net = fcnn.Network(sizes, "tanh", "identity", seed=0)
    twin = net.copy()
    sent = []

    def interrupt():
        sent.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(0.3, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, Y, optimizer=optimizer, epochs=10**6, n_threads=n_threads)
    waited = time.monotonic() - sent[0]
    timer.join()
    assert waited < 5  # 0.2 s on a machine that is free
    done = net._trainer.state()["step"]
    twin.fit(X, Y, optimizer=optimizer, epochs=done)
    assert net.parameters.tobytes() == twin.parameters.tobytes()


def test_floats_are_judged_as_they_are_kept(rng):
    """C falls at each epoch though theta is rounded, and about as in float64."""
    X, y = ridges()
    losses = {}
    for dtype in ("float32", "float64"):
        net = fcnn.Network([2, 8, 1], "tanh", "identity", dtype=dtype, seed=0)
        wide = fcnn.Network([2, 8, 1], "tanh", "identity", dtype="float64", seed=0)
        net.fit(X, y, optimizer=RULE, epochs=10)
        wide.parameters = net.parameters
        exact = wide.loss_and_gradient(X, y)[0]
        history = net.fit(X, y, optimizer=RULE, epochs=1)
        assert history.loss[0] == pytest.approx(exact, rel=1e-12)
        losses[dtype] = exact
    assert losses["float32"] == pytest.approx(losses["float64"], rel=1e-3)
