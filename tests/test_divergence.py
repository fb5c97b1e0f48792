"""Training that fails: divergence, NaN in the data, Ctrl-C. The network stays sound."""

from __future__ import annotations

import _thread
import signal
import threading
import time

import numpy as np
import pytest

import fcnn

DTYPES = ["float32", "float64"]


def linear(dtype="float64", n_in=1, seed=0):
    return fcnn.Network([n_in, 1], output="identity", dtype=dtype, seed=seed)


class Keep(fcnn.Callback):
    """The parameters after each epoch."""

    def __init__(self):
        self.thetas = []

    def on_epoch_end(self, epoch, logs=None):
        self.thetas.append(self.network.parameters.copy())


@pytest.mark.parametrize("dtype", DTYPES)
def test_divergence_goes_back_to_the_last_good_epoch(dtype, rng):
    X, y = rng.normal(size=(30, 1)), rng.normal(size=30)
    net, keep = linear(dtype), Keep()
    rule = fcnn.SGD(lr=20.0, momentum=0.5)
    with pytest.raises(fcnn.TrainingDiverged, match="epoch .* batch") as error:
        net.fit(X, y, optimizer=rule, epochs=500, batch_size=8, callbacks=keep)
    stop = error.value
    assert isinstance(stop, ArithmeticError)
    assert 0 < stop.epoch == len(stop.history.loss) == len(keep.thetas)
    assert 0 <= stop.batch < 4
    assert np.isfinite(stop.history.loss).all()
    assert np.array_equal(net.parameters, keep.thetas[-1])
    assert np.isfinite(net.parameters).all()
    # the optimizer's state too
    twin = linear(dtype)
    twin.fit(X, y, optimizer=rule, epochs=stop.epoch, batch_size=8)
    assert np.array_equal(net.parameters, twin.parameters)
    state, expected = net._trainer.state(), twin._trainer.state()
    assert state["step"] == expected["step"] == 4 * stop.epoch
    assert np.array_equal(state["moments"], expected["moments"])
    with pytest.raises(fcnn.TrainingDiverged) as again:
        net.fit(X, y, optimizer=rule, epochs=500, batch_size=8)
    assert (again.value.epoch, again.value.batch) == (0, stop.batch)
    for mild in (net, twin):  # the count of epochs, which keys the shuffles
        mild.parameters[:] = 0.5
        mild.fit(X, y, optimizer=fcnn.Adam(lr=0.1), epochs=2, batch_size=8)
    assert np.array_equal(net.parameters, twin.parameters)


@pytest.mark.parametrize("dtype", DTYPES)
def test_fit_batch_does_not_make_the_step(dtype):
    net = linear(dtype)
    net.parameters[:] = 1e30 if dtype == "float32" else 1e300
    theta = net.parameters.copy()
    with pytest.raises(fcnn.TrainingDiverged, match="in this step") as error:
        net.fit_batch([[1.0]], [0.0], optimizer=fcnn.SGD(lr=1.0))
    assert error.value.epoch is None
    assert np.array_equal(net.parameters, theta)


def test_parameters_that_are_not_finite_at_an_epochs_end():
    """The loss was still finite, the last step was not."""
    net = linear()
    theta = net.parameters.copy()
    with pytest.raises(fcnn.TrainingDiverged) as error:
        net.fit([[1e150]], [0.0], optimizer=fcnn.SGD(lr=1e300), epochs=3)
    assert (error.value.epoch, error.value.batch) == (0, 0)
    assert np.array_equal(net.parameters, theta)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shuffle", [True, False, "batch"])
def test_x_that_is_not_finite_is_named_by_its_row(shuffle, bad, dtype, rng):
    X, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    X[37, 1] = bad
    net = linear(dtype, 3)
    theta = net.parameters.copy()
    with pytest.raises(ValueError, match=r"X .*\brow 37\b"):
        net.fit(X, y, epochs=3, batch_size=8, shuffle=shuffle)
    with pytest.raises(ValueError, match=r"X .*\brow 37\b"):
        net.fit_batch(X, y)
    assert np.array_equal(net.parameters, theta)
    with pytest.raises(ValueError, match=r"X .*\brow 37\b"):
        net.fit(X, y, epochs=3, batch_size=8, shuffle=shuffle, validation_split=0.1)


