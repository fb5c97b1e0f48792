"""How a network is made, and what its layers and theta are: views, not copies."""

from __future__ import annotations

import gc
import re

import numpy as np
import pytest

import fcnn

DTYPES = ["float32", "float64"]


def test_defaults():
    net = fcnn.Network([3, 4, 2], seed=5)
    assert net.sizes == (3, 4, 2)
    assert net.dtype == np.float32
    assert net.loss == "binary_cross_entropy"
    assert net.seed == 5
    assert net.n_parameters == 3 * 4 + 4 + 4 * 2 + 2
    assert [layer.activation for layer in net.layers] == [None, "sigmoid", "sigmoid"]
    assert [layer.size for layer in net.layers] == [3, 4, 2]


@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ("softmax", "cross_entropy"),
        ("sigmoid", "binary_cross_entropy"),
        ("exp", "poisson"),
        ("identity", "mse"),
        ("hard_sigmoid(0.2)", "mse"),
    ],
)
def test_the_loss_is_the_outputs_natural_one(output, loss):
    assert fcnn.Network([2, 2], output=output).loss == loss
    assert fcnn.Network([2, 2], output=output, loss="huber(0.5)").loss == "huber(0.5)"


def test_one_value_for_each_layer():
    net = fcnn.Network(
        [2, 3, 4, 5],
        ["relu", "leaky_relu(0.01)"],
        "softmax",
        bias=[True, False, np.True_],
    )
    names = [layer.activation for layer in list(net.layers)[1:]]
    assert names == ["relu", "leaky_relu", "softmax"]
    assert [layer.bias is not None for layer in list(net.layers)[1:]] == [1, 0, 1]
    assert net.n_parameters == 2 * 3 + 3 + 3 * 4 + 4 * 5 + 5
    assert fcnn.Network(np.array([2, 1])).sizes == (2, 1)
    assert fcnn.Network((np.int64(2), 1), []).sizes == (2, 1)


SIZES_1_TO_3 = "[2, 3, 1]"
REFUSED = [
    ("[5]", {}, ValueError, "at least two entries"),
    ("[]", {}, ValueError, "at least two entries"),
    ("[2, 0, 1]", {}, ValueError, r"sizes\[1\] must be at least 1, not 0"),
    ("[2, -3]", {}, ValueError, r"sizes\[1\] must be at least 1, not -3"),
    ("[2, 2.0]", {}, TypeError, r"sizes\[1\] must be an integer, not 2.0"),
    ("[True, 2]", {}, TypeError, r"sizes\[0\] must be an integer, not True"),
    ("5", {}, TypeError, "sizes must be a sequence"),
    ("'32'", {}, TypeError, "sizes must be a sequence"),
    ("[2**40, 2**40]", {}, ValueError, "parameters"),
    ("[2**62, 2]", {}, ValueError, "parameters"),
    ("[2**63, 1]", {}, ValueError, "parameters"),
    (SIZES_1_TO_3, {"activation": "rely"}, ValueError, "'rely'"),
    (SIZES_1_TO_3, {"activation": ["relu"] * 2}, ValueError, "each hidden layer: 1"),
    (SIZES_1_TO_3, {"activation": 3}, TypeError, "activation must be a str"),
    (SIZES_1_TO_3, {"activation": [3]}, TypeError, "activation of layer 1"),
    (SIZES_1_TO_3, {"activation": "softmax"}, ValueError, "for the output only"),
    (SIZES_1_TO_3, {"activation": ["exp"]}, ValueError, "for the output only"),
    (SIZES_1_TO_3, {"activation": None}, TypeError, "activation"),
    (SIZES_1_TO_3, {"output": "soft"}, ValueError, "'soft'"),
    (SIZES_1_TO_3, {"output": None}, TypeError, "output must be a string"),
    (SIZES_1_TO_3, {"output": "elu(x)"}, ValueError, "elu"),
    (SIZES_1_TO_3, {"loss": "hinge"}, ValueError, "'hinge'"),
    (SIZES_1_TO_3, {"loss": 1}, TypeError, "loss must be a string"),
    (SIZES_1_TO_3, {"bias": [True]}, ValueError, "each layer 1..L: 2"),
    (SIZES_1_TO_3, {"bias": 1}, TypeError, "bias"),
    (SIZES_1_TO_3, {"bias": [1, 0]}, TypeError, "bias must be True or False"),
    (SIZES_1_TO_3, {"dtype": "float16"}, ValueError, "'float32' or 'float64'"),
    (SIZES_1_TO_3, {"dtype": ">f4"}, ValueError, "'float32' or 'float64'"),
    (SIZES_1_TO_3, {"dtype": None}, ValueError, "'float32' or 'float64'"),
    (SIZES_1_TO_3, {"dtype": "double precision"}, ValueError, "dtype"),
    (SIZES_1_TO_3, {"seed": -1}, ValueError, "seed must be in 0.."),
    (SIZES_1_TO_3, {"seed": 2**64}, ValueError, "seed must be in 0.."),
    (SIZES_1_TO_3, {"seed": 1.0}, TypeError, "seed must be an integer"),
]


