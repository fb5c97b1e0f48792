"""Jacobians, the input's gradient and Hessian products: exact, and the same bits.

Against the NumPy twin, central differences, and by hand; PyTorch is tests/pytorch's.
"""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pytest

import fcnn
import reference as ref
from helpers import (
    HIDDEN,
    LEGAL_PAIRS,
    OUTPUTS,
    assert_close,
    away_from_kinks,
    network,
    random_layers,
    random_targets,
    rounded,
)

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
DTYPES = ["float64", "float32"]


def layers_with(rng, name, sizes=(5, 6, 4, 3)):
    """Layers of which the last has the activation, and the hidden ones where it may."""
    hidden = "tanh" if name in ref.OUTPUT_ONLY else name
    bias = [True, False, True]
    return random_layers(rng, sizes, [hidden, "silu", name], bias, scale=0.8)


# The input's Jacobian goes backwards from few outputs, and forwards from few inputs.
@pytest.mark.parametrize("sizes", [(5, 6, 4, 3), (3, 6, 4, 5)])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OUTPUTS)
def test_jacobians_are_the_references(name, dtype, sizes, rng):
    layers = rounded(layers_with(rng, name, sizes), dtype)
    X = away_from_kinks(rng, layers, 9, distance=1e-3).astype(dtype)
    by_input, by_theta = ref.jacobians(layers, X)
    net = network(layers, dtype)
    assert_close(net.jacobian(X), by_input, TOLERANCE[dtype], "dX")
    assert_close(net.parameter_jacobian(X), by_theta, TOLERANCE[dtype], "dtheta")
    assert net.jacobian(X).dtype == net.parameter_jacobian(X).dtype == net.dtype


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [[1, 1], [1, 40, 1], [17, 16, 33], [70, 3, 18, 9]])
@pytest.mark.parametrize("n", [1, 2, 31, 300])
def test_shapes(sizes, n, dtype, rng):
    layers = rounded(random_layers(rng, sizes, ["tanh"] * (len(sizes) - 1)), dtype)
    X = rng.normal(size=(n, sizes[0])).astype(dtype)
    by_input, by_theta = ref.jacobians(layers, X)
    net = network(layers, dtype)
    assert_close(net.jacobian(X), by_input, TOLERANCE[dtype], "dX")
    assert_close(net.parameter_jacobian(X), by_theta, TOLERANCE[dtype], "dtheta")
    y, v = rng.normal(size=(n, sizes[-1])), rng.normal(size=net.n_parameters)
    actual = net.input_gradient(X, y, "quadratic")
    delta = net.backprop(X, y, "quadratic").delta[1]
    assert_close(actual, delta @ net.layers[1].weight, TOLERANCE[dtype])
    product = net.hessian_vector_product(X, y, v, "quadratic")
    assert product.shape == v.shape
    assert product.dtype == dtype
    double = network(layers)
    expected = difference_along(double, v, 1e-5, X, y, "quadratic")
    assert_close(product, expected, 1e-7 if dtype == "float64" else 1e-4)


@pytest.mark.parametrize("name", OUTPUTS)
def test_jacobians_are_differences(name, rng):
    layers = layers_with(rng, name)
    X, h = away_from_kinks(rng, layers, 4), 1e-6
    net = network(layers)
    by_input, by_theta = net.jacobian(X), net.parameter_jacobian(X)
    for j, step in enumerate(h * np.eye(5)):
        change = (net.predict(X + step) - net.predict(X - step)) / (2 * h)
        assert np.abs(change - by_input[:, :, j]).max() <= 1e-8 * np.abs(by_input).max()
    theta = net.parameters
    for p in range(theta.size):
        kept = theta[p]
        theta[p] = kept + h
        above = net.predict(X)
        theta[p] = kept - h
        change = (above - net.predict(X)) / (2 * h)
        theta[p] = kept
        assert np.abs(change - by_theta[:, :, p]).max() <= 1e-8 * np.abs(by_theta).max()


def difference_along(net, v, h, X, y, loss, **arguments):
    """The central difference of the gradient along v."""
    theta = net.parameters.copy()
    gradients = []
    for step in (h, -h):
        net.parameters = theta + step * v
        gradients.append(net.loss_and_gradient(X, y, loss, **arguments)[1])
    net.parameters = theta
    return (gradients[0] - gradients[1]) / (2 * h)


def pair(rng, output, loss):
    """Layers with the pair and one of the hidden activations; X, y off the kinks."""
    hidden = HIDDEN[LEGAL_PAIRS.index((output, loss)) % len(HIDDEN)]
    layers = random_layers(rng, [3, 4, 5, 3], [hidden, "tanh", output], scale=0.8)
    X = away_from_kinks(rng, layers, 7)
    y = random_targets(rng, ref.forward(layers, X)[1][-1], loss)
    return layers, X, y


