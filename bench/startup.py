"""How long an import takes in a fresh interpreter, and how much is installed."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

from bench.report import duration, table
from bench.rivals import RIVALS


def seconds(statement: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def required(distribution: str) -> set[str]:
    """It and all that it needs, extras left out."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: set[str] = set()
    todo = [distribution]
    while todo:
        name = canonicalize_name(todo.pop())
        if name in found:
            continue
        found.add(name)
        for line in metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                todo.append(needed.name)
    return found


def size(distribution: str) -> int:
    """Bytes of its files, without what Python compiles."""
    files = metadata.files(distribution) or []
    paths = (Path(file.locate()) for file in files if "__pycache__" not in file.parts)
    return sum(path.stat().st_size for path in paths if path.exists())


def measure(names, repeat) -> dict:
    statements = {"python": "pass"}
    statements |= {name: f"import {RIVALS[name].imports}" for name in names}
    times: dict[str, list[float]] = {}
    for name, statement in list(statements.items()):
        try:
            seconds(statement)  # warms the disk's cache
        except subprocess.CalledProcessError:
            del statements[name]
    for _ in range(repeat):
        for name, statement in statements.items():
            times.setdefault(name, []).append(seconds(statement))
    result: dict = {}
    for name, taken in times.items():
        result[name] = {"median": statistics.median(taken), "seconds": taken}
        if name != "python":
            own = RIVALS[name].distribution
            result[name] |= {
                "bytes": size(own),
                "bytes_with_requirements": sum(map(size, required(own))),
            }
    return result


def as_table(result: dict) -> str:
    def megabytes(entry, key):
        return f"{entry[key] / 1e6:.1f} MB" if key in entry else ""

    return table(
        ["", "start and import", "installed", "with what it requires"],
        (
            [
                name,
                duration(entry["median"]),
                megabytes(entry, "bytes"),
                megabytes(entry, "bytes_with_requirements"),
            ]
            for name, entry in result.items()
        ),
    )
