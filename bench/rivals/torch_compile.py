"""PyTorch with torch.compile: forward and backward pass; its optimizers are fused."""

from __future__ import annotations

import torch

from bench.rivals import torch as eager

set_threads = eager.set_threads


class Trainer(eager.Trainer):
    def __init__(self, work, start, X, y) -> None:
        super().__init__(work, start, X, y)
        # A new workload is new code; without this the eighth would run uncompiled.
        torch.compiler.reset()
        self.loss = torch.compile(super().loss)  # type: ignore[method-assign]


def predictor(work, start, X):
    torch.compiler.reset()
    net = torch.compile(eager.network(work, start).eval())

    def call():
        with torch.inference_mode():
            return net(torch.from_numpy(X)).numpy()

    return call
