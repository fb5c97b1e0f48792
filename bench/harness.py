"""Checks answers, then times rivals in turn."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from bench.machine import cores
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
    """Keeps a process for each rival and number of threads."""

    def __init__(
        self, rivals: Sequence[str], threads: Sequence[int], repeat: int, seconds: float
    ) -> None:
        self.rivals, self.threads = rivals, threads
        self.repeat, self.seconds = repeat, seconds
        self.workers: dict[tuple[str, int], Worker] = {}
        self.versions: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.peak = Worker("peak", 1)
        self.peak_label = self.peak.call("describe")
        return self

    def __exit__(self, *error: object) -> None:
        self.peak.close()
        for worker in self.workers.values():
            worker.close()

    def compare(self, work) -> list[Comparison]:
        """For each number of threads; all of them take turns together."""
        comparisons = [Comparison(work, n) for n in self.threads]
        for comparison in comparisons:
            for rival in self.rivals:
                progress(f"{work.name}: {rival} makes ready")
                try:
                    comparison.timings.append(self.admit(rival, comparison))
                except RivalError as reason:
                    comparison.failures[rival] = str(reason)
        for turn in range(self.repeat):
            progress(f"{work.name}: round {turn + 1} of {self.repeat}")
            peak = self.peak.call("measure", work.dtype, self.seconds / 4)
            for comparison in comparisons:
                comparison.peaks.append(peak * min(comparison.threads, len(cores())))
                self.take_turn(comparison)
        progress("")
        return comparisons

    def worker(self, rival: str, threads: int) -> Worker:
        """Its process; a new one if the last one ended."""
        known = self.workers.get((rival, threads))
        if known is None or known.process.poll() is not None:
            known = self.workers[rival, threads] = Worker(rival, threads)
            self.versions[rival] = known.call("describe")
        return known

    def admit(self, rival: str, comparison: Comparison) -> Timing:
        """Refuses a rival whose answer is another one."""
        work = comparison.work
        worker = self.worker(rival, comparison.threads)
        done, answer = worker.call("check", work)
        difference = done.difference(answer)
        if not difference <= work.tolerance:  # NaN too
            raise RivalError(
                f"its answer differs by {difference:.1e}, more than {work.tolerance}"
            )
        worker.call("prepare", self.seconds)
        other = [
            getattr(done, key)
            for key, value in vars(work).items()
            if getattr(done, key) != value
        ]
        return Timing(rival, ", ".join(other), difference)

    def take_turn(self, comparison: Comparison) -> None:
        for timing in list(comparison.timings):
            try:
                worker = self.worker(timing.rival, comparison.threads)
                timing.seconds.append(worker.call("round"))
            except RivalError as reason:
                comparison.failures[timing.rival] = str(reason)
                comparison.timings.remove(timing)
            time.sleep(0.002)  # its threads may still spin


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:<79}", end="\r", file=sys.stderr, flush=True)
