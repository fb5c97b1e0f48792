"""from_keras of files, without Keras: models that Keras has trained; damaged ones."""

from __future__ import annotations

import json
import sys
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

import fcnn
import reference as ref
from fcnn import _core
from fcnn.formats import keras_activations
from helpers import assert_close
from keras_files import layer, sequential, write_groups, write_keras, write_keras_2

DATA = Path(__file__).parent / "data"
DENSE = {"use_bias": True, "activation": "linear"}
UNBIASED = {"use_bias": False, "activation": "linear"}


@pytest.fixture(scope="module")
def outputs():
    with np.load(DATA / "keras_outputs.npz") as file:
        return dict(file)


@pytest.fixture(name="W")
def weights():
    return np.random.default_rng(5).normal(size=(6, 4))


@pytest.fixture(name="X")
def inputs():
    return np.random.default_rng(6).normal(size=(30, 6)) * 3


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_model_of_kerass(suffix, outputs):
    net = fcnn.from_keras(DATA / f"keras_digits.{suffix}")
    assert net.sizes == (64, 24, 16, 10)
    assert net.dropout == (0.0, 0.2, 0.0)
    assert net.layers[2].activation == "leaky_relu(0.1)"
    assert net.standardizer is not None
    assert_close(
        net.predict(outputs["digits_X"].reshape(40, -1)), outputs["digits"], 1e-5
    )


def test_a_functional_model_of_kerass(outputs):
    net = fcnn.from_keras(str(DATA / "keras_diabetes.keras"), loss="mae")
    assert net.sizes == (10, 8, 8, 1)
    assert net.input_noise == 0.05
    assert net.loss == "mae"
    assert_close(net.predict(outputs["diabetes_X"]), outputs["diabetes"], 1e-5)


def test_weights_alone_of_kerass(outputs):
    path = DATA / "keras_dense.weights.h5"
    net = fcnn.from_keras(path, activation="tanh", output="identity")
    assert net.sizes == (10, *[4] * 10, 1)
    assert_close(net.predict(outputs["dense_X"]), outputs["dense"], 1e-5)
    with pytest.raises(ValueError, match="weights alone do not tell the activations"):
        fcnn.from_keras(path)
    with pytest.raises(ValueError, match="give output"):
        fcnn.from_keras(path, activation="tanh")


def test_a_model_has_its_own_activations():
    for name in ("keras_digits.keras", "keras_digits.h5"):
        with pytest.raises(ValueError, match="activation goes with weights alone"):
            fcnn.from_keras(DATA / name, activation="relu")
    net = fcnn.from_keras(DATA / "keras_diabetes.keras", output="softplus")
    assert net.layers[-1].activation == "softplus"


def converted(path, layers, X, **arguments):
    """What the network of the layers gives for X; .keras and .h5 give the same bits."""
    net = fcnn.from_keras(write_keras(path / "m.keras", layers), **arguments)
    assert net.dtype == np.float64
    result = net.predict(X)
    old = fcnn.from_keras(
        write_keras_2(path / "m.h5", layers, version="3.1"), **arguments
    )
    assert old.predict(X).tobytes() == result.tobytes()
    return net, result


