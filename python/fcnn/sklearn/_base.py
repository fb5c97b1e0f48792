"""What the two estimators share: parameters, fitting, coefs_ and the network behind."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from fcnn import Network, _data, checkpoint
from fcnn._types import Array
from fcnn.callbacks import Callback
from fcnn.optimizers import Optimizer
from fcnn.sklearn import _solvers, _training
from fcnn.sklearn._training import Rows

if TYPE_CHECKING:
    from typing import Self


def _at_least(low: float, kind: type = Real) -> Interval:
    return Interval(kind, low, None, closed="left")


_ABOVE_0 = Interval(Real, 0, None, closed="neither")
_FRACTION = Interval(Real, 0, 1, closed="left")


class BaseMLP(BaseEstimator):
    """Base of the estimators; a subclass knows its targets."""

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

    _y_numeric = False

    def _encode(self, X: Any, y: Any, *, incremental: bool) -> tuple[Any, Array, Any]:
        """X, the targets for the network, and class weights of the rows or None."""
        raise NotImplementedError

    def _encode_more(self, y: Any) -> Array:
        """The targets of validation rows."""
        raise NotImplementedError

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

    def _stratify(self, Y: Array) -> Array | None:  # noqa: ARG002
        """What early stopping's split keeps the proportions of."""
        return None

    # ---- fitting ----

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        X_val: Any = None,
        y_val: Any = None,
        *,
        incremental: bool,
    ) -> Self:
        if not sklearn.get_config()["skip_parameter_validation"]:
            self._validate_params()
        hidden = self._hidden_sizes()
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, y = self._check(X, y, reset=first)
        X, Y, class_weight = self._encode(X, y, incremental=incremental)
        given_weight = None
        if sample_weight is not None:
            given_weight = _check_sample_weight(sample_weight, X)
        weight = given_weight
        if class_weight is not None:
            weight = class_weight if weight is None else weight * class_weight
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        random_state = check_random_state(self.random_state)
        sizes = [X.shape[1], *hidden, self.n_outputs_]
        if first:
            self._start(sizes, X.dtype, random_state)
        net = self._prepared_network(sizes, X.dtype, random_state)
        train, validation = self._split(
            Rows(X, Y, given_weight), X_val, y_val, random_state
        )
        _training.fit(
            self,
            net,
            Rows(X, Y, weight),
            train,
            validation,
            random_state,
            incremental=incremental,
        )
        return self

    def _hidden_sizes(self) -> list[int]:
        given = self.hidden_layer_sizes
        sizes = list(given) if hasattr(given, "__iter__") else [given]
        if np.any(np.array(sizes) <= 0):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        return sizes

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=(np.float64, np.float32),
            reset=reset,
            y_numeric=self._y_numeric,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X.tocsr() if hasattr(X, "tocsr") else X, y

    def _start(
        self, sizes: list[int], dtype: Any, random_state: np.random.RandomState
    ) -> None:
        """Draws a new network and sets what counts its training to the beginning."""
        names = _solvers.activations(self.activation, len(sizes) - 2)
        last = names[-1] if names else _solvers.activations(self.activation, 1)[0]
        self.__dict__.pop("network_", None)
        self.coefs_, self.intercepts_ = _solvers.draw_start(
            sizes, [*names, last], random_state, dtype
        )
        self.n_iter_ = self.t_ = self._no_improvement_count = 0
        self.n_layers_ = len(sizes)
        self.out_activation_ = _solvers.shown_output(self._output)
        self.loss_curve_ = []
        self.best_loss_ = self.validation_scores_ = self.best_validation_score_ = None

    def _split(
        self, rows: Rows, X_val: Any, y_val: Any, random_state: np.random.RandomState
    ) -> tuple[Array, Rows | None]:
        """The numbers of the training rows, and the validation rows or None."""
        if (X_val is None) != (y_val is None):
            raise ValueError("give X_val and y_val, or neither")
        everything = np.arange(len(rows.Y))
        if X_val is not None:
            X_val, y_val = self._check(X_val, y_val, reset=False)
            return everything, Rows(X_val, self._encode_more(y_val), None)
        if not self.early_stopping or _solvers.ends_by_itself(self._solver):
            return everything, None
        from sklearn.model_selection import train_test_split

        train, held_out = train_test_split(
            everything,
            random_state=random_state,
            test_size=self.validation_fraction,
            stratify=self._stratify(rows.Y),
        )
        if len(held_out) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or "
                "the size of your dataset."
            )
        return train, rows.chosen(held_out)

    @property
    def _solver(self) -> Optimizer:
        return _solvers.optimizer(self)

    def _callback_list(self) -> list[Callback]:
        """The callbacks given, but those that make no sense here."""
        given = (
            [self.callbacks] if isinstance(self.callbacks, Callback) else self.callbacks
        )
        for callback in given:
            if isinstance(callback, checkpoint.Checkpoint):
                raise ValueError(  # noqa: TRY004
                    "an estimator's fit cannot be resumed from a Checkpoint: use "
                    "ModelCheckpoint, or network_.fit"
                )
        return list(given)

    # ---- the network and its parameters ----

    def _prepared_network(
        self,
        sizes: list[int],
        dtype: Any,
        random_state: np.random.RandomState | None = None,
    ) -> Network:
        """network_ with the values of coefs_, made anew if it has to be another."""
        names = _solvers.activations(self.activation, len(sizes) - 2)
        made_for = {
            "sizes": sizes,
            "activation": names,
            "output": self._output,
            "dropout": self.dropout,
        }
        shapes = list(pairwise(sizes))
        if [np.shape(W) for W in self.coefs_] != shapes:
            raise ValueError(
                "training goes on from coefs_ of the shapes "
                f"{[np.shape(W) for W in self.coefs_]}, but X, y and "
                f"hidden_layer_sizes need {shapes}"
            )
        if "network_" not in vars(self) or self._made_for != made_for:
            if "network_" in vars(self):
                dtype = self.network_.dtype
            seed = 0
            if random_state is not None and np.any(self.dropout):
                # not for others: what comes next are scikit-learn's shuffles
                seed = int(random_state.randint(2**31))
            self.network_ = Network(
                **made_for, loss=self._loss_name, init="zeros", dtype=dtype, seed=seed
            )
            self._made_for = made_for
            self.__dict__.pop("_views", None)
        return self._network()

    def _network(self) -> Network:
        """network_, into which what was assigned to coefs_, intercepts_ is copied."""
        if "network_" not in vars(self):  # coefs_ were assigned to a new estimator
            sizes = [len(self.coefs_[0]), *(len(b) for b in self.intercepts_)]
            return self._prepared_network(sizes, np.asarray(self.coefs_[0]).dtype)
        net = self.network_
        given = [*self.coefs_, *self.intercepts_]
        views = vars(self).get("_views", [])
        if len(given) != len(views) or any(
            a is not b for a, b in zip(given, views, strict=True)
        ):
            for l, (W, b) in enumerate(
                zip(self.coefs_, self.intercepts_, strict=True), start=1
            ):
                net.layers[l].weight = np.asarray(W).T
                net.layers[l].bias = b
            self._show_views()
        return net

    def _show_views(self) -> None:
        """coefs_ and intercepts_ become views of the network's parameters."""
        parts = list(self.network_.unflatten(self.network_.parameters))
        self.coefs_ = [part.weight.T for part in parts]
        self.intercepts_ = [cast("Array", part.bias) for part in parts]
        self._views = [*self.coefs_, *self.intercepts_]

    def __getstate__(self) -> dict[str, Any]:
        if "network_" in vars(self):
            self._network()
        state = dict(super().__getstate__())
        if "network_" in state:  # whose views need not be kept twice
            for name in ("coefs_", "intercepts_", "_views"):
                state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "network_" in vars(self):
            self._show_views()

    def _outputs(self, X: Any) -> Array:
        """The outputs a[L] of the network."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        net, n_threads = self._network(), _solvers.threads(self.n_jobs)
        if n_threads is None:
            return net.predict(X)
        rows, _ = _data.inputs(X, net.sizes[0])
        outputs = np.empty((len(rows), net.sizes[-1]), net.dtype)
        net._engine.predict(rows, outputs, n_threads)
        return outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def takes_batches(mlp: BaseMLP) -> bool:
    """Whether there is a partial_fit; an AttributeError says why not."""
    if not _solvers.takes_batches(mlp):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{mlp.solver} is not stochastic."
        )
    return True
