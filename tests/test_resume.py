"""Checkpoints and exact resume: to the same bits as one fit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fcnn
from checkpoints import Die, make, same

SCRIPT = Path(__file__).parent / "kill_and_resume.py"


@pytest.fixture
def data(rng):
    return rng.normal(size=(90, 4)), rng.integers(0, 3, 90)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills by SIGKILL")
def test_fifty_kills(memory):
    command = [sys.executable, str(SCRIPT), str(memory), "50", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 51
    assert len({line.split()[0] for line in lines}) == 1, done.stdout
    places = {line.partition("killed at ")[2] for line in lines[1:]}
    assert len(places) > 10  # they were killed all over the run


OPTIMIZERS = [
    fcnn.SGD(0.1),
    fcnn.SGD(0.1, momentum=0.9, nesterov=True),
    fcnn.Adam(fcnn.schedules.OneCycle(0.01, steps=60)),
    fcnn.AdamW(),
    fcnn.RMSprop(momentum=0.5, centered=True),
    fcnn.Adagrad(lr_decay=0.01),
    fcnn.NAdam(),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.name)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_epochs_and_the_rest(data, optimizer, dtype, tmp_path):
    X, y = data
    path = tmp_path / "run"
    arguments = {"optimizer": optimizer, "validation_split": 0.2, "metrics": "accuracy"}
    whole, part, rest = (make(seed, dtype=dtype) for seed in (5, 5, 77))
    expected = whole.fit(X, y, epochs=5, **arguments)
    part.fit(X, y, epochs=2, callbacks=fcnn.Checkpoint(path), **arguments)
    history = rest.fit(X, y, epochs=5, resume=path, **arguments)
    same(rest, whole)
    assert history.metrics == expected.metrics
    assert history.learning_rate == expected.learning_rate
    assert history.epoch == expected.epoch
    # and further on
    whole.fit(X, y, epochs=1, **arguments)
    rest.fit(X, y, epochs=1, **arguments)
    same(rest, whole)


@pytest.mark.parametrize("every_batches", [1, 2, 7])
@pytest.mark.parametrize("batches", [1, 3, 6, 13])
@pytest.mark.parametrize("shuffle", [True, False, "batch"])
@pytest.mark.parametrize("stream", [False, True])
def test_within_an_epoch(data, every_batches, batches, shuffle, stream, tmp_path):
    X, y = data  # 6 batches an epoch
    if stream and shuffle is not True:
        return
    w = np.linspace(0.5, 1.5, len(X))
    if stream:
        parts = [(A[i : i + 16] for A in (X, y, w)) for i in range(0, 90, 16)]
        arguments = {"batches": [tuple(p) for p in parts]}
    else:
        arguments = {
            "X": X,
            "y": y,
            "sample_weight": w,
            "batch_size": 16,
            "shuffle": shuffle,
        }
    optimizer = fcnn.Adam(fcnn.schedules.Exponential(0.01, 0.9))
    arguments |= {"epochs": 3, "metrics": "accuracy", "optimizer": optimizer}
    path = tmp_path / "run"
    whole, part, rest = make(), make(), make(1)
    expected = whole.fit(**arguments)
    save = fcnn.Checkpoint(path, every_batches=every_batches)
    with pytest.raises(KeyboardInterrupt):
        part.fit(**arguments, callbacks=[save, Die(batches + 1)])
    if not path.exists():
        assert batches < every_batches
        return
    history = rest.fit(**arguments, resume=path, n_threads=2)
    same(rest, whole)
    assert history.metrics == expected.metrics
    assert history.learning_rate == expected.learning_rate
    assert len(set(expected.learning_rate)) == 3


def test_finished_returns_at_once(data, tmp_path):
    X, y = data
    path = tmp_path / "run"
    net = make()
    stop = fcnn.EarlyStopping("loss", min_delta=100.0, patience=2)
    arguments = {"callbacks": [fcnn.Checkpoint(path), stop]}
    expected = net.fit(X, y, epochs=9, **arguments)
    assert len(expected.epoch) == 3
    before = path.read_bytes()

    class Forbidden(fcnn.Callback):
        def on_train_begin(self, logs=None):
            raise AssertionError

    for epochs in (9, 20):  # a longer one would have stopped there too
        again = make(1)
        twin = fcnn.EarlyStopping("loss", min_delta=100.0, patience=2)
        history = again.fit(
            X, y, epochs=epochs, resume=path, callbacks=[twin, Forbidden()]
        )
        same(again, net)
        assert history.metrics == expected.metrics
        assert twin.best_epoch == stop.best_epoch == 0
        assert twin.stopped_epoch == 2
    assert path.read_bytes() == before


def test_more_epochs_than_before_go_on_from_the_last_one(data, tmp_path):
    """Not from the best, which EarlyStopping had put back at the end."""
    X, y = data
    path = tmp_path / "run"
    fit = {"optimizer": fcnn.Adam(0.05), "validation_split": 0.3}
    whole, part, rest = make(), make(), make()
    stops = [fcnn.EarlyStopping(patience=50) for _ in range(3)]
    whole.fit(X, y, epochs=12, callbacks=stops[0], **fit)
    part.fit(X, y, epochs=8, callbacks=[stops[1], fcnn.Checkpoint(path)], **fit)
    assert stops[1].best_epoch != 7
    rest.fit(X, y, epochs=12, callbacks=stops[2], resume=path, **fit)
    same(rest, whole)
    assert stops[2].best_epoch == stops[0].best_epoch


def test_time_limit_finishes_nothing(data, tmp_path):
    X, y = data
    path = tmp_path / "run"
    whole, part, rest = make(), make(), make()
    whole.fit(X, y, epochs=4)
    part.fit(X, y, epochs=4, callbacks=[fcnn.TimeLimit(1e-9), fcnn.Checkpoint(path)])
    history = rest.fit(X, y, epochs=4, resume=path, callbacks=fcnn.TimeLimit(1e9))
    assert len(history.epoch) == 4
    same(rest, whole)


def test_callbacks_go_on(data, tmp_path):
    X, y = data
    path = tmp_path / "run"

    def callbacks(name):
        return [
            fcnn.ReduceLROnPlateau("loss", factor=0.5, patience=2, min_delta=0.02),
            fcnn.CSVLogger(tmp_path / name),
        ]

    whole, part, rest = make(), make(), make()
    whole.fit(X, y, epochs=9, callbacks=callbacks("whole.csv"))
    part.fit(X, y, epochs=5, callbacks=[*callbacks("part.csv"), fcnn.Checkpoint(path)])
    rest.fit(X, y, epochs=9, callbacks=callbacks("part.csv"), resume=path)
    same(rest, whole)
    assert whole.learning_rate < 0.001
    assert (tmp_path / "part.csv").read_text() == (tmp_path / "whole.csv").read_text()


def test_a_users_callback_with_a_state(data, tmp_path):
    X, y = data

    class Count(fcnn.Callback):
        n = 0

        def on_epoch_end(self, epoch, logs=None):
            self.n += 1

        def state(self):
            return {"n": self.n, "nested": [{"x": np.arange(3), "nan": np.nan}]}

        def set_state(self, state):
            self.n = state["n"]
            assert state["nested"][0]["x"].tolist() == [0, 1, 2]
            assert np.isnan(state["nested"][0]["nan"])

    path, count = tmp_path / "run", Count()
    make().fit(X, y, epochs=2, callbacks=[fcnn.Checkpoint(path), Count()])
    make().fit(X, y, epochs=5, callbacks=count, resume=path)
    assert count.n == 5
    with pytest.raises(ValueError, match=r"callbacks with a state are \['Count'\]"):
        make().fit(X, y, epochs=5, resume=path)

    class Bad(Count):
        def state(self):
            return {"object": object()}

    with pytest.raises(TypeError, match="state must be made of|object must be made"):
        make().fit(X, y, epochs=1, callbacks=[fcnn.Checkpoint(path), Bad()])
    make().fit(X, y, epochs=5, callbacks=Count(), resume=path)  # it is still whole


def test_divergence_after_resume_goes_back_to_the_epochs_beginning(rng, tmp_path):
    X, y = rng.normal(size=(64, 3)), rng.normal(size=(64, 1))
    net = fcnn.Network([3, 1], output="identity", dtype="float64", seed=0)
    path = tmp_path / "run"
    arguments = {"optimizer": fcnn.SGD(0.01), "batch_size": 8, "shuffle": False}
    states = []

    class Note(fcnn.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            states.append(self.network.parameters.copy())

    save = fcnn.Checkpoint(path, every_batches=1)
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y, epochs=3, callbacks=[Note(), save, Die(12)], **arguments)

    class Spoil(fcnn.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.network.parameters[:] = 1e308

    rest = net.copy()
    with pytest.raises(fcnn.TrainingDiverged) as error:
        rest.fit(X, y, epochs=3, callbacks=Spoil(), resume=path, **arguments)
    assert error.value.epoch == 1
    assert np.array_equal(rest.parameters, states[1])


def test_standardizer_sparse_and_extra_arguments(rng, tmp_path):
    from scipy import sparse

    X = sparse.random(90, 4, 0.5, format="csr", random_state=0)
    y = rng.integers(0, 3, 90)
    path = tmp_path / "run"
    fit = {
        "class_weight": "balanced",
        "max_norm": 2.0,
        "label_smoothing": 0.1,
        "seed": 9,
        "clip_norm": 1.0,
        "l2": 0.5,
        "penalty_per": "sample",
    }
    whole, part, rest = (make(standardize=True) for _ in range(3))
    whole.fit(X, y, epochs=4, **fit)
    part.fit(X, y, epochs=2, callbacks=fcnn.Checkpoint(path), **fit)
    rest.fit(X, y, epochs=4, resume=path, **fit)
    same(rest, whole)


def test_epochs_of_earlier_fits_count(data, tmp_path):
    X, y = data
    path = tmp_path / "run"
    whole, part = make(), make()
    for net in (whole, part):
        net.fit(X, y, epochs=3)
        net.fit_batch(X, y)
    whole.fit(X, y, epochs=2)
    part.fit(X, y, epochs=1, callbacks=fcnn.Checkpoint(path))
    rest = make(0)
    rest.fit(X, y, epochs=2, resume=path)
    same(rest, whole)
    assert rest.fit_batch(X, y) == whole.fit_batch(X, y)  # the same masks
    same(rest, whole)


@pytest.mark.parametrize("final", [False, True])
def test_a_stop_asked_for_within_an_epoch(data, final, tmp_path):
    X, y = data  # 6 batches of 16

    class Stop(fcnn.Callback):
        stop_is_final = final

        def on_train_batch_end(self, batch, logs=None):
            self.stop_training |= batch == 2

    path = tmp_path / "run"
    whole, part, rest = make(), make(), make()
    fit = {"epochs": 3, "batch_size": 16}
    expected = whole.fit(X, y, callbacks=[Stop()] if final else [], **fit)
    save = fcnn.Checkpoint(path, every_batches=1)
    with pytest.raises(KeyboardInterrupt):
        part.fit(X, y, callbacks=[Stop(), Die(5), save], **fit)
    history = rest.fit(X, y, resume=path, **fit)
    same(rest, whole)
    assert history.metrics == expected.metrics
    assert len(history.epoch) == (1 if final else 3)


def test_files_of_model_checkpoint_after_a_resume_within_an_epoch(data, tmp_path):
    X, y = data

    def save(folder):
        return fcnn.ModelCheckpoint(
            tmp_path / folder / "{epoch:02d}-{batch:02d}", save_freq=2
        )

    fit = {"epochs": 4, "batch_size": 16}
    path = tmp_path / "run"
    make().fit(X, y, callbacks=save("whole"), **fit)
    with pytest.raises(KeyboardInterrupt):
        make().fit(
            X,
            y,
            callbacks=[save("part"), Die(15), fcnn.Checkpoint(path, every_batches=1)],
            **fit,
        )
    make().fit(X, y, callbacks=save("part"), resume=path, **fit)
    files = [sorted((tmp_path / folder).iterdir()) for folder in ("whole", "part")]
    assert [f.name for f in files[0]] == [f.name for f in files[1]]
    for a, b in zip(*files, strict=True):
        assert np.array_equal(fcnn.load(a).parameters, fcnn.load(b).parameters)


def test_a_fit_without_checkpoint_reads_y_no_more_than_it_must(tmp_path, monkeypatch):
    from fcnn import checkpoint

    monkeypatch.setattr(checkpoint, "_hash", lambda array: 1 / 0)
    make().fit(np.zeros((4, 4)), [0, 1, 2, 0], epochs=1)
    with pytest.raises(ZeroDivisionError):
        make().fit(
            np.zeros((4, 4)),
            [0, 1, 2, 0],
            epochs=1,
            callbacks=fcnn.Checkpoint(tmp_path / "run"),
        )
