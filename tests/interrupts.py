"""Ctrl-C at random moments of everything that may take long, and what it leaves.

    python tests/interrupts.py [MOMENTS [PART-OF-A-NAME]]    100 moments of each

At one and at two threads. For each case a line: how long the call went on after the
signal, the median and the longest, in seconds of the clock and of CPU time of all
threads. A machine that does other work too stretches the first; the second is at most
50 ms less (fcnn looks for signals that often) than what a free machine's clock shows.

A fit is made again without a signal, step by step: the interrupted network and its
optimizer have the bits of one of these steps, the one that they say they have made.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import fcnn

FREE = 0.2  # seconds that are promised, on a machine that is free
LOOKS = 0.05  # seconds between two looks for signals


@dataclass
class Case:
    """work() is called again and again until the signal; once takes `unit` seconds."""

    work: Callable[[], Any]
    unit: Callable[[], Any] | None = None  # by default work
    net: fcnn.Network | None = None  # which is not to change, or
    fit: Callable[..., Any] | None = None  # fit(new network, callbacks) is checked


class Steps(fcnn.Callback):
    """A hash of theta and the optimizer after each step, until there are enough."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.every_batches = 1
        self.last = last
        self.seen: dict[int, str] = {}

    def on_train_begin(self, logs=None):
        self._note()

    def on_train_batch_end(self, batch, logs=None):
        self._note()
        if len(self.seen) > self.last:
            raise StopReplay

    def _note(self):
        step, text = state(self.network)
        self.seen[step] = text


class StopReplay(Exception):
    """There are steps enough."""


def state(net: fcnn.Network) -> tuple[int, str]:
    """The steps made, and a hash of theta and, after a step, of the optimizer."""
    training = net._training_state()
    digest = hashlib.blake2b(training.theta, digest_size=16)
    trainer = training.trainer
    if trainer is None or trainer["step"] == 0:
        return 0, digest.hexdigest()
    for moment in trainer["moments"]:
        digest.update(moment)
    digest.update(repr(trainer["scalars"]).encode())
    return trainer["step"], digest.hexdigest()


def now() -> np.ndarray:
    return np.array([time.perf_counter(), time.process_time()])


def interrupted(work: Callable[[], Any], delay: float) -> np.ndarray:
    """Seconds (clock, CPU) from SIGINT, after `delay`, to KeyboardInterrupt."""
    sent: list[np.ndarray] = []

    def send() -> None:
        time.sleep(delay)
        sent.append(now())
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    try:
        sender.start()
        while True:
            work()
    except KeyboardInterrupt:
        got = now()
    finally:
        sender.join()
    return got - sent[0]


def measure(make: Callable[[], Iterator[Case]], moments: int) -> np.ndarray:
    """The waits at so many moments, (moments, 2); AssertionError if one left harm."""
    rng = np.random.default_rng(moments)
    waits, ends = [], []
    cases = make()
    case = next(cases)
    start = time.perf_counter()
    (case.unit or case.work)()
    span = max(0.2, min(2 * (time.perf_counter() - start), 6.0))
    for _ in range(moments):
        case = next(cases)
        before = None if case.net is None else state(case.net)
        waits.append(interrupted(case.work, rng.uniform(0, span)))
        if case.net is not None:
            with ThreadPoolExecutor(1) as other:  # no thread is turned away
                twin = other.submit(case.net.copy).result()
            assert np.isfinite(case.net.parameters).all()
            assert state(twin) == state(case.net)
            if case.fit is None:
                assert state(case.net) == before
            else:
                ends.append(state(case.net))
    if ends:
        case = next(cases)
        steps = Steps(max(step for step, _ in ends))
        with contextlib.suppress(StopReplay):
            case.fit(case.net, [steps])
        for step, text in ends:
            assert steps.seen[step] == text, f"not the network of step {step}"
    return np.array(waits)


# ---- what is interrupted ----

_folder = tempfile.TemporaryDirectory(prefix="fcnn-")  # until the process ends


def new_path() -> Path:
    return Path(_folder.name, os.urandom(8).hex())


def data(n: int, n_in: int) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(0).normal(size=(n, n_in)).astype(np.float32)
    return X, np.tanh(X[:, :1] + X[:, 1:2] ** 2)


