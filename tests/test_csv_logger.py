"""CSVLogger: each epoch once, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import fcnn
from helpers import resumed

X = np.linspace(-1, 1, 12)[:, None]
Y = np.sin(3 * X)


def make():
    return fcnn.Network([1, 4, 1], "tanh", "identity", dtype="float64", seed=1)


def fit(path, epochs=3, **arguments):
    log = fcnn.CSVLogger(path, **arguments)
    return make().fit(X, Y, epochs=epochs, metrics="mse", callbacks=log)


def test_pandas_reads_the_history(tmp_path):
    path = tmp_path / "deep" / "log.csv"
    history = fit(path)
    pd.testing.assert_frame_equal(
        pd.read_csv(path, index_col="epoch"), history.to_frame()
    )
    header, *rows = path.read_bytes().decode().split("\n")
    assert header == "epoch,loss,mse"
    for epoch, (loss, mse) in enumerate(zip(*history.metrics.values(), strict=True)):
        assert rows[epoch] == f"{epoch},{loss!r},{mse!r}"  # all digits
    assert rows[3:] == [""]


def test_a_new_fit_replaces_or_appends(tmp_path):
    path = tmp_path / "log.csv"
    fit(path, 5)
    fit(path, 2)
    one = path.read_bytes()
    assert [line[:1] for line in one.splitlines()] == [b"e", b"0", b"1"]
    fit(path, 2, append=True)
    assert path.read_bytes() == one + one.partition(b"\n")[2]


def test_append_begins_a_file(tmp_path):
    fit(tmp_path / "a")
    fit(tmp_path / "b", append=True)
    (tmp_path / "c").touch()
    fit(tmp_path / "c", append=True)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() == (tmp_path / "c").read_bytes()


def test_append_to_other_columns_is_refused(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\n0,1.0\n")
    with pytest.raises(ValueError, match=r"columns 'epoch,loss,mse' .* 'epoch,loss'"):
        fit(path, append=True)
    assert path.read_text() == "epoch,loss\n0,1.0\n"


def test_separator_and_quotes(tmp_path):
    def odd(y, a):
        return np.nan

    odd.__name__ = "a;b"
    log = fcnn.CSVLogger(tmp_path / "log.csv", ";")
    make().fit(X, Y, epochs=1, metrics=odd, callbacks=log)
    frame = pd.read_csv(tmp_path / "log.csv", sep=";")
    assert list(frame.columns) == ["epoch", "loss", "a;b"]
    assert np.isnan(frame["a;b"][0])


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("later", ["", "2,0.5,0.5\n", "2,0.5,0.5\n3,0."])
def test_resumed(append, later, tmp_path):
    """What stands in the file after the checkpoint is cut off, half lines too."""
    path, whole = tmp_path / "log.csv", tmp_path / "whole.csv"
    before = "epoch,loss,mse\n7,0.1,0.1\n" if append else ""
    path.write_text(before)
    whole.write_text(before)
    net, log = make(), fcnn.CSVLogger(path, append=append)
    net.fit(X, Y, epochs=2, metrics="mse", callbacks=log)
    state = log.state()
    path.write_text(path.read_text() + later)
    again = fcnn.CSVLogger(path, append=append)
    resumed(net, [again], [state], X, Y, epochs=2, metrics="mse")
    fit(whole, 4, append=append)
    rows = [row.split(",")[1:] for row in path.read_text().splitlines()]
    assert rows == [row.split(",")[1:] for row in whole.read_text().splitlines()]


def test_resumed_without_the_file(tmp_path):
    path = tmp_path / "log.csv"
    net, log = make(), fcnn.CSVLogger(path)
    net.fit(X, Y, epochs=2, callbacks=log)
    path.unlink()
    resumed(net, [fcnn.CSVLogger(path)], [log.state()], X, Y, epochs=1)
    assert path.read_bytes().startswith(b"epoch,loss\n0,")
    assert path.read_bytes().count(b"\n") == 2


KILLED = """
import os, signal, sys, fcnn
net = fcnn.Network([1, 1], seed=0)
kill = fcnn.LambdaCallback(
    on_epoch_end=lambda epoch, logs: epoch == 2 and os.kill(os.getpid(), signal.SIGKILL)
)
net.fit([[0], [1]], [0, 1], epochs=9, callbacks=[fcnn.CSVLogger(sys.argv[1]), kill])
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
def test_complete_when_killed(tmp_path):
    path = tmp_path / "log.csv"
    process = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert process.returncode == -signal.SIGKILL
    assert list(pd.read_csv(path)["epoch"]) == [0, 1, 2]


def test_a_file_that_cannot_be_written_is_told_before_the_first_epoch(tmp_path):
    net = make()
    theta = net.parameters.copy()
    with pytest.raises(IsADirectoryError):
        net.fit(X, Y, callbacks=fcnn.CSVLogger(tmp_path))
    assert np.array_equal(net.parameters, theta)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"path": 3}, TypeError),
        ({"separator": ""}, ValueError),
        ({"separator": "ab"}, ValueError),
        ({"separator": "\n"}, ValueError),
        ({"separator": 3}, TypeError),
        ({"append": 1}, TypeError),
    ],
)
def test_refused_arguments(arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        fcnn.CSVLogger(**{"path": "log.csv"} | arguments)
