"""Prediction from Python: the time of a call with so many rows."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass

import numpy as np

from bench.workloads.weights import generator, initial, pairs


@dataclass(frozen=True)
class Prediction:
    sizes: tuple[int, ...]
    rows: int
    activation: str = "tanh"
    output: str = "identity"
    loss: str = "mse"
    dtype: str = "float32"

    tolerance = 1e-5
    unit = "a call"

    @property
    def name(self) -> str:
        return f"{'-'.join(map(str, self.sizes))}/{self.rows}"

    def __str__(self) -> str:
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        return f"{self.name} ({self.activation}, {self.output}, {rows})"

    def flops(self) -> int:
        return self.rows * 2 * sum(pairs(self))

    def quick(self) -> Prediction:
        return self

    def _call(self, rival):
        X = generator(self, "data").standard_normal(
            (self.rows, self.sizes[0]), dtype=np.float32
        )
        return rival.predictor(self, initial(self), X.astype(self.dtype, copy=False))

    def answer(self, rival):
        return np.asarray(self._call(rival)())

    def difference(self, answer) -> float:
        """The largest one, over the largest output."""
        from bench.rivals import numpy as reference

        exact = dataclasses.replace(self, dtype="float64").answer(reference)
        return float(np.abs(answer - exact).max() / np.abs(exact).max())

    def runner(self, rival):
        call = self._call(rival)

        def run(count):
            for _ in itertools.repeat(None, count):
                call()

        return run


WORKLOADS = [
    Prediction(sizes, rows)
    for sizes in ((8, 32, 32, 4), (784, 128, 10), (64, 256, 256, 256, 8))
    for rows in (1, 256, 20_000)
]
