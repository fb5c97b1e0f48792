"""NetworkDisplay and WeightsDisplay: widths, colors and pixels are the weights."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure

import fcnn
from fcnn.plot import NetworkDisplay, WeightsDisplay
from fcnn.plot._axes import BLUE, VERMILION


def axes(**arguments):
    return Figure(layout="constrained").subplots(**arguments)


def place(display, l, k):
    """Where node k of layer l stands."""
    i = display.shown_[l].tolist().index(k)
    return display.nodes_[l].get_offsets()[i].tolist()


def check_lines(display, net, max_width):
    """Each line joins the right nodes, as wide as its weight, in its sign's color."""
    layers = list(net.layers)[1:]
    largest = max(np.abs(layer.weight).max() for layer in layers)
    for l, layer in enumerate(layers, start=1):
        lines = display.lines_[l]
        pairs = [(k, j) for k in display.shown_[l] for j in display.shown_[l - 1]]
        segments = lines.get_segments()
        assert len(segments) == len(pairs)
        weights = np.array([layer.weight[k, j] for k, j in pairs])
        widths = np.array(lines.get_linewidths())
        assert np.allclose(widths, max_width * np.abs(weights) / largest, rtol=1e-5)
        colors = lines.get_colors()
        for (k, j), segment, w, color in zip(
            pairs, segments, weights, colors, strict=True
        ):
            assert segment[0].tolist() == place(display, l - 1, j)
            assert segment[1].tolist() == place(display, l, k)
            assert same_color(color[:3], BLUE if w > 0 else VERMILION)


def test_a_small_network():
    net = fcnn.Network([4, 5, 3], "tanh", "softmax", seed=0)
    inputs, outputs = list("abcd"), ["x", "y", "z"]
    display = NetworkDisplay.from_network(
        net, feature_names=inputs, output_names=outputs, max_width=2.0, ax=axes()
    )
    assert [len(nodes.get_offsets()) for nodes in display.nodes_] == [4, 5, 3]
    check_lines(display, net, 2.0)
    texts = {text.get_text(): text.xy for text in display.ax_.texts}
    assert list(texts) == inputs + outputs
    for k, name in enumerate(inputs):
        assert list(texts[name]) == place(display, 0, k)
    for k, name in enumerate(outputs):
        assert list(texts[name]) == place(display, 2, k)
    ticks = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert ticks == ["input\n4", "layer 1\ntanh\n5", "layer 2\nsoftmax\n3"]
    heights = display.nodes_[1].get_offsets()[:, 1]
    assert np.array_equal(heights, [2, 1, 0, -1, -2])  # the first one on top
    assert len(display.ax_.get_legend().get_texts()) == 2


def test_large_layers_are_shortened():
    net = fcnn.Network([64, 32, 10], "relu", "softmax", seed=3)
    names = [f"pixel {j}" for j in range(64)]
    display = NetworkDisplay.from_network(net, feature_names=names, ax=axes())
    assert display.shown_[0].tolist() == [*range(6), *range(58, 64)]
    assert display.shown_[2].tolist() == list(range(10))
    check_lines(display, net, 3.0)
    shown = [text.get_text() for text in display.ax_.texts]
    assert shown == [names[j] for j in display.shown_[0]]
    # three dots in the gap of each shortened layer, which is two steps wide
    circles = set(display.nodes_)
    dots = [c for c in display.ax_.collections if len(c.get_offsets()) == 3]
    dots = [c for c in dots if c not in circles]
    assert [c.get_offsets()[0, 0] for c in dots] == [0, 1]
    y = display.nodes_[0].get_offsets()[:, 1]
    assert np.diff(y).tolist() == [-1.0] * 5 + [-2.0] + [-1.0] * 5
    assert y[5] > dots[0].get_offsets()[:, 1].max() > y[6]
    odd = NetworkDisplay.from_network(net, max_nodes=3, ax=axes())
    assert odd.shown_[0].tolist() == [0, 1, 63]
    check_lines(odd, net, 3.0)


def test_odd_weights():
    net = fcnn.Network([2, 2, 1], seed=0)
    net.parameters[:] = 0.0
    display = NetworkDisplay.from_network(net, ax=axes())
    assert set(display.lines_[1].get_linewidths()) == {0.0}
    least = NetworkDisplay([np.array([[5e-324, 0.0]])], ["identity"]).plot(axes())
    assert list(least.lines_[1].get_linewidths()) == [3.0, 0.0]
    display = NetworkDisplay(
        [np.array([[np.nan, -2.0], [1.0, np.inf]])], ["identity"]
    ).plot(axes(), max_width=1.0)
    assert list(display.lines_[1].get_linewidths()) == [0.0, 1.0, 0.5, 0.0]


def test_it_is_a_snapshot():
    net = fcnn.Network([2, 1], seed=0)
    display = NetworkDisplay.from_network(net, ax=axes())
    weights = display.weights[0].copy()
    images = WeightsDisplay.from_network(net, shape=(1, 2), ax=axes())
    net.parameters[:] = 7.0
    assert np.array_equal(display.weights[0], weights)
    assert np.array_equal(images.weight, weights)


