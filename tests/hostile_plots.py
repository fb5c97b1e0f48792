"""How the pictures are called: for hostile_rows.py."""

from __future__ import annotations

import numpy as np

import fcnn
import fcnn.plot
from hostile_surface import trained


def _axes():
    from matplotlib.figure import Figure

    return Figure().subplots()


def _two(d):
    """A network of two inputs, its X and y."""
    net = fcnn.Network([2, 3, 1], "tanh", seed=1)
    return {"net": net, "X": d.rng.normal(size=(9, 2)), "y": np.arange(9) % 2}


def _display(cls, make=None, **good):
    """A display's constructor or class method, on axes of its own."""

    def row(d):
        arguments = {key: value(d) for key, value in good.items()}
        function = cls if make is None else getattr(cls, make)
        if make is not None:
            arguments["ax"] = _axes()
        return d.call(function, arguments, slow=("grid_resolution", "bins", "n_cols"))

    return row


def _plot(display):
    def row(d):
        return d.call(display(d).plot, {"ax": None}, slow=("bins", "n_cols"))

    return row


def _weight_arrays(d):
    return [layer.weight for layer in list(d.net.layers)[1:]]


def _activations(d):
    return list(d.net._architecture.activations)


def _boundary(d):
    arguments = _two(d)
    net, X = arguments["net"], arguments["X"]
    return fcnn.plot.DecisionBoundaryDisplay.from_network(
        net, X, grid_resolution=5, ax=_axes()
    )


def _grid(d):
    return np.meshgrid(np.arange(4.0), np.arange(3.0))


_P = fcnn.plot
PLOTS = {
    "plot.DecisionBoundaryDisplay": _display(
        _P.DecisionBoundaryDisplay,
        xx0=lambda d: _grid(d)[0],
        xx1=lambda d: _grid(d)[1],
        response=lambda d: np.ones((3, 4)),
        kind=lambda d: "value",
    ),
    "plot.DecisionBoundaryDisplay.from_network": _display(
        _P.DecisionBoundaryDisplay,
        "from_network",
        net=lambda d: _two(d)["net"],
        X=lambda d: _two(d)["X"],
        grid_resolution=lambda d: 5,
    ),
    "plot.DecisionBoundaryDisplay.plot": _plot(_boundary),
    "plot.GradientCheckDisplay": _display(
        _P.GradientCheckDisplay,
        weight_error=lambda d: [1e-9, 1e-8],
        bias_error=lambda d: [1e-9, None],
    ),
    "plot.GradientCheckDisplay.from_report": _display(
        _P.GradientCheckDisplay,
        "from_report",
        report=lambda d: d.net.gradient_check(d.X[:1], d.y[:1], max_probes=2),
    ),
    "plot.GradientCheckDisplay.plot": _plot(
        lambda d: _P.GradientCheckDisplay([1e-9, None], [1e-8, 0.0])
    ),
    "plot.HistoryDisplay": _display(
        _P.HistoryDisplay,
        epoch=lambda d: [0, 1],
        metrics=lambda d: {"loss": [0.5, 0.25]},
    ),
    "plot.HistoryDisplay.from_history": _display(
        _P.HistoryDisplay, "from_history", history=trained
    ),
    "plot.HistoryDisplay.plot": _plot(
        lambda d: _P.HistoryDisplay([0, 1], {"loss": [0.5, 0.25]})
    ),
    "plot.LayerHistogramsDisplay": _display(
        _P.LayerHistogramsDisplay,
        z=lambda d: list(d.net.forward(d.X).z),
        a=lambda d: d.net.forward(d.X).a[1:],
    ),
    "plot.LayerHistogramsDisplay.from_backprop": _display(
        _P.LayerHistogramsDisplay,
        "from_backprop",
        step=lambda d: d.net.backprop(d.X, d.y),
    ),
    "plot.LayerHistogramsDisplay.from_network": _display(
        _P.LayerHistogramsDisplay, "from_network", net=lambda d: d.net, X=lambda d: d.X
    ),
    "plot.LayerHistogramsDisplay.from_trace": _display(
        _P.LayerHistogramsDisplay, "from_trace", trace=lambda d: d.net.forward(d.X)
    ),
    "plot.LayerHistogramsDisplay.plot": _plot(
        lambda d: _P.LayerHistogramsDisplay(
            list(d.net.forward(d.X).z), d.net.forward(d.X).a[1:]
        )
    ),
    "plot.NetworkDisplay": _display(
        _P.NetworkDisplay, weights=_weight_arrays, activations=_activations
    ),
    "plot.NetworkDisplay.from_network": _display(
        _P.NetworkDisplay, "from_network", net=lambda d: d.net
    ),
    "plot.NetworkDisplay.plot": _plot(
        lambda d: _P.NetworkDisplay(_weight_arrays(d), _activations(d))
    ),
    "plot.WeightsDisplay": _display(
        _P.WeightsDisplay, weight=lambda d: np.ones((3, 4))
    ),
    "plot.WeightsDisplay.from_network": _display(
        _P.WeightsDisplay,
        "from_network",
        net=lambda d: d.net,
        shape=lambda d: (1, d.net.sizes[0]),
    ),
    "plot.WeightsDisplay.plot": _plot(lambda d: _P.WeightsDisplay(np.ones((3, 4)))),
    "History.plot": lambda d: d.call(trained(d).plot, {"ax": _axes()}),
    "LRRangeTest.plot": lambda d: d.call(range_test().plot, {"ax": _axes()}),
}


def range_test():
    rates = np.geomspace(1e-3, 1, 5)
    return fcnn.LRRangeTest(rates, 1 - rates / 2, 1 - rates / 2)
