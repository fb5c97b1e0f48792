"""What the tests of the command line share: files to train on, and how it is called."""

from __future__ import annotations

import csv

import numpy as np


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


FAST = ("--epochs", 60, "--hidden", 16, "--lr", 0.01)


def rows_of(text):
    lines = text.splitlines()
    return lines[0], lines[1:]
