"""What one core could do at most: its rate of fused multiply-adds, measured.

`peak.c` is compiled for this machine where there is a C compiler. Where there is none,
the fastest large matrix product of NumPy stands in, and is called so.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

FLAGS = ["-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"]


class Peak:
    """Rounds of it are timed in turn with the rivals'."""

    def __init__(self) -> None:
        self.library = None
        self.label = "NumPy's product, for want of a C compiler"
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler:
            self.library = build(compiler)
            self.label = "fused multiply-adds in registers (peak.c)"

    def describe(self) -> str:
        return self.label

    def measure(self, dtype: str, seconds: float) -> float:
        """GFLOP/s of one core."""
        run = self.chains(dtype) if self.library else product(dtype)
        best, end = 0.0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            flops = run()
            best = max(best, flops / (time.perf_counter() - start) / 1e9)
        return best

    def chains(self, dtype):
        real = {"float32": ctypes.c_float, "float64": ctypes.c_double}[dtype]
        chains = getattr(self.library, f"chains_{dtype}")
        chains.argtypes = [ctypes.c_long, real, real]
        chains.restype = ctypes.c_double
        flops = getattr(self.library, f"operations_{dtype}")()
        n = 100_000

        def run():
            chains(n, 0.999, 0.001)
            return n * flops

        return run


def build(compiler: str) -> ctypes.CDLL:
    source = Path(__file__).with_name("peak.c")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "peak.so")
        subprocess.run([compiler, *FLAGS, source, "-o", library], check=True)
        return ctypes.CDLL(str(library))


def product(dtype, n=1024):
    A = np.ones((n, n), dtype)
    out = np.empty_like(A)

    def run():
        np.matmul(A, A, out=out)
        return 2 * n**3

    return run
