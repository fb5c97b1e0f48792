"""What other threads copy and save is of one moment, not half of a later one."""

from __future__ import annotations

import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fcnn

X, Y = np.ones((4, 200)), np.zeros((4, 1))
ROUNDS = 50


@pytest.mark.parametrize("way", ["copy", "pickle", "save"])
def test_copies_made_while_another_thread_begins_to_train(way, tmp_path, rng):
    """In each round a copy and a step begin at once, the step a moment later."""
    net = fcnn.Network([200, 2000, 1], "tanh", "identity", seed=0)
    path, moments = tmp_path / "net.safetensors", {net.parameters.tobytes()}
    start = threading.Barrier(2, timeout=60)
    delays = rng.uniform(0, 2e-3, ROUNDS)

    def train():
        for delay in delays:
            start.wait()
            time.sleep(delay)
            net.fit_batch(X, Y, optimizer=fcnn.SGD(lr=1e-3, momentum=0.9))
            moments.add(net.parameters.tobytes())
            start.wait()

    def copy():
        if way == "copy":
            return net.copy()
        if way == "pickle":
            return pickle.loads(pickle.dumps(net))
        net.save(path)
        return fcnn.load(path)

    seen, refusals = [], []
    with ThreadPoolExecutor(1) as executor:
        training = executor.submit(train)
        for _ in range(ROUNDS):
            start.wait()
            try:
                seen.append(copy().parameters.tobytes())
            except RuntimeError as error:
                refusals.append(str(error))
            start.wait()
        training.result()
    assert seen
    assert all("train" in refusal for refusal in refusals)
    assert sum(copied not in moments for copied in seen) == 0


def test_a_change_of_the_optimizer_cannot_break_a_fit():
    """reset_optimizer and the learning rate of another thread are refused, or wait."""
    net = fcnn.Network([200, 20, 1], "tanh", "identity", seed=0)
    stop, refusals, n_fits = threading.Event(), [], 0

    def change(_):
        while not stop.is_set():
            for action in (
                net.reset_optimizer,
                lambda: net.learning_rate,
                lambda: setattr(net, "learning_rate", 0.5),
            ):
                try:
                    action()
                except RuntimeError as error:
                    refusals.append(str(error))

    with ThreadPoolExecutor(2) as executor:
        changes = executor.map(change, range(2))
        try:
            for _ in range(100):
                try:
                    net.fit(X, Y, epochs=1, optimizer=fcnn.SGD(lr=1e-3))
                    n_fits += 1
                except RuntimeError as error:
                    refusals.append(str(error))
        finally:
            stop.set()
        list(changes)
    assert n_fits
    assert all("train" in r or "no optimizer yet" in r for r in refusals)
    assert np.isfinite(net.parameters).all()
