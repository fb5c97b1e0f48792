"""reference.py's rules, and the core's, against torch.optim over 20 steps."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
import reference as ref
from helpers import assert_close

pytestmark = pytest.mark.torch

# fcnn's optimizer, torch's class and its arguments
CASES = [
    (fcnn.SGD(), "SGD", {}),
    (fcnn.SGD(lr=0.3), "SGD", {"lr": 0.3}),
    (fcnn.SGD(lr=0.1, momentum=0.9), "SGD", {"lr": 0.1, "momentum": 0.9}),
    (
        fcnn.SGD(lr=0.1, momentum=0.8, nesterov=True),
        "SGD",
        {"lr": 0.1, "momentum": 0.8, "nesterov": True},
    ),
    (fcnn.Adam(), "Adam", {}),
    (
        fcnn.Adam(lr=0.05, betas=(0.7, 0.95), eps=1e-3),
        "Adam",
        {"lr": 0.05, "betas": (0.7, 0.95), "eps": 1e-3},
    ),
    (fcnn.AdamW(), "AdamW", {}),
    (
        fcnn.AdamW(lr=0.05, weight_decay=0.3),
        "AdamW",
        {"lr": 0.05, "weight_decay": 0.3},
    ),
    (fcnn.RMSprop(), "RMSprop", {}),
    (fcnn.RMSprop(centered=True), "RMSprop", {"centered": True}),
    (fcnn.RMSprop(momentum=0.5), "RMSprop", {"momentum": 0.5}),
    (
        fcnn.RMSprop(lr=0.02, alpha=0.8, eps=1e-4, momentum=0.9, centered=True),
        "RMSprop",
        {"lr": 0.02, "alpha": 0.8, "eps": 1e-4, "momentum": 0.9, "centered": True},
    ),
    (fcnn.Adagrad(), "Adagrad", {}),
    (
        fcnn.Adagrad(lr=0.1, lr_decay=0.2, eps=1e-3, initial_accumulator_value=0.5),
        "Adagrad",
        {"lr": 0.1, "lr_decay": 0.2, "eps": 1e-3, "initial_accumulator_value": 0.5},
    ),
    (fcnn.NAdam(), "NAdam", {}),
    (
        fcnn.NAdam(lr=0.01, betas=(0.8, 0.9), eps=1e-4, momentum_decay=0.1),
        "NAdam",
        {"lr": 0.01, "betas": (0.8, 0.9), "eps": 1e-4, "momentum_decay": 0.1},
    ),
    (fcnn.Rprop(), "Rprop", {}),
    (
        fcnn.Rprop(lr=0.1, etas=(0.3, 1.7), step_sizes=(0.05, 0.3)),
        "Rprop",
        {"lr": 0.1, "etas": (0.3, 1.7), "step_sizes": (0.05, 0.3)},
    ),
]


@pytest.mark.parametrize("clip", [None, 0.05])
@pytest.mark.parametrize(
    ("optimizer", "torch_name", "arguments"), CASES, ids=[repr(c[0]) for c in CASES]
)
def test_twenty_steps(optimizer, torch_name, arguments, clip, torch, rng):
    """The gradients are fcnn's own, at torch's theta: the rule alone is compared."""
    net = fcnn.Network([3, 5, 2], "tanh", "softmax", dtype="float64", seed=1)
    X, y = rng.normal(size=(20, 8, 3)), rng.integers(0, 2, (20, 8))
    theta = torch.tensor(net.parameters.copy(), requires_grad=True)
    step = getattr(torch.optim, torch_name)([theta], **arguments)
    rule, at, state = ref.OPTIMIZERS[optimizer.name], net.parameters.copy(), {}
    probe = net.copy()
    for t in range(20):
        probe.parameters[:] = theta.detach().numpy()
        _, g = probe.loss_and_gradient(X[t], y[t])
        if clip is not None:
            assert np.linalg.norm(g) > clip
            g = ref.clip_norm(g, clip)
        theta.grad = torch.tensor(g)
        step.step()
        at = rule(at, g, state, t + 1, **optimizer.hyperparameters)
        batch = {} if optimizer.full_batch else {"batch_size": len(X[t])}
        net.fit(X[t], y[t], optimizer=optimizer, epochs=1, clip_norm=clip, **batch)
        assert_close(at, theta.detach(), 1e-10, "reference.py")
        assert_close(net.parameters, theta.detach(), 1e-10, "fcnn")


@pytest.mark.parametrize("bound", [1e-3, 1.0, 1e3])
def test_clip_norm(bound, torch, rng):
    """torch adds 1e-6 to the norm that it divides by; fcnn does not."""
    g = rng.normal(size=50)
    theta = torch.zeros(50, requires_grad=True)
    theta.grad = torch.tensor(g)
    torch.nn.utils.clip_grad_norm_([theta], bound)
    assert_close(ref.clip_norm(g, bound), theta.grad, 1e-6)
