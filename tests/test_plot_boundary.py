"""DecisionBoundaryDisplay: regions, probabilities and surfaces are the predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure

import fcnn
from fcnn.plot import DecisionBoundaryDisplay
from fcnn.plot._axes import CLASS_COLORS


def axes():
    return Figure().subplots()


def linear(W, b, output):
    """A network of one layer: what it answers is known."""
    net = fcnn.Network([2, len(W)], output=output, dtype="float64", seed=0)
    net.layers[1].weight, net.layers[1].bias = W, b
    return net


@pytest.fixture(name="X")
def points(rng):
    return rng.uniform(-1.0, 2.0, size=(60, 2))


def paths(contours):
    return np.concatenate([path.vertices for path in contours.get_paths()])


def test_one_sigmoid_output(X):
    net = linear([[2.0, 4.0]], [-1.0], "sigmoid")
    y = (X[:, 0] > 0).astype(int)
    display = DecisionBoundaryDisplay.from_network(
        net, X, y, grid_resolution=50, ax=axes()
    )
    assert display.kind == "probability"
    assert display.response.shape == (50, 50)
    grid = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    assert np.array_equal(display.response.ravel(), net.predict(grid).ravel())
    assert np.allclose(display.surface_.levels, np.linspace(0, 1, 11))
    (boundary,) = display.boundary_
    assert boundary.levels.tolist() == [0.5]
    assert np.allclose(paths(boundary) @ [2.0, 4.0], 1.0, atol=0.01)  # z = 0
    assert np.array_equal(display.points_.get_offsets(), X)
    assert np.array_equal(display.points_.get_array(), y)
    assert display.points_.norm is display.surface_.norm
    assert display.points_.get_cmap() is display.surface_.get_cmap()
    assert display.colorbar_ is not None
    reach = 0.1 * np.ptp(X, axis=0)
    low, high = X.min(axis=0) - reach, X.max(axis=0) + reach
    assert np.allclose(display.ax_.get_xlim(), (low[0], high[0]))
    assert np.allclose(display.ax_.get_ylim(), (low[1], high[1]))
    assert np.allclose([display.xx0[0, 0], display.xx0[0, -1]], (low[0], high[0]))
    assert np.allclose([display.xx1[0, 0], display.xx1[-1, 0]], (low[1], high[1]))


@pytest.mark.parametrize("output", ["softmax", "sigmoid", "identity"])
def test_regions_are_those_of_the_largest_output(output, X):
    W = np.array([[1.0, 0.0], [-1.0, 1.0], [-1.0, -1.0]])
    net = linear(W, [0.0, 0.0, 0.0], output)
    y = np.eye(3)[(X @ W.T).argmax(axis=1)]
    display = DecisionBoundaryDisplay.from_network(
        net, X, y, class_names=["a", "b", "c"], ax=axes()
    )
    assert display.kind == "classes"
    image = display.surface_
    grid = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    assert np.array_equal(image.get_array().ravel(), net.predict(grid).argmax(axis=1))
    assert image.origin == "lower"
    # the middle of the first pixel is the first point of the grid
    left, right, bottom, top = image.get_extent()
    n = display.xx0.shape[1]
    assert left + (right - left) / n / 2 == pytest.approx(display.xx0[0, 0])
    assert top - (top - bottom) / n / 2 == pytest.approx(display.xx1[-1, 0])
    for k in range(3):
        assert same_color(image.cmap(image.norm(k)), CLASS_COLORS[k])
    assert len(display.boundary_) == 3
    for k, boundary in enumerate(display.boundary_):
        a = np.sort(paths(boundary) @ W.T, axis=1)
        assert np.allclose(a[:, 2], a[:, 1], atol=0.03), k  # two are the largest
    assert np.array_equal(display.points_.get_array(), y.argmax(axis=1))
    names = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert names == ["a", "b", "c"]
    assert display.colorbar_ is None
    if output != "identity":
        labels = y.argmax(axis=1)
        again = DecisionBoundaryDisplay.from_network(net, X, labels, ax=axes())
        assert np.array_equal(again.points_.get_array(), labels)
        names = [text.get_text() for text in again.ax_.get_legend().get_texts()]
        assert names == ["0", "1", "2"]


def test_one_of_several_outputs(X):
    net = linear([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0.0] * 3, "softmax")
    labels = np.arange(60) % 3
    display = DecisionBoundaryDisplay.from_network(net, X, labels, output=2, ax=axes())
    assert display.kind == "probability"
    grid = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    assert np.array_equal(display.response.ravel(), net.predict(grid)[:, 2])
    assert np.array_equal(display.points_.get_array(), labels == 2)
    values = linear([[1.0, 0.0], [0.0, 1.0]], [0.0] * 2, "identity")
    Y = X * 3.0
    display = DecisionBoundaryDisplay.from_network(values, X, Y, output=1, ax=axes())
    assert display.kind == "value"
    assert np.array_equal(display.points_.get_array(), Y[:, 1])
    assert np.allclose(display.response, display.xx1)


def test_a_surface_in_the_targets_units(X):
    net = fcnn.Network([2, 1], output="identity", standardize=True, seed=0)
    net.standardizer = fcnn.Standardizer([5.0, 0.0], [2.0, 1.0], [100.0], [10.0])
    net.layers[1].weight = [[1.0, 0.0]]
    display = DecisionBoundaryDisplay.from_network(net, X, X[:, 0], ax=axes())
    assert display.kind == "value"
    assert display.boundary_ == []
    expected = 100.0 + 10.0 * (display.xx0 - 5.0) / 2.0
    assert np.allclose(display.response, expected)
    assert len(display.surface_.levels) > 10
    assert np.array_equal(display.points_.get_array(), X[:, 0])


def test_where_there_is_no_boundary(X):
    sure = linear([[0.0, 0.0]], [9.0], "sigmoid")
    display = DecisionBoundaryDisplay.from_network(sure, X, ax=axes())
    assert display.boundary_ == []
    assert display.points_.get_array() is None
    same = linear([[0.0, 0.0]], [9.0], "identity")
    assert DecisionBoundaryDisplay.from_network(same, X, ax=axes()).boundary_ == []
    tied = linear(np.zeros((3, 2)), [0.0, 0.0, 0.0], "softmax")
    assert DecisionBoundaryDisplay.from_network(tied, X, ax=axes()).boundary_ == []


@pytest.mark.parametrize("n_out", [1, 2])
def test_outputs_that_are_not_finite(n_out, X):
    net = linear(np.full((n_out, 2), 5000.0), [0.0] * n_out, "exp")
    display = DecisionBoundaryDisplay.from_network(net, X, ax=axes())
    assert np.isinf(display.response).any()
    assert display.boundary_ == []
    net.parameters[:] = np.nan
    display = DecisionBoundaryDisplay.from_network(net, X, ax=axes())
    assert np.isnan(display.response).all()
    if n_out > 1:  # no class is the largest
        assert np.ma.getmaskarray(display.surface_.get_array()).all()


def test_many_classes_have_colors_of_their_own(X):
    net = fcnn.Network([2, 12], output="softmax", seed=0)
    display = DecisionBoundaryDisplay.from_network(net, X, ax=axes())
    image = display.surface_
    assert len({image.cmap(image.norm(k)) for k in range(12)}) == 12
    assert len(display.ax_.get_legend().get_texts()) == 12
    many = fcnn.Network([2, 30], output="softmax", seed=0)
    display = DecisionBoundaryDisplay.from_network(many, X, ax=axes())
    assert display.ax_.get_legend() is None


def test_frames_lists_and_labels(X):
    net = fcnn.Network([2, 1], seed=0)
    frame = pd.DataFrame(X, columns=["width", "height"])
    target = pd.Series(X[:, 0] > 0)
    display = DecisionBoundaryDisplay.from_network(net, frame, target, ax=axes())
    assert display.ax_.get_xlabel() == "width"
    assert display.ax_.get_ylabel() == "height"
    display = DecisionBoundaryDisplay.from_network(
        net, X.tolist(), (X[:, :1] > 0).tolist(), xlabel="u", ax=axes()
    )
    assert display.ax_.get_xlabel() == "u"
    assert np.array_equal(display.points_.get_array(), X[:, 0] > 0)
    one = DecisionBoundaryDisplay.from_network(net, [[1.0, 2.0]], ax=axes())
    assert np.allclose(one.ax_.get_xlim(), (0.9, 1.1))


def test_arguments_of_artists(X):
    net = linear([[2.0, 4.0]], [-1.0], "sigmoid")
    display = DecisionBoundaryDisplay.from_network(
        net,
        X,
        ax=axes(),
        cmap="PuOr",
        colorbar=False,
        scatter_kw={"s": 5.0, "lw": 2.0, "ec": "g"},
        line_kw={"colors": "r", "linewidths": 4.0, "levels": [0.25, 0.75]},
    )
    assert display.surface_.get_cmap().name == "PuOr"
    assert display.colorbar_ is None
    assert display.points_.get_sizes().tolist() == [5.0]
    assert display.points_.get_linewidth().tolist() == [2.0]
    assert same_color(display.points_.get_edgecolor()[0], "g")
    (boundary,) = display.boundary_
    assert boundary.levels.tolist() == [0.25, 0.75]
    assert same_color(boundary.get_edgecolor()[0], "red")


@pytest.mark.parametrize(
    ("sizes", "given", "error", "message"),
    [
        ([3, 1], {}, ValueError, "is drawn over 2 inputs, not 3"),
        (
            [2, 1],
            {"X": np.ones((5, 3))},
            ValueError,
            r"X must have shape \(n, 2\), not",
        ),
        ([2, 1], {"X": np.ones((0, 2))}, ValueError, r"X must have shape \(n, 2\)"),
        ([2, 1], {"X": [[1.0, np.nan]]}, ValueError, "X must be finite"),
        ([2, 1], {"X": [["a", "b"]]}, TypeError, "X"),
        (
            [2, 1],
            {"grid_resolution": 1},
            ValueError,
            "grid_resolution must be at least 2",
        ),
        ([2, 1], {"margin": -0.1}, ValueError, "margin must be at least 0"),
        ([2, 1], {"output": 1}, ValueError, r"output must be in 0\.\.0"),
        (
            [2, 1],
            {"y": np.ones(3)},
            ValueError,
            r"y must have shape \(4, 1\), not \(3,\)",
        ),
        ([2, 3], {"y": np.ones((4, 2))}, ValueError, r"y must have shape \(4, 3\)"),
        ([2, 3], {"y": [0, 1, 2, 3]}, ValueError, r"y must hold the classes 0\.\.2"),
        ([2, 3], {"y": [0, 1, 2, -1]}, ValueError, r"y must hold the classes 0\.\.2"),
        ([2, 3], {"y": [0, 1, 2, 0.5]}, ValueError, r"y must hold the classes 0\.\.2"),
        ([2, 3], {"class_names": ["a"]}, ValueError, "of kind classes: 3, not 1"),
        ([2, 1], {"class_names": ["a"]}, ValueError, "class_names are of the classes"),
        ([2, 1], {"colorbar": None}, TypeError, "colorbar must be True or False"),
    ],
)
def test_refused(sizes, given, error, message):
    net = fcnn.Network(sizes, output="sigmoid", seed=0)
    arguments = {"X": np.arange(8.0).reshape(4, 2)} | given
    with pytest.raises(error, match=message):
        DecisionBoundaryDisplay.from_network(net, ax=axes(), **arguments)


def test_grids_that_do_not_fit():
    xx0, xx1 = np.meshgrid([0.0, 1.0], [0.0, 1.0, 2.0])
    good = {"xx0": xx0, "xx1": xx1, "response": xx0 + xx1, "kind": "value"}
    assert DecisionBoundaryDisplay(**good).plot(axes()).points_ is None
    for wrong, message in [
        ({"kind": "classes"}, "of one grid"),
        ({"kind": "surface"}, "kind must be classes, probability or value, not 'surf"),
        ({"xx0": xx0.T}, "of one grid"),
        ({"response": np.ones((3, 3))}, "of one grid"),
        ({"X": np.ones((2, 3))}, r"X must have shape \(n, 2\)"),
        ({"X": np.ones((2, 2)), "y": [1.0]}, r"y must have shape \(2,\)"),
        ({"y": [1.0]}, "y needs X"),
    ]:
        with pytest.raises(ValueError, match=message):
            DecisionBoundaryDisplay(**(good | wrong))