def fits(X, y, sizes, **arguments):
    """New networks, each to be trained for ever."""
    given = {"epochs": 10**6, "progress": False} | arguments

    def fit(net, callbacks=(), **more):
        if not isinstance(callbacks, list):
            callbacks = [callbacks] if callbacks else []
        own = given.get("callbacks", [])
        net.fit(X, y, **(given | {"callbacks": [*own, *callbacks]} | more))

    def make():
        while True:
            net = fcnn.Network(sizes, "tanh", "identity", seed=0)
            first = net.copy()
            yield Case(
                lambda net=net: fit(net),
                lambda first=first: fit(first, epochs=1),
                net,
                fit,
            )

    return make


def calls(work, net=None, unit=None):
    """The same call again and again."""

    def make():
        while True:
            yield Case(work, unit, net)

    return make


def small_batches():
    return fits(*data(2000, 20), [20, 64, 1], batch_size=32, l2=1e-4)


def single_rows():
    return fits(*data(2000, 20), [20, 64, 1], batch_size=1, optimizer="sgd")


def full_batches():
    return fits(*data(40_000, 1000), [1000, 500, 500, 1], batch_size=40_000)


def rprop():
    return fits(*data(40_000, 1000), [1000, 500, 500, 1], optimizer="rprop")


def lbfgs():
    return fits(*data(20_000, 1000), [1000, 500, 500, 1], optimizer="lbfgs")


def lbfgs_many_parameters():
    return fits(*data(64, 3000), [3000, 3000, 1], optimizer="lbfgs")


def levenberg_marquardt_products():
    return fits(*data(8000, 50), [50, 58, 1], optimizer="levenberg_marquardt")


def levenberg_marquardt_cholesky():
    return fits(*data(100, 100), [100, 58, 1], optimizer="levenberg_marquardt")


def many_parameters():
    X, y = data(64, 5000)
    return fits(X, y, [5000, 5000, 1], batch_size=64, l1=1e-6, max_norm=3, clip_norm=1)


def many_rows():
    X = np.broadcast_to(np.ones((1, 1), np.float32), (20_000_000, 1))
    return fits(X, np.zeros(len(X)), [1, 1], batch_size=10_000)


def validation():
    X, y = data(64, 100)
    rows = tuple(np.repeat(a, 10_000, axis=0) for a in (X, y))
    return fits(X, y, [100, 100, 1], validation_data=rows, metrics=["r2"])


def generator():
    X, y = data(64, 200)

    def batches():
        while True:
            yield X, y

    def fit(net, callbacks=(), **more):
        given = {"batches": batches, "epochs": 1, "progress": False}
        net.fit(callbacks=list(callbacks), **(given | more))

    def make():
        while True:
            net = fcnn.Network([200, 300, 1], "tanh", "identity", seed=0)
            yield Case(lambda net=net: fit(net), lambda: None, net, fit)

    return make


def standardizing():
    X = np.broadcast_to(data(1, 100)[0], (1_000_000, 100))
    y = np.zeros(len(X))

    def fit():
        net = fcnn.Network([100, 1], output="identity", standardize=True, seed=0)
        net.fit(X, y, epochs=1, batch_size=100_000)

    return calls(fit)


def checkpoints():
    callback = fcnn.Checkpoint(new_path(), every_batches=1)
    X, y = data(64, 1000)
    return fits(X, y, [1000, 1000, 1], callbacks=[callback])


def fit_batch():
    X, y = data(20_000, 1000)
    net = fcnn.Network([1000, 500, 500, 1], "tanh", "identity", seed=0)

    def make():
        while True:
            yield Case(lambda: net.fit_batch(X, y))

    return make


def of_network(call, n, sizes=(1000, 500, 500, 1)):
    def make():
        X, y = data(n, sizes[0])
        net = fcnn.Network(list(sizes), "tanh", "identity", seed=0)
        return calls(lambda: call(net, X, y), net)

    return make


def predict_a_million():
    X = np.broadcast_to(data(1, 100)[0], (1_000_000, 100))
    net = fcnn.Network([100, 300, 300, 1], "tanh", "identity", seed=0)
    return calls(lambda: net.predict(X), net)


def predictor():
    X = np.ones((200_000, 100), np.float32)
    net = fcnn.Network([100, 300, 300, 1], "tanh", "identity", seed=0)
    predict = net.predictor(len(X))
    return calls(lambda: predict(X), net)


def save():
    net = fcnn.Network([4000, 4000, 1], seed=0)
    path = new_path()
    return calls(lambda: net.save(path), net)


def load():
    path = new_path()
    fcnn.Network([4000, 4000, 1], seed=0).save(path)
    return calls(lambda: fcnn.load(path))


