"""The memory that training on a file takes: anonymous pages above the import's.

Pages of the file itself are the system's cache, which gives them back when asked; what
counts is RssAnon of Linux, read many times a second while one epoch runs.
"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Self

import numpy as np

from bench.report import duration, table
from bench.workers import RivalError, Worker
from bench.workloads.train import MNIST, softmax


def anonymous(pid: int) -> int:
    """Bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise OSError("no RssAnon; this measurement needs Linux")


class Watch(threading.Thread):
    """The most that a process had while this ran."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.most = pid, 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.005):
            self.most = max(self.most, anonymous(self.pid))

    def __exit__(self, *error: object) -> None:
        self.ended.set()
        self.join()

    def __enter__(self) -> Self:
        self.start()
        return self


def write_file(path: Path, work) -> None:
    """Random rows, written a piece at a time."""
    rng = np.random.default_rng(0)
    piece = rng.standard_normal((10_000, work.sizes[0]), dtype=np.float32)
    with path.open("wb") as file:
        for begin in range(0, work.rows, len(piece)):
            piece[: work.rows - begin].tofile(file)


def measure(rivals, threads, gigabytes, folder) -> list[dict]:
    batch = 32
    row = MNIST[0] * np.dtype("float32").itemsize
    work = softmax(MNIST, batch, int(gigabytes * 1e9) // row // batch * batch, X="file")
    results = []
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place, "X")
        write_file(path, work)
        for n in threads:
            for name in rivals:
                try:
                    results.append(train(name, n, work, path))
                except RivalError as reason:
                    print(f"{name}: {reason}")
    return results


def train(name, threads, work, path) -> dict:
    worker = Worker(name, threads)
    try:
        worker.call("describe")
        before = anonymous(worker.process.pid)
        with Watch(worker.process.pid) as watch:
            seconds = worker.call("train_on_file", work, path)
    finally:
        worker.close()
    return {
        "rival": name,
        "threads": threads,
        "file": path.stat().st_size,
        "import": before,
        "above": watch.most - before,
        "seconds": seconds,
    }


def as_table(results: list[dict]) -> str:
    return table(
        ["", "threads", "X", "after import", "above that", "the epoch"],
        (
            [
                result["rival"],
                str(result["threads"]),
                f"{result['file'] / 1e9:.2f} GB",
                f"{result['import'] / 1e6:.0f} MB",
                f"{result['above'] / 1e6:.0f} MB",
                duration(result["seconds"]),
            ]
            for result in results
        ),
    )
