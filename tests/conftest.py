from __future__ import annotations

import importlib.metadata
import os
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import command_line
import fcnn
from fcnn import _core


def refuse_the_network(event, arguments):
    """Tests run on what a package ships or a script makes."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in {"socket.connect", "socket.sendto"} and isinstance(
        arguments[1], tuple
    ):
        host = arguments[1][0]
    else:
        return
    if host not in {"127.0.0.1", "::1", "localhost", "", None}:
        raise AssertionError(f"{event}: a test reached for the network, for {host}")


sys.addaudithook(refuse_the_network)


def pytest_report_header(config):
    packages = ("fcnn", "numpy", "hypothesis")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    build = f"CPU level {_core.level}, {_core.compiler}, Eigen {_core.eigen_version}"
    threads = f"{fcnn.get_num_threads()} threads on {os.cpu_count()} CPUs"
    return [", ".join([*versions, threads]), build]


@pytest.fixture(autouse=True)
def ctrl_c():
    """A run in the background ignores SIGINT, which some tests send themselves."""
    kept = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, kept)


@pytest.fixture
def rng():
    return np.random.default_rng(20240229)


@pytest.fixture
def split_everything():
    """Threads share even the smallest work, as they otherwise would not."""
    split, threads = _core.set_always_split(True), fcnn.get_num_threads()
    yield
    _core.set_always_split(split)
    fcnn.set_num_threads(threads)


@pytest.fixture
def cli(capsys, tmp_path, monkeypatch):
    """Runs a command in a folder of its own; (exit code, stdout, stderr)."""
    from fcnn.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def refused(cli, tmp_path):
    """Asserts that a command is refused in one line, and that nothing is written."""

    def run(*arguments, said=""):
        before = sorted(tmp_path.iterdir())
        code, out, err = cli(*arguments)
        assert code == 2
        assert out.startswith(said) if said else out == ""
        assert err.startswith("fcnn: error: ")
        assert err.count("\n") == 1
        assert err.endswith("\n")
        assert "unexpected" not in err
        assert sorted(tmp_path.iterdir()) == before
        return err

    return run


@pytest.fixture
def ants(tmp_path, rng):
    return command_line.write_csv(tmp_path / "ants.csv", command_line.classes(rng))


@pytest.fixture
def houses(tmp_path, rng):
    return command_line.write_csv(tmp_path / "houses.csv", command_line.numbers(rng))


@pytest.fixture
def memory():
    """A folder in memory, where there is one: storing costs nothing there."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as name:
        yield Path(name)
