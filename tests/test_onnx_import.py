"""Other libraries' ONNX models as networks that answer what onnxruntime answers."""

from __future__ import annotations

import io
import math
import warnings
from itertools import pairwise

import numpy as np
import onnx
import pytest

import fcnn
from fcnn.formats import onnx_constants
from helpers import assert_close
from onnx_models import ACTIVATIONS, OUTPUT_ONLY, Graph, run

ROOT_2_PI = math.sqrt(2 / math.pi)
SELU = {"alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875}

# Each activation as libraries write it: PyTorch's two exporters, tf2onnx for Keras,
# skl2onnx, and by hand; p is the parameter. Most are of opset 17.
WRITTEN = {
    "identity": [lambda g, z: z, lambda g, z: g("Identity", z)],
    "sigmoid": [
        lambda g, z: g("Sigmoid", z),
        lambda g, z: g("Div", 1, g("Add", 1, g("Exp", g("Neg", z)))),
        lambda g, z: g("Reciprocal", g("Add", g("Exp", g("Mul", z, -1)), 1)),
        lambda g, z: g("Add", g("Mul", g("Tanh", g("Mul", z, 0.5)), 0.5), 0.5),
    ],
    "tanh": [
        lambda g, z: g("Tanh", z),
        lambda g, z: g("Sub", g("Mul", 2, g("Sigmoid", g("Mul", z, 2))), 1),
    ],
    "relu": [
        lambda g, z: g("Relu", z),
        lambda g, z: g("Max", z, 0),
        lambda g, z: g("Clip", z, 0),
        lambda g, z: g("Where", g("Greater", z, 0), z, 0),
        lambda g, z: g("Mul", g("Add", z, g("Abs", z)), 0.5),
    ],
    "leaky_relu": [
        lambda g, z: g("LeakyRelu", z, alpha=0.2),
        lambda g, z: g("LeakyRelu", z),
        lambda g, z: g("PRelu", z, [0.25]),
        lambda g, z: g("Max", z, g("Mul", z, 0.3)),
        lambda g, z: g("Where", g("Less", z, 0), g("Mul", 0.1, z), z),
        lambda g, z: g("Sub", g("Relu", z), g("Mul", g("Relu", g("Neg", z)), 0.2)),
        lambda g, z: g("Add", g("Mul", z, 0.6), g("Mul", g("Abs", z), 0.4)),
    ],
    "elu": [
        lambda g, z: g("Elu", z),
        lambda g, z: g("Elu", z, alpha=0.5),
        lambda g, z: g("Celu", z, alpha=1.0),
        lambda g, z: g("Where", g("Greater", z, 0), z, g("Sub", g("Exp", z), 1)),
    ],
    "selu": [
        lambda g, z: g("Selu", z),
        lambda g, z: g("Mul", SELU["gamma"], g("Elu", z, alpha=SELU["alpha"])),
    ],
    "softplus": [
        lambda g, z: g("Softplus", z),
        lambda g, z: g("Log", g("Add", g("Exp", z), 1)),
        lambda g, z: g("Where", g("Greater", z, 20), z, g("Softplus", z)),
        lambda g, z: g("Mul", g("Softplus", g("Mul", z, 2)), 0.5),
    ],
    "softsign": [
        lambda g, z: g("Softsign", z),
        lambda g, z: g("Div", z, g("Add", 1, g("Abs", z))),
    ],
    "gelu": [
        lambda g, z: erf_gelu(g, z, lambda z: g("Div", z, math.sqrt(2))),
        lambda g, z: erf_gelu(g, z, lambda z: g("Mul", z, math.sqrt(0.5))),
        lambda g, z: g(
            "Mul", z, g("Mul", 0.5, g("Add", 1, g("Erf", g("Mul", z, 0.70710678))))
        ),
        lambda g, z: g(
            "Mul", g("Add", g("Erf", g("Div", z, 1.41421354)), 1), g("Div", z, 2)
        ),
    ],
    "gelu_tanh": [
        lambda g, z: tanh_gelu(g, z, g("Pow", z, 3)),
        lambda g, z: tanh_gelu(g, z, g("Mul", g("Mul", z, z), z)),
        lambda g, z: g(
            "Mul",
            g("Mul", 0.5, z),
            g(
                "Add",
                1,
                g(
                    "Tanh",
                    g(
                        "Mul",
                        g("Mul", z, ROOT_2_PI),
                        g("Add", 1, g("Mul", 0.044715, g("Mul", z, z))),
                    ),
                ),
            ),
        ),
    ],
    "silu": [
        lambda g, z: g("Mul", z, g("Sigmoid", z)),
        lambda g, z: g("Div", z, g("Add", 1, g("Exp", g("Neg", z)))),
        lambda g, z: g("Mul", g("Sigmoid", g("Mul", z, 1.702)), z),
    ],
    "mish": [
        lambda g, z: g("Mul", z, g("Tanh", g("Softplus", z))),
        lambda g, z: g("Mul", g("Tanh", g("Log", g("Add", 1, g("Exp", z)))), z),
    ],
    "hard_sigmoid": [
        lambda g, z: g("HardSigmoid", z),
        lambda g, z: g("HardSigmoid", z, alpha=1 / 6),
        lambda g, z: g("Clip", g("Add", g("Mul", z, 0.2), 0.5), 0, 1),
        lambda g, z: g("Div", g("Clip", g("Add", z, 3), 0, 6), 6),
        lambda g, z: g("Mul", g("Min", g("Relu", g("Add", z, 3)), 6), 1 / 6),
        lambda g, z: g("Max", g("Min", g("Add", g("Mul", 0.25, z), 0.5), 1), 0),
        lambda g, z: g("Clip", z, 0, 6),  # relu6
    ],
    "hard_tanh": [
        lambda g, z: g("Clip", z, -1, 1),
        lambda g, z: g("Min", g("Max", z, -1), 1),
    ],
    "exp": [lambda g, z: g("Exp", z)],
    "softmax": [
        lambda g, z: g("Softmax", z),
        lambda g, z: g("Softmax", z, axis=1),
        lambda g, z: g("Softmax", g("Div", z, 2.5), axis=-1),
    ],
}


def erf_gelu(g, z, over_root_2):
    return g("Mul", g("Mul", z, g("Add", g("Erf", over_root_2(z)), 1)), 0.5)


def tanh_gelu(g, z, cube):
    inner = g("Mul", g("Add", z, g("Mul", cube, 0.044715)), ROOT_2_PI)
    return g("Mul", g("Mul", z, 0.5), g("Add", g("Tanh", inner), 1))


def gemm(g, a, W, b):
    return g("Gemm", a, W, b, transB=1)


def gemm_scaled(g, a, W, b):
    return g("Gemm", a, 2 * W.T, [b], alpha=0.5)


def matmul_and_add(g, a, W, b):
    return g("Add", g("MatMul", a, g.constant_node(W.T)), b)


def add_of_matmul(g, a, W, b):
    transposed = g("Transpose", W, perm=[1, 0])
    return g(
        "Add", g("Unsqueeze", b, g.constant([0], "int64")), g("MatMul", a, transposed)
    )


def gemm_without_bias(g, a, W, b):
    return g("Gemm", a, W, transB=1)


LINEAR = [gemm, gemm_scaled, matmul_and_add, add_of_matmul, gemm_without_bias]


def random_model(rng, activation):
    """A model with the activation wherever it may be, and the width of its input."""
    sizes = rng.integers(1, 7, rng.integers(2, 5)).tolist()
    g = Graph(shape=("n", sizes[0]))
    a = "x"
    if rng.random() < 0.3:
        a = g("Div", g("Sub", a, rng.normal(size=sizes[0])), [2.0] * sizes[0])
    choices = WRITTEN[activation]
    for l, (n, m) in enumerate(pairwise(sizes), start=1):
        W = rng.normal(size=(m, n)) / np.sqrt(n)
        linear = LINEAR[rng.integers(len(LINEAR))]
        z = linear(g, a, W.astype("float32"), rng.normal(scale=0.3, size=m))
        last = l == len(sizes) - 1
        if activation in OUTPUT_ONLY and not last:
            a = g("Tanh", z)
        else:
            a = choices[rng.integers(len(choices))](g, z)
    return g.model(a), sizes[0]


def test_every_activation_is_written_somehow():
    assert set(WRITTEN) == set(ACTIVATIONS)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_50_models(activation):
    rng = np.random.default_rng(7)
    for _ in range(50):
        model, width = random_model(rng, activation)
        X = (2 * rng.normal(size=(8, width))).astype("float32")
        net = fcnn.from_onnx(model)
        (y,) = run(model, X)
        assert_close(net.predict(X), y, 1e-5, net)


@pytest.mark.parametrize(
    ("activation", "i"), [(a, i) for a in ACTIVATIONS for i in range(len(WRITTEN[a]))]
)
def test_every_way_to_write_an_activation(activation, i):
    """Under its own name, but for the two that are written in each other's."""
    rng = np.random.default_rng(i)
    g = Graph(shape=("n", 3))
    W, b = rng.normal(size=(4, 3)), rng.normal(size=4)
    y = WRITTEN[activation][i](g, gemm(g, "x", W, b))
    net = fcnn.from_onnx(g.model(y))
    found = net.layers[1].activation.partition("(")[0]
    same = {("sigmoid", 3): "tanh", ("tanh", 1): "sigmoid"}
    assert found == same.get((activation, i), activation)
    X = (3 * rng.normal(size=(20, 3))).astype("float32")
    (expected,) = run(g.model(y), X)
    assert_close(net.predict(X), expected, 2e-6)


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda g, z: g("LeakyRelu", z), "leaky_relu"),
        (lambda g, z: g("LeakyRelu", z, alpha=0.2), "leaky_relu(0.2)"),
        (lambda g, z: g("Elu", z, alpha=0.7), "elu(0.7)"),
        (lambda g, z: g("HardSigmoid", z), "hard_sigmoid(0.2)"),
        (lambda g, z: g("HardSigmoid", z, alpha=1 / 6), "hard_sigmoid"),
        (lambda g, z: g("Max", z, g("Mul", z, 0.3)), "leaky_relu(0.3)"),
    ],
)
def test_parameters_in_few_digits(write, name):
    """0.2 in float32 is 0.20000000298, which a file means no more than 0.2."""
    g = Graph()
    net = fcnn.from_onnx(g.model(write(g, gemm(g, "x", np.eye(2), [0, 0]))))
    assert net.layers[1].activation == name


