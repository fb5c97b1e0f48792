"""The training loop: epochs in the core, and between them History and callbacks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from fcnn import _core
from fcnn._progress import Progress
from fcnn._types import Array
from fcnn.errors import TrainingDiverged
from fcnn.history import History

if TYPE_CHECKING:
    from fcnn._plan import Plan, Step
    from fcnn.network import Network


def run_fit(net: Network, plan: Plan) -> History:
    """Trains for the planned epochs, or until a callback asks to stop."""
    history = History(plan.names)
    with _training(net), Progress(plan.epochs, plan.progress) as progress:
        net._loss = plan.step.loss
        outputs = _new_outputs(net, plan)
        logs: dict[str, float] = {}
        for callback in plan.callbacks:
            callback.on_train_begin({})
        for epoch in range(plan.epochs):
            for callback in plan.callbacks:
                callback.on_epoch_begin(epoch, {})
            try:
                loss = _run_epoch(net, plan, outputs)
            except _core.Divergence as error:
                raise TrainingDiverged(epoch, error.args[0], history) from None
            net._epoch += 1
            logs = {"loss": loss, **_measures(net, plan, outputs)}
            history.append(logs)
            history.stop_reason = _stop_reason(net)
            for callback in plan.callbacks:
                callback.on_epoch_end(epoch, dict(logs))
            progress.update(logs)
            stopped = any(callback.stop_training for callback in plan.callbacks)
            if stopped or history.stop_reason is not None:
                break
        for callback in plan.callbacks:
            callback.on_train_end(dict(logs))
    return history


def run_step(net: Network, step: Step) -> float:
    """Makes one optimizer step over all of the rows and returns the loss before it."""
    with _training(net):
        net._loss = step.loss
        trainer = net._trainer_for(step.optimizer)
        assert isinstance(trainer, (_core.Trainer32, _core.Trainer64))  # checked  # noqa: S101
        try:
            return trainer.step(
                *step.rows.arguments(step.loss),
                step.l1,
                step.l2,
                step.clip_norm,
                step.n_threads,
            )
        except _core.Divergence as error:
            raise TrainingDiverged(None, error.args[0], History(["loss"])) from None


@contextmanager
def _training(net: Network) -> Iterator[None]:
    """Other threads, and a second fit, are refused meanwhile."""
    net._engine.begin_training()
    try:
        yield
    finally:
        net._engine.end_training()


def _new_outputs(net: Network, plan: Plan) -> Array | None:
    """Where the core writes each training row's output before its update."""
    if not plan.metrics:
        return None
    return np.empty((len(plan.train), net.sizes[-1]), net.dtype)


def _run_epoch(net: Network, plan: Plan, outputs: Array | None) -> float:
    step = plan.step
    trainer = net._trainer_for(step.optimizer)
    arguments = *step.rows.arguments(step.loss), plan.train
    if not isinstance(trainer, (_core.Trainer32, _core.Trainer64)):
        if outputs is not None:
            net._engine.evaluate(*arguments, outputs, step.n_threads)
        return trainer.iterate(*arguments, step.l1, step.l2, step.n_threads)
    return trainer.epoch(
        *arguments,
        plan.batch_size,
        plan.shuffle,
        plan.seed,
        net._epoch,
        step.l1,
        step.l2,
        step.clip_norm,
        outputs,
        step.n_threads,
    )


def _stop_reason(net: Network) -> str | None:
    """Why the solver has nothing more to do, if so."""
    return getattr(net._trainer, "finished", None) or None


def _measures(net: Network, plan: Plan, outputs: Array | None) -> dict[str, float]:
    """The metrics of the epoch's outputs, and everything of the validation rows."""
    step, result = plan.step, {}
    if outputs is not None:
        y = step.rows.targets(plan.train)
        for metric in plan.metrics:
            result[metric.name] = metric.value(y, outputs, plan.train_weight)
    if plan.validation is not None:
        measured = net._measure(
            plan.validation,
            plan.validation_rows,
            step.loss,
            plan.metrics,
            step.n_threads,
        )
        result |= {f"val_{name}": value for name, value in measured.items()}
    return result
