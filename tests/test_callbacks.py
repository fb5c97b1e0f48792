"""Callbacks and EarlyStopping: when they are called, what they may do, how they end."""

from __future__ import annotations

import fcnn
import numpy as np
import pytest

N = 40


@pytest.fixture
def rows(rng):
    X = rng.normal(size=(N, 3))
    return X, (X.sum(axis=1) > 0).astype(float)


def make(seed=1):
    return fcnn.Network([3, 5, 1], "tanh", dtype="float64", seed=seed)


class Recorder(fcnn.Callback):
    def __init__(self):
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append(("train_begin", logs))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(("epoch_begin", epoch, logs))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(("epoch_end", epoch, logs))

    def on_train_end(self, logs=None):
        self.calls.append(("train_end", logs))


class At(fcnn.Callback):
    """Does something at the end of one epoch."""

    def __init__(self, epoch, action):
        self.epoch, self.action = epoch, action

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            self.action(self)


def test_order_and_logs(rows):
    recorder, net = Recorder(), make()
    history = net.fit(*rows, epochs=2, metrics="mse", callbacks=recorder)
    logs = [{k: v[e] for k, v in history.metrics.items()} for e in range(2)]
    assert recorder.calls == [
        ("train_begin", {}),
        ("epoch_begin", 0, {}),
        ("epoch_end", 0, logs[0]),
        ("epoch_begin", 1, {}),
        ("epoch_end", 1, logs[1]),
        ("train_end", logs[1]),
    ]
    assert recorder.network is net
    assert recorder.params == {"epochs": 2, "metrics": ["loss", "mse"]}


def test_stop_training(rows):
    def stop(callback):
        callback.stop_training = True

    callback, recorder = At(2, stop), Recorder()
    history = make().fit(*rows, epochs=50, callbacks=[callback, recorder])
    assert history.epoch == [0, 1, 2]
    assert recorder.calls[-1][0] == "train_end"
    history = make().fit(*rows, epochs=2, callbacks=[callback])
    assert history.epoch == [0, 1]  # the wish to stop is of one fit


def test_a_callback_may_look_and_write(rows):
    """theta is up to date at every callback, and read back after it."""
    X, y = rows
    seen, losses = [], []

    def look(callback):
        seen.append(callback.network.parameters.copy())
        losses.append(callback.network.evaluate(X, y)["loss"])
        callback.network.backprop(X, y)

    def write(callback):
        callback.network.parameters[:] = 0.25

    net, plain, written, expected = make(), make(), make(), make()
    history = net.fit(X, y, epochs=3, validation_data=rows, callbacks=At(1, look))
    plain.fit(X, y, epochs=2)
    assert np.array_equal(seen[0], plain.parameters)
    assert losses == [history.metrics["val_loss"][1]]
    plain.fit(X, y, epochs=1)
    assert np.array_equal(net.parameters, plain.parameters)

    written.fit(X, y, epochs=3, callbacks=At(1, write))
    expected.fit(X, y, epochs=2)
    expected.parameters[:] = 0.25
    expected.fit(X, y, epochs=1)
    assert np.array_equal(written.parameters, expected.parameters)


def test_an_exception_leaves_the_network_usable(rows):
    def fail(callback):
        raise ZeroDivisionError("from the callback")

    net, twin, recorder = make(), make(), Recorder()
    with pytest.raises(ZeroDivisionError, match="from the callback"):
        net.fit(*rows, epochs=5, callbacks=[recorder, At(1, fail)])
    twin.fit(*rows, epochs=2)
    assert np.array_equal(net.parameters, twin.parameters)
    assert recorder.calls[-1][0] == "epoch_end"
    net.fit(*rows, epochs=2)  # and it goes on as if nothing had happened
    twin.fit(*rows, epochs=2)
    assert np.array_equal(net.parameters, twin.parameters)


@pytest.mark.parametrize("hook", ["prepare", "on_train_begin", "on_train_end"])
def test_an_exception_of_any_hook_ends_the_training(hook, rows):
    class Failing(fcnn.Callback):
        pass

    def fail(self, *arguments):
        raise ZeroDivisionError

    setattr(Failing, hook, fail)
    net = make()
    with pytest.raises(ZeroDivisionError):
        net.fit(*rows, epochs=1, callbacks=Failing())
    net.fit(*rows, epochs=1)