@pytest.mark.parametrize(("sizes", "arguments", "error", "message"), REFUSED)
def test_refused(sizes, arguments, error, message):
    with pytest.raises(error, match=message):
        fcnn.Network(eval(sizes), **arguments)


def test_memory_refused_is_a_memory_error():
    with pytest.raises(MemoryError):
        fcnn.Network([2**25, 2**26], dtype="float64")


@pytest.mark.parametrize("dtype", DTYPES)
def test_theta_is_each_layers_weight_transposed_and_then_its_bias(dtype):
    net = fcnn.Network([3, 4, 2], bias=[True, False], dtype=dtype, seed=0)
    net.parameters[:] = np.arange(net.n_parameters)
    first, second = net.layers[1], net.layers[2]
    theta = [first.weight.T.ravel(), first.bias, second.weight.T.ravel()]
    assert np.array_equal(np.concatenate(theta), net.parameters)
    assert second.bias is None
    assert net.parameters.dtype == first.weight.dtype == np.dtype(dtype)
    assert net.parameters.flags.writeable
    assert first.weight.shape == (4, 3)
    assert first.bias.shape == (4,)
    assert net.parameters.shape == (net.n_parameters,)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_write_takes_effect_at_once(dtype):
    net = fcnn.Network([2, 1], output="identity", dtype=dtype, init="zeros")
    W, b, theta = net.layers[1].weight, net.layers[1].bias, net.parameters
    assert net.predict([1, 2]) == 0
    W[0, 1] = 10
    assert net.predict([1, 2]) == 20
    b += 3
    assert net.predict([1, 2]) == 23
    theta[0] = 100
    assert net.predict([1, 2]) == 123
    assert W[0, 0] == 100
    net.layers[1].weight *= 2
    assert net.predict([1, 2]) == 243
    assert all(np.shares_memory(view, theta) for view in (W, b))


def test_theta_never_moves(rng):
    net = fcnn.Network([5, 7, 3], "relu", "softmax", seed=0)
    theta, W = net.parameters, net.layers[1].weight
    address = theta.ctypes.data
    X, y = rng.normal(size=(200, 5)), rng.integers(0, 3, 200)
    net.fit(X, y, epochs=2)
    net.fit_batch(X, y)
    net.parameters = np.ones(net.n_parameters)
    net.fit(X, y, epochs=1, callbacks=[fcnn.EarlyStopping("loss")])
    assert net.parameters.ctypes.data == address
    assert net.layers[1].weight.ctypes.data == W.ctypes.data
    assert np.array_equal(W.T.ravel(), theta[:35])


def test_a_view_keeps_theta_alive():
    views = []
    for i in range(50):
        net = fcnn.Network([300, 300], init="zeros", seed=i)
        net.parameters[:] = i
        views.append(net.layers[1].weight)
        views.append(net.parameters)
        del net
    gc.collect()
    for i in range(50):
        assert (views[2 * i] == i).all()
        assert (views[2 * i + 1] == i).all()
        views[2 * i][:] = -1  # still writable memory of its own


def test_setters_copy_in_and_check_the_shape():
    net = fcnn.Network([3, 2, 1], bias=[True, False], seed=0)
    A = np.arange(6.0).reshape(2, 3)
    net.layers[1].weight = A
    net.layers[1].bias = [7, 8]
    A[:] = -1
    assert net.layers[1].weight.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert net.layers[1].bias.tolist() == [7, 8]
    net.layers[2].bias = None
    net.parameters = np.zeros(net.n_parameters)
    assert not net.layers[1].weight.any()
    refused = [
        ("layers[1].weight must have shape (2, 3), not (3, 2)", 1, "weight", A.T),
        ("layers[1].weight must have shape (2, 3), not ()", 1, "weight", 0.0),
        ("layers[1].bias must have shape (2,), not (2, 1)", 1, "bias", [[1], [2]]),
    ]
    for message, l, name, value in refused:
        with pytest.raises(ValueError, match=re.escape(message)):
            setattr(net.layers[l], name, value)
    with pytest.raises(ValueError, match=re.escape("parameters must have shape (10,)")):
        net.parameters = np.zeros(9)
    with pytest.raises(TypeError, match="real numbers"):
        net.layers[1].weight = np.full((2, 3), "1")
    with pytest.raises(TypeError, match="has a bias"):
        net.layers[1].bias = None
    with pytest.raises(AttributeError, match="without a bias"):
        net.layers[2].bias = [1.0]
    assert not net.parameters.any()


