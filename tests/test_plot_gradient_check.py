"""GradientCheckDisplay: each layer's errors at their places."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import fcnn
from fcnn.plot import GradientCheckDisplay


def axes():
    return Figure().subplots()


def test_report(rng):
    X, y = rng.normal(size=(6, 3)), rng.integers(0, 2, 6)
    net = fcnn.Network(
        [3, 5, 4, 2], "tanh", "softmax", bias=[True, False, True], seed=0
    )
    report = net.gradient_check(X, y)
    display = GradientCheckDisplay.from_report(report, ax=axes())
    weights, biases = display.weight_points_, display.bias_points_
    assert weights.get_ydata().tolist() == list(report.weight_error)
    first, second, third = biases.get_ydata()
    assert (first, third) == (report.bias_error[1], report.bias_error[3])
    assert np.isnan(second)  # that layer has none
    for points in (weights, biases):
        assert np.round(points.get_xdata()).tolist() == [1, 2, 3]
        assert points.get_linestyle() == "None"
    assert not set(weights.get_xdata()) & set(biases.get_xdata())
    assert display.tolerance_line_.get_ydata() == [1e-6, 1e-6]
    ax = display.ax_
    assert ax.get_yscale() == "log"
    assert ax.get_xticks().tolist() == [1, 2, 3]
    assert ax.get_title() == (
        f"largest error of {net.n_parameters} parameters: {report.max_error:.1e}"
    )
    shown = [text.get_text() for text in ax.get_legend().get_texts()]
    assert shown == ["weight", "bias"]
    assert "tolerance 1e-06" in [text.get_text() for text in ax.texts]


def test_errors_beyond_the_axis_are_on_its_edge():
    errors = [0.0, float("nan"), float("inf"), None, 2.0, 1e-9]
    display = GradientCheckDisplay(errors, [None] * 6).plot(axes())
    low, high = display.ax_.get_ylim()
    y = display.weight_points_.get_ydata()
    assert y[[0, 1, 2, 4, 5]].tolist() == [low, high, high, 2.0, 1e-9]
    assert np.isnan(y[3])
    assert np.isnan(display.bias_points_.get_ydata()).all()
    assert low < 2.2e-16
    assert high > 2.0


def test_arguments():
    display = GradientCheckDisplay([1e-3], [1e-4], title="relu")
    display.plot(axes(), tolerance=1e-2, line_kw={"ms": 3, "marker": "^"})
    assert display.tolerance_line_.get_ydata() == [1e-2, 1e-2]
    assert display.weight_points_.get_markersize() == 3
    assert display.bias_points_.get_marker() == "^"
    assert display.ax_.get_title() == "relu"
    with pytest.raises(ValueError, match="tolerance must be above 0"):
        display.plot(axes(), tolerance=0.0)
    with pytest.raises(ValueError, match="not 1 and 2"):
        GradientCheckDisplay([1e-3], [1e-4, 1e-4])
    with pytest.raises(ValueError, match="not 0 and 0"):
        GradientCheckDisplay([], [])
