"""Processes that end while fcnn works in them: `python tests/soak.py exits`."""

from __future__ import annotations

import os
import random
import subprocess
import sys

# What a process does last, by a name.
ENDS = {
    "nothing": "",
    "a fit": "net.fit(X, y, epochs=2)",
    "a daemon thread trains": "start(lambda: net.fit(X, y, epochs=10**6))",
    "daemon threads predict": "start(forever(lambda: net.predict(X)), times=2)",
    "daemon threads call a predictor": "start(forever(lambda: p(X[0])), times=2)",
    "a thread that is waited for": (
        "start(lambda: net.fit(X, y, epochs=50), daemon=False)"
    ),
    "a function of atexit": (
        "import atexit; atexit.register(lambda: net.fit(X, y, epochs=2))"
    ),
    "objects that outlive their module": "import builtins; builtins.kept = (net, p)",
    "sys.exit beside a thread": (
        "start(lambda: net.fit(X, y, epochs=10**6)); import sys; sys.exit(0)"
    ),
}
PROGRAM = """
import threading, time
import numpy as np
import fcnn

X, y = np.ones((400, 30), "f4"), np.ones((400, 10))
net = fcnn.Network([30, 50, 10], output="identity", seed=0)
p = net.predictor()

def forever(work):
    def loop():
        while True:
            work()
    return loop

def start(work, times=1, daemon=True):
    for _ in range(times):
        threading.Thread(target=work, daemon=daemon).start()
    time.sleep(DELAY)

"""


def run(processes: int) -> str:
    """That many processes, ended in each of these ways in turn, at random moments."""
    chosen = random.Random(5)
    names = list(ENDS)
    for i in range(processes):
        name = names[i % len(names)]
        delay = f"DELAY = {chosen.uniform(0, 0.02)}"
        ended = subprocess.run(
            [sys.executable, "-c", delay + PROGRAM + ENDS[name]],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "FCNN_NUM_THREADS": str(1 + i % 3)},
            check=False,
        )
        if ended.returncode != 0 or ended.stderr:
            raise AssertionError(f"{name}: {ended.returncode} {ended.stderr}")
    return f"{processes} processes, ended in {len(ENDS)} ways"
