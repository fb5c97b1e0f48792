"""The arguments of a fit, every one checked before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _checks, _class_weight, _core, _data, _progress, config, optimizers
from fcnn import metrics as _metrics
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

    rows: _data.Rows  # class weights multiplied in
    loss: str
    optimizer: optimizers.Optimizer
    l1: float
    l2: float
    clip_norm: float  # 0: none
    n_threads: int


@dataclass(frozen=True)
class Plan:
    """What a fit needs besides."""

    step: Step
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
    n_threads: Any,
) -> Step:
    """The arguments that `fit` and `fit_batch` have in common, class weights apart."""
    name = net._resolve_loss(loss)
    clip = 0.0 if clip_norm is None else _checks.positive("clip_norm", clip_norm)
    step = Step(
        rows=_data.check_rows(net, X, y, sample_weight, name),
        loss=name,
        optimizer=optimizers.resolve(optimizer),
        l1=_checks.non_negative("l1", l1),
        l2=_checks.non_negative("l2", l2),
        clip_norm=clip,
        n_threads=config.threads(n_threads),
    )
    step.optimizer.check(net, step)
    return step


def check_fit(
    net: Network,
    given: Step,
    *,
    epochs: Any,
    batch_size: Any,
    shuffle: Any,
    validation_data: Any,
    validation_split: Any,
    class_weight: Any,
    metrics: Any,
    callbacks: Any,
    progress: Any,
    seed: Any,
) -> Plan:
    """The other arguments of `fit`; `given` is the step without class weights."""
    rows = given.rows
    fraction = _checks.fraction("validation_split", validation_split)
    train, held_out = np.arange(len(rows.X)), None
    validation = None
    if validation_data is not None:
        if fraction > 0.0:
            raise ValueError("give validation_data or validation_split, not both")
        validation = _check_validation(net, validation_data, given.loss)
    elif fraction > 0.0:
        validation = rows
        train, held_out = _split(len(rows.X), fraction, net.seed)
        _data.require_weight(rows.weights(held_out), "the held-out rows' sample_weight")
    step = weigh_classes(given, class_weight, train)
    weights = (
        "sample_weight" if class_weight is None else "sample_weight * class_weight"
    )
    _data.require_weight(step.rows.weights(train), weights)
    order = _check_shuffle(shuffle)
    if step.optimizer.full_batch:
        _check_full_batch(step.optimizer, batch_size, shuffle)
        batch_size, order = len(train), _SHUFFLES[False]
    elif batch_size is None:
        batch_size = DEFAULT_BATCH_SIZE
    plan = Plan(
        step=step,
        train=train,
        train_weight=rows.weights(train),
        validation=validation,
        validation_rows=held_out,
        epochs=_checks.integer("epochs", epochs, 0),
        batch_size=min(_checks.integer("batch_size", batch_size, 1), len(train)),
        shuffle=order,
        seed=net.seed if seed is None else _checks.seed("seed", seed),
        metrics=_metrics.resolve(metrics),
        callbacks=step.optimizer.callbacks(
            _check_callbacks(callbacks), validated=validation is not None
        ),
        progress=_progress.check_mode(progress),
    )
    for callback in plan.callbacks:
        callback.prepare(net, {"epochs": plan.epochs, "metrics": plan.names})
    return plan


def weigh_classes(step: Step, class_weight: Any, train: Array | None) -> Step:
    """The step with class weights multiplied in; "balanced" counts the rows `train`."""
    if class_weight is None:
        return step
    factors = _class_weight.factors(class_weight, step.rows, train)
    return replace(step, rows=step.rows.weighted(factors))


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


def _split(n: int, fraction: float, seed: int) -> tuple[Array, Array]:
    """The training rows and the held-out ones; they depend on seed and n alone."""
    count = max(1, round(n * fraction))
    if count >= n:
        raise ValueError(
            f"validation_split={fraction} of {n} rows leaves none to train on"
        )
    order = _core.permutation(n, seed, _SPLIT_STREAM)
    return np.sort(order[count:]), np.sort(order[:count])


def _check_shuffle(shuffle: Any) -> int:
    if isinstance(shuffle, str):
        if shuffle != "batch":
            raise ValueError(f"shuffle must be True, False or 'batch', not {shuffle!r}")
        return _SHUFFLES["batch"]
    return _SHUFFLES[_checks.flag("shuffle", shuffle)]


def _check_full_batch(
    optimizer: optimizers.Optimizer, batch_size: Any, shuffle: Any
) -> None:
    kind = type(optimizer).__name__
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
