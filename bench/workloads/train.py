"""Training: the time of an epoch, shuffled as users train, unless the batch is all."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass

import numpy as np

from bench.workloads.weights import flat, generator, initial, pairs


@dataclass(frozen=True)
class Training:
    sizes: tuple[int, ...]
    activation: str
    output: str
    loss: str
    optimizer: str
    batch: int
    rows: int  # a multiple of the batch
    dtype: str = "float32"
    X: str = ""  # "uint8"; or "file", a memory-mapped one
    shuffle: bool = True
    shape: str = ""  # for the name, if the sizes are many

    lr = property(lambda self: 0.1 if self.optimizer == "sgd" else 1e-3)
    tolerance = property(lambda self: 2e-3 if self.dtype == "float32" else 1e-6)
    unit = "an epoch"

    @property
    def name(self) -> str:
        shape = self.shape or "-".join(map(str, self.sizes))
        kind = "" if self.dtype == "float32" else f" {self.dtype}"
        return f"{shape}/{self.batch}{kind}{self.X and ' ' + self.X}"

    def __str__(self) -> str:
        return (
            f"{self.name} ({self.activation}, {self.output}, {self.loss}, "
            f"{self.optimizer}, {self.rows:,} rows)"
        )

    def flops(self) -> int:
        """Of an epoch: three products a layer, but the first needs no delta of X."""
        first, *others = pairs(self)
        return self.rows * (4 * first + 6 * sum(others))

    def quick(self) -> Training:
        return dataclasses.replace(self, rows=min(self.rows, 4 * self.batch))

    def data(self, n):
        rng = generator(self, "data")
        shape = n, self.sizes[0]
        if self.X == "uint8":
            X = rng.integers(0, 4, shape, dtype=np.uint8)
        else:
            X = rng.standard_normal(shape, dtype=np.float32).astype(
                self.dtype, copy=False
            )
        if self.X == "file":
            with tempfile.TemporaryFile() as file:  # it lives while it is mapped
                X.tofile(file)
                X = np.memmap(file, X.dtype, "r+", shape=shape)
        K = self.sizes[-1]
        if self.output == "identity":
            return X, rng.standard_normal((n, K), dtype=np.float32).astype(
                self.dtype, copy=False
            )
        labels = rng.integers(0, K, n)
        one_hot = self.loss != "cross_entropy"
        return X, np.eye(K, dtype=self.dtype)[labels] if one_hot else labels

    def answer(self, rival):
        """The parameters after two short epochs, rows in order, as one vector."""
        n = min(self.rows, max(4 * self.batch, 64 // self.batch * self.batch))
        trainer = rival.Trainer(self, initial(self), *self.data(n))
        trainer.run(2, shuffle=False)
        return flat(trainer.parameters())

    def difference(self, answer) -> float:
        """The distance to the reference's parameters, over the way these went."""
        from bench.rivals import numpy as reference

        end = dataclasses.replace(self, dtype="float64").answer(reference)
        begin = flat(initial(self))
        return float(np.linalg.norm(answer - end) / np.linalg.norm(begin - end))

    def runner(self, rival):
        trainer = rival.Trainer(self, initial(self), *self.data(self.rows))
        return lambda count: trainer.run(count, shuffle=self.shuffle)


def softmax(sizes, batch, rows, **options) -> Training:
    kind = {"optimizer": "adam", **options}
    return Training(
        sizes, "relu", "softmax", "cross_entropy", batch=batch, rows=rows, **kind
    )


def regression(sizes, activation, batch, rows, **options) -> Training:
    return Training(
        sizes, activation, "identity", "mse", "adam", batch, rows, **options
    )


SMALL, MNIST = (784, 30, 10), (784, 128, 10)
DEEP = (64, *[128] * 6, 10)

WORKLOADS = [
    Training(SMALL, "sigmoid", "sigmoid", "quadratic", "sgd", 10, 20_000),
    softmax(MNIST, 32, 19_968),
    regression((32, 64, 64, 1), "tanh", 64, 32_000),
    regression((4, 16, 16, 2), "tanh", 32, 32_000),
    softmax((784, 1024, 1024, 10), 256, 2_560),
    softmax(DEEP, 128, 12_800, shape="64-128x6-10"),
    # Widths between which PyTorch begins to use threads, to its harm:
    # https://github.com/pytorch/pytorch/issues/144633
    regression((10, 45, 45, 10), "identity", 128, 12_800),
    regression((10, 46, 46, 10), "identity", 128, 12_800),
    # 11 times slower with threads: https://github.com/tiny-dnn/tiny-dnn/issues/714
    regression((60, 60, 60, 60, 15, 1), "relu", 32, 13_984),
    # The full batch with which SimpleChains.jl is compared.
    regression((4, 32, 16, 4), "tanh", 10_000, 10_000, shuffle=False),
    # The batch.
    *(
        softmax((64, 128, 128, 10), batch, 8_192 // batch * batch, optimizer="sgd")
        for batch in (1, 10, 32, 256, 4_096)
    ),
    # Sizes that fill no register and no tile.
    softmax((127, 129, 1_000), 33, 3_300),
    # Other numbers, other places.
    softmax(MNIST, 32, 9_984, dtype="float64"),
    regression((32, 64, 64, 1), "tanh", 64, 32_000, dtype="float64"),
    softmax(MNIST, 32, 19_968, X="uint8"),
    softmax(MNIST, 32, 19_968, X="file"),
]
