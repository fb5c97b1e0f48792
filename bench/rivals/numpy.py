"""Plain NumPy, written with care: in place, one flat vector for the optimizer.

In float64 it is also the reference that every other answer is compared with.
"""

from __future__ import annotations

import itertools

import numpy as np

from bench.workloads.batches import batches


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


ACTIVATIONS = {  # sigma(z), and sigma'(z) as a function of a = sigma(z)
    "identity": (lambda z: z, np.ones_like),
    "relu": (lambda z: np.maximum(z, 0), lambda a: a > 0),
    "sigmoid": (sigmoid, lambda a: a * (1 - a)),
    "softmax": (softmax, None),
    "tanh": (np.tanh, lambda a: 1 - a * a),
}


def output_delta(work, a, y):
    """The delta of the output layer, before the batch's 1/n."""
    if work.loss == "cross_entropy":  # with softmax; y holds labels
        a[np.arange(len(a)), y] -= 1
        return a
    delta = a - y
    if work.loss == "logistic":  # with sigmoid
        return delta
    if work.loss == "mse":
        delta *= 2 / y.shape[1]
    return delta * ACTIVATIONS[work.output][1](a)


def forward(work, parameters, x):
    """The activations of the layers 0..L; here W is (n_in, n_out)."""
    a = [x]
    names = [work.activation] * (len(parameters) - 1) + [work.output]
    for (W, b), name in zip(parameters, names, strict=True):
        z = a[-1] @ W
        z += b
        a.append(ACTIVATIONS[name][0](z))
    return a


def views(theta, sizes):
    """(W, b) of each layer in the flat vector, W as (n_in, n_out)."""
    parts, at = [], 0
    for n_in, n_out in itertools.pairwise(sizes):
        W = theta[at : at + n_in * n_out].reshape(n_in, n_out)
        at += W.size
        parts.append((W, theta[at : at + n_out]))
        at += n_out
    return parts


class Trainer:
    def __init__(self, work, start, X, y) -> None:
        self.work, self.X, self.y = work, X, y
        if y.dtype.kind == "f":
            self.y = y.astype(work.dtype, copy=False)
        self.rng = np.random.default_rng(0)
        flat = [part.ravel() for W, b in start for part in (W.T, b)]
        self.theta = np.concatenate(flat).astype(work.dtype)
        self.gradient = np.empty_like(self.theta)
        self.parts = views(self.theta, work.sizes)
        self.gradients = views(self.gradient, work.sizes)
        self.m, self.v, self.t = np.zeros_like(self.theta), np.zeros_like(self.theta), 0
        self.update = getattr(self, work.optimizer)

    def run(self, epochs, shuffle) -> None:
        for _ in range(epochs):
            for rows in batches(len(self.X), self.work.batch, shuffle, self.rng):
                x = self.X[rows].astype(self.work.dtype, copy=False)
                self.backpropagate(x, self.y[rows])
                self.update()

    def backpropagate(self, x, y) -> None:
        a = forward(self.work, self.parts, x)
        derivative = ACTIVATIONS[self.work.activation][1]
        delta = output_delta(self.work, a[-1], y)
        delta /= len(x)
        for l in range(len(self.parts), 0, -1):
            dW, db = self.gradients[l - 1]
            np.matmul(a[l - 1].T, delta, out=dW)
            delta.sum(axis=0, out=db)
            if l > 1:
                delta = delta @ self.parts[l - 1][0].T
                delta *= derivative(a[l - 1])

    def sgd(self) -> None:
        self.gradient *= self.work.lr
        self.theta -= self.gradient

    def adam(self, beta1=0.9, beta2=0.999, eps=1e-8) -> None:
        g = self.gradient
        self.t += 1
        self.m += (1 - beta1) * (g - self.m)
        g *= g
        g -= self.v
        g *= 1 - beta2
        self.v += g
        np.divide(self.v, 1 - beta2**self.t, out=g)
        np.sqrt(g, out=g)
        g += eps
        np.divide(self.m, g, out=g)
        g *= self.work.lr / (1 - beta1**self.t)
        self.theta -= g

    def adam_epsilon_hat(self, beta2=0.999, eps=1e-8) -> None:
        """The paper's other form: m / (sqrt(v) + eps), corrected as a whole."""
        self.adam(beta2=beta2, eps=eps / (1 - beta2 ** (self.t + 1)) ** 0.5)

    def parameters(self):
        return [(W.T, b) for W, b in self.parts]


def predictor(work, start, X):
    parts = [
        (np.ascontiguousarray(W.T, work.dtype), b.astype(work.dtype)) for W, b in start
    ]
    return lambda: forward(work, parts, X)[-1]
