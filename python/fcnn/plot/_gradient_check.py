"""GradientCheckDisplay: the errors of a gradient check, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _checks
from fcnn.gradient_check import GradientCheck
from fcnn.plot import _axes

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D


_LEAST, _MOST = 1e-17, 10.0  # the axis: errors are at most 2
_EPS = float(np.finfo(np.float64).eps)
_DASHED = {"color": _axes.VERMILION, "linestyle": "--", "linewidth": 1.0}
_DOTTED = {"color": _axes.GRAY, "linestyle": ":", "linewidth": 1.0}


class GradientCheckDisplay:
    r"""The largest errors of each layer's weights and biases, on a logarithmic axis.

    An error is :math:`|g - g'| / \max(|g|, |g'|, 10^{-6} \max|g|)`, from 0 to 2: see
    `Network.gradient_check`. One of 0 is drawn on the lower edge, one that is not
    finite on the upper.

    Parameters
    ----------
    weight_error, bias_error : sequence of float or None
        The errors of the layers 1..L; None where none were checked.
    title : str, default ""
        What stands above.

    Attributes
    ----------
    weight_points_, bias_points_ : Line2D
    tolerance_line_ : Line2D
    ax_ : Axes
    figure_ : Figure or SubFigure

    Examples
    --------
    >>> import fcnn
    >>> from matplotlib.figure import Figure
    >>> net = fcnn.Network([3, 4, 2], "tanh", "softmax", seed=0)
    >>> report = net.gradient_check([[1, 2, 3], [3, 2, 1]], [0, 1])
    >>> display = fcnn.plot.GradientCheckDisplay.from_report(
    ...     report, ax=Figure().subplots()
    ... )
    >>> display.ax_.get_yscale()
    'log'
    """

    ax_: Axes
    figure_: Figure
    weight_points_: Line2D
    bias_points_: Line2D
    tolerance_line_: Line2D

    def __init__(
        self,
        weight_error: Sequence[float | None],
        bias_error: Sequence[float | None],
        *,
        title: str = "",
    ) -> None:
        self.weight_error, self.bias_error = list(weight_error), list(bias_error)
        self.title = title
        if not self.weight_error or len(self.weight_error) != len(self.bias_error):
            raise ValueError(
                "weight_error and bias_error must have an entry for each of the layers "
                f"1..L, not {len(self.weight_error)} and {len(self.bias_error)}"
            )

    @classmethod
    def from_report(
        cls, report: GradientCheck, *, ax: Any = None, **kwargs: Any
    ) -> Self:
        """Draws what `Network.gradient_check` returned.

        Parameters
        ----------
        report : GradientCheck
            The report.
        ax, **kwargs
            As for `plot`.

        Raises
        ------
        TypeError, ValueError, ImportError
            As for `plot`.
        """
        _checks.instance("report", report, GradientCheck)
        title = (
            f"largest error of {report.n_checked} parameters: {report.max_error:.1e}"
        )
        display = cls(list(report.weight_error), list(report.bias_error), title=title)
        return display.plot(ax, **kwargs)

    def plot(
        self,
        ax: Any = None,
        *,
        tolerance: float = 1e-6,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draws the errors.

        Parameters
        ----------
        ax : Axes, optional
            By default that of a new figure.
        tolerance : float, default 1e-6
            Where to draw the line, above 0: a right gradient of a smooth loss stays
            below 1e-6 (the check computes in float64, whatever the network's dtype);
            near a kink, such as relu's at 0, difference quotients may err by more.
        line_kw : dict, optional
            Arguments of the two ``Axes.plot`` of the points.

        Returns
        -------
        GradientCheckDisplay
            This display.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as stated above.
        ImportError
            If matplotlib is missing: ``pip install 'fcnn[plot]'``.
        """
        tolerance = _checks.positive("tolerance", tolerance)
        L = len(self.weight_error)
        ax = _axes.one(ax, figsize=(min(8.0, 4.0 + 0.3 * L), 3.4))
        from matplotlib.lines import Line2D

        ax.axhspan(tolerance, _MOST, color=_axes.VERMILION, alpha=0.12, linewidth=0.0)
        self.tolerance_line_ = ax.axhline(tolerance, **_DASHED)
        ax.axhline(_EPS, **_DOTTED)
        for height, text in (
            (tolerance, f"tolerance {tolerance:.0e}"),
            (_EPS, f"float64's rounding {_EPS:.0e}"),
        ):
            ax.annotate(
                text,
                (0.99, height),
                xycoords=ax.get_yaxis_transform(),
                xytext=(0.0, 2.0),
                textcoords="offset points",
                ha="right",
                fontsize="x-small",
            )
        drawn = []
        for name, marker, shift, color, errors in (
            ("weight", "o", -0.08, _axes.BLUE, self.weight_error),
            ("bias", "s", 0.08, "#E69F00", self.bias_error),
        ):
            look: dict[str, Any] = {
                "linestyle": "",
                "marker": marker,
                "color": color,
                "label": name,
            }
            look |= {"clip_on": False, "zorder": 3}
            y = [_place(error) for error in errors]
            x = np.arange(1, L + 1) + shift
            (points,) = ax.plot(x, y, **_axes.style(Line2D, look, line_kw))
            drawn.append(points)
        self.weight_points_, self.bias_points_ = drawn
        ax.set_yscale("log")
        ax.set_ylim(_LEAST, _MOST)
        ax.set_xlim(0.5, L + 0.5)
        ax.set_xticks(range(1, L + 1))
        ax.set_xlabel("layer")
        ax.set_ylabel("relative error")
        ax.set_title(self.title, fontsize="medium")
        ax.legend(handles=drawn, fontsize="small", ncols=2)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _place(error: float | None) -> float:
    """Where an error stands on the axis; NaN, which is not drawn, of none."""
    if error is None:
        return float("nan")
    if not np.isfinite(error):
        return _MOST
    return min(max(error, _LEAST), _MOST)
