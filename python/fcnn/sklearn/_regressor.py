"""MLPRegressor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from fcnn import _data, metrics
from fcnn._types import Array
from fcnn.sklearn import _docs, _solvers
from fcnn.sklearn._base import BaseMLP, offers_partial_fit, unchanged_by_failure
from fcnn.sklearn._record import Rows

if TYPE_CHECKING:
    from typing import Self


@_docs.completed
class MLPRegressor(RegressorMixin, BaseMLP):
    """A multilayer perceptron that predicts values; scikit-learn's, trained by fcnn.

    Parameters
    ----------
    loss : str, default "squared_error"
        "squared_error", half of it, whose gradient is summed over several outputs while
        `loss_curve_` has their mean, as in scikit-learn; "poisson", half the deviance
        summed over the outputs, for y of at least 0 and with outputs exp(z); or a loss
        of fcnn's by name, such as "mae" or "huber(0.5)". The output is the identity
        where the loss allows any, else the loss's own.
    {parameters}
    {more_parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    MLPClassifier : The same for classes.
    fcnn.Network : What is trained.

    References
    ----------
    https://scikit-learn.org/stable/modules/generated/sklearn.neural_network.MLPRegressor.html

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from fcnn.sklearn import MLPRegressor
    >>> X, y = make_regression(200, 5, random_state=1)
    >>> mlp = MLPRegressor(learning_rate_init=0.05, max_iter=1000, random_state=1)
    >>> mlp.fit(X, y).score(X, y) > 0.99
    True
    """

    _y_numeric = True

    def __init__(
        self,
        loss: str = "squared_error",
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
        dropout: Any = 0.0,
        callbacks: Any = (),
        n_jobs: int | None = None,
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
        y : array of shape (n,) or (n, n_outputs)
            The values.
        sample_weight : array of shape (n,), optional
            At least 0; by default 1 for each row.
        X_val, y_val : as X and y, optional
            Rows to score after each epoch: what `early_stopping` watches instead of
            rows held out of X.

        Returns
        -------
        MLPRegressor
            self.

        Raises
        ------
        TypeError, ValueError
            If a parameter or an argument is not as stated, or training diverges.
        """
        with unchanged_by_failure(self):
            return self._fit(X, y, sample_weight, X_val, y_val, incremental=False)

    @available_if(offers_partial_fit)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One more epoch over these rows.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        MLPRegressor
            self.

        Raises
        ------
        TypeError, ValueError
            As for `fit`.
        """
        with unchanged_by_failure(self):
            return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Array:
        """The values predicted.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n,) or (n, n_outputs)
        """
        outputs = self._outputs(X)
        return outputs.ravel() if self.n_outputs_ == 1 else outputs

    # ---- the targets ----

    def _encode(self, y: Any, *, incremental: bool) -> tuple[Array, Array | None]:  # noqa: ARG002
        values = _columns("y", y)
        self.n_outputs_ = values.shape[1]
        return values, None

    def _encode_more(self, y: Any) -> Array:
        values = _columns("y_val", y)
        if values.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y_val must have {self.n_outputs_} column(s) as y, not "
                f"{values.shape[1]}"
            )
        return values

    def _score_of_outputs(self, outputs: Array, rows: Rows) -> float:
        return metrics.r2(rows.Y, outputs, rows.weight)

    @property
    def _output(self) -> str:
        return _solvers.loss_of_regression(self.loss)[1]

    @property
    def _loss_name(self) -> str:
        return _solvers.loss_of_regression(self.loss)[0]

    @property
    def _outputs_of_mean(self) -> int:
        return self.n_outputs_ if self.loss == "squared_error" else 1


def _columns(name: str, y: Any) -> Array:
    """The values (n, n_outputs)."""
    values = _data.real_array(name, y)
    return values.reshape(len(values), -1)
