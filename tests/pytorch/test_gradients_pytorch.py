"""The core and reference.py against PyTorch's autograd, in float64, on |z| < 15.

Every activation and every loss that PyTorch has. hard_sigmoid is relu6(z + 3) / 6,
since PyTorch's own is single precision inside.
"""

from __future__ import annotations

import numpy as np
import pytest

import reference as ref
from helpers import (
    HIDDEN,
    LEGAL_PAIRS,
    assert_close,
    distance_to_kink,
    network,
    random_layers,
    random_targets,
)

pytestmark = pytest.mark.torch
TOLERANCE = 1e-10


def torch_activation(torch, name):
    F = torch.nn.functional
    base, parameter = ref.split_name(name)
    if parameter is not None and base != "hard_sigmoid":
        return lambda z: getattr(F, base)(z, parameter)
    slope = 1 / 6 if parameter is None else parameter
    return {
        "identity": lambda z: z,
        "exp": torch.exp,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "softmax": lambda z: torch.softmax(z, dim=1),
        "gelu_tanh": lambda z: F.gelu(z, approximate="tanh"),
        "hard_tanh": F.hardtanh,
        "hard_sigmoid": lambda z: F.relu6(6 * slope * z + 3) / 6,
        # torch's threshold of 20 is out of reach of |z| < 15
    }.get(base) or getattr(F, base)


def torch_loss(torch, name, output, z, a, y):
    """C of each sample."""
    F = torch.nn.functional
    base, parameter = ref.split_name(name)
    if base == "cross_entropy":
        if output == "softmax":
            return F.cross_entropy(z, y, reduction="none")
        return -(y * torch.log(a)).sum(1)
    if base == "quadratic":
        return 0.5 * ((a - y) ** 2).sum(1)
    if base in {"binary_cross_entropy", "logistic"}:
        if output == "sigmoid":
            terms = F.binary_cross_entropy_with_logits(z, y, reduction="none")
        else:
            terms = F.binary_cross_entropy(a, y, reduction="none")
        return terms.mean(1) if base == "binary_cross_entropy" else terms.sum(1)
    if base == "poisson":
        logarithmic = output == "exp"
        return F.poisson_nll_loss(
            z if logarithmic else a, y, log_input=logarithmic, eps=0.0, reduction="none"
        ).mean(1)
    if base == "poisson_deviance":
        constant = y * torch.log(y) - y
        return (constant + a - y * (z if output == "exp" else torch.log(a))).sum(1)
    if base == "huber":
        return F.huber_loss(a, y, reduction="none", delta=parameter or 1.0).mean(1)
    return {"mse": F.mse_loss, "mae": F.l1_loss}[base](a, y, reduction="none").mean(1)


def autograd(torch, layers, X, y, loss, weights):
    """The loss and the gradients of every W, b and z, as reference.backward's."""
    leaf = {"requires_grad": True}
    W = [None, *(torch.tensor(layer.W, **leaf) for layer in layers)]
    b = [None, *(torch.tensor(layer.b, **leaf) for layer in layers)]
    z, a, y = [None], [torch.tensor(X)], torch.tensor(y)
    for l, layer in enumerate(layers, start=1):
        z.append(torch.nn.functional.linear(a[-1], W[l], b[l]))
        z[l].retain_grad()
        a.append(torch_activation(torch, layer.activation)(z[l]))
    w = torch.tensor(weights)
    losses = torch_loss(torch, loss, layers[-1].activation, z[-1], a[-1], y)
    C = (w * losses).sum() / w.sum()
    C.backward()

    def gradients(tensors):
        return [None, *(t.grad.numpy() for t in tensors[1:])]

    values = [A.detach().numpy() for A in a]
    return ref.Gradients(
        C.item(),
        [None, *(A.detach().numpy() for A in z[1:])],
        values,
        gradients(z),
        gradients(W),
        gradients(b),
    )


def well_conditioned(a, output, loss):
    """The rows whose loss PyTorch computes well: where log a, log(1 - a) are not taken
    of a rounded 0 or 1, and its own log of an output is finite."""
    base, _ = ref.split_name(loss)
    if base not in ref.OUTPUTS or (output, loss) in ref.NATURAL_TERMS:
        return np.full(len(a), True)
    low = 1e-5 if not base.startswith("poisson") or output == "softmax" else 1e-8
    high = np.inf if base.startswith("poisson") else 1 - 1e-5
    return ((a > low) & (a < high)).all(axis=1)


def rows(rng, layers, n, loss):
    """n random rows with |z| < 15 in every layer, in some near to it."""
    X = rng.normal(size=(20000, layers[0].W.shape[1]))
    z, a = ref.forward(layers, X)
    highest = np.max([np.abs(A).max(axis=1) for A in z[1:]], axis=0)
    good = (highest < 15) & (distance_to_kink(layers, X) > 1e-3)
    good &= well_conditioned(a[-1], layers[-1].activation, loss)
    # the largest z first, and as many of any size
    chosen = np.flatnonzero(good)
    chosen = chosen[np.argsort(-highest[chosen])]
    chosen = np.concatenate([chosen[: n // 2], chosen[-(n // 2) :]])
    assert len(chosen) == n
    return X[chosen]


def compare(torch, layers, X, loss, rng):
    _, a = ref.forward(layers, X)
    y = random_targets(rng, a[-1], loss)
    w = rng.uniform(0.5, 2, len(X))
    expected = autograd(torch, layers, X, y, loss, w)
    g = ref.backward(layers, X, y, loss, w)
    b = network(layers).backprop(X, y, loss, sample_weight=w)
    assert_close(g.loss, expected.loss, TOLERANCE, "loss")
    assert_close(b.loss, expected.loss, TOLERANCE, "loss")
    for l in range(1, len(layers) + 1):
        for name in ("z", "a", "delta", "dW", "db"):
            actual = getattr(g, name)[l]
            assert_close(actual, getattr(expected, name)[l], TOLERANCE, f"{name}[{l}]")
        for name, torch_name in (
            ("z", "z"),
            ("a", "a"),
            ("delta", "delta"),
            ("weight_grad", "dW"),
            ("bias_grad", "db"),
        ):
            actual = getattr(b, name)[l]
            assert_close(actual, getattr(expected, torch_name)[l], TOLERANCE, name)


@pytest.mark.parametrize(("output", "loss"), LEGAL_PAIRS)
def test_all_pairs(output, loss, torch, rng):
    layers = random_layers(rng, [4, 6, 3], ["tanh", output], scale=6.0)
    X = rows(rng, layers, 10, loss)
    z, a = ref.forward(layers, X)
    if well_conditioned(a[-1] * 0, output, loss).all():  # as it is for any z
        assert np.abs(z[2]).max() > 14
    compare(torch, layers, X, loss, rng)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_all_hidden_activations(hidden, torch, rng):
    layers = random_layers(rng, [4, 6, 5, 2], [hidden, hidden, "identity"], scale=2.0)
    X = rows(rng, layers, 10, "mse")
    z, _ = ref.forward(layers, X)
    assert max(np.abs(A).max() for A in z[1:]) > 10
    compare(torch, layers, X, "mse", rng)