def both(g, y, n_in, rng, mean=0.0, bound=1e-5):
    """The network of the model, after onnxruntime's answer and its own are compared."""
    model = g.model(y)
    net = fcnn.from_onnx(model)
    X = rng.normal(mean, 1.0, size=(30, n_in)).astype(g.dtype)
    (expected,) = run(model, X)
    assert_close(net.predict(X), expected, bound)
    return net


def test_inputs_and_outputs_that_are_scaled_become_a_standardizer(rng):
    W, b = rng.normal(size=(2, 3)), rng.normal(size=2)
    g = Graph("float64")
    x = g("Div", g("Sub", "x", [1e3, 2, 3]), [4, 5, 6])
    a = gemm(g, g("Tanh", gemm(g, x, rng.normal(size=(3, 3)), [0, 0, 0])), W, b)
    y = g("Add", g("Mul", a, [7, 8]), [9, 10])
    net = both(g, y, 3, rng, 1e3, 1e-12)
    expected = fcnn.Standardizer([1e3, 2, 3], [4, 5, 6], [9, 10], [7, 8])
    assert net.standardizer == expected
    np.testing.assert_array_equal(net.layers[2].weight, W)
    np.testing.assert_array_equal(net.layers[2].bias, b)


@pytest.mark.parametrize(
    "scaled",
    [
        lambda g, x: g("Mul", x, 1 / 255),
        lambda g, x: g("Mul", g("Add", x, [1, 2, 3]), [0.5, 0.25, 2]),
        lambda g, x: g("Add", g("Mul", x, [0.5, -0.25, 2]), [1, 2, 3]),
        lambda g, x: g("Sub", [1, 2, 3], x),
        lambda g, x: g("Neg", g("Sub", x, 4)),
        lambda g, x: g(
            "Scaler", x, domain="ai.onnx.ml", offset=[1.0, 2, 3], scale=[0.5, 2, 1]
        ),
        lambda g, x: g(
            "BatchNormalization", x, [1, 2, -3], [1, 0, 1], [3, 2, 1], [4, 1, 2]
        ),
        lambda g, x: g("Scaler", x, domain="ai.onnx.ml", offset=[1.0], scale=[0.5]),
    ],
)
def test_ways_to_scale_inputs(scaled, rng):
    g = Graph()
    net = both(
        g, g("Tanh", gemm(g, scaled(g, "x"), rng.normal(size=(2, 3)), [0, 1])), 3, rng
    )
    assert net.standardizer.target_mean is None


