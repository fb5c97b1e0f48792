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
