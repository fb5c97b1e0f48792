"""The lesson in plain NumPy float64: every formula of fcnn once more, slowly.

Read it beside cpp/fcnn/: there a sample is a column, here it is a row, so that
Z = W A + b becomes Z = A W^T + b. W is (n_out, n_in); A, Z and delta are
(n_samples, n_nodes). Lists are indexed by the layer l as in the formulas; entry 0
of z, delta, dW and db is None, because the input layer has none.

The tests compare the compiled core with this file, and fail if a name in one of the
core's lists has no twin in the tables below.
"""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]


# ---------------------------------------------------------------- activations


class Activation(NamedTuple):
    value: Callable[..., Array]  # a = sigma(z)
    derivative: Callable[..., Array]  # sigma'(z)


def sigmoid(z: Array) -> Array:  # 1 / (1 + e^-z), which would overflow
    return np.exp(-np.logaddexp(0, -z))


def softplus(z: Array) -> Array:  # log(1 + e^z), which would overflow
    return np.logaddexp(0, z)


def softmax(z: Array) -> Array:  # e^z_k / sum_j e^z_j; a common factor cancels
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def normal_cdf(z: Array) -> Array:  # Phi(z), the probability that N(0, 1) < z
    return 0.5 * np.vectorize(math.erfc, otypes=[float])(-z / math.sqrt(2))


def normal_pdf(z: Array) -> Array:  # Phi'(z)
    return np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)


def elu(z: Array, alpha: float = 1.0) -> Array:
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def elu_derivative(z: Array, alpha: float = 1.0) -> Array:
    return np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0)))


SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717


def gelu_tanh_inner(z: Array) -> Array:
    return math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)


def gelu_tanh_derivative(z: Array) -> Array:
    t = np.tanh(gelu_tanh_inner(z))
    inner = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z**2)
    return 0.5 * (1 + t) + 0.5 * z * (1 - t**2) * inner


def mish_derivative(z: Array) -> Array:
    t = np.tanh(softplus(z))
    return t + z * (1 - t**2) * sigmoid(z)


