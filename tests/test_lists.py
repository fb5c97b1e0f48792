"""The core's lists of names against reference.py's: every name has its twin."""

from __future__ import annotations

import inspect
import math
import re

import pytest

import reference as ref
from fcnn import _core
from helpers import ALL_PAIRS, legal


def test_activations():
    core = {entry["name"]: entry for entry in _core.activations()}
    assert set(core) == {*ref.ACTIVATIONS, "softmax"}
    for name, entry in core.items():
        assert entry["output_only"] == (name in ref.OUTPUT_ONLY)
        assert entry["init"] == ref.AUTO.get(name, "glorot_uniform")
        if name == "softmax":
            assert entry["parameter"] is None
            continue
        default = only_default(ref.ACTIVATIONS[name].value)
        assert entry["parameter"] == default
        assert only_default(ref.ACTIVATIONS[name].derivative) == default
    assert set(ref.SECOND_DERIVATIVES) == set(ref.ACTIVATIONS)


def only_default(function):
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # a NumPy function without a signature has no parameter of ours
        return None
    defaults = [p.default for p in parameters if p.default is not p.empty]
    return defaults[0] if len(defaults) == 1 and defaults[0] is not None else None


def test_losses():
    core = {entry["name"]: entry for entry in _core.losses()}
    assert set(core) == set(ref.LOSSES)
    natural = set()
    for name, entry in core.items():
        outputs = entry["outputs"]
        assert (None if outputs is None else set(outputs)) == ref.OUTPUTS.get(name)
        low, high = ref.TARGETS.get(name, (None, None))
        assert entry["target_low"] == low
        assert entry["target_high"] == (None if high == math.inf else high)
        assert entry["parameter"] == only_default(ref.LOSSES[name].term)
        natural |= {(output, name) for output in entry["natural_outputs"]}
    assert natural == set(ref.NATURAL_TERMS)
    assert set(ref.LOSS_SECOND_DERIVATIVES) == set(ref.LOSSES)


def test_initializers():
    assert set(_core.initializers()) == set(ref.INITIALIZERS)


def test_optimizers():
    core = {entry["name"]: entry["hyperparameters"] for entry in _core.optimizers()}
    assert set(core) == set(ref.OPTIMIZERS)
    for name, hyperparameters in core.items():
        rule = ref.OPTIMIZERS[name]
        expected = defaults(rule)
        if "rest" in inspect.signature(rule).parameters:  # adamw: the rest is adam's
            expected = defaults(ref.adam) | expected
        assert hyperparameters == expected


def defaults(rule):
    parameters = inspect.signature(rule).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


@pytest.mark.parametrize(("output", "loss"), ALL_PAIRS)
def test_pairs(output, loss):
    if legal(output, loss):
        _core.check_loss_output(loss, output)
        return
    allowed = ref.OUTPUTS[ref.split_name(loss)[0]]
    with pytest.raises(ValueError, match=re.escape(f"'{output}'")) as error:
        _core.check_loss_output(loss, output)
    assert all(name in str(error.value) for name in allowed)
    assert loss in str(error.value)


def test_natural_losses():
    for entry in _core.activations():
        expected = ref.NATURAL_LOSS.get(entry["name"], "mse")
        assert _core.natural_loss(entry["name"]) == expected


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("tanh", "tanh"),
        ("leaky_relu(0.2)", "leaky_relu(0.2)"),
        ("leaky_relu(0.01)", "leaky_relu"),
        ("elu(1)", "elu"),
        ("elu(0.50)", "elu(0.5)"),
        ("hard_sigmoid(0.2)", "hard_sigmoid(0.2)"),
    ],
)
def test_canonical_activation(given, canonical):
    assert _core.canonical_activation(given) == canonical


@pytest.mark.parametrize(
    "given",
    [
        *["", "reluu", "ReLU", " relu", "relu(1)", "softmax(2)", "tanh(0.1)"],
        *["elu(", "elu()", "elu(a)", "elu(1)x", "elu(nan)", "elu(inf)", "elu(1,2)"],
        "elu( .5)",
    ],
)
def test_refused_activation(given):
    with pytest.raises(ValueError, match="activation"):
        _core.canonical_activation(given)


def test_unknown_names_are_answered_with_the_list():
    with pytest.raises(ValueError, match="tanhh") as error:
        _core.canonical_activation("tanhh")
    assert all(name in str(error.value) for name in ref.ACTIVATIONS)
    with pytest.raises(ValueError, match="hinge") as error:
        _core.canonical_loss("hinge")
    assert all(name in str(error.value) for name in ref.LOSSES)


@pytest.mark.parametrize(
    "given", ["mse(1)", "huber(0)", "huber(-1)", "huber(x)", "MSE"]
)
def test_refused_loss(given):
    with pytest.raises(ValueError, match="loss|huber"):
        _core.canonical_loss(given)
