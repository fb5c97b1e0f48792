"""Dropout and input noise: the masks' bits, the step, threads, and the two limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import fcnn
import reference as ref
from fcnn import _core
from helpers import assert_close, random_layers, reference_layers, rounded

SIZES, RATES = [20, 33, 17, 3], [0.2, 0.5, 0.1]


def make(dtype="float64", **arguments):
    arguments = {"dropout": RATES, "seed": 2**40 + 3} | arguments
    return fcnn.Network(SIZES, "tanh", "softmax", dtype=dtype, **arguments)


def masks(seed, epoch, samples, rates=RATES):
    return [
        ref.dropout_mask(seed, epoch, l, samples, n, p)
        for l, (n, p) in enumerate(zip(SIZES, rates, strict=False))
    ]


def test_threefry_against_the_known_answers_of_its_authors():
    """kat_vectors of Random123."""
    zeros, ones = [0] * 4, [0xFFFFFFFF] * 4
    expected = [0x531C7E4F, 0x39491EE5, 0x2C855A92, 0x3D6ABF9A]
    assert ref.threefry(zeros, zeros) == expected
    expected = [0xC4189358, 0x1C9CC83A, 0xD5881C67, 0x6A0A89E0]
    assert ref.threefry(ones, ones) == expected


@pytest.mark.parametrize("n", [1, 15, 16, 17, 40, 300])
def test_thinning_mask_is_threefrys(n):
    mask = _core.thinning_mask(7, 9, 2, n, 0.3)
    expected = ref.dropout_mask(7, 9, 2, [0], n, 0.3, ref.THINNING)[0]
    assert np.array_equal(mask, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_epoch_is_the_references(dtype, rng):
    """Masks by place in the epoch, through forward, delta and both gradients."""
    net = make(dtype)
    X, y = rng.normal(size=(70, 20)), rng.integers(0, 3, 70)
    layers = rounded(reference_layers(net), dtype)
    net.fit(X, y, optimizer=fcnn.SGD(lr=0.5), batch_size=32, epochs=1, shuffle=False)
    for batch in (range(32), range(32, 64), range(64, 70)):
        m = masks(net.seed, 0, batch)
        result = ref.backward(
            layers, X[batch], np.eye(3)[y[batch]], "cross_entropy", masks=m
        )
        layers = [
            ref.Layer(layer.W - 0.5 * dW, layer.b - 0.5 * db, layer.activation)
            for layer, dW, db in zip(layers, result.dW[1:], result.db[1:], strict=True)
        ]
    expected = ref.flatten(
        [None, *(layer.W for layer in layers)], [None, *(layer.b for layer in layers)]
    )
    assert_close(net.parameters, expected, 2e-6 if dtype == "float32" else 1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_input_noise_is_the_references(dtype, rng):
    net = fcnn.Network([20, 5], output="identity", input_noise=0.7, dtype=dtype, seed=5)
    X, y = rng.normal(size=(9, 20)), rng.normal(size=(9, 5))
    layers = rounded(reference_layers(net), dtype)
    net.fit(X, y, optimizer=fcnn.SGD(lr=0.1), epochs=1, shuffle=False)
    noisy = X + ref.input_noise(5, 0, range(9), 20, 0.7)
    result = ref.backward(layers, noisy, y, "mse")
    expected = ref.flatten(
        [None, layers[0].W - 0.1 * result.dW[1]],
        [None, layers[0].b - 0.1 * result.db[1]],
    )
    assert_close(net.parameters, expected, 3e-6 if dtype == "float32" else 1e-13)


def test_input_noise_is_normal():
    """What a bias-free identity layer learns from x = 0 in one step is its noise."""
    n = 50_000
    net = fcnn.Network(
        [n, 1],
        output="identity",
        bias=False,
        init="zeros",
        input_noise=2.0,
        dtype="float64",
        seed=1,
    )
    # dC/dW = (a - y) x = -x, so that W = lr x
    net.fit(
        np.zeros((1, n)), [1.0], loss="quadratic", optimizer=fcnn.SGD(lr=1.0), epochs=1
    )
    assert stats.kstest(net.parameters / 2.0, "norm").pvalue > 0.01
    assert abs(net.parameters.std() / 2.0 - 1) < 0.02


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_rate_and_mean_of_the_masks(p):
    m = np.array([_core.thinning_mask(1, i, 1, 1000, p) for i in range(100)])
    assert abs((m == 0).mean() - p) < 5 * np.sqrt(p * (1 - p) / m.size)
    assert abs(m.mean() - 1) < 5 * np.sqrt(p / (1 - p) / m.size)
    assert len(np.unique(m, axis=0)) == len(m)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [7, 64, 300])
def test_same_bits_with_1_to_4_threads(dtype, batch_size, rng, split_everything):
    X, y = rng.normal(size=(401, 20)), rng.integers(0, 3, 401)
    bits = set()
    for n_threads in (1, 2, 3, 4):
        net = make(dtype, input_noise=0.1)
        net.fit(
            X,
            y,
            epochs=2,
            batch_size=batch_size,
            max_norm=0.5,
            label_smoothing=0.1,
            n_threads=n_threads,
        )
        bits.add(net.parameters.tobytes())
    assert len(bits) == 1


def test_epochs_and_steps_draw_anew(rng):
    X, y = rng.normal(size=(1, 20)), [1]
    changes = []
    net = make()
    for train in (
        lambda: net.fit(X, y, epochs=1, optimizer="sgd"),
        lambda: net.fit_batch(X, y, optimizer="sgd"),
    ) * 2:
        before = net.parameters.copy()
        train()
        dropped = net.unflatten(net.parameters - before)[1].weight == 0
        changes.append(dropped.tobytes())
    assert len(set(changes)) == 4


def test_three_epochs_and_two_are_five(rng):
    X, y = rng.normal(size=(50, 20)), rng.integers(0, 3, 50)
    parts, whole = make(input_noise=0.1), make(input_noise=0.1)
    parts.fit(X, y, epochs=3)
    parts = parts.copy()
    parts.fit(X, y, epochs=2)
    whole.fit(X, y, epochs=5)
    assert np.array_equal(parts.parameters, whole.parameters)


def test_only_training_is_noisy(rng):
    X, y = rng.normal(size=(50, 20)), rng.integers(0, 3, 50)
    noisy, plain = make(input_noise=0.1), make(dropout=0.0)
    for net in (noisy, plain):  # also after an epoch has left its masks behind
        net.fit(X, y, epochs=1)
    plain.parameters = noisy.parameters
    assert np.array_equal(noisy.predict(X), plain.predict(X))
    assert np.array_equal(noisy.backprop(X, y).gradient, plain.backprop(X, y).gradient)
    assert noisy.evaluate(X, y) == plain.evaluate(X, y)
    assert noisy.gradient_check(X[:5], y[:5]).max_error < 1e-6


def test_monte_carlo_dropout_is_the_references(rng):
    net = make()
    X = rng.normal(size=(6, 20))
    outputs = []
    for sample in range(8):
        m = [
            ref.dropout_mask(net.seed, sample, l, [0], n, p, ref.THINNING)
            for l, (n, p) in enumerate(zip(SIZES, RATES, strict=False))
        ]
        outputs.append(ref.forward(reference_layers(net), X, m)[1][-1])
    mean, std = net.predict(X, dropout_samples=8)
    assert_close(mean, np.mean(outputs, axis=0), 1e-13)
    assert_close(std, np.std(outputs, axis=0), 1e-12)
    one = net.predict(X[3], dropout_samples=8)
    assert np.array_equal(one.mean, mean[3])
    assert np.array_equal(one.std, std[3])


def test_monte_carlo_mean_is_that_of_a_linear_network(rng):
    """Where the output is linear in the masks, their mean is the prediction."""
    net = fcnn.Network([4, 50, 1], "relu", "identity", dropout=0.5, seed=0)
    X = rng.normal(size=(3, 4))
    mean, std = net.predict(X, dropout_samples=4000)
    assert (np.abs(mean - net.predict(X)) < 5 * std / np.sqrt(4000)).all()


def test_a_dropped_step_by_hand():
    """One hidden node of two is dropped: the other counts twice, in value and slope."""
    net = fcnn.Network(
        [1, 2, 1],
        "identity",
        "identity",
        bias=False,
        dropout=0.5,
        dtype="float64",
        seed=3,
    )
    m = ref.dropout_mask(3, 0, 1, [0], 2, 0.5)[0]
    assert sorted(m) == [0.0, 2.0]  # by the seed
    net.layers[1].weight = [[3.0], [3.0]]
    net.layers[2].weight = [[0.5, 0.5]]
    # a~ = 2 * 3 * 1 = 6, output 3, C = 1/2 (3 - 1)^2 = 2, delta[2] = 2,
    # dW[2] = 2 * 6 = 12, delta[1] = 0.5 * 2 * 2 = 2, dW[1] = 2 * 1 = 2
    loss = net.fit(
        [[1.0]], [1.0], loss="quadratic", optimizer=fcnn.SGD(lr=0.1), epochs=1
    ).loss
    assert loss == [2.0]
    kept = m == 2.0
    assert np.allclose(net.layers[1].weight[:, 0], np.where(kept, 3 - 0.2, 3))
    assert np.allclose(net.layers[2].weight[0], np.where(kept, 0.5 - 1.2, 0.5))


def test_max_norm_step_after_step(rng):
    """W^T, which the next step goes back through, is that of the bounded weights."""
    X, y = rng.normal(size=(64, 20)), rng.integers(0, 3, 64)
    whole, steps = make(dropout=0.0), make(dropout=0.0)
    sgd = fcnn.SGD(lr=0.5)
    whole.fit(X, y, max_norm=0.8, optimizer=sgd, batch_size=16, shuffle=False, epochs=1)
    for i in range(0, 64, 16):
        steps.fit_batch(X[i : i + 16], y[i : i + 16], max_norm=0.8, optimizer=sgd)
    assert np.array_equal(whole.parameters, steps.parameters)


def test_label_smoothing_of_steps_and_of_large_batches(rng):
    X, y = rng.normal(size=(600, 20)), rng.integers(0, 3, 600)  # three chunks
    smooth = 0.7 * np.eye(3)[y] + 0.1
    one, two, three = (make(dropout=0.0) for _ in range(3))
    one.fit(X, y, label_smoothing=0.3, batch_size=600, shuffle=False, epochs=1)
    two.fit_batch(X, y, label_smoothing=0.3)
    three.fit_batch(X, smooth)
    assert_close(one.parameters, three.parameters, 1e-13)
    assert_close(two.parameters, three.parameters, 1e-13)


def test_steps_go_on_with_their_masks_after_a_copy(rng):
    X, y = rng.normal(size=(16, 20)), rng.integers(0, 3, 16)
    net = make()
    net.fit_batch(X, y)
    twin = net.copy()
    assert net.fit_batch(X, y) == twin.fit_batch(X, y)


def test_a_step_within_an_epoch_leaves_its_order(rng):
    """fit_batch's own batch is not taken for the epoch's, also by a copy without it."""
    X, y = rng.normal(size=(64, 20)), rng.integers(0, 3, 64)
    net = make()
    net.fit(X, y, epochs=1)
    net.fit_batch(X[:7], y[:7])
    other = net.copy()  # whose core has seen neither
    for each in (net, other):
        each.fit(X, y, epochs=2)
    assert np.array_equal(net.parameters, other.parameters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_max_norm(dtype, rng):
    X, y = rng.normal(size=(64, 20)), rng.integers(0, 3, 64)
    net, free = make(dtype, dropout=0.0), make(dtype, dropout=0.0)
    arguments = {"optimizer": fcnn.SGD(lr=0.5), "batch_size": 64, "epochs": 1}
    net.fit(X, y, max_norm=0.8, **arguments)
    free.fit(X, y, **arguments)
    changed = 0
    for l in (1, 2, 3):
        W = free.layers[l].weight.astype(float)
        norm = np.linalg.norm(W, axis=1, keepdims=True)
        changed += (norm > 0.8).sum()
        assert_close(net.layers[l].weight, W * np.minimum(1, 0.8 / norm), 3e-7)
        assert np.array_equal(net.layers[l].bias, free.layers[l].bias)
    assert changed > 10
    again = net.copy()  # W^T within the engine is that of the bounded weights
    net.fit(X, y, max_norm=0.8, **arguments)
    again.fit(X, y, max_norm=0.8, **arguments)
    assert np.array_equal(net.parameters, again.parameters)


@pytest.mark.parametrize(
    ("output", "loss", "k", "target"),
    [
        ("softmax", "cross_entropy", 4, 0.25),
        ("sigmoid", "binary_cross_entropy", 4, 0.5),
        ("sigmoid", "logistic", 1, 0.5),
        ("softmax", "binary_cross_entropy", 4, 0.5),
    ],
)
@pytest.mark.parametrize("labels", [True, False])
def test_label_smoothing(output, loss, k, target, labels, rng):
    X = rng.normal(size=(9, 5))
    values = np.eye(k)[rng.integers(0, k, 9)] if k > 1 else rng.integers(0, 2, (9, 1))
    smooth = 0.7 * values + 0.3 * target
    y = values.argmax(axis=1) if labels and k > 1 else values
    one, two = (
        fcnn.Network([5, 6, k], "tanh", output, loss=loss, dtype="float64", seed=1)
        for _ in range(2)
    )
    a = one.fit(X, y, label_smoothing=0.3, epochs=3, validation_data=(X, y))
    b = two.fit(X, smooth, epochs=3, validation_data=(X, y))
    assert_close(one.parameters, two.parameters, 1e-13)
    assert_close(a.loss, b.loss, 1e-13)
    assert_close(a.metrics["val_loss"], b.metrics["val_loss"], 1e-13)


@pytest.mark.torch
def test_label_smoothing_is_torchs(rng):
    import torch

    X, y = rng.normal(size=(9, 5)), rng.integers(0, 4, 9)
    net = fcnn.Network([5, 4], output="softmax", dtype="float64", seed=1)
    z = torch.tensor(net.forward(X).z[1])
    expected = torch.nn.functional.cross_entropy(
        z, torch.tensor(y), label_smoothing=0.2
    )
    loss = net.fit(X, y, label_smoothing=0.2, epochs=1, batch_size=9).loss[0]
    assert abs(loss - float(expected)) < 1e-14


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dropout": 1.0}, "below 1"),
        ({"dropout": -0.1}, "at least 0"),
        ({"dropout": [0.1, 0.2]}, "one entry for each layer 0..L-1: 3, not 2"),
        ({"dropout": [0.1, 0.2, 1.5]}, "dropout of layer 2"),
        ({"dropout": float("nan")}, "finite"),
        ({"input_noise": -1.0}, "input_noise must be at least 0"),
        ({"input_noise": float("inf")}, "input_noise must be finite"),
    ],
)
def test_wrong_noise(arguments, message):
    with pytest.raises(ValueError, match=message):
        make(**arguments)


@pytest.mark.parametrize("dropout", ["0.5", None, [None, 0.1, 0.1], ["a", "b", "c"]])
def test_noise_of_a_wrong_type(dropout):
    with pytest.raises(TypeError, match="dropout"):
        make(dropout=dropout)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_norm": 0.0}, "max_norm must be above 0"),
        ({"label_smoothing": 1.0}, "label_smoothing must be at least 0 and below 1"),
        ({"label_smoothing": 0.1, "loss": "mse"}, "label_smoothing is for the losses"),
    ],
)
def test_wrong_bounds(arguments, message, rng):
    net = make()
    before = net.parameters.copy()
    for train in (net.fit, net.fit_batch):
        with pytest.raises(ValueError, match=message):
            train(rng.normal(size=(4, 20)), [0, 1, 2, 0], **arguments)
    assert np.array_equal(net.parameters, before)
    assert net.loss == "cross_entropy"


def test_wrong_dropout_samples():
    net = make()
    for samples, error in ((0, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error, match="dropout_samples"):
            net.predict(np.zeros(20), dropout_samples=samples)
    with pytest.raises(ValueError, match="do not go together"):
        net.predict(np.zeros(20), np.zeros(3), dropout_samples=2)
    with pytest.raises(ValueError, match="needs a network with dropout"):
        make(dropout=0.0).predict(np.zeros(20), dropout_samples=2)


@pytest.mark.parametrize("p", [0.99999, 1 - 1e-12, 1e-9])
def test_extreme_rates_do_no_harm(p, rng):
    net = make("float32", dropout=p)
    net.fit(rng.normal(size=(40, 20)), rng.integers(0, 3, 40), epochs=2)
    assert np.isfinite(net.parameters).all()


def test_properties_files_and_repr(tmp_path):
    net = make(input_noise=0.25)
    assert net.dropout == tuple(RATES)
    assert net.input_noise == 0.25
    net.save(tmp_path / "net")
    again = fcnn.load(tmp_path / "net")
    assert again.dropout == net.dropout
    assert again.input_noise == 0.25
    assert repr(again) == repr(net)
    assert "dropout=[0.2, 0.5, 0.1]" in repr(net)
    assert make(dropout=0.5).dropout == (0.0, 0.5, 0.5)
    assert "dropout=0.5," in repr(make(dropout=0.5))


def test_a_batch_of_one_is_the_references(rng):
    """A step of a batch of one, where the products go another way."""
    layers = random_layers(rng, SIZES, ["tanh", "tanh", "softmax"])
    net = make()
    for view, layer in zip(list(net.layers)[1:], layers, strict=True):
        view.weight, view.bias = layer.W, layer.b
    x, y = rng.normal(size=(1, 20)), [2]
    before = net.parameters.copy()
    net.fit(x, y, optimizer=fcnn.SGD(lr=1.0), epochs=1)
    result = ref.backward(
        layers, x, np.eye(3)[y], "cross_entropy", masks=masks(net.seed, 0, [0])
    )
    assert_close(before - net.parameters, ref.flatten(result.dW, result.db), 1e-13)
