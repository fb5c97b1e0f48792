"""Initial weights and random numbers, the same for every rival."""

from __future__ import annotations

import itertools
import zlib

import numpy as np


def generator(work, purpose):
    """Random numbers for the workload, the same at both dtypes and for any loss."""
    return np.random.default_rng(zlib.crc32(f"{work.sizes} {purpose}".encode()))


def initial(work):
    """[(W, b), ...] with W of shape (n_out, n_in)."""
    rng = generator(work, "weights")
    gain = 2.0 if work.activation == "relu" else 1.0

    def normal(shape, scale):  # a float32 value at either dtype
        drawn = rng.normal(size=shape) * scale
        return drawn.astype(np.float32).astype(work.dtype, copy=False)

    return [
        (normal((k, j), (gain / j) ** 0.5), normal(k, 0.1))
        for j, k in itertools.pairwise(work.sizes)
    ]


def flat(parameters):
    """One vector of them."""
    return np.concatenate([np.ravel(part) for pair in parameters for part in pair])


def pairs(work):
    """n_in n_out of each layer."""
    return [j * k for j, k in itertools.pairwise(work.sizes)]
