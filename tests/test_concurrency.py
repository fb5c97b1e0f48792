"""Python threads, processes and forks around one network and the core's thread pool."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fcnn
from fcnn.formats.plain import plain


def make(seed=0):
    return fcnn.Network([20, 40, 3], "tanh", "softmax", seed=seed)


@pytest.fixture
def rows(rng):
    return rng.normal(size=(600, 20)), rng.integers(0, 3, 600)


def in_thread(action):
    """The result of the action in another thread, or its exception."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(action).exception()


def test_while_fit_runs_other_threads_are_refused(rows, tmp_path):
    X, y = rows
    net, twin, found = make(), make(), {}
    net.save(tmp_path / "before")
    calls = {
        "predict": lambda: net.predict(X),
        "forward": lambda: net.forward(X),
        "backprop": lambda: net.backprop(X, y),
        "loss_and_gradient": lambda: net.loss_and_gradient(X, y),
        "gradient_check": lambda: net.gradient_check(X[:2], y[:2], max_probes=1),
        "jacobian": lambda: net.jacobian(X),
        "parameter_jacobian": lambda: net.parameter_jacobian(X),
        "input_gradient": lambda: net.input_gradient(X, y),
        "hessian_vector_product": lambda: net.hessian_vector_product(
            X, y, net.parameters
        ),
        "evaluate": lambda: net.evaluate(X, y),
        "fit": lambda: net.fit(X, y),
        "fit_batch": lambda: net.fit_batch(X, y),
        "copy": net.copy,
        "save": lambda: net.save(tmp_path / "during"),
        "export": lambda: plain(net),
        "reset_optimizer": net.reset_optimizer,
    }
    views = {}

    class Other(fcnn.Callback):
        def on_epoch_end(self, epoch, logs=None):
            for name, call in calls.items():
                found[name] = in_thread(call)
            # reading is allowed, and shows some moment
            views["error"] = in_thread(lambda: views.update(theta=net.parameters.sum()))

    net.fit(X, y, epochs=2, callbacks=Other())
    twin.fit(X, y, epochs=2)
    assert set(found) == set(calls)
    for name, error in found.items():
        assert isinstance(error, RuntimeError), name
        assert "train" in str(error)
    assert views["error"] is None
    assert np.isfinite(views["theta"])
    assert not (tmp_path / "during").exists()
    assert np.array_equal(net.parameters, twin.parameters)
    assert in_thread(calls["predict"]) is None  # afterwards it is free again


def test_two_threads_train_one_network(rows):
    """One of them wins each time; the other is told; nothing breaks."""
    X, y = rows
    net, errors = make(), []
    start = threading.Barrier(3)

    def train():
        start.wait()
        for _ in range(30):
            try:
                net.fit(X, y, epochs=3, batch_size=100)
            except RuntimeError as error:
                errors.append(error)

    threads = [threading.Thread(target=train) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors
    assert all("train" in str(error) for error in errors)
    assert np.isfinite(net.parameters).all()
    assert np.isfinite(net.fit(X, y, epochs=1).loss).all()


def test_many_threads_predict_with_one_network(rows, split_everything):
    X, y = rows
    net = make()
    fcnn.set_num_threads(2)
    expected = net.predict(X)
    loss = net.loss_and_gradient(X, y)[0]

    def work(_):
        same = np.array_equal(net.predict(X), expected)
        return same and net.loss_and_gradient(X, y)[0] == loss

    with ThreadPoolExecutor(4) as executor:
        assert all(executor.map(work, range(60)))


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "levenberg_marquardt"])
def test_threads_train_networks_of_their_own(optimizer, rows, split_everything):
    X, y = rows[0], rows[0][:, :3] ** 2

    def train(n_threads):
        net = fcnn.Network([20, 8, 3], "tanh", "identity", seed=3)
        net.fit(X, y, epochs=3, optimizer=optimizer, n_threads=n_threads)
        return net.parameters.tobytes()

    alone = train(1)
    with ThreadPoolExecutor(4) as executor:
        assert set(executor.map(train, [2] * 8)) == {alone}


