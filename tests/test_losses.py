"""The losses at their extremes: exact from z in natural pairs, bounded elsewhere."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import fcnn
import reference as ref
from helpers import REFUSED_PAIRS, assert_close

mp.mp.prec = 200
DTYPES = ["float32", "float64"]


def output_only(k, output, dtype, loss=None):
    """A network of one layer whose z is its input."""
    net = fcnn.Network(
        [k, k], output=output, loss=loss, bias=False, init="zeros", dtype=dtype, seed=0
    )
    net.layers[1].weight = np.eye(k)
    return net


def exact_cross_entropy(z, y):
    log_sum = mp.log(mp.fsum(mp.exp(v) for v in z))
    return mp.fsum(t * (log_sum - v) for v, t in zip(z, y, strict=True))


def exact_logistic(z, y):
    terms = (
        mp.log1p(mp.exp(v)) - t * v if v < 0 else mp.log1p(mp.exp(-v)) + (1 - t) * v
        for v, t in zip(z, y, strict=True)
    )
    return mp.fsum(terms)


def exact_poisson(z, y):
    return mp.fsum(mp.exp(v) - t * v for v, t in zip(z, y, strict=True)) / len(z)


def exact_deviance(z, y):
    terms = (
        mp.exp(v) - t + (t * (mp.log(t) - v) if t else 0)
        for v, t in zip(z, y, strict=True)
    )
    return mp.fsum(terms)


EXACT = {
    ("softmax", "cross_entropy"): exact_cross_entropy,
    ("sigmoid", "binary_cross_entropy"): lambda z, y: exact_logistic(z, y) / len(z),
    ("sigmoid", "logistic"): exact_logistic,
    ("exp", "poisson"): exact_poisson,
    ("exp", "poisson_deviance"): exact_deviance,
}


def test_every_natural_pair_is_here():
    assert set(EXACT) == set(ref.NATURAL_TERMS)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [1e-3, 1, 30, 700, 1e4])
@pytest.mark.parametrize(("output", "loss"), EXACT)
def test_natural_pairs_are_exact(output, loss, scale, dtype, rng):
    net = output_only(5, output, dtype)
    highest = {"float32": 80, "float64": 700}[dtype] if output == "exp" else np.inf
    for n_hot in range(20):
        z = np.minimum(rng.uniform(-scale, scale, 5), highest).astype(dtype)
        y = rng.uniform(size=5).astype(dtype)
        if loss == "cross_entropy":
            y = np.eye(5, dtype=dtype)[n_hot % 5]
        elif n_hot % 2:
            y = np.round(y)
        b = net.backprop(z, y, loss)
        z_exact = [mp.mpf(float(v)) for v in z]
        exact = EXACT[output, loss](z_exact, [mp.mpf(float(t)) for t in y])
        # of the terms' magnitude: they are sums of z's, which cancel
        magnitude = max(abs(exact), float(np.abs(z).max()) * 5)
        assert abs(b.loss - exact) <= 8 * np.finfo(dtype).eps * magnitude
        a = ref.activation(output).value(z.astype(float)[None])
        delta = ref.output_delta(loss, output, z[None], a, y[None].astype(float))
        assert np.isfinite(b.delta[1]).all()
        error = np.abs(b.delta[1] - delta).max()  # a - y: of a's and y's magnitude
        assert error <= 8 * np.finfo(dtype).eps * max(1, a.max())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("z", [1e4, -1e4, 100.0, -100.0, 0.0])
def test_a_single_sigmoid_keeps_the_relative_accuracy(z, dtype):
    net = output_only(1, "sigmoid", dtype)
    for y in (0.0, 1.0):
        loss = net.loss_and_gradient([[z]], [y], "logistic")[0]
        exact = float(exact_logistic([mp.mpf(z)], [mp.mpf(y)]))
        tiny = np.finfo(dtype).tiny
        assert abs(loss - exact) <= 4 * np.finfo(dtype).eps * exact + tiny
        assert np.isfinite(net.backprop([[z]], [y]).gradient).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropy_of_a_sure_and_right_softmax(dtype):
    net = output_only(3, "softmax", dtype)
    b = net.backprop([[1e4, -1e4, 0.0]], [0])
    assert b.loss == 0.0
    assert np.array_equal(b.a[1], [[1, 0, 0]])
    assert np.array_equal(b.delta[1], [[0, 0, 0]])
    b = net.backprop([[1e4, -1e4, 0.0]], [1])
    assert b.loss == 2e4
    assert np.array_equal(b.delta[1], [[1, -1, 0]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropy_of_targets_that_do_not_sum_to_one(dtype, rng):
    z, y = rng.normal(size=(4, 3)), rng.uniform(size=(4, 3))
    b = output_only(3, "softmax", dtype).backprop(z, y)
    expected = (y.sum(1, keepdims=True) * b.a[1] - y) / 4
    assert_close(b.delta[1], expected, 8 * np.finfo(dtype).eps)


CROSS_ENTROPIES = ["binary_cross_entropy", "logistic", "cross_entropy"]
GENERAL_PAIRS = [
    (output, loss)
    for output in sorted(ref.PROBABILITIES)
    for loss in CROSS_ENTROPIES
    if (output, loss) not in ref.NATURAL_TERMS  # which are exact instead
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("output", "loss"), GENERAL_PAIRS)
def test_logarithm_is_bounded(output, loss, dtype):
    """An output of exactly 0 or 1 and the opposite target: 100, as in PyTorch."""
    b = output_only(2, output, dtype).backprop([[-1e4, 1e4]], [[1.0, 0.0]], loss)
    assert np.array_equal(b.a[1], [[0, 1]])
    expected = {"binary_cross_entropy": 100, "logistic": 200, "cross_entropy": 100}
    assert b.loss == pytest.approx(expected[loss], rel=1e-6)
    assert np.isfinite(b.delta[1]).all()


@pytest.mark.parametrize(
    ("output", "loss"),
    [("relu", "poisson"), *(("hard_sigmoid", loss) for loss in ref.OUTPUTS)],
)
def test_denominators_are_bounded(output, loss):
    """Outputs of 1e-14 to 1e-10 around the bound of 1e-12, as in PyTorch."""
    a = 10.0 ** np.arange(-14.0, -9.0)[None]
    z = a if output == "relu" else 6 * a - 3
    b = output_only(5, output, "float64").backprop(z, np.ones((1, 5)), loss)
    expected = ref.output_delta(loss, output, z, b.a[1], np.ones((1, 5)))
    np.testing.assert_allclose(b.delta[1], expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_poisson_of_a_zero_output(dtype):
    net = output_only(2, "relu", dtype)
    b = net.backprop([[-1.0, 2.0]], [[3.0, 0.0]], "poisson")
    assert b.loss == pytest.approx((3 * 100 + 2) / 2, rel=1e-6)
    assert np.array_equal(b.delta[1], [[0, 0.5]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_mae_and_huber_at_the_kink(dtype):
    net = output_only(5, "identity", dtype)
    z, y = [[2.0, 2.0, 2.0, 2.0, 2.0]], [[2.0, 1.0, 3.0, 1.5, 7.0]]
    signs = net.backprop(z, y, "mae").delta[1] * 5
    np.testing.assert_allclose(signs, [[0, 1, -1, 1, -1]], rtol=1e-6)
    cut = net.backprop(z, y, "huber").delta[1] * 5
    np.testing.assert_allclose(cut, [[0, 1, -1, 0.5, -1]], rtol=1e-6)
    cut = net.backprop(z, y, "huber(0.5)").delta[1] * 5
    np.testing.assert_allclose(cut, [[0, 0.5, -0.5, 0.5, -0.5]], rtol=1e-6)


@pytest.mark.parametrize(("output", "loss"), REFUSED_PAIRS)
def test_refused_pairs(output, loss):
    allowed = ref.OUTPUTS[ref.split_name(loss)[0]]
    net = fcnn.Network([2, 2], output=output, dtype="float64", seed=0)
    X, y = np.ones((3, 2)), np.full((3, 2), 0.5)
    calls = [
        lambda: fcnn.Network([2, 2], output=output, loss=loss),
        lambda: net.backprop(X, y, loss),
        lambda: net.loss_and_gradient(X, y, loss),
        lambda: net.gradient_check(X, y, loss),
        lambda: net.evaluate(X, y, loss),
        lambda: net.fit(X, y, loss=loss),
        lambda: net.fit_batch(X, y, loss=loss),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=f"loss '{loss}' needs one of") as error:
            call()
        assert all(name in str(error.value) for name in allowed)
        assert f"'{output}'" in str(error.value)
    assert net.loss != loss


BAD_TARGETS = [
    *[(loss, "sigmoid", bad) for loss in ref.TARGETS for bad in (-0.1, np.nan, np.inf)],
    *[(loss, "sigmoid", 1.1) for loss in ref.TARGETS if not loss.startswith("poisson")],
    *[(loss, "identity", bad) for loss in ("mse", "mae") for bad in (np.nan, -np.inf)],
]


@pytest.mark.parametrize(("loss", "output", "bad"), BAD_TARGETS)
def test_refused_targets(loss, output, bad):
    net = fcnn.Network([2, 3], output=output, dtype="float64", seed=0)
    theta = net.parameters.copy()
    X, y = np.ones((6, 2)), np.full((6, 3), 0.5)
    y[4, 1] = bad
    for call in (net.backprop, net.loss_and_gradient, net.evaluate):
        with pytest.raises(ValueError, match=r"\brow 4\b"):
            call(X, y, loss)
    for call in (net.fit, net.fit_batch):
        with pytest.raises(ValueError, match=r"\brow 4\b"):
            call(X, y, loss=loss)
    with pytest.raises(ValueError, match=r"validation.*\brow 4\b"):
        net.fit(X, np.full((6, 3), 0.5), loss=loss, validation_data=(X, y))
    assert np.array_equal(net.parameters, theta)


@pytest.mark.parametrize("bad", [-1, 3, 0.5, np.nan, np.inf, 2**40])
def test_refused_labels(bad):
    net = fcnn.Network([2, 3], output="softmax", dtype="float64", seed=0)
    y = np.array([0, 1, bad, 2])
    before = r"(class labels must be whole numbers .*|y must be finite), row 2\b"
    for call in (net.backprop, net.evaluate, net.fit, net.fit_batch):
        with pytest.raises(ValueError, match=before):
            call(np.ones((4, 2)), y)
