"""PyTorch, eager: tensors in memory, index by batch, its fused optimizers."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

from bench.rivals import UnsupportedError
from bench.workloads.batches import batches

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}
OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
LOSSES = {
    "cross_entropy": F.cross_entropy,  # of z and labels
    "mse": F.mse_loss,
    "quadratic": lambda a, y: 0.5 * F.mse_loss(a, y, reduction="sum") / len(y),
}


def set_threads(n) -> None:
    torch.set_num_threads(n)
    torch.set_num_interop_threads(1)


def network(work, start) -> nn.Sequential:
    layers: list[nn.Module] = []
    names = [work.activation] * (len(start) - 1) + [work.output]
    for (W, b), name in zip(start, names, strict=True):
        linear = nn.Linear(*W.shape[::-1], dtype=getattr(torch, work.dtype))
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W))
            linear.bias.copy_(torch.from_numpy(b))
        layers.append(linear)
        if name in ACTIVATIONS:
            layers.append(ACTIVATIONS[name]())
    return nn.Sequential(*layers)


class Trainer:
    def __init__(self, work, start, X, y) -> None:
        if work.loss not in LOSSES:
            raise UnsupportedError(f"no loss {work.loss} here")
        self.work = work
        self.X, self.y = torch.from_numpy(X), torch.from_numpy(y)
        if self.y.is_floating_point():
            self.y = self.y.to(getattr(torch, work.dtype))
        self.net = network(work, start)
        self.optimizer = OPTIMIZERS[work.optimizer](
            self.net.parameters(), lr=work.lr, fused=True
        )
        self.rng = np.random.default_rng(0)

    def loss(self, x, y):
        return LOSSES[self.work.loss](self.net(x), y)

    def run(self, epochs, shuffle) -> None:
        dtype = getattr(torch, self.work.dtype)
        for _ in range(epochs):
            for rows in batches(len(self.X), self.work.batch, shuffle, self.rng):
                index = rows if isinstance(rows, slice) else torch.from_numpy(rows)
                self.optimizer.zero_grad()
                self.loss(self.X[index].to(dtype), self.y[index]).backward()
                self.optimizer.step()

    def parameters(self):
        return [
            (layer.weight.detach().numpy(), layer.bias.detach().numpy())
            for layer in self.net
            if isinstance(layer, nn.Linear)
        ]


def predictor(work, start, X):
    net = network(work, start).eval()

    def call():
        with torch.inference_mode():
            return net(torch.from_numpy(X)).numpy()

    return call