def test_batch_normalization(tmp_path, W, X):
    rng = np.random.default_rng(0)
    gamma, beta, mean = rng.normal(size=(3, 4))
    variance = rng.uniform(0.1, 2, 4)
    options = {"axis": -1, "epsilon": 0.01, "center": True, "scale": True}
    dense = layer("Dense", W, np.arange(4.0), **DENSE)
    z = (X @ W + np.arange(4.0) - mean) / np.sqrt(variance + 0.01)
    norm = layer("BatchNormalization", gamma, beta, mean, variance, **options)
    net, result = converted(tmp_path, [dense, norm], X)
    assert net.sizes == (6, 4)
    assert_close(result, gamma * z + beta, 1e-13)
    options["axis"] = [1]
    centered = options | {"scale": False}
    norm = layer("BatchNormalization", beta, mean, variance, **centered)
    assert_close(converted(tmp_path, [dense, norm], X)[1], z + beta, 1e-13)
    scaled = options | {"center": False}
    norm = layer("BatchNormalization", gamma, mean, variance, **scaled)
    assert_close(converted(tmp_path, [dense, norm], X)[1], gamma * z, 1e-13)
    # after an activation it goes into the next layer
    layers = [dense, layer("Activation", activation="tanh"), norm]
    layers.append(layer("Dense", W[:4], **UNBIASED))
    a = (np.tanh(X @ W + np.arange(4.0)) - mean) / np.sqrt(variance + 0.01)
    net, result = converted(tmp_path, layers, X)
    assert net.sizes == (6, 4, 4)
    assert_close(result, (gamma * a) @ W[:4], 1e-13)


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize(
    ("axis", "shape", "kept"),
    [
        (-1, (2, 3), (3,)),
        ([1], (2, 3), (2, 1)),
        ([1, 2], (2, 3), (2, 3)),
        (None, (6,), ()),
    ],
)
def test_normalization(axis, shape, kept, invert, tmp_path, W, X):
    mean = np.arange(np.prod(kept, dtype=int)).reshape(kept) + 0.5
    variance = mean + 1.0
    variance.flat[0] = 1e-20  # below epsilon
    weights = (np.squeeze(mean), np.squeeze(variance), np.array(7))
    layers = [
        layer("InputLayer", batch_shape=[None, *shape]),
        layer("Normalization", *weights, axis=axis, mean=None, invert=invert),
        layer("Flatten", data_format="channels_last"),
        layer("Dense", W, **UNBIASED),
    ]
    scale = np.maximum(np.sqrt(variance), 1e-7)
    x = X.reshape(-1, *shape)
    x = x * scale + mean if invert else (x - mean) / scale
    _, result = converted(tmp_path, layers, X)
    assert_close(result, x.reshape(len(X), -1) @ W, 1e-13)


def test_given_means_and_rescaling(tmp_path, W, X):
    shape = layer("InputLayer", batch_input_shape=[None, 2, 3])
    numpy = {"class_name": "__numpy__", "config": {"value": [1.0, 2.0, -3.0]}}
    layers = [
        shape,
        layer("Normalization", axis=[-1], mean=[1.0, 2, 3], variance=[4.0, 9, 1]),
        layer("Rescaling", scale=numpy, offset=[0.5, 0.0, 1.0]),
        layer("Rescaling", scale=0.5, offset=2),
        layer("Reshape", target_shape=[3, -1]),
        layer("Reshape", target_shape=[6]),
        layer("Dense", W, **UNBIASED),
    ]
    x = (X.reshape(-1, 2, 3) - [1, 2, 3]) / [2, 3, 1]
    x = (x * [1, 2, -3] + [0.5, 0, 1]) * 0.5 + 2
    _, result = converted(tmp_path, layers, X)
    assert_close(result, x.reshape(-1, 6) @ W, 1e-13)


def test_noise_and_dropout(tmp_path, W, X):
    layers = [
        layer("GaussianNoise", stddev=0.3),
        layer("GaussianNoise", stddev=0.4),
        layer("Dropout", rate=0.25),
        layer("Dense", W, **DENSE | {"use_bias": False}),
        layer("Dropout", rate=0.5, noise_shape=None),
        layer("ReLU", max_value=None, negative_slope=0.0, threshold=0.0),
        layer("Dropout", rate=0.5),
        layer("Dense", W[:4], **UNBIASED),
    ]
    net, result = converted(tmp_path, layers, X)
    assert net.dropout == (0.25, 0.75)
    assert net.input_noise == pytest.approx(0.5)
    assert_close(result, np.maximum(X @ W, 0) @ W[:4], 1e-13)


def test_every_activation(tmp_path, W, X):
    table = keras_activations.TABLE
    assert {name.partition("(")[0] for name in table} == {
        entry["name"] for entry in _core.activations()
    }
    for ours, names in table.items():
        base, parameter = ref.split_name(ours)
        for name in names:
            dense = layer("Dense", W, use_bias=False, activation=name)
            net, result = converted(tmp_path, [dense], X)
            assert net.layers[1].activation == ours
            function = ref.ACTIVATIONS.get(base)
            if function is not None:
                arguments = () if parameter is None else (parameter,)
                assert_close(result, function.value(X @ W, *arguments), 1e-13, name)


