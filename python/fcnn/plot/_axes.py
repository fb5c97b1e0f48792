"""Where and how a display draws: axes given or new, colors, matplotlib's arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _checks
from fcnn._types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Told apart by the color-blind too: M. Okabe, K. Ito, "Color Universal Design", 2008.
BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"
CLASS_COLORS = (
    *(BLUE, "#E69F00", GREEN, VERMILION),
    *("#CC79A7", "#56B4E9", "#F0E442", "#7F7F7F"),
)
GRAY = "#808080"  # is seen on white and on black
DIVERGING = "RdBu"  # what is positive is blue, as in BLUE and VERMILION


def one(ax: Any = None, figsize: tuple[float, float] | None = None) -> Axes:
    """`ax`, or that of a new figure of pyplot; TypeError if it is no Axes."""
    axes: Axes = panels(ax, 1, 1, figsize)[0, 0]
    return axes


def panels(
    ax: Any, n_rows: int, n_cols: int, figsize: tuple[float, float] | None = None
) -> Array:
    """Axes as an array (n_rows, n_cols).

    They are those of the array `ax`, or share the place of the one Axes `ax`, or are
    those of a new figure of pyplot.

    Raises
    ------
    TypeError, ValueError
        If `ax` is no Axes and no array of so many, or one that cannot be divided.
    ImportError
        If matplotlib is missing.
    """
    if ax is None:
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError(
                "plot needs matplotlib: pip install 'fcnn[plot]'"
            ) from error
        made: Array = plt.subplots(
            n_rows, n_cols, figsize=figsize, squeeze=False, layout="constrained"
        )[1]
        return made
    from matplotlib.axes import Axes

    given = np.asarray(ax, dtype=object)
    n = n_rows * n_cols
    if not given.size or not all(isinstance(each, Axes) for each in given.flat):
        raise TypeError(
            f"ax must be a matplotlib Axes or an array of them, not {_checks.shown(ax)}"
        )
    if given.size == n:
        return given.reshape(n_rows, n_cols)
    if given.size > 1:
        raise ValueError(
            f"ax must be one Axes or {n} of them ({n_rows} x {n_cols} panels), not "
            f"{given.size}"
        )
    place = given.item().get_subplotspec()
    if place is None:
        raise ValueError(
            f"an Axes that is not one of subplots cannot be divided: give {n} of them "
            f"({n_rows} x {n_cols} panels)"
        )
    given.item().set_axis_off()
    divided: Array = place.subgridspec(n_rows, n_cols).subplots(squeeze=False)
    return divided


def style(
    artist: Any, default: Mapping[str, Any], given: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The arguments of an artist: `given` before `default`, by any of their names."""
    from matplotlib.cbook import normalize_kwargs

    return {**default, **normalize_kwargs(dict(given or {}), artist)}


def text_color() -> Any:
    """The color of text in matplotlib's present style."""
    from matplotlib import rcParams

    return rcParams["text.color"]
