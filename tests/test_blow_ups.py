"""Training that blows up, for each optimizer and each place where it can."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
from fcnn import _core
from same_bits import FULL_BATCH, RULES, state_bytes

DTYPES = ["float32", "float64"]
HUGE = {"float32": 1e30, "float64": 1e200}  # whose square is infinite
dtypes = pytest.mark.parametrize("dtype", DTYPES)
STEPWISE = [name for name in RULES if name not in FULL_BATCH]
ADAPTIVE = ["adam", "adamw", "rmsprop", "adagrad", "nadam"]


def make(dtype, **arguments):
    return fcnn.Network(
        [4, 8, 2], "tanh", "identity", dtype=dtype, seed=1, loss="mse", **arguments
    )


@pytest.fixture
def data(rng):
    return rng.normal(size=(60, 4)), rng.normal(size=(60, 2))


def batch_size(rule):
    return {} if rule in FULL_BATCH else {"batch_size": 16}


class Spoil(fcnn.Callback):
    """Keeps what every epoch leaves, and after the second one spoils the targets."""

    def __init__(self, y, value):
        self.y, self.value, self.states = y, value, []

    def on_epoch_end(self, epoch, logs=None):
        self.states.append(state_bytes(self.network))
        if epoch == 1:
            self.y[37, 1] = self.value


class EveryBatch(fcnn.Callback):
    every_batches = 1


@pytest.mark.parametrize("hooks", [[], [EveryBatch()]], ids=["", "every batch"])
@pytest.mark.parametrize("standardize", [False, True])
@dtypes
@pytest.mark.parametrize("rule", sorted(set(RULES) - {"lbfgs"}))
def test_an_infinite_loss_goes_back_to_the_last_good_epoch(
    rule, dtype, standardize, hooks, data, tmp_path
):
    X, y = data
    net = make(dtype, standardize=standardize)
    spoil = Spoil(y, 1e300 if rule == "levenberg_marquardt" else HUGE[dtype])
    if hooks and rule not in FULL_BATCH:
        hooks = [*hooks, fcnn.Checkpoint(tmp_path / "c", every_batches=2)]
    stop = fcnn.TrainingDiverged
    if rule == "levenberg_marquardt" and dtype == "float32":  # it is no float32
        stop = (ValueError, fcnn.TrainingDiverged)
    with pytest.raises(stop):
        net.fit(
            X,
            y,
            epochs=5,
            optimizer=RULES[rule],
            callbacks=[spoil, *hooks],
            **batch_size(rule),
        )
    assert len(spoil.states) == 2
    assert state_bytes(net) == spoil.states[1]
    assert np.isfinite(net.parameters).all()


@dtypes
@pytest.mark.parametrize("rule", sorted(FULL_BATCH))
def test_a_solver_that_begins_at_an_infinite_loss(rule, dtype, data):
    X, y = data
    net = make(dtype)
    net.fit(X, y, epochs=3, optimizer=RULES[rule])
    before = state_bytes(net)
    y[37] = 1e300
    with pytest.raises((fcnn.TrainingDiverged, ValueError)):
        net.fit(X, y, epochs=3, optimizer=RULES[rule])
    assert state_bytes(net) == before


@dtypes
def test_lbfgs_takes_no_step_to_an_infinite_loss(dtype, data):
    """Nor any other that does not lower C: it stops where it is, and says so."""
    X, y = data
    net, spoil = make(dtype), Spoil(y, HUGE[dtype])
    history = net.fit(X, y, epochs=9, optimizer=RULES["lbfgs"], callbacks=spoil)
    assert len(history.loss) < 9
    assert "line search" in history.stop_reason
    assert np.isfinite(history.loss).all()
    assert np.isfinite(net.parameters).all()


@pytest.mark.parametrize("place", ["rate", "theta", "l2", "input"])
@dtypes
@pytest.mark.parametrize("rule", STEPWISE)
def test_a_first_epoch_that_blows_up_changes_nothing(rule, dtype, place, data):
    X, y = data
    net, given = make(dtype), {"optimizer": RULES[rule], "batch_size": 16}
    net.fit(X, y, epochs=1, **given)
    if place == "rate":
        net.learning_rate = 3e38 if dtype == "float32" else 1e300
    elif place == "theta":
        net.parameters[:] = HUGE[dtype]
    elif place == "l2":
        given["l2"] = 3e38 if dtype == "float32" else 1e308
    else:  # as it comes from the layer below
        net.layers[1].bias[:] = 1e3
        X[37] = 3e38 if dtype == "float32" else 1e308
        net.layers[1].weight[:] = 1e3
        net.layers[2].weight[:] = HUGE[dtype]
    before = state_bytes(net)
    with pytest.raises(fcnn.TrainingDiverged) as stop:
        net.fit(X, y, epochs=3, **given)
    assert stop.value.epoch == 0
    assert state_bytes(net) == before
    if place != "rate":  # its step is finite, or theta is seen at the end of it
        del given["batch_size"]
        with pytest.raises(fcnn.TrainingDiverged):
            net.fit_batch(X, y, **given)
        assert state_bytes(net) == before


@dtypes
@pytest.mark.parametrize("rule", ADAPTIVE)
def test_an_infinite_moment_is_divergence(rule, dtype):
    """The loss is finite, and theta: it would merely never change again."""
    X, y = np.full((40, 1), {"float32": 1e10, "float64": 1e80}[dtype]), np.zeros(40)
    net = fcnn.Network([1, 1], output="identity", dtype=dtype, seed=0)
    net.fit([[1.0]], [1.0], optimizer=RULES[rule], epochs=1)
    net.parameters[:] = [1e5, 0]
    before = state_bytes(net)
    with pytest.raises(fcnn.TrainingDiverged):
        net.fit(X, y, epochs=3, optimizer=RULES[rule], batch_size=16)
    assert state_bytes(net) == before
    with pytest.raises(fcnn.TrainingDiverged):
        net.fit_batch(X, y, optimizer=RULES[rule])
    assert state_bytes(net) == before


@dtypes
def test_a_gradient_whose_squares_overflow_is_clipped(dtype):
    """To the bound, and not to zero."""
    X = np.full((1, 1), {"float32": 1e10, "float64": 1e80}[dtype])
    net = fcnn.Network([1, 1], output="identity", dtype=dtype, bias=False, seed=0)
    net.parameters[:] = 1e5
    net.fit_batch(X, [0.0], optimizer=fcnn.SGD(lr=1.0), clip_norm=1e3)
    assert net.parameters[0] == pytest.approx(1e5 - 1e3, rel=1e-6)


@dtypes
def test_weights_whose_squares_overflow_are_limited(dtype):
    """Each node by itself, to the bound and not to zero."""
    net = fcnn.Network([2, 2], output="identity", dtype=dtype, bias=False, seed=0)
    huge = {"float32": 1e25, "float64": 1e200}[dtype]
    net.layers[1].weight = [[3 * huge, -4 * huge], [30.0, 40.0]]
    X = np.full((1, 2), 1 / huge)
    net.fit_batch(X, [[0.0, 0.0]], optimizer=fcnn.SGD(lr=1e-30), max_norm=10.0)
    np.testing.assert_allclose(net.layers[1].weight, [[6, -8], [6, 8]], rtol=1e-6)


@dtypes
def test_a_bound_whose_factor_counts_as_zero_is_reached(dtype):
    """The factor itself would be a subnormal number: the bound, not zero."""
    huge = {"float32": 2e38, "float64": 1.5e308}[dtype]
    net = fcnn.Network([1, 1], output="identity", dtype=dtype, bias=False, seed=0)
    net.parameters[:] = 0
    rule = fcnn.SGD(lr=1.0)
    net.fit_batch([[huge]], [2.0], loss="huber(1)", optimizer=rule, clip_norm=0.01)
    assert net.parameters[0] == pytest.approx(1e-2, rel=1e-5)
    net = fcnn.Network([2, 2], output="identity", dtype=dtype, bias=False, seed=0)
    net.layers[1].weight = [[huge, -huge], [1.0, 1.0]]
    rule = fcnn.SGD(lr=1e-30)
    net.fit_batch([[0.0, 0.0]], [[0.0, 0.0]], optimizer=rule, max_norm=0.1)
    expected = np.array([[0.1, -0.1], [0.1, 0.1]]) / np.sqrt(2)
    np.testing.assert_allclose(net.layers[1].weight, expected, rtol=1e-5)


def test_the_rules_are_all_here():
    known = {rule["name"] for rule in _core.optimizers()}
    assert set(RULES) == known | FULL_BATCH