@pytest.mark.parametrize(
    "scaled",
    [
        lambda g, x: g("Mul", x, [1, 0, -2]),
        lambda g, x: g("Add", g("Mul", x, 0), [1, 2, 3]),
        lambda g, x: g(
            "BatchNormalization", x, [0, 1, 2], [1, 0, 1], [3, 2, 1], [4, 1, 2]
        ),
        lambda g, x: g("Scaler", x, domain="ai.onnx.ml", offset=[1.0], scale=[0.0]),
    ],
)
@pytest.mark.parametrize("place", ["inputs", "sums", "outputs of a layer"])
def test_factors_of_zero(place, scaled, rng):
    """What batch normalization learns of units that are of no use."""
    g = Graph()
    if place == "inputs":
        a = scaled(g, "x")
    else:
        a = gemm(g, "x", rng.normal(size=(3, 3)), rng.normal(size=3))
        a = scaled(g, a if place == "sums" else g("Tanh", a))
    net = both(g, gemm(g, a, rng.normal(size=(2, 3)), [0, 1]), 3, rng)
    assert net.sizes == ((3, 2) if place == "inputs" else (3, 3, 2))


def test_scaling_between_layers_goes_into_the_weights(rng):
    """BatchNormalization before and after an activation, and lines of constants."""
    g = Graph()
    z = gemm(g, "x", rng.normal(size=(4, 3)), rng.normal(size=4))
    z = g("BatchNormalization", z, *rng.uniform(0.5, 2, size=(4, 4)))
    a = g("Relu", g("Mul", z, [1, -2, 3, 0.5]))
    a = g("BatchNormalization", a, *rng.uniform(0.5, 2, size=(4, 4)), epsilon=1e-3)
    z = g("Gemm", g("Sub", a, [1, 2, 3, 4]), rng.normal(size=(5, 4)), transB=1)
    z = g("Div", g("Sub", [1, 2, 3, 4, 5], z), [1, -2, 3, 1, 2])
    a = g("Sub", 1, g("Sigmoid", z))
    z = gemm(g, g("Mul", a, 3), rng.normal(size=(2, 5)), [0, 1])
    net = both(g, g("Softmax", z), 3, rng)
    assert net.sizes == (3, 4, 5, 2)
    assert net.standardizer is None
    assert [layer.activation for layer in net.layers[1:]] == [
        "relu",
        "sigmoid",
        "softmax",
    ]


