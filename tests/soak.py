"""Long use in a short time: nothing grows, and every result is what it was at first.

    python tests/soak.py predicts [1000000]    calls of predict and of a predictor
    python tests/soak.py fits [10000]          short fits, files, derivatives
    python tests/soak.py threads [600]         seconds of mixed work in 8 threads
    python tests/soak.py exits [1000]          processes that end while threads work

Each prints one line of figures and fails at the first thing that is wrong: memory of
the interpreter (tracemalloc), of the C library's heap (mallinfo2, where there is one)
or of the process that goes on growing, a file descriptor or a thread that is left,
other bits.
"""

from __future__ import annotations

import ctypes
import gc
import os
import random
import sys
import tempfile
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np

import exits
import fcnn

OPTIMIZERS = [
    *(fcnn.SGD(lr=0.01, momentum=0.9), fcnn.Adam(), fcnn.AdamW(), fcnn.RMSprop()),
    *(fcnn.Adagrad(), fcnn.NAdam(), fcnn.Rprop(), fcnn.LBFGS()),
    fcnn.LevenbergMarquardt(),
]


class _Heap(ctypes.Structure):
    """struct mallinfo2 of glibc: bytes, the eighth those in use."""

    _fields_ = [(f"field{i}", ctypes.c_size_t) for i in range(10)]


