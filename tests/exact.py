"""The activations as mathematics has them: what the tests in ulps measure by.

WIDE is for NumPy arrays of a type wider than the one that is tested, EXACT for single
numbers of mpmath. Unlike reference.py's, these keep their relative accuracy where the
result is small.
"""

from __future__ import annotations

import mpmath as mp
import numpy as np
from scipy.special import erfc

SELU_SCALE = "1.0507009873554804934193349852946"
SELU_ALPHA = "1.6732632423543772848170429916717"
mp.mp.prec = 200


def wide_sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))


def wide_softplus(z):
    return np.logaddexp(0, z)


def wide_elu(z, alpha=1):
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def wide_gelu_tanh(z):  # z (1 + tanh u) / 2 = z sigmoid(2 u)
    pi = 4 * np.arctan(z.dtype.type(1))
    cubic = z.dtype.type("0.044715") * z**3
    return z * wide_sigmoid(2 * np.sqrt(2 / pi) * (z + cubic))


def wide_selu(z):
    return z.dtype.type(SELU_SCALE) * wide_elu(z, z.dtype.type(SELU_ALPHA))


def wide_gelu(z):
    return z * erfc(-z / np.sqrt(2.0)) / 2


WIDE = {
    "identity": lambda z: z,
    "sigmoid": wide_sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, z / 100),
    "leaky_relu(0.2)": lambda z: np.where(z > 0, z, z / 5),
    "elu": wide_elu,
    "elu(0.5)": lambda z: wide_elu(z, 0.5),
    "selu": wide_selu,
    "softplus": wide_softplus,
    "softsign": lambda z: z / (1 + np.abs(z)),
    "gelu": wide_gelu,
    "gelu_tanh": wide_gelu_tanh,
    "silu": lambda z: z * wide_sigmoid(z),
    "mish": lambda z: z * np.tanh(wide_softplus(z)),
    "hard_sigmoid": lambda z: np.clip((z + 3) / 6, 0, 1),
    "hard_sigmoid(0.2)": lambda z: np.clip((z + 2.5) / 5, 0, 1),
    "hard_tanh": lambda z: np.clip(z, -1, 1),
    "exp": np.exp,
}


def sigmoid(z):
    z = max(z, mp.mpf(-100000))  # beyond, mpmath's exponents become very long
    return mp.exp(z) / (1 + mp.exp(z)) if z < 0 else 1 / (1 + mp.exp(-z))


def softplus(z):
    z = max(z, mp.mpf(-100000))
    return mp.log1p(mp.exp(z)) if z < 0 else z + mp.log1p(mp.exp(-min(z, 100000)))


def elu(z, alpha=1):
    return z if z > 0 else alpha * mp.expm1(max(z, -100000))


def gelu(z):
    return z * mp.erfc(-max(z, -1000) / mp.sqrt(2)) / 2 if z < 1000 else z


def gelu_tanh(z):
    return z * sigmoid(2 * mp.sqrt(2 / mp.pi) * (z + mp.mpf("0.044715") * z**3))


def clipped(z, low, high):
    return min(max(z, mp.mpf(low)), mp.mpf(high))


EXACT = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": lambda z: mp.tanh(clipped(z, -1000, 1000)),
    "relu": lambda z: max(z, mp.mpf(0)),
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "leaky_relu(0.2)": lambda z: z if z > 0 else z / 5,
    "elu": elu,
    "elu(0.5)": lambda z: elu(z, mp.mpf(1) / 2),
    "selu": lambda z: mp.mpf(SELU_SCALE) * elu(z, mp.mpf(SELU_ALPHA)),
    "softplus": softplus,
    "softsign": lambda z: z / (1 + abs(z)),
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "silu": lambda z: z * sigmoid(z),
    "mish": lambda z: z * mp.tanh(min(softplus(z), 1000)),
    "hard_sigmoid": lambda z: clipped((z + 3) / 6, 0, 1),
    "hard_sigmoid(0.2)": lambda z: clipped((z + mp.mpf("2.5")) / 5, 0, 1),
    "hard_tanh": lambda z: clipped(z, -1, 1),
    "exp": lambda z: mp.exp(clipped(z, -100000, 100000)),
}


def exact_values(name, z):
    """EXACT[name] of each z, as the sum of two arrays of doubles."""
    high, low = np.zeros(z.shape), np.zeros(z.shape)
    largest = mp.mpf(np.finfo(float).max)
    for i, number in enumerate(z):
        value = EXACT[name](mp.mpf(float(number)))
        if abs(value) > largest:
            high[i] = mp.sign(value) * np.inf
        else:
            high[i] = float(value)
            low[i] = float(value - mp.mpf(high[i]))
    return high, low
