"""Callers that change their data, fork, handle signals or round otherwise meanwhile."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import pickle
import platform
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fcnn

ADAPTIVE = [fcnn.Adam, fcnn.AdamW, fcnn.RMSprop, fcnn.Adagrad, fcnn.NAdam]
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and fork")


class Change(fcnn.Callback):
    """Calls f after the first epoch."""

    def __init__(self, f):
        super().__init__()
        self.f = f

    def on_epoch_end(self, epoch, logs):
        if epoch == 0:
            self.f()


@pytest.mark.parametrize("label", [4, -1, 10**9])
def test_labels_changed_during_fit_are_refused(label, rng):
    X, y = rng.normal(size=(64, 3)), rng.integers(0, 4, 64)
    net = fcnn.Network([3, 8, 4], output="softmax", seed=0)
    thetas = []

    def change():
        thetas.append(net.parameters.copy())
        y[:] = label

    with pytest.raises(ValueError, match=r"y changed during the call: row \d+"):
        net.fit(X, y, epochs=3, callbacks=[Change(change)])
    assert np.array_equal(net.parameters, thetas[0])


def run_script(text, timeout=60):
    script = textwrap.dedent(text)
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@posix
def test_fork_in_one_thread_while_another_trains():
    done = run_script("""
        import numpy as np, fcnn, os, threading, time
        X, y = np.ones((512, 500), "f4"), np.ones((512, 10))
        net = fcnn.Network([500, 700, 10], output="identity", seed=0)
        other = fcnn.Network([500, 700, 10], seed=0)
        work = dict(epochs=1, batch_size=512, n_threads=2)
        fcnn.set_num_threads(2)
        net.fit(X, y, epochs=1), other.predict(X)  # every import is done
        done = threading.Event()
        def train():
            while not done.is_set():
                net.fit(X, y, **work)
        thread = threading.Thread(target=train)
        thread.start()
        for _ in range(20):
            pid = os.fork()
            if pid == 0:
                other.predict(X)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
            time.sleep(0.02)
        done.set()
        thread.join()
        print("trained")
    """)
    assert done.stdout == "trained\n", done.stderr


@pytest.mark.parametrize("optimizer", ADAPTIVE)
@pytest.mark.parametrize("eps", [0.0, 1e-50])
@pytest.mark.parametrize("sizes", [[3, 15, 16], [3, 16, 15], [3, 16, 16]])
def test_tiny_eps_at_any_width(sizes, eps, optimizer, rng):
    X, y = rng.normal(size=(40, 3)), rng.normal(size=(40, sizes[-1]))
    net = fcnn.Network(sizes, "tanh", "identity", seed=0)
    history = net.fit(X, y, optimizer=optimizer(eps=eps), epochs=3, clip_norm=100.0)
    assert np.isfinite(history.loss).all()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="FE_* are x86's numbers")
@pytest.mark.parametrize("mode", [0x400, 0x800, 0xC00])
def test_rounding_mode_of_the_caller(mode, rng):
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    X, y = rng.normal(size=(40, 5)), rng.normal(size=(40, 2))

    def bits():
        net = fcnn.Network([5, 9, 2], "gelu", "identity", seed=3)
        net.fit(X, y, epochs=2)
        return net.parameters.tobytes(), net.predict(X).tobytes()

    expected = bits()
    try:
        assert libm.fesetround(mode) == 0
        actual = bits()
        assert libm.fegetround() == mode
    finally:
        libm.fesetround(0)
    assert actual == expected


@posix
def test_handlers_of_signals_run_under_the_callers_state(rng):
    X, y = rng.normal(size=(3000, 50)), rng.normal(size=(3000, 5))
    net = fcnn.Network([50, 200, 5], output="identity", seed=0)
    seen = []

    def handle(_signal, _frame):
        seen.append(float(np.float64(1e-308) / 1e5))

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.06)
    try:
        while len(seen) < 5:
            net.fit(X, y, epochs=5, batch_size=500)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert min(seen) > 0


@posix
def test_handler_of_a_signal_that_trains_is_refused(rng):
    net = fcnn.Network([500, 2000, 5], output="identity", seed=0)
    X = rng.normal(size=(40_000, 500)).astype("f4")  # far longer than 50 ms

    def handle(_signal, _frame):
        net.fit(X[:10], np.zeros((10, 5)), epochs=1)  # no error between two calls
        signal.setitimer(signal.ITIMER_REAL, 0.02)

    def evaluate_often():
        for _ in range(100):
            net.evaluate(X, np.zeros((40_000, 5)))

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        with pytest.raises(RuntimeError, match="in use by the call"):
            evaluate_often()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert net.predict(X[:1]).shape == (1, 5)


@posix
@pytest.mark.parametrize(
    "given", [{"batch_size": 20_000}, {"optimizer": "lbfgs"}], ids=["adam", "lbfgs"]
)
def test_no_copy_is_made_within_a_step(given):
    """Its theta would be of before, its moments of whatever moment."""
    net = fcnn.Network([500, 500, 1], output="identity", seed=0)
    X, y = np.ones((20_000, 500), np.float32), np.ones(20_000)

    def handle(_signal, _frame):
        net.predict(X[:1])
        net.copy()
        signal.setitimer(signal.ITIMER_REAL, 0.05)

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(RuntimeError, match="in the midst of a step"):
            net.fit(X, y, epochs=1000, **given)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert net.copy().predict(X[0]) == net.predict(X[0])


@posix
def test_a_signals_handler_calls_the_predictor_that_it_interrupts(rng):
    net = fcnn.Network([200, 500, 1], "tanh", "identity", seed=0)
    X = rng.normal(size=(100_000, 200)).astype("f4")
    predict, seen = net.predictor(len(X)), []
    few, all_rows = predict(X[:300]), predict(X)

    def handle(_signal, _frame):
        seen.append(predict(X[:300]))
        signal.setitimer(signal.ITIMER_REAL, 0.02)  # only now: never within itself

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        while len(seen) < 3:
            assert np.array_equal(predict(X), all_rows)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert all(np.array_equal(rows, few) for rows in seen)


def test_fit_waits_for_the_calls_under_way(rng):
    net = fcnn.Network([50, 400, 5], output="identity", seed=0)
    X, y = rng.normal(size=(2000, 50)), rng.normal(size=(2000, 5))
    refused = []

    def read():
        for _ in range(50):
            try:
                net.predict(X)
            except RuntimeError:
                refused.append(1)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    losses = [net.fit(X, y, epochs=1).loss[0] for _ in range(5)]
    for thread in threads:
        thread.join()
    twin = fcnn.Network([50, 400, 5], output="identity", seed=0)
    assert losses == twin.fit(X, y, epochs=5).loss


def test_subnormal_weights_count_as_zero():
    net = fcnn.Network([2, 3, 1], seed=0)
    X, y = np.ones((4, 2)), [0, 1, 0, 1]
    for call in (net.fit, net.evaluate, net.backprop):
        with pytest.raises(ValueError, match="sample_weight is 0 for every row"):
            call(X, y, sample_weight=np.full(4, 1e-310))
    some = net.evaluate(X, y, sample_weight=[1e-310, 1, 0, 1])
    assert some == net.evaluate(X, y, sample_weight=[0, 1, 0, 1])


def test_weights_whose_sum_overflows():
    net = fcnn.Network([2, 3, 1], seed=0)
    theta = net.parameters.copy()
    X, y = np.ones((4, 2)), [0, 1, 0, 1]
    for call in (net.fit, net.fit_batch):
        with pytest.raises(ValueError, match="sample_weight is too large"):
            call(X, y, sample_weight=np.full(4, 1.7e308))
        with pytest.raises(ValueError, match="class_weight is too large"):
            call(X, y, class_weight={0: 1e308, 1: 1e308})
    with pytest.raises(ValueError, match=r"sample_weight \* class_weight is 0"):
        net.fit(X, y, class_weight={0: 0, 1: 0})
    assert np.array_equal(net.parameters, theta)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clip_norm_where_squares_overflow_float32(dtype, rng):
    X, y = 1e15 * rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
    net = fcnn.Network([3, 2], output="identity", dtype=dtype, seed=0)
    before = net.parameters.copy()
    net.fit_batch(X, y, optimizer=fcnn.SGD(lr=1.0), clip_norm=0.5)
    step = np.linalg.norm((net.parameters - before).astype("f8"))
    assert step == pytest.approx(0.5, rel=1e-5)


def test_penalties_beyond_the_dtype():
    net = fcnn.Network([2, 1], seed=0)
    with pytest.raises(ValueError, match="l1 and l2 must be finite in the network's"):
        net.fit(np.ones((4, 2)), [0, 1, 0, 1], l2=1e300)
    with pytest.raises(ValueError, match="out of the range of the network's dtype"):
        fcnn.Network([2, 1], output="identity", loss="huber(1e-50)").evaluate(
            np.ones((4, 2)), np.ones(4)
        )


class Tagged(fcnn.Network):
    """A subclass with a slot and an attribute."""

    __slots__ = ("__dict__", "tag")


def test_subclass_keeps_its_attributes():
    net = Tagged([2, 1], seed=0)
    net.tag, net.note = "a", "b"
    for twin in (net.copy(), pickle.loads(pickle.dumps(net))):
        assert (twin.tag, twin.note) == ("a", "b")


def test_wide_steps_between_columns_are_read_as_others_are(rng):
    """Fortran's order, whose rows lie scattered, gives the bits of C's."""
    X, y = rng.normal(size=(300, 20)), rng.normal(size=300)
    nets = [fcnn.Network([20, 5, 1], output="identity", seed=0) for _ in range(2)]
    losses = [
        net.fit(rows, y, epochs=2).loss
        for net, rows in zip(nets, (X, np.asfortranarray(X)), strict=True)
    ]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("n_out", [1, 3, 17, 20])
@pytest.mark.parametrize("output", ["sigmoid", "identity", "softmax"])
def test_clipping_after_a_shorter_batch(output, n_out, rng):
    """What an earlier, longer batch left in padding is no part of the gradient."""
    X, y = rng.normal(size=(17, 4)), rng.uniform(0.1, 0.9, (17, n_out))
    net = fcnn.Network([4, 5, n_out], "tanh", output, loss="mse", seed=1)
    twin = net.copy()
    rule = fcnn.SGD(lr=0.1)
    net.fit(
        X, y, epochs=1, batch_size=10, shuffle=False, optimizer=rule, clip_norm=0.01
    )
    for rows in (slice(0, 10), slice(10, 17)):
        _, gradient = twin.loss_and_gradient(X[rows], y[rows])
        norm = np.linalg.norm(gradient.astype(float))
        twin.parameters -= 0.1 * gradient * (0.01 / max(norm, 0.01))
    np.testing.assert_allclose(net.parameters, twin.parameters, rtol=0, atol=1e-6)


@pytest.mark.parametrize("n_out", [1, 3, 17, 20])
def test_steps_after_a_refused_one(n_out, rng):
    net = fcnn.Network([4, 8, n_out], output="identity", seed=0)
    X, y = rng.normal(size=(32, 4)), rng.normal(size=(32, n_out))
    net.fit_batch(X, y)
    bad = X.copy()
    bad[:, 2] = np.nan
    with pytest.raises(ValueError, match="row 0"):
        net.fit_batch(bad, y)
    for m in range(1, 32):
        net.fit_batch(X[:m], y[:m])
    assert np.isfinite(net.parameters).all()


def test_a_copy_goes_on_with_the_same_bits_when_clipping(rng):
    net = fcnn.Network([4, 5, 1], "tanh", "sigmoid", seed=1)
    X, y = rng.normal(size=(17, 4)), rng.uniform(0.1, 0.9, 17)
    net.fit(X, y, epochs=1, batch_size=10, clip_norm=0.05)
    twin = net.copy()
    for each in (net, twin):
        each.fit(X, y, epochs=1, batch_size=4, clip_norm=0.05)
    assert np.array_equal(net.parameters, twin.parameters)


PREDICTS_AT_THE_END = """
import sys
import numpy as np, fcnn
net = fcnn.Network([100, 200, 1], seed=0)
X = np.ones((5000, 100), np.float32)
class Last:
    def __del__(self, net=net, X=X, write=sys.stdout.write, flush=sys.stdout.flush):
        net.predict(X)
        write("done")
        flush()