LAYERS = [
    ({"class_name": "LeakyReLU", "config": {"negative_slope": 0.3}}, "leaky_relu(0.3)"),
    ({"class_name": "LeakyReLU", "config": {"alpha": 0.25}}, "leaky_relu(0.25)"),
    ({"class_name": "LeakyReLU", "config": {"negative_slope": 0}}, "relu"),
    ({"class_name": "ReLU", "config": {"negative_slope": 0.1}}, "leaky_relu(0.1)"),
    ({"class_name": "ReLU", "config": {"max_value": None, "threshold": 0}}, "relu"),
    ({"class_name": "ELU", "config": {"alpha": 0.5}}, "elu(0.5)"),
    ({"class_name": "Softmax", "config": {"axis": -1}}, "softmax"),
    ({"class_name": "Softmax", "config": {"axis": [1]}}, "softmax"),
]


@pytest.mark.parametrize(("given", "ours"), LAYERS)
def test_activation_layers(given, ours, tmp_path, W, X):
    """On their own, and as the activation of a Dense."""
    apart = [
        layer("Dense", W, **UNBIASED),
        layer(given["class_name"], **given["config"]),
    ]
    within = [layer("Dense", W, use_bias=False, activation=given)]
    for layers in (apart, within):
        net, _ = converted(tmp_path, layers, X)
        assert net.layers[1].activation == ours


def test_what_keras_2_means(tmp_path, W, X):
    layers = [
        layer(
            "Dense", W, batch_input_shape=[None, 6], use_bias=False, activation="swish"
        ),
        layer("Dense", W[:4], np.ones(4), use_bias=True, activation="hard_sigmoid"),
    ]
    net = fcnn.from_keras(write_keras_2(tmp_path / "m.h5", layers))
    assert net.layers[2].activation == "hard_sigmoid(0.2)"
    hidden = X @ W / (1 + np.exp(-(X @ W)))
    expected = np.clip(0.2 * (hidden @ W[:4] + 1) + 0.5, 0, 1)
    assert_close(net.predict(X), expected, 1e-13)
    alone = write_keras_2(tmp_path / "w.h5", layers, weights_only=True)
    again = fcnn.from_keras(alone, "silu", "hard_sigmoid(0.2)")
    assert again.parameters.tobytes() == net.parameters.tobytes()
    first = [layer("Dropout", rate=0.5), *layers]
    with h5py.File(
        write_keras_2(tmp_path / "w.h5", first, weights_only=True), "a"
    ) as h5:
        h5["l1"].attrs["weight_names"] = [b"l1/nothing"]
    with pytest.raises(ValueError, match="it has no 'l1/nothing' in '/l1'"):
        fcnn.from_keras(tmp_path / "w.h5", "silu", "tanh")


def test_the_groups_of_keras_2(tmp_path, W):
    path = tmp_path / "m.weights.h5"
    with h5py.File(path, "w") as h5:
        write_groups(h5, [layer("Dense", W, **UNBIASED)])
        h5.move("layers", "_layer_checkpoint_dependencies")
    net = fcnn.from_keras(path, output="identity")
    assert np.array_equal(net.layers[1].weight, W.T)


def functional(*nodes, inputs=("in",), outputs=("d1",)):
    """A functional config: (name, class name, the names of its inputs, kwargs)."""
    layers = []
    for name, kind, sources, kwargs in nodes:
        tensors = [
            {
                "class_name": "__keras_tensor__",
                "config": {"shape": [None, 6], "keras_history": [source, 0, 0]},
            }
            for source in sources
        ]
        node = {"args": tensors if len(tensors) == 1 else [tensors], "kwargs": kwargs}
        config = {"name": name, **UNBIASED}
        inbound = [node] if sources else []
        layers.append(
            {
                "class_name": kind,
                "config": config,
                "name": name,
                "inbound_nodes": inbound,
            }
        )
    ends = [[[name, 0, 0] for name in names] for names in (inputs, outputs)]
    keys = ("input_layers", "output_layers")
    config = dict(zip(keys, ends, strict=True)) | {"layers": layers}
    return {"class_name": "Functional", "config": config}