@pytest.mark.parametrize("activation", ["silu", "gelu", "mish", "softsign"])
def test_normalization_before_an_activation_that_takes_z_twice(activation, rng):
    g = Graph()
    z = gemm_without_bias(g, "x", rng.normal(size=(4, 3)), None)
    z = g("BatchNormalization", z, *rng.uniform(0.5, 2, size=(4, 4)))
    net = both(g, WRITTEN[activation][0](g, z), 3, rng)
    assert net.layers[1].activation == activation


def test_initializers_that_are_inputs_too(rng):
    """As IR version 3 had it."""
    g = Graph()
    g("Gemm", "x", rng.normal(size=(4, 3)), transB=1)
    model = g.model("t0")
    model.graph.input.append(onnx.helper.make_tensor_value_info("c0", 1, [4, 3]))
    assert fcnn.from_onnx(model).sizes == (3, 4)


def test_a_policy_that_scales_its_tanh(rng):
    g = Graph()
    a = g("Tanh", gemm(g, "x", rng.normal(size=(2, 3)), [0, 1]))
    net = both(g, g("Add", g("Mul", a, [2, 3]), 0.5), 3, rng)
    assert net.sizes == (3, 2, 2)
    assert net.layers[2].weight.tolist() == [[2, 0], [0, 3]]


