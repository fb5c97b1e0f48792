"""JAX: the whole epoch is one jitted lax.scan over the batches."""

from __future__ import annotations

import jax
import numpy as np
from jax import lax, nn
from jax import numpy as jnp

from bench.rivals import UnsupportedError

ACTIVATIONS = {
    "identity": lambda z: z,
    "relu": nn.relu,
    "sigmoid": nn.sigmoid,
    "tanh": jnp.tanh,
}


def cross_entropy(z, y):
    return -jnp.take_along_axis(nn.log_softmax(z), y[:, None], axis=1).mean()


LOSSES = {
    "cross_entropy": cross_entropy,  # of z and labels
    "mse": lambda a, y: jnp.mean((a - y) ** 2),
    "quadratic": lambda a, y: 0.5 * jnp.sum((a - y) ** 2) / len(y),
}


def forward(work, parameters, a):
    """Activations of the last layer; z, if that is softmax."""
    for W, b in parameters[:-1]:
        a = ACTIVATIONS[work.activation](a @ W + b)
    W, b = parameters[-1]
    output = "identity" if work.output == "softmax" else work.output
    return ACTIVATIONS[output](a @ W + b)


def adam(work, theta, gradient, state, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, t = state
    t = t + 1
    m = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, m, gradient)
    v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, gradient)
    c1, c2 = 1 - beta1**t, 1 - beta2**t
    theta = jax.tree.map(
        lambda p, m, v: p - work.lr / c1 * m / (jnp.sqrt(v / c2) + eps), theta, m, v
    )
    return theta, (m, v, t)


def sgd(work, theta, gradient, state):
    return jax.tree.map(lambda p, g: p - work.lr * g, theta, gradient), state


OPTIMIZERS = {"adam": adam, "sgd": sgd}


def arrays(work, start):
    """W as (n_in, n_out)."""
    jax.config.update("jax_enable_x64", work.dtype == "float64")
    return [(jnp.array(W.T, work.dtype), jnp.array(b, work.dtype)) for W, b in start]


class Trainer:
    def __init__(self, work, start, X, y) -> None:
        if work.loss not in LOSSES:
            raise UnsupportedError(f"no loss {work.loss} here")
        theta = arrays(work, start)
        zeros = jax.tree.map(jnp.zeros_like, theta)
        count = jnp.zeros((), work.dtype)
        self.state = theta, (zeros, jax.tree.map(jnp.copy, zeros), count)
        self.X = jnp.asarray(X)
        self.y = jnp.asarray(y, None if y.dtype.kind == "i" else work.dtype)
        self.rng = np.random.default_rng(0)
        update = OPTIMIZERS[work.optimizer]

        def loss(theta, x, y):
            return LOSSES[work.loss](forward(work, theta, x), y)

        def epoch(state, X, y, order):
            def step(state, batch):
                x, y_batch = batch if order is None else (X[batch], y[batch])
                theta, moments = state
                gradient = jax.grad(loss)(theta, x.astype(work.dtype), y_batch)
                return update(work, theta, gradient, moments), None

            if order is None:
                X, y = (
                    part.reshape(-1, work.batch, *part.shape[1:]) for part in (X, y)
                )
                return lax.scan(step, state, (X, y))[0]
            return lax.scan(step, state, order.reshape(-1, work.batch))[0]

        self.epoch = jax.jit(epoch, donate_argnums=0)
        self.gathers = bool(work.shuffle)

    def run(self, epochs, shuffle) -> None:
        n = len(self.X)
        for _ in range(epochs):
            order = None
            if self.gathers:
                order = self.rng.permutation(n) if shuffle else np.arange(n)
                order = order.astype(np.int32)
            self.state = self.epoch(self.state, self.X, self.y, order)
        jax.block_until_ready(self.state)

    def parameters(self):
        return [(np.asarray(W).T, np.asarray(b)) for W, b in self.state[0]]


def predictor(work, start, X):
    theta = arrays(work, start)
    predict = jax.jit(lambda x: forward(work, theta, x))
    return lambda: np.asarray(predict(X))
