"""What the features of a training step cost: each beside the plain step, in turn.

One process, one network a feature; a round trains each for an epoch, and of each round
the ratio to the plain step is taken.
"""

from __future__ import annotations

import dataclasses
import time
from statistics import median

import fcnn
from bench.report import duration, table
from bench.workloads import train

COMMON = ("784-30-10/10", "784-128-10/32", "32-64-64-1/64", "4-16-16-2/32")
WIDE = ("784-1024-1024-10/256", "64-128x6-10/128")


def measure(threads: int, rounds: int, *, quick: bool) -> list[dict]:
    fcnn.set_num_threads(threads)
    works = [w for w in train.WORKLOADS if w.name in COMMON + WIDE]
    return [
        {"threads": threads, "name": work.name}
        | costs(work.quick() if quick else work, rounds)
        for work in works
    ]


def costs(work: train.Training, rounds: int) -> dict:
    """Seconds of a plain step, and the median ratio of each feature's to it."""
    X, y = work.data(work.rows)
    made = {"activation": work.activation, "output": work.output, "loss": work.loss}
    plain = {"adam": fcnn.Adam(lr=work.lr), "sgd": fcnn.SGD(lr=work.lr)}[work.optimizer]
    schedule = fcnn.schedules.Warmup(fcnn.schedules.Cosine(work.lr, 10**6), 100)
    hidden = [0.5] * (len(work.sizes) - 2)

    def network(**features):
        return fcnn.Network(work.sizes, **made, **features, seed=0)

    scheduled = dataclasses.replace(plain, lr=schedule)
    runs = {
        "plain": (network(), {}),
        "schedule": (network(), {"optimizer": scheduled}),
        "standardize": (network(standardize=True), {}),
        "dropout": (network(dropout=0.5), {}),
        "dropout of inputs too": (network(dropout=[0.2, *hidden]), {}),
        "input_noise": (network(input_noise=0.1), {}),
        "max_norm": (network(), {"max_norm": 3.0}),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for round_ in range(rounds + 1):
        for name, (net, features) in runs.items():
            arguments = {"optimizer": plain, "batch_size": work.batch} | features
            start = time.perf_counter()
            net.fit(X, y, epochs=1, progress=False, **arguments)
            if round_ > 0:  # the first warms up, and learns to standardize
                seconds[name].append(time.perf_counter() - start)
    ratios = {
        name: median(s / p for s, p in zip(taken, seconds["plain"], strict=True))
        for name, taken in seconds.items()
        if name != "plain"
    }
    return {
        "step": median(seconds["plain"]) / (work.rows / work.batch),
        "ratios": ratios,
    }


def as_text(results: list[dict]) -> str:
    names = list(results[0]["ratios"])
    return table(
        ["", "threads", "a plain step", *names],
        (
            [
                one["name"],
                str(one["threads"]),
                duration(one["step"]),
                *(f"{one['ratios'][name]:.3f}" for name in names),
            ]
            for one in results
        ),
    )
