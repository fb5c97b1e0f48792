"""The files of every earlier version are read: they live longer than programs."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

import fcnn
import version_files
from fcnn import files

VERSIONS = sorted(version_files.DATA.glob("version_*.zip"))


def entries(suffix):
    found = []
    for path in VERSIONS:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if n.endswith(suffix)]
        found += [(path, n.removesuffix(suffix)) for n in names]
    return [pytest.param(p, n, id=f"{p.stem}-{n}") for p, n in found]


@pytest.fixture
def unpacked(tmp_path):
    def unpack(version, name):
        with zipfile.ZipFile(version) as archive:
            path = tmp_path / name
            path.write_bytes(archive.read(name))
            numbers = np.load(io.BytesIO(archive.read("expected.npz")))
        return path, numbers

    return unpack


def close(a, b, tolerance):
    return np.allclose(a, b, rtol=0.0, atol=tolerance * np.abs(b).max())


@pytest.mark.parametrize(("version", "name"), entries(".safetensors"))
def test_networks(version, name, unpacked):
    path, expected = unpacked(version, f"{name}.safetensors")
    net, fields = files.read(path)
    if name == "table":
        assert fields["table"] == version_files.TABLE
        name = "plain"
    made = version_files.make_network(name)
    assert repr(net) == repr(made)
    assert net.loss == made.loss
    assert net.predict(version_files.X).dtype == expected[name].dtype
    assert close(net.predict(version_files.X), expected[name], 1e-5)


@pytest.mark.parametrize(("version", "name"), entries(".ckpt"))
def test_checkpoints(version, name, unpacked):
    path, expected = unpacked(version, f"{name}.ckpt")
    net = version_files.fit(name, 4, resume=path)
    assert net._epoch == 4
    assert close(net.predict(version_files.X), expected[f"{name} resumed"], 1e-6)


def test_this_version_has_its_files():
    """`python tests/version_files.py` writes them, before a release."""
    path = version_files.DATA / f"version_{fcnn.__version__}.zip"
    assert path in VERSIONS
    with zipfile.ZipFile(path) as archive:
        kinds = {*version_files.NETWORKS, "table", *version_files.FITS, "expected"}
        assert {n.partition(".")[0] for n in archive.namelist()} == kinds


def test_every_optimizer_has_a_checkpoint():
    made = {fit["optimizer"].name for fit in version_files.FITS.values()}
    assert made == {kind.name for kind in fcnn.optimizers._kinds()}
