"""Damaged files: always a ValueError that says what is wrong, never anything else."""

from __future__ import annotations

import json
import pickle
import re
import tracemalloc

import numpy as np
import pytest
import safetensors.numpy

import fcnn


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "net.safetensors"
    net = fcnn.Network([3, 4, 2], "elu(0.5)", "softmax", bias=[True, False], seed=0)
    net.save(path)
    return path.read_bytes()


@pytest.fixture
def refused(tmp_path):
    """Asserts that these bytes are refused; returns the message."""
    path = tmp_path / "bad.safetensors"

    def check(data):
        path.write_bytes(data)
        with pytest.raises(ValueError, match="is no network of fcnn") as error:
            fcnn.load(path)
        assert type(error.value) is ValueError
        assert str(path) in str(error.value)
        return str(error.value)

    return check


def header_length(data):
    return 8 + int.from_bytes(data[:8], "little")


def rebuilt(good, change=None, change_fcnn=None, body=None):
    """The file with another header, or another description inside it."""
    end = header_length(good)
    header = json.loads(good[8:end])
    if change_fcnn is not None:
        described = json.loads(header["__metadata__"]["fcnn"])
        change_fcnn(described)
        header["__metadata__"]["fcnn"] = json.dumps(described)
    if change is not None:
        changed = change(header)
        header = header if changed is None else changed
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (
        len(text).to_bytes(8, "little") + text + (good[end:] if body is None else body)
    )


def test_rebuilt_unchanged_it_loads(good, tmp_path):
    (tmp_path / "net").write_bytes(rebuilt(good))
    assert fcnn.load(tmp_path / "net").sizes == (3, 4, 2)


def test_cut_off_anywhere(good, refused):
    end = header_length(good)
    for length in [*range(end + 1), *range(end, len(good), 7), len(good) - 1]:
        refused(good[:length])


def test_more_than_it_should_hold(good, refused):
    refused(good + b"\0")
    refused(good + good)


def test_a_bit_of_every_byte_of_the_header_turned(good, tmp_path):
    """Most are refused. What loads is still a sound network of the same shape."""
    path, end, loaded = tmp_path / "net", header_length(good), 0
    for at in range(end):
        data = bytearray(good)
        data[at] ^= 1 << at * 5 % 8
        path.write_bytes(data)
        try:
            net = fcnn.load(path)
        except ValueError:
            continue
        loaded += 1
        assert net.sizes == (3, 4, 2)
        assert net.predict(np.zeros(3)).shape == (2,)
    assert loaded < end / 10  # another seed's or version's digits, and the like


def test_noise(refused, rng):
    for size in (0, 1, 7, 8, 9, 100, 5000):
        refused(rng.bytes(size))
        refused(b"\0" * size)
        refused(b"\xff" * size)
    refused(b"{}" + b"\0" * 100)
    refused(len(b"{}").to_bytes(8, "little") + b"{}")


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 100_000_001, 2**32, 1, 2])
def test_wrong_header_lengths(length, good, refused):
    refused(length.to_bytes(8, "little") + good[8:])


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        b'{"__metadata__": {}}',
        b'{"__metadata__": []}',
        b'{"__metadata__": {"fcnn": 3}}',
        b'{"__metadata__": {"fcnn": "["}}',
        b'{"__metadata__": {"fcnn": "[]"}}',
        b'{"__metadata__": {"fcnn": "{}"}}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"__metadata__": {"fcnn": "' + b"[" * 100_000 + b'"}}',
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b"1" * 10_000,
    ],
    ids=lambda text: repr(text[:40]),
)
def test_other_headers(text, good, refused):
    refused(rebuilt(good, lambda header: text))
    refused(rebuilt(good, lambda header: text, body=b""))


