"""EarlyStopping: when it stops, what it puts back, what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
from helpers import resumed, scripted

N = 40


@pytest.fixture
def rows(rng):
    X = rng.normal(size=(N, 3))
    return X, (X.sum(axis=1) > 0).astype(float)


def make(seed=1):
    return fcnn.Network([3, 5, 1], "tanh", dtype="float64", seed=seed)


def run(values, **arguments):
    """The stopper, and History, of a metric that takes these values by itself."""
    net, thetas = make(), []

    class Keep(fcnn.Callback):
        def on_epoch_end(self, epoch, logs=None):
            thetas.append(net.parameters.copy())

    stop = fcnn.EarlyStopping("scripted", **{"mode": "min"} | arguments)
    net.fit(
        np.eye(3),
        [0.0, 1.0, 1.0],
        epochs=len(values),
        metrics=scripted(values),
        callbacks=[Keep(), stop],
    )
    same = [np.array_equal(theta, net.parameters) for theta in thetas]
    return stop, len(thetas), same.index(True)


# What stands here was worked out by hand from Keras's rules.
@pytest.mark.parametrize(
    ("values", "arguments", "stopped", "best"),
    [
        ([3, 2, 1, 2, 3], {}, 3, 2),
        ([3, 2, 1, 2, 3], {"patience": 1}, 3, 2),
        ([3, 2, 1, 2, 3], {"patience": 2}, 4, 2),
        ([3, 2, 1, 2, 0, 2, 3, 4], {"patience": 2}, 6, 4),
        ([3, 2, 1, 2, 3, 4], {"patience": 9}, None, 2),  # put back at the end too
        ([1, 2, 3, 2, 1], {"mode": "max"}, 3, 2),
        ([2, 2, 2], {"patience": 2}, 2, 0),
        ([3, 2, 1.6, 1.55, 1.3], {"min_delta": 0.5, "patience": 2}, 3, 1),
        ([3, 2, 1.6, 1.55, 1.3], {"min_delta": -0.5, "patience": 2}, 3, 1),
        ([3, 2, 1.6, 1.45, 1.3], {"min_delta": 0.5, "patience": 2}, None, 3),
        ([np.nan, np.nan, 1, 2], {"patience": 3}, None, 2),
        ([np.nan] * 5, {"patience": 2}, 1, 0),
        ([1, 9, 9, 3, 4, 5, 6], {"start_from_epoch": 2, "patience": 2}, 5, 3),
        ([5, 4, 4.5, 4.4, 1], {"baseline": 3, "patience": 3}, 2, 1),
        ([5, 2, 4.5, 4.4, 1], {"baseline": 3, "patience": 3}, None, 4),
    ],
)
def test_keras_rules(values, arguments, stopped, best):
    stop, ran, restored = run(values, **arguments)
    assert stop.stopped_epoch == stopped
    assert ran == (len(values) if stopped is None else stopped + 1)
    assert stop.best_epoch == restored == best
    assert stop.best == values[best] or np.isnan(values[best])


def test_without_restoring_the_last_epoch_stays():
    stop, ran, restored = run([3, 1, 2, 3], restore_best_weights=False)
    assert (ran, restored, stop.best_epoch, stop.best) == (3, 2, 1, 1)


def test_restored_is_the_optimizers_state_too(rows):
    """Going on after a stop gives what going on from the best epoch gives."""
    X, y = rows
    script = scripted([3.0, 2.0, 1.0, 5.0, 6.0])
    net, best = make(), make()
    stop = fcnn.EarlyStopping("scripted", mode="min", patience=2)
    net.fit(X, y, epochs=9, metrics=script, callbacks=stop, shuffle=False)
    best.fit(X, y, epochs=3, shuffle=False)
    assert np.array_equal(net.parameters, best.parameters)
    net.fit(X, y, epochs=2, shuffle=False)
    best.fit(X, y, epochs=2, shuffle=False)
    assert np.array_equal(net.parameters, best.parameters)


@pytest.mark.parametrize(
    ("monitor", "arguments"),
    [("val_loss", {}), ("accuracy", {}), ("val_mse", {"metrics": "mse"})],
)
def test_a_monitor_that_history_will_not_have(monitor, arguments, rows):
    net = make()
    theta = net.parameters.copy()
    with pytest.raises(ValueError, match=f"watches '{monitor}', but .* loss"):
        net.fit(*rows, callbacks=fcnn.EarlyStopping(monitor), **arguments)
    assert np.array_equal(net.parameters, theta)


def test_the_way_of_a_metric_of_ones_own_must_be_told(rows):
    def own(y, a):
        return 0.0

    with pytest.raises(ValueError, match="mode='min' or mode='max'"):
        make().fit(*rows, metrics=own, callbacks=fcnn.EarlyStopping("own"))


@pytest.mark.parametrize(
    ("name", "sign"), [("loss", -1), ("mse", -1), ("accuracy", 1), ("r2", 1)]
)
def test_auto_knows_which_way_is_better(name, sign, rows):
    stop = fcnn.EarlyStopping(name, patience=100)
    metrics = [] if name == "loss" else [name]
    history = make().fit(*rows, epochs=30, metrics=metrics, callbacks=stop)
    values = sign * np.array(history.metrics[name])
    assert stop.best_epoch == values.argmax()
    assert stop.best == history.metrics[name][stop.best_epoch]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"mode": "low"}, ValueError),
        ({"patience": -1}, ValueError),
        ({"patience": 1.5}, TypeError),
        ({"min_delta": "a"}, TypeError),
        ({"start_from_epoch": -1}, ValueError),
        ({"restore_best_weights": 1}, TypeError),
        ({"baseline": np.nan}, ValueError),
        ({"monitor": 3}, TypeError),
    ],
)
def test_refused_arguments(arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        fcnn.EarlyStopping(**arguments)


def test_verbose(rows, capsys):
    stop = fcnn.EarlyStopping("loss", min_delta=100, patience=1, verbose=1)
    make().fit(*rows, epochs=9, callbacks=stop)
    assert "stopped after epoch 1" in capsys.readouterr().out


VALUES = [5.0, 4.0, 3.0, 3.5, 3.2, 2.0, 4.0, 4.0, 4.0, 1.0]  # stops after epoch 8


@pytest.mark.parametrize("split", range(1, 10))
def test_resumed_it_stops_and_restores_as_if_not_interrupted(split, rows):
    """Epochs are counted from 0 in each of our two fits: shift them to compare."""
    arguments = {"monitor": "scripted", "mode": "min", "patience": 3}
    X, y = rows
    whole, net = make(), make()
    stop = fcnn.EarlyStopping(**arguments)
    whole.fit(X, y, epochs=10, metrics=scripted(VALUES), callbacks=stop)
    assert (stop.best_epoch, stop.stopped_epoch) == (5, 8)

    states, nets = [], []

    def keep(epoch, logs):
        if epoch == split - 1:
            states.append(first.state())
            nets.append(net.copy())

    first, second = fcnn.EarlyStopping(**arguments), fcnn.EarlyStopping(**arguments)
    callbacks = [first, fcnn.LambdaCallback(on_epoch_end=keep)]
    net.fit(X, y, epochs=split, metrics=scripted(VALUES), callbacks=callbacks)
    (state,), (net,) = states, nets
    kept = {"best", "best_epoch", "wait", "stopped_epoch", "best_state"}
    assert set(state) == kept | {"monitor", "sign"}
    if split == 9:
        assert state["stopped_epoch"] == 8
        second.prepare(net, {"epochs": 10, "metrics": ["scripted"]})
        second.set_state(state)
        assert second.stop_training
        second.on_train_end({})
    else:
        history = resumed(
            net,
            [second],
            [state],
            X,
            y,
            epochs=10 - split,
            metrics=scripted(VALUES[split:]),
        )
        assert split + len(history.loss) == 9
        assert second.stopped_epoch + split == stop.stopped_epoch
    assert second.best == stop.best == 2.0
    assert np.array_equal(net.parameters, whole.parameters)
    whole.fit(X, y, epochs=2, seed=3)  # the optimizer's state, too
    net._epoch = whole._epoch - 2
    net.fit(X, y, epochs=2, seed=3)
    assert np.array_equal(net.parameters, whole.parameters)


def test_state_is_of_plain_values_and_arrays(rows):
    stop = fcnn.EarlyStopping("loss", patience=5)
    make().fit(*rows, epochs=3, callbacks=stop)

    def check(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                assert isinstance(key, str)
                check(inner)
        elif isinstance(value, list):
            for inner in value:
                check(inner)
        else:
            assert value is None or isinstance(value, (int, float, str, np.ndarray))

    check(stop.state())
    assert stop.state()["best_state"]["theta"].shape == (make().n_parameters,)
    assert fcnn.EarlyStopping().state()["best_state"] is None
