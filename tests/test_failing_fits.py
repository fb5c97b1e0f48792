"""A fit that fails leaves the network as promised, its optimizer's state included."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn


@pytest.fixture
def data(rng):
    return rng.normal(size=(64, 3)), rng.normal(size=(64, 1))


def make(**arguments):
    return fcnn.Network([3, 5, 1], "tanh", "identity", seed=3, **arguments)


class Hook(fcnn.Callback):
    """Does something in one hook, once."""

    def __init__(self, hook, action):
        def once(*_):
            if not self.done:
                self.done = True
                action()

        self.done = False
        setattr(self, hook, once)


def fail():
    raise OSError("no room")


@pytest.mark.parametrize("every", [None, 1, 100])
@pytest.mark.parametrize("other", [fcnn.SGD(lr=1e30), fcnn.Adam(), "lbfgs"], ids=str)
@pytest.mark.parametrize("way", ["diverges", "row not finite"])
def test_the_optimizers_state_goes_back(data, every, other, way):
    X, y = data
    net = make()
    net.fit(X, y, epochs=3)
    twin = net.copy()
    bad = X.copy()
    if way == "row not finite" or other != fcnn.SGD(lr=1e30):
        bad[50] = np.nan
    callbacks = fcnn.LambdaCallback(every_batches=every)
    with pytest.raises((fcnn.TrainingDiverged, ValueError)):
        net.fit(bad, y, optimizer=other, callbacks=callbacks)
    assert net.loss == twin.loss
    assert net.learning_rate == twin.learning_rate
    for each in (net, twin):
        each.fit(X, y, epochs=2)
    assert np.array_equal(net.parameters, twin.parameters)


def test_a_step_that_diverges(data):
    X, y = data
    net = make()
    net.fit(X, y, epochs=3)
    twin = net.copy()
    with pytest.raises(fcnn.TrainingDiverged):
        net.fit_batch(X, y * 1e30, optimizer=fcnn.SGD(), loss="quadratic")
    first = twin.copy()
    assert net.loss == "mse"
    for each in (net, twin):
        each.fit(X, y, epochs=2)
    assert np.array_equal(net.parameters, twin.parameters)
    assert not np.array_equal(first.parameters, twin.parameters)


@pytest.mark.parametrize(
    "hook", ["on_train_begin", "on_epoch_begin", "on_train_batch_begin"]
)
def test_a_hook_that_fails_before_the_first_step(data, hook):
    X, y = data
    net = make(standardize=True)
    with pytest.raises(OSError, match="no room"):
        net.fit(X, y, optimizer="sgd", loss="mae", callbacks=Hook(hook, fail))
    assert net.standardizer is None
    assert net.loss == "mse"
    assert net.learning_rate is None


@pytest.mark.parametrize("hook", ["on_train_batch_end", "metric", "on_epoch_end"])
def test_a_failure_after_steps_keeps_what_they_were_made_with(data, hook):
    X, y = data
    net = make(standardize=True)

    def bad(*_):
        raise ValueError("only one class present")

    arguments = (
        {"metrics": [bad]} if hook == "metric" else {"callbacks": Hook(hook, bad)}
    )
    with pytest.raises(ValueError, match="only one class"):
        net.fit(X * 100 + 1000, y, **arguments)
    assert net.standardizer is not None
    assert not np.array_equal(net.parameters, make().parameters)


@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin"])
def test_hooks_may_set_the_learning_rate_from_the_beginning(data, hook):
    X, y = data
    net, plain = make(), make()
    for before in (False, True):
        if before:
            for each in (net, plain):
                each.fit(X, y, epochs=1, optimizer="sgd")
        net.fit(
            X,
            y,
            epochs=2,
            optimizer=fcnn.Adam(lr=0.3 + before),
            callbacks=Hook(hook, lambda: setattr(net, "learning_rate", 0.02)),
        )
        plain.fit(X, y, epochs=2, optimizer=fcnn.Adam(lr=0.02))
        assert np.array_equal(net.parameters, plain.parameters)
        assert net.learning_rate == 0.02
        plain.reset_optimizer()
        net.reset_optimizer()


def test_targets_beyond_the_networks_dtype(data):
    X, y = data
    net = make(standardize=True)
    with pytest.raises(ValueError, match="targets are too large for a network of"):
        net.fit(X, y * 1e100)
    assert net.standardizer is None
