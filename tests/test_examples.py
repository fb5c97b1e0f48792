"""Every example runs as its first lines say, and shows what it promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parent.parent / "examples"
PROMISED = {
    *("c_export", "callbacks", "derivatives", "digits", "dropout", "learning_rate"),
    *("levenberg_marquardt", "mnist", "onnx_export", "pictures", "regression"),
    *("resume", "scipy_lbfgs", "sklearn_pipeline", "sparse", "standardize"),
    "xor_by_hand",
}
SCRIPTS = sorted(FOLDER.glob("*.py"))


def run(script, folder, *arguments):
    """Runs the example in a folder of its own, warnings being errors."""
    # pyparsing takes "error" for a wish for all of its own, some about matplotlib 3.8
    strict = ["-W", "error", "-W", "ignore:::pyparsing"]
    command = [sys.executable, *strict, script, *arguments]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_none_is_missing():
    assert {script.stem for script in SCRIPTS} >= PROMISED


@pytest.mark.plain
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_it_runs(script, tmp_path):
    assert run(script, tmp_path).strip()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_it_is_short(script):
    lines = script.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 40
    assert max(map(len, lines)) <= 88


def test_mnist_reads_kerass_file(tmp_path):
    """A few images of noise stand in for the real ones."""
    rng = np.random.default_rng(0)
    sizes = {"train": 200, "test": 50}
    arrays = {}
    for part, n in sizes.items():
        arrays[f"x_{part}"] = rng.integers(0, 256, (n, 28, 28)).astype("u1")
        arrays[f"y_{part}"] = rng.integers(0, 10, n).astype("u1")
    np.savez(tmp_path / "mnist.npz", **arrays)
    printed = run(FOLDER / "mnist.py", tmp_path, "--data", "mnist.npz")
    assert "50 test digits" in printed


def test_digits_reads_97_percent_of_the_held_out_third(tmp_path):
    printed = run(FOLDER / "digits.py", tmp_path)
    accuracies = re.findall(r"(\d\d\.\d+) ?%|\b(0\.\d{3,})", printed)
    best = max(float(percent or 100 * float(part)) for percent, part in accuracies)
    assert best >= 97
    assert list(tmp_path.glob("*.safetensors"))


def test_xor_by_hand_shows_the_lesson(tmp_path):
    printed = run(FOLDER / "xor_by_hand.py", tmp_path)
    for letter in ("z[1]", "a[1]", "delta[2]", "delta[1]"):
        assert letter in printed
