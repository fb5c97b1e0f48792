"""Jacobians, the input's gradient and Hessian products against torch.func, float64."""

from __future__ import annotations

import numpy as np
import pytest
from test_gradients_pytorch import (
    rows,
    torch_activation,
    torch_loss,
    well_conditioned,
)

import fcnn
import reference as ref
from helpers import (
    HIDDEN,
    LEGAL_PAIRS,
    OUTPUTS,
    assert_close,
    away_from_kinks,
    kinks,
    network,
    random_layers,
    random_targets,
)

pytestmark = pytest.mark.torch
TOLERANCE = 1e-9


def forward(torch, net, theta, X):
    """z[L] and a[L] for theta as one vector, as fcnn lays it out."""
    a, at = X, 0
    for layer in list(net.layers)[1:]:
        n_out, n_in = layer.weight.shape
        W = theta[at : at + n_out * n_in].reshape(n_in, n_out)
        at += n_out * n_in
        z = a @ W
        if layer.bias is not None:
            z = z + theta[at : at + n_out]
            at += n_out
        a = torch_activation(torch, layer.activation)(z)
    return z, a


def cost(torch, net, theta, X, y, w, loss, l1=0.0, l2=0.0):
    z, a = forward(torch, net, theta, X)
    losses = torch_loss(torch, loss, net.layers[-1].activation, z, a, y)
    C, at = (w * losses).sum() / w.sum(), 0
    for layer in list(net.layers)[1:]:
        W = theta[at : at + layer.weight.size]
        C = C + l1 * W.abs().sum() + l2 / 2 * (W**2).sum()
        at += layer.weight.size + (0 if layer.bias is None else layer.size)
    return C


def compare_jacobians(torch, net, X):
    theta, rows = torch.tensor(net.parameters), torch.tensor(X)

    def by_row(theta, x):
        return forward(torch, net, theta, x[None])[1][0]

    for at, actual in enumerate([net.parameter_jacobian(X), net.jacobian(X)]):
        derivative = torch.func.jacrev(by_row, argnums=at)
        expected = torch.func.vmap(derivative, in_dims=(None, 0))(theta, rows)
        assert_close(actual, expected.numpy(), TOLERANCE)


def compare_second(torch, net, X, y, loss, rng):
    w, v = rng.uniform(0.5, 2, len(X)), rng.normal(size=net.n_parameters)
    fixed = torch.tensor(y), torch.tensor(w), loss
    theta = torch.tensor(net.parameters, requires_grad=True)
    rows = torch.tensor(X, requires_grad=True)

    C = cost(torch, net, theta, rows, *fixed)
    (expected,) = torch.autograd.grad(C, rows)
    actual = net.input_gradient(X, y, loss, sample_weight=w)
    assert_close(actual, expected.numpy(), TOLERANCE, "dC/dX")

    C = cost(torch, net, theta, rows, *fixed, l1=0.01, l2=0.1)
    (gradient,) = torch.autograd.grad(C, theta, create_graph=True)
    (expected,) = torch.autograd.grad(gradient @ torch.tensor(v), theta)
    actual = net.hessian_vector_product(X, y, v, loss, sample_weight=w, l1=0.01, l2=0.1)
    assert_close(actual, expected.numpy(), TOLERANCE, "H v")


@pytest.mark.parametrize("n_in", [2, 4])  # forwards, backwards
@pytest.mark.parametrize("name", OUTPUTS)
def test_jacobians(name, n_in, torch, rng):
    hidden = "tanh" if name in ref.OUTPUT_ONLY else name
    layers = random_layers(
        rng, [n_in, 6, 5, 3], [hidden, "silu", name], [True, False, True]
    )
    compare_jacobians(torch, network(layers), away_from_kinks(rng, layers, 8))


@pytest.mark.parametrize(("output", "loss"), LEGAL_PAIRS)
def test_all_pairs(output, loss, torch, rng):
    layers = random_layers(rng, [4, 6, 3], ["tanh", output], scale=2.0)
    X = rows(rng, layers, 10, loss)
    a = ref.forward(layers, X)[1][-1]
    assert well_conditioned(a, output, loss).all()
    y = random_targets(rng, a, loss)
    compare_second(torch, network(layers), X, y, loss, rng)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_all_hidden_activations(hidden, torch, rng):
    layers = random_layers(rng, [4, 6, 5, 2], [hidden, hidden, "identity"], scale=2.0)
    X = rows(rng, layers, 10, "mse")
    y = rng.normal(size=(10, 2))
    compare_second(torch, network(layers), X, y, "mse", rng)


@pytest.mark.parametrize("name", HIDDEN)
def test_second_derivatives_on_kinks(name, torch):
    """And at 0, where that of softsign jumps."""
    points = np.array([0.0, -0.0, *kinks(name)])
    z = torch.tensor(points, requires_grad=True)
    a = torch_activation(torch, name)(z)
    (slope,) = torch.autograd.grad(a.sum(), z, create_graph=True)
    second = np.zeros(len(points))
    if slope.requires_grad:
        second = torch.autograd.grad(slope.sum(), z, allow_unused=True)[0]
        second = np.zeros(len(points)) if second is None else second.numpy()
    actual = fcnn._core.activation_second_derivative(name, points)
    np.testing.assert_allclose(actual, second, atol=1e-15)
    np.testing.assert_allclose(ref.second_derivative(name)(points), second, atol=1e-15)


@pytest.mark.parametrize("name", ["mae", "huber", "huber(0.5)"])
def test_second_derivatives_of_losses_on_kinks(name, torch):
    F = torch.nn.functional
    base, delta = ref.split_name(name)
    for point in (0.0, 1.0, -1.0, 0.5, -0.5, 0.2):
        a, y = torch.tensor([[point]], requires_grad=True), torch.zeros(1, 1)
        loss = (
            F.l1_loss(a, y) if base == "mae" else F.huber_loss(a, y, delta=delta or 1)
        )
        (slope,) = torch.autograd.grad(loss, a, create_graph=True)
        (second,) = torch.autograd.grad(slope.sum(), a)
        net = fcnn.Network([1, 1], output="identity", dtype="float64", seed=0)
        net.parameters = [1, 0]
        product = net.hessian_vector_product([point], 0, [0, 1], name)
        assert product[1] == second.item()
