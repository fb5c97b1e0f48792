"""Two processes and two threads save to one path while another process loads from it.

    python tests/shared_path.py FOLDER TIMES

Each saves TIMES networks of its own shape, whose seed and parameters are one number.
What is loaded must be one of them, whole: a file of two would be of two numbers.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np

import fcnn
from kill_writers import ended, in_child


def save(path: Path, number: int, times: int) -> None:
    net = fcnn.Network([number, 60 + 7 * number, 2], "relu", "identity", seed=number)
    net.parameters[:] = number
    for _ in range(times):
        net.save(path)


def load(path: Path, end: Path) -> None:
    """Loads until the file `end` is there; then writes how often into it."""
    loads = 0
    while not end.exists():
        net = fcnn.load(path)
        assert net.sizes[0] == net.seed
        assert net.sizes[1] == 60 + 7 * net.seed
        assert np.array_equal(net.parameters, np.full(net.n_parameters, net.seed, "f4"))
        loads += 1
    end.write_text(str(loads))


def main(folder: Path, times: int) -> None:
    path, end = folder / "shared", folder / "end"
    save(path, 1, 1)
    loader = in_child(lambda: load(path, end))
    writers = [in_child(lambda n=n: save(path, n, times)) for n in (1, 2)]
    threads = [threading.Thread(target=save, args=(path, n, times)) for n in (3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not any(ended(writer) for writer in writers)
    end.touch()
    assert not ended(loader)
    assert sorted(file.name for file in folder.iterdir()) == ["end", "shared"]
    print(f"{4 * times} saves, {end.read_text()} loads, each of a whole file")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
