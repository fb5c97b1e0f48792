"""The format as fcnn writes and reads it, against the library of its authors."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors.numpy

from fcnn import _safetensors


@pytest.fixture
def tensors(rng):
    dtypes = [np.dtype(text) for text in _safetensors.DTYPES.values()]
    made = {d.name: rng.integers(0, 2, (3, 5)).astype(d) for d in dtypes}
    return made | {"scalar": np.array(2.5), "none": np.zeros((0, 4)), "é": np.ones(1)}


def test_the_library_reads_what_is_written(tensors):
    data = _safetensors.save(tensors, {"key": 'a "text"'})
    found = safetensors.numpy.load(data)
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert np.array_equal(found[name], tensor)


def test_what_the_library_writes_is_read(tensors, tmp_path):
    data = safetensors.numpy.save(tensors, {"key": 'a "text"'})
    (tmp_path / "file").write_bytes(data)
    with (tmp_path / "file").open("rb") as file:
        found, metadata = _safetensors.load(file)
    assert metadata == {"key": 'a "text"'}
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert np.array_equal(found[name], tensor)
        assert found[name].flags.writeable


def test_a_host_of_the_other_byte_order_reads_the_same(tmp_path, monkeypatch):
    """What is not of the host's own order is no plain buffer to Python."""
    (tmp_path / "file").write_bytes(_safetensors.save({"a": np.ones(3, ">f8")}, {}))
    monkeypatch.setitem(_safetensors.DTYPES, "F64", ">f8")
    with (tmp_path / "file").open("rb") as file:
        found, _ = _safetensors.load(file)
    assert np.array_equal(found["a"], np.frombuffer(np.ones(3, "<f8").tobytes(), ">f8"))


def test_a_header_that_could_not_be_read_is_not_written(monkeypatch):
    monkeypatch.setattr(_safetensors, "_MAX_HEADER", 100)
    with pytest.raises(ValueError, match="more than 100 bytes"):
        _safetensors.save({}, {"key": "x" * 100})


def test_a_name_that_comes_twice():
    with pytest.raises(ValueError, match="a name comes twice"):
        _safetensors.parse_json("header", '{"a": 1, "b": {"c": 1, "c": 2}}')


@pytest.mark.parametrize("shape", ["[true]", "[1.0]", "[-1, -1]", "[[1]]", '"1"'])
def test_sizes_that_are_no_integers(shape, tmp_path):
    text = f'{{"a": {{"dtype": "U8", "shape": {shape}, "data_offsets": [0, 1]}}}}'
    data = len(text).to_bytes(8, "little") + text.encode() + bytes(1)
    (tmp_path / "file").write_bytes(data)
    with (
        (tmp_path / "file").open("rb") as file,
        pytest.raises(ValueError, match="is not understood"),
    ):
        _safetensors.load(file)
