"""Chain: any order of parts gives a network that computes what they compute."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
import reference as ref
from fcnn.formats.chain import Chain
from helpers import HIDDEN, assert_close


def parts(rng, width, length):
    """Random parts: a name, what is called with what, and what it does to a."""
    for _ in range(length):
        kind = rng.choice(["dense", "activation", "affine", "normalize", "dropout"])
        if kind == "dense":
            n_out = int(rng.integers(1, 6))
            W = rng.normal(size=(n_out, width))
            b = rng.normal(size=n_out) if rng.random() < 0.7 else None
            shift = 0.0 if b is None else b
            yield kind, (W, b), lambda a, W=W, shift=shift: a @ W.T + shift
            width = n_out
        elif kind == "activation":
            name = str(rng.choice(HIDDEN))
            base, parameter = ref.split_name(name)
            given = () if parameter is None else (parameter,)
            function = ref.ACTIVATIONS[base].value
            yield kind, (name,), lambda a, f=function, p=given: f(a, *p)
        elif kind == "dropout":
            yield kind, (float(rng.choice([0.0, 0.25])),), lambda a: a
        else:
            g = rng.uniform(0.5, 2, width)
            if rng.random() < 0.5:
                g = g * rng.choice([-1, 1], width)
            t = rng.normal(size=width) if rng.random() < 0.7 else 0.0
            of_part = {
                "affine": lambda a, g=g, t=t: g * a + t,
                "normalize": lambda a, g=g, t=t: (a - t) / g,
            }
            yield kind, (g, t) if kind == "affine" else (t, g), of_part[kind]


@pytest.mark.parametrize("seed", range(150))
def test_any_order(seed):
    rng = np.random.default_rng(seed)
    n_in = int(rng.integers(1, 6))
    X = a = rng.normal(size=(20, n_in))
    chain, kinds = Chain(n_in), []
    for kind, arguments, function in parts(rng, n_in, int(rng.integers(1, 12))):
        getattr(chain, kind)(f"part {len(kinds)}", *arguments)
        kinds.append(kind)
        a = function(a)
    if "dense" not in kinds and len(chain._layers) == 0:
        with pytest.raises(ValueError, match="no layer with weights"):
            chain.network(np.dtype("float64"))
        return
    net = chain.network(np.dtype("float64"))
    assert_close(net.predict(X), a, 1e-12, kinds)


def test_what_is_folded_makes_no_layer():
    W = np.ones((3, 3))
    chain = Chain(3)
    chain.normalize("", 1.0, 2.0)
    chain.affine("", 3.0, 4.0)
    chain.dense("", W, None)
    chain.affine("", 2.0, 1.0)
    chain.activation("", "tanh")
    chain.affine("", -2.0, 0.5)
    chain.dropout("", 0.5)
    chain.dropout("", 0.5)
    chain.activation("", "identity")
    chain.dense("", W, None)
    chain.dropout("", 0.0)
    net = chain.network(np.dtype("float32"))
    assert net.sizes == (3, 3, 3)
    assert net.dropout == (0.0, 0.75)
    assert net.layers[1].bias.tolist() == [1.0] * 3
    assert net.layers[2].bias.tolist() == [1.5] * 3


def test_scalings_of_the_inputs_are_one_standardizer():
    """Mean and scale as they came; the signs go into the weights."""
    chain = Chain(2)
    chain.normalize("", [1e6, 3.0], 1.0)
    chain.normalize("", 0.0, [-3.0, 0.1])
    chain.affine("", -1.0, 0.0)
    chain.noise("", 0.5)
    chain.dense("", np.array([[1.0, 2.0]]), np.array([5.0]))
    net = chain.network(np.dtype("float64"))
    assert net.standardizer == fcnn.Standardizer([1e6, 3], [3, 0.1])
    assert net.layers[1].weight.tolist() == [[1.0, -2.0]]
    assert net.layers[1].bias.tolist() == [5.0]


def test_targets():
    """They are the standardizer's at the end of an identity, else a scaling."""
    X = np.array([[1.0, 2.0], [3.0, 5.0]])

    def made(*rest):
        chain = Chain(2)
        chain.dense("a", np.eye(2), None)
        for call, *arguments in (("targets", 3.0, [2.0, -4.0]), *rest):
            getattr(chain, call)("b", *arguments)
        return chain.network(np.dtype("float64"))

    plain = Chain(2)
    plain.dense("a", np.eye(2), None)
    plain.targets("b", 3.0, [2.0, 4.0])
    net = plain.network(np.dtype("float64"))
    assert net.standardizer.target_scale.tolist() == [2, 4]
    assert net.predict(X).tolist() == [[5, 11], [9, 23]]
    y = np.array([[5.0, -5.0], [9.0, -17.0]])
    assert made(("dropout", 0.5)).predict(X).tolist() == y.tolist()
    assert made(("affine", 2.0, 1.0)).predict(X).tolist() == (2 * y + 1).tolist()
    assert made(("normalize", 1.0, 2.0)).predict(X).tolist() == ((y - 1) / 2).tolist()
    assert made(("targets", 1.0, 2.0)).predict(X).tolist() == (1 + 2 * y).tolist()
    assert made(("activation", "relu")).predict(X).tolist() == np.maximum(y, 0).tolist()
    twice = made(("dense", np.ones((1, 2)), None))
    assert twice.predict(X).ravel().tolist() == y.sum(axis=1).tolist()
    assert made().standardizer is None  # a factor is below 0
    assert made().predict(X).tolist() == y.tolist()
    again = made(("targets", 0.0, [5.0, -5.0]))
    expected = fcnn.Standardizer([0, 0], [1, 1], [15, -15], [10, 20])
    assert again.standardizer == expected
    after = made(("activation", "relu"), ("targets", 1.0, 2.0))
    assert after.predict(X).tolist() == (1 + 2 * np.maximum(y, 0)).tolist()