IN = ("in", "InputLayer", (), {})
D0, D1 = ("d0", "Dense", ("in",), {}), ("d1", "Dense", ("d0",), {})


def test_functional_order(tmp_path, W, X):
    """The layers of a config are in the order of making, not of computing."""
    layers = [layer("Dense", W[:4], name="d1"), layer("Dense", W, name="d0")]
    layers.append(layer("InputLayer", name="in"))
    config = functional(D1, D0, IN)
    net = fcnn.from_keras(write_keras(tmp_path / "m.keras", layers, config=config))
    assert_close(net.predict(X), X @ W @ W[:4], 1e-13)
    for layer_ in config["config"]["layers"]:  # as Keras 2 writes the nodes
        sources = [["in"], ["d0"]][layer_["name"] == "d1"]
        nodes = [[[name, 0, 0, {}] for name in sources]]
        layer_["inbound_nodes"] = [] if layer_["name"] == "in" else nodes
    config["config"]["output_layers"] = ["d1", 0, 0]
    again = fcnn.from_keras(write_keras(tmp_path / "m.keras", layers, config=config))
    assert again.parameters.tobytes() == net.parameters.tobytes()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (functional(IN, D0, ("d1", "Add", ("d0", "in"), {})), r"'d1' \(Add\) takes 2"),
        (functional(IN, D0, ("d1", "Dense", ("in",), {})), "not a single chain"),
        (functional(IN, D0, D1, outputs=("d0", "d1")), "2 output_layers, not one"),
        (functional(IN, D0, D1, inputs=("in", "d0")), "2 input_layers, not one"),
        (functional(IN, ("d0", "Dense", ("d1",), {}), D1), "not a single chain"),
        (functional(IN, D0, ("d1", "Dense", ("d0",), {"training": True})), "training"),
    ],
)
def test_refused_graphs(config, message, tmp_path, W):
    layers = [layer("InputLayer", name="in"), layer("Dense", W, name="d0")]
    layers.append(layer("Dense", W[:4], name="d1"))
    path = write_keras(tmp_path / "m.keras", layers, config=config)
    with pytest.raises(ValueError, match=f"from_keras: .*{message}"):
        fcnn.from_keras(path)


