"""Kills processes while they write files, and looks at what is there afterwards.

    python tests/kill_writers.py FOLDER TIMES SEED [STEPS]

For each way that fcnn writes a file: a child is killed (SIGKILL) before each of the
system calls of a write and in the middle of its bytes (or at STEPS of these), and TIMES
more at random moments of its whole duration. Each time the old file or the new one must
be there, whole; a temporary file may be left, and the next process that writes into the
folder removes it.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import fcnn
from fcnn import _atomic, _tree
from fcnn.cli import main as command

X = np.linspace(-1, 1, 60).reshape(20, 3)
Y = np.arange(20) % 2
SIZES = {0: [3, 4, 2], 1: [3, 300, 300, 2]}  # the old file's, the new one's


class Writer(NamedTuple):
    """`write(path, which)` writes the old or the new file, `read` says what it is."""

    write: Callable[[Path, int], object]
    read: Callable[[Path], object] = Path.read_bytes
    others: Callable[[object], bool] = lambda found: False  # what else may be there


def net(which: int) -> fcnn.Network:
    return fcnn.Network(SIZES[which], "tanh", "softmax", seed=which)


def fit(callback: fcnn.Callback, which: int, **arguments: Any) -> None:
    arguments = {"epochs": 1, "progress": False, "batch_size": 20} | arguments
    net(which).fit(X, Y, callbacks=callback, **arguments)


def run(*arguments: object) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        assert command([str(argument) for argument in arguments]) == 0


def export(form: str) -> Callable[[Path, int], None]:
    def write(path: Path, which: int) -> None:
        run("export", path.parent / f"model{which}", "--to", form, "--out", path)

    return write


def predict(path: Path, which: int) -> None:
    folder = path.parent
    run("predict", folder / f"model{which}", folder / "table.csv", "--out", path)


def train(path: Path, which: int) -> None:
    table, nodes = path.parent / "table.csv", SIZES[which][1]
    options = ["--epochs", 1, "--seed", which, "--hidden", nodes, "--out", path]
    run("train", table, "--target", "x2", "--task", "regression", *options)


def checkpoint(path: Path) -> object:
    """Its seed, which tells the two apart; of half a file the checksum is wrong."""
    return _tree.read(path, "fcnn_checkpoint")["seed"]


def log(path: Path, which: int) -> None:
    fit(fcnn.CSVLogger(path), which, epochs=1 + 60 * which)


def rows(path: Path) -> str:
    """The file, if each of its lines is whole."""
    text = path.read_text()
    assert text.endswith("\n")
    assert all(line.count(",") == 1 for line in text.splitlines())
    return text


def begins_new(found: object) -> bool:
    """A log has as many rows as epochs were done."""
    loss = str(found).splitlines()[1].partition(",")[2]
    return loss == NEW_LOSS[0]


NEW_LOSS: list[str] = []  # of the new log's first epoch

WRITERS = {
    "Network.save": Writer(lambda path, which: net(which).save(path)),
    "Checkpoint": Writer(lambda p, w: fit(fcnn.Checkpoint(p), w), checkpoint),
    "ModelCheckpoint": Writer(lambda p, w: fit(fcnn.ModelCheckpoint(p), w)),
    "CSVLogger": Writer(log, rows, begins_new),
    "Network.to_onnx": Writer(lambda path, which: net(which).to_onnx(path)),
    "Network.to_c": Writer(lambda path, which: net(which).to_c(path, name="net")),
    "fcnn export": Writer(export("c")),
    "fcnn predict --out": Writer(predict),
    "fcnn train --out": Writer(train),
}


def in_child(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:  # noqa: BLE001
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    return child


def ended(child: int) -> bool:
    """Whether it was killed; an error of its own is one of ours."""
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@contextlib.contextmanager
def dies_at(step: int, counted: list[int]) -> Iterator[None]:
    """Before the call of that number of those that a write makes."""

    def count() -> None:
        if counted[0] == step:
            os.kill(os.getpid(), signal.SIGKILL)
        counted[0] += 1

    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **keywords: Any) -> Any:
            count()
            return function(*arguments, **keywords)

        return called

    class Torn(io.FileIO):
        """Writes in three pieces."""

        def write(self, data: Any) -> int:
            third = len(data) // 3 + 1
            for i in range(0, len(data), third):
                count()
                super().write(data[i : i + third])
            count()
            return len(data)

    class Os:
        """The module as `_atomic` sees it."""

        fdopen = Torn

        def __getattr__(self, name: str) -> Any:
            found = getattr(os, name)
            return (
                counting(found) if name in ("open", "fsync", "dup", "close") else found
            )

    kept = {name: getattr(os, name) for name in ("replace", "chmod")}
    try:
        _atomic.os = Os()  # type: ignore[assignment]
        for name, function in kept.items():
            setattr(os, name, counting(function))  # of pathlib
        yield
    finally:
        _atomic.os = os
        for name, function in kept.items():
            setattr(os, name, function)


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix == ".tmp"]


def kills(
    name: str,
    folder: Path,
    times: int,
    rng: np.random.Generator,
    most_steps: int | None = None,
) -> dict[str, int]:
    """Kills the writer each way; how often which file was there."""
    writer, path = WRITERS[name], folder / "file"
    ended(in_child(lambda: prepare(folder)))
    # (the parent writes nothing there: a process removes leftovers once)
    whole = []
    for which in (0, 1):
        ended(in_child(lambda: writer.write(path, which)))  # noqa: B023
        whole.append(writer.read(path))
        if name == "CSVLogger":
            NEW_LOSS[:] = [path.read_text().splitlines()[1].partition(",")[2]]
    found = {"old": 0, "new": 0, "most left": 0}

    def look(child: int) -> None:
        if ended(child):
            assert set(folder.iterdir()) >= before, "a file is gone"
            seen = writer.read(path)
            new = seen == whole[1] or writer.others(seen)
            assert new or seen == whole[0], f"{name}: neither the old file nor the new"
            found["new" if new else "old"] += 1
        found["most left"] = max(found["most left"], len(leftovers(folder)))

    def begin() -> None:
        ended(in_child(lambda: writer.write(path, 0)))

    begin()
    before = set(folder.iterdir()) - set(leftovers(folder))

    def steps() -> None:
        counted = [0]
        with dies_at(-1, counted):
            writer.write(path, 1)
        (folder / "steps").write_text(str(counted[0]))

    ended(in_child(steps))
    n_steps = int((folder / "steps").read_text())

    def killed(step: int) -> None:
        with dies_at(step, [0]):
            writer.write(path, 1)

    steps_tried = rng.permutation(n_steps)[:most_steps].tolist()
    for step in steps_tried:
        begin()
        for left in leftovers(folder):  # or the sweep of them would be steps, too
            left.unlink()
        look(in_child(lambda: killed(step)))  # noqa: B023
    durations = []
    for _ in range(1 if most_steps else 3):
        start = time.perf_counter()
        ended(in_child(lambda: writer.write(path, 1)))
        durations.append(time.perf_counter() - start)
    done = len(steps_tried) + times
    while found["old"] + found["new"] < done:
        begin()
        child = in_child(lambda: writer.write(path, 1))
        time.sleep(rng.uniform(0, np.median(durations)))
        os.kill(child, signal.SIGKILL)
        look(child)
    for left in leftovers(folder):  # one that is empty could be just begun: not now
        os.utime(left, (0, 0))
    begin()
    assert not leftovers(folder), "leftovers stay"
    return {"steps": len(steps_tried), "random": times, **found}


def prepare(folder: Path) -> None:
    """What the commands read."""
    lines = ["x1,x2", *(f"{i},{i * i}" for i in range(400))]
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    for which, nodes in ((0, 4), (1, 400)):
        made = fcnn.Network([2, nodes, 3], "relu", "softmax", seed=which)
        made.save(folder / f"model{which}")


def main(folder: Path, times: int, seed: int, steps: int | None = None) -> None:
    print(f"{'':20}{'steps':>7}{'random':>8}{'old':>6}{'new':>6}  most left")
    rng = np.random.default_rng(seed)
    for i, name in enumerate(WRITERS):
        place = folder / str(i)
        place.mkdir(parents=True)
        n = kills(name, place, times, rng, steps)
        print(
            f"{name:20}{n['steps']:7}{n['random']:8}{n['old']:6}{n['new']:6}"
            f"{n['most left']:6}",
            flush=True,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
