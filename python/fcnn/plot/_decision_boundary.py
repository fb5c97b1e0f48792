"""DecisionBoundaryDisplay: what a network of two inputs answers over the plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fcnn import _checks, _data
from fcnn._base import NetworkBase
from fcnn.plot import _axes

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fcnn._types import Array
    from fcnn.network import Network

_MOST_NAMES = 20  # in a legend
_HUGE = 1e300  # beyond it nothing is drawn
Kind = Literal["classes", "probability", "value"]


class DecisionBoundaryDisplay:
    """What a network of two inputs answers over the plane, with the rows it learned.

    Several outputs are drawn as the regions in which each is the largest; one sigmoid
    output as a probability, with its contour at 0.5; any other as a surface.

    Parameters
    ----------
    xx0, xx1 : ndarray of shape (n, m)
        The first and the second input, as of ``np.meshgrid``.
    response : ndarray of shape (n, m), or (n, m, K) for "classes"
        The outputs there.
    kind : {"classes", "probability", "value"}
        What they are.
    X : ndarray of shape (N, 2), optional
        Rows to draw as points.
    y : ndarray of shape (N,), optional
        Their classes, or values.
    xlabel, ylabel : str, default ""
        The names of the inputs.
    class_names : sequence of str, optional
        The names of the K classes in the legend; by default 0..K-1.

    Attributes
    ----------
    surface_ : AxesImage or QuadContourSet
        The regions, or the surface.
    boundary_ : list of QuadContourSet
        The lines between the regions, or that at 0.5; none where there is no boundary.
    points_ : PathCollection or None
    colorbar_ : Colorbar or None
        Of a probability or a value.
    ax_ : Axes
    figure_ : Figure or SubFigure

    Examples
    --------
    >>> import fcnn
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> net = fcnn.Network([2, 8, 1], "tanh", seed=0)
    >>> history = net.fit(X, X[:, 0] > X[:, 1], epochs=20)
    >>> display = fcnn.plot.DecisionBoundaryDisplay.from_network(
    ...     net, X, X[:, 0] > X[:, 1], ax=Figure().subplots()
    ... )
    >>> display.boundary_[0].levels
    array([0.5])
    """

    ax_: Axes
    figure_: Figure
    surface_: Any
    boundary_: list[Any]
    points_: Any
    colorbar_: Any

    def __init__(
        self,
        *,
        xx0: Array,
        xx1: Array,
        response: Array,
        kind: Kind,
        X: Array | None = None,
        y: Array | None = None,
        xlabel: str = "",
        ylabel: str = "",
        class_names: Sequence[str] | None = None,
    ) -> None:
        if kind not in ("classes", "probability", "value"):
            raise ValueError(
                f"kind must be classes, probability or value, not {_checks.shown(kind)}"
            )
        self.xx0, self.xx1 = np.asarray(xx0), np.asarray(xx1)
        self.response, self.kind = np.asarray(response), kind
        self.X = None if X is None else np.asarray(X)
        self.y = None if y is None else np.asarray(y)
        self.xlabel, self.ylabel = xlabel, ylabel
        self.class_names = None if class_names is None else list(class_names)
        grid = self.xx0.shape
        n_dims = 3 if kind == "classes" else 2
        shapes = (grid, self.xx1.shape, self.response.shape[:2])
        if len(set(shapes)) > 1 or self.response.ndim != n_dims or min(grid) < 2:
            raise ValueError(
                "xx0, xx1 and response must be of one grid of at least 2 x 2, not of "
                f"shapes {self.xx0.shape}, {self.xx1.shape} and {self.response.shape}"
            )
        if self.X is not None and (self.X.ndim != 2 or self.X.shape[1] != 2):
            raise ValueError(f"X must have shape (n, 2), not {self.X.shape}")
        K = self.response.shape[-1]
        if self.class_names is not None and (kind, K) != (
            "classes",
            len(self.class_names),
        ):
            raise ValueError(
                f"class_names are of the classes of a response of kind classes: {K}, "
                f"not {len(self.class_names)}"
            )
        if self.y is not None:
            if self.X is None:
                raise ValueError("y needs X: the points that it colors")
            if self.y.shape != self.X.shape[:1]:
                raise ValueError(
                    f"y must have shape {self.X.shape[:1]}, not {self.y.shape}"
                )

    @classmethod
    def from_network(
        cls,
        net: Network,
        X: Any,
        y: Any = None,
        *,
        output: int | None = None,
        grid_resolution: int = 200,
        margin: float = 0.1,
        xlabel: str | None = None,
        ylabel: str | None = None,
        class_names: Sequence[str] | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draws a network's predictions around the rows of X.

        Parameters
        ----------
        net : Network
            With two inputs.
        X : array or data frame of shape (n, 2)
            The rows; the plane reaches a little further than they do.
        y : array of shape (n,), (n, 1) or (n, n_out), optional
            Targets, as for `Network.fit`: they color the points.
        output : int, optional
            Draw this one of several outputs as a surface. By default all, as regions.
        grid_resolution : int, default 200
            Points of the grid in each direction, at least 2.
        margin : float, default 0.1
            How much further the plane reaches on each side, in ranges of X; at least 0.
        xlabel, ylabel : str, optional
            By default the names of a data frame's columns.
        class_names : sequence of str, optional
            As for the class.
        ax, **kwargs
            As for `plot`.

        Raises
        ------
        TypeError, ValueError
            If the network has not two inputs, or an argument is not as stated above.
        ImportError
            If matplotlib is missing.
        """
        _checks.instance("net", net, NetworkBase)
        if net.sizes[0] != 2:
            raise ValueError(
                f"a decision boundary is drawn over 2 inputs, not {net.sizes[0]}"
            )
        n = _checks.integer("grid_resolution", grid_resolution, 2)
        margin = _checks.non_negative("margin", margin)
        K = net.sizes[-1]
        if output is not None:
            output = _checks.integer("output", output, 0, K - 1)
        names = [str(name) for name in getattr(X, "columns", ("", ""))]
        X = _data.real_array("X", X)
        if X.ndim != 2 or X.shape[1] != 2 or not len(X):
            raise ValueError(f"X must have shape (n, 2), not {X.shape}")
        X = X.astype(np.float64)
        if not np.isfinite(X).all():
            raise ValueError("X must be finite")
        chosen = 0 if K == 1 else output
        sigma = net.layers[-1].activation or ""
        kind: Kind = "value"
        if chosen is None:
            kind = "classes"
        elif sigma.partition("(")[0] in ("sigmoid", "hard_sigmoid", "softmax"):
            kind = "probability"
        if y is not None:
            y = _targets(y, len(X), K, chosen, of_classes=kind != "value")
        low, high = X.min(axis=0), X.max(axis=0)
        reach = margin * np.where(high > low, high - low, 1.0)
        axes = [
            np.linspace(a, b, n) for a, b in zip(low - reach, high + reach, strict=True)
        ]
        xx0, xx1 = np.meshgrid(*axes)
        a = net.predict(np.column_stack([xx0.ravel(), xx1.ravel()])).reshape(n, n, K)
        display = cls(
            xx0=xx0,
            xx1=xx1,
            response=a if chosen is None else a[..., chosen],
            kind=kind,
            X=X,
            y=y,
            xlabel=names[0] if xlabel is None else xlabel,
            ylabel=names[1] if ylabel is None else ylabel,
            class_names=class_names,
        )
        return display.plot(ax, **kwargs)

    def plot(
        self,
        ax: Any = None,
        *,
        colorbar: bool = True,
        scatter_kw: Mapping[str, Any] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draws surface, boundary and points.

        Parameters
        ----------
        ax : Axes, optional
            By default that of a new figure.
        colorbar : bool, default True
            Whether a probability or a value has a color bar.
        scatter_kw : dict, optional
            Arguments of the points' ``Axes.scatter``.
        line_kw : dict, optional
            Arguments of the boundary's ``Axes.contour``.
        **kwargs
            Arguments of the surface: ``Axes.imshow`` for classes, else
            ``Axes.contourf``; such as ``cmap``.

        Returns
        -------
        DecisionBoundaryDisplay
            This display.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as stated above.
        ImportError
            If matplotlib is missing: ``pip install 'fcnn[plot]'``.
        """
        colorbar = _checks.flag("colorbar", colorbar)
        ax = _axes.one(ax)
        from matplotlib.collections import PathCollection

        self.boundary_, self.colorbar_, self.points_ = [], None, None
        if self.kind == "classes":
            self._draw_classes(ax, kwargs)
            margins = _margins(self.response)
        else:
            self._draw_surface(ax, kwargs)
            margins = [self.response] if self.kind == "probability" else []
        level = 0.5 if self.kind == "probability" else 0.0
        for margin in margins:
            if margin.min() < level < margin.max():
                look = {"colors": [_axes.text_color()], "linewidths": 1.0}
                look |= {"levels": [level], **(line_kw or {})}
                self.boundary_.append(ax.contour(self.xx0, self.xx1, margin, **look))
        if self.X is not None:
            surface = self.surface_
            look = {"s": 14.0, "edgecolor": _axes.text_color(), "linewidth": 0.4}
            if self.y is None:
                look["color"] = _axes.GRAY
            else:
                look |= {"c": self.y, "cmap": surface.cmap, "norm": surface.norm}
            arguments = _axes.style(PathCollection, look, scatter_kw)
            self.points_ = ax.scatter(*self.X.T, **arguments)
        if colorbar and self.kind != "classes":
            self.colorbar_ = ax.figure.colorbar(self.surface_, ax=ax)
        ax.set_xlabel(self.xlabel)
        ax.set_ylabel(self.ylabel)
        ax.set_xlim(self.xx0.min(), self.xx0.max())
        ax.set_ylim(self.xx1.min(), self.xx1.max())
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_classes(self, ax: Axes, given: dict[str, Any]) -> None:
        """An image, not contours: between classes 0 and 2 there is no class 1."""
        from matplotlib import colormaps
        from matplotlib.colors import ListedColormap
        from matplotlib.patches import Patch

        K = self.response.shape[2]
        colors: Any = list(_axes.CLASS_COLORS[:K])  # two in a tuple: color, alpha
        if len(colors) < K:
            colors = colormaps["turbo"](np.linspace(0.0, 1.0, K))
        half = [np.ptp(xx) / (n - 1) / 2 for xx, n in self._sides()]
        extent = (
            *(self.xx0.min() - half[0], self.xx0.max() + half[0]),
            *(self.xx1.min() - half[1], self.xx1.max() + half[1]),
        )
        look: dict[str, Any] = {
            "origin": "lower",
            "extent": extent,
            "aspect": "auto",
            "alpha": 0.4,
        }
        look |= {"cmap": ListedColormap(colors), "vmin": -0.5, "vmax": K - 0.5}
        look |= {"interpolation": "nearest"} | given
        largest = self.response.argmax(axis=2)
        nan = np.isnan(self.response).any(axis=2)  # where no output is the largest
        self.surface_ = ax.imshow(np.ma.masked_where(nan, largest), **look)
        if K <= _MOST_NAMES:
            names = self.class_names or [f"{k}" for k in range(K)]
            handles = [
                Patch(facecolor=self.surface_.cmap(self.surface_.norm(k)), label=name)
                for k, name in enumerate(names)
            ]
            ax.legend(handles=handles, fontsize="small")

    def _sides(self) -> list[tuple[Array, int]]:
        return [(self.xx0, self.xx0.shape[1]), (self.xx1, self.xx1.shape[0])]

    def _draw_surface(self, ax: Axes, given: dict[str, Any]) -> None:
        look: dict[str, Any] = {"levels": 15, "cmap": "viridis"}
        if self.kind == "probability":
            look = {"levels": np.linspace(0.0, 1.0, 11), "cmap": _axes.DIVERGING}
            look |= {"alpha": 0.6}
        a = self.response.astype(np.float64)
        drawn = np.ma.masked_where(~(np.abs(a) < _HUGE), a)
        self.surface_ = ax.contourf(self.xx0, self.xx1, drawn, **look | given)


def _margins(response: Array) -> list[Array]:
    """For each class by how much it is ahead of the best other one: 0 on the border."""
    margins = []
    for k in range(response.shape[2]):
        others = np.delete(response, k, axis=2).max(axis=2)
        with np.errstate(invalid="ignore"):  # inf - inf
            margins.append(response[..., k] - others)
    return margins


def _targets(
    values: Any, n: int, K: int, output: int | None, *, of_classes: bool
) -> Array:
    """What colors the points: a class 0..K-1, or the target of one output."""
    y: Array = _data.real_array("y", values)
    if K > 1 and y.shape == (n,) and of_classes:
        if (y != np.floor(y)).any() or y.min() < 0 or y.max() >= K:
            raise ValueError(f"y must hold the classes 0..{K - 1}")
        return np.asarray(y if output is None else y == output, dtype=float)
    if y.shape != (n, K) and not (K == 1 and y.shape == (n,)):
        raise ValueError(f"y must have shape ({n}, {K}), not {y.shape}")
    y = y.reshape(n, K).astype(float)
    chosen: Array = y.argmax(axis=1) if output is None else y[:, output]
    return chosen
