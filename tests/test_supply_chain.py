"""What is installed beside the code, and that nothing reaches for the network."""

from __future__ import annotations

import importlib.metadata
import json
import socket
import subprocess
import sys
import textwrap

import pytest


def installed(end):
    (path,) = [
        path
        for path in importlib.metadata.files("fcnn")
        if path.as_posix().endswith(end)
    ]
    return path.read_text()


def test_licences_are_installed():
    """fcnn's own, and the notices of what is compiled in."""
    assert "Redistribution and use" in installed(".dist-info/licenses/LICENSE")
    notice = installed(".dist-info/licenses/NOTICE")
    assert "\nEigen (" in notice
    assert "Mozilla\nPublic License 2.0" in notice
    assert "Copyright (c) 2016 Wenzel Jakob" in notice


def test_the_bill_of_materials_is_installed():
    """PEP 770: where scanners look for it, with the versions that were compiled in."""
    from fcnn import _core

    bill = json.loads(installed(".dist-info/sboms/fcnn.cdx.json"))
    assert bill["metadata"]["component"]["version"] == importlib.metadata.version(
        "fcnn"
    )
    versions = {part["name"]: part["version"] for part in bill["components"]}
    assert set(versions) == {"Eigen", "pybind11"}
    assert versions["Eigen"] == _core.eigen_version


def test_the_tests_may_not_reach_the_network():
    """conftest.py sees to that."""
    with pytest.raises(AssertionError, match="network"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)  # an address of no one
    with pytest.raises(AssertionError, match="network"):
        socket.getaddrinfo("example.org", 80)


def test_fcnn_makes_no_socket_and_starts_no_process(tmp_path):
    """Not at the import of any module, nor in training, saving and loading."""
    script = """
        import sys

        refused = ("socket.", "subprocess.", "os.system", "os.fork", "os.exec",
                   "os.posix_spawn")

        def watch(event, arguments):
            if event.startswith(refused):
                print(event, arguments)

        import numpy as np
        import tqdm
        sys.addaudithook(watch)
        import importlib, pkgutil
        import fcnn
        others = ("fcnn._fcnn_", "fcnn.formats.torch_modules")
        for module in pkgutil.walk_packages(fcnn.__path__, "fcnn."):
            if not module.name.startswith(others):
                importlib.import_module(module.name)
        X, y = np.ones((64, 3)), np.arange(64) % 2
        net = fcnn.Network([3, 8, 2], output="softmax", seed=0)
        net.fit(X, y, epochs=2, progress=True, callbacks=fcnn.Checkpoint("run.ckpt"))
        net.save("net.safetensors")
        fcnn.load("net.safetensors").predict(X)
        net.to_c("net.c")
        print("done")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        check=False,
    )
    assert done.stdout == "done\n", done.stdout + done.stderr
