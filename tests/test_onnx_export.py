"""Networks as ONNX models: onnxruntime answers what predict answers."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import fcnn
from fcnn.formats import onnx_activations
from helpers import assert_close
from onnx_models import ACTIVATIONS, OUTPUT_ONLY, random_network, run

NEWEST = min(26, onnx.defs.onnx_opset_version())  # which onnxruntime reads too
ONNXRUNTIME = tuple(map(int, onnxruntime.__version__.split(".")[:2]))
BOUNDS = {"float32": 1e-5, "float64": 1e-12}


@pytest.fixture
def net():
    return fcnn.Network([3, 5, 2], "gelu", "softmax", seed=0)


def test_every_activation_is_in_the_table():
    assert set(onnx_activations.FORMS) == set(ACTIVATIONS)
    for name in ACTIVATIONS:
        for dtype in ("float32", "float64"):
            assert onnx_activations.written(name, 13, np.dtype(dtype))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_50_networks_there_and_back(activation):
    """predict == onnxruntime == predict of the network read again, bit for bit that."""
    rng = np.random.default_rng(50)
    for i in range(50):
        dtype = "float64" if i % 5 == 0 else "float32"
        opset = [13, 17, 18, 20, NEWEST][i % 4 + (i == 3)]
        net = random_network(rng, activation, dtype)
        X = (2 * rng.normal(size=(8, net.sizes[0]))).astype(dtype)
        model = net.to_onnx(opset=opset, dtype=dtype)
        (y,) = run(model, X)
        assert y.dtype == dtype
        assert_close(y, net.predict(X), BOUNDS[dtype], net)
        again = fcnn.from_onnx(model)
        assert_same(again, net)
        assert_close(again.predict(X), y, BOUNDS[dtype], net)


def assert_same(again, net):
    assert again.dtype == net.dtype
    assert again.sizes == net.sizes
    assert again.standardizer == net.standardizer
    assert again._architecture == net._architecture
    np.testing.assert_array_equal(again.parameters, net.parameters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_whole_range_of_z(activation, dtype):
    """One unit of weight 1: y = sigma(x), far into the tails."""
    net = fcnn.Network([1, 1], output=activation, bias=False, dtype=dtype, seed=0)
    net.layers[1].weight[:] = 1.0
    far = 80.0 if activation in {"exp", *OUTPUT_ONLY} else 1e4
    z = np.concatenate([np.linspace(-12, 12, 241), [-far, far, -30, 30]])
    X = z[:, None].astype(dtype)
    for opset in (17, NEWEST):
        (y,) = run(net.to_onnx(opset=opset, dtype=dtype), X)
        near = slice(0, 241)
        assert_close(y[near], net.predict(X)[near], BOUNDS[dtype] / 10, "near")
        assert_close(y, net.predict(X), BOUNDS[dtype], "far")


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_any_number_of_rows(n, net, rng):
    X = rng.normal(size=(n, 3)).astype("float32")
    for dtype in ("float32", "float64"):
        if (n, dtype) == (0, "float64") and ONNXRUNTIME < (1, 32):
            net = fcnn.Network([3, 5, 2], "tanh", "softmax", seed=0)  # refused of gelu
        (y,) = run(net.to_onnx(dtype=dtype), X.astype(dtype))
        assert y.shape == (n, 2)
        assert_close(y, net.predict(X), 1e-6)


@pytest.mark.parametrize("net_dtype", ["float32", "float64"])
def test_float32_is_written_unless_asked(net_dtype, rng):
    net = fcnn.Network([3, 5, 2], "mish", dtype=net_dtype, seed=0)
    X = rng.normal(size=(9, 3))
    model = net.to_onnx()
    (y,) = run(model, X.astype("float32"))
    assert y.dtype == np.float32
    assert_close(y, net.predict(X), 1e-5)
    (y,) = run(net.to_onnx(dtype=np.float64), X)
    assert y.dtype == np.float64
    assert_close(y, net.predict(X), 1e-5 if net_dtype == "float32" else 1e-12)


def test_large_means_cost_no_digits(rng):
    """mean 1e6, scale 1: in float32 alone x - mean would have five digits less."""
    net = fcnn.Network([2, 8, 2], "tanh", "identity", standardize=True, seed=0)
    net.standardizer = fcnn.Standardizer([1e6, 3], [0.5, 1], [5e6, 0], [0.25, 1e-3])
    X = rng.normal([1e6, 3], 1.0, size=(50, 2)).astype("float32")
    (y,) = run(net.to_onnx(), X)
    expected = net.predict(X)
    assert_close(y, expected, 1e-6)
    assert_close(y[:, 1:], expected[:, 1:], 1e-5)
    assert np.ptp(expected[:, 0]) > 0.3  # which the rounding of 5e6 to 0.5 leaves
    wide = X.astype(float)
    (y,) = run(net.to_onnx(dtype="float64"), wide)
    net64 = fcnn.from_onnx(net.to_onnx(dtype="float64"))
    assert_close(y - [5e6, 0], net64.predict(wide) - [5e6, 0], 1e-8)


def test_names_and_metadata(net):
    net = fcnn.Network(
        [3, 5, 1], "mish", "identity", bias=[True, False], standardize=True, seed=7
    )
    net.standardizer = fcnn.Standardizer([1, 2, 3], [4, 5, 6], [7], [8])
    model = net.to_onnx()
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    assert (model.producer_name, model.producer_version) == ("fcnn", fcnn.__version__)
    metadata = {prop.key: prop.value for prop in model.metadata_props}
    assert metadata == {
        "sizes": "[3, 5, 1]",
        "activations": "mish, identity",
        "loss": "mse",
        "trained_in": "float32",
        "seed": "7",
    }
    graph = model.graph
    assert [value.name for value in (*graph.input, *graph.output)] == ["x", "y"]
    dims = graph.input[0].type.tensor_type.shape.dim
    assert (dims[0].dim_param, dims[1].dim_value) == ("n", 3)
    tensors = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    np.testing.assert_array_equal(tensors["layers.1.weight"], net.layers[1].weight)
    assert tensors["layers.1.bias"].shape == (5,)
    assert "layers.2.bias" not in tensors
    assert tensors["standardizer.target_scale"].tolist() == [8.0]
    made = {node.output[0]: (node.op_type, node.doc_string) for node in graph.node}
    assert made["z1"] == ("Gemm", "z[1] = W[1] a[0] + b[1]")
    assert made["a1"] == ("Mul", "a[1] = mish(z[1])")
    assert {"Softplus", "Tanh"} <= {op for op, _ in made.values()}
    assert made["a0.double"] == ("Div", "a[0] = (x - mean) / scale")


@pytest.mark.parametrize(
    ("opset", "ir", "gelu", "mish"),
    [
        (13, 7, "Erf", "Softplus"),
        (17, 8, "Erf", "Softplus"),
        (18, 8, "Erf", "Mish"),
        (20, 9, "Gelu", "Mish"),
    ],
)
def test_operators_of_the_opset(opset, ir, gelu, mish):
    net = fcnn.Network([2, 3, 3, 1], ["gelu", "mish"], seed=0)
    model = net.to_onnx(opset=opset)
    assert model.ir_version == ir
    operators = {node.op_type for node in model.graph.node}
    assert {gelu, mish} <= operators
    assert operators.isdisjoint({"Erf", "Softplus", "Gelu", "Mish"} - {gelu, mish})


def test_silu_in_float64_is_not_what_onnxruntime_fuses():
    """z sigmoid(z) becomes QuickGelu up to 1.22 at least, which is float32 only."""
    net = fcnn.Network([2, 3, 1], "silu", "identity", seed=0)
    operators = {node.op_type for node in net.to_onnx(dtype="float64").graph.node}
    assert operators == {"Gemm", "Neg", "Exp", "Add", "Div"}


def test_a_file_is_the_model(net, tmp_path):
    path = tmp_path / "net.onnx"
    assert net.to_onnx(path) is None
    assert net.to_onnx(str(path)) is None  # over the old one
    assert onnx.load(path) == net.to_onnx()
    assert list(tmp_path.iterdir()) == [path]


def test_bad_arguments_leave_no_file(net, tmp_path):
    path = tmp_path / "net.onnx"
    newest = onnx.defs.onnx_opset_version()
    for opset in (12, newest + 1):
        with pytest.raises(ValueError, match=f"opset must be in 13..{newest}, not"):
            net.to_onnx(path, opset=opset)
    with pytest.raises(TypeError, match="opset must be an integer, not '17'"):
        net.to_onnx(path, opset="17")
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64'"):
        net.to_onnx(path, dtype="float16")
    with pytest.raises(TypeError, match="path must be a path, not 3"):
        net.to_onnx(3)
    with pytest.raises(FileNotFoundError):
        net.to_onnx(tmp_path / "nowhere" / "net.onnx")
    with pytest.raises(IsADirectoryError):
        net.to_onnx(tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_has_no_model(net, monkeypatch):
    raw = fcnn.Network([2, 1], standardize=True, seed=0)
    with pytest.raises(ValueError, match="has not learned mean and scale"):
        raw.to_onnx()
    large = fcnn.Network([2, 1], dtype="float64", seed=0)
    large.layers[1].weight[:] = 1e300
    with pytest.raises(
        ValueError, match=r"layers.1.weight has numbers that float32 can"
    ):
        large.to_onnx()
    large.to_onnx(dtype="float64")
    monkeypatch.setattr("fcnn.formats.onnx_writer._MAX_BYTES", 99)
    with pytest.raises(ValueError, match="the weights need 100 bytes, .* at most 99"):
        net.to_onnx()


def test_without_the_library(net, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'fcnn\[onnx\]'"):
        net.to_onnx()
    with pytest.raises(ImportError, match=r"pip install 'fcnn\[onnx\]'"):
        fcnn.from_onnx(b"")


def test_training_goes_on_unchanged(net, rng, tmp_path):
    """An export reads; dropout and the loss's state are no part of the model."""
    before = net.parameters.copy()
    dropping = fcnn.Network([3, 5, 2], "relu", "softmax", dropout=0.5, seed=0)
    X = rng.normal(size=(4, 3)).astype("float32")
    (y,) = run(dropping.to_onnx(), X)
    assert_close(y, dropping.predict(X), 1e-6)
    net.to_onnx(Path(tmp_path / "a.onnx"))
    np.testing.assert_array_equal(net.parameters, before)