def refused_layers():
    dense, wide = layer("Dense", np.ones((6, 4)), **UNBIASED), np.ones((6, 5000))
    square = layer("Dense", np.ones((4, 4)), **UNBIASED)
    flatten = layer("Flatten", data_format="channels_first")
    function = {"class_name": "function", "config": "mine", "registered_name": "mine"}
    image = layer("InputLayer", batch_shape=[None, 2, 3])
    options = {"axis": -1, "epsilon": 0.1, "center": False, "scale": False}
    return [
        ([layer("Conv2D")], "layer 'l0' is a Conv2D"),
        ([layer("Softmax", axis=-1)], "no Dense layer with weights"),
        ([dense, layer("Lambda")], "layer 'l1' is a Lambda, .*understood are Input"),
        ([dense, layer("PReLU")], "layer 'l1' is a PReLU"),
        ([dense, layer("GaussianDropout")], "layer 'l1' is a GaussianDropout"),
        ([dense, layer("Activation", activation="relu6")], "the activation 'relu6'"),
        ([dense, layer("Activation", activation=function)], "'mine', a function"),
        ([dense, layer("Activation", activation=3)], "the activation 3"),
        ([dense, layer("ReLU", max_value=6.0)], "max_value"),
        ([dense, layer("ReLU", threshold=0.5)], "threshold"),
        ([dense, layer("LeakyReLU", negative_slope=-0.5)], "layer 'l1': .*above 0"),
        ([dense, layer("Softmax", axis=0)], "Softmax over the axis 0"),
        ([dense, layer("Softmax", axis=1), square], "softmax, .* for its output only"),
        ([image, layer("Softmax", axis=-1), dense], r"of inputs of shape \(2, 3\)"),
        ([image, dense], r"inputs of shape \(2, 3\): it needs a Flatten"),
        ([image, flatten, dense], "channels_first"),
        ([layer("InputLayer", batch_shape=[None, None]), dense], r"shape \(None,\)"),
        ([layer("InputLayer", batch_shape=[None, 10**15]), dense], "6 numbers"),
        ([dense, dense], "gets 4 inputs"),
        ([layer("Dense", **UNBIASED)], "no Dense layer with weights"),
        ([layer("Dense", np.ones((6, 4)), **DENSE)], "2 arrays of weights, not 1"),
        ([layer("Dense", np.ones((6, 4)), np.ones(3), **DENSE)], "a bias of shape"),
        ([layer("Dense", np.ones((6, 4), "i1"), **UNBIASED)], "floating point numbers"),
        ([layer("Dense", np.full((6, 4), np.inf), **UNBIASED)], "must be finite"),
        ([dense, layer("GaussianNoise", stddev=0.1)], "adds noise within the network"),
        ([dense, layer("Dropout", rate=1.0)], "the rate 1.0"),
        ([dense, layer("Dropout", rate=0.5, noise_shape=[1])], "noise_shape"),
        ([dense, layer("Reshape", target_shape=[3]), dense], "does not keep its 4"),
        ([dense, layer("Rescaling", scale=[1.0, 2.0], offset=0.0)], "l1|reshape"),
        ([dense, layer("BatchNormalization", np.ones(4), **options)], "2 arrays"),
        ([image, layer("BatchNormalization", *np.ones((2, 2)), **options | {"axis": 1}),
          layer("Flatten"), dense], "normalizes the axis 1"),
        ([dense, layer("BatchNormalization", np.ones(4), -np.ones(4), **options)],
         "a variance below 0"),
        ([layer("Normalization", axis=-1), dense], "2 arrays of weights, not 0"),
        ([layer("Dense", wide, **UNBIASED), layer("ELU", alpha=1.0),
          layer("ELU", alpha=1.0)], "layer 'l2' needs a layer of its own, of 5000"),
    ]  # fmt: skip


@pytest.mark.parametrize(("layers", "message"), refused_layers())
def test_refused_layers(layers, message, tmp_path):
    write_keras(tmp_path / "m.keras", layers)
    write_keras_2(tmp_path / "m.h5", layers, version="3.0")
    for name in ("m.keras", "m.h5"):
        with pytest.raises(ValueError, match=f"from_keras: .*{name}.*({message})"):
            fcnn.from_keras(tmp_path / name)


def test_classes_of_the_users_own(tmp_path, W):
    layers = [layer("Dense", W, **UNBIASED)]
    for keys, message in (
        ({"module": "my.package"}, r"the class Dense of my\.package, not of Keras"),
        # as Keras writes a class of a script
        ({"module": None, "registered_name": "Dense"}, "Dense of the user, not of"),
    ):
        config = sequential(layers)
        config["config"]["layers"][0] |= keys
        path = write_keras(tmp_path / "m.keras", layers, config=config)
        with pytest.raises(ValueError, match=message):
            fcnn.from_keras(path)
    own = {"class_name": "LeakyReLU", "config": {"negative_slope": 0.1}}
    own |= {"module": None, "registered_name": "my>LeakyReLU"}
    activated = layer("Dense", W, use_bias=False, activation=own)
    path = write_keras(tmp_path / "m.keras", [activated])
    with pytest.raises(ValueError, match="activation of layer 'l0' is of the class Le"):
        fcnn.from_keras(path)
    path = write_keras(path, layers, config={"class_name": "Mine", "config": {}})
    with pytest.raises(ValueError, match="the class Mine, whose call cannot be known"):
        fcnn.from_keras(path)


