"""Tensors and arrays of other libraries give what their numbers give as an ndarray."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

import fcnn

N, N_IN, K = 23, 5, 3


class DLPack:
    """What a tensor shows that has `__dlpack__` alone."""

    def __init__(self, array, device=(1, 0), error=None):
        self.array, self.device_, self.error = array, device, error
        self.exports = 0

    def __dlpack_device__(self):
        return self.device_

    def __dlpack__(self, **options):
        if self.error is not None:
            raise self.error
        self.exports += 1
        options.pop("copy", None)
        return self.array.__dlpack__()


class Tensor(DLPack):
    """What a tensor shows that has `__array__` too; that of a GPU refuses it."""

    device = "cuda:0"

    def __array__(self, dtype=None, copy=None):
        if self.device_[0] != 1:
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        return np.asarray(self.array, dtype=dtype)


class Interface:
    """What has `__array_interface__` alone."""

    def __init__(self, array):
        self.array = array
        self.__array_interface__ = array.__array_interface__


def make():
    return fcnn.Network([N_IN, 7, K], "tanh", "softmax", seed=1)


def results(convert, X, y, w):
    """Everything that reads X, y and weights, as bytes."""
    net = make()
    X, y, w = convert(X), convert(y), convert(w)
    net.fit(X, y, epochs=2, sample_weight=w, validation_data=(X, y, w))
    loss, gradient = net.loss_and_gradient(X, y, sample_weight=w)
    predictor = net.predictor(n_rows=N)
    arrays = [net.predict(X), predictor(X), net.forward(X).a[0], gradient]
    assert all(type(A) is np.ndarray for A in arrays)
    measured = net.evaluate(X, y, sample_weight=w, metrics=["accuracy", "mse"])
    net.fit_batch(X, y, sample_weight=w)
    net.fit(batches=[[X, y], [X, y, w]], epochs=1)
    return [A.tobytes() for A in arrays] + [net.parameters.tobytes(), loss, measured]


@pytest.fixture
def data(rng):
    X = rng.normal(size=(N, N_IN)).astype("f4")
    return X, rng.integers(0, K, N), rng.uniform(0.5, 2, N)


@pytest.mark.parametrize("convert", [DLPack, Tensor, Interface])
def test_what_an_object_may_show(convert, data):
    assert results(convert, *data) == results(np.asarray, *data)


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i8", "f2", "f4", "f8"])
@pytest.mark.parametrize("convert", [DLPack, Tensor, Interface])
def test_dtypes_and_strides(convert, dtype, rng):
    X = rng.integers(0, 2, (2 * N, N_IN)).astype(dtype)
    net = make()
    for part in (X, X[::2], X[::-1], X.copy(order="F")):
        if (
            dtype == "?"
            and convert is DLPack
            and np.lib.NumpyVersion(np.__version__) < "2.1.0"
        ):
            pytest.skip("DLPack had no bool")
        assert net.predict(convert(part)).tobytes() == net.predict(part).tobytes()


def test_one_row_and_labels(rng):
    x = rng.normal(size=N_IN).astype("f4")
    net = make()
    assert net.predict(DLPack(x)).shape == (K,)
    assert net.predictor()(DLPack(x)).tobytes() == net.predict(x).tobytes()
    loss, _ = net.loss_and_gradient(DLPack(x), DLPack(np.array(2)))
    assert loss == net.loss_and_gradient(x, 2)[0]


def test_nothing_is_copied(rng, monkeypatch):
    X = rng.normal(size=(N, N_IN)).astype("f4")
    seen = []
    real = np.from_dlpack
    monkeypatch.setattr(np, "from_dlpack", lambda x: seen.append(real(x)) or seen[-1])
    tensor = DLPack(X)
    make().predict(tensor)
    assert tensor.exports == 1
    assert np.shares_memory(seen[0], X)


@pytest.mark.parametrize("convert", [DLPack, Tensor])
@pytest.mark.parametrize("device", [(2, 0), (4, 1), (8, 0), (10, 0)])
def test_tensors_of_another_device(convert, device, data):
    X, y, w = data
    net, away = make(), convert(X, device)
    named = "cuda:0" if convert is Tensor else "not the CPU"
    if convert is DLPack:
        away.error = BufferError("no")
    calls = {
        "X": lambda: net.predict(away),
        "X ": lambda: net.predictor(N)(away),
        "y": lambda: net.fit(X, convert(y, device, away.error)),
        "sample_weight": lambda: net.evaluate(
            X, y, sample_weight=convert(w, device, away.error)
        ),
        "batch 0: X": lambda: net.fit(batches=[(away, y)], epochs=1),
    }
    for name, call in calls.items():
        message = rf"^{name.strip()} is in the memory of .*\({named}\): .*\.cpu\(\)"
        with pytest.raises(TypeError, match=message):
            call()


def test_pinned_and_managed_memory_is_the_cpus(data):
    X = data[0]
    for kind in (3, 11, 13):
        assert (
            make().predict(DLPack(X, (kind, 0))).tobytes()
            == make().predict(X).tobytes()
        )


@pytest.mark.parametrize("error", [BufferError, RuntimeError, TypeError])
def test_what_cannot_be_exported(error, data):
    with pytest.raises(TypeError, match="^X is no array of numbers: a reason"):
        make().predict(DLPack(data[0], error=error("a reason")))
    with pytest.raises(ValueError, match="^X is no array of numbers: a reason"):
        make().predict(DLPack(data[0], error=ValueError("a reason")))


def test_capsules_that_are_none(data):
    class Liar(DLPack):
        def __dlpack__(self, **options):
            return 3

    class Deviceless(DLPack):
        def __dlpack_device__(self):
            raise RuntimeError("no device")

    for tensor in (Liar(data[0]), Deviceless(data[0], error=RuntimeError("no"))):
        with pytest.raises((TypeError, ValueError), match="X is no array of numbers"):
            make().predict(tensor)


@pytest.mark.parametrize("dtype", [complex, "datetime64[s]"])
def test_refused_dtypes(dtype, data):
    X = np.zeros((N, N_IN), dtype)
    with pytest.raises(TypeError, match="X must hold real numbers; its dtype is"):
        make().predict(Tensor(X))


def test_arrow(data):
    X, y, w = data
    expected = results(np.asarray, X, y, w)
    table = pa.table({f"c{j}": X[:, j] for j in range(N_IN)})

    def convert(array):
        return table if array is X else pa.array(array)

    assert results(convert, X, y, w) == expected
    chunked = pa.chunked_array([pa.array(y[:5]), pa.array(y[5:])])
    net, other = make(), make()
    net.fit(X, chunked, epochs=1)
    other.fit(X, y, epochs=1)
    assert net.parameters.tobytes() == other.parameters.tobytes()
    with pytest.raises(TypeError, match="y must hold real numbers"):
        net.fit(X, pa.array(["a"] * N))


def test_weights_may_be_tensors(rng):
    net, W = make(), rng.normal(size=(7, N_IN)).astype("f4")
    net.layers[1].weight = DLPack(W)
    assert np.array_equal(net.layers[1].weight, W)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.mark.torch
def test_torch(torch, data):
    expected = results(np.asarray, *data)
    assert results(torch.from_numpy, *data) == expected
    parameter = torch.nn.Parameter(torch.from_numpy(data[0]))
    assert parameter.requires_grad
    net = make()
    assert net.predict(parameter).tobytes() == net.predict(data[0]).tobytes()
    assert net.predictor(N)(parameter * 1).tobytes() == net.predict(data[0]).tobytes()
    turned = torch.from_numpy(data[0]).T.contiguous().T
    assert net.predict(turned).tobytes() == net.predict(data[0]).tobytes()
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(*map(torch.from_numpy, data[:2])), batch_size=8
    )
    other = make()
    net.fit(batches=loader, epochs=2)
    other.fit(data[0], data[1], epochs=2, batch_size=8, shuffle=False)
    assert net.parameters.tobytes() == other.parameters.tobytes()


@pytest.mark.torch
def test_jax(data):
    jnp = pytest.importorskip("jax.numpy")
    X, y = jnp.asarray(data[0]), jnp.asarray(data[1])
    net, other = make(), make()
    net.fit(X, y, epochs=2)
    other.fit(data[0], data[1], epochs=2)
    assert net.parameters.tobytes() == other.parameters.tobytes()
    half = X.astype(jnp.bfloat16)
    expected = net.predict(np.asarray(half.astype("float32")))
    assert net.predict(half).tobytes() == expected.tobytes()


@pytest.mark.torch
@pytest.mark.parametrize(
    "name", ["bool", "uint8", "int16", "float16", "bfloat16", "float64"]
)
def test_torchs_dtypes(name, torch, data):
    X = torch.from_numpy(data[0]).to(getattr(torch, name))
    expected = make().predict(X.to(torch.float64).numpy())
    assert make().predict(X).tobytes() == expected.tobytes()


@pytest.mark.torch
def test_refused_tensors(torch, data):
    X = torch.from_numpy(data[0])
    refused = {
        "is no array of numbers: .*to_dense": X.to_sparse(),
        r"is in the memory of another device|\.cpu\(\)": X.to("meta"),
        "must hold real numbers; its dtype is complex64": X.to(torch.complex64),
        "is no array of numbers: .*Float8": X.to(torch.float8_e4m3fn),
    }
    for message, tensor in refused.items():
        with pytest.raises(TypeError, match=f"^X {message}"):
            make().predict(tensor)


def test_nothing_is_imported():
    code = (
        "import fcnn, sys, numpy as np\n"
        "net = fcnn.Network([2, 1], seed=0)\n"
        "class T:\n"
        "    __dlpack_device__ = lambda self: (1, 0)\n"
        "    __dlpack__ = lambda self, **_: np.ones(2).__dlpack__()\n"
        "net.predict(T())\n"
        "assert not {'torch', 'jax', 'pyarrow', 'cupy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