@pytest.mark.parametrize(("output", "loss"), LEGAL_PAIRS)
def test_hessian_vector_product_is_the_gradients_difference(output, loss, rng):
    layers, X, y = pair(rng, output, loss)
    net, w = network(layers), rng.uniform(0.5, 2, 7)
    v = rng.normal(size=net.n_parameters)
    arguments = {"sample_weight": w, "l1": 0.01, "l2": 0.1}
    expected = difference_along(net, v, 1e-6, X, y, loss, **arguments)
    actual = net.hessian_vector_product(X, y, v, loss, **arguments)
    assert_close(actual, expected, 1e-8)
    single = network(layers, "float32").hessian_vector_product(
        X, y, v, loss, **arguments
    )
    assert_close(single, expected, 1e-4)


def test_hessian_of_cross_entropy_with_targets_that_do_not_sum_to_one(rng):
    net = fcnn.Network([3, 5, 4], "tanh", "softmax", dtype="float64", seed=1)
    X, y = rng.normal(size=(6, 3)), rng.uniform(size=(6, 4))
    v = rng.normal(size=net.n_parameters)
    expected = difference_along(net, v, 1e-6, X, y, "cross_entropy")
    assert_close(net.hessian_vector_product(X, y, v), expected, 1e-8)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_hessian_of_all_hidden_activations(hidden, rng):
    layers = random_layers(rng, [3, 5, 4, 2], [hidden, hidden, "identity"])
    X, y = away_from_kinks(rng, layers, 6), rng.normal(size=(6, 2))
    net = network(layers)
    v = rng.normal(size=net.n_parameters)
    expected = difference_along(net, v, 1e-6, X, y, "mse")
    assert_close(net.hessian_vector_product(X, y, v, "mse"), expected, 1e-8)


@pytest.mark.parametrize(("output", "loss"), LEGAL_PAIRS)
def test_input_gradient_is_a_difference_and_the_references(output, loss, rng):
    layers, X, y = pair(rng, output, loss)
    net, w, h = network(layers), rng.uniform(0.5, 2, 7), 1e-6
    actual = net.input_gradient(X, y, loss, sample_weight=w)
    expected = np.empty_like(X)
    for at in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[at] = h
        above, below = (
            net.loss_and_gradient(X + s, y, loss, sample_weight=w)[0]
            for s in (step, -step)
        )
        expected[at] = (above - below) / (2 * h)
    assert_close(actual, expected, 1e-6)
    delta = ref.backward(layers, X, y, loss, w).delta[1]
    assert_close(actual, delta @ layers[0].W, 1e-12)
    single = network(layers, "float32").input_gradient(X, y, loss, sample_weight=w)
    assert_close(single, expected, 1e-4)


def test_hessian_is_symmetric_and_linear(rng):
    net = fcnn.Network([3, 5, 4], "gelu", "softmax", dtype="float64", seed=1)
    X, y = rng.normal(size=(300, 3)), rng.integers(0, 4, 300)

    def times(v):
        return net.hessian_vector_product(X, y, v, l2=0.1)

    H = np.array([times(v) for v in np.eye(net.n_parameters)])
    assert_close(H, H.T, 1e-14)
    v = rng.normal(size=net.n_parameters)
    assert_close(times(v), H @ v, 1e-14)
    assert not times(np.zeros(net.n_parameters)).any()


def test_gauss_newton_is_the_hessian_of_a_linear_network(rng):
    """Of quadratic: H = sum_i J_i^T J_i / n."""
    net = fcnn.Network([4, 3], output="identity", dtype="float64", seed=1)
    X, y = rng.normal(size=(20, 4)), rng.normal(size=(20, 3))
    J, v = net.parameter_jacobian(X), rng.normal(size=net.n_parameters)
    expected = np.einsum("ikp,ikq,q->p", J, J, v) / 20
    assert_close(net.hessian_vector_product(X, y, v, "quadratic"), expected, 1e-14)