def test_the_gil_is_released(rows):
    """While one thread fits, another runs Python."""
    X, y = rows
    count, done = [0], threading.Event()

    def spin():
        while not done.is_set():
            count[0] += 1
            time.sleep(0)  # gives the GIL back, which nothing takes away meanwhile

    big = fcnn.Network([20, 500, 500, 3], output="softmax", seed=0)
    spinner = threading.Thread(target=spin)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(100)
    spinner.start()
    try:
        before = count[0]
        for _ in range(50):  # on a busy machine the spinner may miss some of them
            big.fit(X, y, epochs=1, batch_size=600, n_threads=1)
            during = count[0] - before
            if during > 100:
                break
    finally:
        done.set()
        spinner.join()
        sys.setswitchinterval(interval)
    assert during > 100


FORK = """
import os, sys, threading, warnings
import numpy as np, fcnn
from fcnn import _core
_core.set_always_split(True)
rng = np.random.default_rng(0)
X, y = rng.normal(size=(300, 20)), rng.integers(0, 3, 300)
net = fcnn.Network([20, 40, 3], 'tanh', 'softmax', seed=0)
net.fit(X, y, epochs=2, n_threads=4)
assert _core.thread_stats()['parts'] > 0
expected = net.copy()
expected.fit(X, y, epochs=2, n_threads=4)
for _ in range(5):
    pid = os.fork()
    if pid == 0:
        parts = _core.thread_stats()['parts']
        net.fit(X, y, epochs=2, n_threads=4)
        same = np.array_equal(net.parameters, expected.parameters)
        os._exit(0 if same and _core.thread_stats()['parts'] > parts else 3)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
net.fit(X, y, epochs=2, n_threads=4)
assert np.array_equal(net.parameters, expected.parameters)
print('sound')
"""

FORK_WHILE_BUSY = """
import os, threading
import numpy as np, fcnn
from fcnn import _core
_core.set_always_split(True)
fcnn.set_num_threads(2)
rng = np.random.default_rng(0)
X, y = rng.normal(size=(300, 20)), rng.integers(0, 3, 300)
net = fcnn.Network([20, 40, 3], 'tanh', 'softmax', seed=0)
other = net.copy()
stop = threading.Event()
def busy():
    while not stop.is_set():
        other.predict(X)
thread = threading.Thread(target=busy)
thread.start()
expected = net.predict(X)
for _ in range(20):
    pid = os.fork()
    if pid == 0:
        os._exit(0 if np.array_equal(net.predict(X), expected) else 3)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
stop.set()
thread.join()
print('sound')
"""


def run(code, *options):
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX")
def test_a_forked_child_computes_on():
    """Without a warning either: no thread of ours lives when it forks."""
    result = run(FORK, "-W", "error")
    assert result.stdout == "sound\n", result.stderr
    assert result.stderr == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX")
def test_a_fork_while_another_thread_computes():
    result = run(FORK_WHILE_BUSY)  # Python itself warns: its other thread lives
    assert result.stdout == "sound\n", result.stderr


POOL = """
import multiprocessing, sys
import numpy as np, fcnn

def score(seed):
    net = fcnn.Network([3, 8, 1], seed=seed)
    net.fit(np.eye(3), [0., 1., 0.], epochs=3, n_threads=2)
    return float(net.parameters.sum())

if __name__ == '__main__':
    one = [score(s) for s in range(4)]
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        assert pool.map(score, range(4)) == one
    print('sound')
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_processes_of_a_pool(method, tmp_path):
    """multiprocessing, the way most people fork without knowing it."""
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    command = [sys.executable, script, method]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.stdout == "sound\n", result.stderr


def test_the_callers_floating_point_state_is_its_own():
    """Subnormal numbers live on in NumPy after, and while threads were made."""
    tiny = np.float32(1e-40)
    make().fit(np.ones((300, 20)), np.zeros(300, int), epochs=1, n_threads=4)
    assert tiny * np.float32(0.5) != 0
    assert np.float64(5e-324) * 1.0 != 0
    with ThreadPoolExecutor(1) as executor:  # which inherits it
        assert executor.submit(lambda: tiny * np.float32(0.5)).result() != 0


DAEMON = """
import threading, time
import numpy as np, fcnn
X, y = np.ones((500, 50)), np.zeros(500)
net = fcnn.Network([50, 200, 1], seed=0)
fit = lambda: net.fit(X, y, epochs=10**6, n_threads=2)
threading.Thread(target=fit, daemon=True).start()
time.sleep(0.2)
"""


def test_the_interpreter_ends_while_a_daemon_thread_trains():
    for _ in range(6):  # it may end at any moment of the training
        result = run(DAEMON)
        assert result.returncode == 0, result.stderr