# At a kink the derivative is PyTorch's: the left one of relu, leaky_relu, elu and
# selu, the flat one of hard_sigmoid and hard_tanh.
ACTIVATIONS = {
    "identity": Activation(lambda z: z, np.ones_like),
    "sigmoid": Activation(sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "tanh": Activation(np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": Activation(lambda z: np.maximum(z, 0), lambda z: np.where(z > 0, 1.0, 0.0)),
    "leaky_relu": Activation(
        lambda z, slope=0.01: np.where(z > 0, z, slope * z),
        lambda z, slope=0.01: np.where(z > 0, 1.0, slope),
    ),
    "elu": Activation(elu, elu_derivative),
    "selu": Activation(
        lambda z: SELU_SCALE * elu(z, SELU_ALPHA),
        lambda z: SELU_SCALE * elu_derivative(z, SELU_ALPHA),
    ),
    "softplus": Activation(softplus, sigmoid),
    "softsign": Activation(
        lambda z: z / (1 + np.abs(z)),
        lambda z: 1 / (1 + np.abs(z)) ** 2,
    ),
    "gelu": Activation(
        lambda z: z * normal_cdf(z),
        lambda z: normal_cdf(z) + z * normal_pdf(z),
    ),
    "gelu_tanh": Activation(
        lambda z: 0.5 * z * (1 + np.tanh(gelu_tanh_inner(z))),
        gelu_tanh_derivative,
    ),
    "silu": Activation(
        lambda z: z * sigmoid(z),
        lambda z: sigmoid(z) * (1 + z * sigmoid(-z)),
    ),
    "mish": Activation(lambda z: z * np.tanh(softplus(z)), mish_derivative),
    "hard_sigmoid": Activation(
        lambda z, slope=1 / 6: np.clip(slope * z + 0.5, 0, 1),
        lambda z, slope=1 / 6: np.where(np.abs(slope * z) < 0.5, slope, 0.0),
    ),
    "hard_tanh": Activation(
        lambda z: np.clip(z, -1, 1),
        lambda z: np.where(np.abs(z) < 1, 1.0, 0.0),
    ),
    "exp": Activation(np.exp, np.exp),
}  # and softmax, whose outputs depend on one another: see output_delta

OUTPUT_ONLY = {"softmax", "exp"}


def elu_second(z: Array, alpha: float = 1.0) -> Array:
    return np.where(z < 0, alpha * np.exp(np.minimum(z, 0)), 0.0)


def gelu_tanh_second(z: Array) -> Array:
    u = gelu_tanh_inner(z)
    slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z**2)
    bend = math.sqrt(2 / math.pi) * 6 * 0.044715 * z
    steep = 4 * sigmoid(2 * u) * sigmoid(-2 * u)  # 1 - tanh(u)^2, which would cancel
    return steep * (slope + 0.5 * z * (bend - 2 * np.tanh(u) * slope**2))


def mish_second(z: Array) -> Array:
    t, s = np.tanh(softplus(z)), sigmoid(z)
    return (1 - t**2) * s * (2 + z * (1 - s - 2 * t * s))


def flat(z: Array, parameter: float | None = None) -> Array:
    return np.zeros_like(z)


# sigma''(z). At a kink it is 0, as in PyTorch.
SECOND_DERIVATIVES = {
    "identity": flat,
    "sigmoid": lambda z: sigmoid(z) * sigmoid(-z) * (1 - 2 * sigmoid(z)),
    "tanh": lambda z: -2 * np.tanh(z) * (1 - np.tanh(z) ** 2),
    "relu": flat,
    "leaky_relu": flat,
    "elu": elu_second,
    "selu": lambda z: SELU_SCALE * elu_second(z, SELU_ALPHA),
    "softplus": lambda z: sigmoid(z) * sigmoid(-z),
    "softsign": lambda z: -2 * np.sign(z) / (1 + np.abs(z)) ** 3,
    "gelu": lambda z: normal_pdf(z) * (2 - z**2),
    "gelu_tanh": gelu_tanh_second,
    "silu": lambda z: sigmoid(z) * sigmoid(-z) * (2 + z * (1 - 2 * sigmoid(z))),
    "mish": mish_second,
    "hard_sigmoid": flat,
    "hard_tanh": flat,
    "exp": np.exp,
}


def activation(name: str) -> Activation:
    """The pair of functions of a name such as "tanh" or "leaky_relu(0.2)"."""
    if name == "softmax":
        return Activation(softmax, lambda z: np.full_like(z, np.nan))
    base, parameter = split_name(name)
    value, derivative = ACTIVATIONS[base]
    if parameter is None:
        return Activation(value, derivative)
    return Activation(lambda z: value(z, parameter), lambda z: derivative(z, parameter))


def second_derivative(name: str) -> Callable[[Array], Array]:
    """sigma'' of a name such as "tanh" or "elu(0.5)"."""
    base, parameter = split_name(name)
    second = SECOND_DERIVATIVES[base]
    return second if parameter is None else lambda z: second(z, parameter)


def split_name(name: str) -> tuple[str, float | None]:
    """ "elu(0.5)" -> ("elu", 0.5) and "elu" -> ("elu", None)."""
    match = re.fullmatch(r"(\w+)(?:\((.+)\))?", name)
    assert match, name
    return match[1], None if match[2] is None else float(match[2])


# --------------------------------------------------------------------- losses


class Loss(NamedTuple):
    term: Callable[..., Array]  # C = factor * sum_k term(a_k, y_k), for one sample
    derivative: Callable[..., Array]  # d term / d a
    mean: bool  # the factor: 1/K or 1


def log(a: Array) -> Array:  # bounded below by -100, as in PyTorch
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(a), -100)


def denominator(d: Array) -> Array:  # bounded below by 1e-12, as in PyTorch
    return np.maximum(d, 1e-12)


def huber(a: Array, y: Array, delta: float = 1.0) -> Array:
    e = np.abs(a - y)
    return np.where(e < delta, 0.5 * e**2, delta * (e - 0.5 * delta))


def huber_derivative(a: Array, y: Array, delta: float = 1.0) -> Array:
    return np.clip(a - y, -delta, delta)


def binary(a: Array, y: Array) -> Array:
    return -(y * log(a) + (1 - y) * log(1 - a))


def binary_derivative(a: Array, y: Array) -> Array:
    return (a - y) / denominator(a * (1 - a))


