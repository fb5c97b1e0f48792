"""The training of an estimator's network: `Network.fit` in scikit-learn's order."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from fcnn import TrainingDiverged, _data, _plan, training
from fcnn._types import Array
from fcnn.sklearn import _solvers
from fcnn.sklearn._record import Record, Rows

if TYPE_CHECKING:
    from fcnn.callbacks import Callback
    from fcnn.history import History
    from fcnn.network import Network
    from fcnn.sklearn._base import BaseMLP


def order_of(
    rows: Array, random_state: np.random.RandomState | None
) -> Callable[[], Array]:
    """The order of each epoch: the last one's shuffled, as scikit-learn draws it."""
    order = rows

    def next_order() -> Array:
        nonlocal order
        if random_state is not None:
            drawn = np.arange(len(order))
            random_state.shuffle(drawn)
            order = order[drawn]
        return order

    return next_order


def fit(
    mlp: BaseMLP,
    net: Network,
    data: Rows,
    train: Array,
    validation: Rows | None,
    random_state: np.random.RandomState,
    *,
    incremental: bool,
) -> None:
    """Trains `net` on the rows `train` and fills the estimator's attributes."""
    solver = _solvers.optimizer(mlp)
    weight = None if data.weight is None else data.weight[train]
    _data.require_weight(weight, "the weight of the training rows")
    record = Record(
        mlp,
        solver,
        0 if mlp.solver == "lbfgs" else len(train),
        len(train) if weight is None else float(weight.sum()),
        validation,
    )
    callbacks = mlp._callback_list()
    plan = replace(
        _checked_plan(mlp, net, record, data, callbacks, incremental=incremental),
        train=train,
        train_weight=weight,
    )
    if solver.full_batch:
        plan = replace(plan, batch_size=len(train))
    else:
        order = order_of(train, random_state if mlp.shuffle else None)
        plan = replace(plan, batch_size=_batch_size(mlp, len(train)), order=order)
    if not incremental:
        net.reset_optimizer()
    _begin(mlp, record)
    history: History | None = None
    interrupted = False
    try:
        history = training.run_fit(net, plan)
    except KeyboardInterrupt:
        interrupted = True
    except TrainingDiverged as error:
        _note_divergence(mlp, record, error)
    if record.best is not None:
        net.parameters[...] = record.best
    if _solvers.ends_by_itself(solver) and mlp.n_iter_:
        mlp.loss_ = record.final_loss(net, data)
        mlp.best_loss_ = min(mlp.best_loss_, mlp.loss_)
    if interrupted:
        warnings.warn("Training interrupted by user.", stacklevel=4)
    elif history is None:
        warnings.warn(
            f"Training diverged in iteration {mlp.n_iter_} and was stopped; the "
            "parameters with the best validation score are kept.",
            ConvergenceWarning,
            stacklevel=4,
        )
    elif not incremental and not any(c.stop_training for c in callbacks):
        _warn_unless_converged(mlp, record, history)


def _checked_plan(
    mlp: BaseMLP,
    net: Network,
    record: Record,
    data: Rows,
    callbacks: list[Callback],
    *,
    incremental: bool,
) -> _plan.Plan:
    """The estimator's parameters as arguments of a fit over all rows, checked."""
    step = _plan.check_step(
        net,
        data.X,
        data.Y,
        loss=mlp._loss_name,
        optimizer=record.solver,
        sample_weight=data.weight,
        l1=0.0,
        l2=float(mlp.alpha),
        clip_norm=None,
        max_norm=None,
        label_smoothing=0.0,
        penalty_per="sample",
        n_threads=_solvers.threads(mlp.n_jobs),
    )
    monitored = record.validation is not None and callbacks
    return _plan.check_fit(
        net,
        step,
        batches=None,
        epochs=1 if incremental else int(mlp.max_iter),
        batch_size=None,
        shuffle=False,
        validation_data=_as_tuple(record.validation) if monitored else None,
        validation_split=0.0,
        class_weight=None,
        metrics=(),
        callbacks=[record, *callbacks],
        resume=None,
        progress=False,
        seed=None,
    )


def _begin(mlp: BaseMLP, record: Record) -> None:
    """The attributes that go on from the last fit, if this one is to note them."""
    mlp.n_iter_ = 0
    if record.stops_early:
        mlp.best_loss_ = None
    elif mlp.best_loss_ is None:
        mlp.best_loss_ = np.inf
    if record.validation is not None and mlp.validation_scores_ is None:
        mlp.validation_scores_, mlp.best_validation_score_ = [], -np.inf


def _as_tuple(rows: Rows | None) -> tuple[Any, ...] | None:
    return None if rows is None else (rows.X, rows.Y, rows.weight)


def _batch_size(mlp: BaseMLP, n: int) -> int:
    if isinstance(mlp.batch_size, str):
        return min(200, n)
    if mlp.batch_size > n:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to "
            "be clipped",
            stacklevel=5,
        )
    return min(int(mlp.batch_size), n)


def _note_divergence(mlp: BaseMLP, record: Record, error: TrainingDiverged) -> None:
    """With early stopping the best epoch stays; else the fit has failed."""
    if record.best is None or not np.isfinite(mlp.best_validation_score_):
        raise ValueError(
            "Solver produced non-finite parameter weights. The input data may contain "
            f"large values and need to be preprocessed. (In detail: {error})"
        ) from error
    mlp.n_iter_ += 1
    mlp.loss_ = float("nan")
    mlp.loss_curve_.append(mlp.loss_)
    mlp.validation_scores_.append(float("nan"))


def _warn_unless_converged(mlp: BaseMLP, record: Record, history: History) -> None:
    if not _solvers.ends_by_itself(record.solver):
        if mlp.n_iter_ == mlp.max_iter and not record.converged:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({mlp.max_iter}) reached "
                "and the optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=5,
            )
        return
    # where max_fun ended it, as SciPy has it, that counts before convergence
    if history.stop_reason is None or record.stop_training:
        limit = f"max_iter={mlp.max_iter}"
        if record.stop_training:
            limit = f"max_fun={mlp.max_fun}"
        warnings.warn(
            f"{record.solver.name} failed to converge after {mlp.n_iter_} "
            f"iteration(s) (status=1): {limit} reached. Increase it to improve the "
            "convergence, or scale the data as shown in "
            "https://scikit-learn.org/stable/modules/preprocessing.html",
            ConvergenceWarning,
            stacklevel=5,
        )
