"""Exceptions of every kind, from wherever a fit calls the user's code."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fcnn


class Own(BaseException):
    """No Exception."""


KINDS = [
    *(OSError, ValueError, KeyError, MemoryError, RecursionError, Warning),
    *(StopIteration, StopAsyncIteration, GeneratorExit, SystemExit),
    *(KeyboardInterrupt, Own, fcnn.TrainingDiverged),
]
HOOKS = [
    *("on_train_begin", "on_epoch_begin", "on_train_batch_begin"),
    *("on_train_batch_end", "on_epoch_end", "on_train_end"),
]
N = 24  # rows, in batches of 8


def hash_of(net):
    """Of theta and, after a step, of the optimizer's moments."""
    state = net._training_state()
    stepped = state.trainer is not None and state.trainer["step"] > 0
    moments = state.trainer["moments"] if stepped else []
    return b"".join(array.tobytes() for array in (state.theta, *moments))


class Once:
    """Raises the error at the n-th call, and notes how often it was called."""

    def __init__(self, error, n):
        self.error, self.n, self.calls = error, n, 0

    def __call__(self):
        self.calls += 1
        if self.calls == self.n:
            raise self.error


class Hook(fcnn.Callback):
    """Calls `once` in one hook; notes the network at each step and epoch's begin."""

    def __init__(self, name=None, once=None):
        self.name, self.once, self.called = name, once, []
        self.steps, self.epochs = [], []

    def _note(self, hook):
        self.called.append(hook)
        if hook == self.name:
            self.once()

    def on_train_begin(self, logs=None):
        self.steps.append(hash_of(self.network))
        self._note("on_train_begin")

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.append(hash_of(self.network))
        self._note("on_epoch_begin")

    def on_train_batch_begin(self, batch, logs=None):
        self._note("on_train_batch_begin")

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(hash_of(self.network))
        self._note("on_train_batch_end")

    def on_epoch_end(self, epoch, logs=None):
        self._note("on_epoch_end")

    def on_train_end(self, logs=None):
        self._note("on_train_end")


class Rows:
    """An array whose conversion runs the user's code."""

    def __init__(self, rows, once):
        self.rows, self.once = rows, once

    def __array__(self, *_, **__):
        self.once()
        return self.rows


def failing_metric(once):
    def metric(y, a):
        once()
        return 0.0

    return metric


def fit(net, X, y, place, once, path, resume=None):
    hook = Hook(place, once)
    given = {
        "epochs": 3,
        "callbacks": [hook, fcnn.Checkpoint(path)],
        "resume": resume,
    }
    if place == "metric":
        given |= {"metrics": [failing_metric(once)], "validation_data": (X, y)}

    def batches():
        if place == "batches()":
            once()
        for i in range(0, N, 8):
            if place == "a generator":
                once()
            rows = X[i : i + 8]
            yield Rows(rows, once) if place == "__array__" else rows, y[i : i + 8]

    if place in STREAMS:
        net.fit(batches=batches, **given)
    else:
        net.fit(X, y, batch_size=8, **given)
    return hook


STREAMS = ["a generator", "__array__", "batches()"]