LOSSES = {
    "quadratic": Loss(lambda a, y: 0.5 * (a - y) ** 2, lambda a, y: a - y, mean=False),
    "mse": Loss(lambda a, y: (a - y) ** 2, lambda a, y: 2 * (a - y), mean=True),
    "mae": Loss(lambda a, y: np.abs(a - y), lambda a, y: np.sign(a - y), mean=True),
    "huber": Loss(huber, huber_derivative, mean=True),
    "poisson": Loss(
        lambda a, y: a - y * log(a),
        lambda a, y: 1 - y / denominator(a),
        mean=True,
    ),
    "poisson_deviance": Loss(
        lambda a, y: y * (log(y) - log(a)) - y + a,
        lambda a, y: 1 - y / denominator(a),
        mean=False,
    ),
    "cross_entropy": Loss(
        lambda a, y: -y * log(a),
        lambda a, y: -y / denominator(a),
        mean=False,
    ),
    "binary_cross_entropy": Loss(binary, binary_derivative, mean=True),
    "logistic": Loss(binary, binary_derivative, mean=False),
}


def bounded_square(a: Array) -> Array:  # the derivative of -1 / denominator(a)
    return np.where(a < 1e-12, 0.0, 1 / denominator(a) ** 2)


def binary_second(a: Array, y: Array) -> Array:
    bounded = a * (1 - a) < 1e-12
    d = np.where(bounded, 0.5, a)  # where it is not used
    return np.where(bounded, 1e12, y / d**2 + (1 - y) / (1 - d) ** 2)


# d2 term / da2: of the derivative as it is written above. At a kink it is 0.
LOSS_SECOND_DERIVATIVES = {
    "quadratic": lambda a, y: np.ones_like(a),
    "mse": lambda a, y: np.full_like(a, 2.0),
    "mae": lambda a, y: np.zeros_like(a),
    "huber": lambda a, y, delta=1.0: np.where(np.abs(a - y) < delta, 1.0, 0.0),
    "poisson": lambda a, y: y * bounded_square(a),
    "poisson_deviance": lambda a, y: y * bounded_square(a),
    "cross_entropy": lambda a, y: y * bounded_square(a),
    "binary_cross_entropy": binary_second,
    "logistic": binary_second,
}

# Outputs that a loss accepts, where it does not accept any.
PROBABILITIES = {"softmax", "sigmoid", "hard_sigmoid"}
OUTPUTS = {
    "cross_entropy": PROBABILITIES,
    "binary_cross_entropy": PROBABILITIES,
    "logistic": PROBABILITIES,
    "poisson": PROBABILITIES | {"exp", "relu", "softplus"},
    "poisson_deviance": PROBABILITIES | {"exp", "relu", "softplus"},
}
TARGETS = {  # lowest and highest target, where not any
    "cross_entropy": (0, 1),
    "binary_cross_entropy": (0, 1),
    "logistic": (0, 1),
    "poisson": (0, math.inf),
    "poisson_deviance": (0, math.inf),
}
NATURAL_LOSS = {  # and mse for every other output
    "softmax": "cross_entropy",
    "sigmoid": "binary_cross_entropy",
    "exp": "poisson",
}


def softmax_term(z: Array, y: Array) -> Array:  # -y_k log a_k
    return y * (np.logaddexp.reduce(z, axis=-1, keepdims=True) - z)


def sigmoid_term(z: Array, y: Array) -> Array:  # -y log a - (1 - y) log(1 - a)
    return softplus(z) - y * z


def exp_term(z: Array, y: Array) -> Array:  # a - y log a
    return np.exp(z) - y * z


def exp_deviance_term(z: Array, y: Array) -> Array:  # y log(y / a) - y + a
    return y * (log(y) - z) - y + np.exp(z)


# The natural pairs: the term from z itself. There dC/dz = a - y, times the factor.
NATURAL_TERMS = {
    ("softmax", "cross_entropy"): softmax_term,
    ("sigmoid", "binary_cross_entropy"): sigmoid_term,
    ("sigmoid", "logistic"): sigmoid_term,
    ("exp", "poisson"): exp_term,
    ("exp", "poisson_deviance"): exp_deviance_term,
}


def loss_function(name: str) -> Loss:
    """The loss of a name such as "mse" or "huber(0.5)"."""
    base, delta = split_name(name)
    term, derivative, mean = LOSSES[base]
    if delta is None:
        return Loss(term, derivative, mean)
    return Loss(
        lambda a, y: term(a, y, delta), lambda a, y: derivative(a, y, delta), mean
    )