WRONG_DESCRIPTIONS = [
    ("format_version", 3, "format_version is 3"),
    ("format_version", "1", "format_version must be"),
    ("format_version", True, "format_version must be"),
    ("sizes", [3, 4], "sizes|activation"),
    ("sizes", [3, 4, 3], "layers.2.weight"),
    ("sizes", [3, 4.0, 2], r"sizes\[1\] must be an integer"),
    ("sizes", [3, True, 2], r"sizes\[1\] must be an integer"),
    ("sizes", [3, 0, 2], r"sizes\[1\] must be at least 1"),
    ("sizes", [3, -4, 2], r"sizes\[1\] must be at least 1"),
    ("sizes", [3, 2**62, 2], "parameters"),
    ("sizes", [3, 10**400, 2], "sizes|parameters"),
    ("sizes", [[3], 4, 2], "sizes"),
    ("sizes", "342", "sizes must be"),
    ("sizes", [], "sizes"),
    ("activations", ["elu(0.5)"], "activation|sizes"),
    ("activations", [], "activations are empty"),
    ("activations", ["elu(0.5)", "softmaxx"], "softmaxx"),
    ("activations", ["softmax", "softmax"], "output only"),
    ("activations", [1, "softmax"], "activation"),
    ("activations", [None, None], "activation|output"),
    ("biases", [True], "bias"),
    ("biases", [True, 0], "bias"),
    ("biases", [False, False], "layers.1.bias"),
    ("biases", [True, True], "layers.2.bias"),
    ("loss", "hinge", "hinge"),
    ("loss", "poisson(1)", "poisson"),
    ("loss", None, "loss"),
    ("dtype", "float64", "dtype"),
    ("dtype", "float16", "dtype"),
    ("dtype", "O", "dtype"),
    ("seed", -1, "seed"),
    ("seed", 2**64, "seed"),
    ("seed", 1.5, "seed"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG_DESCRIPTIONS)
def test_wrong_descriptions(name, value, message, good, refused):
    def change(described):
        described[name] = value

    def remove(described):
        del described[name]

    assert re.search(message, refused(rebuilt(good, change_fcnn=change)))
    assert name in refused(rebuilt(good, change_fcnn=remove))


W1 = "layers.1.weight"


def replace(name, key, value):
    def change(header):
        header[name][key] = value

    return change


def rename(header):
    header["layers.1.Weight"] = header.pop(W1)


def drop(header):
    del header[W1]


def add(header):
    header["layers.3.bias"] = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}


def no_tensor(header):
    header[W1] = 7


def swap_offsets(header):
    """Two tensors on the same bytes: the file then has a hole, too."""
    header[W1]["data_offsets"] = [0, 48]
    header["layers.2.weight"]["data_offsets"] = [0, 32]


WRONG_TENSORS = [
    (replace(W1, "dtype", "F64"), W1),
    (replace(W1, "dtype", "F16"), W1),
    (replace(W1, "dtype", "I32"), W1),
    (replace(W1, "dtype", None), W1),
    (replace(W1, "shape", [3, 4]), W1),
    (replace(W1, "shape", [12]), W1),
    (replace(W1, "shape", [4, 3, 1]), W1),
    (replace(W1, "shape", [4.0, 3]), W1),
    (replace(W1, "shape", [-4, -3]), W1),
    (replace(W1, "shape", "43"), W1),
    (replace(W1, "data_offsets", [0, 47]), W1),
    (replace(W1, "data_offsets", [48, 0]), W1),
    (replace(W1, "data_offsets", [-48, 0]), "begins at byte"),
    (replace(W1, "data_offsets", [2**62, 2**62 + 48]), "begins at byte"),
    (replace(W1, "data_offsets", [0]), W1),
    (replace(W1, "data_offsets", ["0", "48"]), W1),
    (replace(W1, "data_offsets", [False, 48]), W1),
    (rename, "layers.1.Weight"),
    (drop, "layers.1.weight"),
    (add, "layers.3.bias"),
    (no_tensor, W1),
    (swap_offsets, "begins at byte"),
]


@pytest.mark.parametrize(("change", "message"), WRONG_TENSORS)
def test_wrong_tensors(change, message, good, refused):
    assert message in refused(rebuilt(good, change))


@pytest.mark.parametrize("key", ["dtype", "shape", "data_offsets"])
def test_tensors_that_lack_something(key, good, refused):
    def change(header):
        del header[W1][key]

    assert W1 in refused(rebuilt(good, change))


def test_nothing_large_is_allocated_for_a_small_file(good, refused):
    """A header that promises a billion parameters costs no memory."""

    def change(described):
        described["sizes"] = [3, 2**28, 2]

    tracemalloc.start()
    try:
        refused(rebuilt(good, change_fcnn=change))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


def test_deep_networks_of_a_hostile_file(good, refused):
    """A hundred thousand layers: refused for its tensors, in good time."""

    def change(described):
        n = 100_000
        described["sizes"] = [1] * (n + 1)
        described["activations"] = ["relu"] * n
        described["biases"] = [False] * n

    refused(rebuilt(good, change_fcnn=change))


def test_files_of_other_libraries(tmp_path):
    path = tmp_path / "other"
    safetensors.numpy.save_file({"layers.1.weight": np.ones((2, 2), "f4")}, path)
    with pytest.raises(ValueError, match="metadata has no text under the key 'fcnn'"):
        fcnn.load(path)
    for data in (pickle.dumps(fcnn.Network([2, 1])), b"PK\x03\x04" + b"\0" * 100):
        path.write_bytes(data)
        with pytest.raises(ValueError, match="is no network of fcnn"):
            fcnn.load(path)
