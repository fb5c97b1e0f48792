"""What the two estimators share: a fit, from the arguments to the training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    _check_sample_weight,
    column_or_1d,
    validate_data,
)

from fcnn import _data
from fcnn._types import Array
from fcnn.sklearn import _solvers, _training
from fcnn.sklearn._network import WithNetwork
from fcnn.sklearn._record import Rows

if TYPE_CHECKING:
    from typing import Self


class BaseMLP(WithNetwork):
    """Base of the estimators; a subclass knows its targets."""

    # ---- what a subclass knows ----

    _y_numeric = False

    def _encode(self, y: Any, *, incremental: bool) -> tuple[Array, Array | None]:
        """The targets for the network, and class weights of the rows or None."""
        raise NotImplementedError

    def _encode_more(self, y: Any) -> Array:
        """The targets of validation rows."""
        raise NotImplementedError

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
        new = not hasattr(self, "coefs_")
        if new or not incremental:  # once for many calls of partial_fit
            self._check_parameters()
        hidden = self._hidden_sizes()
        first = new or not (self.warm_start or incremental)
        X, y = self._check(X, y, reset=first)
        Y, class_weight = self._encode(y, incremental=incremental)
        given_weight = None
        if sample_weight is not None:
            given_weight = _check_sample_weight(sample_weight, X)
            _data.real_array("sample_weight", given_weight)
        weight = given_weight
        if class_weight is not None:
            weight = class_weight if weight is None else weight * class_weight
        if weight is not None:
            _data.require_finite_sum(weight, "sample_weight")
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

    def _check_parameters(self) -> None:
        if not sklearn.get_config()["skip_parameter_validation"]:
            self._validate_params()

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

    def _split(
        self, rows: Rows, X_val: Any, y_val: Any, random_state: np.random.RandomState
    ) -> tuple[Array, Rows | None]:
        """The numbers of the training rows, and the validation rows or None."""
        if (X_val is None) != (y_val is None):
            raise ValueError("give X_val and y_val, or neither")
        everything = np.arange(len(rows.Y))
        if X_val is not None:
            X_val, y_val = self._check(X_val, y_val, reset=False)
            if X_val.shape[0] < 2:  # which has no R^2, and no accuracy to go by
                raise ValueError("X_val and y_val must have at least 2 rows, not 1")
            return everything, Rows(X_val, self._encode_more(y_val), None)
        if not self.early_stopping or _solvers.ends_by_itself(self._solver):
            return everything, None
        fraction = float(self.validation_fraction)
        if fraction == 0.0:
            raise ValueError("early_stopping needs a validation_fraction above 0")
        from sklearn.model_selection import train_test_split

        train, held_out = train_test_split(
            everything,
            random_state=random_state,
            test_size=fraction,
            stratify=self._stratify(rows.Y),
        )
        if len(held_out) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or "
                "the size of your dataset."
            )
        validation = rows.chosen(held_out)
        _data.require_weight(validation.weight, "the held-out rows' sample_weight")
        return train, validation


@contextmanager
def unchanged_by_failure(mlp: BaseMLP) -> Iterator[None]:
    """A fit that fails leaves the estimator's attributes as they were, set or not.

    A network that was training on, and so coefs_, is as after its last good epoch.
    """
    before = dict(mlp.__dict__)
    curves = [before.get(name) or [] for name in ("loss_curve_", "validation_scores_")]
    lengths = [len(curve) for curve in curves]
    try:
        yield
    except ConvergenceWarning:  # as an error, of a fit that is complete
        raise
    except Exception:
        mlp.__dict__.clear()
        mlp.__dict__.update(before)
        for curve, length in zip(curves, lengths, strict=True):
            del curve[length:]
        raise


def offers_partial_fit(mlp: BaseMLP) -> bool:
    """Whether there is a partial_fit; an AttributeError says why not."""
    if not _solvers.takes_batches(mlp):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{mlp.solver} is not stochastic."
        )
    return True