def sample_losses(loss: str, output: str, z: Array, a: Array, y: Array) -> Array:
    """C of each sample: the terms of its K outputs, summed or averaged."""
    term, _, mean = loss_function(loss)
    natural = NATURAL_TERMS.get((output, loss))
    terms = natural(z, y) if natural else term(a, y)
    return terms.mean(axis=1) if mean else terms.sum(axis=1)


def output_delta(loss: str, output: str, z: Array, a: Array, y: Array) -> Array:
    """delta[L] = dC/dz[L] of each sample."""
    _, derivative, mean = loss_function(loss)
    factor = 1 / a.shape[1] if mean else 1.0
    if (output, loss) == ("softmax", "cross_entropy"):
        return y.sum(axis=1, keepdims=True) * a - y
    if (output, loss) in NATURAL_TERMS:
        return factor * (a - y)
    g = factor * derivative(a, y)  # dC/da
    if output == "softmax":  # da_j/dz_k = a_j ([j = k] - a_k)
        return a * (g - (g * a).sum(axis=1, keepdims=True))
    return g * activation(output).derivative(z)


# -------------------------------------------------------- forward and backward


class Layer(NamedTuple):
    W: Array  # (n_out, n_in)
    b: Array | None  # (n_out,)
    activation: str


class Gradients(NamedTuple):
    loss: float
    z: list[Any]
    a: list[Any]
    delta: list[Any]
    dW: list[Any]
    db: list[Any]


def forward(
    layers: list[Layer], X: Array, masks: Any = None
) -> tuple[list[Any], list[Array]]:
    """z[l] = m[l-1] a[l-1] W[l]^T + b[l] and a[l] = sigma(z[l]); a[0] = X.

    The masks m are those of dropout in training, 1 without.
    """
    m = [1.0] * len(layers) if masks is None else masks
    z: list[Any] = [None]
    a = [np.asarray(X, float)]
    for l, (W, b, name) in enumerate(layers, start=1):
        z.append(m[l - 1] * a[l - 1] @ W.T + (0 if b is None else b))
        a.append(activation(name).value(z[l]))
    return z, a


def backward(
    layers: list[Layer],
    X: Array,
    y: Array,
    loss: str,
    weights: Array | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    masks: Any = None,
) -> Gradients:
    """Backpropagation of the weighted mean of the samples' losses plus penalties."""
    y = np.asarray(y, float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, float)
    share = w / w.sum()  # C = sum_i w_i C_i / sum_i w_i
    m = [1.0] * len(layers) if masks is None else masks
    z, a = forward(layers, X, m)
    L, output = len(layers), layers[-1].activation

    C = share @ sample_losses(loss, output, z[L], a[L], y)
    delta: list[Any] = [None] * (L + 1)
    delta[L] = share[:, None] * output_delta(loss, output, z[L], a[L], y)
    for l in range(L - 1, 0, -1):  # layers[l] is layer l+1, layers[l-1] is layer l
        sigma = activation(layers[l - 1].activation)
        delta[l] = delta[l + 1] @ layers[l].W * m[l] * sigma.derivative(z[l])

    dW: list[Any] = [None]
    db: list[Any] = [None]
    for l, (W, b, _) in enumerate(layers, start=1):
        C += l1 * np.abs(W).sum() + l2 / 2 * (W**2).sum()
        dW.append(delta[l].T @ (m[l - 1] * a[l - 1]) + l1 * np.sign(W) + l2 * W)
        db.append(None if b is None else delta[l].sum(axis=0))
    return Gradients(float(C), z, a, delta, dW, db)


def flatten(weights: list[Any], biases: list[Any]) -> Array:
    """theta, or the gradient as it lies: for each layer W^T row by row, then b."""
    parts = []
    for W, b in zip(weights[1:], biases[1:], strict=True):
        parts += [W.T.ravel()] if b is None else [W.T.ravel(), b]
    return np.concatenate(parts)


# ------------------------------------------------ derivatives of the network itself


def output_jacobian(output: str, z: Array, a: Array) -> Array:
    """d a[L]_k / d z[L]_i of each sample: (n, K, K)."""
    eye = np.eye(a.shape[1])
    if output == "softmax":  # a_k ([k = i] - a_i)
        return a[:, :, None] * (eye - a[:, None, :])
    return eye * activation(output).derivative(z)[:, :, None]