def test_layers_without_activation(rng):
    g = Graph()
    z = gemm(g, "x", rng.normal(size=(4, 3)), rng.normal(size=4))
    net = both(g, gemm(g, z, rng.normal(size=(2, 4)), [0, 1]), 3, rng)
    assert [layer.activation for layer in net.layers[1:]] == ["identity", "identity"]
    assert net.loss == "mse"


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda g, z: g("Clip", z, -1, 1), "hard_tanh"),
        (lambda g, z: g("Selu", z), "selu"),
        (lambda g, z: g("Sigmoid", z), "sigmoid"),
    ],
)
def test_one_factor_for_all_outputs_leaves_the_name(write, name, rng):
    """As BatchNormalization's that has not been trained."""
    g = Graph()
    a = write(g, gemm(g, "x", rng.normal(size=(4, 3)), rng.normal(size=4)))
    a = g("BatchNormalization", a, *([v] * 4 for v in (1, 0, 0, 1)))
    net = both(g, gemm(g, g("Mul", a, 0.99), rng.normal(size=(2, 4)), [0, 1]), 3, rng)
    assert [layer.activation for layer in net.layers[1:]] == [name, "identity"]


def test_what_does_nothing(rng):
    g = Graph()
    x = g("Identity", g("Flatten", g("Cast", "x", to=1)))
    z = gemm(g, g("Dropout", x), rng.normal(size=(4, 3)), rng.normal(size=4))
    z = g("Reshape", z, g.constant([-1, 4], "int64"))
    rows = g("Slice", g("Shape", z), *(g.constant([n], "int64") for n in (0, 1)))
    shape = g("Concat", g.constant([0], "int64"), g.constant([-1], "int64"), axis=0)
    a = g("Reshape", g("Relu", z), shape)
    model = g.model(g("Sigmoid", gemm(g, a, rng.normal(size=(1, 4)), [0])))
    assert rows  # a branch that the output does not need may be anything
    net = fcnn.from_onnx(model)
    assert net.sizes == (3, 4, 1)
    X = rng.normal(size=(7, 3)).astype("float32")
    assert_close(net.predict(X), run(model, X)[0], 1e-6)


@pytest.mark.parametrize("how", ["Flatten", "view", "view of 5"])
def test_images_are_read_as_flattened_rows(how, rng):
    g = Graph(shape=("n", 1, 2, 3))
    if how == "Flatten":
        x = g("Flatten", "x")
    elif how == "view of 5":  # exported without dynamic_axes
        g.shape = (5, 1, 2, 3)
        x = g("Reshape", "x", g.constant([5, -1], "int64"))
    else:  # PyTorch's x.view(x.size(0), -1)
        n = g("Gather", g("Shape", "x"), g.constant(0, "int64"), axis=0)
        ends = [
            g("Unsqueeze", v, g.constant([0], "int64"))
            for v in (n, g.constant(-1, "int64"))
        ]
        x = g("Reshape", "x", g("Concat", *ends, axis=0))
    model = g.model(g("Tanh", gemm(g, x, rng.normal(size=(2, 6)), [0, 1])))
    X = rng.normal(size=(5, 1, 2, 3)).astype("float32")
    net = fcnn.from_onnx(model)
    assert_close(net.predict(X.reshape(5, 6)), run(model, X)[0], 1e-6)


def test_a_column_that_is_squeezed(rng):
    g = Graph()
    z = g(
        "Squeeze", gemm(g, "x", rng.normal(size=(1, 3)), [1]), g.constant([1], "int64")
    )
    model = g.model(z, shape=("n",))
    X = rng.normal(size=(5, 3)).astype("float32")
    assert_close(fcnn.from_onnx(model).predict(X)[:, 0], run(model, X)[0], 1e-6)
    column = g("Reshape", z, g.constant([-1, 1], "int64"))  # and (n, 1) again
    net = both(g, g("Softmax", column), 3, rng)
    assert net.layers[1].activation == "softmax"


def test_old_opsets(rng):
    """Opset 9: bounds, axes and the ratio as attributes, softmax over axis 1."""
    g = Graph(opset=9)
    z = gemm(g, "x", rng.normal(size=(4, 3)), rng.normal(size=4))
    a = g("Dropout", g("Clip", z, min=-1.0, max=1.0), ratio=0.3)
    bias = g("Squeeze", np.ones((1, 2)), axes=[0])
    net = both(g, g("Softmax", gemm(g, a, rng.normal(size=(2, 4)), bias)), 3, rng)
    assert [layer.activation for layer in net.layers[1:]] == ["hard_tanh", "softmax"]


