"""The CPU levels: the one in use, the forced one, and what a wrong one is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fcnn
from fcnn import _core, _levels

forced = os.environ.get("FCNN_CPU_LEVEL", "")
NUMBERS = """
import fcnn, numpy as np
net = fcnn.Network([5, 7, 3], 'gelu', 'softmax', dtype='float64', seed=1)
net.fit(np.cos(np.arange(100.)).reshape(20, 5), np.arange(20) % 3, epochs=3)
print(fcnn.show_config('dicts')['level'], *net.parameters.tolist())
"""

HERE = str(Path(__file__).parent)
DRAW = "import drawn; print(drawn.everything())"
DRAWN = """\
initial_weights float32 ae3e88230fc5a098
initial_weights float64 cfac84fcce96caae
shuffles float32 83c95cd54f60c93f
shuffles float64 83c95cd54f60c93f
held_out float32 db076741801fe1d5
held_out float64 db076741801fe1d5
masks float32 0e252693b0caf10f
masks float64 04c0985db203ee4e
noise float32 734f009dd8c2bc37
noise float64 734f009dd8c2bc37
"""


def run(code, level=None):
    environment = dict(os.environ)
    environment.pop("FCNN_CPU_LEVEL", None)
    if level is not None:
        environment["FCNN_CPU_LEVEL"] = level
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )


def test_this_run_is_of_the_forced_level():
    config = fcnn.show_config("dicts")
    assert config["level"] == (forced or _levels.available[-1])
    assert config["level"] == _core.level
    assert config["levels"] == list(_levels.available)


@pytest.mark.parametrize("level", _levels.available)
def test_each_level_can_be_forced(level):
    result = run(NUMBERS, level)
    assert result.returncode == 0, result.stderr
    name, *numbers = result.stdout.split()
    assert name == level
    # The levels may differ in the last bits, not in more.
    _, *others = run(NUMBERS).stdout.split()
    assert [float(n) for n in numbers] == pytest.approx(
        [float(n) for n in others], rel=1e-9
    )


@pytest.mark.parametrize("level", _levels.available)
def test_a_seed_draws_the_same_at_every_level(level):
    """Numbers may differ in the last bits; what is random may not."""
    result = run(f"import sys; sys.path.insert(0, {HERE!r}); {DRAW}", level)
    assert result.returncode == 0, result.stderr
    assert result.stdout == DRAWN


def test_the_best_level_is_taken_by_itself():
    result = run("import fcnn; print(fcnn.show_config('dicts')['level'])")
    assert result.stdout.split() == [_levels.available[-1]]


@pytest.mark.parametrize("level", ["v9", "V3", " base"])
def test_an_unknown_level_is_an_import_error(level):
    result = run("import fcnn", level)
    assert result.returncode != 0
    assert "ImportError" in result.stderr
    assert repr(level) in result.stderr
    assert ", ".join(_levels.available) in result.stderr


SUBINTERPRETER = """
try:
    import _interpreters
except ImportError:
    import _xxsubinterpreters as _interpreters
one = _interpreters.create()
try:
    print(_interpreters.run_string(one, "import fcnn"))
except Exception as error:
    print(error)
_interpreters.destroy(one)
import fcnn
print(fcnn.Network([1, 1], seed=0).predict([1.0]))
"""


def test_a_subinterpreter_is_told_so():
    result = run(SUBINTERPRETER)
    assert result.returncode == 0, result.stderr
    assert "main interpreter, not in a subinterpreter" in result.stdout


def test_the_core_has_one_name_at_every_level():
    """So that a pickle made at one level loads at another."""
    assert _core.__name__ == "fcnn._core"
    assert sys.modules["fcnn._core"] is _core
    assert type(fcnn.Network([1, 1])._engine).__module__ == "fcnn._core"


def test_show_config_prints_what_it_returns(capsys):
    assert fcnn.show_config() is None
    printed = capsys.readouterr().out
    for name, value in fcnn.show_config("dicts").items():
        assert name in printed
        text = ", ".join(value) if isinstance(value, list) else str(value)
        assert text in printed
    with pytest.raises(ValueError, match="mode"):
        fcnn.show_config("json")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"FCNN_NUM_THREADS": "3"}, 3),
        ({"OMP_NUM_THREADS": "2"}, 2),
        ({"FCNN_NUM_THREADS": "3", "OMP_NUM_THREADS": "2"}, 3),
        ({"OMP_NUM_THREADS": "4,2"}, 4),
        ({"FCNN_NUM_THREADS": "many", "OMP_NUM_THREADS": "2"}, 2),
    ],
)
def test_threads_of_the_environment(variables, expected, monkeypatch):
    for name in ("FCNN_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = run("import fcnn; print(fcnn.get_num_threads())", _core.level)
    assert result.stdout.split() == [str(expected)]


@pytest.mark.parametrize("n", [0, -1, 1025])
def test_refused_numbers_of_threads(n):
    with pytest.raises(ValueError, match="n must be in 1..1024"):
        fcnn.set_num_threads(n)
    with pytest.raises(ValueError, match="n_threads must be in 1..1024"):
        fcnn.Network([1, 1]).fit([[1]], [1], n_threads=n)


@pytest.mark.parametrize("n", [1.5, "2", True])
def test_refused_types_of_threads(n):
    with pytest.raises(TypeError, match="n must be an integer"):
        fcnn.set_num_threads(n)
