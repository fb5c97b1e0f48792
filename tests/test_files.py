"""save and load: what the file holds, by a parser of its own, and what it survives."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

import fcnn
from fcnn import files

NETWORKS = {
    "plain": lambda dtype: fcnn.Network([3, 4, 2], dtype=dtype, seed=1),
    "one layer": lambda dtype: fcnn.Network([5, 1], output="identity", dtype=dtype),
    "parameters": lambda dtype: fcnn.Network(
        [2, 7, 3, 5],
        ["leaky_relu(0.2)", "elu(0.5)"],
        "hard_sigmoid(0.2)",
        loss="huber(0.5)",
        dtype=dtype,
        seed=2**64 - 1,
    ),
    "no bias": lambda dtype: fcnn.Network(
        [6, 5, 4], "gelu", "softmax", bias=False, dtype=dtype, seed=3
    ),
    "some bias": lambda dtype: fcnn.Network(
        [6, 5, 4], output="exp", bias=[False, True], dtype=dtype, seed=3
    ),
    "large": lambda dtype: fcnn.Network([300, 200, 10], "relu", dtype=dtype, seed=4),
}


@pytest.fixture(params=NETWORKS)
def net(request, dtype):
    return NETWORKS[request.param](dtype)


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


def names(folder):
    return [path.name for path in folder.iterdir()]


def parse(path):
    """safetensors by its specification: the header's length, JSON, the tensors."""
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata, tensors = header.pop("__metadata__"), {}
    for name, entry in header.items():
        start, stop = entry["data_offsets"]
        dtype = {"F32": "<f4", "F64": "<f8"}[entry["dtype"]]
        numbers = np.frombuffer(data[8 + length + start : 8 + length + stop], dtype)
        tensors[name] = numbers.reshape(entry["shape"])
    return metadata, tensors


def test_round_trip(net, tmp_path, rng):
    net.parameters[:] = rng.normal(size=net.n_parameters)
    net.parameters[0] = -0.0
    net.save(tmp_path / "net.safetensors")
    again = fcnn.load(tmp_path / "net.safetensors")
    assert type(again) is fcnn.Network
    assert repr(again) == repr(net)
    assert again.parameters.tobytes() == net.parameters.tobytes()
    assert again.parameters.flags.writeable
    X = rng.normal(size=(9, net.sizes[0]))
    assert again.predict(X).tobytes() == net.predict(X).tobytes()
    assert again.loss == net.loss
    assert again.seed == net.seed


def test_the_file_by_an_independent_parser(net, tmp_path, rng):
    """W is not square: its rows would be seen to be scrambled."""
    net.parameters[:] = rng.normal(size=net.n_parameters)
    net.save(tmp_path / "net")
    metadata, tensors = parse(tmp_path / "net")
    expected = {}
    for l, layer in list(enumerate(net.layers))[1:]:
        expected[f"layers.{l}.weight"] = layer.weight
        if layer.bias is not None:
            expected[f"layers.{l}.bias"] = layer.bias
    assert set(tensors) == set(expected)
    for name, tensor in tensors.items():
        assert tensor.dtype == net.dtype
        assert np.array_equal(tensor, expected[name])
    described = json.loads(metadata["fcnn"])
    assert described["sizes"] == list(net.sizes)
    assert described["loss"] == net.loss
    assert described["fcnn_version"] == fcnn.__version__
    library = safetensors.numpy.load_file(tmp_path / "net")
    assert all(np.array_equal(library[name], expected[name]) for name in expected)


def test_a_trained_networks_loss_is_kept_and_its_optimizer_is_not(tmp_path, rng):
    X, y = rng.normal(size=(30, 3)), rng.uniform(size=(30, 2))
    net = fcnn.Network([3, 4, 2], seed=1)
    net.fit(X, y, loss="mse", epochs=2)
    net.save(tmp_path / "net")
    again = fcnn.load(tmp_path / "net")
    assert again.loss == "mse"
    fresh = fcnn.Network([3, 4, 2], loss="mse", seed=1)
    fresh.parameters = net.parameters
    for trained in (again, fresh):
        trained.fit(X, y, epochs=2)
    assert np.array_equal(again.parameters, fresh.parameters)


def test_nothing_but_theta_is_written_as_it_is(tmp_path):
    """Infinite or NaN parameters are numbers like others."""
    net = fcnn.Network([2, 2], seed=0)
    net.parameters[:3] = [np.nan, np.inf, -np.inf]
    net.save(tmp_path / "net")
    assert fcnn.load(tmp_path / "net").parameters.tobytes() == net.parameters.tobytes()


def test_a_file_of_the_first_version():
    """Files live longer than programs: this one must load for ever."""
    net = fcnn.load(Path(__file__).parent / "data" / "format_1.safetensors")
    expected = (
        "Network([3, 2, 4], 'elu(0.5)', output='softmax', loss='cross_entropy', "
        "bias=[True, False], dtype='float32', seed=7)"
    )
    assert repr(net) == expected
    assert np.array_equal(net.parameters, np.arange(16) / 8)


