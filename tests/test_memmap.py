"""X in a file larger than the memory that a process may have, read where it stands."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import fcnn

LIMITED = """
import resource, sys
import numpy as np, fcnn

def anonymous():
    for line in open("/proc/self/status"):
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024

X = np.load("X.npy", mmap_mode="r")
y = np.load("y.npy", mmap_mode="r")
assert type(X) is np.memmap
net = fcnn.Network([X.shape[1], 1], seed=0)
net.fit(X[:100], y[:100], epochs=1)
limit = anonymous() + 100 * 2**20
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
try:
    np.array(X)
except MemoryError:
    print("limited")
shuffle = {"batch": "batch", "rows": True}[sys.argv[1]]
net.fit(X, y, epochs=1, batch_size=512, shuffle=shuffle, metrics="mse")
net.evaluate(X, y)
net.predict(X)
fcnn.lr_range_test(net, X, y, steps=3)
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA counts on Linux only")
@pytest.mark.plain
@pytest.mark.parametrize("shuffle", ["batch", "rows"])
def test_a_file_larger_than_the_limit(shuffle, tmp_path):
    """Half a GiB of holes, for 100 MiB of memory."""
    shape = (2**17, 1024)
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", "f4", shape)
    X[::1000, 0] = 1
    X.flush()
    np.save(tmp_path / "y.npy", np.asarray(X[:, 0]))
    del X
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, shuffle],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.split() == ["limited", "done"], result.stderr


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
@pytest.mark.parametrize("dtype", ["u1", "f2", "f4", ">f8"])
def test_npy_files(mode, dtype, tmp_path, rng):
    X, y = rng.integers(0, 9, (60, 5)).astype(dtype), rng.integers(0, 3, 60)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    mapped = [np.load(tmp_path / f"{name}.npy", mmap_mode=mode) for name in "Xy"]
    assert all(isinstance(A, np.memmap) for A in mapped)
    for shuffle in (True, "batch"):
        nets = []
        for data in ((X, y), mapped, (mapped[0][:, ::-1][:, ::-1], mapped[1])):
            net = fcnn.Network([5, 4, 3], output="softmax", seed=0)
            net.fit(*data, epochs=2, batch_size=7, shuffle=shuffle)
            nets.append(net.parameters.tobytes() + net.predict(data[0]).tobytes())
        assert nets[0] == nets[1] == nets[2]


def test_a_sparse_matrix_in_files(tmp_path, rng):
    sp = pytest.importorskip("scipy.sparse")
    S = sp.random(200, 30, 0.1, "csr", random_state=0)
    parts = {}
    for part in ("data", "indices", "indptr"):
        np.save(tmp_path / f"{part}.npy", getattr(S, part))
        parts[part] = np.load(tmp_path / f"{part}.npy", mmap_mode="r")
    mapped = sp.csr_matrix((parts["data"], parts["indices"], parts["indptr"]), S.shape)
    net = fcnn.Network([30, 2], seed=0)
    assert np.array_equal(net.predict(mapped), net.predict(S.toarray()))
