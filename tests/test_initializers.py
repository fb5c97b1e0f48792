"""Initial weights: distribution, range, the auto rule, and the very bits."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
import reference as ref
from fcnn import _core


def fraction(word):
    return (word >> 11) * 2.0**-53


def normal(seed, layer, position):
    for attempt in range(100):  # Marsaglia's polar method
        u, v = (
            2 * fraction(w) - 1 for w in ref.words(seed, 1, layer, position, attempt)
        )
        s = u * u + v * v
        if 0 < s < 1:
            return u * np.sqrt(-2 * np.log(s) / s)
    raise AssertionError


def expected_weight(name, seed, layer, n_in, n_out):
    variance, distribution = ref.INITIALIZERS[name]
    std = np.sqrt(variance(n_in, n_out))
    W = np.zeros((n_out, n_in))
    for i in range(W.size):  # column by column, as W lies in theta
        if distribution == "uniform":
            word, _ = ref.words(seed, 1, layer, i)
            x = np.sqrt(3.0) * std * (2 * fraction(word) - 1)
        elif distribution == "normal":
            x = std * normal(seed, layer, i)
        else:
            x = 0.0
        W[i % n_out, i // n_out] = x
    return W


def test_philox_against_the_known_answers_of_its_authors():
    """kat_vectors of Random123."""
    assert ref.philox([0] * 4, [0] * 2) == (
        0x6627E8D5,
        0xE169C58D,
        0xBC57AC4C,
        0x9B00DBD8,
    )
    ones = 0xFFFFFFFF
    expected = (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)
    assert ref.philox([ones] * 4, [ones] * 2) == expected
    counter = [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344]
    expected = (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)
    assert ref.philox(counter, [0xA4093822, 0x299F31D0]) == expected


@pytest.mark.parametrize("seed", [0, 1, 2**40 + 7, 2**64 - 1])
@pytest.mark.parametrize("name", ref.INITIALIZERS)
def test_weights_are_philoxs(name, seed):
    net = fcnn.Network([7, 5, 4], init=name, dtype="float64", seed=seed)
    for l, (n_in, n_out) in enumerate([(7, 5), (5, 4)], start=1):
        expected = expected_weight(name, seed, l, n_in, n_out)
        np.testing.assert_allclose(net.layers[l].weight, expected, rtol=1e-14)
        assert not net.layers[l].bias.any()
    single = fcnn.Network([7, 5, 4], init=name, dtype="float32", seed=seed)
    assert np.array_equal(single.parameters, net.parameters.astype("float32"))


def shuffled(n, seed, purpose, number):
    """Fisher and Yates, from the last place down; j = word (i + 1) / 2^64 <= i.

    A block's two words serve places i = 2 position and i + 1.
    """
    items = list(range(n))
    for i in range(n - 1, 0, -1):
        j = ref.words(seed, purpose, number, i // 2)[i % 2] * (i + 1) >> 64
        items[i], items[j] = items[j], items[i]
    return items


SHUFFLE, SPLIT = 2, 3  # purposes


@pytest.mark.parametrize(
    ("n", "seed", "stream"), [(1, 0, 0), (2, 5, 1), (50, 3, 2), (1000, 2**64 - 1, 9)]
)
def test_permutation_is_philoxs(n, seed, stream):
    actual = _core.permutation(n, seed, stream)
    assert actual.tolist() == shuffled(n, seed, SPLIT, stream)


def test_held_out_rows_are_philoxs():
    n, seed = 40, 11
    net = fcnn.Network([n, 1], output="identity", bias=False, init="zeros", seed=seed)
    net.fit(np.eye(n), np.ones(n), validation_split=0.2, epochs=1)
    held_out = np.flatnonzero(net.parameters == 0)  # whose weights learned nothing
    assert held_out.tolist() == sorted(shuffled(n, seed, SPLIT, 0)[:8])


def test_shuffles_are_philoxs():
    """Adagrad's first step is lr / step's number, which tells each row's place."""
    n, seed = 40, 11
    net = fcnn.Network([n, 1], output="identity", bias=False, init="zeros", seed=seed)
    rule = fcnn.Adagrad(lr=1e-3, lr_decay=1.0)
    for epoch in range(2):
        net.parameters[:] = 0
        net.reset_optimizer()
        net.fit(np.eye(n), np.ones(n), batch_size=1, epochs=1, optimizer=rule)
        place = np.round(1e-3 / net.parameters).astype(int) - 1
        assert np.argsort(place).tolist() == shuffled(n, seed, SHUFFLE, epoch)


