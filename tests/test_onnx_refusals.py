"""What is no network, or no ONNX model at all, is a ValueError that says what."""

from __future__ import annotations

import re

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import fcnn
from onnx_models import Graph

W, B = np.arange(12).reshape(4, 3) / 10, [1, 2, 3, 4]


def sums(g, a="x", weight=W):
    return g("Gemm", a, weight, transB=1)


def two_branches(g):
    return g("Add", sums(g), sums(g, weight=W + 1))


def skip(g):
    z = sums(g, weight=np.eye(3))
    return g("Add", g("Relu", z), "x")


def tied(g):
    """A skip over a layer, whose weight is the last one's too."""
    weight = g.constant(np.eye(3))
    z = sums(g, weight=weight)
    return g("Add", z, g("Tanh", sums(g, g("Relu", z), weight)))


def normalized(g):
    return g("LayerNormalization", sums(g), B, B)


def hard_swish(g):
    z = sums(g)
    return g("Mul", z, g("HardSigmoid", z))


def one(g):
    """The sums of a layer of one output."""
    return sums(g, weight=W[:1])


def squeezed(g):
    return g("Squeeze", one(g), g.constant([1], "int64"))


def two_classes(g, z, other=None, axis=1):
    """1 - p and p."""
    p = g("Sigmoid", z)
    q = p if other is None else g("Sigmoid", other)
    return g("Concat", g("Sub", 1, q), p, axis=axis)


def unsound_softplus(g):
    """Not softplus(-z): it is -z for z > -20, not for -z > 20."""
    negative = g("Neg", z := sums(g))
    return g("Where", g("Greater", z, -20), negative, g("Softplus", negative))


def strings(g):
    g.initializers.append(helper.make_tensor("s", TensorProto.STRING, [], [b"1.5"]))
    return g("Mul", sums(g), "s")


def training_by_outputs(g):
    """As opsets before 14 say it."""
    y = g("BatchNormalization", sums(g), B, B, B, B)
    g.nodes[-1].output.extend(["mean", "variance"])
    return y


