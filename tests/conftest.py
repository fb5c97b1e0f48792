from __future__ import annotations

import importlib.metadata
import os
import signal

import numpy as np
import pytest

import fcnn
from fcnn import _core


def pytest_report_header(config):
    packages = ("fcnn", "numpy", "hypothesis", "safetensors")
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