def test_weights_whose_place_is_not_told(tmp_path, W):
    dense = layer("Dense", W, **UNBIASED)
    cases = {
        "it has weights of 'normalization'": [layer("Normalization", W[0]), dense],
        "no weights of Dense layers": [layer("Dropout")],
        "not those of a Dense": [layer("Dense", W[0])],
    }
    path = tmp_path / "m.weights.h5"
    for message, layers in cases.items():
        with h5py.File(path, "w") as h5:
            write_groups(h5, layers)
        with pytest.raises(ValueError, match=message):
            fcnn.from_keras(path, "tanh", "tanh")
    with h5py.File(path, "w") as h5:
        write_groups(h5, [dense])
        write_groups(h5.create_group("layers/sequential"), [dense])
    with pytest.raises(ValueError, match="a model within the model, 'sequential'"):
        fcnn.from_keras(path, "tanh", "tanh")
    with h5py.File(path, "w") as h5:
        h5["x"] = W
    with pytest.raises(ValueError, match="it has no group 'layers'"):
        fcnn.from_keras(path, "tanh", "tanh")


def test_weights_of_another_layer(tmp_path, W):
    layers = [layer("Dense", W, **UNBIASED)]
    config = sequential(layers)
    config["config"]["layers"][0]["config"]["name"] = "other"
    path = write_keras(tmp_path / "m.keras", layers, config=config)
    with pytest.raises(ValueError, match="of layer 'other' are not where they belong"):
        fcnn.from_keras(path)


def test_links_and_arrays_that_are_not_there(tmp_path, W):
    """What would read another file, or fill the memory."""
    with h5py.File(tmp_path / "secret.h5", "w") as h5:
        h5["W"] = W
    W.astype("f4").tofile(tmp_path / "raw")
    layout = h5py.VirtualLayout((6, 4), "f8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "W", (6, 4))
    huge = {"shape": (2**40, 2**10), "dtype": "f4"}
    makers = {
        "is a link": lambda g: g.__setitem__("0", h5py.ExternalLink("secret.h5", "W")),
        "which is not read": lambda g: g.__setitem__("0", h5py.SoftLink("/other")),
        "no array in the file itself": lambda g: g.create_virtual_dataset("0", layout),
        "external|itself": lambda g: g.create_dataset(
            "0", (6, 4), "f4", external=str(tmp_path / "raw")
        ),
        "was never written": lambda g: g.create_dataset("0", **huge),
        "is compressed": lambda g: g.create_dataset(
            "0", **huge, chunks=(2**10, 2**10), compression="gzip"
        ),
        "must hold numbers": lambda g: g.create_dataset("0", data=[b"x"]),
        "no array": lambda g: g.create_group("0"),
    }
    path = tmp_path / "m.weights.h5"
    for message, make in makers.items():
        with h5py.File(path, "w") as h5:
            h5["other"] = W
            make(h5.create_group("layers/dense/vars"))
        with pytest.raises(ValueError, match=message):
            fcnn.from_keras(path, "tanh", "tanh")


def test_a_zip_that_would_fill_the_memory(tmp_path):
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * 10**7)
    with pytest.raises(ValueError, match=r"'config\.json' expands more than 100 times"):
        fcnn.from_keras(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("config.json", b"{}")
    with pytest.raises(ValueError, match="neither stored nor deflated"):
        fcnn.from_keras(path)


def test_a_zip_that_hides_how_large_it_is(tmp_path):
    """The size in the directory is what is read, whatever the data expand to."""
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b"{}" + b" " * 10**8)
    content = path.read_bytes()
    size = (10**8 + 2).to_bytes(4, "little")
    path.write_bytes(content.replace(size, (1000).to_bytes(4, "little")))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="cannot be read as a file of Keras"):
            fcnn.from_keras(path)
        assert tracemalloc.get_traced_memory()[1] < 10**7
    finally:
        tracemalloc.stop()


