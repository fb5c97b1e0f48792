"""Writes every kind of file where there is no room, or nothing may be written.

    python tests/full_disk.py limit FOLDER                # no file of over 100 bytes
    unshare -rm python tests/full_disk.py disk FOLDER     # a disk that is full
    unshare -rm python tests/full_disk.py read-only FOLDER

Each is an OSError, or of a command an exit by 2 and one line; the old file is as it
was, and nothing is left beside it. The last two mount a file system of their own.
"""

from __future__ import annotations

import contextlib
import io
import os
import resource
import subprocess
import sys
from pathlib import Path

from kill_writers import WRITERS, ended, in_child, prepare, rows


def no_file_of_over_100_bytes(folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))


def fill(folder: Path) -> None:
    """Takes all the room that is left."""
    with (folder / "filler").open("wb", buffering=0) as filler:
        for size in (4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    filler.write(bytes(size))


def mount(folder: Path, options: str) -> None:
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    subprocess.run(command, check=True)


def read_only(folder: Path) -> None:
    mount(folder, "remount,ro")


HINDRANCES = {"limit": no_file_of_over_100_bytes, "disk": fill, "read-only": read_only}


def refused(name: str, path: Path) -> None:
    """Asserts that the new file is refused, in a child."""

    def write() -> None:
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                WRITERS[name].write(path, 1)
        except OSError:
            assert not name.startswith("fcnn")
        except AssertionError:  # a command's exit code
            assert name.startswith("fcnn"), name
            assert said.getvalue().count("\n") == 1, said.getvalue()
        else:
            raise AssertionError(f"{name} was not refused")

    assert not ended(in_child(write))


def main(kind: str, folder: Path) -> None:
    if kind != "limit":
        mount(folder, "size=256k")
    folder.joinpath("work").mkdir()
    folder = folder / "work"
    paths = {name: folder / f"file{i}" for i, name in enumerate(WRITERS)}

    def begin() -> None:
        prepare(folder)
        for name, path in paths.items():
            WRITERS[name].write(path, 0)

    assert not ended(in_child(begin))
    old = {name: path.read_bytes() for name, path in paths.items()}
    HINDRANCES[kind](folder.parent)
    before = sorted(folder.iterdir())
    for name, path in paths.items():
        refused(name, path)
        if name == "CSVLogger" and kind == "limit":
            assert 1 < len(rows(path).splitlines()) < 8  # what there is room for, whole
        else:
            assert path.read_bytes() == old[name], f"{name}: the old file is another"
        assert sorted(folder.iterdir()) == before, f"{name}: something is left"
    os.write(1, f"{len(paths)} ways to write, {len(paths)} refused\n".encode())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