# By hand: sigmoid 1-1-1, w1 = 1, b1 = 0, w2 = 2, b2 = -1, x = 0, y = 0, quadratic.
#   z1 = 0, a1 = 1/2, sigma' = 1/4, sigma'' = 0;  z2 = 2/2 - 1 = 0, a2 = 1/2, the same
#   da2/dx = w2 / 4 * w1 / 4 = 1/8
#   theta = (w1, b1, w2, b2): da2/dtheta = (0, 2/4/4, a1/4, 1/4) = (0, 1/8, 1/8, 1/4)
#   dC/dx = a2 / 8 = 1/16
# Along v = (0, 1, 0, 0):
#   R z1 = 1, R a1 = 1/4;  R z2 = 2/4 = 1/2, R a2 = 1/8
#   delta2 = a2 / 4 = 1/8,      R delta2 = R a2 / 4 + a2 * 0 = 1/32
#   s1 = 2 delta2 = 1/4,        R s1 = 2/32 = 1/16
#   delta1 = s1 / 4 = 1/16,     R delta1 = R s1 / 4 + s1 * 0 = 1/64
#   H v = (R delta1 x, R delta1, R delta2 a1 + delta2 R a1, R delta2)
#       = (0, 1/64, 1/64 + 1/32, 1/32)
@pytest.mark.parametrize("dtype", DTYPES)
def test_by_hand(dtype):
    net = fcnn.Network([1, 1, 1], loss="quadratic", dtype=dtype, seed=0)
    net.parameters = [1, 0, 2, -1]
    assert np.array_equal(net.jacobian([0]), [[1 / 8]])
    assert np.array_equal(net.parameter_jacobian([0]), [[0, 1 / 8, 1 / 8, 1 / 4]])
    assert np.array_equal(net.input_gradient([0], 0), [1 / 16])
    product = net.hessian_vector_product([0], 0, [0, 1, 0, 0])
    assert np.array_equal(product, [0, 1 / 64, 3 / 64, 1 / 32])
    expected = np.array([0, 1 / 64, 3 / 64 + 8, 1 / 32])
    product = net.hessian_vector_product([0], 0, [0, 1, 1, 0], l1=1, l2=8)
    other = net.hessian_vector_product([0], 0, [0, 0, 1, 0])
    assert np.array_equal(product, expected + other)


def bits(a):
    return a.view("u4" if a.dtype == np.float32 else "u8")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("output", ["softmax", "gelu"])
@pytest.mark.parametrize(("n_in", "n_out"), [(5, 4), (3, 18)])
def test_the_bits_of_a_row_are_its_own(
    n_in, n_out, output, dtype, rng, split_everything
):
    net = fcnn.Network([n_in, 19, n_out], "mish", output, dtype=dtype, seed=1)
    X = rng.normal(size=(600, n_in))
    for derivative in (net.jacobian, net.parameter_jacobian):
        fcnn.set_num_threads(1)
        whole = derivative(X)
        for threads in (2, 3, 5):
            fcnn.set_num_threads(threads)
            assert np.array_equal(bits(derivative(X)), bits(whole))
        for n in (1, 2, 13, 70, 257):
            start = int(rng.integers(0, 600 - n))
            part = derivative(X[start : start + n])
            assert np.array_equal(bits(part), bits(whole[start : start + n]))
        for i in rng.integers(0, 600, 10):
            assert np.array_equal(bits(derivative(X[i])), bits(whole[i]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 7, 600])
def test_threads_give_the_same_bits(n, dtype, rng, split_everything):
    net = fcnn.Network([40, 19, 4], "silu", "softmax", dtype=dtype, seed=1)
    X, y = rng.normal(size=(n, 40)), rng.integers(0, 4, n)
    v = rng.normal(size=net.n_parameters)
    results = set()
    for threads in (1, 2, 3):
        fcnn.set_num_threads(threads)
        product = net.hessian_vector_product(X, y, v, l2=0.1)
        results.add(product.tobytes() + net.input_gradient(X, y).tobytes())
    assert len(results) == 1


def test_second_derivatives_on_kinks_are_zero():
    """As in PyTorch: z[1] = 0, and a = y for mae, |a - y| = delta for huber."""
    for hidden in ("relu", "leaky_relu", "elu", "selu"):
        net = fcnn.Network([1, 1, 1], hidden, "identity", dtype="float64", seed=0)
        net.parameters = [1, 0, 1, 0]
        product = net.hessian_vector_product([0], 1, [0, 1, 0, 0], "mae")
        slope = ref.activation(hidden).derivative(np.zeros(1))[0]
        assert np.array_equal(product, [0, 0, -slope, 0])
    net = fcnn.Network([1, 1], output="identity", dtype="float64", seed=0)
    net.parameters = [1, 0]
    assert not net.hessian_vector_product([1], 1, [1, 1], "mae").any()
    assert not net.hessian_vector_product([2], 1, [1, 1], "huber").any()
    assert net.hessian_vector_product([1.5], 1, [1, 1], "huber").all()


def test_one_row_and_no_rows():
    net = fcnn.Network([3, 4, 2], seed=0)
    assert net.jacobian([1, 2, 3]).shape == (2, 3)
    assert net.jacobian(np.empty((0, 3))).shape == (0, 2, 3)
    assert net.parameter_jacobian([1, 2, 3]).shape == (2, 26)
    assert net.parameter_jacobian(np.empty((0, 3))).shape == (0, 2, 26)
    assert net.input_gradient([1, 2, 3], [0, 1]).shape == (3,)
    assert net.input_gradient([[1, 2, 3]], [[0, 1]]).shape == (1, 3)


