"""Checks answers, then times rivals in turn."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from bench.rivals import OURS, is_ours
from bench.workers import RivalError, Worker


@dataclass
class Timing:
    """What one rival did at one workload."""

    rival: str
    note: str = ""
    difference: float = float("nan")
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass
class Comparison:
    """One workload, with so many threads."""

    work: object
    threads: int
    peaks: list[float] = field(default_factory=list)  # GFLOP/s, all threads together
    timings: list[Timing] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def peak(self) -> float:
        return statistics.median(self.peaks)

    @property
    def ours(self) -> Timing | None:
        return next((t for t in self.timings if t.rival == OURS), None)

    @property
    def best_rival(self) -> Timing | None:
        others = [t for t in self.timings if not is_ours(t.rival)]
        return min(others, key=lambda t: t.median, default=None)

    def gflops(self, timing: Timing) -> float:
        return self.work.flops() / timing.median / 1e9


class Harness:
    """Keeps a process for each rival, with one number of threads."""

    def __init__(
        self, rivals: Sequence[str], threads: int, repeat: int, seconds: float
    ) -> None:
        self.rivals, self.threads = rivals, threads
        self.repeat, self.seconds = repeat, seconds
        self.workers: dict[str, Worker] = {}
        self.versions: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.peak = Worker("peak", 1)
        self.peak_label = self.peak.call("describe")
        return self

    def __exit__(self, *error: object) -> None:
        self.peak.close()
        for worker in self.workers.values():
            worker.close()

    def compare(self, works: Sequence) -> Iterator[Comparison]:
        for work in works:
            comparison = Comparison(work, self.threads)
            for rival in self.rivals:
                try:
                    comparison.timings.append(self.admit(rival, work))
                except RivalError as reason:
                    comparison.failures[rival] = str(reason)
            self.take_turns(comparison)
            yield comparison

    def worker(self, rival: str) -> Worker:
        """Its process; a new one if the last one ended."""
        known = self.workers.get(rival)
        if known is None or known.process.poll() is not None:
            self.workers[rival] = Worker(rival, self.threads)
            described = self.workers[rival].call("describe")
            self.versions[rival] = described["version"]
        return self.workers[rival]

    def admit(self, rival: str, work) -> Timing:
        """Refuses a rival whose answer is another one."""
        worker = self.worker(rival)
        done, answer = worker.call("check", work)
        difference = done.difference(answer)
        if not difference <= work.tolerance:
            raise RivalError(
                f"its answer differs by {difference:.1e}, more than {work.tolerance}"
            )
        worker.call("prepare", self.seconds)
        note = "" if done == work else f"with the loss {done.loss}"
        return Timing(rival, note, difference)

    def take_turns(self, comparison: Comparison) -> None:
        for turn in range(self.repeat):
            progress(f"{comparison.work.name}: round {turn + 1} of {self.repeat}")
            peak = self.peak.call("measure", comparison.work.dtype, self.seconds / 4)
            comparison.peaks.append(peak * self.threads)
            for timing in list(comparison.timings):
                try:
                    seconds = self.worker(timing.rival).call("round")
                except RivalError as reason:
                    comparison.failures[timing.rival] = str(reason)
                    comparison.timings.remove(timing)
                    continue
                timing.seconds.append(seconds)
                time.sleep(0.002)  # its threads may still spin
        progress("")
        for timing in comparison.timings:
            self.workers[timing.rival].call("release")


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:<79}", end="\r", file=sys.stderr, flush=True)
