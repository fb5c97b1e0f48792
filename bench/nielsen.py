"""Two networks of Nielsen's "Neural Networks and Deep Learning" on MNIST.

python bench/nielsen.py --data mnist.npz

`--data` is Keras's file (x_train, y_train, x_test, y_test). As in the book 50,000 of
its training digits are used, scaled to [0, 1]; the figure is the best accuracy on the
10,000 test digits over 30 epochs, as the book quotes it (95.42 % in chapter 1, 97.92 %
in chapter 3), and beside it the last one.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path

import numpy as np

import fcnn


class TestAccuracy(fcnn.Callback):
    """Measures the network on the test digits after each epoch."""

    def __init__(self, net: fcnn.Network, X: np.ndarray, y: np.ndarray) -> None:
        super().__init__()
        self.net, self.X, self.y = net, X, y
        self.accuracies: list[float] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        measured = self.net.evaluate(self.X, self.y, metrics=["accuracy"])
        self.accuracies.append(measured["accuracy"])


def train(
    name: str, sizes: list[int], power: float, data: tuple, seed: int, **options: object
) -> float:
    """Trains one network; weights begin as N(0, n_in ** (2 power))."""
    X, y, X_test, y_test = data
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(k, j)) * j**power for j, k in itertools.pairwise(sizes)]
    net = fcnn.Network(sizes, "sigmoid", init=weights, seed=seed)
    for layer in net.layers[1:]:
        layer.bias = rng.normal(size=layer.size)
    test = TestAccuracy(net, X_test, y_test)
    start = time.perf_counter()
    net.fit(X, y, epochs=30, batch_size=10, callbacks=[test], progress=False, **options)
    seconds = time.perf_counter() - start
    print(
        f"{name}, seed {seed}: best {max(test.accuracies):.2%}, "
        f"last {test.accuracies[-1]:.2%}, {seconds:.1f} s for 30 epochs with tests",
        flush=True,
    )
    return max(test.accuracies)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="Keras's mnist.npz")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    with np.load(arguments.data) as file:
        X, X_test = (
            file[f"x_{part}"].reshape(-1, 784).astype(np.float32) / 255
            for part in ("train", "test")
        )
        y, y_test = file["y_train"], file["y_test"]
    data = X[:50_000], y[:50_000], X_test, y_test
    networks = {
        "[784, 30, 10] quadratic, SGD lr 3": {
            "sizes": [784, 30, 10],
            "power": 0.0,
            "loss": "quadratic",
            "optimizer": fcnn.SGD(lr=3.0),
        },
        "[784, 100, 10] logistic, SGD lr 0.5, lambda 5": {
            "sizes": [784, 100, 10],
            "power": -0.5,
            "loss": "logistic",
            "optimizer": fcnn.SGD(lr=0.5),
            "l2": 5.0 / 50_000,
        },
    }
    for name, options in networks.items():
        best = [
            train(name, data=data, seed=seed, **options)
            for seed in range(arguments.seeds)
        ]
        print(f"{name}: median of {len(best)} runs' best {np.median(best):.2%}")


if __name__ == "__main__":
    main()