def test_dtypes(rng):
    """Half precision becomes float32; one weight of float64 makes a float64 network."""
    W = rng.integers(-8, 8, size=(2, 3)) / 8
    for kind, expected in (
        (onnx.TensorProto.FLOAT16, "float32"),
        (onnx.TensorProto.BFLOAT16, "float32"),
        (onnx.TensorProto.FLOAT, "float32"),
        (onnx.TensorProto.DOUBLE, "float64"),
    ):
        g = Graph()
        g.initializers = [onnx.helper.make_tensor("W", kind, W.shape, W.ravel())]
        net = fcnn.from_onnx(unchecked(g, g("Gemm", "x", "W", transB=1)))
        assert net.dtype == expected
        np.testing.assert_array_equal(net.layers[1].weight, W)


def unchecked(g, y):
    """A model that the library's checker has not seen."""
    graph = onnx.helper.make_graph(
        g.nodes,
        "g",
        [onnx.helper.make_tensor_value_info("x", 1, ["n", None])],
        [onnx.helper.make_tensor_value_info(y, 1, ["n", None])],
        g.initializers,
    )
    return onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 17)]
    )


@pytest.mark.parametrize("kind", [str, None, "bytes", "model"])
def test_sources(kind, tmp_path):
    net = fcnn.Network([3, 4, 2], "relu", "softmax", seed=0)
    path = tmp_path / "net.onnx"
    net.to_onnx(path)
    source = {
        str: str(path),
        None: path,
        "bytes": path.read_bytes(),
        "model": onnx.load(path),
    }
    again = fcnn.from_onnx(source[kind])
    np.testing.assert_array_equal(again.parameters, net.parameters)
    assert (again.loss, again.seed) == ("cross_entropy", 0)


def test_weights_in_another_file(tmp_path, rng):
    net = fcnn.Network([30, 40, 2], "relu", seed=0)
    path = tmp_path / "net.onnx"
    onnx.save_model(
        net.to_onnx(),
        path,
        save_as_external_data=True,
        location="net.data",
        size_threshold=0,
    )
    assert (tmp_path / "net.data").stat().st_size >= 4 * net.n_parameters
    again = fcnn.from_onnx(path)
    np.testing.assert_array_equal(again.parameters, net.parameters)
    with pytest.raises(ValueError, match="give the model's path"):
        fcnn.from_onnx(path.read_bytes())
    g = Graph()
    model = g.model(g("Gemm", "x", g.constant_node(BASE), transB=1))
    onnx.save_model(
        model,
        path,
        save_as_external_data=True,
        location="constants.data",
        size_threshold=0,
        convert_attribute=True,
    )
    assert (tmp_path / "constants.data").exists()
    np.testing.assert_array_equal(fcnn.from_onnx(path).layers[1].weight, BASE)


def ints(g, *values):
    return g.constant(values, "int64")


BASE = np.arange(1.0, 13).reshape(4, 3) / 4
# A weight (4, 3) or a bias (4,) computed of constants, by each operator that is folded.
FOLDED = {
    "Abs": lambda g: g("Abs", -BASE),
    "Add": lambda g: g("Add", BASE, [[1], [2], [3], [4]]),
    "Cast": lambda g: g("Cast", g.constant(BASE * 4, "int32"), to=1),
    "Concat": lambda g: g("Concat", BASE[:1], BASE[1:], axis=0),
    "Div": lambda g: g("Div", BASE, [2, 3, 4]),
    "Exp": lambda g: g("Exp", BASE),
    "Flatten": lambda g: g("Flatten", BASE.reshape(4, 3, 1)),
    "Gather": lambda g: g("Gather", BASE.ravel(), ints(g, 11, 0, 5, 5)),
    "Identity": lambda g: g("Identity", BASE),
    "Mul": lambda g: g("Mul", BASE, 3),
    "Neg": lambda g: g("Neg", BASE),
    "Pow": lambda g: g("Pow", BASE, 2),
    "Reciprocal": lambda g: g("Reciprocal", BASE),
    "Reshape": lambda g: g("Reshape", BASE.ravel(), ints(g, -1, 3)),
    "Sqrt": lambda g: g("Sqrt", BASE),
    "Squeeze": lambda g: g("Squeeze", BASE[None]),
    "Sub": lambda g: g("Sub", 1, BASE),
    "Transpose": lambda g: g("Transpose", BASE.T),
    "Unsqueeze": lambda g: g("Squeeze", g("Unsqueeze", BASE, ints(g, 1)), ints(g, 1)),
    "integers": lambda g: g(
        "Reshape", BASE.ravel(), g("Concat", g("Div", ints(g, 9), ints(g, 2)),
                                   g("Sub", ints(g, 5), ints(g, 2)), axis=0)
    ),
}  # fmt: skip


