"""What notebooks show: well-formed, escaped, with the right numbers."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest

import fcnn
from fcnn import _html, _svg


class Nesting(HTMLParser):
    """Checks that each tag is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(html):
    """The tree, once both an HTML and an XML parser agree with it."""
    parser = Nesting()
    parser.feed(html)
    parser.close()
    assert not parser.open
    for tag, attributes in parser.seen:
        assert tag not in {"script", "style", "link", "img"}
        assert not {"style", "onclick", "onload", "bgcolor"} & set(attributes)
        for name in ("fill", "stroke"):  # it is read on white and on black
            assert attributes.get(name) in {None, "none", "currentColor"}
    return ET.fromstring(html.replace(' xmlns="http://www.w3.org/2000/svg"', ""))


def table(html):
    """The texts of the cells: the head and the rows."""
    (found,) = parsed(html).iter("table")
    head, *rows = [[cell.text or "" for cell in row] for row in found.iter("tr")]
    assert {len(row) for row in rows} == {len(head)}
    return head, rows


def title(html):
    return parsed(html).find("p").text


def points(line):
    return [[float(v) for v in pair.split(",")] for pair in line.get("points").split()]


def test_network():
    net = fcnn.Network([3, 40, 2], "relu", "softmax", bias=[True, False], seed=7)
    html = net._repr_html_()
    assert title(html) == "Network: float32, loss cross_entropy, seed 7"
    head, rows = table(html)
    assert head == ["l", "activation", "size", "weight", "bias", "parameters"]
    assert rows == [
        ["0", "input", "3", "", "", ""],
        ["1", "relu", "40", "(40, 3)", "(40,)", "160"],
        ["2", "softmax", "2", "(2, 40)", "none", "80"],
        ["", "total", "", "", "", "240"],
    ]
    large = fcnn.Network([784, 300, 10], seed=0)._repr_html_()
    assert table(large)[1][-1][-1] == "238,510"


def test_network_with_everything():
    net = fcnn.Network(
        [3, 4, 1],
        "tanh",
        "identity",
        dropout=[0.25, 0.5],
        input_noise=0.1,
        standardize=True,
        seed=7,
        dtype="float64",
    )
    head, rows = table(net._repr_html_())
    i = head.index("dropout")
    assert [row[i] for row in rows] == ["0.25", "0.5", "", ""]
    facts = "Network: float64, loss mse, seed 7, input noise 0.1, standardizes"
    assert title(net._repr_html_()) == f"{facts}, has not learned to yet"
    net.standardizer = fcnn.Standardizer([0.0] * 3, [1.0] * 3, [0.0], [1.0])
    assert title(net._repr_html_()) == f"{facts} inputs and targets"
    inputs = fcnn.Network([1, 1], standardize=True, seed=0)
    inputs.standardizer = fcnn.Standardizer([0.0], [1.0])
    assert title(inputs._repr_html_()).endswith("standardizes inputs")


def test_names_are_escaped():
    name = "<b>&\"'</b>"
    Odd = type(name, (fcnn.Network,), {})
    html = Odd([2, 1], seed=0)._repr_html_()
    assert "<b>" not in html
    assert title(html).startswith(f"{name}: float32")
    history = fcnn.History.restore({"loss": [1.0], name: [2.0]})
    history.stop_reason = name
    html = history._repr_html_()
    assert "<b>" not in html
    assert name in title(html)
    assert table(html)[0] == ["epoch", "loss", name]


def test_diagram_has_the_nodes_and_their_lines():
    html = fcnn.Network([3, 20, 2], seed=0)._repr_html_()
    svg = parsed(html).find("svg")
    assert svg.find("title").text == "layers of 3 - 20 - 2 nodes"
    circles = list(svg.iter("circle"))
    nodes = [c for c in circles if c.get("r") == "4"]
    assert len(nodes) == 3 + 5 + 2  # dots stand for the sixth place of the 20
    assert len(circles) == len(nodes) + 3
    assert len(list(svg.iter("line"))) == 3 * 5 + 5 * 2
    width, height = float(svg.get("width")), float(svg.get("height"))
    for c in circles:
        x, y, r = (float(c.get(name)) for name in ("cx", "cy", "r"))
        assert r <= x <= width - r
        assert r <= y <= height - r
    places = {(c.get("cx"), c.get("cy")) for c in nodes}
    for line in svg.iter("line"):
        assert (line.get("x1"), line.get("y1")) in places
        assert (line.get("x2"), line.get("y2")) in places


def test_deep_networks_stay_short():
    net = fcnn.Network([2] * 300, seed=0)
    html = net._repr_html_()
    _, rows = table(html)
    assert len(rows) == 42
    assert rows[20][0] == "..."
    assert (rows[19][0], rows[21][0]) == ("19", "280")
    assert parsed(html).find("svg") is None
    assert len(html) < 10_000
    X = np.ones((2, 2))
    assert len(net.backprop(X, X)._repr_html_()) < 10_000


METRICS = {
    "loss": [3.0, 2.0, 1.0, 0.5, 0.25, 0.125, 0.1, 0.09, 0.08],
    "val_loss": [3.0, 2.0, 1.0, 1.5, 1.25, 2.0, 2.0, 2.0, 2.0],
}


def test_history():
    history = fcnn.History.restore(METRICS, [0.1] * 8 + [0.05])
    html = history._repr_html_()
    assert title(html) == "History: 9 epochs"
    head, rows = table(html)
    assert head == ["epoch", "loss", "val_loss", "learning rate"]
    assert rows[0] == ["0", "3", "3", "0.1"]
    assert [row[0] for row in rows] == [
        *("0", "...", "2 (lowest val_loss)", "...", "4", "5", "6", "7", "8")
    ]
    assert rows[-1] == ["8", "0.08", "2", "0.05"]
    del history.metrics["val_loss"]
    assert table(history._repr_html_())[1][-1][0] == "8 (lowest loss)"