def test_arguments_of_artists():
    net = fcnn.Network([2, 3, 1], seed=0)
    display = NetworkDisplay.from_network(
        net, ax=axes(), line_kw={"alpha": 0.25, "lw": 4}, node_kw={"s": 77, "fc": "r"}
    )
    assert display.lines_[2].get_alpha() == 0.25
    assert set(display.lines_[2].get_linewidths()) == {4.0}
    assert display.nodes_[1].get_sizes().tolist() == [77]
    assert same_color(display.nodes_[1].get_facecolor()[0], "red")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"max_nodes": 1}, ValueError, "max_nodes must be at least 2"),
        ({"max_width": 0}, ValueError, "max_width must be above 0"),
        ({"feature_names": ["a"]}, ValueError, "feature_names must have 2 entries"),
        ({"output_names": "a"}, TypeError, "output_names must be a sequence"),
        ({"output_names": ["a", "b"]}, ValueError, "output_names must have 1 entries"),
    ],
)
def test_refused(given, error, message):
    net = fcnn.Network([2, 3, 1], seed=0)
    with pytest.raises(error, match=message):
        NetworkDisplay.from_network(net, ax=axes(), **given)


def test_weights_that_do_not_fit():
    with pytest.raises(ValueError, match="not 1 and 2"):
        NetworkDisplay([np.ones((1, 2))], ["tanh", "tanh"])
    with pytest.raises(ValueError, match="not 0 and 0"):
        NetworkDisplay([], [])
    with pytest.raises(ValueError, match=r"layer 1 has shape \(3, 2\)"):
        NetworkDisplay([np.ones((3, 2)), np.ones((1, 4))], ["tanh", "tanh"])
    with pytest.raises(ValueError, match="layer 1 has shape"):
        NetworkDisplay([np.ones(3)], ["tanh"])


# ---- images of weights ----


@pytest.mark.parametrize(
    ("n_in", "shape", "nodes"),
    [(64, None, None), (12, (3, 4), [5, 0]), (12, (4, 3), range(3)), (9, None, [2])],
)
def test_images_are_the_weights(n_in, shape, nodes):
    net = fcnn.Network([n_in, 6, 2], seed=1)
    W = net.layers[1].weight
    display = WeightsDisplay.from_network(net, shape=shape, nodes=nodes, ax=axes())
    chosen = list(range(6)) if nodes is None else list(nodes)
    assert len(display.images_) == len(display.axes_) == len(chosen)
    largest = np.abs(W[chosen]).max()
    for k, ax, image in zip(chosen, display.axes_, display.images_, strict=True):
        pixels = image.get_array()
        assert pixels.shape == (shape or (int(n_in**0.5),) * 2)
        assert np.array_equal(pixels.ravel(), W[k])
        assert image.get_clim() == (-largest, largest)
        assert ax.get_title() == str(k)
        assert image.axes is ax
    assert display.colorbar_.mappable is display.images_[0]
    cmap = display.images_[0].get_cmap()
    low, high = cmap(0.0), cmap(1.0)
    assert low[0] > low[2]  # negative is red
    assert high[2] > high[0]  # positive is blue


def test_which_images_and_where():
    net = fcnn.Network([4, 50, 1], seed=0)
    display = WeightsDisplay.from_network(net, ax=axes(), colorbar=False)
    assert display.nodes == list(range(32))
    assert display.colorbar_ is None
    display = WeightsDisplay.from_network(net, nodes=range(5), n_cols=2, ax=axes())
    grid = display.axes_[0].get_gridspec().get_geometry()
    assert grid == (3, 2)
    positions = [ax.get_subplotspec().num1 for ax in display.axes_]
    assert positions == [0, 1, 2, 3, 4]
    in_use = [ax for ax in display.figure_.axes if ax.axison]
    assert len(in_use) == 5 + 1  # and the color bar; the sixth place is empty


def test_images_of_odd_weights():
    zero = WeightsDisplay(np.zeros((1, 4))).plot(axes())
    assert zero.images_[0].get_clim() == (-1.0, 1.0)
    lost = WeightsDisplay(np.array([[np.nan, 3.0, -np.inf, 0.0]])).plot(axes())
    assert lost.images_[0].get_clim() == (-3.0, 3.0)
    display = WeightsDisplay(np.eye(4)).plot(axes(), cmap="gray", vmin=0.0, vmax=0.5)
    assert display.images_[0].get_cmap().name == "gray"
    assert display.images_[0].get_clim() == (0.0, 0.5)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ValueError, r"12 inputs are no square image: give shape=\(height"),
        ({"shape": (3, 5)}, ValueError, r"height \* width = 12, not \(3, 5\)"),
        ({"shape": 12}, TypeError, r"shape must be \(height, width\), not 12"),
        ({"shape": (3, 4, 1)}, TypeError, r"shape must be \(height, width\)"),
        ({"shape": (3.0, 4)}, TypeError, "shape must be an integer"),
        ({"shape": (3, 4), "nodes": [6]}, ValueError, r"nodes must be in 0\.\.5"),
        ({"shape": (3, 4), "nodes": [-1]}, ValueError, r"nodes must be in 0\.\.5"),
        ({"shape": (3, 4), "nodes": []}, ValueError, "nodes must name at least one"),
        ({"shape": (3, 4), "n_cols": 0}, ValueError, "n_cols must be at least 1"),
        ({"shape": (3, 4), "colorbar": 1}, TypeError, "colorbar must be True or"),
    ],
)
def test_images_refused(given, error, message):
    net = fcnn.Network([12, 6, 2], seed=1)
    with pytest.raises(error, match=message):
        WeightsDisplay.from_network(net, ax=axes(), **given)
    with pytest.raises(ValueError, match=r"\(n_out, n_in\), not \(3,\)"):
        WeightsDisplay(np.ones(3))