# what is written, and the node that the message must name
REFUSED = {
    "Conv": (lambda g: g("Conv", sums(g), np.ones((1, 4, 1))), "Conv"),
    "LayerNormalization": (normalized, "LayerNormalization"),
    "ArgMax": (lambda g: g("ArgMax", sums(g)), "ArgMax"),
    "two branches": (two_branches, "Add"),
    "skip": (skip, "Add"),
    "skip over a tied weight": (tied, "Add"),
    "HardSwish": (lambda g: sums(g, g("HardSwish", sums(g)), W.T), "HardSwish"),
    "twice": (lambda g: g("Tanh", g("Relu", sums(g))), "Relu '/Relu_t1', Tanh"),
    "cubic": (lambda g: g("Pow", sums(g), 3), "Pow"),
    "root": (lambda g: g("Sqrt", sums(g)), "Sqrt"),
    "slopes": (lambda g: g("PRelu", sums(g), [0.1, 0.2, 0.3, 0.4]), "PRelu"),
    "hard swish by hand": (
        hard_swish,
        "HardSigmoid '/HardSigmoid_t1', Mul",
    ),
    "no layer": (lambda g: g("Sigmoid", "x"), "Sigmoid"),
    "exp within": (lambda g: sums(g, g("Exp", sums(g)), W.T), "Exp"),
    "softmax within": (lambda g: sums(g, g("Softmax", sums(g)), W.T), "Softmax"),
    "softmax over rows": (lambda g: g("Softmax", sums(g), axis=0), "Softmax"),
    "weights computed": (lambda g: g("MatMul", sums(g), g("Relu", sums(g))), "MatMul"),
    "batch of weights": (lambda g: g("MatMul", "x", np.ones((2, 3, 4))), "MatMul"),
    "columns": (lambda g: g("Gemm", "x", W, transA=1), "Gemm"),
    "a number a row": (lambda g: g("Add", sums(g), np.ones((5, 1))), "Add"),
    "too many numbers": (lambda g: g("Add", sums(g), np.ones(5)), "Add"),
    "equal numbers that widen": (lambda g: g("Mul", one(g), [2, 2, 2]), "Mul"),
    "equal numbers, one a row": (lambda g: g("Mul", sums(g), np.ones((5, 1))), "Mul"),
    "a bound that widens": (lambda g: g("Max", one(g), [0, 0]), "Max"),
    "softmax of (n,)": (lambda g: g("Softmax", squeezed(g)), "Softmax"),
    "(n, 1) + (n,)": (
        lambda g: g("Add", z := one(g), g("Squeeze", z, g.constant([1], "int64"))),
        "Add",
    ),
    "softplus of -z": (unsound_softplus, "Where"),
    "strings": (strings, "Mul"),
    "too few inputs": (lambda g: sums(g, sums(g)), "Gemm"),
    "over zero": (lambda g: g("Div", sums(g), 0), "Div"),
    "infinite": (lambda g: sums(g, g("Sub", "x", [1, np.inf, 2])), "Sub"),
    "training": (
        lambda g: g("BatchNormalization", sums(g), B, B, B, B, training_mode=1),
        "BatchNormalization",
    ),
    "training by outputs": (training_by_outputs, "BatchNormalization"),
    "dropout in training": (
        lambda g: g("Dropout", sums(g), 0.5, g.constant(True, bool)),
        "Dropout",
    ),
    "integers": (lambda g: g("Cast", sums(g), to=TensorProto.INT32), "Cast"),
    "integer weights": (
        lambda g: g("MatMul", g("Cast", "x", to=6), g.constant(W.T, "int32")),
        "Cast",
    ),
    "columns joined": (lambda g: g("Concat", z := one(g), z, axis=1), "Concat"),
    "p and p": (
        lambda g: g("Concat", p := g("Sigmoid", one(g)), p, axis=1),
        "Concat",
    ),
    "rows joined": (lambda g: two_classes(g, one(g), axis=0), "Concat"),
    "of two layers": (
        lambda g: two_classes(g, one(g), one(g)),
        "Concat",
    ),
    "1 - p of several": (lambda g: two_classes(g, sums(g)), "Concat"),
    "other rows": (
        lambda g: g("Reshape", sums(g), g.constant([-1, 2], "int64")),
        "Reshape",
    ),
    "a huge constant": (
        lambda g: g("Add", "x", g("Mul", np.ones((2000, 1)), np.ones((1, 2000)))),
        "Mul",
    ),
    "a constant from a shape": (
        lambda g: g("Add", "x", g("ConstantOfShape", g.constant([2**40], "int64"))),
        "ConstantOfShape",
    ),
    "attribute of another type": (
        lambda g: g("LeakyRelu", sums(g), alpha="0.1"),
        "LeakyRelu",
    ),
    "unknown attribute": (lambda g: g("Tanh", sums(g), axis=1), "Tanh"),
    "too many inputs": (lambda g: g("Max", sums(g), 0, 1), "Max"),
    "no weights": (lambda g: sums(g, weight=np.ones((0, 3))), "Gemm"),
    "vanishing": (lambda g: sums(g, g("Div", "x", [1e-300] * 3)), "Div"),
    "wide outputs that are scaled": (
        lambda g: g(
            "Mul", g("Tanh", sums(g, weight=np.ones((5000, 3)))), np.arange(1, 5001)
        ),
        None,
    ),
    "infinite clip": (lambda g: g("Clip", sums(g), 2, 1), "Clip"),
    "part of a function": (lambda g: g("Log", sums(g)), "Log"),
    "other domain": (
        lambda g: g("Tanh", "x", domain="com.example"),
        "com.example.Tanh",
    ),
}


def model_of(g, y, shape=("n", 3)):
    """Unchecked by the library, which would refuse some."""
    named = (("x", shape), (y, None))
    info = [helper.make_tensor_value_info(name, 1, s) for name, s in named]
    graph = helper.make_graph(g.nodes, "g", info[:1], info[1:], g.initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", g.opset)])


@pytest.mark.parametrize("name", REFUSED)
def test_the_node_is_named(name):
    write, node = REFUSED[name]
    g = Graph()
    y = write(g)
    with pytest.raises(ValueError, match="cannot be read as a network") as error:
        fcnn.from_onnx(model_of(g, y))
    if node is None:
        assert "5000 outputs are scaled at the end" in str(error.value)
    else:
        assert re.search(rf"\bnodes? ({node})\b", str(error.value)), error.value


def nested(g):
    """Written out, it has more terms than there are atoms."""
    a = sums(g)
    for _ in range(300):
        a = g("Mul", g("Tanh", a), a)
    return sums(g, a, W.T)


def deep(g):
    a = sums(g)
    for _ in range(3000):
        a = g("Tanh", a)
    return sums(g, a, W.T)


def squares(g):
    z = sums(g)
    a = g("Add", g("Tanh", z), g("Sigmoid", z))
    for _ in range(100):
        a = g("Mul", a, a)
    return a


def many(g):
    """Linear, but each node costs more than the one before."""
    z = sums(g)
    for _ in range(3000):
        z = g("Mul", z, 1.0001)
    return z


def doubled(g):
    """A constant of 2^60 numbers."""
    c = g.constant(np.ones(4))
    for _ in range(60):
        c = g("Concat", c, c, axis=0)
    return g("Add", sums(g), c)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (nested, "cannot be read"),
        (deep, "more than 100 nodes follow on a layer's sums"),
        (squares, "cannot be read"),
        (many, "more than 100 nodes follow on a layer's sums"),
        (doubled, "too much is computed of the model's constants"),
    ],
)
def test_expressions_that_grow(write, message):
    """Refused at once: no time or memory that doubles with each node."""
    g = Graph()
    with pytest.raises(ValueError, match=message):
        fcnn.from_onnx(model_of(g, write(g)))


