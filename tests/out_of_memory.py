"""Calls where the system gives no more memory: a MemoryError, and nothing is half done.

    python tests/out_of_memory.py 100             every call at so many limits

A call is made with little more address space than the process has, from nothing to
more than it needs. It may end as it does elsewhere, to the same bits, or with a
MemoryError that leaves the network as it was; then, without the limit, the same call
gives the same bits as if nothing had happened. A thread that cannot be made is done
without.
"""

from __future__ import annotations

import os
import pickle
import resource
import sys
import sysconfig
import tempfile
from pathlib import Path

import numpy as np

import fcnn
import fcnn.files
from fcnn import _core
from hostile_surface import bits

LEAST, MOST = 2**12, 2**25  # bytes beyond what the process has
# Every allocation asks the system, and what is freed goes back to it.
ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": "32768",
    "MALLOC_TRIM_THRESHOLD_": "0",
    "MALLOC_TOP_PAD_": "0",
    "MALLOC_ARENA_MAX": "1",
}
if not sysconfig.get_config_var("Py_GIL_DISABLED"):  # which has an allocator of its own
    ENVIRONMENT["PYTHONMALLOC"] = "malloc"
# What comes between two epochs may fail, and the second may need more than the first:
# then whole epochs have been trained.
OF_EPOCHS = {
    "fit with a Checkpoint": {"optimizer": "adam", "batch_size": 150},
    "fit with metrics": {"optimizer": "adam", "batch_size": 150},
    "fit with lbfgs": {"optimizer": "lbfgs"},
}
_rng = np.random.default_rng(0)
DATA = _rng.normal(size=(300, 150)), _rng.integers(0, 4, 300)
OPTIMIZERS = ["sgd", "adam", "adamw", "rmsprop", "adagrad", "nadam", "rprop", "lbfgs"]


class Limit:
    """So many bytes of address space more than there are now."""

    def __init__(self, room):
        self.room = room

    def __enter__(self):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + self.room
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))

    def __exit__(self, *_):
        resource.setrlimit(
            resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        )


def calls(folder, net):
    """name -> f(net), each with a result that can be compared."""
    X, y = DATA
    net.save(folder / "net")

    def fit(optimizer, **more):
        batch = {} if optimizer in ("rprop", "lbfgs") else {"batch_size": 150}
        given = {"epochs": 2, "progress": False, **batch, **more}
        return lambda n: n.fit(X, y, optimizer=optimizer, **given).loss

    def marquardt(n):
        small = fcnn.Network([10, 12, 4], "tanh", "identity", seed=0)
        small.fit(
            X[:, :10], rows, epochs=2, optimizer="levenberg_marquardt", progress=False
        )
        return small.parameters.tobytes()

    def saved(n):
        n.save(folder / "other")
        return (folder / "other").read_bytes()

    rows = np.eye(4)[y]
    threads = iter(range(3, 1000))

    def on_more_threads(n):
        return fit("sgd", n_threads=next(threads))(n)

    found = {f"fit with {name}": fit(name) for name in OPTIMIZERS}
    found |= {
        "fit with levenberg_marquardt": marquardt,
        "fit on more threads": on_more_threads,
        "fit with a Checkpoint": fit("adam", callbacks=fcnn.Checkpoint(folder / "c")),
        "fit with metrics": fit("adam", metrics=["accuracy"], validation_data=DATA),
        "fit by batches": lambda n: (
            n.fit(batches=[(X, y)], epochs=1, progress=False).loss
        ),
        "fit_batch": lambda n: n.fit_batch(X, y, optimizer="nadam", loss="mse"),
        "Network": lambda n: fcnn.Network([150, 200, 4], seed=1).parameters.tobytes(),
        "predict": lambda n: n.predict(X).tobytes(),
        "predictor": lambda n: n.predictor(300)(X).tobytes(),
        "forward": lambda n: [A.tobytes() for A in n.forward(X).a],
        "backprop": lambda n: n.backprop(X, y).gradient.tobytes(),
        "evaluate": lambda n: n.evaluate(X, y, metrics=["mse"]),
        "jacobian": lambda n: n.jacobian(X).tobytes(),
        "parameter_jacobian": lambda n: n.parameter_jacobian(X[:3]).tobytes(),
        "input_gradient": lambda n: n.input_gradient(X, y).tobytes(),
        "hessian_vector_product": lambda n: n.hessian_vector_product(
            X, y, n.parameters
        ).tobytes(),
        "copy": lambda n: bits(n.copy()),
        "pickle": pickle.dumps,
        "save": saved,
        "load": lambda n: fcnn.load(folder / "net").parameters.tobytes(),
    }
    return found


def try_all(name, call, net, rooms):
    """How many of the calls were refused; what must not be is an AssertionError."""
    twin = net.copy()
    expected, after = call(twin), bits(twin)
    refused, thetas = 0, [net.parameters.tobytes()]
    if name in OF_EPOCHS:
        twin = net.copy()
        for _ in range(2):
            twin.fit(*DATA, epochs=1, progress=False, **OF_EPOCHS[name])
            thetas.append(twin.parameters.tobytes())
    for room in rooms:
        used, before = net.copy(), bits(net)
        try:
            with Limit(room):
                result = call(used)
        except MemoryError:
            refused += 1
            if name in OF_EPOCHS:
                assert used.parameters.tobytes() in thetas, f"{name}: {room} bytes"
                call(used)
                continue
            assert bits(used) == before, f"{name}: the network changed, {room} bytes"
            result = call(used)
        assert result == expected, f"{name}: another result, {room} bytes"
        assert bits(used) == after, f"{name}: other bits, {room} bytes"
    return refused


def run(points):
    """Makes every call at so many limits; prints how often there was no memory."""
    _core.set_always_split(True)
    net = fcnn.Network([150, 200, 4], "tanh", "softmax", seed=0)
    net.fit(np.ones((9, 150)), np.zeros(9, int), epochs=1, progress=False)
    rooms = [0, *np.geomspace(LEAST, MOST, points - 1).astype(int).tolist()]
    with tempfile.TemporaryDirectory() as folder:
        for name, call in calls(Path(folder), net).items():
            refused = try_all(name, call, net, rooms)
            print(f"{name}: {len(rooms)} calls, {refused} without memory", flush=True)


if __name__ == "__main__":
    if ENVIRONMENT.items() <= os.environ.items():
        run(int(sys.argv[1]))
    else:  # these are read when a process begins
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ENVIRONMENT)
