"""The same bits whatever the threads, the process and the caller's float state.

tests/same_bits.py has the combinations, and runs all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import same_bits
from fcnn import _core

HERE = Path(__file__).parent
STEP = 61  # of the combinations: prime, so that everything meets something else
SOME = same_bits.combinations()[::STEP]


def name(c):
    return f"{c.hidden}-{c.output}-{c.loss}-{c.rule}-{c.option}-{c.dtype}"


@pytest.mark.parametrize("c", SOME, ids=name)
def test_threads_splits_doors_and_copies(c, split_everything):
    same_bits.check(c, threads=(1, 2, 3, 8))


def test_the_combinations_have_everything():
    every = same_bits.combinations()
    assert {c.rule for c in every} == set(same_bits.RULES)
    assert {c.option for c in every} == set(same_bits.OPTIONS)
    assert {c.hidden for c in every} == set(same_bits.helpers.HIDDEN)
    assert {(c.output, c.loss) for c in every} == set(same_bits.helpers.LEGAL_PAIRS)
    rules = {(c.rule, c.dtype) for c in SOME}
    assert len(rules) > 10


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "0", "FCNN_NUM_THREADS": "1"},
        {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "3", "MALLOC_PERTURB_": "165"},
        {"FCNN_NUM_THREADS": "8", "MALLOC_TOP_PAD_": "4097", "PYTHONMALLOC": "debug"},
    ],
    ids=str,
)
def test_another_process(environment, split_everything):
    """Of another hash seed, other threads and memory elsewhere."""
    inherited = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    inherited["FCNN_CPU_LEVEL"] = _core.level
    run = subprocess.run(
        [sys.executable, HERE / "same_bits.py", "--digest", "311"],
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.strip() == same_bits.digest(311), run.stderr