@pytest.mark.parametrize("kind", ["i1", "f2", "f4", ">f8", "longdouble", "bool"])
def test_rows_and_v_of_any_dtype(kind, rng):
    net = fcnn.Network([3, 4, 2], dtype="float64", seed=0)
    X, v = rng.integers(0, 2, (5, 3)), rng.integers(0, 2, net.n_parameters)
    y = [0, 1, 0, 1, 1]
    assert np.array_equal(
        net.jacobian(X.astype(kind)[:, ::-1]), net.jacobian(X[:, ::-1])
    )
    actual = net.hessian_vector_product(X.astype(kind), y, v.astype(kind))
    assert np.array_equal(actual, net.hessian_vector_product(X, y, list(v)))


BAD_V = [
    (np.zeros(25), ValueError, r"shape \(26,\), not \(25,\)"),
    (np.zeros((26, 1)), ValueError, r"shape \(26,\), not \(26, 1\)"),
    (0.0, ValueError, r"shape \(26,\), not \(\)"),
    (np.full(26, np.nan), ValueError, r"finite.*v\[0\] is nan"),
    (np.array([0.0] * 25 + [1e39]), ValueError, r"finite.*v\[25\] is 1e\+39"),
    (np.zeros(26, complex), TypeError, "real numbers"),
    (["x"] * 26, TypeError, "real numbers"),
]


@pytest.mark.parametrize(("v", "error", "message"), BAD_V)
def test_refused_v(v, error, message):
    net = fcnn.Network([3, 4, 2], seed=0)
    with pytest.raises(error, match=message):
        net.hessian_vector_product(np.ones((5, 3)), np.ones((5, 2)), v)


def test_refused_arguments():
    net = fcnn.Network([3, 4, 2], seed=0)
    X, y, v = np.ones((5, 3)), np.ones((5, 2)), np.zeros(26)
    for derivative in (net.jacobian, net.parameter_jacobian):
        with pytest.raises(ValueError, match=r"X must have shape \(n, 3\)"):
            derivative(np.ones((5, 4)))
        with pytest.raises(TypeError, match="X must hold real numbers"):
            derivative(X.astype(complex))
    calls = [
        net.input_gradient,
        lambda X, y, loss=None, **rest: net.hessian_vector_product(
            X, y, v, loss, **rest
        ),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="no rows"):
            call(X[:0], y[:0])
        with pytest.raises(ValueError, match=r"y must have shape \(5, 2\)"):
            call(X, y[:, :1])
        with pytest.raises(ValueError, match="0 for every row"):
            call(X, y, sample_weight=np.zeros(5))
        with pytest.raises(ValueError, match="unknown loss|hinge"):
            call(X, y, "hinge")
        with pytest.raises(ValueError, match="row 4"):
            call(X, np.concatenate([y[:4], [[0, 2]]]))
    other = fcnn.Network([3, 2], output="tanh", seed=0)
    with pytest.raises(ValueError, match="needs one of the outputs"):
        other.input_gradient(X, y, "cross_entropy")
    with pytest.raises(ValueError, match="needs one of the outputs"):
        other.hessian_vector_product(X, y, np.zeros(8), "cross_entropy")
    for name in ("l1", "l2"):
        with pytest.raises(ValueError, match=f"{name} must be at least 0"):
            calls[1](X, y, **{name: -1.0})
        with pytest.raises(ValueError, match="finite"):
            calls[1](X, y, **{name: 1e300})


def test_a_result_too_large_is_a_memory_error():
    net = fcnn.Network([1000, 1000], seed=0)
    row = np.zeros((1, 1000), np.int8)
    many = np.broadcast_to(row, (2**40, 1000))  # of stride 0
    for derivative in (net.jacobian, net.parameter_jacobian):
        with pytest.raises(MemoryError):
            derivative(many)


def for_ever(call):
    while True:
        call()


def test_ctrl_c_ends_each_of_them(rng):
    net = fcnn.Network([300, 300, 300, 50], "tanh", "softmax", seed=0)
    X, v = rng.normal(size=(3000, 300)), np.ones(net.n_parameters)
    y = rng.integers(0, 50, 3000)
    many, labels = np.broadcast_to(X[:1], (200_000, 300)), np.zeros(200_000, int)
    calls = [
        lambda: net.jacobian(X),
        lambda: net.parameter_jacobian(X[:30]),
        lambda: net.input_gradient(many, labels),
        lambda: net.hessian_vector_product(many, labels, v),
    ]
    for call in calls:
        alarm = threading.Timer(0.05, signal.raise_signal, [signal.SIGINT])
        alarm.start()
        start = time.perf_counter()
        with pytest.raises(KeyboardInterrupt):
            for_ever(call)  # the alarm may be late
        alarm.join()
        assert time.perf_counter() - start < 2
    assert net.hessian_vector_product(X[:3], y[:3], v).any()
