"""Where the system gives no more memory or threads, a call is refused as a whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.plain,
    pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_AS"),
]
SCRIPT = str(Path(__file__).with_name("out_of_memory.py"))


def run(*command):
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"FCNN_NUM_THREADS": "2"},
    )


def test_every_call_with_less_memory_than_it_needs():
    done = run(SCRIPT, "6")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    refused = [int(n) for n in re.findall(r"(\d+) without memory", done.stdout)]
    assert len(refused) > 25
    assert min(refused) > 0


# A thread's stack is larger than what is left: the work is done by one.
NO_THREADS = """
import resource
import numpy as np
import fcnn
from fcnn import _core
_core.set_always_split(True)
X = np.random.default_rng(0).normal(size=(8192, 100)).astype("f4")
net = fcnn.Network([100, 20, 3], output="identity", seed=0)
out = net.predict(X)
fcnn.set_num_threads(1)
alone = net.predict(X, np.empty_like(out)).copy()
before = _core.thread_stats()
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * 4096 + 3 * 2**20, -1))
fcnn.set_num_threads(16)
assert np.array_equal(net.predict(X, out), alone)
assert _core.thread_stats() == before, "threads were made"
resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
assert np.array_equal(net.predict(X, out), alone)
assert _core.thread_stats()["parts"] == before["parts"] + 15
print("done")
"""


def test_threads_that_cannot_be_made_are_done_without():
    done = run("-c", NO_THREADS)
    assert done.stdout == "done\n", done.stderr
