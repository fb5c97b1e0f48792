"""One training step of a 3-2-1 network, every number of it worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn

# Sigmoid everywhere, C = 1/2 (a - y)^2, gradient descent with eta = 0.5, one sample.
#
#   x = (1, 0.5, -1), y = 1
#   W[1] = (0.2  -0.4   0.1)   b[1] = ( 0.1)   W[2] = (0.6  -0.5)   b[2] = 0.2
#          (0.5   0.3  -0.2)          (-0.3)
#
# Forward:
#   z[1]_1 = 0.2 * 1 - 0.4 * 0.5 + 0.1 * -1 + 0.1 = 0.2 - 0.2 - 0.1 + 0.1  =  0
#   z[1]_2 = 0.5 * 1 + 0.3 * 0.5 - 0.2 * -1 - 0.3 = 0.5 + 0.15 + 0.2 - 0.3 =  0.55
#   a[1]_1 = 1 / (1 + e^0)     = 1 / 2        = 0.5
#   a[1]_2 = 1 / (1 + e^-0.55) = 1 / 1.576950 = 0.634136
#   z[2]   = 0.6 * 0.5 - 0.5 * 0.634136 + 0.2 = 0.3 - 0.317068 + 0.2 = 0.182932
#   a[2]   = 1 / (1 + e^-0.182932) = 1 / 1.832824 = 0.545606
#   C      = 1/2 (0.545606 - 1)^2 = 1/2 * 0.206474 = 0.103237
#
# Backward, with sigma'(z) = a (1 - a):
#   delta[2]   = (a - y) a (1 - a) = -0.454394 * 0.545606 * 0.454394
#              = -0.454394 * 0.247920 = -0.112653
#   delta[1]_1 =  0.6 * -0.112653 * 0.5 * 0.5
#              = -0.067592 * 0.25 = -0.016898
#   delta[1]_2 = -0.5 * -0.112653 * 0.634136 * 0.365864
#              =  0.056327 * 0.232008 = 0.013068
#
# Gradients dC/dW_kj = delta_k a_j, dC/db_k = delta_k:
#   dW[2] = -0.112653 (0.5  0.634136) = (-0.056327  -0.071438), db[2] = -0.112653
#   dW[1] = (-0.016898 (1  0.5  -1))  = (-0.016898  -0.008449   0.016898)
#           ( 0.013068 (1  0.5  -1))    ( 0.013068   0.006534  -0.013068)
#   db[1] = (-0.016898  0.013068)
#
# The step W - 0.5 dW, b - 0.5 db:
#   W[2] = (0.6 + 0.028163   -0.5 + 0.035719) = (0.628163  -0.464281)
#   b[2] = 0.2 + 0.056327 = 0.256327
#   W[1] = (0.2 + 0.008449  -0.4 + 0.004225   0.1 - 0.008449)
#          (0.5 - 0.006534   0.3 - 0.003267  -0.2 + 0.006534)
#        = (0.208449  -0.395775   0.091551)
#          (0.493466   0.296733  -0.193466)
#   b[1] = (0.1 + 0.008449  -0.3 - 0.006534) = (0.108449  -0.306534)
#
# and the output is nearer to 1 than before: a[2] = 0.570183, C = 0.092371.
X, Y = np.array([[1.0, 0.5, -1.0]]), np.array([1.0])
A1 = [0.5, 0.634136]
DELTA1, DELTA2 = [-0.016898, 0.013068], -0.112653
W1_AFTER = [[0.208449, -0.395775, 0.091551], [0.493466, 0.296733, -0.193466]]
B1_AFTER = [0.108449, -0.306534]
W2_AFTER, B2_AFTER = [[0.628163, -0.464281]], [0.256327]


@pytest.fixture(params=["float32", "float64"])
def net(request):
    net = fcnn.Network([3, 2, 1], loss="quadratic", dtype=request.param, seed=0)
    net.layers[1].weight = [[0.2, -0.4, 0.1], [0.5, 0.3, -0.2]]
    net.layers[1].bias = [0.1, -0.3]
    net.layers[2].weight = [[0.6, -0.5]]
    net.layers[2].bias = [0.2]
    return net


def near(expected):
    return pytest.approx(np.array(expected), abs=6e-7)


def test_backprop(net):
    b = net.backprop(X, Y)
    assert b.z[1] == near([[0.0, 0.55]])
    assert b.a[1] == near([A1])
    assert b.z[2] == near([[0.182932]])
    assert b.a[2] == near([[0.545606]])
    assert b.loss == pytest.approx(0.103237, abs=6e-7)
    assert b.delta[2] == near([[DELTA2]])
    assert b.delta[1] == near([DELTA1])
    assert b.weight_grad[2] == near([[-0.056327, -0.071438]])
    assert b.bias_grad[2] == near([DELTA2])
    dW1 = [[-0.016898, -0.008449, 0.016898], [0.013068, 0.006534, -0.013068]]
    assert b.weight_grad[1] == near(dW1)
    assert b.bias_grad[1] == near(DELTA1)


def train_fit(net):
    history = net.fit(X, Y, optimizer=fcnn.SGD(lr=0.5), epochs=1, batch_size=1)
    return history.loss[0]


def train_fit_batch(net):
    return net.fit_batch(X, Y, optimizer=fcnn.SGD(lr=0.5))


def train_by_theta(net):
    loss, gradient = net.loss_and_gradient(X, Y)
    net.parameters -= 0.5 * gradient
    return loss


@pytest.mark.parametrize("train", [train_fit, train_fit_batch, train_by_theta])
def test_step(net, train):
    loss = train(net)
    assert loss == pytest.approx(0.103237, abs=6e-7)
    assert net.layers[1].weight == near(W1_AFTER)
    assert net.layers[1].bias == near(B1_AFTER)
    assert net.layers[2].weight == near(W2_AFTER)
    assert net.layers[2].bias == near(B2_AFTER)
    assert net.predict(X) == near([[0.570183]])
    assert net.evaluate(X, Y)["loss"] == pytest.approx(0.092371, abs=6e-7)
    # theta, as it lies: W[1]^T row by row, b[1], W[2]^T, b[2]
    theta = [*np.transpose(W1_AFTER).ravel(), *B1_AFTER, *W2_AFTER[0], *B2_AFTER]
    assert net.parameters == near(theta)
