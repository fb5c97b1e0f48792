"""The metrics: one list of names, each with its formula.

Each takes the targets y, the outputs a (n, K) and the sample weights w (n,) or None,
and returns the weighted mean over the rows; all in float64. Targets are class labels
(n,) or values (n, K). A caller's own metric is a function ``f(y, a) -> float`` of the
same y and a, named by its ``__name__``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

import numpy as np

from fcnn import _checks
from fcnn._float_state import by_default
from fcnn._types import Array


class Metric(NamedTuple):
    """A metric's name, which way is better, and its value for (y, a, w)."""

    name: str
    better: Literal["max", "min"] | None
    value: Callable[[Array, Array, Array | None], float]


def accuracy(y: Array, a: Array, w: Array | None) -> float:
    """The fraction of rows whose class or classes are right.

    - Class labels: the largest output is the label's.
    - One output: output and target lie on the same side of 0.5.
    - Rows of targets that each sum to 1 (one-hot, or a distribution): output and
      target are largest at the same place.
    - Any other matrix of targets (several labels at once): every output of the row
      lies on the same side of 0.5 as its target, scikit-learn's subset accuracy
      (Keras's accuracy compares the places of the largest here too).

    0.5 itself counts as below, as in scikit-learn and Keras.
    """
    if y.ndim == 1:
        right = a.argmax(axis=1) == y
    elif a.shape[1] > 1 and _rows_sum_to_one(y):
        right = a.argmax(axis=1) == y.argmax(axis=1)
    else:
        right = ((a > 0.5) == (y > 0.5)).all(axis=1)
    return _mean(right, w)


def mse(y: Array, a: Array, w: Array | None) -> float:
    """The mean over rows and outputs of (a - y)^2; labels count as one-hot."""
    return _mean(np.square(_error(y, a)).mean(axis=1), w)


def rmse(y: Array, a: Array, w: Array | None) -> float:
    """The root of `mse`, over all outputs at once as in Keras."""
    return float(np.sqrt(mse(y, a, w)))


def mae(y: Array, a: Array, w: Array | None) -> float:
    """The mean over rows and outputs of abs(a - y); labels count as one-hot."""
    return _mean(np.abs(_error(y, a)).mean(axis=1), w)


def r2(y: Array, a: Array, w: Array | None) -> float:
    """The coefficient of determination, averaged over the outputs.

    1 - sum w (a - y)^2 / sum w (y - mean)^2 for each output, as scikit-learn's
    r2_score: where the target is constant it is 1 if every output is right, else 0;
    NaN for a single row.
    """
    if len(a) < 2:
        return float("nan")
    weight = np.ones((len(a), 1)) if w is None else w[:, None]
    residual = (weight * np.square(_error(y, a))).sum(axis=0)
    values = _values(y, a.shape[1])
    mean = np.average(values, axis=0, weights=w)
    total = (weight * np.square(values - mean)).sum(axis=0)
    constant = total == 0.0
    score = 1.0 - residual / np.where(constant, 1.0, total)
    score[constant] = np.where(residual[constant] == 0.0, 1.0, 0.0)
    return float(score.mean())


METRICS: tuple[Metric, ...] = (
    Metric("accuracy", "max", by_default(accuracy)),
    Metric("mse", "min", by_default(mse)),
    Metric("rmse", "min", by_default(rmse)),
    Metric("mae", "min", by_default(mae)),
    Metric("r2", "max", by_default(r2)),
)


def better(name: str) -> Literal["max", "min"] | None:
    """Which way a recorded value is better; None for a metric of the caller's own."""
    name = name.removeprefix("val_")
    if name == "loss":
        return "min"
    return next((metric.better for metric in METRICS if metric.name == name), None)


def resolve(metrics: Any) -> list[Metric]:
    """The metrics that an argument names: a name, a function, or several of them."""
    if isinstance(metrics, str) or callable(metrics):
        metrics = (metrics,)
    if not isinstance(metrics, Iterable):
        raise TypeError(
            f"metrics must be names or functions f(y, a), not {_checks.shown(metrics)}"
        )
    found = [_resolve_one(metric) for metric in metrics]
    names = [metric.name for metric in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two metrics are named {name!r}; each needs its own name")
    return found


def _resolve_one(metric: Any) -> Metric:
    if isinstance(metric, str):
        for known in METRICS:
            if known.name == metric:
                return known
        names = ", ".join(known.name for known in METRICS)
        raise ValueError(f"no metric is named {metric!r}; there are {names}")
    if not callable(metric):
        raise TypeError(
            f"a metric must be a name or a function f(y, a), not "
            f"{_checks.shown(metric)}"
        )
    name = getattr(metric, "__name__", None)
    taken = {"loss", *(known.name for known in METRICS)}
    if not isinstance(name, str) or name in taken or name.startswith("val_"):
        raise ValueError(
            "a metric of your own needs a __name__ that is not one of "
            f"{', '.join(sorted(taken))} and does not begin with val_; it is {name!r}"
        )

    def value(y: Array, a: Array, _: Array | None) -> float:
        result = metric(y, a)
        try:
            return float(result)
        except (TypeError, ValueError, OverflowError):
            raise TypeError(
                f"the metric {name} must return a number, not {_checks.shown(result)}"
            ) from None

    return Metric(name, None, value)


def _mean(values: Array, w: Array | None) -> float:
    return float(np.average(values, weights=w))


def _values(y: Array, n_outputs: int) -> Array:
    """The targets as float64 (n, K), labels one-hot; C-ordered, for the same sums."""
    values = y[:, None] == np.arange(n_outputs) if y.ndim == 1 else y
    return np.ascontiguousarray(values, dtype=np.float64)


def _error(y: Array, a: Array) -> Array:
    error: Array = a.astype(np.float64) - _values(y, a.shape[1])
    return error


def _rows_sum_to_one(y: Array) -> bool:
    return bool(np.allclose(y.sum(axis=1, dtype=np.float64), 1.0, rtol=0.0, atol=1e-3))