def test_messages_in_full():
    g = Graph()
    with pytest.raises(ValueError, match="cannot be read") as error:
        fcnn.from_onnx(model_of(g, REFUSED["Conv"][0](g)))
    assert str(error.value) == (
        "the model cannot be read as a network: the node Conv '/Conv_t1', which makes "
        "'t1', is not understood"
    )
    g = Graph()
    with pytest.raises(ValueError, match="cannot be read") as error:
        fcnn.from_onnx(model_of(g, REFUSED["exp within"][0](g)))
    assert str(error.value) == (
        "the model cannot be read as a network: the nodes Exp '/Exp_t1' make exp, "
        "which is for the output only"
    )


@pytest.fixture
def model():
    return fcnn.Network([3, 4, 2], "mish", "softmax", seed=0).to_onnx()


def refuse(model, message):
    with pytest.raises(ValueError, match=message):
        fcnn.from_onnx(model)


def test_a_cycle_and_what_is_missing(model):
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    changed.graph.node[1].input[0] = "y"
    refuse(changed, "takes 'y', which is no input, no initializer and made by no node")
    changed.CopyFrom(model)
    del changed.graph.initializer[0]
    refuse(changed, "takes 'layers.1.weight', which is no input")
    changed.CopyFrom(model)
    changed.graph.node[2].output[0] = "z1"
    refuse(changed, "its output has been made before|made by no node")
    changed.CopyFrom(model)
    changed.graph.initializer.append(changed.graph.initializer[0])
    refuse(changed, "the initializer 'layers.1.weight' comes twice")


def test_graphs_without_what_is_needed(model):
    for field, message in (
        ("node", "it has no node or no output"),
        ("output", "it has no node or no output"),
        ("input", r"it must have one input, not \[\]"),
    ):
        changed = onnx.ModelProto()
        changed.CopyFrom(model)
        changed.graph.ClearField(field)
        refuse(changed, message)
    changed.CopyFrom(model)
    changed.graph.node[1].ClearField("output")
    refuse(changed, "the node Softplus 'a1.softplus' has no output")
    changed.CopyFrom(model)
    changed.graph.sparse_initializer.add()
    refuse(changed, "it has sparse initializers")
    changed.CopyFrom(model)
    changed.graph.input[0].type.Clear()
    refuse(changed, "its input 'x' is no tensor")
    changed.CopyFrom(model)
    changed.graph.input.append(helper.make_tensor_value_info("u", 1, [1]))
    refuse(changed, r"it must have one input, not \['x', 'u'\]")
    changed.CopyFrom(model)
    changed.ClearField("opset_import")
    refuse(changed, "must import one opset")
    changed.CopyFrom(model)
    changed.opset_import[0].version = 6
    refuse(changed, "its opset is 6, but it must be at least 7")
    changed.CopyFrom(model)
    changed.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", 1, [3]))
    refuse(changed, r"its input has shape \(3,\), not \(n, n_in\)")
    changed.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", 1, ["n", 5]))
    refuse(changed, "its weight takes 3 inputs, but 5 come")


def test_a_model_without_layers():
    g = Graph()
    refuse(
        model_of(g, g("Identity", "x")), "its output is its input: there is no layer"
    )
    refuse(model_of(g, g("Add", 1, 2)), "does not depend on x")


