"""What all displays have in common: where they draw, and what that touches."""

from __future__ import annotations

import io
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

import fcnn
from fcnn import plot

mpl.use("agg")
X = np.random.default_rng(0).normal(size=(30, 2))
Y = (X[:, 0] > 0).astype(int)
NET = fcnn.Network([2, 4, 3], "tanh", "softmax", seed=0)
SCHEDULE = fcnn.schedules.Exponential(0.1, 0.9)
HISTORY = NET.copy().fit(
    X, Y, epochs=3, metrics="accuracy", optimizer=fcnn.SGD(SCHEDULE)
)

# Every display, made with the arguments `ax` and more; and the shape of its panels.
DISPLAYS = {
    "HistoryDisplay": (
        lambda **kw: plot.HistoryDisplay.from_history(HISTORY, **kw),
        (3, 1),
    ),
    "NetworkDisplay": (
        lambda **kw: plot.NetworkDisplay.from_network(NET, **kw),
        (1, 1),
    ),
    "WeightsDisplay": (
        lambda **kw: plot.WeightsDisplay.from_network(NET, shape=(1, 2), **kw),
        (1, 4),
    ),
    "LayerHistogramsDisplay": (
        lambda **kw: plot.LayerHistogramsDisplay.from_network(NET, X, Y, **kw),
        (2, 3),
    ),
    "DecisionBoundaryDisplay": (
        lambda **kw: plot.DecisionBoundaryDisplay.from_network(NET, X, Y, **kw),
        (1, 1),
    ),
    "GradientCheckDisplay": (
        lambda **kw: plot.GradientCheckDisplay.from_report(
            NET.gradient_check(X[:3], Y[:3]), **kw
        ),
        (1, 1),
    ),
}
each = pytest.mark.parametrize("name", DISPLAYS)
several = pytest.mark.parametrize(
    "name", [name for name, (_, shape) in DISPLAYS.items() if shape != (1, 1)]
)


def panels(display):
    return np.ravel(display.axes_ if hasattr(display, "axes_") else [display.ax_])


def rendered(figure):
    """Drawing it whole gives no warning."""
    with io.BytesIO() as file:
        figure.savefig(file, dpi=40)
        return file.tell()


def test_every_display_is_tried():
    assert set(DISPLAYS) == set(plot.__all__)


@each
def test_one_axes(name):
    make, _ = DISPLAYS[name]
    before = mpl.rcParams.copy()
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    display = make(ax=left)
    assert isinstance(display, getattr(plot, name))
    assert display.figure_ is figure
    assert not right.has_data()
    for ax in panels(display):
        assert ax.figure is figure
        assert ax.has_data()
        # it is the one given, or in its place
        assert ax is left or ax.get_subplotspec().get_topmost_subplotspec() == (
            left.get_subplotspec()
        )
    assert rendered(figure) > 1000
    assert mpl.rcParams == before


@each
def test_axes_of_ones_own(name):
    make, shape = DISPLAYS[name]
    axes = Figure().subplots(*shape, squeeze=False)
    display = make(ax=axes)
    assert panels(display).tolist() == axes.ravel().tolist()
    assert display.plot(axes.ravel().tolist()) is display  # a list does too


@each
def test_in_a_subfigure(name):
    make, _ = DISPLAYS[name]
    _, part = Figure().subfigures(1, 2)
    assert make(ax=part.subplots()).figure_ is part


def test_a_dark_style():
    """What is drawn in black otherwise is white, and nothing is filled with white."""
    white, black = (1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 0.0, 1.0)
    with style.context("dark_background"):
        made = {
            name: make(ax=Figure().subplots()) for name, (make, _) in DISPLAYS.items()
        }
    nodes = made["NetworkDisplay"].nodes_[0]
    assert tuple(nodes.get_edgecolor()[0]) == white
    assert tuple(nodes.get_facecolor()[0]) == black
    boundary, *_ = made["DecisionBoundaryDisplay"].boundary_
    assert tuple(boundary.get_edgecolor()[0]) == white
    (median,) = made["LayerHistogramsDisplay"].axes_[0, 2].lines
    assert to_rgba(median.get_color()) == white


@each
def test_a_figure_of_pyplots(name):
    from matplotlib import pyplot as plt

    make, shape = DISPLAYS[name]
    numbers = plt.get_fignums()
    display = make()
    assert len(plt.get_fignums()) == len(numbers) + 1
    assert display.figure_ is plt.gcf()
    assert panels(display).size == np.prod(shape)
    plt.close(display.figure_)


@each
@pytest.mark.parametrize("ax", ["here", 3, [1, 2], [], [[None]]], ids=repr)
def test_what_is_no_axes(name, ax):
    make, _ = DISPLAYS[name]
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes or an array"):
        make(ax=ax)


@each
def test_a_wrong_number_of_axes(name):
    make, shape = DISPLAYS[name]
    axes = Figure().subplots(7, 1)
    n = int(np.prod(shape))
    with pytest.raises(ValueError, match=rf"one Axes or {n} of them .*, not 7"):
        make(ax=axes)
    assert not any(ax.has_data() for ax in axes)


@several
def test_an_axes_that_cannot_be_divided(name):
    make, _ = DISPLAYS[name]
    ax = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    if name == "HistoryDisplay":  # which draws all curves in one
        assert make(ax=ax).ax_ is ax
        return
    with pytest.raises(ValueError, match="cannot be divided: give"):
        make(ax=ax)


@each
def test_pyplot_is_missing(name, monkeypatch):
    make, _ = DISPLAYS[name]
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'fcnn\[plot\]'"):
        make()
    assert isinstance(panels(make(ax=Figure().subplots()))[0], Axes)


@each
def test_matplotlib_is_missing(name, monkeypatch):
    make, _ = DISPLAYS[name]
    for module in [*sys.modules]:
        if module.partition(".")[0] == "matplotlib":
            monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"pip install 'fcnn\[plot\]'"):
        make()


SCRIPT = """
import sys
import fcnn
assert "matplotlib" not in sys.modules
import fcnn.plot
assert "matplotlib" not in sys.modules
import numpy as np
from matplotlib.figure import Figure

X = np.random.default_rng(0).normal(size=(30, 2))
y = X[:, 0] > 0
net = fcnn.Network([2, 4, 1], "tanh", seed=0)
history = net.fit(X, y, epochs=2)


def ax():
    return Figure().subplots()


history.plot(ax())
fcnn.lr_range_test(net, X, y, steps=5).plot(ax())
fcnn.plot.HistoryDisplay.from_history(history, ax=ax())
fcnn.plot.NetworkDisplay.from_network(net, ax=ax())
fcnn.plot.WeightsDisplay.from_network(net, shape=(1, 2), ax=ax())
fcnn.plot.LayerHistogramsDisplay.from_network(net, X, y, ax=ax())
fcnn.plot.DecisionBoundaryDisplay.from_network(net, X, y, ax=ax())
fcnn.plot.GradientCheckDisplay.from_report(net.gradient_check(X, y), ax=ax())
assert "matplotlib.pyplot" not in sys.modules
"""


def test_pyplot_is_imported_only_where_no_axes_are_given():
    subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], check=True)
