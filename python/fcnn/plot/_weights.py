"""WeightsDisplay: what each node of the first layer looks for, as an image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _checks
from fcnn._base import NetworkBase
from fcnn.layers import Layer
from fcnn.plot import _axes

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.figure import Figure

    from fcnn._types import Array
    from fcnn.network import Network

_MOST = 32  # images, unless asked for


class WeightsDisplay:
    """The incoming weights W_k of nodes of the first layer, as images.

    All have one color scale, symmetric around 0: blue is positive, red negative.

    Parameters
    ----------
    weight : ndarray of shape (n_out, n_in)
        W of the first layer.
    shape : tuple (height, width), optional
        Of an image, with ``height * width == n_in``; its pixels are row by row, as in
        ``x.reshape(shape)``. By default a square, if n_in is one.
    nodes : sequence of int, optional
        Which nodes; by default the first 32.

    Attributes
    ----------
    axes_ : ndarray of Axes
        One for each node.
    images_ : list of AxesImage
    colorbar_ : Colorbar or None
    figure_ : Figure or SubFigure

    Examples
    --------
    >>> import fcnn
    >>> from matplotlib.figure import Figure
    >>> net = fcnn.Network([64, 10, 3], seed=0)
    >>> ax = Figure(layout="constrained").subplots()
    >>> display = fcnn.plot.WeightsDisplay.from_network(net, nodes=[0, 3, 4], ax=ax)
    >>> [image.get_array().shape for image in display.images_]
    [(8, 8), (8, 8), (8, 8)]
    """

    axes_: Array
    figure_: Figure
    images_: list[Any]
    colorbar_: Any

    def __init__(
        self,
        weight: Array,
        *,
        shape: tuple[int, int] | None = None,
        nodes: Sequence[int] | None = None,
    ) -> None:
        self.weight = np.asarray(weight)
        if self.weight.ndim != 2:
            raise ValueError(
                f"weight must have shape (n_out, n_in), not {self.weight.shape}"
            )
        n_out, n_in = self.weight.shape
        self.shape = _shape(shape, n_in)
        chosen = range(min(n_out, _MOST)) if nodes is None else nodes
        self.nodes = [_checks.integer("nodes", k, 0, n_out - 1) for k in chosen]
        if not self.nodes:
            raise ValueError("nodes must name at least one")

    @classmethod
    def from_network(
        cls,
        net: Network,
        *,
        shape: tuple[int, int] | None = None,
        nodes: Sequence[int] | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draws a network's W[1] as it is now.

        Parameters
        ----------
        net : Network
            The network, whose inputs are the pixels of images.
        shape, nodes
            As for the class.
        ax, **kwargs
            As for `plot`.

        Raises
        ------
        TypeError, ValueError
            If `shape` does not fit or a node does not exist; as for `plot`.
        ImportError
            If matplotlib is missing.
        """
        _checks.instance("net", net, NetworkBase)
        first = next(layer for layer in net.layers if isinstance(layer, Layer))
        display = cls(first.weight.copy(order="C"), shape=shape, nodes=nodes)
        return display.plot(ax, **kwargs)

    def plot(
        self,
        ax: Any = None,
        *,
        n_cols: int = 8,
        colorbar: bool = True,
        **kwargs: Any,
    ) -> Self:
        """Draws the images.

        Parameters
        ----------
        ax : Axes or array of Axes, optional
            One, which is divided, or as many as there are images. By default a new
            figure's.
        n_cols : int, default 8
            At most so many images beside each other. Of no effect on an array of Axes.
        colorbar : bool, default True
            Whether to draw the one color bar.
        **kwargs
            Arguments of ``Axes.imshow``, such as ``cmap``.

        Returns
        -------
        WeightsDisplay
            This display.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as stated above.
        ImportError
            If matplotlib is missing: ``pip install 'fcnn[plot]'``.
        """
        n = len(self.nodes)
        n_cols = min(n, _checks.integer("n_cols", n_cols, 1))
        colorbar = _checks.flag("colorbar", colorbar)
        axes = self._axes(ax, n_cols)
        shown = self.weight[self.nodes]
        finite = np.abs(shown[np.isfinite(shown)])
        largest = float(finite.max(initial=0.0)) or 1.0
        look = {"cmap": _axes.DIVERGING, "vmin": -largest, "vmax": largest} | kwargs
        self.images_ = []
        for each, k in zip(axes, self.nodes, strict=True):
            self.images_.append(each.imshow(self.weight[k].reshape(self.shape), **look))
            each.set_xticks([])
            each.set_yticks([])
            each.set_title(f"{k}", fontsize="x-small", pad=2.0)
        figure = axes[0].figure
        self.colorbar_ = None
        if colorbar:
            self.colorbar_ = figure.colorbar(self.images_[0], ax=list(axes))
            self.colorbar_.ax.set_title("W", fontsize="small")
        self.axes_, self.figure_ = axes, figure
        return self

    def _axes(self, ax: Any, n_cols: int) -> Array:
        """One for each node; the last row of those made here may be shorter."""
        n = len(self.nodes)
        if ax is not None and np.size(np.asarray(ax, dtype=object)) > 1:
            return _axes.panels(ax, 1, n).ravel()
        n_rows = math.ceil(n / n_cols)
        height, width = self.shape
        one_high = min(2.0, max(0.5, height / width))
        size = (n_cols + 1.2, n_rows * (one_high + 0.25) + 0.3)
        axes = _axes.panels(ax, n_rows, n_cols, figsize=size).ravel()
        for unused in axes[n:]:
            unused.set_axis_off()
        return axes[:n]


def _shape(shape: Any, n_in: int) -> tuple[int, int]:
    """`shape` if it has n_in pixels; of None a square."""
    if shape is None:
        side = math.isqrt(n_in)
        if side * side != n_in:
            raise ValueError(
                f"{n_in} inputs are no square image: give shape=(height, width)"
            )
        return side, side
    if not isinstance(shape, Sequence) or len(shape) != 2:
        raise TypeError(f"shape must be (height, width), not {_checks.shown(shape)}")
    height, width = (_checks.integer("shape", side, 1) for side in shape)
    if height * width != n_in:
        raise ValueError(
            f"shape must have height * width = {n_in}, not {(height, width)}"
        )
    return height, width