@pytest.mark.parametrize("name", ref.INITIALIZERS)
def test_distribution(name):
    n_in, n_out = 300, 200
    W = fcnn.Network([n_in, n_out], init=name, dtype="float64", seed=5).layers[1].weight
    variance, distribution = ref.INITIALIZERS[name]
    std = np.sqrt(variance(n_in, n_out))
    if distribution == "zeros":
        assert not W.any()
        return
    # five standard errors of 60,000 numbers' mean and standard deviation
    assert abs(W.mean()) < 5 * std / np.sqrt(W.size)
    assert abs(W.std() - std) < 5 * std / np.sqrt(2 * W.size)
    largest = np.abs(W).max() / std
    if distribution == "uniform":
        assert 0.999 * np.sqrt(3) < largest <= np.sqrt(3)
        below = np.mean(0.5 * np.sqrt(3) * std > W)
        assert abs(below - 0.75) < 0.01
    else:
        assert largest > 3.5  # not truncated
        assert abs(np.mean(np.abs(W) < std) - 0.6827) < 0.01
    assert np.unique(W).size > 0.99 * W.size


@pytest.mark.parametrize("name", [*ref.ACTIVATIONS, "softmax", "leaky_relu(0.2)"])
def test_auto_goes_by_the_layers_own_activation(name):
    base, _ = ref.split_name(name)
    rule = ref.AUTO.get(base, "glorot_uniform")
    auto = fcnn.Network([6, 5], output=name, dtype="float64", seed=3)
    given = fcnn.Network([6, 5], output=name, init=rule, dtype="float64", seed=3)
    assert np.array_equal(auto.parameters, given.parameters)
    if base not in {*ref.OUTPUT_ONLY, "softmax"}:
        auto = fcnn.Network([6, 5, 2], name, "tanh", dtype="float64", seed=3)
        first = auto.layers[1].weight
        assert np.array_equal(first, given.layers[1].weight)
        assert np.abs(auto.layers[2].weight).max() <= np.sqrt(6 / 7)


def test_one_init_for_each_layer():
    W = np.arange(6.0).reshape(2, 3)
    net = fcnn.Network([4, 3, 2, 1], init=["zeros", W, "he_normal"], seed=0)
    assert not net.layers[1].weight.any()
    assert np.array_equal(net.layers[2].weight, W)
    twin = fcnn.Network([4, 3, 2, 1], init="he_normal", seed=0)
    assert np.array_equal(net.layers[3].weight, twin.layers[3].weight)
    W[:] = 0  # the values were copied in
    assert net.layers[2].weight.any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_golden_values(dtype):
    """What a seed gives is the same in every release and on every platform.

    From `philox` above, written without fcnn:
    expected_weight("glorot_uniform", 42, 1, 3, 2) and ("he_normal", 42, 2, 2, 1).
    """
    net = fcnn.Network([3, 2, 1], output="relu", dtype=dtype, seed=42)
    W1 = [
        [0.5755179759196973, -0.7390920938087677, 0.4194549581380683],
        [-0.8849635278051339, 0.7407381455808427, -1.0025363590100054],
    ]
    W2 = [[-1.4403711226483786, 0.5075380742682549]]
    assert np.array_equal(net.layers[1].weight, np.array(W1, dtype))
    assert np.array_equal(net.layers[2].weight, np.array(W2, dtype))


def test_drawn_seed_gives_the_network_again():
    net = fcnn.Network([5, 4, 3])
    other = fcnn.Network([5, 4, 3])
    again = fcnn.Network([5, 4, 3], seed=net.seed)
    assert np.array_equal(net.parameters, again.parameters)
    assert net.seed != other.seed
    assert not np.array_equal(net.parameters, other.parameters)


def test_refused():
    with pytest.raises(ValueError, match="he_norml") as error:
        fcnn.Network([2, 1], init="he_norml")
    assert all(name in str(error.value) for name in ref.INITIALIZERS)
    with pytest.raises(ValueError, match=r"init.*shape \(1, 2\)"):
        fcnn.Network([2, 1], init=[np.ones((2, 1))])
    with pytest.raises(ValueError, match="init"):
        fcnn.Network([2, 2, 1], init=["zeros"] * 3)
    with pytest.raises(TypeError, match="init"):
        fcnn.Network([2, 2, 1], init=5)
