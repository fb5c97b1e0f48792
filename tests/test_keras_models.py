"""Keras models in memory, and the files that Keras writes of them: the same outputs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fcnn
from fcnn.formats import keras_activations, keras_layers
from helpers import assert_close

pytestmark = [
    pytest.mark.torch,
    # Keras with PyTorch copies tensors in a way that NumPy 2 deprecates
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
LAMBDAS = pytest.mark.filterwarnings("ignore:The object being serialized:UserWarning")
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


@pytest.fixture(params=["float32", "float64"])
def keras(request, monkeypatch):
    """Keras, whose models are of that dtype."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    from keras.src.backend.common import dtypes

    # On all backends but TensorFlow Keras rounds float64 to float32 between layers.
    monkeypatch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float64")
    kept = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(request.param)
    keras.config.set_dtype_policy(request.param)
    keras.utils.set_random_seed(0)
    yield keras
    keras.config.set_floatx(kept[0])
    keras.config.set_dtype_policy(kept[1])


def fill(keras, model, rng):
    """Random weights, variances above 0."""
    for variable in model.weights:
        if variable.name != "count":
            values = rng.normal(scale=0.5, size=variable.shape)
            is_variance = "variance" in variable.name
            variable.assign(np.abs(values) + 0.1 if is_variance else values)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def same_outputs(keras, model, shape, path, rng, files=("m.keras", "m.h5")):
    """The network of the model, which files of it give too."""
    model.build((None, *shape))
    fill(keras, model, rng)
    dtype = keras.config.floatx()
    X = (2 * rng.normal(size=(50, *shape))).astype(dtype)
    expected = keras.ops.convert_to_numpy(model(X)).reshape(50, -1)
    net = fcnn.from_keras(model)
    assert net.dtype == dtype
    assert_close(net.predict(X.reshape(50, -1)), expected, TOLERANCE[dtype])
    for name in files:
        model.save(path / name)
        again = fcnn.from_keras(path / name)
        assert again.parameters.tobytes() == net.parameters.tobytes()
        assert repr(again) == repr(net)
        assert again.standardizer == net.standardizer
    return net


def test_a_sequential_of_everything(keras, tmp_path, rng):
    L = keras.layers
    inner = keras.Sequential([L.Dense(3), L.Identity(), L.Softmax()])
    model = keras.Sequential(
        [
            L.Input((4, 3)),
            L.Rescaling(0.5, [1.0, 2.0, 3.0]),
            L.Normalization(),
            L.Flatten(),
            L.Normalization(name="second"),
            L.GaussianNoise(0.1),
            L.Dense(5, activation="relu", name="any name"),
            L.BatchNormalization(),
            L.Dropout(0.25),
            L.Dense(4, activation=L.LeakyReLU(0.1)),
            L.BatchNormalization(scale=False),
            L.Dense(3, activation="leaky_relu", use_bias=False),
            inner,
        ]
    )
    net = same_outputs(keras, model, (4, 3), tmp_path, rng, ["m.keras"])
    assert net.sizes == (12, 5, 4, 3, 3)
    assert net.dropout == (0.0, 0.25, 0.0, 0.0)
    assert net.input_noise == 0.1
    model.save(tmp_path / "m.h5")
    with pytest.raises(
        ValueError, match="a model within the model, .* save it as .keras"
    ):
        fcnn.from_keras(tmp_path / "m.h5")


def test_a_functional_model(keras, tmp_path, rng):
    L = keras.layers
    inputs = L.Input((3,))
    x = L.ReLU(negative_slope=0.3)(L.Dense(4, name="z")(inputs))
    x = L.ELU(0.4)(L.Dense(4, name="a")(x))
    x = L.Activation("tanh")(x)
    x = L.Normalization(mean=[1.0, 2, 3, 4], variance=[0.1, 0.2, 1, 2], invert=True)(x)
    model = keras.Model(inputs, L.Dense(2, activation="hard_sigmoid")(x))
    net = same_outputs(keras, model, (3,), tmp_path, rng)
    assert net.sizes == (3, 4, 4, 4, 2)


def test_functional_models_within_one(keras, tmp_path, rng):
    L = keras.layers
    inputs = L.Input((3,))
    first = keras.Model(inputs, L.Dense(4, activation="tanh")(inputs))
    inputs = L.Input((4,))
    second = keras.Model(inputs, L.Dense(5, activation="elu")(inputs))
    inputs = L.Input((3,))
    model = keras.Model(inputs, L.Dense(2)(second(first(inputs))))
    net = same_outputs(keras, model, (3,), tmp_path, rng, files=("m.keras",))
    assert net.sizes == (3, 4, 5, 2)


def test_many_layers_of_one_kind(keras, tmp_path, rng):
    model = keras.Sequential([keras.layers.Dense(3) for _ in range(12)])
    net = same_outputs(keras, model, (3,), tmp_path, rng)
    model.save_weights(tmp_path / "m.weights.h5")
    alone = fcnn.from_keras(tmp_path / "m.weights.h5", "identity", "identity")
    assert alone.parameters.tobytes() == net.parameters.tobytes()