def test_values_beyond_float32_do_no_harm(rng):
    """Finite as doubles, they are infinite as the network's numbers."""
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    X[11, 2] = 1e300
    net = linear("float32", 3)
    theta = net.parameters.copy()
    with pytest.raises((ValueError, fcnn.TrainingDiverged)):
        net.fit(X, y)
    assert np.array_equal(net.parameters, theta)


def test_a_row_without_weight_must_be_finite_too(rng):
    """0 * NaN is NaN: it is told rather than hidden."""
    X, y, w = rng.normal(size=(20, 3)), rng.normal(size=20), np.ones(20)
    X[5], w[5] = np.nan, 0
    net = linear("float64", 3)
    with pytest.raises(ValueError, match=r"\brow 5\b"):
        net.fit(X, y, sample_weight=w)


class Slow:
    """A training long enough to be interrupted, on one thread or two."""

    def __init__(self, rng, **arguments):
        X = rng.normal(size=(4000, 100)).astype("f4")
        self.rows = X, X[:, 0] > 0
        self.net = fcnn.Network([100, 300, 300, 1], "tanh", seed=0)
        self.arguments = {"epochs": 100_000, "batch_size": 500} | arguments

    def run(self):
        self.net.fit(*self.rows, **self.arguments)


def interrupted(slow, seconds=0.3):
    """Runs it, sends SIGINT, and returns how long it took to stop."""
    sent = []

    def interrupt():
        sent.append(time.monotonic())
        _thread.interrupt_main()

    timer = threading.Timer(seconds, interrupt)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            slow.run()
        return time.monotonic() - sent[0]
    finally:
        timer.join()


@pytest.mark.parametrize(
    "arguments",
    [
        {"n_threads": 1},
        {"n_threads": 2},
        {"batch_size": 4000, "n_threads": 1},
        {"batch_size": 1},
    ],
    ids=str,
)
def test_ctrl_c(arguments, rng):
    slow = Slow(rng, **arguments)
    start = slow.net.parameters.copy()
    waited = interrupted(slow)
    assert waited < 5  # 0.2 s on a machine that is free
    assert np.isfinite(slow.net.parameters).all()
    if slow.arguments["batch_size"] < 4000:
        assert not np.array_equal(slow.net.parameters, start)
    slow.net.fit(*slow.rows, epochs=1)
    assert np.isfinite(slow.net.predict(slow.rows[0])).all()


@pytest.mark.parametrize("what", ["predict", "backprop", "gradient_check", "evaluate"])
def test_ctrl_c_of_everything_that_may_be_long(what, rng):
    slow = Slow(rng)
    X = np.broadcast_to(slow.rows[0][:1], (2**21, 100))
    y = np.broadcast_to(np.float32(1), 2**21)
    if what == "backprop":  # it returns every z, a, delta: not too many rows
        X, y = X[: 2**16], y[: 2**16]
    arguments = (X,) if what == "predict" else (X, y)
    slow.run = lambda: [getattr(slow.net, what)(*arguments) for _ in range(100)]
    theta = slow.net.parameters.copy()
    assert interrupted(slow) < 5
    assert np.array_equal(slow.net.parameters, theta)
    slow.net.fit(*slow.rows, epochs=1)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX")
def test_a_signal_handler_runs_during_fit_and_its_exception_comes_out(rng):
    class Alarm(Exception):
        pass

    def handler(number, frame):
        raise Alarm

    slow = Slow(rng)
    kept = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(Alarm):
            slow.run()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, kept)
    assert np.isfinite(slow.net.parameters).all()
    slow.net.fit(*slow.rows, epochs=1)


def test_ctrl_c_leaves_whole_steps_only(rng):
    """Interrupted theta is that of some number of steps, to the bit."""
    X, y = rng.normal(size=(64, 2000)).astype("f4"), np.arange(64) % 2
    net, twin = (fcnn.Network([2000, 2000, 1], "tanh", seed=0) for _ in range(2))
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            net.fit(X, y, epochs=10_000, batch_size=64, shuffle=False)
    finally:
        timer.join()
    for _ in range(200):
        if np.array_equal(net.parameters, twin.parameters):
            break
        twin.fit_batch(X, y)
    else:
        pytest.fail("no number of steps gives the interrupted network")
