"""The mini-batches of an epoch, for rivals that leave them to their users."""

from __future__ import annotations

import numpy as np


def batches(n, size, shuffle, rng):
    """Slices; or arrays of row numbers in random order; or with "batch" slices so."""
    begins = np.arange(0, n, size)
    if shuffle is True:
        order = rng.permutation(n)
        yield from (order[begin : begin + size] for begin in begins)
        return
    if shuffle == "batch":
        rng.shuffle(begins)
    yield from (slice(begin, min(begin + size, n)) for begin in begins.tolist())
