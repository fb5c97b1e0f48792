"""History: as a dict, a frame, a plot, and made again from the dict."""

from __future__ import annotations

import pickle
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import fcnn

METRICS = {
    "loss": [3.0, 2.0, 1.0],
    "accuracy": [0.5, 0.6, float("nan")],
    "val_loss": [4.0, 3.0, 2.0],
    "val_accuracy": [0.1, 0.2, 0.3],
}


@pytest.fixture
def history():
    return fcnn.History.restore(METRICS)


def test_restored_is_as_recorded(history):
    recorded = fcnn.History(METRICS)
    for row in zip(*METRICS.values(), strict=True):
        recorded.append(dict(zip(METRICS, row, strict=True)))
    assert vars(history) == vars(recorded)
    assert history.epoch == [0, 1, 2]
    history.append(dict.fromkeys(METRICS, 0.0))  # and it goes on
    assert history.epoch == [0, 1, 2, 3]
    assert history.loss == [3.0, 2.0, 1.0, 0.0]
    assert METRICS["loss"] == [3.0, 2.0, 1.0]
    assert history.learning_rate == [None] * 4
    assert fcnn.History.restore({"loss": []}).epoch == []
    rates = fcnn.History.restore({"loss": [2.0, 1.0]}, iter([0.1, None])).learning_rate
    assert rates == [0.1, None]


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length, not of {'loss': 2, 'mse': 1}"):
        fcnn.History.restore({"loss": [1.0, 2.0], "mse": [1.0]})

    with pytest.raises(ValueError, match="learning_rate must have 1 entries, not 2"):
        fcnn.History.restore({"loss": [1.0]}, [0.1, 0.1])


def test_learning_rate_is_that_of_each_epochs_first_step(rng):
    X = rng.normal(size=(40, 2))
    schedule = fcnn.schedules.Exponential(0.1, gamma=0.5)
    net = fcnn.Network([2, 1], seed=0)
    fit = {"batch_size": 10, "optimizer": fcnn.SGD(schedule)}
    history = net.fit(X, X[:, 0] > 0, epochs=3, **fit)
    assert history.learning_rate == [schedule(t) for t in (0, 4, 8)]
    again = net.fit(X, X[:, 0] > 0, epochs=2, **fit)
    assert again.learning_rate == [schedule(t) for t in (12, 16)]

    class Halve(fcnn.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch:
                self.network.learning_rate /= 2

    history = net.fit(
        X, X[:, 0] > 0, epochs=3, optimizer=fcnn.SGD(0.25), callbacks=Halve()
    )
    assert history.learning_rate == [0.25, 0.125, 0.0625]
    for solver in ("rprop", "lbfgs"):  # which have none
        history = net.fit(X, X[:, 0] > 0, epochs=2, optimizer=solver)
        assert history.learning_rate == [None, None]


def test_pickle_keeps_all(history):
    assert history.stop_reason is None
    history.stop_reason = "EarlyStopping"
    again = pickle.loads(pickle.dumps(history))
    np.testing.assert_equal(vars(again), vars(history))
    assert again.stop_reason == "EarlyStopping"
    assert fcnn.History(["loss"]).stop_reason is None


def test_frame(history):
    expected = pd.DataFrame(METRICS, index=pd.Index([0, 1, 2], name="epoch"))
    pd.testing.assert_frame_equal(history.to_frame(), expected)
    empty = fcnn.History(["loss"]).to_frame()
    assert empty.shape == (0, 1)
    assert empty["loss"].dtype == "float64"


def lines(ax):
    return [(n.get_label(), n.get_linestyle(), n.get_color()) for n in ax.lines]


def test_plot_draws_the_numbers(history):
    ax = Figure().subplots()
    assert history.plot(ax) is ax
    assert lines(ax) == [
        ("loss", "-", "C0"),
        ("accuracy", "-", "C1"),
        ("val_loss", "--", "C0"),
        ("val_accuracy", "--", "C1"),
    ]
    for line in ax.lines:
        assert line.get_xdata().tolist() == [0, 1, 2]
        np.testing.assert_array_equal(line.get_ydata(), METRICS[line.get_label()])
    assert ax.get_xlabel() == "epoch"
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [line.get_label() for line in ax.lines]


@pytest.mark.parametrize(
    ("names", "drawn"),
    [
        ("loss", ["loss", "val_loss"]),
        ("val_loss", ["val_loss"]),
        (["accuracy"], ["accuracy", "val_accuracy"]),
        (("val_accuracy", "loss"), ["loss", "val_loss", "val_accuracy"]),
    ],
)
def test_plot_of_names(names, drawn, history):
    ax = history.plot(Figure().subplots(), names)
    assert [label for label, _, _ in lines(ax)] == drawn


def test_plot_makes_a_figure_of_its_own(history):
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    first, second = history.plot(), history.plot()
    assert first.figure is not second.figure
    plt.close(first.figure)
    plt.close(second.figure)


def test_one_epoch_is_seen():
    ax = fcnn.History.restore({"loss": [1.0]}).plot(Figure().subplots())
    assert ax.lines[0].get_marker() == "."


def test_plot_refuses_what_is_not_recorded(history):
    with pytest.raises(ValueError, match="names must be of loss, .*, not 'mse'"):
        history.plot(names=["loss", "mse"])


@pytest.mark.parametrize(
    ("module", "method", "command"),
    [
        ("pandas", "to_frame", "pip install pandas"),
        ("matplotlib.pyplot", "plot", r"pip install 'fcnn\[plot\]'"),
    ],
)
def test_a_missing_library(module, method, command, history, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=command):
        getattr(history, method)()
