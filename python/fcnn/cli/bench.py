"""fcnn bench: time training and prediction on this machine.

A few networks at one thread and at as many as fcnn uses by default, on random rows:
training with Adam and mini-batches of 32, prediction of 1,000 rows at once, and of one
row by Network.predictor, which the number of threads does not touch. The medians of
repeats that take turns; other programs that run meanwhile show in them. Comparisons
with other libraries are `python -m bench` in the source tree.

Examples
--------
  fcnn bench
  FCNN_NUM_THREADS=4 fcnn bench --json
"""

from __future__ import annotations

import statistics
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

import numpy as np

from fcnn.cli.output import say, say_json, say_table
from fcnn.config import get_num_threads, set_num_threads, show_config
from fcnn.network import Network

SIZES = ((10, 64, 64, 1), (784, 128, 10), (64, 512, 512, 8))
_REPEATS, _SECONDS = 7, 0.1  # of each measurement
_TRAINED, _PREDICTED = 2_000, 1_000  # rows


def add(parser: ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "--quick", action="store_true", help="one short measurement of each"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: Namespace) -> None:
    """Measures and shows."""
    repeats, seconds = (1, 0.001) if options.quick else (_REPEATS, _SECONDS)
    config = show_config("dicts") or {}
    before = get_num_threads()
    try:
        results = [
            result
            for sizes in SIZES
            for result in _measure(sizes, sorted({1, before}), repeats, seconds)
        ]
    finally:
        set_num_threads(before)
    if options.json:
        say_json({**config, "repeats": repeats, "results": results})
        return
    say(
        f"fcnn {config['version']}, CPU level {config['level']} of "
        f"{', '.join(config['levels'])}, float32, medians of {repeats}"
    )
    say_table(
        ["sizes", "threads", "trained rows/s", "predicted rows/s", "one row, us"],
        [
            [
                "-".join(map(str, result["sizes"])),
                str(result["threads"]),
                f"{result['trained_rows_per_second']:,.0f}",
                f"{result['predicted_rows_per_second']:,.0f}",
                f"{result['one_row_microseconds']:.2f}",
            ]
            for result in results
        ],
    )


def _measure(
    sizes: tuple[int, ...], threads: list[int], repeats: int, seconds: float
) -> list[dict[str, Any]]:
    """The medians of one network, for each number of threads."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(_TRAINED, sizes[0])).astype(np.float32)
    y = rng.normal(size=(_TRAINED, sizes[-1])).astype(np.float32)
    net = Network(sizes, "relu", "identity", seed=0)
    rows, row = X[:_PREDICTED], X[0]
    out, one = net.predict(rows), net.predict(row)
    predict_one = net.predictor()

    def thousand() -> None:
        for _ in range(1_000):
            predict_one(row, one)

    calls: tuple[Callable[[], object], ...] = (
        lambda: net.fit(X, y, epochs=1, progress=False),
        lambda: net.predict(rows, out=out),
        thousand,
    )
    times: dict[int, list[list[float]]] = {n: [[], [], []] for n in threads}
    for _ in range(repeats):
        for n in threads:
            set_num_threads(n)
            for call, found in zip(calls, times[n], strict=True):
                found.append(_time(call, seconds))
    results = []
    for n in threads:
        train, predict, single = map(statistics.median, times[n])
        results.append(
            {
                "sizes": list(sizes),
                "threads": n,
                "trained_rows_per_second": _TRAINED / train,
                "predicted_rows_per_second": _PREDICTED / predict,
                "one_row_microseconds": single / 1_000 * 1e6,
            }
        )
    return results


def _time(call: Callable[[], object], seconds: float) -> float:
    """Seconds a call, over as many calls as fill the time, after one to warm up."""
    call()
    count, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds or count == 0:
        call()
        count += 1
    return passed / count
