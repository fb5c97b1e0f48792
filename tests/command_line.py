"""What the tests of the command line share: files to train on, and how it is called."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from fcnn.cli import main


def write_csv(path, columns):
    """A CSV of {name: values}; None is an empty field."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def classes(rng, n=150):
    """Three classes that a text and two numbers tell apart."""
    k = np.arange(n) % 3
    return {
        "length": (k + 0.2 * rng.normal(size=n)).round(3).tolist(),
        "color": np.array(["red", "green", "blue"])[(k + (rng.random(n) < 0.1)) % 3],
        "width": rng.normal(1000, 50, n).round(2).tolist(),
        "kind": np.array(["ant", "bee", "cat, or dog"])[k].tolist(),
    }


def numbers(rng, n=200):
    """A price that a text and two numbers make."""
    area, town = rng.uniform(20, 200, n), rng.integers(0, 2, n)
    return {
        "id": np.arange(n) + 7,
        "area": area.round(2),
        "town": np.array(["near", "far"])[town],
        "year": rng.integers(1900, 2020, n),
        "price": (3000 * area * (2 - town) + rng.normal(0, 3000, n)).round(0) + 0.5,
    }


@pytest.fixture
def cli(capsys, tmp_path, monkeypatch):
    """Runs a command in a folder of its own; (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def refused(cli, tmp_path):
    """Asserts that a command is refused in one line, and that nothing is written."""

    def run(*arguments, said=""):
        before = sorted(tmp_path.iterdir())
        code, out, err = cli(*arguments)
        assert code == 2
        assert out.startswith(said) if said else out == ""
        assert err.startswith("fcnn: error: ")
        assert err.count("\n") == 1
        assert err.endswith("\n")
        assert "unexpected" not in err
        assert sorted(tmp_path.iterdir()) == before
        return err

    return run


FAST = ("--epochs", 60, "--hidden", 16, "--lr", 0.01)


@pytest.fixture
def ants(tmp_path, rng):
    return write_csv(tmp_path / "ants.csv", classes(rng))


@pytest.fixture
def houses(tmp_path, rng):
    return write_csv(tmp_path / "houses.csv", numbers(rng))


def rows_of(text):
    lines = text.splitlines()
    return lines[0], lines[1:]
