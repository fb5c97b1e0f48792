"""Everything that a seed decides, as text: run at each CPU level and compared.

Initial weights, held-out rows, shuffles, dropout masks and noise; each is read off
weights that were made by exact operations, so that nothing else can differ.
"""

from __future__ import annotations

import hashlib

import numpy as np

import fcnn
from fcnn import _core

N = 300


def digest(*arrays) -> str:
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()[:16]


def initial_weights(dtype):
    found = []
    for init in _core.initializers():
        for seed in (0, 1, 2**64 - 1):
            net = fcnn.Network([37, 50, 3], "tanh", init=init, dtype=dtype, seed=seed)
            found.append(net.parameters)
    return digest(*found)


def linear(dtype, **arguments):
    return fcnn.Network(
        [N, 1],
        output="identity",
        bias=False,
        init="zeros",
        dtype=dtype,
        seed=5,
        **arguments,
    )


def shuffles(dtype):
    """At step t a row's own weight becomes 1 / t."""
    found = []
    for shuffle in (True, "batch"):
        for seed in (None, 7):
            net = linear(dtype)
            net.fit(
                np.eye(N),
                np.ones(N),
                optimizer=fcnn.Adagrad(lr=1.0, lr_decay=1.0),
                epochs=1,
                batch_size=7,
                shuffle=shuffle,
                seed=seed,
            )
            found.append(np.round(1 / net.parameters).astype(np.int64))
    return digest(*found)


def held_out(dtype):
    net = linear(dtype)
    net.fit(np.eye(N), np.ones(N), validation_split=0.3, epochs=1)
    return digest(np.flatnonzero(net.parameters == 0))


def masks(dtype):
    """One step of 1 / 2 from zero: w = -dC/dw / 2 = y m x, with m = 0 or 2."""
    found = []
    for seed in range(3):
        net = linear(dtype, dropout=[0.5])
        net._seed = seed
        net.fit_batch(np.ones((1, N)), [1.0], optimizer=fcnn.SGD(lr=0.5))
        found.append(net.parameters.copy())
        assert set(found[-1].tolist()) == {0.0, 2.0}
    return digest(*found)


def noise(dtype):
    """The same of x + s n, with x = 0 and s = 1: their order, as n is rounded."""
    net = linear(dtype, input_noise=1.0)
    net.fit_batch(np.zeros((1, N)), [1.0], optimizer=fcnn.SGD(lr=0.5))
    assert np.count_nonzero(net.parameters) == N
    return digest(np.argsort(net.parameters))


def everything() -> str:
    return "\n".join(
        f"{draw.__name__} {dtype} {draw(dtype)}"
        for draw in (initial_weights, shuffles, held_out, masks, noise)
        for dtype in ("float32", "float64")
    )


if __name__ == "__main__":
    print(everything())