def jacobians(layers: list[Layer], X: Array) -> tuple[Array, Array]:
    """d a[L]_k / d x_j, (n, K, n_in), and d a[L]_k / d theta_p, (n, K, P)."""
    z, a = forward(layers, X)
    L, parts = len(layers), []
    delta = output_jacobian(layers[-1].activation, z[L], a[L])  # (n, K, nodes of l)
    for l in range(L, 0, -1):
        W, b, _ = layers[l - 1]
        dW = np.einsum("iko,ij->ikjo", delta, a[l - 1])  # W^T row by row, as in theta
        parts.append(delta if b is not None else delta[:, :, :0])
        parts.append(dW.reshape(*delta.shape[:2], W.size))
        delta = delta @ W
        if l > 1:
            delta = (
                delta
                * activation(layers[l - 2].activation).derivative(z[l - 1])[:, None]
            )
    return delta, np.concatenate(parts[::-1], axis=2)


# ------------------------------------------------------------- random numbers
# Philox 4x32-10 of Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1,
# 2, 3", 2011, in integers: the i-th number of a stream is a function of the seed, the
# stream and i alone.

DROPOUT, INPUT_NOISE, THINNING = 4, 5, 6  # streams' purposes


def philox(counter: Any, key: Any) -> tuple[int, int, int, int]:
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * x0, 0xCD9E8D57 * x2
        x0, x1, x2, x3 = (
            (p1 >> 32) ^ x1 ^ k0,
            p1 & 0xFFFFFFFF,
            (p0 >> 32) ^ x3 ^ k1,
            p0 & 0xFFFFFFFF,
        )
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return x0, x1, x2, x3


def words(
    seed: int, purpose: int, number: int, position: int, attempt: int = 0
) -> tuple[int, int]:
    """Two words of 64 bits: a stream is a purpose and a number (layer, epoch)."""
    counter = (position & 0xFFFFFFFF, position >> 32 | attempt << 16, number, purpose)
    x0, x1, x2, x3 = philox(counter, (seed & 0xFFFFFFFF, seed >> 32))
    return x0 | x1 << 32, x2 | x3 << 32