def test_the_indices_are_the_formulas():
    net = fcnn.Network([3, 4, 2], seed=0)
    assert len(net.layers) == 3
    assert net.layers[-1] is net.layers[2]
    assert [layer.size for layer in net.layers[1:]] == [4, 2]
    for name in ("weight", "bias"):
        with pytest.raises(AttributeError, match=r"layers\[0\] is the input"):
            getattr(net.layers[0], name)
        with pytest.raises(AttributeError, match=r"layers\[0\] is the input"):
            setattr(net.layers[0], name, np.zeros((3, 3)))
    with pytest.raises(IndexError, match=r"0\.\.2, not 3"):
        net.layers[3]

    trace = net.forward(np.ones((5, 3)))
    assert len(trace.a) == 3
    assert len(trace.z) == 2
    assert [z.shape for z in trace.z] == [(5, 4), (5, 2)]
    assert trace.z[-1] is trace.z[2]
    back = net.backprop(np.ones((5, 3)), np.ones((5, 2)))
    for name in ("z", "delta", "weight_grad", "bias_grad"):
        entries = getattr(back, name)
        with pytest.raises(IndexError, match=rf"{name}\[0\] does not exist: layer 0"):
            entries[0]
        with pytest.raises(IndexError, match=r"1\.\.2, not 3"):
            entries[3]
        with pytest.raises(IndexError, match=r"1\.\.2, not -3"):
            entries[-3]
        assert len(list(entries)) == 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, bool])
def test_unflatten_gives_views_of_any_vector(dtype):
    net = fcnn.Network([3, 4, 2], bias=[False, True], seed=0)
    v = np.arange(net.n_parameters).astype(dtype)
    parts = net.unflatten(v)
    assert parts[1].weight.shape == (4, 3)
    assert parts[1].bias is None
    assert np.array_equal(parts[1].weight.T.ravel(), v[:12])
    assert np.array_equal(parts[2].weight.T.ravel(), v[12:20])
    assert np.array_equal(parts[2].bias, v[20:])
    weight, bias = parts[2]
    weight[:] = 0
    bias[:] = 1
    assert not v[12:20].any()
    assert v[20:].all()
    with pytest.raises(IndexError, match="layer 0 is the input"):
        parts[0]
    with pytest.raises(ValueError, match=r"v must have shape \(22,\), not \(21,\)"):
        net.unflatten(v[1:])


def test_unflatten_of_the_gradient_is_backprops():
    net = fcnn.Network([3, 4, 2], dtype="float64", seed=0)
    back = net.backprop(np.ones((5, 3)), np.zeros((5, 2)))
    parts = net.unflatten(back.gradient)
    for l in (1, 2):
        assert np.array_equal(parts[l].weight, back.weight_grad[l])
        assert np.array_equal(parts[l].bias, back.bias_grad[l])
        assert np.shares_memory(back.weight_grad[l], back.gradient)


@pytest.mark.parametrize(
    "net",
    [
        fcnn.Network([3, 4, 2], seed=0),
        fcnn.Network([3, 4, 5, 2], ["relu", "elu(0.5)"], "softmax", seed=1),
        fcnn.Network([3, 2], output="exp", loss="mse", bias=False, seed=2),
        fcnn.Network([3, 4, 2], bias=[True, False], dtype="float64"),
    ],
    ids=["sigmoid", "each layer's own", "exp", "drawn seed"],
)
def test_repr_makes_the_network_again(net):
    again = eval(repr(net), {"Network": fcnn.Network})
    assert repr(again) == repr(net)
    assert again.parameters.tobytes() == net.parameters.tobytes()
    assert again.loss == net.loss
    html = net._repr_html_()
    assert f"<td>{net.n_parameters}</td>" in html
    for layer in list(net.layers)[1:]:
        assert layer.activation in html
        assert f"<td>{layer.weight.shape}</td>" in html
    assert html.count("<table") == html.count("</table>") == 1
    assert html.count("<tr") == html.count("</tr>") >= len(net.sizes)


def test_reprs_are_short_and_name_what_they_hold():
    net = fcnn.Network([300, 400, 2], "relu", seed=0)
    assert "layer 1: 300 -> 400, relu" in repr(net.layers[1])
    assert "input, 300" in repr(net.layers[0])
    assert len(repr(net.layers).splitlines()) == 3
    X, y = np.ones((50, 300)), np.zeros((50, 2))
    for record in (net.forward(X), net.backprop(X, y)):
        assert len(repr(record)) < 2000
        assert "(50, 400)" in repr(record)
    report = repr(net.gradient_check(X[:2], y[:2], max_probes=5))
    assert "5 parameters" in report


def test_no_attribute_is_made_by_a_typing_error():
    net = fcnn.Network([2, 1])
    with pytest.raises(AttributeError):
        net.parameter = 3
    for name in ("sizes", "dtype", "loss", "seed", "layers", "n_parameters"):
        with pytest.raises(AttributeError):
            setattr(net, name, None)
