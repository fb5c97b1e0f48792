"""One version everywhere, and what the release machinery needs of the files."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import fcnn

ROOT = Path(__file__).parent.parent
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_one_version():
    """pyproject.toml has it; the others follow."""
    assert fcnn.__version__ == VERSION
    assert first(r"^version: (.+)$", "CITATION.cff") == VERSION
    assert first(r"^## (\S+)", "CHANGELOG.md") == VERSION


def test_the_oldest_libraries():
    """.ci/oldest.txt has the lower bounds of what fcnn and its tests need, pinned."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = project["dependencies"] + project["optional-dependencies"]["test"]
    pins = (ROOT / ".ci/oldest.txt").read_text().partition("\n# Besides")[0]
    pinned = [line for line in pins.splitlines() if not line.startswith("#")]
    assert pinned == sorted(bound.replace(">=", "==") for bound in bounds)


def first(pattern, name):
    return re.search(pattern, (ROOT / name).read_text(), re.MULTILINE)[1]


@pytest.fixture
def released(tmp_path):
    """A copy of what tools/release.py reads, as it is on the day of a release."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "dist").mkdir()
    for name in ("tools/release.py", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / "CHANGELOG.md").write_text(f"# Changes\n\n## {VERSION} (2027-01-31)\n")
    for end in (".tar.gz", "-cp311-cp311-manylinux_2_28_x86_64.whl"):
        (tmp_path / "dist" / f"fcnn-{VERSION}{end}").touch()
    return tmp_path


def release(folder, tag):
    return subprocess.run(
        [sys.executable, folder / "tools/release.py", tag, folder / "dist"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_release_that_fits_together(released):
    result = release(released, f"v{VERSION}")
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{VERSION}: 2 files\n"


def test_a_release_that_does_not(released):
    assert "the tag is v9" in release(released, "v9").stderr
    (released / "dist" / "fcnn-9-cp311.whl").touch()
    assert "fcnn-9-cp311.whl" in release(released, f"v{VERSION}").stderr
    (released / "dist" / "fcnn-9-cp311.whl").unlink()
    (released / "dist" / f"fcnn-{VERSION}.tar.gz").unlink()
    assert "no sdist" in release(released, f"v{VERSION}").stderr
    (released / "CHANGELOG.md").write_text(f"## {VERSION} (not yet released)\n")
    assert "no heading" in release(released, f"v{VERSION}").stderr