def heap() -> int:
    """Bytes that malloc has given to the main thread and that are not freed."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        return 0
    library.mallinfo2.restype = _Heap
    info = library.mallinfo2()
    return info.field4 + info.field7  # mapped on their own, and in use in the arena


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def open_things() -> tuple[int, int]:
    """How many file descriptors and threads this process has."""
    descriptors, tasks = (Path(f"/proc/self/{name}") for name in ("fd", "task"))
    return len(list(descriptors.iterdir())), len(list(tasks.iterdir()))


PARTS = 8
LARGEST = {"traced": 100_000, "heap": 200_000, "resident": 4_000_000}  # bytes


def memory() -> np.ndarray:
    """Bytes in the order of LARGEST."""
    gc.collect()
    return np.array([tracemalloc.get_traced_memory()[0], heap(), resident()])


def soak(work: Callable[[int], None], calls: int) -> str:
    """work(0), ..., work(calls - 1); how memory grew in the last nine tenths of them.

    They are made in eight parts. What leaks grows in each of them, while caches and the
    interpreter's tables grow once: the median part, times eight, is what counts.
    """
    bounds = np.linspace(calls // 10, calls, PARTS + 1, dtype=int)
    for i in range(bounds[0]):
        work(i)
    tracemalloc.start()
    work(0)
    sizes, things = [memory()], open_things()
    for begin, end in pairwise(bounds):
        for i in range(begin, end):
            work(i)
        sizes.append(memory())
    tracemalloc.stop()
    grown = PARTS * np.median(np.diff(sizes, axis=0), axis=0)
    figures = ", ".join(
        f"{size:+.0f} B {name}" for name, size in zip(LARGEST, grown, strict=True)
    )
    if (grown > list(LARGEST.values())).any():
        raise AssertionError(f"memory grows: {figures} in {calls} calls")
    if open_things() != things:
        raise AssertionError(f"descriptors and threads: {things}, now {open_things()}")
    return f"{calls} calls: {figures}; {things[0]} descriptors, {things[1]} threads"


def problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    return X, np.stack([np.sin(X[:, 0]) * X[:, 1], X[:, 2] ** 2], axis=1)


def new_net(**arguments) -> fcnn.Network:
    return fcnn.Network([4, 8, 2], "tanh", "identity", seed=3, **arguments)


def predicts(calls: int) -> str:
    """Rows alone and together, with and without `out`, arrays and lists."""
    net, (X, _) = new_net(), problem()
    X = X.astype(np.float32)
    p, out = net.predictor(), np.empty(2, np.float32)
    expected, whole = net.predict(X[0]), net.predict(X)
    rows = X[0].tolist()

    def work(i: int) -> None:
        kind = i % 8
        if kind == 0:
            assert (net.predict(X) == whole).all()
        elif kind == 1:
            assert (net.predict(rows) == expected).all()
        elif kind == 2:
            net.predict(X[0], out=out)
        elif kind == 3:
            assert (p(X[0]) == expected).all()
        elif kind == 4:
            try:
                net.predict(X[:, :3])
            except ValueError:
                return
            raise AssertionError("3 columns were taken")
        else:
            p(X[0], out)
            assert (out == expected).all()

    return soak(work, calls)


def fits(calls: int) -> str:
    """Every optimizer, new networks and old ones, files, derivatives, failing fits."""
    X, y = problem()
    kept = new_net(dropout=0.1, standardize=True)
    kept.fit(X, y, epochs=1, progress=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.safetensors"
        checkpoint = Path(folder) / "run.ckpt"

        def work(i: int) -> None:
            optimizer = OPTIMIZERS[i % len(OPTIMIZERS)]
            net = new_net(dtype=("float32", "float64")[i % 2])
            net.fit(X, y, optimizer=optimizer, epochs=2, progress=False)
            kept.fit_batch(X[:32], y[:32])
            kept.fit(
                X,
                y,
                epochs=1,
                validation_split=0.2,
                metrics="r2",
                callbacks=[fcnn.EarlyStopping(), fcnn.Checkpoint(checkpoint)],
                progress=False,
            )
            net.save(path)
            fcnn.load(path).copy().backprop(X, y)
            net.jacobian(X[:4])
            try:
                net.fit(X, y, optimizer=fcnn.SGD(lr=1e30), epochs=3, progress=False)
            except fcnn.TrainingDiverged:
                return
            raise AssertionError("a learning rate of 1e30 did not diverge")

        return soak(work, calls)


class Mixed:
    """What threads do at the same time; `shared` is one network for all of them."""

    def __init__(self) -> None:
        self.X, self.y = problem()
        self.shared, self.trained, fitted = new_net(), new_net(), new_net()
        self.predictor = self.shared.predictor(len(self.X))
        self.expected = self.shared.predict(self.X)
        self.gradient = self.shared.backprop(self.X, self.y).gradient
        fitted.fit(self.X, self.y, epochs=2, progress=False)
        self.fitted = fitted.parameters

    def predict(self, _: Path) -> None:
        assert np.array_equal(self.shared.predict(self.X), self.expected)

    def predict_one(self, _: Path) -> None:
        assert np.array_equal(self.shared.predict(self.X[7]), self.expected[7])

    def call_a_predictor(self, _: Path) -> None:
        out = np.empty((len(self.X), 2), np.float32)
        self.predictor(self.X.astype(np.float32), out)
        assert np.array_equal(out, self.expected)

    def backprop(self, _: Path) -> None:
        gradient = self.shared.backprop(self.X, self.y).gradient
        assert np.array_equal(gradient, self.gradient)

    def evaluate(self, _: Path) -> None:
        self.shared.evaluate(self.X, self.y, metrics="mae")
        self.shared.jacobian(self.X[:8])

    def copy(self, _: Path) -> None:
        assert np.array_equal(self.shared.copy().predict(self.X), self.expected)

    def set_num_threads(self, _: Path) -> None:
        fcnn.set_num_threads(random.randint(1, 4))

    def train(self, _: Path) -> None:
        net = new_net()
        net.fit(self.X, self.y, epochs=2, progress=False)
        assert np.array_equal(net.parameters, self.fitted)

    def train_what_others_train(self, _: Path) -> None:
        try:
            self.trained.fit(self.X, self.y, epochs=1, progress=False)
            self.trained.predict(self.X)
        except RuntimeError as error:
            if "is being trained" not in str(error):
                raise

    def save_and_load(self, folder: Path) -> None:
        path = folder / f"{threading.get_ident()}.safetensors"
        self.shared.save(path)
        assert np.array_equal(fcnn.load(path).predict(self.X), self.expected)


def threads(seconds: float, n_threads: int = 8) -> str:
    """Random work on one network, and on the threads' own, each result compared."""
    mixed = Mixed()
    kinds = [name for name in vars(Mixed) if not name.startswith("_")]
    done: Counter[str] = Counter()
    failures: list[BaseException] = []
    end = time.monotonic() + seconds

    def run(folder: Path, seed: int) -> None:
        chosen = random.Random(seed)
        while time.monotonic() < end and not failures:
            name = chosen.choice(kinds)
            try:
                getattr(mixed, name)(folder)
            except BaseException as error:  # noqa: BLE001, raised again below
                failures.append(error)
            done[name] += 1

    kept, descriptors = fcnn.get_num_threads(), open_things()[0]
    with tempfile.TemporaryDirectory() as folder:
        team = [
            threading.Thread(target=run, args=(Path(folder), seed))
            for seed in range(n_threads)
        ]
        for thread in team:
            thread.start()
        for thread in team:
            thread.join()
    fcnn.set_num_threads(kept)
    if failures:
        raise failures[0]
    if open_things()[0] != descriptors:
        raise AssertionError(f"descriptors: {descriptors}, now {open_things()[0]}")
    least = min(done[name] for name in kinds)
    return f"{done.total()} calls in {n_threads} threads, each kind {least} or more"


MODES = {
    "predicts": (predicts, 1_000_000),
    "fits": (fits, 10_000),
    "threads": (threads, 600),
    "exits": (exits.run, 1_000),
}


def main() -> None:
    run, amount = MODES[sys.argv[1]]
    start = time.monotonic()
    figures = run(int(sys.argv[2]) if len(sys.argv) > 2 else amount)
    print(f"{sys.argv[1]}: {figures}; {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
