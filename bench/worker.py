"""A rival's process: it does what the harness asks, one thing at a time.

python -m bench.worker RIVAL THREADS, requests on standard input, answers on output.
"""

from __future__ import annotations

import importlib
import os
import pickle
import sys
import time
from importlib import metadata

import numpy as np

from bench.rivals import RIVALS
from bench.workloads.weights import generator, initial


class Session:
    def __init__(self, name: str, threads: int) -> None:
        self.rival = importlib.import_module(f"bench.rivals.{RIVALS[name].module}")
        self.version = metadata.version(RIVALS[name].distribution)
        if hasattr(self.rival, "set_threads"):
            self.rival.set_threads(threads)

    def describe(self) -> str:
        return self.version

    def check(self, work):
        """The workload that it does, if not this very one, and its answer."""
        if hasattr(self.rival, "adapted"):
            work = self.rival.adapted(work)
        self.work, self.run = work, None
        return work, work.answer(self.rival)

    def prepare(self, seconds: float) -> None:
        """Warms up, and finds how many runs make a round of `seconds`."""
        self.run = self.work.runner(self.rival)
        self.run(1)
        self.count = 1
        while (taken := self.round() * self.count) < seconds / 4:
            self.count *= 4 if taken < seconds / 16 else 2
        self.count = max(1, round(self.count * seconds / taken))

    def round(self) -> float:
        """Seconds a run."""
        start = time.perf_counter()
        self.run(self.count)
        return (time.perf_counter() - start) / self.count

    def train_on_file(self, work, path) -> float:
        """Seconds of one epoch over rows in a file."""
        X = np.memmap(path, work.dtype, "r+", shape=(work.rows, work.sizes[0]))
        y = generator(work, "labels").integers(0, work.sizes[-1], work.rows)
        trainer = self.rival.Trainer(work, initial(work), X, y)
        start = time.perf_counter()
        trainer.run(1, shuffle="batch")
        return time.perf_counter() - start


def target(name: str, threads: int):
    if name == "peak":
        from bench.peak import Peak

        return Peak()
    return Session(name, threads)


def serve(requests, answers, name: str, threads: int) -> None:
    session = None
    while True:
        try:
            method, arguments = pickle.load(requests)
        except EOFError:
            return
        try:
            session = session or target(name, threads)
            answer = True, getattr(session, method)(*arguments)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is reported)
            first_line = str(error).strip().split("\n")[0]
            answer = False, f"{type(error).__name__}: {first_line}"
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not come between the answers
    serve(sys.stdin.buffer, answers, sys.argv[1], int(sys.argv[2]))