def test_sparkline_is_the_loss():
    html = fcnn.History.restore(METRICS)._repr_html_()
    svg = parsed(html).find("svg")
    loss, val_loss = svg.iter("polyline")
    assert val_loss.get("stroke-dasharray")
    assert loss.get("stroke-dasharray") is None
    x, y = np.array(points(loss)).T
    assert np.allclose(np.diff(x), np.diff(x)[0], atol=0.11)
    assert np.allclose(
        np.polyval(np.polyfit(METRICS["loss"], y, 1), METRICS["loss"]), y, atol=0.1
    )
    assert y[0] == 4.0  # the largest is above, the lowest below
    assert y[-1] == 56.0


@pytest.mark.parametrize(
    ("values", "lengths"),
    [
        ([1.0, float("nan"), 0.5, 0.25, float("inf"), 0.1], [2, 2, 2]),
        ([float("nan")] * 3, []),
        ([2.0, 2.0], [2]),
        ([1e308, -1e308, 5e-324], [3]),
        ([7.0], [2]),
    ],
)
def test_sparkline_of_odd_values(values, lengths):
    """A point alone is there twice: browsers draw no line of one."""
    html = fcnn.History.restore({"loss": values})._repr_html_()
    lines = list(parsed(html).find("svg").iter("polyline"))
    assert [len(points(line)) for line in lines] == lengths
    for line in lines:
        assert np.isfinite(points(line)).all()
        assert (np.array(points(line)) >= 0.0).all()


def test_long_and_empty_histories():
    n = 100_000
    html = fcnn.History.restore({"loss": np.linspace(1, 0, n).tolist()})._repr_html_()
    (line,) = parsed(html).find("svg").iter("polyline")
    assert 100 < len(points(line)) <= 202
    assert points(line)[-1] == [236.0, 56.0]
    assert len(html) < 5000
    empty = fcnn.History(["loss", "accuracy"])._repr_html_()
    assert title(empty) == "History: 0 epochs"
    assert title(fcnn.History([])._repr_html_()) == "History: 0 epochs"
    assert parsed(empty).find("table") is None


def test_history_of_a_fit_that_stopped(rng):
    X = rng.normal(size=(20, 2))
    net = fcnn.Network([2, 1], "identity", "identity", seed=0)
    history = net.fit(X, X[:, 0], optimizer="lbfgs", epochs=100)
    assert title(history._repr_html_()).endswith("; " + history.stop_reason)
    assert "learning rate" not in table(history._repr_html_())[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_records_show_the_numbers(dtype, rng):
    net = fcnn.Network([3, 4, 2], "relu", bias=[True, False], dtype=dtype, seed=0)
    X, y = rng.normal(size=(50, 3)), rng.integers(0, 2, 50)
    back = net.backprop(X, y)
    head, rows = table(back._repr_html_())
    assert title(back._repr_html_()) == f"Backprop of 50 rows: loss {back.loss:.6g}"
    assert head == ["", "shape", "min", "mean", "max", "std", "zeros"]
    assert [row[0] for row in rows] == [
        *("a[0]", "z[1]", "a[1]", "delta[1]", "weight_grad[1]", "bias_grad[1]"),
        *("z[2]", "a[2]", "delta[2]", "weight_grad[2]"),
    ]
    for row in rows:
        name, _, l = row[0].partition("[")
        A = getattr(back, name)[int(l[:-1])]
        assert row[1] == f"{A.shape}"
        A = A.astype(float)
        expected = [A.min(), A.mean(), A.max(), A.std()]
        scale = np.abs(A).max()
        assert np.allclose([float(v) for v in row[2:6]], expected, 1e-3, 1e-8 * scale)
        zeros = float(row[6].rstrip("%") or 0.0)
        assert zeros == pytest.approx(100 * np.mean(A == 0), abs=0.01)
    assert float(rows[2][6].rstrip("%")) > 20  # relu's
    head, rows = table(net.forward(X)._repr_html_())
    assert [row[0] for row in rows] == ["a[0]", "z[1]", "a[1]", "z[2]", "a[2]"]
    assert title(net.forward(X[0])._repr_html_()) == "Trace of 1 row"


def test_what_is_not_finite_is_counted():
    A = np.array([[1.0, np.nan], [3.0, np.inf]])
    assert _html._spread(A) == ["1", "2", "3", "1", "", "50.00%"]
    assert _html._spread(np.full((2, 2), np.nan)) == [*[""] * 5, "100%"]
    assert _html._spread(np.zeros((0, 3))) == [""] * 6
    assert _html._spread(np.zeros((2, 1))) == ["0", "0", "0", "0", "100.00%", ""]
    assert _html._spread(np.array([1e308, 1e308]))[2] == "1e+308"  # and no warning
    net = fcnn.Network([1, 1], output="exp", dtype="float64", seed=0)
    net.layers[1].weight = [[1e3]]
    head, rows = table(net.forward([[1.0], [-1.0], [2.0]])._repr_html_())
    assert head[-1] == "not finite"
    assert [row[-1] for row in rows] == ["", "", "66.67%"]
    nothing = net.forward(np.zeros((0, 1)))._repr_html_()
    assert title(nothing) == "Trace of 0 rows"


def test_large_arrays_are_taken_in_parts(monkeypatch, rng):
    A = rng.normal(size=(70, 33)).astype("float32")
    whole = _html._spread(A)
    monkeypatch.setattr(_html, "_BLOCK", 100)
    assert _html._spread(A) == whole
    assert _html._spread(A.T) == whole


def test_curves_without_a_number():
    assert list(parsed(_svg.curves("t", [], [])).iter("polyline")) == []
