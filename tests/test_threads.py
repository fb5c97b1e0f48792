"""How many threads: the cores of this process, threadpoolctl's limits."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import threadpoolctl

import fcnn
from fcnn import _core


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux")
def test_affinity():
    program = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "import fcnn; print(fcnn.get_num_threads())"
    )
    names = ("FCNN_NUM_THREADS", "OMP_NUM_THREADS")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    assert int(subprocess.check_output([sys.executable, "-c", program], env=kept)) == 1


def test_threadpoolctl_sees_and_limits(rng, split_everything):
    fcnn.set_num_threads(4)
    (info,) = (
        pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "fcnn"
    )
    assert info["num_threads"] == 4
    assert info["version"] == fcnn.__version__
    net = fcnn.Network([5, 4, 1], seed=0)
    X = rng.normal(size=(100, 5))
    with threadpoolctl.threadpool_limits(1):
        assert fcnn.get_num_threads() == 1
        before = _core.thread_stats()["runs"]
        net.fit(X, np.zeros(100), epochs=1)
        assert _core.thread_stats()["runs"] == before
    assert fcnn.get_num_threads() == 4
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        assert fcnn.get_num_threads() == 4
    with threadpoolctl.threadpool_limits({"fcnn": 2}):
        assert fcnn.get_num_threads() == 2