def test_dropout_is_kept_before_what_is_not_homogeneous():
    chain = Chain(3)
    chain.dropout("", 0.1)
    chain.dense("", np.ones((3, 3)), None)
    chain.dropout("", 0.2)
    chain.activation("", "sigmoid")
    chain.dropout("", 0.3)
    net = chain.network(np.dtype("float64"))
    assert net.dropout == (0.1, 0.2, 0.3)
    assert [layer.activation for layer in net.layers][1:] == [
        *("identity", "sigmoid", "identity")
    ]
    relu = Chain(3)
    relu.dense("", np.ones((3, 3)), None)
    relu.dropout("", 0.2)
    relu.activation("", "leaky_relu(0.2)")
    relu.dense("", np.ones((1, 3)), None)
    assert relu.network(np.dtype("float64")).sizes == (3, 3, 1)


def test_noise_is_on_the_inputs():
    chain = Chain(2)
    chain.normalize("", 0.0, 2.0)
    chain.noise("a", 0.3)
    chain.noise("b", 0.4)
    chain.dropout("c", 0.5)
    chain.noise("d", 0.0)
    with pytest.raises(ValueError, match="e adds noise within the network"):
        chain.noise("e", 0.1)
    chain.dense("f", np.ones((1, 2)), None)
    net = chain.network(np.dtype("float64"))
    assert net.input_noise == pytest.approx(0.5)
    assert net.standardizer.scale.tolist() == [2, 2]


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        ("dense", (np.ones((3, 4)), None), r"here has weights of shape \(3, 4\), but"),
        ("dense", (np.ones(3), None), r"here has weights of shape \(3,\)"),
        ("dense", (np.ones((3, 2)), np.ones(2)), r"a bias of shape \(2,\)"),
        ("affine", (np.ones(3), 0.0), r"numbers of shape \(3,\) for 2 inputs"),
        ("affine", (np.nan, 0.0), "numbers that are not finite"),
        ("normalize", (0.0, [1.0, 0.0]), "here divides by 0"),
        ("dropout", (1.0,), "the rate 1.0: it must be at least 0 and below 1"),
        ("dropout", (float("nan"),), "the rate nan"),
        ("activation", ("sinus",), "unknown activation 'sinus'"),
    ],
)
def test_refused(call, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(Chain(2), call)("here", *arguments)


def test_outputs_come_last():
    for name in ("softmax", "exp"):
        chain = Chain(2)
        chain.dense("a", np.ones((2, 2)), None)
        chain.activation("b", name)
        with pytest.raises(ValueError, match=f"b is {name}, .* only, but c follows"):
            chain.dense("c", np.ones((2, 2)), None)
        chain.affine("d", 2.0, 0.0)
        with pytest.raises(ValueError, match="but a scaling or dropout follows"):
            chain.network(np.dtype("float32"))


def test_overflow_is_refused():
    chain = Chain(2)
    chain.dense("a", np.full((2, 2), 1e30), None)
    chain.affine("b", 1e30, 0.0)
    with pytest.raises(ValueError, match="the weight of layer 1 must be finite"):
        chain.network(np.dtype("float32"))
