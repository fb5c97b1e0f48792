"""copy, pickle and deepcopy carry everything: trained on, they give the same bits."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import fcnn

WAYS = {
    "copy": lambda net: net.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda net, p=protocol: pickle.loads(pickle.dumps(net, p))
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    },
}
OPTIMIZERS = [
    fcnn.SGD(momentum=0.9, nesterov=True),
    fcnn.Adam(lr=0.01),
    fcnn.RMSprop(momentum=0.5, centered=True),
    fcnn.Adagrad(lr_decay=0.1, initial_accumulator_value=0.1),
    fcnn.NAdam(),
]


@pytest.fixture
def rows(rng):
    return rng.normal(size=(50, 4)), rng.integers(0, 3, 50)


def make(dtype="float32", **arguments):
    return fcnn.Network(
        [4, 6, 3], "elu(0.5)", "softmax", dtype=dtype, seed=9, **arguments
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_trained_on_it_gives_the_same_bits(optimizer, way, dtype, rows):
    net = make(dtype)
    net.fit(*rows, epochs=2, optimizer=optimizer, loss="mse")
    twin = WAYS[way](net)
    assert type(twin) is fcnn.Network
    assert repr(twin) == repr(net)
    assert twin.loss == "mse"
    assert twin.parameters.tobytes() == net.parameters.tobytes()
    assert not np.shares_memory(twin.parameters, net.parameters)
    for trained in (net, twin):
        trained.fit(*rows, epochs=2, optimizer=optimizer)
        trained.fit_batch(*rows, optimizer=optimizer)
    assert twin.parameters.tobytes() == net.parameters.tobytes()


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_is_independent(way, rows):
    net = make(bias=[True, False])
    twin = WAYS[way](net)
    kept = net.parameters.copy()
    twin.fit(*rows, epochs=1)
    twin.layers[1].weight[:] = 0
    assert np.array_equal(net.parameters, kept)
    assert twin.layers[2].bias is None
    theta = net.layers[1].weight
    theta[:] = 1
    assert not twin.layers[1].weight.any()


def test_layers_of_a_copy_are_its_own(rows):
    net = make()
    twin = net.copy()
    net.layers[1].weight[:] = 5.0
    assert (twin.layers[1].weight != 5.0).all()
    assert twin.layers[1].activation == "elu(0.5)"


def test_a_pickle_names_neither_level_nor_private_modules_of_the_build():
    data = pickle.dumps(make())
    assert b"_fcnn_" not in data


def test_the_pickle_is_small():
    net = fcnn.Network([300, 300], seed=0)
    assert len(pickle.dumps(net)) < net.parameters.nbytes + 2000


class Named(fcnn.Network):
    """A subclass with an attribute of its own."""

    def shout(self):
        return self.name.upper()


@pytest.mark.parametrize("way", WAYS)
def test_subclasses(way):
    net = Named([2, 1], seed=0)
    net.name = "adam"
    twin = WAYS[way](net)
    assert type(twin) is Named
    assert twin.shout() == "ADAM"
    assert twin.parameters.tobytes() == net.parameters.tobytes()


def test_history_trace_and_backprop_are_pickled(rows):
    net = make()
    history = net.fit(*rows, epochs=2, metrics="accuracy")
    again = pickle.loads(pickle.dumps(history))
    assert again.metrics == history.metrics
    assert again.epoch == history.epoch
    back = net.backprop(*rows)
    again = pickle.loads(pickle.dumps(back))
    assert np.array_equal(again.delta[1], back.delta[1])
    assert again.loss == back.loss
    assert np.array_equal(again.gradient, back.gradient)
