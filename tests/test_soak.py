"""The short forms of soak.py; its own head has the long ones."""

from __future__ import annotations

import sys

import pytest

import exits
import soak

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="reads /proc/self"
)


@pytest.mark.plain
@pytest.mark.parametrize(("run", "amount"), [(soak.predicts, 2000), (soak.fits, 24)])
def test_nothing_grows(run, amount):
    run(amount)


def test_what_grows_is_seen():
    kept = []

    def work(i):
        kept.append(bytes(1000))

    with pytest.raises(AssertionError, match="memory grows"):
        soak.soak(work, 400)


def test_mixed_work_in_eight_threads():
    soak.threads(1)


def test_processes_end_in_every_way():
    exits.run(len(exits.ENDS))
