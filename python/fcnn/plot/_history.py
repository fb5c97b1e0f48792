"""HistoryDisplay: loss, metrics and learning rate over the epochs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _checks
from fcnn.history import History
from fcnn.plot import _axes

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from fcnn._types import Array

_RATE = "learning_rate"
_MOST = 1e300  # beyond, matplotlib's arithmetic overflows: a gap, as of infinity


class HistoryDisplay:
    """Loss, metrics and learning rate of a fit, over its epochs.

    Curves of training are solid, those of validation dashed, in the same color.

    Parameters
    ----------
    epoch : sequence of int
        The epochs.
    metrics : dict of str to sequence of float
        The curves, as in `fcnn.History`: one whose name begins with ``val_`` belongs
        to that without.
    learning_rate : sequence of float, optional
        The learning rate of each epoch; None where there is none.

    Attributes
    ----------
    axes_ : ndarray of Axes
        The panels: one for each metric with its validation curve, one for the learning
        rate; or one for all.
    ax_ : Axes
        The first of them.
    learning_rate_ax_ : Axes or None
        Where the learning rate is: its panel, or a second y axis.
    lines_ : dict of str to Line2D
        The curves by name.
    figure_ : Figure or SubFigure

    Examples
    --------
    >>> import fcnn
    >>> from matplotlib.figure import Figure
    >>> net = fcnn.Network([1, 1], seed=0)
    >>> history = net.fit([[0], [1]], [0, 1], epochs=4, metrics="accuracy")
    >>> axes = Figure().subplots(2, 1)
    >>> display = fcnn.plot.HistoryDisplay.from_history(history, ax=axes)
    >>> [ax.get_ylabel() for ax in display.axes_]
    ['loss', 'accuracy']
    """

    ax_: Axes
    axes_: Array
    figure_: Figure
    learning_rate_ax_: Axes | None
    lines_: dict[str, Line2D]

    def __init__(
        self,
        epoch: Sequence[int],
        metrics: Mapping[str, Sequence[float]],
        learning_rate: Sequence[float | None] | None = None,
    ) -> None:
        self.epoch = list(epoch)
        self.metrics = {
            name: list(values)
            for name, values in _checks.mapping("metrics", metrics).items()
        }
        self.learning_rate = None if learning_rate is None else list(learning_rate)
        curves: dict[str, Sequence[float | None]] = {**self.metrics}
        if self.learning_rate is not None:
            curves[_RATE] = self.learning_rate
        if not curves:
            raise ValueError("there is no curve to draw")
        for name, values in curves.items():
            if len(values) != len(self.epoch):
                raise ValueError(
                    f"{name} must have {len(self.epoch)} entries, as epoch has, not "
                    f"{len(values)}"
                )

    @classmethod
    def from_history(
        cls,
        history: History,
        names: str | Iterable[str] | None = None,
        *,
        ax: Any = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draws what `Network.fit` has recorded.

        Parameters
        ----------
        history : History
            What `Network.fit` returned.
        names : str or iterable of str, optional
            Which recorded names, "learning_rate" among them; a name without ``val_``
            brings its validation curve along. By default all metrics, and the learning
            rate if it changed.
        ax, line_kw
            As for `plot`.

        Raises
        ------
        TypeError, ValueError
            If a name is not recorded; as for `plot`.
        ImportError
            If matplotlib is missing.
        """
        _checks.instance("history", history, History)
        return cls._select(history, names).plot(ax, line_kw=line_kw)

    @classmethod
    def _select(cls, history: History, names: str | Iterable[str] | None) -> Self:
        rates = history.learning_rate
        if names is None:
            return cls(
                history.epoch, history.metrics, rates if len(set(rates)) > 1 else None
            )
        wanted = [names] if isinstance(names, str) else list(names)
        recorded = [*history.metrics]
        if any(rate is not None for rate in rates):
            recorded.append(_RATE)
        for name in wanted:
            if name not in recorded:
                raise ValueError(
                    f"names must be of {', '.join(recorded)}, not {_checks.shown(name)}"
                )
        chosen = {
            name: values
            for name, values in history.metrics.items()
            if name in wanted or name.removeprefix("val_") in wanted
        }
        return cls(history.epoch, chosen, rates if _RATE in wanted else None)

    def plot(self, ax: Any = None, *, line_kw: Mapping[str, Any] | None = None) -> Self:
        """Draws the curves.

        Parameters
        ----------
        ax : Axes or array of Axes, optional
            One takes all curves, the learning rate on a second y axis; several are a
            panel each: for every metric with its validation curve, and for the
            learning rate. By default panels, one below the other, in a new figure.
        line_kw : dict, optional
            Arguments of each ``Axes.plot``.

        Returns
        -------
        HistoryDisplay
            This display.

        Raises
        ------
        TypeError, ValueError
            If `ax` is no Axes and no array of as many as there are panels.
        ImportError
            If matplotlib is missing: ``pip install 'fcnn[plot]'``.
        """
        bases = list(dict.fromkeys(name.removeprefix("val_") for name in self.metrics))
        has_rate = self.learning_rate is not None
        n = len(bases) + has_rate
        together = ax is not None and np.size(np.asarray(ax, dtype=object)) == 1
        if together:
            axes = np.array([_axes.one(ax)])
        else:
            axes = _axes.panels(ax, n, 1, figsize=(6.0, 1.0 + 1.8 * n)).ravel()
        self.lines_ = {}
        for name, values in self.metrics.items():
            base = name.removeprefix("val_")
            i = bases.index(base)
            look = {"color": f"C{i}", "linestyle": "-" if name == base else "--"}
            self._draw(axes[0 if together else i], name, values, look, line_kw)
            if not together:
                axes[i].set_ylabel(base)
        self.learning_rate_ax_ = None
        if self.learning_rate is not None:
            rate_ax = axes[0].twinx() if together and bases else axes[-1]
            look = {"color": _axes.GRAY, "linestyle": ":"}
            self._draw(rate_ax, _RATE, self.learning_rate, look, line_kw)
            rate_ax.set_ylabel("learning rate")
            if rate_ax not in axes:  # the metrics and the legend lie above it
                axes[0].set_zorder(rate_ax.get_zorder() + 1.0)
                rate_ax.patch.set_visible(True)
                axes[0].patch.set_visible(False)
            self.learning_rate_ax_ = rate_ax
        from matplotlib.ticker import MaxNLocator

        self._finish(axes, together=together)
        axes[-1].set_xlabel("epoch")
        for each in axes:
            each.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        self.axes_, self.ax_, self.figure_ = axes, axes[0], axes[0].figure
        return self

    def _draw(
        self,
        ax: Any,
        name: str,
        values: Sequence[float | None],
        look: dict[str, Any],
        line_kw: Mapping[str, Any] | None,
    ) -> None:
        from matplotlib.lines import Line2D

        look |= {"marker": "." if len(self.epoch) == 1 else "", "label": name}
        numbers = np.array(values, dtype=float)  # None becomes NaN
        numbers[np.abs(numbers) > _MOST] = np.nan
        arguments = _axes.style(Line2D, look, line_kw)
        (self.lines_[name],) = ax.plot(self.epoch, numbers, **arguments)

    def _finish(self, axes: Array, *, together: bool) -> None:
        """The legends: one for all curves, or one where a panel has two."""
        if together:
            axes[0].legend(handles=list(self.lines_.values()))
            return
        for ax in axes:
            if len(ax.lines) > 1:
                ax.legend()
            ax.tick_params(labelbottom=ax is axes[-1])