last = Last()
"""


def test_prediction_while_the_interpreter_ends():
    command = [sys.executable, "-c", PREDICTS_AT_THE_END]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout) == (0, "done"), result.stderr


REFUSED_AT_THE_END = """
import threading, time
import fcnn
p = fcnn.Network([3, 4, 2], seed=0).predictor(4)

def ask():
    while True:
        try:
            p("x")
        except TypeError:
            pass

threading.Thread(target=ask, daemon=True).start()
time.sleep(0.1)
"""


def test_the_interpreter_ends_while_a_daemon_thread_is_refused():
    for _ in range(3):
        command = [sys.executable, "-c", REFUSED_AT_THE_END]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr


FORKS_BESIDE_A_CALL = """
import os, signal, threading, time
import numpy as np, fcnn

net = fcnn.Network([400, 400, 400, 3], "relu", "softmax", seed=0)
X, y = np.random.default_rng(0).random((3000, 400), "f4"), np.zeros(64, int)
done = threading.Event()
def predict():
    while not done.is_set():
        net.predict(X)
thread = threading.Thread(target=predict)
thread.start()
time.sleep(0.05)
pid = os.fork()
if pid == 0:
    signal.alarm(30)
    net.fit(X[:64], y, epochs=1)
    os._exit(0)
done.set()
thread.join()
assert os.waitpid(pid, 0)[1] == 0
"""


@posix
def test_fork_beside_a_call_of_another_thread():
    """Whose call the child would otherwise wait for before it trains."""
    command = [sys.executable, "-W", "ignore", "-c", FORKS_BESIDE_A_CALL]
    subprocess.run(command, check=True, timeout=60)


def test_calls_of_one_thread_that_end_in_any_order():
    """As greenlets' do, that switch where fcnn calls the caller's code."""
    net = fcnn.Network([2, 1], seed=0)
    first, second = net._engine.reading(), net._engine.reading()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    with pytest.raises(RuntimeError, match="in use by the call"):
        net.fit([[0, 1]], [0], epochs=1)
    second.__exit__(None, None, None)
    del first, second
    net.fit([[0, 1]], [0], epochs=1)


@posix
def test_training_begins_when_the_last_call_under_way_has_ended():
    """Until then Ctrl-C is seen, and no other training begins."""
    engine = fcnn.Network([2, 1], seed=0)._engine
    with ThreadPoolExecutor(1) as other:
        reading = engine.reading()
        other.submit(reading.__enter__).result()
        timer = threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            engine.begin_training()
        timer.join()
        end = threading.Timer(
            0.2, lambda: other.submit(reading.__exit__, None, None, None).result()
        )
        end.start()
        start = time.perf_counter()
        training = engine.begin_training()
        assert time.perf_counter() - start > 0.1
        end.join()
        with pytest.raises(RuntimeError, match="being trained already"):
            other.submit(engine.begin_training).result()
        training.end()
        other.submit(engine.begin_training).result().end()
