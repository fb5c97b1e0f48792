"""The parameters of the estimators, as they are given and as they are checked."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, Options, StrOptions

from fcnn import _checks, checkpoint
from fcnn._types import Array
from fcnn.callbacks import Callback
from fcnn.optimizers import Optimizer
from fcnn.sklearn import _solvers

if TYPE_CHECKING:
    from fcnn import Network
    from fcnn.sklearn._record import Rows


def _at_least(low: float, kind: type = Real) -> Interval:
    return Interval(kind, low, None, closed="left")


_ABOVE_0 = Interval(Real, 0, None, closed="neither")
_FRACTION = Interval(Real, 0, 1, closed="left")


class Parameters(BaseEstimator):
    """What the estimators are told, and the attributes that a fit sets."""

    _parameter_constraints: Mapping[str, list[Any]] = {
        "loss": [str],
        "hidden_layer_sizes": ["array-like", _at_least(1, Integral)],
        "activation": [str, list, tuple],
        "solver": [str, Optimizer],
        "alpha": [_at_least(0)],
        "batch_size": [StrOptions({"auto"}), _at_least(1, Integral)],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [_ABOVE_0],
        "power_t": [_at_least(0)],
        "max_iter": [_at_least(1, Integral)],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [_at_least(0)],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [_FRACTION],
        "beta_1": [_FRACTION],
        "beta_2": [_FRACTION],
        "epsilon": [_ABOVE_0],
        "n_iter_no_change": [_at_least(1, Integral), Options(Real, {np.inf})],
        "max_fun": [_at_least(1, Integral)],
        "dropout": [_FRACTION, list, tuple],
        "callbacks": [Callback, list, tuple],
        "n_jobs": [None, Integral],
    }

    if TYPE_CHECKING:
        hidden_layer_sizes: Any
        activation: Any
        solver: Any
        loss: Any
        learning_rate: str
        batch_size: Any
        alpha: float
        learning_rate_init: float
        power_t: float
        tol: float
        momentum: float
        beta_1: float
        beta_2: float
        epsilon: float
        validation_fraction: float
        max_iter: int
        max_fun: int
        n_iter_no_change: float
        shuffle: bool
        warm_start: bool
        early_stopping: bool
        nesterovs_momentum: bool
        verbose: Any
        random_state: Any
        dropout: Any
        callbacks: Any
        n_jobs: Any
        coefs_: list[Array]
        intercepts_: list[Array]
        network_: Network
        _made_for: dict[str, Any]
        _views: list[Array]
        loss_: float
        loss_curve_: list[float]
        best_loss_: Any
        validation_scores_: Any
        best_validation_score_: Any
        n_iter_: int
        t_: int
        n_layers_: int
        n_outputs_: int
        n_features_in_: int
        out_activation_: str
        _no_improvement_count: int

    def _set_parameters(self, given: dict[str, Any]) -> None:
        """Keeps the arguments of __init__ as they are, as `clone` needs them."""
        for name, value in given.items():
            if name != "self":
                setattr(self, name, value)

    # ---- what a subclass knows ----

    def _score_of_outputs(self, outputs: Array, rows: Rows) -> float:
        """The validation score: accuracy or R^2."""
        raise NotImplementedError

    @property
    def _output(self) -> str:
        """The output activation, by fcnn's name."""
        raise NotImplementedError

    @property
    def _loss_name(self) -> str:
        """fcnn's name of the loss that is trained on."""
        raise NotImplementedError

    @property
    def _outputs_of_mean(self) -> int:
        """By how many outputs the loss that is reported is the one trained on."""
        return 1

    # ---- parameters that are more than numbers ----

    def _hidden_sizes(self) -> list[int]:
        given = self.hidden_layer_sizes
        sizes = list(given) if hasattr(given, "__iter__") else [given]
        return [_checks.integer("a size of hidden_layer_sizes", n, 1) for n in sizes]

    @property
    def _solver(self) -> Optimizer:
        return _solvers.optimizer(self)

    def _callback_list(self) -> list[Callback]:
        """The callbacks given, but those that make no sense here."""
        given = self.callbacks
        given = [given] if isinstance(given, Callback) else list(given)
        for callback in given:
            if isinstance(callback, checkpoint.Checkpoint):
                raise ValueError(  # noqa: TRY004
                    "an estimator's fit cannot be resumed from a Checkpoint: use "
                    "ModelCheckpoint, or network_.fit"
                )
        return given

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