def test_every_activation_of_kerass(keras, tmp_path, rng):
    """Each function is understood, or refused by its name."""
    L, table = keras.layers, keras_activations.TABLE
    understood = {name: ours for ours, names in table.items() for name in names}
    functions = {
        name: function
        for name, function in vars(keras.activations).items()
        if callable(function) and name not in ("get", "serialize", "deserialize")
    }
    assert set(understood) <= set(functions)
    for name, function in functions.items():
        model = keras.Sequential([L.Input((3,)), L.Dense(4), L.Activation(function)])
        if function.__name__ in understood:
            net = same_outputs(keras, model, (3,), tmp_path, rng, ())
            assert net.layers[-1].activation == understood[name]
        else:
            with pytest.raises(ValueError, match=f"activation '{function.__name__}'"):
                fcnn.from_keras(model)


def test_every_layer_is_kerass(keras):
    kinds = [*keras_layers._LAYERS, *keras_activations.LAYERS]
    assert all(hasattr(keras.layers, kind) for kind in kinds)


def relu(x):
    """The user's own, of Keras's name."""
    return x * x


@LAMBDAS
def test_refused_models(keras):
    L = keras.layers

    class Own(keras.Model):
        def call(self, x):
            return x

    class Tripled(keras.Sequential):
        def call(self, x):
            return 3 * super().call(x)

    class Dense(L.Dense):
        def call(self, x):
            return -super().call(x)

    of_a_script = type("Dense", (Dense,), {"__module__": "__main__"})

    def call(self, x):
        return 3 * x

    leaky = type("LeakyReLU", (L.LeakyReLU,), {"__module__": "mine", "call": call})
    first = L.Input((3,))
    branched = keras.Model(first, L.Add()([L.Dense(3)(first), first]))
    shared = L.Dense(3)
    twice = keras.Model(first, shared(shared(first)))
    added = keras.Model(first, L.Dense(3)(first) + 1.0)
    inputs, dense = L.Input((3,)), [L.Input((3,)), L.Dense(3)]
    refused = [
        (Own(), "the class Own, whose call cannot be known"),
        (Tripled(dense), "the class Tripled, whose call cannot be known"),
        (L.Dense(2), "the class Dense, whose call cannot be known"),
        (keras.Sequential([L.Dense(3)]), "no Dense layer with weights"),
        (keras.Sequential([inputs, Dense(2)]), "the class Dense of .*, not of Keras"),
        (keras.Sequential([inputs, of_a_script(2)]), "the class Dense of .*, not of"),
        (keras.Sequential([inputs, L.SpectralNormalization(L.Dense(2))]), "a Spectral"),
        (keras.Sequential([*dense, L.Lambda(lambda x: x)]), "a Lambda"),
        (keras.Sequential([inputs, L.Dense(2, activation=relu)]), "not Keras's own"),
        (keras.Sequential([*dense, L.Activation(lambda x: x)]), "not Keras's own"),
        (keras.Sequential([*dense, L.Activation(leaky())]), "the class LeakyReLU of"),
        (keras.Sequential([L.Input((2, 3)), L.Dense(3)]), "it needs a Flatten before"),
        (keras.Sequential([*dense, L.LayerNormalization()]), "a LayerNormalization"),
        (keras.Sequential([*dense, L.GaussianNoise(0.1)]), "within the network"),
        (branched, r"\(Add\) takes 2 inputs"),
        (twice, "is used 2 times"),
        (added, "layer 'add.*' (is called with 1.0|is an Add)"),
    ]  # fmt: skip
    for model, message in refused:
        with pytest.raises(ValueError, match=f"from_keras: .*{message}"):
            fcnn.from_keras(model)


@LAMBDAS
def test_lambdas_in_files_are_refused(keras, tmp_path):
    L = keras.layers
    model = keras.Sequential([L.Input((3,)), L.Dense(3), L.Lambda(lambda x: x)])
    for name in ("m.keras", "m.h5"):
        model.save(tmp_path / name)
        with pytest.raises(ValueError, match="is a Lambda"):
            fcnn.from_keras(tmp_path / name)


def test_halves(keras, rng):
    L = keras.layers
    model = keras.Sequential([L.Input((3,)), L.Dense(4, dtype="mixed_float16")])
    X = rng.normal(size=(9, 3)).astype("f4")
    kernel, bias = model.get_weights()
    assert_close(fcnn.from_keras(model).predict(X), X @ kernel + bias, 1e-6)


def test_keras_is_not_needed_for_files():
    code = (
        "import sys, fcnn; sys.modules['keras'] = None; "
        "fcnn.from_keras(sys.argv[1]); assert 'torch' not in sys.modules"
    )
    path = Path(__file__).parent / "data" / "keras_digits.keras"
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
