"""LayerHistogramsDisplay: every number is counted, on one axis for all layers."""

from __future__ import annotations

import re

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure

import fcnn
from fcnn.plot import LayerHistogramsDisplay


def axes():
    return Figure().subplots()


def counts(patch):
    """Counts and edges of a drawn histogram."""
    values, edges, _ = patch.get_data()
    return values, edges


def said(display, l, column):
    """What stands above a panel, by name."""
    text = display.axes_[l - 1, column].get_title(loc="right")
    return dict(
        re.fullmatch(r"(\D+) (\S+)", part).groups() for part in text.split(", ")
    )


@pytest.fixture
def data(rng):
    return rng.normal(size=(200, 5)), rng.integers(0, 3, 200)


def test_all_of_z_a_and_delta(data):
    net = fcnn.Network([5, 16, 8, 3], "tanh", "softmax", dtype="float64", seed=0)
    back = net.backprop(*data)
    display = LayerHistogramsDisplay.from_backprop(back, bins=25, ax=axes())
    assert display.axes_.shape == (3, 3)
    titles = [ax.get_title(loc="left") for ax in display.axes_[0]]
    assert titles == ["z", "a", "|delta|"]
    edges = [counts(patch)[1] for patch in display.histograms_[0]]
    for l in (1, 2, 3):
        arrays = back.z[l], back.a[l], np.abs(back.delta[l])
        for i, (A, patch) in enumerate(
            zip(arrays, display.histograms_[l - 1], strict=True)
        ):
            found, its_edges = counts(patch)
            assert np.array_equal(its_edges, edges[i])  # one axis for a column
            assert patch.axes is display.axes_[l - 1, i]
            assert patch.axes.get_xlim() == (edges[i][0], edges[i][-1])
            assert found.sum() == A.size
            inside = np.clip(A, edges[i][0], edges[i][-1])
            assert np.array_equal(found, np.histogram(inside, edges[i])[0])
    assert len(edges[0]) == 26
    assert edges[0][0] == min(z.min() for z in back.z)
    assert edges[0][-1] == max(z.max() for z in back.z)
    scales = [ax.get_xscale() for ax in display.axes_[1]]
    assert scales == ["linear", "linear", "log"]
    steps = np.diff(np.log10(edges[2]))
    assert np.allclose(steps, steps[0])
    for l in (1, 2, 3):
        size = np.abs(back.delta[l])
        (line,) = display.axes_[l - 1, 2].lines
        assert line.get_xdata()[0] == np.median(size)
        assert said(display, l, 2) == {"median": f"{np.median(size):.1e}"}
        assert said(display, l, 0) == {"std": f"{back.z[l].std():.2g}"}


def test_vanishing_deltas_move_to_the_left(rng):
    """Of a deep sigmoid network each layer's are a fraction of the next one's."""
    X, y = rng.normal(size=(100, 8)), rng.integers(0, 3, 100)
    net = fcnn.Network([8] * 9 + [3], "sigmoid", "softmax", seed=0)
    display = LayerHistogramsDisplay.from_network(net, X, y, ax=axes())
    medians = [ax.lines[0].get_xdata()[0] for ax in display.axes_[:, 2]]
    assert (np.diff(np.log10(medians)) > 0.2).all()
    assert medians[0] < 1e-4 * medians[-1]
    low, high = display.axes_[0, 2].get_xlim()
    assert low < medians[0] < medians[-1] < high


@pytest.mark.parametrize("delta", [[0.2, 0.3], [1.0], [3e-5, 2e-2], [5e-324], [1e300]])
def test_the_axis_of_delta_has_labels_at_whole_decades_only(delta):
    arrays = [np.array([delta])]
    display = LayerHistogramsDisplay(arrays, arrays, arrays).plot(axes())
    ax = display.axes_[0, 2]
    display.figure_.canvas.draw()
    low, high = np.log10(ax.get_xlim())
    assert high - low >= 1.0
    assert [low, high] == pytest.approx(np.round([low, high]), abs=0.01)
    assert not any(tick.get_text() for tick in ax.get_xticklabels(minor=True))
    assert sum(bool(tick.get_text()) for tick in ax.get_xticklabels()) >= 2
    assert display.histograms_[0][2].get_data()[0].sum() == len(delta)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "leaky_relu(0.001)"])
def test_flat_and_dead(activation, rng):
    net = fcnn.Network([4, 30, 1], activation, dtype="float64", seed=0)
    net.layers[1].weight *= 4.0
    net.layers[1].bias[:6] = -1000.0  # six dead nodes
    X = rng.normal(size=(300, 4))
    display = LayerHistogramsDisplay.from_network(net, X, ax=axes())
    assert display.axes_.shape == (2, 2)  # no delta without y
    z = net.forward(X).z[1]
    s = 1 / (1 + np.exp(-np.clip(z, -500, 500)))
    slope = {
        "sigmoid": 4 * s * (1 - s),  # its steepest is 1/4
        "tanh": 1 - np.tanh(z) ** 2,
        "relu": z > 0,
        "leaky_relu(0.001)": np.where(z > 0, 1, 0.001),
    }[activation]
    flat = slope < 0.01
    assert flat.all(axis=0).sum() == 6
    assert 0.2 < flat.mean() < 0.8
    assert said(display, 1, 1) == {
        "std": f"{net.forward(X).a[1].std():.2g}",
        "flat": f"{flat.mean():.0%}",
        "dead": "20%",
    }
    assert display.axes_[0, 0].get_ylabel() == f"layer 1\n{activation}"
    assert display.axes_[0, 0].get_title(loc="left") == "z"


