"""python -m bench, with NumPy alone as rival and as little work as it can do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--only", "4-16-16-2/32"],
        ["predict", "--only", "8-32-32-4/256", "--threads", "1,2"],
        ["startup"],
    ],
    ids=lambda a: a[0],
)
def test_it_runs_and_writes_what_it_measured(arguments, tmp_path):
    path = tmp_path / "result.json"
    command = [sys.executable, "-m", "bench", *arguments]
    options = ["--rivals", "numpy", "--quick", "--json", str(path)]
    printed = subprocess.check_output([*command, *options], cwd=ROOT, text=True)
    results = json.loads(path.read_text())["results"]
    assert "numpy" in printed
    if arguments[0] != "startup":
        for result in results:
            assert result["failures"] == {}
            assert set(result["rivals"]) == {"fcnn", "numpy"}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
def test_the_full_batch_solvers(tmp_path):
    path = tmp_path / "result.json"
    command = [sys.executable, "-m", "bench", "full_batch", "--quick", "--json", path]
    printed = subprocess.check_output(command, cwd=ROOT, text=True)
    (result,) = json.loads(path.read_text())["results"]
    assert "least_squares" in printed
    ratios = [ratio for one in result["evaluations"] for ratio in one["ratios"]]
    assert all(0.5 < ratio < 2 for ratio in ratios)
    assert len(result["per_evaluation"]) == 3
    assert len(result["ridges"]["lm"]) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
@pytest.mark.plain
def test_the_features(tmp_path):
    path = tmp_path / "result.json"
    command = [sys.executable, "-m", "bench", "features", "--quick", "--json", path]
    printed = subprocess.check_output(command, cwd=ROOT, text=True)
    results = json.loads(path.read_text())["results"]
    assert len(results) == 6
    for one in results:
        assert one["name"] in printed
        assert {"dropout", "standardize", "schedule"} <= one["ratios"].keys()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
def test_the_accuracy_of_the_estimators(tmp_path):
    path = tmp_path / "result.json"
    command = [sys.executable, "-m", "bench", "sklearn_accuracy", "--quick"]
    printed = subprocess.check_output([*command, "--json", path], cwd=ROOT, text=True)
    results = json.loads(path.read_text())["results"]
    assert "other seeds" in printed
    assert {one["name"] for one in results} == {"iris", "linnerud"}
    for one in results:
        assert len(one["scores"]["fcnn"]) == len(one["seconds"]["sklearn"]) == 2
        if one["name"] == "iris":
            assert one["scores"]["fcnn"] == one["scores"]["sklearn"]