def test_numbers_that_are_not_finite(model):
    weight = np.full((4, 3), np.nan, "float32")
    model.graph.initializer[0].CopyFrom(
        numpy_helper.from_array(weight, "layers.1.weight")
    )
    refuse(model, "the weight of layer 1 must be finite")


@pytest.mark.parametrize(
    ("dims", "message"),
    [
        ([2**40, 2**40], "'layers.1.weight' of shape .* has 48 bytes"),
        ([4, 4], "the tensor 'layers.1.weight' cannot be read|has 48 bytes"),
        ([-4, 3], r"the tensor 'layers.1.weight' has the shape \(-4, 3\)"),
    ],
)
def test_tensors_of_another_size_than_their_shape(dims, message, model):
    tensor = model.graph.initializer[0]
    assert tensor.name == "layers.1.weight"
    del tensor.dims[:]
    tensor.dims.extend(dims)
    refuse(model, message)


def test_unknown_types_of_tensors(model):
    model.graph.initializer[0].data_type = 99
    refuse(model, "the tensor 'layers.1.weight' has an unknown type")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"location": "../outside.data"}, "'../outside.data', which is no file beside"),
        ({"location": "/etc/hostname"}, "'/etc/hostname', which is no file beside"),
        ({"location": "link.data"}, "'link.data', which is no file beside"),
        ({"location": "missing.data"}, "'missing.data', which is no file beside"),
        ({"location": ""}, "'', which is no file beside"),
        ({"offset": "8"}, "48 bytes at 8 of the 48 in 'net.data'"),
        ({"offset": "-1"}, "48 bytes at -1 of the 48"),
        ({"length": "47"}, "47 bytes at 0 of the 48"),
        ({"length": "many"}, "many bytes at 0 of the 48"),
        ({}, None),
    ],
)
def test_tensors_in_other_files(change, message, model, tmp_path):
    """Only of the model's own folder, whatever links say, and only as long as said."""
    folder = tmp_path / "models"
    folder.mkdir()
    tensor = model.graph.initializer[0]
    for path in (folder / "net.data", tmp_path / "outside.data"):
        path.write_bytes(tensor.raw_data)
    (folder / "link.data").symlink_to(tmp_path / "outside.data")
    expected = numpy_helper.to_array(tensor)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (
        {"location": "net.data", "offset": "0", "length": "48"} | change
    ).items():
        tensor.external_data.add(key=key, value=value)
    (folder / "net.onnx").write_bytes(model.SerializeToString())
    if message is None:
        net = fcnn.from_onnx(folder / "net.onnx")
        np.testing.assert_array_equal(net.layers[1].weight, expected)
    else:
        refuse(folder / "net.onnx", message)


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError):
        fcnn.from_onnx(tmp_path / "nowhere.onnx")
    with pytest.raises(IsADirectoryError):
        fcnn.from_onnx(tmp_path)
    with pytest.raises(TypeError, match="source must be a path, not 3"):
        fcnn.from_onnx(3)
    path = tmp_path / "net.onnx"
    path.write_bytes(b"no model at all")
    with pytest.raises(
        ValueError, match="net.onnx cannot be read as a network: it is no"
    ):
        fcnn.from_onnx(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="it has no node"):
        fcnn.from_onnx(path)


def damaged(rng, data):
    """Cut, overwritten or random."""
    kind = rng.random()
    if kind < 0.2:
        return data[: rng.integers(len(data))]
    if kind < 0.3:
        return rng.bytes(rng.integers(200))
    changed = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        changed[rng.integers(len(changed))] = rng.choice([0, 1, 127, 255])
    return bytes(changed)


@pytest.mark.parametrize("activation", ["gelu", "elu", "mish"])
def test_damaged_files(activation):
    """A ValueError or, where only a number or a name has changed, a network."""
    rng = np.random.default_rng(3)
    files = []
    for dtype in ("float32", "float64"):
        net = fcnn.Network([3, 4, 2], activation, "identity", standardize=True, seed=0)
        net.standardizer = fcnn.Standardizer([1, 2, 3], [1, 2, 3], [1, 2], [3, 4])
        files.append(net.to_onnx(dtype=dtype).SerializeToString())
    read = 0
    for i in range(300):
        try:
            found = fcnn.from_onnx(damaged(rng, files[i % 2]))
        except ValueError as error:
            assert "cannot be read as a network" in str(error)  # noqa: PT017
        else:
            read += 1
            assert np.isfinite(found.parameters).all()
    assert 0 < read < 200