@pytest.mark.parametrize("place", [*HOOKS, "metric", *STREAMS])
def test_exceptions_come_out_unchanged(place, rng, tmp_path):
    X, y = rng.normal(size=(N, 3)), rng.normal(size=N)

    def new():
        return fcnn.Network([3, 4, 1], "tanh", "identity", seed=0)

    whole_net, quiet = new(), Once(None, 0)
    whole = fit(whole_net, X, y, place, quiet, tmp_path / "whole")
    threads = threading.active_count()
    n = max(1, quiet.calls * 2 // 3)  # of three epochs about the second
    for i, kind in enumerate(KINDS):
        if place in STREAMS and kind is StopIteration:
            continue  # Python's own: a generator's end, or a RuntimeError
        if place == "__array__" and kind in (ValueError, RecursionError):
            continue  # told as one that names the batch and X
        error = kind(1, 2, fcnn.History(["loss"])) if i == len(KINDS) - 1 else kind()
        net, path = new(), tmp_path / f"{i}"
        once = Once(error, n)
        with pytest.raises(kind) as caught:
            fit(net, X, y, place, once, path)
        assert caught.value is error
        assert error.__cause__ is None
        assert threading.active_count() == threads
        assert once.calls == n
        state = hash_of(net)
        assert state in whole.steps
        if place in STREAMS and isinstance(error, Exception):
            assert state in whole.epochs
        with ThreadPoolExecutor(1) as other:  # no longer "being trained"
            assert other.submit(net.predict, X).exception() is None
        net.fit(X, y, epochs=1)
        resumed = new()
        fit(resumed, X, y, place, quiet, path, path if path.exists() else None)
        assert hash_of(resumed) == hash_of(whole_net)


def test_hooks_after_an_exception(rng, tmp_path):
    """None is called any more, of other callbacks neither, and not on_train_end."""
    X, y = rng.normal(size=(N, 3)), rng.normal(size=N)
    net, second = fcnn.Network([3, 1], output="identity", seed=0), Hook()
    first = Hook("on_epoch_end", Once(OSError("no room"), 2))
    with pytest.raises(OSError, match="no room"):
        net.fit(X, y, epochs=3, batch_size=12, callbacks=[first, second])
    epoch = ["on_epoch_begin", *["on_train_batch_begin", "on_train_batch_end"] * 2]
    each = [*epoch, "on_epoch_end"]
    assert first.called == ["on_train_begin", *each, *each]
    assert second.called == ["on_train_begin", *each, *epoch]


GARBAGE = [
    *(None, 3, "rows", (), (1,), ([1.0], [1.0], [1.0], [1.0])),
    *(([[1.0, 2.0]], [1.0]), ([["a", "b", "c"]], [1.0]), (np.ones((2, 3)), [1.0])),
    (np.full((2, 3), np.nan), [1.0, 2.0]),
    (np.ones((2, 3)), [np.inf, 1.0]),
    (np.ones((0, 3)), []),
    (np.ones((2, 3)), [1.0, 2.0], [-1.0, 1.0]),
    (np.ones((2, 3)), {1.0, 2.0}),
]


@pytest.mark.parametrize("bad", GARBAGE, ids=lambda bad: str(bad)[:20])
def test_garbage_from_a_generator_midway(bad, rng):
    X, y = rng.normal(size=(N, 3)), rng.normal(size=N)
    net = fcnn.Network([3, 4, 1], "tanh", "identity", seed=0)
    net.fit(X, y, epochs=2)
    before = hash_of(net)

    def batches():
        yield X[:8], y[:8]
        yield X[8:], y[8:]
        yield bad

    with pytest.raises((ValueError, TypeError), match="batch 2"):
        net.fit(batches=batches)
    assert hash_of(net) == before
    net.fit(X, y, epochs=1)


class BrokenPipe:
    """A stream whose reader has gone away."""

    encoding = "utf-8"

    def __init__(self):
        self.broken = False

    def write(self, text):
        if self.broken:
            raise BrokenPipeError(32, "Broken pipe")

    def flush(self):
        self.write("")

    def isatty(self):
        return True


def test_a_progress_bar_whose_stream_breaks(rng, monkeypatch):
    X, y = rng.normal(size=(N, 3)), rng.normal(size=N)
    stream = BrokenPipe()
    monkeypatch.setattr("sys.stderr", stream)
    net = fcnn.Network([3, 1], output="identity", seed=0)
    error = KeyError("mine")

    def fail(epoch, logs):
        stream.broken = True
        raise error

    with pytest.raises(KeyError) as caught:
        net.fit(X, y, callbacks=fcnn.LambdaCallback(on_epoch_end=fail), progress=True)
    assert caught.value is error
    net.fit(X, y, epochs=1, progress=False)


@pytest.mark.parametrize("progress", ["auto", True])
@pytest.mark.parametrize("stream", ["none", "closed"])
def test_progress_without_a_stream(stream, progress, rng, monkeypatch):
    """As in a service, or without a console."""
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stderr", None if stream == "none" else closed)
    net = fcnn.Network([3, 1], output="identity", seed=0)
    history = net.fit(np.ones((N, 3)), np.ones(N), epochs=3, progress=progress)
    assert len(history.loss) == 3
