"""Callbacks and EarlyStopping: when they are called, what they may do, how they end."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn

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


@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end"])
def test_batches_are_asked_for_by_overriding_a_hook(hook):
    def watch(self, batch, logs=None):
        pass

    watching = type("Watching", (fcnn.Callback,), {hook: watch})
    inheriting = type("Inheriting", (watching,), {})
    seldom = type("Seldom", (watching,), {"every_batches": 50})
    never = type("Never", (watching,), {"every_batches": None})
    assert [c().every_batches for c in (watching, inheriting)] == [1, 1]
    assert [c().every_batches for c in (seldom, never)] == [50, None]
    changed = watching()
    changed.every_batches = 7
    assert changed.every_batches == 7
    assert fcnn.LambdaCallback(**{hook: print}).every_batches == 1
    assert fcnn.LambdaCallback(**{hook: print}, every_batches=9).every_batches == 9


def test_batches_are_not_asked_for_otherwise():
    for callback in (
        *(fcnn.Callback(), Recorder(), fcnn.EarlyStopping(), fcnn.TimeLimit(1)),
        fcnn.LambdaCallback(on_epoch_end=print, on_train_begin=print),
    ):
        assert callback.every_batches is None


@pytest.mark.parametrize(("given", "error"), [(0, ValueError), ("a", TypeError)])
def test_every_batches_is_checked_before_the_first_epoch(given, error, rows):
    class Watching(fcnn.Callback):
        every_batches = given

    with pytest.raises(error, match="every_batches must be"):
        make().fit(*rows, callbacks=Watching())


def test_state_of_the_base_is_empty():
    callback = fcnn.Callback()
    assert callback.state() == {}
    callback.set_state({})
    assert fcnn.Callback.stop_is_final
    assert not fcnn.TimeLimit.stop_is_final


def test_lambda_callback_is_called_as_a_class_is(rows):
    recorder, calls = Recorder(), []
    net = make()
    functions = fcnn.LambdaCallback(
        on_train_begin=lambda logs: calls.append(("train_begin", logs)),
        on_epoch_begin=lambda epoch, logs: calls.append(("epoch_begin", epoch, logs)),
        on_epoch_end=lambda epoch, logs: calls.append(("epoch_end", epoch, logs)),
        on_train_end=lambda logs: calls.append(("train_end", logs)),
    )
    net.fit(*rows, epochs=2, callbacks=[recorder, functions])
    assert calls == recorder.calls
    assert len(calls) == 6


def test_lambda_callback_of_batches():
    calls = []
    callback = fcnn.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: calls.append((batch, logs)),
        on_train_batch_end=lambda batch, logs: calls.append((batch, logs)),
    )
    callback.on_train_batch_begin(3, {})
    callback.on_train_batch_end(3, {"loss": 0.5})
    assert calls == [(3, {}), (3, {"loss": 0.5})]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"on_epoch_end": 3}, "on_epoch_end must be a function, not 3"),
        ({"on_epoch_ends": print}, "on_epoch_ends"),
        ({"every_batches": "a"}, "every_batches must be an integer"),
    ],
)
def test_lambda_callback_refuses(arguments, message):
    with pytest.raises(TypeError, match=message):
        fcnn.LambdaCallback(**arguments)


def test_time_limit(rows, monkeypatch):
    """With a clock of our own: 10 seconds an epoch."""
    clock = [0.0]
    monkeypatch.setattr("fcnn.callbacks._time_limit.time.monotonic", lambda: clock[0])

    def tick(epoch, logs):
        clock[0] += 10.0

    for seconds, epochs in [(5, 1), (10, 1), (10.5, 2), (25, 3), (1000, 7)]:
        callbacks = [fcnn.LambdaCallback(on_epoch_end=tick), fcnn.TimeLimit(seconds)]
        history = make().fit(*rows, epochs=7, callbacks=callbacks)
        assert len(history.loss) == epochs
    again = make().fit(*rows, epochs=7, callbacks=callbacks)
    assert len(again.loss) == 7  # the clock is of one fit


@pytest.mark.parametrize(
    ("seconds", "error"),
    [(0, ValueError), (-1, ValueError), (np.inf, ValueError), ("1", TypeError)],
)
def test_time_limit_refuses(seconds, error):
    with pytest.raises(error, match="seconds must be"):
        fcnn.TimeLimit(seconds)