def test_arrays_that_would_fill_the_memory(tmp_path):
    path = tmp_path / "m.weights.h5"
    with h5py.File(path, "w") as h5:  # a chunk that is larger than its array
        array = h5.create_dataset(
            "layers/dense/vars/0", (9, 9), "f4", chunks=(9, 9), compression="gzip"
        )
        array.id.write_direct_chunk((0, 0), zlib.compress(b"\0" * 10**6))
    with pytest.raises(ValueError, match="is compressed"):
        fcnn.from_keras(path, output="tanh")
    with h5py.File(path, "w") as h5:  # one array in many places
        h5["layers/dense/vars/0"] = np.zeros((50, 50))
        for i in range(1, 9):
            h5[f"layers/dense_{i}/vars/0"] = h5["layers/dense/vars/0"]
    with pytest.raises(ValueError, match="and those before are larger than the file"):
        fcnn.from_keras(path, "tanh", "tanh")


def test_layers_that_would_fill_the_memory(tmp_path):
    dense = layer("Dense", np.ones((1, 3000)), **UNBIASED)
    path = write_keras(tmp_path / "m.keras", [dense, *[layer("ELU", alpha=1.0)] * 3])
    with pytest.raises(ValueError, match="'l3' needs a layer of its own, of 3000"):
        fcnn.from_keras(path)


def test_a_member_that_is_cut_short(tmp_path):
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", b"{}" + b" " * 1000)
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\1\2")
    content[at + 20 : at + 28] = (10**5).to_bytes(4, "little") * 2
    path.write_bytes(content)
    with pytest.raises(ValueError, match="members take more bytes than it has"):
        fcnn.from_keras(path)


def refused_or_finite(path):
    """A ValueError that names the file, and nothing else, or a network."""
    try:
        net = fcnn.from_keras(path)
    except ValueError as error:
        message = str(error)
    else:
        assert np.isfinite(net.parameters).all()
        return
    assert message.startswith(f"from_keras: {path}")


def test_damaged_files(tmp_path):
    rng, path = np.random.default_rng(1), tmp_path / "m"
    for name in ("keras_diabetes.keras", "keras_digits.h5"):
        whole = (DATA / name).read_bytes()
        for length in (0, 10, 100, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:length])
            with pytest.raises(ValueError, match="from_keras: "):
                fcnn.from_keras(path)
        for _ in range(40):
            bytes_ = np.frombuffer(whole, "u1").copy()
            at = rng.integers(0, rng.choice([3000, len(whole)]), 20)
            bytes_[at] = rng.integers(0, 256, 20)
            path.write_bytes(bytes_.tobytes())
            refused_or_finite(path)


def replaced(tree, rng, junk):
    """The tree with one of its values, drawn at random, replaced by junk."""
    if isinstance(tree, (dict, list)) and tree and rng.random() < 0.93:
        keys = list(tree) if isinstance(tree, dict) else range(len(tree))
        key = keys[rng.integers(len(keys))]
        copy = tree.copy()
        copy[key] = replaced(tree[key], rng, junk)
        return copy
    return junk


def test_damaged_configs(tmp_path):
    rng, path = np.random.default_rng(2), tmp_path / "m.keras"
    for name in ("keras_diabetes.keras", "keras_digits.keras"):
        with zipfile.ZipFile(DATA / name) as archive:
            members = {n: archive.read(n) for n in archive.namelist()}
        config = json.loads(members["config.json"])
        junk = [None, -1, 10**30, "x", [], {}, True, 1e308, [[]], {"class_name": "ELU"}]
        for i in range(40):
            damaged = replaced(config, rng, junk[i % len(junk)])
            with zipfile.ZipFile(path, "w") as archive:
                for member, data in members.items():
                    is_config = member == "config.json"
                    text = json.dumps(damaged) if is_config else data
                    archive.writestr(member, text)
            refused_or_finite(path)


@pytest.mark.parametrize("model", [3, None, np.ones(3), {"0.weight": np.ones((1, 1))}])
def test_refused_types(model):
    with pytest.raises(
        TypeError, match="from_keras takes a Keras model or a path, not"
    ):
        fcnn.from_keras(model)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        fcnn.from_keras(tmp_path / "none.keras")
    with pytest.raises(IsADirectoryError):
        fcnn.from_keras(tmp_path)


def test_h5py_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"pip install 'fcnn\[keras\]'"):
        fcnn.from_keras(DATA / "keras_digits.keras")
