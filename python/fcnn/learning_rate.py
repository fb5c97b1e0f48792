"""The learning-rate range test: which rates train, before a fit is begun."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _checks, _core, _data, _plan, _standardize, optimizers
from fcnn._base import NetworkBase
from fcnn._float_state import by_default
from fcnn._types import Array, Inputs
from fcnn.errors import TrainingDiverged
from fcnn.schedules import Exponential

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from fcnn.network import Network
    from fcnn.optimizers import Optimizer

_MOST_STEPS = 10**9
_FIRST_STREAM = 1  # of `_core.permutation`; 0 is validation_split's


@dataclass(frozen=True, eq=False)
class LRRangeTest:
    """What `lr_range_test` found: loss over learning rate, step by step.

    Attributes
    ----------
    lr : ndarray of shape (n,)
        The rate of each step made, increasing; n is less than the steps asked for where
        the test was stopped.
    loss : ndarray of shape (n,)
        The loss of each step's mini-batch, before the step.
    smoothed_loss : ndarray of shape (n,)
        Its exponential moving average, without the bias towards its start.

    Examples
    --------
    >>> import fcnn
    >>> import numpy as np
    >>> lr = np.array([0.001, 0.01, 0.1, 1.0])
    >>> loss = np.array([1.0, 0.9, 0.5, 3.0])
    >>> found = fcnn.LRRangeTest(lr, loss, smoothed_loss=loss)
    >>> found
    LRRangeTest(4 rates from 0.001 to 1, suggestion 0.01)
    """

    lr: Array
    loss: Array
    smoothed_loss: Array

    @property
    def suggestion(self) -> float | None:
        """The rate at which the smoothed loss falls most steeply over log lr.

        The slope is taken over a tenth of the steps to either side, so that it is not
        the noise of a few mini-batches. None if the loss never falls.
        """
        w = max(1, len(self.lr) // 10)
        if len(self.lr) <= 2 * w:
            return None
        loss, log_lr = self.smoothed_loss, np.log(self.lr)
        slope = (loss[2 * w :] - loss[: -2 * w]) / (log_lr[2 * w :] - log_lr[: -2 * w])
        steepest = int(np.argmin(slope))
        return float(self.lr[steepest + w]) if slope[steepest] < 0.0 else None

    def plot(self, ax: Any = None) -> Any:
        """Draws the losses over the rates, with the suggestion.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default a new figure's; that needs matplotlib (``pip install
            'fcnn[plot]'``).

        Returns
        -------
        matplotlib Axes
        """
        from fcnn.plot import _axes

        ax = _axes.one(ax)
        ax.plot(self.lr, self.loss, alpha=0.3, label="loss")
        ax.plot(self.lr, self.smoothed_loss, label="smoothed loss")
        if self.suggestion is not None:
            label = f"suggestion {self.suggestion:.2g}"
            ax.axvline(
                self.suggestion, color=_axes.text_color(), linestyle=":", label=label
            )
        lowest = self.smoothed_loss.min()
        fallen = self.smoothed_loss[0] - lowest
        if fallen > 0.0:  # the explosion at the end would leave no room for the rest
            ax.set_ylim(lowest - 0.5 * fallen, lowest + 2.0 * fallen)
        ax.set_xscale("log")
        ax.set_xlabel("learning rate")
        ax.set_ylabel("loss of the mini-batch")
        ax.legend()
        return ax

    def __repr__(self) -> str:
        found = "none" if self.suggestion is None else f"{self.suggestion:.3g}"
        return (
            f"LRRangeTest({len(self.lr)} rates from {self.lr[0]:.3g} to "
            f"{self.lr[-1]:.3g}, suggestion {found})"
        )


def lr_range_test(
    net: Network,
    X: Inputs,
    y: ArrayLike,
    *,
    min_lr: float = 1e-6,
    max_lr: float = 1.0,
    steps: int = 100,
    batch_size: int | None = None,
    optimizer: str | Optimizer = "adam",
    loss: str | None = None,
    sample_weight: ArrayLike | None = None,
    smoothing: float = 0.9,
    stop_factor: float = 4.0,
    seed: int | None = None,
    **options: Any,
) -> LRRangeTest:
    r"""Trains a copy of a network at rising learning rates, and records the losses.

    The rate of step t = 0 .. steps - 1 is

    .. math::
        \eta_t = \mathrm{min\_lr} \,
        (\mathrm{max\_lr} / \mathrm{min\_lr})^{t / (\mathrm{steps} - 1)}.

    The loss falls where the rate is large enough to train, and rises where it is too
    large; a rate somewhat below, where it falls most steeply, is worth a try, and the
    highest of `schedules.OneCycle` may lie above. The network is left as it was.

    Parameters
    ----------
    net : Network
        The network to copy.
    X, y, loss, sample_weight
        As for `Network.fit`. Rows of weight 0 are left out.
    min_lr, max_lr : float, default 1e-6 and 1.0
        The first and the last rate, above 0.
    steps : int, default 100
        How many mini-batches to train on, at least 2; once all rows were taken, they
        are shuffled anew.
    batch_size : int, optional
        32, as for `Network.fit`.
    optimizer : str or Optimizer, default "adam"
        Its own learning rate is not used. A rate found with one optimizer says nothing
        of another.
    smoothing : float, default 0.9
        beta of the moving average :math:`m \leftarrow \beta m + (1 - \beta) C`,
        :math:`\hat m = m / (1 - \beta^{t+1})`; at least 0 and below 1.
    stop_factor : float, default 4.0
        Stop where the smoothed loss is so many times its best, above 1. (For losses
        below 0: where it is above the best by ``stop_factor - 1`` times its size.)
    seed : int, optional
        Of the shuffles; by default the network's.
    **options
        Further arguments of `Network.fit_batch`, such as ``l2`` and ``clip_norm``.

    Returns
    -------
    LRRangeTest
        With ``suggestion`` and ``plot()``.

    Raises
    ------
    TypeError, ValueError
        As for `Network.fit_batch`; if the rates or `steps` are not as stated above, or
        the optimizer takes no schedule.
    TrainingDiverged
        If the very first step diverges.
    RuntimeError
        If another thread is training the network.

    References
    ----------
    L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017,
    https://arxiv.org/abs/1506.01186

    Examples
    --------
    >>> import fcnn
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> net = fcnn.Network([3, 16, 1], "tanh", "identity", seed=0)
    >>> found = fcnn.lr_range_test(net, X, X.sum(axis=1), optimizer="sgd")
    >>> 0.01 < found.suggestion < 1.0
    True
    """
    _checks.instance("net", net, NetworkBase)
    steps = _checks.integer("steps", steps, 2)
    if steps > _MOST_STEPS:
        raise ValueError(f"steps must be at most {_MOST_STEPS}")
    schedule = _rising(min_lr, max_lr, steps)
    beta = _checks.fraction("smoothing", smoothing)
    if (factor := _checks.real("stop_factor", stop_factor)) <= 1.0:
        raise ValueError(f"stop_factor must be above 1, not {factor}")
    if batch_size is None:
        batch_size = _plan.DEFAULT_BATCH_SIZE
    batch_size = _checks.integer("batch_size", batch_size, 1)
    seed = net.seed if seed is None else _checks.seed("seed", seed)
    options |= {
        "loss": net._resolve_loss(loss),
        "optimizer": _with(optimizer, schedule),
    }
    rows = _data.check_rows(net, X, y, sample_weight, options["loss"])
    _data.require_weight(rows.weight)

    twin = net.copy()
    twin.reset_optimizer()
    if net._architecture.standardize and net.standardizer is None:
        every = np.arange(len(rows))
        twin.standardizer = _standardize.learn(
            net._architecture, rows, every, rows.weight
        )
    losses: list[float] = []
    smoothed: list[float] = []
    mean = 0.0  # m of the docstring
    for t, chosen in zip(range(steps), _batches(rows, batch_size, seed), strict=False):
        try:
            losses.append(_step(twin, rows, chosen, options))
        except TrainingDiverged:
            if t == 0:
                raise
            break
        mean, corrected = _smoothed(mean, beta, losses[-1], t)
        smoothed.append(corrected)
        if _is_above(corrected, min(smoothed), factor):
            break
    rates = [schedule(t) for t in range(len(losses))]
    return LRRangeTest(np.array(rates), np.array(losses), np.array(smoothed))


@by_default
def _smoothed(mean: float, beta: float, loss: float, t: int) -> tuple[float, float]:
    """The running mean, and what it is without its start at 0."""
    mean = beta * mean + (1.0 - beta) * loss
    return mean, mean / (1.0 - beta ** (t + 1))


@by_default
def _is_above(value: float, best: float, factor: float) -> bool:
    return value > best + (factor - 1.0) * abs(best)


@by_default
def _rising(min_lr: Any, max_lr: Any, steps: int) -> Exponential:
    """From min_lr at t = 0 to max_lr at t = steps - 1."""
    low, high = _checks.positive("min_lr", min_lr), _checks.positive("max_lr", max_lr)
    if not low < high:
        raise ValueError(f"min_lr must be below max_lr = {high}, not {low}")
    if not math.isfinite(high / low):
        raise ValueError(f"max_lr / min_lr must be finite, not {high} / {low}")
    return Exponential(low, (high / low) ** (1.0 / (steps - 1)))


def _with(optimizer: Any, schedule: Exponential) -> Optimizer:
    """The optimizer with another learning rate."""
    given: Any = optimizers.resolve(optimizer)
    if not given.takes_schedule:
        raise ValueError(f"{given.name} takes no schedule of learning rates")
    changed: Optimizer = replace(given, lr=schedule)
    return changed


def _batches(rows: _data.Rows, batch_size: int, seed: int) -> Iterator[Array]:
    """The rows of each mini-batch, without end: as in a fit, shuffled each epoch."""
    chosen = np.arange(len(rows.Y))
    if rows.weight is not None:
        chosen = chosen[rows.weight > 0.0]
    for stream in itertools.count(_FIRST_STREAM):
        order = _core.permutation(len(chosen), seed, stream)
        for first in range(0, len(order), batch_size):
            yield chosen[order[first : first + batch_size]]


def _step(
    net: Network, rows: _data.Rows, chosen: Array, options: dict[str, Any]
) -> float:
    X: Any = rows.X[chosen]
    weight = rows.weights(chosen)
    try:
        return net.fit_batch(X, rows.targets(chosen), sample_weight=weight, **options)
    except ValueError as error:
        error.add_note(f"(row numbers are of the mini-batch of the rows {chosen})")
        raise
