"""The training loop: batches in the core, and between them History and callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from fcnn import _core, _standardize
from fcnn._float_state import by_default
from fcnn._progress import Progress
from fcnn._run import Run
from fcnn.errors import TrainingDiverged
from fcnn.history import History

if TYPE_CHECKING:
    from fcnn._plan import Plan, Step
    from fcnn.network import Network

# The random numbers of fit_batch's steps: beyond those of all epochs.
_STREAM = 1 << 31


def run_fit(net: Network, plan: Plan) -> History:
    """Trains for the planned epochs, or until a callback asks to stop."""
    # no context manager of Python's, which a signal can end before its `finally`
    training = net._engine.begin_training()
    try:
        return _fit(net, plan)
    finally:
        training.end()


def run_step(net: Network, step: Step) -> float:
    """Makes one optimizer step over all of the rows and returns the loss before it."""
    if net._architecture.standardize and net.standardizer is None:
        raise ValueError(
            "a network with standardize=True learns from the rows of its first fit: "
            "fit it to some first, or set net.standardizer"
        )
    training = net._engine.begin_training()
    try:
        return _step(net, step)
    finally:
        training.end()


def _fit(net: Network, plan: Plan) -> History:
    run = Run(net, plan)
    with run.nothing_changed_without_a_step():
        if plan.saved is not None:
            run.restore(plan.saved)
            if run.is_over:
                run.restore_callbacks(plan.saved)
                return run.history
        _begin(net, plan)
        for callback in plan.callbacks:
            callback.on_train_begin({})
        if plan.saved is not None:
            run.restore_callbacks(plan.saved)
        with Progress(plan.epochs - run.epoch, plan.progress) as progress:
            while run.goes_on:
                progress.update(run.train_epoch())
        run.finish()
    return run.history


def _step(net: Network, step: Step) -> float:
    before = net._loss, net._optimizer, net._trainer
    options = step.options(
        batch_size=len(step.data),
        shuffle=0,
        seed=net.seed,
        epoch=_STREAM | (net._stream_steps & (_STREAM - 1)),
    )
    try:
        net._loss = step.loss
        # `fit_batch` has refused the solvers
        trainer = cast("_core._Trainer", net._trainer_for(step.optimizer))
        loss, weight = trainer.step(*step.data.arguments(step.loss), options, 0, None)
    except Exception as error:  # but for Ctrl-C: the step may have been made
        net._loss, net._optimizer, net._trainer = before
        if isinstance(error, _core.Divergence):
            history = History(["loss"])
            raise TrainingDiverged(None, error.args[0], history) from None
        raise
    net._stream_steps += 1
    return _mean(loss, weight)


@by_default
def _mean(total: float, weight: float) -> float:
    return total / weight if weight > 0.0 else 0.0


def _begin(net: Network, plan: Plan) -> None:
    """What must be settled before the first hook: loss, optimizer, standardizer."""
    net._loss = plan.step.loss
    net._trainer_for(plan.step.optimizer)  # so that hooks may set the learning rate
    architecture = net._architecture
    if architecture.standardize and net.standardizer is None:
        learned = _standardize.learn(
            architecture, plan.step.data, plan.train, plan.train_weight
        )
        net._set_standardizer(learned)
