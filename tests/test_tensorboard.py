"""TensorBoard: its own reader finds the curves."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import fcnn

X = np.linspace(-1, 1, 12)[:, None]
Y = np.sin(3 * X)


def make():
    return fcnn.Network([1, 4, 1], "tanh", "identity", dtype="float64", seed=1)


def read(folder):
    """tag -> (steps, values)."""
    events = EventAccumulator(str(folder)).Reload()
    return {
        tag: tuple(zip(*((e.step, e.value) for e in events.Scalars(tag)), strict=True))
        for tag in events.Tags()["scalars"]
    }


def single(values):
    return tuple(np.float32(values).tolist())


def test_the_reader_finds_every_curve(tmp_path):
    lower = fcnn.ReduceLROnPlateau("loss", patience=1, min_delta=1e9, factor=0.5)
    history = make().fit(
        X,
        Y,
        epochs=3,
        metrics="mae",
        validation_data=(X, Y),
        callbacks=[lower, fcnn.TensorBoard(tmp_path / "a" / "b")],
    )
    train, validation = (
        read(tmp_path / "a" / "b" / r) for r in ("train", "validation")
    )
    steps = (0, 1, 2)
    assert train == {
        "epoch_loss": (steps, single(history.loss)),
        "epoch_mae": (steps, single(history.metrics["mae"])),
        "epoch_learning_rate": (steps, single([1e-3, 5e-4, 2.5e-4])),
    }
    assert validation == {
        "epoch_loss": (steps, single(history.metrics["val_loss"])),
        "epoch_mae": (steps, single(history.metrics["val_mae"])),
    }


def test_without_validation_there_is_one_run(tmp_path):
    make().fit(X, Y, epochs=1, callbacks=fcnn.TensorBoard(str(tmp_path)))
    assert [folder.name for folder in tmp_path.iterdir()] == ["train"]


def test_a_resumed_fit_shows_each_epoch_once(tmp_path):
    board = fcnn.TensorBoard(tmp_path)
    net = make()
    params = {"epochs": 6, "metrics": ["loss"]}
    for begin, end in ((0, 4), (2, 6)):  # killed after epoch 3; the checkpoint has 0, 1
        board.prepare(net, params)
        board.on_train_begin({})
        board.set_state(board.state())
        for epoch in range(begin, end):
            board.on_epoch_end(epoch, {"loss": 10.0 * begin + epoch})
    assert read(tmp_path / "train") == {
        "epoch_loss": ((0, 1, 2, 3, 4, 5), (0.0, 1.0, 22.0, 23.0, 24.0, 25.0))
    }


def test_values_that_are_not_finite(tmp_path):
    board = fcnn.TensorBoard(tmp_path)
    board.prepare(make(), {"epochs": 1, "metrics": ["a", "b", "c"]})
    board.on_epoch_end(0, {"a": np.nan, "b": -np.inf, "c": 1e300})
    found = {tag: values[0] for tag, (_, values) in read(tmp_path / "train").items()}
    assert np.isnan(found.pop("epoch_a"))
    assert found == {"epoch_b": -np.inf, "epoch_c": np.inf}


def test_neither_pytorch_nor_tensorflow_is_imported(tmp_path):
    code = (
        "import sys, fcnn\n"
        "assert 'tensorboard' not in sys.modules\n"
        f"board = fcnn.TensorBoard({str(tmp_path)!r})\n"
        "fcnn.Network([1, 1]).fit([[0], [1]], [0, 1], epochs=1, callbacks=board)\n"
        "assert not {'torch', 'tensorflow'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_a_missing_library_is_told_at_once(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(ImportError, match=r"pip install 'fcnn\[tensorboard\]'"):
        fcnn.TensorBoard(tmp_path)


def test_a_folder_that_cannot_be_made_is_told_before_the_first_epoch(tmp_path):
    (tmp_path / "logs").touch()
    net = make()
    theta = net.parameters.copy()
    with pytest.raises(FileExistsError):
        net.fit(X, Y, callbacks=fcnn.TensorBoard(tmp_path / "logs"))
    assert np.array_equal(net.parameters, theta)


def test_refused_arguments():
    with pytest.raises(TypeError, match="log_dir must be a path, not 3"):
        fcnn.TensorBoard(3)
