"""The arguments of a fit, every one checked before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import (
    _batches,
    _checks,
    _class_weight,
    _core,
    _data,
    _progress,
    checkpoint,
    config,
    optimizers,
)
from fcnn import metrics as _metrics
from fcnn._float_state import by_default
from fcnn._types import Array
from fcnn.callbacks import Callback

if TYPE_CHECKING:
    from fcnn.network import Network

DEFAULT_BATCH_SIZE = 32
_SHUFFLES = {False: 0, True: 1, "batch": 2}  # as the core counts them
_SPLIT_STREAM = 0  # of `_core.permutation`: the held-out rows of validation_split


@dataclass(frozen=True)
class Step:
    """What one optimizer step needs; a fit makes many of them."""

    rows: _data.Rows | None  # class weights multiplied in; None: batches are to come
    loss: str
    optimizer: optimizers.Optimizer
    l1: float
    l2: float
    clip_norm: float  # 0: none
    max_norm: float  # 0: none
    label_smoothing: float
    per_sample: bool  # whether the penalties are divided by the batch's sum of weights
    n_threads: int
    class_weight: Any = None  # for the batches to come

    @property
    def data(self) -> _data.Rows:
        """The rows of a step that has them."""
        if self.rows is None:
            raise RuntimeError("the batches of this fit are still to come")
        return self.rows

    def options(
        self, *, batch_size: int, shuffle: int, seed: int, epoch: int
    ) -> _core.EpochOptions:
        """The same as the core takes it, with the order and the random numbers."""
        return _core.EpochOptions(
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            epoch=epoch,
            l1=self.l1,
            l2=self.l2,
            per_sample=self.per_sample,
            clip_norm=self.clip_norm,
            max_norm=self.max_norm,
            label_smoothing=self.label_smoothing,
            n_threads=self.n_threads,
        )


@dataclass(frozen=True)
class Plan:
    """What a fit needs besides."""

    step: Step
    batches: Any  # None: rows
    train: Array  # the training rows, increasing
    train_weight: Array | None  # theirs, without class weights: for metrics
    validation: _data.Rows | None
    validation_rows: Array | None  # which rows of it; None: all
    epochs: int
    batch_size: int
    shuffle: int
    seed: int
    metrics: list[_metrics.Metric]
    callbacks: list[Callback]
    progress: str | bool
    saved: checkpoint.Saved | None  # what to resume from
    order: Callable[[], Array] | None = None  # of each epoch's rows, from outside

    @property
    @by_default
    def penalties(self) -> tuple[float, float]:
        """l1 and l2 of C over all of the training rows."""
        step = self.step
        if not step.per_sample:
            return step.l1, step.l2
        weight = step.data.weights(self.train)
        total = len(self.train) if weight is None else float(weight.sum())
        return step.l1 / total, step.l2 / total

    @property
    def n_batches(self) -> int:
        """How many batches of its rows an epoch has."""
        return -(-len(self.train) // self.batch_size)

    @property
    def names(self) -> list[str]:
        """What History records: the loss and metrics, of validation rows too."""
        names = ["loss", *(metric.name for metric in self.metrics)]
        if self.validation is not None:
            names += [f"val_{name}" for name in names]
        return names


def check_step(
    net: Network,
    X: Any,
    y: Any,
    *,
    loss: Any,
    optimizer: Any,
    sample_weight: Any,
    l1: Any,
    l2: Any,
    clip_norm: Any,
    max_norm: Any,
    label_smoothing: Any,
    penalty_per: Any,
    n_threads: Any,
    batches: Any = None,
) -> Step:
    """The arguments that `fit` and `fit_batch` have in common, class weights apart."""
    name = net._resolve_loss(loss)
    if batches is None:
        if X is None or y is None:
            raise TypeError("give X and y, or batches")
        rows = _data.check_rows(net, X, y, sample_weight, name)
    else:
        if X is not None or y is not None:
            raise TypeError("give X and y, or batches, not both")
        if sample_weight is not None:
            raise ValueError("batches bring their own weights: (X, y, sample_weight)")
        rows = None
    step = Step(
        rows=rows,
        loss=name,
        optimizer=optimizers.resolve(optimizer),
        l1=_checks.non_negative("l1", l1),
        l2=_checks.non_negative("l2", l2),
        clip_norm=_bound("clip_norm", clip_norm),
        max_norm=_bound("max_norm", max_norm),
        label_smoothing=_check_smoothing(label_smoothing, name),
        per_sample=_check_penalty_per(penalty_per),
        n_threads=config.threads(n_threads),
    )
    step.optimizer.check(net, step)
    return step


def check_fit(
    net: Network,
    given: Step,
    *,
    batches: Any,
    epochs: Any,
    batch_size: Any,
    shuffle: Any,
    validation_data: Any,
    validation_split: Any,
    class_weight: Any,
    metrics: Any,
    callbacks: Any,
    resume: Any,
    progress: Any,
    seed: Any,
) -> Plan:
    """The other arguments of `fit`; `given` is the step without class weights."""
    n_epochs = _checks.integer("epochs", epochs, 0)
    fraction = _checks.fraction("validation_split", validation_split)
    saved = None if resume is None else checkpoint.read(resume)
    net_seed = net.seed if saved is None else saved.seed
    if batches is not None:
        _refuse_beside_batches(batch_size, shuffle, fraction, class_weight)
        _batches.check(batches, n_epochs)
        _require_standardizer(net, saved)
    train, held_out = np.arange(0 if given.rows is None else len(given.rows)), None
    validation = None
    if validation_data is not None:
        if fraction > 0.0:
            raise ValueError("give validation_data or validation_split, not both")
        validation = _check_validation(net, validation_data, given.loss)
    elif fraction > 0.0:
        validation = given.data
        train, held_out = _split(len(validation), fraction, net_seed)
        _data.require_weight(
            validation.weights(held_out), "the held-out rows' sample_weight"
        )
    step = _weigh_rows(given, class_weight, train)
    order = _check_shuffle(shuffle)
    if step.optimizer.full_batch:
        _check_full_batch(net, step, batch_size, shuffle, batches)
        batch_size, order = len(train), _SHUFFLES[False]
    elif batch_size is None:
        batch_size = DEFAULT_BATCH_SIZE
    batch_size = _checks.integer("batch_size", batch_size, 1)
    plan = Plan(
        step=step,
        batches=batches,
        train=train,
        train_weight=None if given.rows is None else given.rows.weights(train),
        validation=validation,
        validation_rows=held_out,
        epochs=n_epochs,
        batch_size=batch_size if batches is not None else min(batch_size, len(train)),
        shuffle=order,
        seed=net_seed if seed is None else _checks.seed("seed", seed),
        metrics=_metrics.resolve(metrics),
        callbacks=_in_order(
            step.optimizer.callbacks(
                _check_callbacks(callbacks), validated=validation is not None
            )
        ),
        progress=_progress.check_mode(progress),
        saved=saved,
    )
    for callback in plan.callbacks:
        callback.prepare(net, {"epochs": plan.epochs, "metrics": plan.names})
    if saved is not None:
        saved.check(net, plan)
    return plan


def _weigh_rows(given: Step, class_weight: Any, train: Array) -> Step:
    """The step with class weights multiplied in, if the rows `train` keep a weight."""
    step = weigh_classes(given, class_weight, train)
    if step.rows is not None:
        weights = (
            "sample_weight" if class_weight is None else "sample_weight * class_weight"
        )
        _data.require_weight(step.rows.weights(train), weights)
    return step


def weigh_classes(step: Step, class_weight: Any, train: Array | None) -> Step:
    """The step with class weights multiplied in; "balanced" counts the rows `train`."""
    if class_weight is None:
        return step
    if step.rows is None:
        return replace(step, class_weight=class_weight)
    factors = _class_weight.factors(class_weight, step.rows, train)
    return replace(step, rows=step.rows.weighted(factors))


def _bound(name: str, value: Any) -> float:
    return 0.0 if value is None else _checks.positive(name, value)


def _check_smoothing(label_smoothing: Any, loss: str) -> float:
    smoothing = _checks.fraction("label_smoothing", label_smoothing)
    names = [info["name"] for info in _core.losses() if info["smoothed"]]
    if smoothing > 0.0 and loss not in names:
        raise ValueError(
            f"label_smoothing is for the losses {', '.join(names)}, not for {loss}"
        )
    return smoothing


def _check_penalty_per(penalty_per: Any) -> bool:
    if not isinstance(penalty_per, str) or penalty_per not in ("batch", "sample"):
        raise ValueError(
            f"penalty_per must be 'batch' or 'sample', not {_checks.shown(penalty_per)}"
        )
    return penalty_per == "sample"


def _refuse_beside_batches(
    batch_size: Any, shuffle: Any, fraction: float, class_weight: Any
) -> None:
    """Batches are as they come."""
    for name, given in (
        ("batch_size", batch_size is not None),
        ("shuffle", shuffle is not True),
        ("validation_split", fraction > 0.0),
        ("class_weight='balanced'", isinstance(class_weight, str)),
    ):
        if given:
            raise ValueError(f"{name} has no meaning beside batches")


def _require_standardizer(net: Network, saved: checkpoint.Saved | None) -> None:
    if net._architecture.standardize and net.standardizer is None and saved is None:
        raise ValueError(
            "a network with standardize=True learns from rows X, not from batches: fit "
            "it to some rows first, or set net.standardizer"
        )


def _check_validation(net: Network, data: Any, loss: str) -> _data.Rows:
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        raise ValueError(
            "validation_data must be (X, y) or (X, y, sample_weight), not "
            f"{_checks.shown(data)}"
        )
    X, y, *weight = data
    sample_weight = weight[0] if weight else None
    rows = _data.check_rows(net, X, y, sample_weight, loss, "validation ")
    _data.require_weight(rows.weight, "validation sample_weight")
    return rows


@by_default
def _split(n: int, fraction: float, seed: int) -> tuple[Array, Array]:
    """The training rows and the held-out ones; they depend on seed and n alone."""
    count = max(1, round(n * fraction))
    if count >= n:
        raise ValueError(
            f"validation_split={fraction} of {n} rows leaves none to train on"
        )
    order = _core.permutation(n, seed, _SPLIT_STREAM)
    held_out = np.zeros(n, dtype=bool)
    held_out[order[:count]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _check_shuffle(shuffle: Any) -> int:
    if isinstance(shuffle, str):
        if shuffle != "batch":
            raise ValueError(f"shuffle must be True, False or 'batch', not {shuffle!r}")
        return _SHUFFLES["batch"]
    return _SHUFFLES[_checks.flag("shuffle", shuffle)]


def _check_full_batch(
    net: Network, step: Step, batch_size: Any, shuffle: Any, batches: Any
) -> None:
    kind = type(step.optimizer).__name__
    if net._architecture.has_noise:
        raise ValueError(
            f"{kind} needs the same C in each epoch: dropout and input_noise must be 0"
        )
    if batches is not None:
        raise ValueError(f"{kind} needs every row at once: give X and y, not batches")
    if batch_size is not None:
        raise ValueError(
            f"{kind} takes every row in each epoch: batch_size must be None, not "
            f"{_checks.shown(batch_size)}"
        )
    if shuffle == "batch":
        raise ValueError(f"{kind} takes every row at once: shuffle='batch' is no order")


def _check_callbacks(callbacks: Any) -> list[Callback]:
    if isinstance(callbacks, Callback):
        return [callbacks]
    if not isinstance(callbacks, Iterable):
        raise TypeError(
            f"callbacks must be a sequence of Callback, not {_checks.shown(callbacks)}"
        )
    found = list(callbacks)
    for callback in found:
        if not isinstance(callback, Callback):
            raise TypeError(
                "a callback must be an object of a subclass of fcnn.Callback, not "
                f"{_checks.shown(callback)}"
            )
    return found


def _in_order(callbacks: list[Callback]) -> list[Callback]:
    """What writes checkpoints comes last: it keeps what the others have noted."""
    return sorted(callbacks, key=lambda c: isinstance(c, checkpoint.Checkpoint))
