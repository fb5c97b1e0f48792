"""fcnn as anyone calls it. The environment sets its CPU level and threads."""

from __future__ import annotations

import fcnn

OPTIMIZERS = {"adam": fcnn.Adam, "sgd": fcnn.SGD}


def network(work, start) -> fcnn.Network:
    net = fcnn.Network(
        work.sizes,
        work.activation,
        work.output,
        loss=work.loss,
        init=[W for W, _ in start],
        dtype=work.dtype,
        seed=0,
    )
    for layer, (_, b) in zip(net.layers[1:], start, strict=True):
        layer.bias = b
    return net


class Trainer:
    def __init__(self, work, start, X, y) -> None:
        self.net = network(work, start)
        self.data = X, y
        self.options = {
            "optimizer": OPTIMIZERS[work.optimizer](lr=work.lr),
            "batch_size": work.batch,
            "progress": False,
        }

    def run(self, epochs, shuffle) -> None:
        self.net.fit(*self.data, epochs=epochs, shuffle=shuffle, **self.options)

    def parameters(self):
        return [(layer.weight, layer.bias) for layer in self.net.layers[1:]]


def predictor(work, start, X):
    net = network(work, start)
    return lambda: net.predict(X)
