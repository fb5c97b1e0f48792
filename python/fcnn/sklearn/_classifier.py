"""MLPClassifier."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    type_of_target,
)

from fcnn import _checks
from fcnn._types import Array
from fcnn.sklearn import _docs, _solvers
from fcnn.sklearn._base import BaseMLP, offers_partial_fit, unchanged_by_failure
from fcnn.sklearn._labels import Labels
from fcnn.sklearn._record import Rows

if TYPE_CHECKING:
    from typing import Self


@_docs.completed
class MLPClassifier(ClassifierMixin, BaseMLP):
    """A multilayer perceptron that classifies; scikit-learn's, trained by fcnn.

    Two classes have one sigmoid output, more a softmax output each, and the columns of
    a multilabel y a sigmoid each; the loss is the cross-entropy.

    Parameters
    ----------
    {parameters}
    loss : str, default "log_loss"
        The cross-entropy that goes with the output, summed over the labels of a
        multilabel y; or a loss of fcnn's by name, such as "quadratic".
    {more_parameters}
    class_weight : dict, list of dict or "balanced", optional
        A factor on the weights of each class's rows: ``{{label: weight}}``, or n /
        (classes * rows of the class). For a multilabel y a list of dicts, one for each
        label, ``[{{0: weight, 1: weight}}, ...]``, whose factors are multiplied.
        Validation scores are without it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    {attributes}

    See Also
    --------
    MLPRegressor : The same for values.
    fcnn.Network : What is trained.

    References
    ----------
    https://scikit-learn.org/stable/modules/generated/sklearn.neural_network.MLPClassifier.html

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fcnn.sklearn import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> mlp = MLPClassifier(early_stopping=True, random_state=1).fit(X, y)
    >>> mlp.best_validation_score_ > 0.95
    True
    >>> mlp.predict(X[:3])
    array([0, 1, 2])
    """

    classes_: Array
    _labels: Labels
    _parameter_constraints = {  # noqa: RUF012
        **BaseMLP._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: str = "log_loss",
        dropout: Any = 0.0,
        callbacks: Any = (),
        n_jobs: int | None = None,
        class_weight: Any = None,
    ) -> None:
        self._set_parameters(locals())

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Self:
        """Trains on the rows of X, with `warm_start` from where it was.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, n_features)
            float32 makes a network of float32; anything else is taken as float64.
        y : array of shape (n,), or (n, n_labels) of 0 and 1
            Labels of any kind; or, for several labels at once, an indicator matrix.
        sample_weight : array of shape (n,), optional
            At least 0; by default 1 for each row.
        X_val, y_val : as X and y, optional
            Rows to score after each epoch: what `early_stopping` watches instead of
            rows held out of X.

        Returns
        -------
        MLPClassifier
            self.

        Raises
        ------
        TypeError, ValueError
            If a parameter or an argument is not as stated, or training diverges.
        """
        with unchanged_by_failure(self):
            return self._fit(X, y, sample_weight, X_val, y_val, incremental=False)

    @available_if(offers_partial_fit)  # type: ignore[untyped-decorator]
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> Self:
        """One more epoch over these rows.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`; y need not have every class.
        classes : array of shape (n_classes,), optional
            All that will ever come; needed in the first call.

        Returns
        -------
        MLPClassifier
            self.

        Raises
        ------
        TypeError, ValueError
            If y has other classes, and as for `fit`.
        """
        with unchanged_by_failure(self):
            with warnings.catch_warnings():  # 1.7 takes many classes for a regression
                warnings.filterwarnings("ignore", "The number of unique classes")
                if _check_partial_fit_first_call(self, classes):
                    multilabel = type_of_target(y).startswith("multilabel")
                    self._labels = Labels.of(y if multilabel else classes)
            return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Any:
        """The labels predicted.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n,), or (n, n_labels) for an indicator matrix
        """
        outputs = self._outputs(X)
        return self._labels.decode(outputs)

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n, n_classes)
            In the order of `classes_`; of several labels each has its own probability.
        """
        outputs = self._outputs(X)
        if self.n_outputs_ == 1:
            return np.hstack([1 - outputs, outputs])
        return outputs

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithms of `predict_proba`.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n, n_classes)
        """
        probabilities = self.predict_proba(X)
        return np.log(probabilities, out=probabilities)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    # ---- the targets ----

    def _encode(self, y: Any, *, incremental: bool) -> tuple[Array, Array | None]:
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._labels = Labels.of(y)
            self.classes_ = self._labels.classes
        else:
            self._check_classes(y)
        self.n_outputs_ = self._labels.n_outputs
        Y = self._labels.encode(y)
        if self.class_weight is None:
            return Y, None
        if incremental and isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight='balanced' counts the rows of a whole training set: "
                "for partial_fit give a dict {label: weight}"
            )
        return Y, self._weights_by_class(y)

    def _weights_by_class(self, y: Any) -> Array:
        """What `class_weight` makes of the rows' weights."""
        weight: Array
        if self._labels.kind == "multilabel":
            dense = y.toarray() if hasattr(y, "tocsr") else y
            weight = compute_sample_weight(self.class_weight, dense)
        elif isinstance(self.class_weight, list):
            raise ValueError(
                "class_weight must be a dict or 'balanced'; a list of dicts is for a "
                "multilabel y"
            )
        else:  # of all classes, for a partial_fit may not have rows of each
            of_class = compute_class_weight(
                self.class_weight, classes=self.classes_, y=y
            )
            weight = of_class[np.searchsorted(self.classes_, y)]
        if not (np.isfinite(weight) & (weight >= 0)).all():
            raise ValueError(
                "class_weight must be finite and at least 0, not "
                f"{_checks.shown(self.class_weight)}"
            )
        return weight

    def _check_classes(self, y: Any) -> None:
        found = self._labels.found(y)
        if self.warm_start:
            if set(found) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in "
                    f"the previous call to fit. Previously got {self.classes_}, `y` "
                    f"has {found}"
                )
        elif np.setdiff1d(found, self.classes_, assume_unique=True).size:
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has "
                f"{self.classes_}. 'y' has {found}."
            )

    def _encode_more(self, y: Any) -> Array:
        if self._labels.unseen(y):
            found = self._labels.found(y)
            raise ValueError(f"y_val has {found}, of which y had only {self.classes_}")
        return self._labels.encode(y)

    def _score_of_outputs(self, outputs: Array, rows: Rows) -> float:
        return self._labels.accuracy(outputs, rows.Y, rows.weight)

    @property
    def _output(self) -> str:
        return self._labels.output

    @property
    def _loss_name(self) -> str:
        return _solvers.loss_of_classification(self.loss, self._output)

    def _stratify(self, Y: Array) -> Array | None:
        return Y if self.n_outputs_ == 1 else None  # scikit-learn's choice
