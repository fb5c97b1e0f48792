"""Forks from within a fit, killed children, and signals to whichever thread."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="fork and POSIX's signals")

BEGIN = """
import os, signal, sys, threading, time, warnings
import numpy as np, fcnn
warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
rng = np.random.default_rng(0)
X, y = rng.normal(size=(3000, 50)), rng.normal(size=(3000, 5))

def new():
    return fcnn.Network([50, 100, 5], "tanh", "identity", seed=0)

def same(first, second):
    return np.array_equal(first.parameters, second.parameters)

def code_of(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

work = dict(epochs=4, batch_size=500, n_threads=2)
whole = new()
whole.fit(X, y, **work)
"""

FORK_IN_A_CALLBACK = """
main, children = os.getpid(), []

class Fork(fcnn.Callback):
    def fork(self):
        child = os.fork()
        children.append(child) if child else children.clear()
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            self.fork()
    def on_train_batch_begin(self, batch, logs=None):
        if batch == 3 and self.network._trainer.state()["step"] == 3:
            self.fork()

net = new()
net.fit(X, y, callbacks=Fork(), **work)
assert same(net, whole)  # in each of the four processes
assert all(code_of(child) == 0 for child in children)
if os.getpid() == main:
    assert len(children) == 2
    print("sound")
"""

FORK_IN_A_HANDLER = """
X, y = np.ones((1, 300), "f4") / 300, np.ones(1)
X, y = np.broadcast_to(X, (40_000, 300)), np.broadcast_to(y, 40_000)
work = dict(epochs=1, batch_size=20_000, n_threads=2, progress=False)

def new():
    return fcnn.Network([300, 300, 1], "tanh", "identity", seed=0)

main, children, codes = os.getpid(), [], []
whole = new()
whole.fit(X, y, **work)

def fork(*_):
    child = os.fork()
    if child:
        children.append(child)
    else:
        signal.alarm(30)

signal.signal(signal.SIGUSR1, fork)
while 5 not in codes:  # until one comes in a step
    net, code = new(), 0
    later = 0.05 * (1 + len(codes) % 8)  # checked builds take longer to get there
    timer = threading.Timer(later, os.kill, [main, signal.SIGUSR1])
    timer.start()
    try:
        net.fit(X, y, **work)
        assert same(net, whole)
    except RuntimeError as error:
        assert os.getpid() != main and "has forked" in str(error), error
        net.fit(X, y, **work)  # it has begun none
        assert same(net, whole)
        code = 5
    if os.getpid() == main:
        timer.join()
    if os.getpid() != main:
        os._exit(code)
    codes += map(code_of, children)
    children.clear()
    assert set(codes) <= {0, 5}, codes
print("sound")
"""

FORK_BESIDE_A_FIT = """
net = new()
stop = threading.Event()

class Until(fcnn.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.stop_training = stop.is_set()

fit = lambda: net.fit(X, y, **(work | dict(epochs=10**6)), callbacks=Until())
thread = threading.Thread(target=fit)
thread.start()
time.sleep(0.1)
for _ in range(3):
    child = os.fork()
    if child == 0:
        signal.alarm(50)
        for call in (lambda: net.predict(X), lambda: net.fit(X, y), net.copy):
            try:
                call()
                os._exit(3)
            except RuntimeError as error:
                assert "trained" in str(error)
        twin = new()
        twin.parameters = net.parameters
        twin.fit(X, y, **work)
        os._exit(0 if np.isfinite(twin.predict(X)).all() else 4)
    assert code_of(child) == 0
stop.set()
thread.join()
print("sound")
"""

KILLED_CHILDREN = """
import concurrent.futures, multiprocessing
from concurrent.futures.process import BrokenProcessPool

def train(_):
    new().fit(X, y, **(work | dict(epochs=10**6)))

def bits(_):
    net = new()
    net.fit(X, y, **work)
    return net.parameters.tobytes()

fork = multiprocessing.get_context("fork")
with concurrent.futures.ProcessPoolExecutor(2, mp_context=fork) as pool:
    futures = [pool.submit(train, i) for i in range(2)]
    time.sleep(0.3)
    for process in list(pool._processes.values()):
        os.kill(process.pid, signal.SIGKILL)
    assert all(isinstance(f.exception(50), BrokenProcessPool) for f in futures)
with concurrent.futures.ProcessPoolExecutor(2, mp_context=fork) as pool:
    assert set(pool.map(bits, range(2))) == {whole.parameters.tobytes()}
assert bits(0) == whole.parameters.tobytes()
print("sound")
"""

CTRL_C_BESIDE_A_FIT_IN_A_THREAD = """
import ctypes
signal.signal(signal.SIGINT, signal.default_int_handler)
net, ended = new(), []

def fit():
    net.fit(X, y, **(work | dict(epochs=20)))
    ended.append("to its end")

thread = threading.Thread(target=fit)
try:
    thread.start()
    signal.pthread_kill(thread.ident, signal.SIGINT)
    thread.join()
except KeyboardInterrupt:
    ended.append("main")  # which may have been before the thread's end or after it
thread.join()
assert sorted(ended) == ["main", "to its end"], ended
twin = new()
twin.fit(X, y, **(work | dict(epochs=20)))
assert same(net, twin)

def to_each_thread():  # those of the pool too
    kill = ctypes.CDLL(None).tgkill
    time.sleep(0.05)
    for task in os.listdir("/proc/self/task"):
        kill(os.getpid(), int(task), signal.SIGINT)

try:
    threading.Thread(target=to_each_thread).start()
    new().fit(X, y, **(work | dict(epochs=10**6)))
except KeyboardInterrupt:
    pass
for _ in range(20):
    try:
        time.sleep(0.01)  # the other signals
    except KeyboardInterrupt:
        pass
print("sound")
"""

SIGTERM = """
net = new()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGTERM]).start()
try:
    net.fit(X, y, **(work | dict(epochs=10**6)))
finally:
    net.fit(X, y, epochs=1)
    print("sound")
"""

SCRIPTS = {
    "fork in a callback": (FORK_IN_A_CALLBACK, 0),
    "fork in a signal's handler": (FORK_IN_A_HANDLER, 0),
    "fork beside a fit of the same network": (FORK_BESIDE_A_FIT, 0),
    "killed children": (KILLED_CHILDREN, 0),
    "Ctrl-C beside a fit in a thread": (CTRL_C_BESIDE_A_FIT_IN_A_THREAD, 0),
    "SIGTERM": (SIGTERM, 7),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_forks_and_signals(name):
    script, code = SCRIPTS[name]
    command = [sys.executable, "-c", BEGIN + script]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (code, "sound\n"), done.stderr