def test_every_operator_that_is_folded_is_tested():
    assert set(FOLDED) - {"integers"} == set(onnx_constants.FOLDED)


@pytest.mark.parametrize("name", FOLDED)
def test_constants_of_constants(name, rng):
    """Of integers too: 9 / 2 is 4."""
    g = Graph()
    made = FOLDED[name](g)
    if name == "Gather":
        y = g("Gemm", "x", BASE, made, transB=1)
    else:
        y = g("Gemm", "x", made, transB=1)
    both(g, g("Tanh", y), 3, rng)


def test_constant_nodes(rng):
    g = Graph()
    z = gemm(g, "x", BASE, g("Constant", value_floats=[1.0, 2.0, 3.0, 4.0]))
    a = g("Reshape", g("Tanh", z), g("Constant", value_ints=[0, 4]))
    y = g("Mul", gemm(g, a, BASE.T, [0, 0, 0]), g("Constant", value_float=0.5))
    net = both(g, y, 3, rng)
    assert net.standardizer.target_scale.tolist() == [0.5] * 3


def test_one_of_several_outputs(rng):
    g = Graph()
    hidden = g("Tanh", gemm(g, "x", rng.normal(size=(4, 3)), rng.normal(size=4)))
    p = g("Softmax", gemm(g, hidden, rng.normal(size=(2, 4)), [0, 1]))
    label = g("ArgMax", p, axis=1, keepdims=0)
    model = g.model(p, label)
    model.graph.output[1].type.tensor_type.elem_type = onnx.TensorProto.INT64
    assert fcnn.from_onnx(model).sizes == (3, 4, 2)
    assert fcnn.from_onnx(model, output=hidden).sizes == (3, 4)
    with pytest.raises(ValueError, match=f"ArgMax '/ArgMax_{label}', which makes"):
        fcnn.from_onnx(model, output=label)
    with pytest.raises(ValueError, match="no node makes the output 'q'"):
        fcnn.from_onnx(model, output="q")
    model = g.model(p, hidden)
    with pytest.raises(ValueError, match="say which with output="):
        fcnn.from_onnx(model)


@pytest.mark.torch
@pytest.mark.parametrize("opset", [13, 17, 20])
def test_pytorchs_own_export(opset):
    import torch
    from torch import nn

    torch.manual_seed(opset)
    activations = [
        *(nn.Identity(), nn.Sigmoid(), nn.Tanh(), nn.ReLU(), nn.LeakyReLU(0.2)),
        *(nn.ELU(0.5), nn.SELU(), nn.Softplus(), nn.Softsign(), nn.GELU()),
        *(nn.GELU("tanh"), nn.SiLU(), nn.Mish(), nn.Hardsigmoid(), nn.Hardtanh()),
        *(nn.ReLU6(), nn.CELU(), nn.PReLU(), nn.Softplus(2.0)),
    ]
    for activation in activations:
        for dtype in (torch.float32, torch.float64):
            module = nn.Sequential(
                nn.Flatten(),
                nn.BatchNorm1d(6),
                nn.Linear(6, 5),
                activation,
                nn.Dropout(0.5),
                nn.Linear(5, 4),
                activation,
                nn.Linear(4, 2),
                nn.Softmax(dim=1),
            )
            module = module.to(dtype).eval()
            x = torch.randn(9, 2, 3, dtype=dtype)
            file = io.BytesIO()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that this exporter is the old one
                torch.onnx.export(
                    module, (x,), file, dynamo=False, opset_version=opset,
                    input_names=["x"], dynamic_axes={"x": {0: "n"}},
                )  # fmt: skip
            net = fcnn.from_onnx(file.getvalue())
            y = module(x).detach().numpy()
            assert net.dtype == y.dtype
            bound = 1e-6 if dtype == torch.float32 else 2e-8  # attributes are float32
            assert_close(net.predict(x.reshape(9, 6).numpy()), y, bound, activation)
