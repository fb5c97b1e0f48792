"""Values and derivatives exactly on the kinks and at zero are PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
from test_gradients_pytorch import torch_activation

import reference as ref
from helpers import HIDDEN, kinks

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("name", HIDDEN)
def test_activation(name, torch):
    points = [0.0, -0.0, *kinks(name)]
    z = torch.tensor(points, requires_grad=True)
    a = torch_activation(torch, name)(z)
    a.sum().backward()
    value, derivative = ref.activation(name)
    np.testing.assert_allclose(value(np.array(points)), a.detach(), atol=1e-15)
    np.testing.assert_allclose(derivative(np.array(points)), z.grad, atol=1e-15)


@pytest.mark.parametrize("name", ["mae", "huber", "huber(0.5)"])
def test_loss(name, torch):
    F = torch.nn.functional
    base, delta = ref.split_name(name)
    points = np.array([0.0, 1.0, -1.0, 0.5, -0.5])
    a, y = torch.tensor(points, requires_grad=True), torch.zeros(5)
    loss = (
        F.l1_loss(a, y, reduction="sum")
        if base == "mae"
        else F.huber_loss(a, y, reduction="sum", delta=delta or 1.0)
    )
    loss.backward()
    assert ref.loss_function(name).term(points, 0).sum() == loss.item()
    assert np.array_equal(ref.loss_function(name).derivative(points, 0), a.grad)


def test_bounds_of_logarithm_and_denominator(torch):
    """binary_cross_entropy of outputs that are 0 and 1, or nearly."""
    points = np.array([0.0, 1.0, 1e-45, 1e-13, 1 - 1e-13, 1e-11, 0.3])
    for target in (0.0, 0.25, 1.0):
        a = torch.tensor(points, requires_grad=True)
        y = torch.full_like(a, target)
        terms = torch.nn.functional.binary_cross_entropy(a, y, reduction="none")
        terms.sum().backward()
        loss = ref.LOSSES["binary_cross_entropy"]
        expected = loss.term(points, np.full(7, target))
        np.testing.assert_allclose(terms.detach(), expected, rtol=1e-12, atol=1e-16)
        expected = loss.derivative(points, np.full(7, target))
        # its bound is 1e-12 in single precision
        np.testing.assert_allclose(a.grad, expected, rtol=1e-8)
