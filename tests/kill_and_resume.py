"""Kills a training run at a random moment, resumes it, and prints how it ended; often.

    python tests/kill_and_resume.py FOLDER TIMES SEED

The run has all that could go another way the second time: dropout, noise, shuffled
batches, Adam with a schedule, metrics and early stopping. Each is killed with SIGKILL
in a child of its own, resumed with another number of threads, and a line of its end is
printed: a hash of theta, optimizer, History and callback, and where it was killed.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

import fcnn
from fcnn import _tree


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 6))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1)


def train(path: Path, n_threads: int, *, resume: bool) -> str:
    """The whole run, or the rest of it; a hash of everything it leaves."""
    X, y = data()
    net = fcnn.Network(
        [6, 24, 16, 3],
        "relu",
        "softmax",
        dropout=[0.1, 0.3, 0.2],
        input_noise=0.05,
        standardize=True,
        seed=None if resume else 12,
    )
    schedule = fcnn.schedules.Warmup(fcnn.schedules.Cosine(0.03, steps=400), steps=20)
    stop = fcnn.EarlyStopping(patience=6)
    history = net.fit(
        X,
        y,
        epochs=40,
        batch_size=16,
        optimizer=fcnn.Adam(lr=schedule),
        l2=1e-4,
        validation_split=0.2,
        metrics=["accuracy"],
        n_threads=n_threads,
        callbacks=[fcnn.Checkpoint(path, every=2, every_batches=5), stop],
        resume=path if resume else None,
    )
    trainer = net._training_state().trainer
    parts = [
        net.parameters,
        *trainer["moments"],
        trainer["step"],
        trainer["scalars"],
        history.metrics,
        net.learning_rate,
        net.seed,
        stop.best,
        stop.best_epoch,
        stop.stopped_epoch,
    ]
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        array = isinstance(part, np.ndarray)
        digest.update(part.tobytes() if array else repr(part).encode())
    return digest.hexdigest()


def killed_after(path: Path, seconds: float, *, resume: bool) -> bool:
    """Trains in a child and kills it; False if it was done before."""
    child = os.fork()
    if child == 0:
        train(path, 1, resume=resume)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main(folder: Path, times: int, seed: int) -> None:
    start = time.perf_counter()
    whole = train(folder / "whole", 1, resume=False)
    duration = time.perf_counter() - start
    print(whole, "whole", f"{duration:.3f} s")
    rng = np.random.default_rng(seed)
    kills = 0
    while kills < times:
        path = folder / f"run{kills}"
        path.unlink(missing_ok=True)
        if not killed_after(path, rng.uniform(0, duration), resume=False):
            continue  # it was done already
        kills += 1
        at = "before the first checkpoint"
        if path.exists():
            if rng.random() < 0.3:  # and once more while it goes on
                killed_after(path, rng.uniform(0, duration / 2), resume=True)
            tree = _tree.read(path, "fcnn_checkpoint")
            at = f"epoch {tree['position']['epoch']} batch {tree['position']['batch']}"
        end = train(path, 1 + kills % 3, resume=path.exists())
        assert train(path, 1, resume=True) == end  # it is finished
        print(end, "killed at", at)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