def threefry(counter: Any, key: Any) -> list[int]:
    """Threefry4x32-13, from the same paper: what training steps draw."""
    k = [*key, 0x1BD11BDA ^ key[0] ^ key[1] ^ key[2] ^ key[3]]
    x = [(c + k[i]) & 0xFFFFFFFF for i, c in enumerate(counter)]
    rotations = (
        (10, 26),
        (11, 21),
        (13, 27),
        (23, 5),
        (6, 20),
        (17, 11),
        (25, 10),
        (18, 20),
    )
    for r in range(13):
        partners = (1, 3) if r % 2 == 0 else (3, 1)
        for i, j, bits in zip((0, 2), partners, rotations[r % 8], strict=True):
            x[i] = (x[i] + x[j]) & 0xFFFFFFFF
            x[j] = (x[j] << bits & 0xFFFFFFFF | x[j] >> 32 - bits) ^ x[i]
        if r % 4 == 3:
            x = [x[i] + k[(r // 4 + 1 + i) % 5] & 0xFFFFFFFF for i in range(4)]
            x[3] = x[3] + r // 4 + 1 & 0xFFFFFFFF
    return x


def sample_numbers(
    seed: int, purpose: int, epoch: int, l: int, sample: int, n: int, bits: int
) -> list[int]:
    """One number for each of the n nodes of layer l, by groups of 16 of them.

    16 blocks in a row serve 4 groups by their words, or 8 by the halves of these.
    """
    key = (seed & 0xFFFFFFFF, seed >> 32, epoch, purpose)
    groups, halves = -(-n // 16), 32 // bits
    numbers: list[int] = []
    for group in range(sample * groups, (sample + 1) * groups):
        page, place = divmod(group, 4 * halves)
        for block in range(16 * page, 16 * page + 16):
            word = threefry((block & 0xFFFFFFFF, block >> 32, l, 0), key)[
                place // halves
            ]
            numbers.append(word >> bits * (place % halves) & (1 << bits) - 1)
    return numbers[:n]


# -------------------------------------------------------------------- dropout


def dropout_mask(
    seed: int,
    epoch: int,
    l: int,
    samples: Any,
    n: int,
    p: float,
    purpose: int = DROPOUT,
) -> Array:
    """m: 0 with probability p in steps of 2^-16, else what makes its mean 1."""
    zero_below = min(math.floor(p * 65536 + 0.5), 65535)
    scale = 65536 / (65536 - zero_below)
    numbers = [sample_numbers(seed, purpose, epoch, l, i, n, 16) for i in samples]
    return np.where(np.array(numbers) < zero_below, 0.0, scale)


def input_noise(seed: int, epoch: int, samples: Any, n: int, s: float) -> Array:
    """s times a standard normal number, from 24 bits by the inverse of Phi."""
    numbers = [sample_numbers(seed, INPUT_NOISE, epoch, 0, i, n, 32) for i in samples]
    u = ((np.array(numbers) >> 8) + 0.5) / 2**24
    return s * np.vectorize(statistics.NormalDist().inv_cdf)(u)


# --------------------------------------------------------------- initializers

VARIANCES = {  # of one weight; U(-c, c) has variance c^2 / 3
    "glorot": lambda n_in, n_out: 2 / (n_in + n_out),
    "he": lambda n_in, n_out: 2 / n_in,
    "lecun": lambda n_in, n_out: 1 / n_in,
}
INITIALIZERS = {
    f"{family}_{distribution}": (variance, distribution)
    for family, variance in VARIANCES.items()
    for distribution in ("uniform", "normal")
} | {"zeros": (lambda n_in, n_out: 0.0, "zeros")}

HE = ["relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "mish", "softplus"]
AUTO = dict.fromkeys(HE, "he_normal") | {"selu": "lecun_normal"}  # else glorot_uniform


# ----------------------------------------------------------------- optimizers
# Each rule is one step: theta and its gradient g, the state s of the steps before
# (0 at the start), the step's number t = 1, 2, ... Formulas and defaults are PyTorch's.

State = dict[str, Any]


def sgd(
    theta: Array, g: Array, s: State, t: int, lr=1e-3, momentum=0.0, nesterov=False
) -> Array:
    s["v"] = momentum * s.get("v", 0) + g
    return theta - lr * (g + momentum * s["v"] if nesterov else s["v"])


def adam(
    theta: Array,
    g: Array,
    s: State,
    t: int,
    lr=1e-3,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    eps_hat=False,
) -> Array:
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g**2
    m_hat = s["m"] / (1 - beta1**t)
    if eps_hat:  # Keras's and scikit-learn's
        return theta - lr * np.sqrt(1 - beta2**t) * m_hat / (np.sqrt(s["v"]) + eps)
    v_hat = s["v"] / (1 - beta2**t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps)


def adamw(
    theta: Array, g: Array, s: State, t: int, lr=1e-3, weight_decay=0.01, **rest: float
) -> Array:
    return adam(theta - lr * weight_decay * theta, g, s, t, lr=lr, **rest)


def rmsprop(
    theta: Array,
    g: Array,
    s: State,
    t: int,
    lr=0.01,
    alpha=0.99,
    eps=1e-8,
    momentum=0.0,
    centered=False,
) -> Array:
    s["v"] = alpha * s.get("v", 0) + (1 - alpha) * g**2
    s["mean"] = alpha * s.get("mean", 0) + (1 - alpha) * g
    variance = s["v"] - s["mean"] ** 2 if centered else s["v"]
    s["step"] = momentum * s.get("step", 0) + g / (np.sqrt(variance) + eps)
    return theta - lr * s["step"]


def adagrad(
    theta: Array,
    g: Array,
    s: State,
    t: int,
    lr=0.01,
    lr_decay=0.0,
    eps=1e-10,
    initial_accumulator_value=0.0,
) -> Array:
    s["sum"] = s.get("sum", initial_accumulator_value) + g**2
    return theta - lr / (1 + (t - 1) * lr_decay) * g / (np.sqrt(s["sum"]) + eps)


def nadam(
    theta: Array,
    g: Array,
    s: State,
    t: int,
    lr=2e-3,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    momentum_decay=4e-3,
) -> Array:
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (k * momentum_decay)) for k in (t, t + 1))
    s["product"] = s.get("product", 1) * mu
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g**2
    m_hat = mu_next * s["m"] / (1 - s["product"] * mu_next)
    g_hat = (1 - mu) * g / (1 - s["product"])
    v_hat = s["v"] / (1 - beta2**t)
    return theta - lr * (m_hat + g_hat) / (np.sqrt(v_hat) + eps)


def rprop(
    theta: Array,
    g: Array,
    s: State,
    t: int,
    lr=0.01,
    eta_minus=0.5,
    eta_plus=1.2,
    step_min=1e-6,
    step_max=50.0,
) -> Array:
    agree = np.sign(g) * np.sign(s.get("g", 0))
    eta = np.select([agree > 0, agree < 0], [eta_plus, eta_minus], 1.0)
    s["size"] = np.clip(s.get("size", lr) * eta, step_min, step_max)
    s["g"] = np.where(agree < 0, 0.0, g)
    return theta - np.sign(s["g"]) * s["size"]


OPTIMIZERS = {f.__name__: f for f in (sgd, adam, adamw, rmsprop, adagrad, nadam, rprop)}


# ------------------------------------------------------------------ schedules
# The learning rate of the optimizer's step t = 0, 1, 2, ...; values are PyTorch's.


def constant(t: int, lr: float) -> float:
    return lr


def step(t: int, lr: float, steps: int, gamma=0.1) -> float:
    return lr * gamma ** (t // steps)


def exponential(t: int, lr: float, gamma: float) -> float:
    return lr * gamma**t


def half_cosine(x: float) -> float:
    return (1 + np.cos(np.pi * x)) / 2


def cosine(
    t: int, lr: float, steps: int, min_lr=0.0, restarts=False, growth=1
) -> float:
    while restarts and t >= steps:
        t, steps = t - steps, steps * growth
    return min_lr + (lr - min_lr) * half_cosine(min(t / steps, 1))


def one_cycle(
    t: int,
    max_lr: float,
    steps: int,
    pct_start=0.3,
    div_factor=25.0,
    final_div_factor=1e4,
    linear=False,
    three_phase=False,
) -> float:
    low = max_lr / div_factor
    nodes = [(0, low), (pct_start * steps - 1, max_lr)]
    nodes += [(2 * pct_start * steps - 2, low)] if three_phase else []
    nodes += [(steps - 1, low / final_div_factor)]
    t = min(t, steps - 1)
    for (t0, start), (t1, end) in itertools.pairwise(nodes):
        if t <= t1:
            x = (t - t0) / (t1 - t0)
            return start + (end - start) * (x if linear else 1 - half_cosine(x))
    raise AssertionError


def polynomial(t: int, lr: float, steps: int, power=1.0, min_lr=0.0) -> float:
    return min_lr + (lr - min_lr) * max(1 - t / steps, 0) ** power


def inverse_scaling(t: int, lr: float, power=0.5) -> float:
    return lr / (t + 1) ** power


def warmup(t: int, schedule: Any, steps: int, start_factor=1 / 3) -> float:
    if t >= steps:
        return schedule(t - steps)
    return schedule(0) * (start_factor + (1 - start_factor) * t / steps)


SCHEDULES = {
    f.__name__: f
    for f in (
        *(constant, step, exponential, cosine),
        *(one_cycle, polynomial, inverse_scaling, warmup),
    )
}


def clip_norm(g: Array, bound: float) -> Array:
    """g, scaled down if need be so that its 2-norm is at most the bound."""
    return g * min(1.0, bound / max(float(np.linalg.norm(g)), 1e-300))


def levenberg_marquardt(
    layers: list[Layer],
    X: Array,
    y: Array,
    loss: str,
    mu: float,
    weights: Array | None = None,
    l2: float = 0.0,
) -> tuple[float, Array]:
    """C, and the step d of (J^T J + l2/2 I_W + mu I) d = -(J^T r + l2/2 w)."""
    w = np.ones(len(X)) if weights is None else np.asarray(weights, float)
    _, a = forward(layers, X)
    K = y.shape[1]
    scale = np.sqrt({"mse": 1 / K, "quadratic": 1 / 2}[loss] * w / w.sum())
    r = (scale[:, None] * (a[-1] - y)).ravel()
    J = (scale[:, None, None] * jacobians(layers, X)[1]).reshape(len(r), -1)
    theta = flatten([None, *(x.W for x in layers)], [None, *(x.b for x in layers)])
    ones = [np.ones_like(x.W) for x in layers]
    zeros = [None if x.b is None else np.zeros_like(x.b) for x in layers]
    is_weight = flatten([None, *ones], [None, *zeros])
    H = J.T @ J + np.diag(l2 / 2 * is_weight + mu)
    C = r @ r + l2 / 2 * np.sum((is_weight * theta) ** 2)
    return C, -np.linalg.solve(H, J.T @ r + l2 / 2 * is_weight * theta)
