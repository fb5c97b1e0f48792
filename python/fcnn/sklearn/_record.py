"""What goes on between the epochs: scikit-learn's curves, scores and stopping rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from fcnn import _core
from fcnn._types import Array
from fcnn.callbacks import Callback
from fcnn.sklearn import _solvers

if TYPE_CHECKING:
    from fcnn.network import Network
    from fcnn.optimizers import Optimizer
    from fcnn.sklearn._base import BaseMLP

_LEAST_RATE = 1e-6  # of learning_rate="adaptive"


@dataclass
class Rows:
    """Checked rows: X, the targets as the network learns them, the weights."""

    X: Any
    Y: Array
    weight: Array | None

    def chosen(self, rows: Array) -> Rows:
        """Some of them."""
        weight = None if self.weight is None else self.weight[rows]
        return Rows(self.X[rows], self.Y[rows], weight)


class Record(Callback):
    """Notes each epoch in the estimator, and ends the fit by scikit-learn's rules.

    A fit has come to its end when `n_iter_no_change` epochs one after the other have
    not improved by `tol`: the loss, or with `early_stopping` the validation score.
    """

    def __init__(
        self,
        mlp: BaseMLP,
        solver: Optimizer,
        n_rows: int,
        sum_of_weights: float,
        validation: Rows | None,
    ) -> None:
        self.mlp = mlp
        self.solver = solver
        self.n_rows = n_rows
        self.sum_of_weights = sum_of_weights
        self.validation = validation
        self.stops_early = (
            mlp.early_stopping
            and validation is not None
            and not _solvers.ends_by_itself(solver)
        )
        self.converged = False
        self.best: Array | None = None  # theta, of early stopping
        self._penalty_before = 0.0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
        """Keeps theta, to go back to if no epoch is any better."""
        if self.stops_early:
            self.best = self.network.parameters.copy()

    def on_epoch_begin(
        self,
        epoch: int,  # noqa: ARG002
        logs: Mapping[str, float] | None = None,  # noqa: ARG002
    ) -> None:
        """Notes what the loss before a solver's step has of penalties."""
        if self.mlp._outputs_of_mean > 1 and _solvers.ends_by_itself(self.solver):
            self._penalty_before = self._penalty()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
        """Brings the estimator's attributes up to date."""
        mlp = self.mlp
        mlp.n_iter_ += 1
        mlp.t_ += self.n_rows
        mlp.loss_ = self._shown_loss((logs or {})["loss"])
        mlp.loss_curve_.append(mlp.loss_)
        say(mlp, f"Iteration {mlp.n_iter_}, loss = {mlp.loss_:.8f}")
        if self.validation is not None:
            self._score(self.validation)
        if not self.stops_early:
            self._count(improved=mlp.loss_ <= mlp.best_loss_ - mlp.tol)
            mlp.best_loss_ = min(mlp.best_loss_, mlp.loss_)
        if _solvers.ends_by_itself(self.solver):
            self._end_of_evaluations()
            return
        if mlp.solver == "sgd" and mlp.learning_rate == "invscaling":
            rate = mlp.learning_rate_init / (mlp.t_ + 1) ** mlp.power_t
            set_learning_rate(self.network, rate)
        if mlp._no_improvement_count > mlp.n_iter_no_change:
            self._end_or_slow_down()

    def _shown_loss(self, loss: float) -> float:
        """The epoch's loss as scikit-learn reports it.

        That is the mean over its rows, whatever their weights, of the loss of each
        one's batch; and over the outputs of what is trained on as their sum.
        """
        trainer, penalty = self.network._trainer, self._penalty_before
        if isinstance(trainer, (_core.Trainer32, _core.Trainer64)):
            rows, sum_of_losses, sum_of_penalties = trainer.row_sums
            loss, penalty = sum_of_losses / rows, sum_of_penalties / rows
        n_outputs = self.mlp._outputs_of_mean
        if n_outputs == 1:
            return float(loss)
        return float((loss - penalty) / n_outputs + penalty)

    def _penalty(self) -> float:
        """alpha / 2 ||W||^2 / sum w, of all rows."""
        squares = sum(float(np.square(W).sum()) for W in self.mlp.coefs_)
        return self.mlp.alpha / 2 * squares / self.sum_of_weights

    def final_loss(self, net: Network, data: Rows) -> float:
        """What a solver has reached: an epoch's loss is that before its step."""
        loss = net.evaluate(data.X, data.Y, sample_weight=data.weight)["loss"]
        return float(loss / self.mlp._outputs_of_mean + self._penalty())

    def _score(self, rows: Rows) -> None:
        mlp = self.mlp
        outputs = self.network.predict(rows.X)
        score = float("nan")
        if np.isfinite(outputs).all():
            score = mlp._score_of_outputs(outputs, rows)
        mlp.validation_scores_.append(score)
        say(mlp, f"Validation score: {score:f}")
        if self.stops_early:
            self._count(improved=not score < mlp.best_validation_score_ + mlp.tol)
        if score > mlp.best_validation_score_:
            mlp.best_validation_score_ = score
            if self.best is not None:
                self.best[...] = self.network.parameters

    def _count(self, *, improved: bool) -> None:
        mlp = self.mlp
        mlp._no_improvement_count = 0 if improved else mlp._no_improvement_count + 1

    def _end_of_evaluations(self) -> None:
        """Ends a fit of solver="lbfgs" that has evaluated the loss often enough."""
        solver = self.network._trainer
        if self.mlp.solver == "lbfgs" and isinstance(
            solver, (_core.LBFGS32, _core.LBFGS64)
        ):
            self.stop_training = solver.evaluations > self.mlp.max_fun

    def _end_or_slow_down(self) -> None:
        mlp = self.mlp
        what = "Validation score" if self.stops_early else "Training loss"
        reason = (
            f"{what} did not improve more than tol={mlp.tol:f} for "
            f"{mlp.n_iter_no_change} consecutive epochs."
        )
        if mlp.solver == "sgd" and mlp.learning_rate == "adaptive":
            rate = cast("float", self.network.learning_rate)
            if rate > _LEAST_RATE:
                set_learning_rate(self.network, rate / 5)
                mlp._no_improvement_count = 0
                say(mlp, f"{reason} Setting learning rate to {rate / 5:f}")
                return
            reason += " Learning rate too small."
        say(mlp, f"{reason} Stopping.")
        self.stop_training = self.converged = True


def say(mlp: BaseMLP, text: str) -> None:
    """Prints if the estimator is verbose."""
    if mlp.verbose:
        print(text)  # noqa: T201


def set_learning_rate(net: Network, rate: float) -> None:
    """Changes the rate of SGD and leaves the velocity as it is, as scikit-learn does.

    fcnn's velocity v (PyTorch's) is scaled by the rate when it is used; scikit-learn's
    (Keras's) is -rate v, which a change of the rate does not touch.
    """
    trainer = cast("_core._Trainer", net._trainer)
    old = trainer.learning_rate
    trainer.set_learning_rate(rate)
    state = trainer.state()
    state["moments"] = [velocity * (old / rate) for velocity in state["moments"]]
    trainer.set_state(state)