def test_every_activation(rng):
    """None is flat around 0; of outputs it is said what is dead alone."""
    z = [rng.uniform(0.1, 1.0, (50, 4))]
    for info in fcnn._core.activations():
        display = LayerHistogramsDisplay(z, z, activations=[info["name"]])
        expected = ["dead 0%"] if info["output_only"] else ["flat 0%", "dead 0%"]
        assert display._dead(0) == expected, info["name"]


def test_dead_nodes_without_names(rng):
    net = fcnn.Network([4, 10, 2], "relu", "softmax", seed=0)
    net.layers[1].bias[:3] = -1000.0
    trace = net.forward(rng.normal(size=(100, 4)))
    display = LayerHistogramsDisplay.from_trace(trace, ax=axes())
    assert said(display, 1, 1)["dead"] == "30%"
    assert said(display, 2, 1)["dead"] == "0%"
    assert "flat" not in said(display, 1, 1)
    assert display.axes_[0, 0].get_ylabel() == "layer 1"
    named = LayerHistogramsDisplay.from_trace(
        trace, activations=["relu", "softmax"], ax=axes()
    )
    assert said(named, 1, 1)["dead"] == "30%"
    assert "flat" in said(named, 1, 1)
    assert "flat" not in said(named, 2, 1)
    one = net.forward(np.ones(4))  # of one row nothing is said
    assert "dead" not in said(LayerHistogramsDisplay.from_trace(one, ax=axes()), 1, 1)


def test_zeros_and_what_is_not_finite():
    z = [np.array([[1.0, np.nan], [2.0, np.inf]])]
    delta = [np.array([[0.0, 0.0], [1e-3, -1e-5]])]
    display = LayerHistogramsDisplay(z, z, delta).plot(axes())
    assert said(display, 1, 0) == {"std": "0.5", "not finite": "50%"}
    assert said(display, 1, 2) == {"median": "5.1e-04", "zeros": "50%"}
    sums = [counts(patch)[0].sum() for patch in display.histograms_[0]]
    assert sums == [2, 2, 2]
    nothing = [np.full((2, 2), np.nan)]
    display = LayerHistogramsDisplay(nothing, nothing, nothing).plot(axes())
    assert [counts(patch)[0].sum() for patch in display.histograms_[0]] == [0, 0, 0]
    same = [np.zeros((3, 2))]
    display = LayerHistogramsDisplay(same, same, same).plot(axes(), bins=3)
    assert [counts(p)[0].sum() for p in display.histograms_[0]] == [6, 6, 0]
    assert said(display, 1, 2)["zeros"] == "100%"
    huge = [np.array([[1e308, -1e308]])]
    LayerHistogramsDisplay(huge, huge, huge).plot(axes())


def test_arguments(data):
    net = fcnn.Network([5, 3], output="softmax", seed=0)
    back = net.backprop(*data)
    display = LayerHistogramsDisplay.from_backprop(
        back, ax=axes(), color="k", alpha=0.5
    )
    assert same_color(display.histograms_[0][0].get_facecolor()[:3], "black")
    weighted = LayerHistogramsDisplay.from_network(
        net, *data, loss="mse", sample_weight=np.arange(200.0), ax=axes()
    )
    expected = net.backprop(*data, loss="mse", sample_weight=np.arange(200.0)).delta[1]
    assert np.array_equal(weighted.delta[0], expected)
    with pytest.raises(ValueError, match="bins must be at least 1"):
        display.plot(axes(), bins=0)
    with pytest.raises(TypeError, match="loss needs y"):
        LayerHistogramsDisplay.from_network(net, data[0], loss="mse", ax=axes())
    with pytest.raises(ValueError, match="activation"):
        LayerHistogramsDisplay(back.z, back.a[1:], activations=["sigmoidal"])
    with pytest.raises(ValueError, match="a must have 1 layers, as z, not 2"):
        LayerHistogramsDisplay(back.z, back.a)
    with pytest.raises(ValueError, match="activations must have 1 layers"):
        LayerHistogramsDisplay(back.z, back.a[1:], activations=["tanh"] * 2)
    with pytest.raises(ValueError, match=r"a of layer 1 must have .* not \(200, 5\)"):
        LayerHistogramsDisplay(back.z, back.a[:1])
    with pytest.raises(ValueError, match=r"z of layer 1 must have .* not \(3,\)"):
        LayerHistogramsDisplay([np.ones(3)], [np.ones(3)])
    with pytest.raises(ValueError, match=r"z must have the layers 1\.\.L"):
        LayerHistogramsDisplay([], [])
