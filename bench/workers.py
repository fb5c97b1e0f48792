"""The rivals' processes as the harness sees them.

Each is held to as many cores as it may use threads, before it imports anything: the
environment tells those that read it, the affinity all others.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

from bench.machine import cores
from bench.rivals import RIVALS


class RivalError(Exception):
    """A rival cannot do what it was asked, or its process ended."""


def environment(threads: int) -> dict[str, str]:
    n = str(threads)
    names = ("FCNN", "OMP", "OPENBLAS", "MKL")
    xla = f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()}"
    return {
        **{f"{name}_NUM_THREADS": n for name in names},
        "JAX_PLATFORMS": "cpu",
        "TORCHINDUCTOR_COMPILE_THREADS": "1",
        "XLA_FLAGS": f"{xla} intra_op_parallelism_threads={n}",
    }


class Worker:
    def __init__(self, name: str, threads: int) -> None:
        level = RIVALS[name].level if name in RIVALS else ""
        own = {"FCNN_CPU_LEVEL": level} if level else {}

        def pin() -> None:
            if hasattr(os, "sched_setaffinity"):
                # The last ones, for interrupts go to the first.
                os.sched_setaffinity(0, cores()[-threads:])

        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", name, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment(threads), **own},
            preexec_fn=pin if os.name == "posix" else None,  # noqa: PLW1509
        )

    def call(self, method: str, *arguments):
        """Has it call its method and returns the result; raises RivalError."""
        try:
            pickle.dump((method, arguments), self.process.stdin)
            self.process.stdin.flush()
            worked, result = pickle.load(self.process.stdout)
        except (BrokenPipeError, EOFError):
            code = self.process.wait()
            raise RivalError(f"its process ended with {code}") from None
        if not worked:
            raise RivalError(result)
        return result

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