def new_network():
    return calls(lambda: fcnn.Network([5000, 5000, 1], seed=0))


def range_test():
    X, y = data(40_000, 200)
    net = fcnn.Network([200, 300, 1], "tanh", "identity", seed=0)
    return calls(lambda: fcnn.lr_range_test(net, X, y, batch_size=20_000), net)


def range_test_of_many_rows():
    X = np.broadcast_to(np.ones((1, 1), np.float32), (20_000_000, 1))
    net = fcnn.Network([1, 1], output="identity", seed=0)
    return calls(lambda: fcnn.lr_range_test(net, X, np.zeros(len(X))), net)


def estimators():
    """They warn and keep what was learned, as scikit-learn's do: no exception."""
    import warnings

    from fcnn.sklearn import MLPRegressor

    X, y = data(20_000, 500)
    mlp = MLPRegressor(
        hidden_layer_sizes=[300],
        max_iter=10**6,
        n_iter_no_change=10**6,
        batch_size=20_000,
    )

    def fit():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                mlp.fit(X, y[:, 0])
            except UserWarning as warning:
                if "interrupted by user" not in str(warning):
                    raise
                raise KeyboardInterrupt from None

    return calls(fit, unit=lambda: time.sleep(0.5))


ALL: dict[str, Callable[[], Callable[[], Iterator[Case]]]] = {
    "fit, batches of 32": small_batches,
    "fit, batches of 1": single_rows,
    "fit, full batches": full_batches,
    "fit, Rprop": rprop,
    "fit, L-BFGS": lbfgs,
    "fit, L-BFGS of 9 million parameters": lbfgs_many_parameters,
    "fit, Levenberg-Marquardt: J^T J": levenberg_marquardt_products,
    "fit, Levenberg-Marquardt: Cholesky": levenberg_marquardt_cholesky,
    "fit, 25 million parameters": many_parameters,
    "fit, 20 million rows": many_rows,
    "fit, validation": validation,
    "fit, batches of a generator without end": generator,
    "fit, standardizing": standardizing,
    "fit, a checkpoint after each step": checkpoints,
    "fit_batch": fit_batch,
    "predict": predict_a_million,
    "a predictor": predictor,
    "evaluate": of_network(lambda net, X, y: net.evaluate(X, y, metrics="mae"), 40_000),
    "forward": of_network(lambda net, X, _: net.forward(X), 40_000),
    "backprop": of_network(lambda net, X, y: net.backprop(X, y), 20_000),
    "loss_and_gradient": of_network(
        lambda net, X, y: net.loss_and_gradient(X, y), 40_000
    ),
    "gradient_check": of_network(
        lambda net, X, y: net.gradient_check(X, y, max_probes=3), 10_000
    ),
    "jacobian": of_network(
        lambda net, X, _: net.jacobian(X), 10_000, (300, 300, 300, 20)
    ),
    "parameter_jacobian": of_network(
        lambda net, X, _: net.parameter_jacobian(X), 300, (300, 300, 300, 3)
    ),
    "input_gradient": of_network(lambda net, X, y: net.input_gradient(X, y), 40_000),
    "hessian_vector_product": of_network(
        lambda net, X, y: net.hessian_vector_product(X, y, net.parameters), 20_000
    ),
    "lr_range_test": range_test,
    "lr_range_test, 20 million rows": range_test_of_many_rows,
    "save": save,
    "load": load,
    "a new network": new_network,
    "fcnn.sklearn": estimators,
}

# Those whose data is made at once, for the test suite.
SHORT = [
    "fit, batches of 32",
    "fit, batches of a generator without end",
    "a predictor",
    "fcnn.sklearn",
]


def main() -> None:
    moments = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    longest = 0.0
    for name, prepare in ALL.items():
        if wanted not in name:
            continue
        make = prepare()
        for n_threads in (1, 2):
            fcnn.set_num_threads(n_threads)
            waits = measure(make, moments)
            (clock, cpu), (most, most_cpu) = np.median(waits, axis=0), waits.max(axis=0)
            longest = max(longest, most_cpu)
            print(
                f"{name}, {n_threads} threads: {moments} moments, clock {clock:.3f} "
                f"at most {most:.3f}, CPU {cpu:.3f} at most {most_cpu:.3f}",
                flush=True,
            )
    load = os.getloadavg()[0]
    print(f"longest: {longest:.3f} s of CPU time; the load was {load:.1f}")
    if longest > FREE - LOOKS:
        raise SystemExit("too long")


if __name__ == "__main__":
    main()
