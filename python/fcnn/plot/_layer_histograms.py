"""LayerHistogramsDisplay: z, a and delta of every layer, to see what vanishes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fcnn import _checks, _core
from fcnn._base import NetworkBase
from fcnn.layers import Layer
from fcnn.plot import _axes
from fcnn.records import Backprop, Trace

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fcnn._types import Array, Inputs
    from fcnn.network import Network

_FLAT = 0.01  # of sigma's steepest slope
_TAIL = 0.01  # of a layer's |delta| may lie below the axis
_HUGE = 1e300  # where every axis ends


class _Column(NamedTuple):
    title: str
    color: str
    values: list[Array]  # by layer, flat and finite
    texts: list[list[str]]  # above the panels
    is_log: bool = False


class LayerHistogramsDisplay:
    r"""Histograms of z, a and :math:`|\delta|`: for each layer a row.

    The layers of a column have one axis. That of :math:`|\delta|` is logarithmic, with
    a line at the median: where it moves left from the output's row upwards the deltas
    vanish, where it moves right they explode. In the panels stand:

    - z, a: ``std``, the standard deviation.
    - a: ``flat``, which part of the z has :math:`|\sigma'(z)|` below a hundredth of the
      steepest slope (of sigmoid or tanh: saturated; of relu: below 0), and ``dead``,
      which part of the nodes has only such z, so that these rows teach it nothing.
      Without the activations' names, and for outputs such as softmax: the nodes whose
      a is the same in every row.
    - :math:`|\delta|`: the median, and which part is 0.

    Parameters
    ----------
    z : sequence of ndarray
        The weighted input sums of the layers 1..L, each (n, n_l).
    a : sequence of ndarray
        The activations of the layers 1..L.
    delta : sequence of ndarray, optional
        The deltas of the layers 1..L; without them there are two columns.
    activations : sequence of str, optional
        The names of the layers' activations.

    Attributes
    ----------
    axes_ : ndarray of Axes, (L, 3) or (L, 2)
        Row l - 1 is that of layer l; the columns are z, a, delta.
    histograms_ : list of list of StepPatch
        The same of what is drawn: ``get_data()`` has the counts and edges. Numbers
        that are not finite, and deltas that are 0, are not counted; the smallest
        hundredth of the deltas may be in the first bin though they lie below it.
    figure_ : Figure or SubFigure

    References
    ----------
    X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010, whose figures these are.

    Examples
    --------
    >>> import fcnn
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> X = np.random.default_rng(0).normal(size=(100, 5))
    >>> net = fcnn.Network([5, 8, 8, 1], seed=0)
    >>> display = fcnn.plot.LayerHistogramsDisplay.from_network(
    ...     net, X, X[:, 0] > 0, ax=Figure().subplots()
    ... )
    >>> display.axes_.shape
    (3, 3)
    >>> counts, edges, _ = display.histograms_[0][1].get_data()
    >>> int(counts.sum())
    800
    """

    axes_: Array
    figure_: Figure
    histograms_: list[list[Any]]

    def __init__(
        self,
        z: Iterable[Array],
        a: Iterable[Array],
        delta: Iterable[Array] | None = None,
        *,
        activations: Sequence[str] | None = None,
    ) -> None:
        self.z, self.a = list(map(np.asarray, z)), list(map(np.asarray, a))
        self.delta = None if delta is None else list(map(np.asarray, delta))
        self.activations: Sequence[str | None]
        if activations is None:
            self.activations = [None] * len(self.z)
        else:
            self.activations = [_core.canonical_activation(n) for n in activations]
        if not self.z:
            raise ValueError("z must have the layers 1..L, and has none")
        for name in ("a", "delta", "activations"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.z):
                raise ValueError(
                    f"{name} must have {len(self.z)} layers, as z, not {len(values)}"
                )
        for name, arrays in (("z", self.z), ("a", self.a), ("delta", self.delta)):
            for l, array in enumerate(arrays or (), start=1):
                z_l = self.z[l - 1]
                if array.ndim != 2 or array.shape != z_l.shape:
                    raise ValueError(
                        f"{name} of layer {l} must have the shape (n, n_l) of z, not "
                        f"{array.shape}"
                    )

    @classmethod
    def from_trace(
        cls,
        trace: Trace,
        *,
        activations: Sequence[str] | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draws z and a of what `Network.forward` returned.

        Parameters
        ----------
        trace : Trace
            What is drawn.
        activations : sequence of str, optional
            As for the class.
        ax, **kwargs
            As for `plot`.
        """
        _checks.instance("trace", trace, Trace, Backprop)
        return cls(trace.z, trace.a[1:], activations=activations).plot(ax, **kwargs)

    @classmethod
    def from_backprop(
        cls,
        step: Backprop,
        *,
        activations: Sequence[str] | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draws z, a and delta of what `Network.backprop` returned.

        Parameters
        ----------
        step : Backprop
            What is drawn.
        activations : sequence of str, optional
            As for the class.
        ax, **kwargs
            As for `plot`.
        """
        _checks.instance("step", step, Backprop)
        display = cls(step.z, step.a[1:], step.delta, activations=activations)
        return display.plot(ax, **kwargs)

    @classmethod
    def from_network(
        cls,
        net: Network,
        X: Inputs,
        y: Any = None,
        *,
        ax: Any = None,
        bins: int = 40,
        **backprop: Any,
    ) -> Self:
        """Draws z, a and delta of a network at these rows.

        Parameters
        ----------
        net : Network
            The network.
        X : array of shape (n, n_in)
            The rows; some hundred do.
        y : array, optional
            The targets, as for `Network.backprop`; without them no delta is drawn.
        ax, bins
            As for `plot`.
        **backprop
            Further arguments of `Network.backprop`, such as ``loss``.

        Raises
        ------
        TypeError, ValueError
            As for `Network.backprop` and `plot`.
        ImportError
            If matplotlib is missing.
        """
        _checks.instance("net", net, NetworkBase)
        names = [la.activation for la in net.layers if isinstance(la, Layer)]
        if y is None:
            if backprop:
                raise TypeError(f"{', '.join(backprop)} needs y")
            trace = net.forward(X)
            return cls.from_trace(trace, activations=names, ax=ax, bins=bins)
        step = net.backprop(X, y, **backprop)
        return cls.from_backprop(step, activations=names, ax=ax, bins=bins)

    def plot(self, ax: Any = None, *, bins: int = 40, **kwargs: Any) -> Self:
        """Draws the histograms.

        Parameters
        ----------
        ax : Axes or array of Axes, optional
            One, which is divided, or L times 3 (2 without deltas) of them. By default
            a new figure's.
        bins : int, default 40
            The bins of each column's axis.
        **kwargs
            Arguments of ``Axes.stairs``.

        Returns
        -------
        LayerHistogramsDisplay
            This display.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as stated above.
        ImportError
            If matplotlib is missing: ``pip install 'fcnn[plot]'``.
        """
        bins = _checks.integer("bins", bins, 1)
        columns = self._columns()
        L = len(self.z)
        size = (0.6 + 2.5 * len(columns), 0.7 + 1.05 * L)
        axes = _axes.panels(ax, L, len(columns), figsize=size)
        from matplotlib.ticker import NullFormatter

        self.histograms_ = [[] for _ in range(L)]
        for i, column in enumerate(columns):
            edges = (_log_edges if column.is_log else _edges)(column.values, bins)
            axes[0, i].set_title(column.title, fontsize="medium", loc="left", pad=3.0)
            look = {"fill": True, "color": column.color} | kwargs
            for l, (panel, values) in enumerate(
                zip(axes[:, i], column.values, strict=True)
            ):
                counts = _counts(values, edges)
                self.histograms_[l].append(panel.stairs(counts, edges, **look))
                if column.is_log:
                    panel.set_xscale("log")
                    panel.xaxis.set_minor_formatter(NullFormatter())
                    if values.size:
                        middle = np.median(values)
                        panel.axvline(middle, color=_axes.text_color(), linewidth=1.0)
                self._finish(panel, edges, column.texts[l], is_last=l == L - 1)
        for l, panel in enumerate(axes[:, 0]):
            name = self.activations[l]
            panel.set_ylabel(f"layer {l + 1}" + (f"\n{name}" if name else ""))
        self.axes_, self.figure_ = axes, axes[0, 0].figure
        return self

    def _columns(self) -> list[_Column]:
        columns = [
            _Column("z", _axes.BLUE, *_seen(self.z, _spread)),
            _Column("a", _axes.GREEN, *_seen(self.a, _spread)),
        ]
        for l, text in enumerate(columns[1].texts):
            text.extend(self._dead(l))
        if self.delta is not None:
            values, texts = _seen(self.delta, _zeros)
            sizes = [np.abs(v[v != 0.0]) for v in values]
            for size, text in zip(sizes, texts, strict=True):
                if size.size:
                    text.insert(0, f"median {np.median(size):.1e}")
            columns.append(
                _Column("|delta|", _axes.VERMILION, sizes, texts, is_log=True)
            )
        return columns

    def _dead(self, l: int) -> list[str]:
        """Which part of z is where sigma is flat, and of the nodes, for every row."""
        name, a = self.activations[l], self.a[l]
        if not a.size:
            return []
        info = {info["name"]: info for info in _core.activations()}
        if name is None or info[name.partition("(")[0]]["output_only"]:
            return [f"dead {np.mean((a == a[0]).all(axis=0)):.0%}"] * (len(a) > 1)
        grid = np.linspace(-10.0, 10.0, 2001)
        steepest = np.abs(_core.activation_derivative(name, grid)).max()
        z = np.ascontiguousarray(self.z[l], dtype=np.float64)
        slope = np.abs(_core.activation_derivative(name, z.ravel())).reshape(z.shape)
        flat = slope < _FLAT * steepest
        dead = flat.all(axis=0)
        return [f"flat {flat.mean():.0%}", f"dead {dead.mean():.0%}"]

    @staticmethod
    def _finish(panel: Axes, edges: Array, texts: list[str], *, is_last: bool) -> None:
        panel.set_xlim(edges[0], edges[-1])
        panel.set_yticks([])
        panel.spines[["top", "right", "left"]].set_visible(False)
        panel.tick_params(labelbottom=is_last, labelsize="small")
        panel.set_title(", ".join(texts), fontsize="x-small", loc="right", pad=2.0)


def _seen(
    arrays: list[Array], say: Callable[[Array], list[str]]
) -> tuple[list[Array], list[list[str]]]:
    """Of each array its finite numbers, flat, in float64, and what is said of them."""
    values, texts = [], []
    for array in arrays:
        flat = np.asarray(array, dtype=np.float64).ravel()
        finite = np.clip(flat[np.isfinite(flat)], -_HUGE, _HUGE)
        lost = flat.size - finite.size
        values.append(finite)
        texts.append(
            (say(finite) if finite.size else [])
            + ([f"not finite {lost / flat.size:.0%}"] if lost else [])
        )
    return values, texts


def _spread(finite: Array) -> list[str]:
    with np.errstate(over="ignore"):
        return [f"std {finite.std():.2g}"]


def _zeros(finite: Array) -> list[str]:
    share = np.mean(finite == 0.0)
    return [f"zeros {share:.0%}"] if share else []


def _edges(arrays: list[Array], bins: int) -> Array:
    """Of bins over all values of all layers."""
    low = min((float(v.min()) for v in arrays if v.size), default=0.0)
    high = max((float(v.max()) for v in arrays if v.size), default=1.0)
    size = max(abs(low), abs(high))
    if not high - low > 1e-9 * size:
        margin = max(0.5, size / 2)
        low, high = low - margin, high + margin
    return np.linspace(low, high, bins + 1)


def _log_edges(arrays: list[Array], bins: int) -> Array:
    """Whole decades, for two have labels, but for the smallest values of each layer."""
    low = min((float(np.quantile(v, _TAIL)) for v in arrays if v.size), default=0.1)
    high = max((float(v.max()) for v in arrays if v.size), default=1.0)
    # at least one, between the least decade that is not 0 and that of _HUGE
    lowest = np.clip(np.floor(np.log10(low)), -323.0, 299.0)
    highest = np.clip(np.ceil(np.log10(high)), lowest + 1.0, 300.0)
    return np.logspace(lowest, highest, bins + 1)


def _counts(values: Array, edges: Array) -> Array:
    """How many values are in each bin; what lies outside counts to the outer ones."""
    return np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
