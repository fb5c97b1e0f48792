"""Ctrl-C wherever Python looks for signals in a fit; the short form of interrupts.py.

The long form is `python tests/interrupts.py`.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import fcnn
import interrupts
from fcnn import checkpoint
from interrupts import state

FOLDER = str(Path(fcnn.__file__).parent)


def ours(frame):
    """Whether it is fcnn's, or one of contextlib that works for it."""
    name = frame.f_code.co_filename
    return FOLDER in name or (name == contextlib.__file__ and ours(frame.f_back))


class Looks:
    """Notes where Python looks for signals; KeyboardInterrupt at one of these places.

    That is at the beginning of a function and after a call of a compiled one.
    """

    def __init__(self, at=None):
        self.at, self.places = at, {}

    def __call__(self, frame, event, _):
        if event not in ("call", "c_return") or not ours(frame):
            return
        place = frame.f_code, frame.f_lasti, event
        self.places[place] = None
        if place == self.at:
            sys.setprofile(None)
            raise KeyboardInterrupt

    def __enter__(self):
        sys.setprofile(self)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)


class Note(fcnn.Callback):
    """The network before the first step and after each."""

    def __init__(self):
        self.seen = set()

    def on_train_begin(self, logs=None):
        self.seen.add(state(self.network))

    def on_train_batch_end(self, batch, logs=None):
        self.seen.add(state(self.network))


def new():
    return fcnn.Network([3, 4, 1], "tanh", "identity", seed=0)


def step_twice(net, X, y, callbacks):
    for callback in callbacks:
        callback.network = net
        callback.on_train_begin()
    for _ in range(2):
        net.fit_batch(X, y)
        for callback in callbacks:
            callback.on_train_batch_end(0)


def batches(X, y):
    return lambda: ((X[i : i + 8], y[i : i + 8]) for i in (0, 8, 16))


FITS = {
    "rows": lambda net, X, y, callbacks: net.fit(
        X,
        y,
        batch_size=8,
        validation_split=0.2,
        metrics="mae",
        epochs=2,
        callbacks=callbacks,
    ),
    "batches": lambda net, X, y, callbacks: net.fit(
        batches=batches(X, y), epochs=2, callbacks=callbacks
    ),
    "lbfgs": lambda net, X, y, callbacks: net.fit(
        X, y, optimizer="lbfgs", epochs=2, callbacks=callbacks
    ),
    "fit_batch": step_twice,
}


def checkpoints(path, kind):
    return [] if kind == "fit_batch" else [fcnn.Checkpoint(path)]


@pytest.mark.parametrize("kind", FITS)
def test_ctrl_c_wherever_python_looks_for_signals(kind, rng, tmp_path):
    X, y = rng.normal(size=(24, 3)), rng.normal(size=24)
    path, note = tmp_path / "run.ckpt", Note()
    FITS[kind](new(), X, y, [note, *checkpoints(path, kind)])  # and imports are done
    whole = note.seen | {state(new())}
    path.unlink(missing_ok=True)
    net, callbacks = new(), checkpoints(path, kind)
    with Looks() as looks:
        FITS[kind](net, X, y, callbacks)
    for place in looks.places:
        path.unlink(missing_ok=True)
        net, callbacks = new(), checkpoints(path, kind)
        with pytest.raises(KeyboardInterrupt) as kept, Looks(place):
            FITS[kind](net, X, y, callbacks)
        assert state(net) in whole
        with ThreadPoolExecutor(1) as other:  # while `kept` keeps every frame alive
            other.submit(net.predict, X).result()
        net.fit_batch(X, y)
        if path.exists():
            checkpoint.read(path)
        assert set(tmp_path.iterdir()) <= {path}  # no file half written
        with warnings.catch_warnings():
            # From CPython 3.14 on Ctrl-C is seen between `open(...)` and its `with`.
            warnings.simplefilter("ignore", ResourceWarning)
            del kept