@pytest.mark.parametrize("kind", [str, Path, os.fsencode])
def test_paths(kind, tmp_path):
    net = fcnn.Network([2, 1], seed=0)
    path = tmp_path / "name with spaces é.bin"
    try:
        net.save(kind(path))
    except TypeError:
        assert kind is os.fsencode
        return
    assert np.array_equal(fcnn.load(kind(path)).parameters, net.parameters)
    assert names(tmp_path) == [path.name]


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        fcnn.load(tmp_path / "none")
    with pytest.raises(OSError, match="directory"):
        fcnn.load(tmp_path)
    net = fcnn.Network([2, 1])
    with pytest.raises(FileNotFoundError):
        net.save(tmp_path / "none" / "net")
    with pytest.raises(IsADirectoryError):
        net.save(tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_failure_leaves_the_old_file(step, tmp_path, monkeypatch):
    path = tmp_path / "net"
    fcnn.Network([2, 1], seed=0).save(path)
    old = path.read_bytes()

    def fail(*arguments, **keywords):
        raise OSError(28, "No space left on device")

    if step == "write":
        real = os.fdopen

        def fdopen(*arguments, **keywords):
            file = real(*arguments, **keywords)

            class Full:
                def __enter__(self):
                    return self

                def __exit__(self, *error):
                    file.close()

                write = staticmethod(fail)
                fileno = file.fileno

            return Full()

        monkeypatch.setattr(os, "fdopen", fdopen)
    elif step == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(os, "replace", fail)
        monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(OSError, match="No space left"):
        fcnn.Network([3, 3], seed=1).save(path)
    monkeypatch.undo()
    assert path.read_bytes() == old
    assert names(tmp_path) == ["net"]
    fcnn.Network([3, 3], seed=1).save(path)
    assert fcnn.load(path).sizes == (3, 3)


KILLED = """
import os, sys, fcnn
fcnn.Network([2, 1], seed=0).save(sys.argv[1])
real = os.fsync
def die(descriptor):
    real(descriptor)
    os._exit(9)
os.fsync = die
fcnn.Network([300, 300], seed=1).save(sys.argv[1])
"""


def test_a_killed_process_leaves_the_old_file(tmp_path):
    path = tmp_path / "net"
    command = [sys.executable, "-c", KILLED, path]
    assert subprocess.run(command, check=False).returncode == 9
    assert fcnn.load(path).sizes == (2, 1)


@pytest.mark.skipif(os.name != "posix", reason="POSIX")
def test_permissions_and_links(tmp_path):
    net, path = fcnn.Network([2, 1], seed=0), tmp_path / "net"
    mask = os.umask(0o027)
    try:
        net.save(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        net.save(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(mask)
    link = tmp_path / "link"
    link.symlink_to(path)
    fcnn.Network([5, 1], seed=0).save(link)
    assert link.is_symlink()
    assert fcnn.load(path).sizes == (5, 1)


def test_a_folder_that_may_not_be_written(tmp_path, monkeypatch):
    """The error has the name that was given, not that of the temporary file."""

    def refuse(path, flags, mode=0o777):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError) as error:
        fcnn.Network([1, 1], seed=0).save(tmp_path / "net")
    assert error.value.filename == str(tmp_path / "net")


def test_save_is_refused_to_nothing_but_files(tmp_path):
    net = fcnn.Network([2, 1])
    for path in (None, 3.5, ["net"]):
        with pytest.raises(TypeError):
            net.save(path)
        with pytest.raises(TypeError):
            fcnn.load(path)


def test_a_table_that_the_command_line_keeps_in_the_file(tmp_path):
    """`load` leaves it alone, and the bytes are the same each time."""
    net, table = fcnn.Network([2, 1], seed=0), {"columns": ["a", "é"], "version": 1}
    written = []
    for _ in range(20):
        files.write(tmp_path / "net", net, table)
        written.append((tmp_path / "net").read_bytes())
    assert len(set(written)) == 1
    assert files.read(tmp_path / "net")[1]["table"] == table
    assert np.array_equal(fcnn.load(tmp_path / "net").parameters, net.parameters)
    net.save(tmp_path / "net")
    assert "table" not in files.read(tmp_path / "net")[1]


def test_saving_beside_the_program_keeps_no_memory(tmp_path):
    """Finding out the version again after each change of a folder of sys.path did."""
    script = """
        import sys
        sys.path.insert(0, ".")
        import gc, os, tracemalloc
        import fcnn
        net = fcnn.Network([2, 3, 1], seed=0)

        def save(i):
            net.save("net.safetensors")
            os.utime(".", (i, i))  # a changed folder, whatever the clock's resolution

        tracemalloc.start()
        for i in range(100):
            save(i)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for i in range(100, 400):
            save(i)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
        assert grown < 30_000, grown
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=tmp_path, check=True
    )