def test_a_metrics_exception_ends_the_training(rows):
    def bad(y, a):
        return "much"

    net = make()
    with pytest.raises(TypeError, match="metric bad must return a number"):
        net.fit(*rows, epochs=1, metrics=bad)
    net.fit(*rows, epochs=1)


def test_a_fit_within_a_fit_is_refused(rows):
    errors = []

    def nest(callback):
        for call in (callback.network.fit, callback.network.fit_batch):
            with pytest.raises(RuntimeError, match="train") as error:
                call(*rows)
            errors.append(error)

    net, twin = make(), make()
    net.fit(*rows, epochs=3, callbacks=At(1, nest))
    twin.fit(*rows, epochs=3)
    assert len(errors) == 2
    assert np.array_equal(net.parameters, twin.parameters)


# ------------------------------------------------------------------ EarlyStopping


class Script(fcnn.Callback):
    """Makes a metric follow a script, whatever the network does."""

    def __init__(self, values):
        self.values = values

    def metric(self):
        values = iter(self.values)

        def scripted(y, a):
            return next(values)

        return scripted


def stopped(values, **arguments):
    """The epochs run, and the stopper, for a validation metric of these values."""
    script = [v for value in values for v in (0.0, value)]  # training's, validation's
    X = np.eye(3)
    net, thetas = make(), []
    keep = Recorder()
    keep.on_epoch_end = lambda epoch, logs: thetas.append(net.parameters.copy())
    stop = fcnn.EarlyStopping("val_scripted", **{"mode": "min"} | arguments)
    history = net.fit(
        X,
        [0.0, 1.0, 1.0],
        epochs=len(values),
        validation_data=(X, [0.0, 1.0, 1.0]),
        metrics=Script(script).metric(),
        callbacks=[keep, stop],
    )
    best = None
    for epoch, theta in enumerate(thetas):
        if np.array_equal(theta, net.parameters):
            best = epoch
    return len(history.epoch), stop, best


@pytest.mark.parametrize(
    ("values", "arguments", "epochs", "best"),
    [
        ([3, 2, 1, 2, 3], {}, 4, 2),
        ([3, 2, 1, 2, 3], {"patience": 2}, 5, 2),
        ([3, 2, 1, 2, 0, 2, 3, 4], {"patience": 2}, 7, 4),
        ([3, 2, 1, 2, 3, 4], {"patience": 9}, 6, 2),  # at the end, not stopped
        ([1, 2, 3, 2, 1], {"mode": "max"}, 4, 2),
        ([3, 2, 1.6, 1.55, 1.3], {"min_delta": 0.5, "patience": 2}, 4, 1),
        ([3, 2, 1.6, 1.55, 1.3], {"min_delta": -0.5, "patience": 2}, 4, 1),
        ([np.nan, np.nan, 1, 2], {"patience": 3}, 4, 2),
        ([np.nan] * 5, {"patience": 2}, 2, 0),
        ([1, 9, 9, 3, 4, 5], {"start_from_epoch": 2, "patience": 2}, 6, 3),
        ([5, 4, 4.5, 4.4, 1], {"baseline": 3, "patience": 3}, 3, 1),
        ([5, 2, 4.5, 4.4, 1], {"baseline": 3, "patience": 3}, 5, 4),
    ],
)
def test_early_stopping(values, arguments, epochs, best):
    ran, stop, restored = stopped(values, **arguments)
    assert ran == epochs
    assert restored == best
    assert stop.best_epoch == best
    assert stop.stopped_epoch == (ran - 1 if ran < len(values) else stop.stopped_epoch)


def test_without_restoring_the_last_epoch_stays():
    ran, stop, restored = stopped([3, 1, 2, 3], restore_best_weights=False)
    assert (ran, restored, stop.best_epoch, stop.best) == (3, 2, 1, 1)


def test_restored_is_the_optimizers_state_too(rows):
    """Going on after a stop gives what going on from the best epoch gives."""
    X, y = rows
    values = iter([3.0, 2.0, 1.0, 5.0, 6.0])

    def scripted(y, a):
        return next(values)

    net, best = make(), make()
    stop = fcnn.EarlyStopping("scripted", mode="min", patience=2)
    net.fit(X, y, epochs=9, metrics=scripted, callbacks=stop, shuffle=False)
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