@pytest.mark.parametrize("name", interrupts.SHORT)
def test_ctrl_c_at_random_moments(name):
    """How long it takes depends on what else the machine does: see the long form."""
    waits = interrupts.measure(interrupts.ALL[name](), 3)
    assert waits[:, 1].max() < 1  # seconds of CPU time


def long_calls(X):
    """One call of the core each, of some tenths of a second where it has one thread."""
    y = np.sin(X[:, :1])
    wide, deep = (
        fcnn.Network(sizes, "tanh", "identity", seed=0)
        for sizes in ([50, 50, 1], [50, 800, 800, 1])
    )
    one = {"epochs": 1, "n_threads": 1, "progress": False}
    rows = X[:3000], y[:3000]
    return {
        "products": lambda: deep.fit(*rows, batch_size=3000, **one),
        "line search": lambda: deep.fit(*rows, optimizer="lbfgs", **one),
        "J^T J": lambda: wide.fit(X, y, optimizer="levenberg_marquardt", **one),
        "Cholesky": lambda: wide.fit(
            X[:20], y[:20], optimizer="levenberg_marquardt", **one
        ),
        "shuffle": lambda: fcnn._core.permutation(10_000_000, 0, 0),
        "weights": lambda: fcnn.Network([4000, 5000], seed=0),
    }


@pytest.mark.plain  # the detectors would take minutes
@pytest.mark.parametrize("name", long_calls(np.ones((1, 50))))
def test_the_core_looks_for_signals_all_along(name, rng):
    """Without its looks a handler runs at the call's end alone."""
    work = long_calls(rng.normal(size=(3000, 50)))[name]
    looks = []
    former = signal.signal(signal.SIGALRM, lambda *_: looks.append(time.thread_time()))
    looks.append(time.thread_time())
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
    looks.append(time.thread_time())
    assert np.diff(looks).max() < 0.06 + (looks[-1] - looks[0]) / 3


@pytest.mark.parametrize("optimizer", ["rprop", "lbfgs", "levenberg_marquardt"])
def test_a_full_batch_fit_goes_on_where_it_was_interrupted(optimizer, rng):
    """In a line search, or between two damped equations, too."""
    X = rng.normal(size=(3000, 10))
    y = np.sin(X[:, :1] * X[:, 1:2])
    net, whole = (fcnn.Network([10, 15, 1], "tanh", "identity", seed=0) for _ in "ab")
    given = {"optimizer": optimizer, "progress": False}
    for _ in range(5):
        delay = rng.uniform(0.01, 0.06)
        interrupts.interrupted(lambda: net.fit(X, y, epochs=10**6, **given), delay)
    whole.fit(X, y, epochs=state(net)[0], **given)
    assert state(net) == state(whole)


def test_ctrl_c_as_soon_as_fit_batch_has_made_its_step(rng, monkeypatch):
    """Before anything else runs, where no profiler looks."""
    X, y = rng.normal(size=(24, 3)), rng.normal(size=24)
    net, whole = new(), new()
    whole.fit_batch(X, y)
    made = fcnn.Network._trainer_for

    class Interrupted:
        def __init__(self, trainer):
            self.trainer = trainer

        def step(self, *arguments):
            self.trainer.step(*arguments)
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(
            fcnn.Network, "_trainer_for", lambda net, o: Interrupted(made(net, o))
        )
        with pytest.raises(KeyboardInterrupt):
            net.fit_batch(X, y)
    assert state(net) == state(whole)


def test_ctrl_c_before_the_first_step_changes_nothing(rng):
    X, y = rng.normal(size=(24, 3)), rng.normal(size=24)
    net = fcnn.Network([3, 1], output="identity", standardize=True, seed=0)

    class Stop(fcnn.Callback):
        def on_train_begin(self, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y, loss="mae", seed=5, callbacks=Stop())
    assert (net.loss, net.seed, net.standardizer) == ("mse", 0, None)
    assert net.learning_rate is None
