"""HistoryDisplay: the recorded numbers, in one picture or in panels."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure

import fcnn
from fcnn.plot import HistoryDisplay

METRICS = {
    "loss": [3.0, 2.0, 1.0],
    "accuracy": [0.5, float("nan"), 0.7],
    "val_loss": [4.0, 3.0, 2.0],
    "val_accuracy": [0.1, 0.2, 0.3],
}
RATES = [0.1, 0.05, 0.025]


def axes(n=1):
    return Figure().subplots(n, 1)


def labels(ax):
    return [line.get_label() for line in ax.lines]


def test_panels():
    history = fcnn.History.restore(METRICS, RATES)
    display = HistoryDisplay.from_history(history, ax=axes(3))
    assert [labels(ax) for ax in display.axes_] == [
        ["loss", "val_loss"],
        ["accuracy", "val_accuracy"],
        ["learning_rate"],
    ]
    names = [ax.get_ylabel() for ax in display.axes_]
    assert names == ["loss", "accuracy", "learning rate"]
    assert [ax.get_xlabel() for ax in display.axes_] == ["", "", "epoch"]
    assert display.ax_ is display.axes_[0]
    assert display.learning_rate_ax_ is display.axes_[2]
    assert list(display.lines_) == [*METRICS, "learning_rate"]
    for name, line in display.lines_.items():
        assert line.get_xdata().tolist() == [0, 1, 2]
        np.testing.assert_array_equal(
            line.get_ydata(), (METRICS | {"learning_rate": RATES})[name]
        )
        solid = not name.startswith("val_") and name != "learning_rate"
        assert (line.get_linestyle() == "-") == solid
        twin = display.lines_.get(f"val_{name}")
        assert twin is None or same_color(twin.get_color(), line.get_color())
    assert [ax.get_legend() is None for ax in display.axes_] == [False, False, True]


def test_numbers_beyond_what_matplotlib_can_scale():
    """They are gaps, as infinite ones are."""
    largest = np.finfo(float).max
    metrics = {"loss": [largest, -largest, 1.0, 2.0], "error": [-1e300, 1e300, 0, 1]}
    history = fcnn.History.restore(metrics, [0.1] * 4)
    display = HistoryDisplay.from_history(history, ax=axes(2))
    display.figure_.savefig(io.BytesIO())
    drawn = display.lines_["loss"].get_ydata()
    np.testing.assert_array_equal(drawn, [np.nan, np.nan, 1, 2])
    np.testing.assert_array_equal(display.lines_["error"].get_ydata(), metrics["error"])


def test_in_one():
    history = fcnn.History.restore(METRICS, RATES)
    ax = axes()
    display = HistoryDisplay.from_history(history, ax=ax)
    assert display.axes_.tolist() == [ax]
    assert labels(ax) == list(METRICS)
    second = display.learning_rate_ax_
    assert second is not ax
    assert labels(second) == ["learning_rate"]
    assert second.get_ylabel() == "learning rate"
    assert second.yaxis.get_label_position() == "right"
    shown = [text.get_text() for text in ax.get_legend().get_texts()]
    assert shown == [*METRICS, "learning_rate"]
    assert second.get_legend() is None
    assert ax.get_zorder() > second.get_zorder()  # no line crosses the legend
    assert history.plot(ax) is ax


@pytest.mark.parametrize(
    ("rates", "names", "drawn"),
    [
        (RATES, None, True),
        ([0.1, 0.1, 0.1], None, False),  # it says nothing
        ([0.1, 0.1, 0.1], ["loss", "learning_rate"], True),
        (RATES, "loss", False),
        ([None] * 3, None, False),
        ([None, 0.1, 0.1], None, True),
    ],
)
def test_where_the_learning_rate_is_drawn(rates, names, drawn):
    history = fcnn.History.restore(METRICS, rates)
    display = HistoryDisplay.from_history(history, names, ax=axes())
    assert ("learning_rate" in display.lines_) == drawn
    assert (display.learning_rate_ax_ is not None) == drawn
    if drawn:
        expected = [np.nan if rate is None else rate for rate in rates]
        found = display.lines_["learning_rate"].get_ydata()
        np.testing.assert_array_equal(found, expected)


def test_the_learning_rate_alone():
    history = fcnn.History.restore(METRICS, RATES)
    display = HistoryDisplay.from_history(history, "learning_rate", ax=axes())
    assert list(display.lines_) == ["learning_rate"]
    assert labels(display.ax_) == ["learning_rate"]
    assert display.ax_.get_ylabel() == "learning rate"


def test_names():
    history = fcnn.History.restore(METRICS)
    display = HistoryDisplay.from_history(history, ["accuracy"], ax=axes())
    assert list(display.lines_) == ["accuracy", "val_accuracy"]
    with pytest.raises(ValueError, match="names must be of loss, .*, not 'mse'"):
        HistoryDisplay.from_history(history, "mse", ax=axes())
    with pytest.raises(ValueError, match="names must be of .*, not 'learning_rate'"):
        HistoryDisplay.from_history(history, "learning_rate", ax=axes())
    with pytest.raises(ValueError, match="there is no curve"):
        HistoryDisplay.from_history(history, [], ax=axes())


def test_line_kw_and_single_epochs():
    display = HistoryDisplay([0], {"loss": [1.0]}).plot(axes(), line_kw={"lw": 5})
    assert display.lines_["loss"].get_linewidth() == 5
    assert display.lines_["loss"].get_marker() == "."
    display.plot(axes(), line_kw={"color": "k", "marker": "x"})
    assert same_color(display.lines_["loss"].get_color(), "black")
    assert display.lines_["loss"].get_marker() == "x"
    empty = HistoryDisplay.from_history(fcnn.History(["loss"]), ax=axes())
    assert empty.lines_["loss"].get_xdata().size == 0


def test_lists_that_do_not_fit():
    with pytest.raises(
        ValueError, match="loss must have 2 entries, as epoch has, not 1"
    ):
        HistoryDisplay([0, 1], {"loss": [1.0]})
    with pytest.raises(ValueError, match="learning_rate must have 1 entries"):
        HistoryDisplay([0], {"loss": [1.0]}, [0.1, 0.2])


def test_the_ticks_of_a_single_epoch():
    history = fcnn.History.restore({"loss": [1.0]})
    display = HistoryDisplay.from_history(history, ax=axes())
    low, high = display.ax_.get_xlim()
    ticks = [x for x in display.ax_.get_xticks() if low <= x <= high]
    assert ticks == [0.0]
