"""scikit-learn's multilayer perceptrons; one `partial_fit` is an epoch.

Their output delta is always a - y, and their Adam adds epsilon before it corrects the
bias rather than after it. The workload that differs in just that is trained instead.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

ACTIVATIONS = {
    "identity": "identity",
    "relu": "relu",
    "sigmoid": "logistic",
    "tanh": "tanh",
}
LOSSES = {  # by output: the loss whose delta is a - y
    "identity": "quadratic",
    "sigmoid": "logistic",
    "softmax": "cross_entropy",
}


def adapted(work):
    if not hasattr(work, "optimizer"):
        return work
    optimizer = {"adam": "adam_epsilon_hat"}.get(work.optimizer, work.optimizer)
    return dataclasses.replace(work, loss=LOSSES[work.output], optimizer=optimizer)


def model(work, start, X, y):
    kind = MLPRegressor if work.output == "identity" else MLPClassifier
    net = kind(
        hidden_layer_sizes=work.sizes[1:-1],
        activation=ACTIVATIONS[work.activation],
        solver="sgd" if getattr(work, "optimizer", "") == "sgd" else "adam",
        learning_rate_init=getattr(work, "lr", 1e-3),
        alpha=0.0,
        momentum=0.0,
        nesterovs_momentum=False,
        random_state=0,
    )
    options = {"classes": np.arange(work.sizes[-1])} if kind is MLPClassifier else {}
    net.set_params(batch_size=1).partial_fit(X[:1], y[:1], **options)  # allocates
    for coef, intercept, (W, b) in zip(net.coefs_, net.intercepts_, start, strict=True):
        coef[...] = W.T
        intercept[...] = b
    del net._optimizer
    return net


class Trainer:
    def __init__(self, work, start, X, y) -> None:
        # It would make float64 of anything else, and everything after it.
        self.X = X if X.dtype == work.dtype else X.astype(work.dtype)
        self.y = y.ravel() if y.shape[1:] == (1,) else y
        self.net = model(work, start, self.X, self.y)
        self.net.set_params(batch_size=work.batch)

    def run(self, epochs, shuffle) -> None:
        self.net.set_params(shuffle=bool(shuffle))
        for _ in range(epochs):
            self.net.partial_fit(self.X, self.y)

    def parameters(self):
        return [
            (W.T, b) for W, b in zip(self.net.coefs_, self.net.intercepts_, strict=True)
        ]


def predictor(work, start, X):
    net = model(work, start, X, np.zeros((1, work.sizes[-1]), X.dtype))
    return lambda: net.predict(X)
