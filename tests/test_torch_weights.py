"""from_torch of weights alone, without PyTorch: models that PyTorch has trained."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import fcnn
from fcnn import _core
from fcnn.formats import torch_activations
from fcnn.formats.plain import Activation
from helpers import assert_close

DATA = Path(__file__).parent / "data"
DIGITS = DATA / "torch_digits.safetensors"


@pytest.fixture(scope="module")
def outputs():
    with np.load(DATA / "torch_outputs.npz") as file:
        return dict(file)


def weights(*sizes, dtype="float32", bias=True):
    """Random ones, named as those of a Sequential with activations between."""
    rng = np.random.default_rng(7)
    made = {}
    for l, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        made[f"{2 * l}.weight"] = rng.normal(size=(n_out, n_in)).astype(dtype)
        if bias:
            made[f"{2 * l}.bias"] = rng.normal(size=n_out).astype(dtype)
    return made


def test_a_file_of_pytorchs_in_float32(outputs):
    net = fcnn.from_torch(DIGITS, activation="relu", output="identity")
    assert net.sizes == (64, 32, 16, 10)
    assert net.dtype == np.float32
    assert_close(net.predict(outputs["digits_X"]), outputs["digits"], 1e-5)
    probabilities = fcnn.from_torch(DIGITS, "relu", "softmax")
    logits = outputs["digits"].astype(float)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert_close(probabilities.predict(outputs["digits_X"]), expected, 1e-5)
    assert probabilities.loss == "cross_entropy"


def test_arrays_of_pytorchs_in_float64(outputs):
    with np.load(DATA / "torch_diabetes.npz") as file:
        net = fcnn.from_torch(file, "silu", "identity", loss="mae")
    assert net.dtype == np.float64
    assert net.layers[2].bias is None
    assert net.loss == "mae"
    assert_close(net.predict(outputs["diabetes_X"]), outputs["diabetes"], 1e-12)


def test_weights_are_copied():
    given = weights(3, 2)
    net = fcnn.from_torch(given, output="tanh")
    given["0.weight"][:] = 0.0
    assert net.layers[1].weight.any()


def test_numbers_in_names_give_the_order(tmp_path):
    given = weights(*[4] * 13)
    expected = fcnn.from_torch(given, "tanh", "tanh").parameters
    assert (
        expected.tobytes()
        == np.concatenate(
            [
                np.r_[given[f"{2 * l}.weight"].T.ravel(), given[f"{2 * l}.bias"]]
                for l in range(12)
            ]
        ).tobytes()
    )
    alphabetical = dict(sorted(given.items()))
    assert list(alphabetical)[2] == "10.bias"
    save_file(given, tmp_path / "w.safetensors")
    for source in (alphabetical, tmp_path / "w.safetensors"):
        net = fcnn.from_torch(source, "tanh", "tanh")
        assert net.parameters.tobytes() == expected.tobytes()


def test_other_names_are_taken_in_their_order(tmp_path):
    given = weights(4, 4, 4)
    names = {"0": "trunk", "2": "head"}
    given = {f"{names[k[0]]}{k[1:]}": A for k, A in given.items()}
    net = fcnn.from_torch(given, "tanh", "tanh")
    assert np.array_equal(net.layers[1].weight, given["trunk.weight"])
    turned = fcnn.from_torch(dict(reversed(given.items())), "tanh", "tanh")
    assert np.array_equal(turned.layers[1].weight, given["head.weight"])
    save_file(given, tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match="does not keep the order"):
        fcnn.from_torch(tmp_path / "w.safetensors", "tanh", "tanh")
    loaded = load_file(tmp_path / "w.safetensors")
    ordered = {name: loaded[name] for name in given}
    again = fcnn.from_torch(ordered, "tanh", "tanh")
    assert again.parameters.tobytes() == net.parameters.tobytes()


def test_bare_names_and_halves():
    W = np.array([[0.5, 1.5]], "f2")
    net = fcnn.from_torch({"weight": W, "bias": np.ones(1, "f2")}, output="identity")
    assert net.dtype == np.float32
    assert net.predict([2.0, 4.0]).tolist() == [8.0]


def test_bfloat16_of_a_file(tmp_path):
    header = {"weight": {"dtype": "BF16", "shape": [1, 2], "data_offsets": [0, 4]}}
    text = json.dumps(header).encode()
    upper = (np.array([1.5, -3.0], "<f4").view("<u4") >> 16).astype("<u2")
    file = tmp_path / "w.safetensors"
    file.write_bytes(len(text).to_bytes(8, "little") + text + upper.tobytes())
    net = fcnn.from_torch(file, output="identity")
    assert net.layers[1].weight.tolist() == [[1.5, -3.0]]
    text = text.replace(b"BF16", b"F8_E4M3").replace(b"4]", b"2]")
    file.write_bytes(len(text).to_bytes(8, "little") + text + b"ab")
    with pytest.raises(ValueError, match=r"w\.safetensors cannot be read: .*F8_E4M3"):
        fcnn.from_torch(file, output="identity")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give output, and activation for hidden layers"),
        ({"activation": "tanh"}, "give output"),
        ({"output": "tanh"}, "give output, and activation"),
        ({"activation": ["tanh"] * 2, "output": "tanh"}, "hidden layer: 1, not 2"),
        ({"activation": "tanhh", "output": "tanh"}, "unknown activation 'tanhh'"),
        ({"activation": "softmax", "output": "tanh"}, "for the output only"),
        ({"activation": "relu", "output": "tanh", "loss": "poisson"}, "loss 'poisson'"),
    ],
)
def test_activations_must_be_told(arguments, message):
    with pytest.raises(ValueError, match=f"from_torch: .*{message}"):
        fcnn.from_torch(weights(3, 4, 2), **arguments)


def test_activations_of_another_type():
    with pytest.raises(TypeError, match="activation must be a str"):
        fcnn.from_torch(weights(3, 4, 2), 3, "tanh")
    with pytest.raises(TypeError, match="output must be a string"):
        fcnn.from_torch(weights(3, 4, 2), "tanh", 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "there is no weight in it"),
        ({"epoch": 3}, "'epoch' is neither the weight"),
        ({"epoch": 3, "model": weights(2, 1)}, "'model' is itself a mapping"),
        (
            {**weights(2, 1), "1.running_mean": np.ones(1)},
            "'1.running_mean' is neither",
        ),
        ({**weights(2, 2), "1.weight": np.ones(2)}, "'1.weight' is neither"),
        ({"0.weight": np.ones((2, 3, 3))}, "must have 2 dimensions.*\\(2, 3, 3\\)"),
        ({"0.weight": np.ones((2, 3), int)}, "floating point numbers, not int64"),
        ({"0.weight": np.ones((2, 3), complex)}, "real numbers; its dtype is complex"),
        ({"0.weight": np.ones((2, 3)), "1.bias": np.ones(2)}, "bias of no weight"),
        ({"0.weight": np.ones((2, 3)), "0.bias": np.ones(3)}, "bias of layer 1"),
        ({"0.weight": np.ones((2, 3)), "1.weight": np.ones((2, 3))}, "takes 3 inputs"),
        ({"0.weight": np.full((2, 3), np.nan)}, "'0.weight' must be finite"),
        ({"0.weight": np.ones((0, 3))}, "sizes"),
        (
            {"0.weight": np.ones((1, 1), "f4"), "0.bias": np.array([1e300])},
            "the bias of layer 1 must be finite",
        ),
    ],
)
def test_refused_weights(given, message):
    with pytest.raises(ValueError, match=f"from_torch: .*{message}"):
        fcnn.from_torch(given, "tanh", "tanh")


@pytest.mark.parametrize("model", [3, None, [np.ones((2, 2))], np.ones((2, 2)), b"x"])
def test_refused_types(model):
    with pytest.raises(TypeError, match=r"torch\.nn\.Module, a mapping"):
        fcnn.from_torch(model)
    with pytest.raises(TypeError, match="a name of the weights must be a string"):
        fcnn.from_torch({0: np.ones((2, 2))}, output="tanh")


def test_refused_files(tmp_path):
    with pytest.raises(FileNotFoundError):
        fcnn.from_torch(tmp_path / "none.safetensors", output="tanh")
    own = tmp_path / "own.safetensors"
    fcnn.Network([2, 1], seed=0).save(own)
    with pytest.raises(ValueError, match=r"network of fcnn's: fcnn\.load"):
        fcnn.from_torch(own, output="tanh")
    whole = DIGITS.read_bytes()
    for damaged in (b"", b"junk", whole[:100], whole[:-1], whole + b"x"):
        own.write_bytes(damaged)
        with pytest.raises(ValueError, match="from_torch: .* cannot be read"):
            fcnn.from_torch(own, "relu", "identity")


def test_pytorch_is_needed_for_its_own_files_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="pip install torch"):
        fcnn.from_torch(DATA / "torch_digits.pt", "relu", "identity")
    with pytest.raises(ImportError, match="to_torch needs PyTorch: pip install torch"):
        fcnn.Network([2, 1], seed=0).to_torch()
    assert fcnn.from_torch(DIGITS, "relu", "identity").sizes[0] == 64


def test_every_activation_is_in_the_table():
    names = {entry["name"] for entry in _core.activations()}
    assert names == set(torch_activations.TABLE)
    for entry in _core.activations():
        name, parameter = entry["name"], entry["parameter"]
        for activation in {
            Activation(name, parameter),
            Activation(name, parameter and 0.7),
        }:
            module, arguments = torch_activations.written(activation)
            assert torch_activations.read("here", module, arguments) == activation
