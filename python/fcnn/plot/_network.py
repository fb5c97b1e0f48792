"""NetworkDisplay: the network as a diagram, its weights as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _checks
from fcnn._base import NetworkBase
from fcnn.layers import Layer
from fcnn.plot import _axes
from fcnn.records import PerLayer

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection, PathCollection
    from matplotlib.figure import Figure

    from fcnn._types import Array
    from fcnn.network import Network


class NetworkDisplay:
    """The network as a diagram: nodes as circles, weights as lines between them.

    A line's width is proportional to ``|W[l][k, j]|``, its color tells the sign. Of a
    large layer the first and the last nodes are shown, dots stand for the others.
    Biases are not drawn.

    Parameters
    ----------
    weights : sequence of ndarray
        W[l] of the layers 1..L, each (n_l, n_{l-1}).
    activations : sequence of str
        Their activations.
    feature_names : sequence of str, optional
        The names of the n_0 inputs.
    output_names : sequence of str, optional
        The names of the n_L outputs, such as the classes.

    Attributes
    ----------
    lines_ : PerLayer of LineCollection
        The weights drawn of layer l: to one shown node after the other, from each of
        the shown nodes of layer l-1.
    nodes_ : list of PathCollection
        The circles of the layers 0..L.
    shown_ : list of ndarray of int
        Which nodes of the layers 0..L they are.
    ax_ : Axes
    figure_ : Figure or SubFigure

    Examples
    --------
    >>> import fcnn
    >>> from matplotlib.figure import Figure
    >>> net = fcnn.Network([64, 3, 1], seed=0)
    >>> display = fcnn.plot.NetworkDisplay.from_network(
    ...     net, max_nodes=6, ax=Figure().subplots()
    ... )
    >>> display.shown_[0].tolist(), display.shown_[1].tolist()
    ([0, 1, 2, 61, 62, 63], [0, 1, 2])
    >>> len(display.lines_[1].get_segments())
    18
    """

    ax_: Axes
    figure_: Figure
    lines_: PerLayer[LineCollection]
    nodes_: list[PathCollection]
    shown_: list[Array]

    def __init__(
        self,
        weights: Sequence[Array],
        activations: Sequence[str],
        *,
        feature_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
    ) -> None:
        self.weights = [np.asarray(W) for W in weights]
        self.activations = list(activations)
        if not self.weights or len(self.weights) != len(self.activations):
            raise ValueError(
                "weights and activations must have an entry for each of the layers "
                f"1..L, not {len(self.weights)} and {len(self.activations)}"
            )
        for l, (W, after) in enumerate(
            zip(self.weights, [*self.weights[1:], self.weights[-1].T], strict=True), 1
        ):
            if W.ndim != 2 or after.ndim != 2 or W.shape[0] != after.shape[1]:
                raise ValueError(
                    f"the weight of layer {l} has shape {W.shape}, which does not fit "
                    f"the next one's, {after.shape}"
                )
        self.sizes = [self.weights[0].shape[1], *(len(W) for W in self.weights)]
        self.feature_names = _names("feature_names", feature_names, self.sizes[0])
        self.output_names = _names("output_names", output_names, self.sizes[-1])

    @classmethod
    def from_network(
        cls,
        net: Network,
        *,
        feature_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draws a network as it is now; later training does not change the display.

        Parameters
        ----------
        net : Network
            The network.
        feature_names, output_names : sequence of str, optional
            Names of its inputs and outputs.
        ax, **kwargs
            As for `plot`.

        Raises
        ------
        TypeError, ValueError
            If there is not a name for each; as for `plot`.
        ImportError
            If matplotlib is missing.
        """
        _checks.instance("net", net, NetworkBase)
        layers = [layer for layer in net.layers if isinstance(layer, Layer)]
        display = cls(
            [layer.weight.copy() for layer in layers],
            [layer.activation for layer in layers],
            feature_names=feature_names,
            output_names=output_names,
        )
        return display.plot(ax, **kwargs)

    def plot(
        self,
        ax: Any = None,
        *,
        max_nodes: int = 12,
        max_width: float = 3.0,
        line_kw: Mapping[str, Any] | None = None,
        node_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draws the diagram.

        Parameters
        ----------
        ax : Axes, optional
            By default that of a new figure.
        max_nodes : int, default 12
            How many nodes of a layer to show at most, at least 2.
        max_width : float, default 3.0
            The width, in points, of the network's largest weight.
        line_kw : dict, optional
            Arguments of each layer's LineCollection.
        node_kw : dict, optional
            Arguments of each layer's ``Axes.scatter``.

        Returns
        -------
        NetworkDisplay
            This display.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as stated above.
        ImportError
            If matplotlib is missing: ``pip install 'fcnn[plot]'``.
        """
        max_nodes = _checks.integer("max_nodes", max_nodes, 2)
        max_width = _checks.positive("max_width", max_width)
        self.shown_ = [_shown(size, max_nodes) for size in self.sizes]
        counts = zip(self.sizes, map(len, self.shown_), strict=True)
        heights = [_heights(size, n) for size, n in counts]
        n_slots = max(float(np.ptp(y)) for y in heights) + 1.0
        ax = _axes.one(ax, figsize=(1.0 + 1.7 * len(self.sizes), 1.5 + 0.3 * n_slots))
        largest = max(float(_size(W).max(initial=0.0)) for W in self.weights) or 1.0

        lines = [
            self._draw_weights(ax, l, heights, max_width, largest, line_kw)
            for l in range(1, len(self.sizes))
        ]
        self.lines_ = PerLayer("lines_", lines)
        points = ax.get_window_extent().height / ax.figure.dpi * 72
        diameter = min(15.0, 0.65 * points / (n_slots + 1.0))
        self.nodes_ = [
            self._draw_nodes(ax, l, y, diameter, node_kw) for l, y in enumerate(heights)
        ]
        self._name(ax, 0, heights[0], self.feature_names, diameter)
        self._name(ax, len(self.sizes) - 1, heights[-1], self.output_names, diameter)
        self._label(ax, n_slots)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_weights(
        self,
        ax: Axes,
        l: int,
        heights: list[Array],
        max_width: float,
        largest: float,
        line_kw: Mapping[str, Any] | None,
    ) -> LineCollection:
        from matplotlib.collections import LineCollection

        W = self.weights[l - 1][np.ix_(self.shown_[l], self.shown_[l - 1])]
        y_out, y_in = np.broadcast_arrays(heights[l][:, None], heights[l - 1])
        start = np.stack([np.full(W.shape, l - 1.0), y_in], axis=-1)
        end = np.stack([np.full(W.shape, float(l)), y_out], axis=-1)
        look = {
            "linewidth": max_width * (_size(W).ravel() / largest),
            "color": np.where(W.ravel() < 0.0, _axes.VERMILION, _axes.BLUE).tolist(),
            "alpha": 0.7,
            "capstyle": "butt",
            "zorder": 1,
        }
        arguments = _axes.style(LineCollection, look, line_kw)
        segments = np.stack([start, end], axis=-2).reshape(-1, 2, 2)
        lines = LineCollection(list(segments), **arguments)
        ax.add_collection(lines)
        return lines

    def _draw_nodes(
        self,
        ax: Axes,
        l: int,
        y: Array,
        diameter: float,
        node_kw: Mapping[str, Any] | None,
    ) -> PathCollection:
        from matplotlib.collections import PathCollection

        look = {
            "s": diameter**2,
            "facecolor": ax.get_facecolor(),
            "edgecolor": _axes.text_color(),
            "zorder": 2,
        }
        arguments = _axes.style(PathCollection, look, node_kw)
        if len(self.shown_[l]) < self.sizes[l]:
            steps = np.diff(y)
            middle = (
                y[int(steps.argmin())] + steps.min() / 2
            )  # y falls from node to node
            gap = middle + 0.35 * np.array([1.0, 0.0, -1.0])
            ax.scatter(np.full(3, l), gap, s=4.0, color=_axes.text_color(), zorder=2)
        return ax.scatter(np.full(len(y), l), y, **arguments)

    def _name(
        self, ax: Axes, l: int, y: Array, names: list[str] | None, diameter: float
    ) -> None:
        if names is None:
            return
        side = -1 if l == 0 else 1
        for node, height in zip(self.shown_[l], y, strict=True):
            ax.annotate(
                names[node],
                (l, float(height)),
                xytext=(side * (diameter / 2 + 4.0), 0.0),
                textcoords="offset points",
                ha="right" if l == 0 else "left",
                va="center",
                fontsize="small",
            )

    def _label(self, ax: Axes, n_slots: float) -> None:
        from matplotlib.lines import Line2D

        labels = [f"input\n{self.sizes[0]}"]
        for l, name in enumerate(self.activations, start=1):
            labels.append(f"layer {l}\n{name}\n{self.sizes[l]}")
        ax.set_xticks(range(len(labels)), labels)
        ax.tick_params(length=0)
        ax.set_yticks([])
        ax.spines[:].set_visible(False)
        ax.set_xlim(-0.3, len(labels) - 0.7)
        ax.set_ylim(-n_slots / 2 - 0.3, n_slots / 2 + 0.3)
        signs = [
            Line2D([], [], color=_axes.BLUE, label="W > 0"),
            Line2D([], [], color=_axes.VERMILION, label="W < 0"),
        ]
        ax.legend(
            handles=signs,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=2,
            frameon=False,
            fontsize="small",
        )


def _names(what: str, names: Sequence[str] | None, n: int) -> list[str] | None:
    if names is None:
        return None
    if isinstance(names, str):
        raise TypeError(f"{what} must be a sequence of strings, not {names!r}")
    texts = [str(name) for name in names]
    if len(texts) != n:
        raise ValueError(f"{what} must have {n} entries, not {len(texts)}")
    return texts


def _shown(size: int, max_nodes: int) -> Array:
    """The nodes shown: all, or the first and the last ones."""
    if size <= max_nodes:
        return np.arange(size)
    first = (max_nodes + 1) // 2
    return np.concatenate(
        [np.arange(first), np.arange(size - (max_nodes - first), size)]
    )


def _heights(size: int, n_shown: int) -> Array:
    """Their y, the first node on top, around 0; two steps where nodes are left out."""
    place = np.arange(float(n_shown))
    if n_shown < size:
        place[(n_shown + 1) // 2 :] += 1.0
    middle: Array = place[-1] / 2 - place
    return middle


def _size(W: Array) -> Array:
    """|W|, and 0 for what is not finite: it has no width."""
    size: Array = np.where(np.isfinite(W), np.abs(W), 0.0)
    return size
