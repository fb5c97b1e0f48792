"""from_sklearn: networks of scikit-learn's fitted multilayer perceptrons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _checks
from fcnn._float_state import by_default
from fcnn.formats.chain import Chain, a
from fcnn.formats.weights import array

if TYPE_CHECKING:
    from collections.abc import Callable

    from fcnn.network import Network

# fcnn's activations as scikit-learn names them; the others it has not.
ACTIVATIONS = {
    "identity": "identity",
    "sigmoid": "logistic",
    "tanh": "tanh",
    "relu": "relu",
    "softmax": "softmax",
    "exp": "exp",
}
# The loss that training minimized: scikit-learn's log loss of independent outputs is a
# sum over them, and the gradient of its squared error is that of `quadratic`.
_LOSSES = {"logistic": "logistic", "identity": "quadratic"}
# The methods by which an estimator computes its outputs.
_COMPUTING = {
    *("_forward_pass_fast", "_predict", "inverse_transform", "predict"),
    *("predict_proba", "transform"),
}
_UNDERSTOOD = (
    "MLPClassifier and MLPRegressor, alone or last in a Pipeline after StandardScaler, "
    "MinMaxScaler, MaxAbsScaler or RobustScaler, in a TransformedTargetRegressor with "
    "StandardScaler, or in a GridSearchCV and the like; and fcnn.sklearn's estimators, "
    "not in a Pipeline"
)


@by_default
def from_sklearn(estimator: Any, *, loss: str | None = None) -> Network:
    """The network of a fitted multilayer perceptron of scikit-learn.

    Parameters
    ----------
    estimator : estimator
        A fitted ``MLPClassifier`` or ``MLPRegressor``; a ``Pipeline`` of scalers
        (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler) and one of them: the
        scaling becomes the network's standardizer; a ``TransformedTargetRegressor``
        of these with StandardScaler; a fitted search (``best_estimator_``) of any of
        these; or an estimator of `fcnn.sklearn`, whose network is copied.
    loss : str, optional
        The network's loss; by default the one that scikit-learn has minimized:
        "cross_entropy" of several classes, "logistic" of two or of many labels,
        "quadratic" or "poisson" of regression.

    Returns
    -------
    Network
        Of the dtype of the estimator's weights, which are copied. Its `predict` gives
        the probabilities of ``predict_proba``, columns in the order of ``classes_``; of
        two classes the one column for ``classes_[1]``. Of regression the values of
        ``predict``, as (n, n_out).

    Raises
    ------
    ValueError
        If it is not fitted, or a part of it is not understood, with its name.
    TypeError
        If it is nothing of the above.

    Notes
    -----
    scikit-learn is not imported: what is read are the estimator's attributes. ``alpha``
    and the optimizer's state are not part of the network.

    References
    ----------
    https://scikit-learn.org/stable/modules/neural_networks_supervised.html

    Examples
    --------
    >>> import fcnn
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = MLPClassifier(8, solver="lbfgs", max_iter=2000, random_state=0).fit(X, y)
    >>> net = fcnn.from_sklearn(mlp)
    >>> net.sizes, net.loss
    ((4, 8, 3), 'cross_entropy')
    >>> bool(np.allclose(net.predict(X), mlp.predict_proba(X), atol=1e-12))
    True
    """
    try:
        return _network(estimator, loss)
    except (ValueError, IndexError) as error:
        raise ValueError(f"from_sklearn: {error}") from None


def _network(estimator: Any, loss: str | None) -> Network:
    _refuse_overridden(estimator)
    if "fcnn" in _roots(estimator):
        copy: Network = _fitted(estimator, "network_").copy()
        return copy
    kinds = _classes(estimator)
    if "BaseSearchCV" in kinds:
        return _network(_fitted(estimator, "best_estimator_"), loss)
    inner, transformer = estimator, None
    if "TransformedTargetRegressor" in kinds:
        inner = _fitted(estimator, "regressor_")
        _refuse_overridden(inner)
        transformer = estimator.transformer_
    steps = [inner]
    if "Pipeline" in _classes(inner):
        steps = [step for _, step in inner.steps if step not in (None, "passthrough")]
    *scalers, mlp = steps or [None]
    if "BaseMultilayerPerceptron" not in _classes(mlp):
        raise TypeError(f"from_sklearn takes {_UNDERSTOOD}, not {_checks.shown(mlp)}")
    _refuse_overridden(mlp)
    return _perceptron(mlp, scalers, transformer, loss)


def _perceptron(
    mlp: Any, scalers: list[Any], transformer: Any, loss: str | None
) -> Network:
    weights, biases = _fitted(mlp, "coefs_"), mlp.intercepts_
    chain = Chain(len(weights[0]))
    for scaler, scale in [(scaler, _scaling(scaler)) for scaler in scalers]:
        scale(chain, scaler, type(scaler).__name__)
    names = [mlp.activation] * (len(weights) - 1) + [mlp.out_activation_]
    ours = {theirs: name for name, theirs in ACTIVATIONS.items()}
    for l, (W, b, name) in enumerate(zip(weights, biases, names, strict=True), start=1):
        where = f"layer {l} of the {type(mlp).__name__}"
        chain.dense(where, array(where, W).T, array(where, b))
        if name not in ours:
            raise ValueError(
                f"{where} has the activation {name!r}, which fcnn has not; understood "
                f"are {', '.join(ours)}"
            )
        chain.activation(where, ours[name])
    if transformer is not None:
        _unscale(chain, transformer)
    return chain.network(
        np.result_type(*weights), loss or _LOSSES.get(mlp.out_activation_)
    )


def _scaling(scaler: Any) -> Callable[[Chain, Any, str], None]:
    """What puts the scaler before the perceptron."""
    classes = zip(type(scaler).__mro__, _roots(scaler), strict=True)
    cls: Any = next((cls for cls, root in classes if root == "sklearn"), object)
    name = cls.__name__
    if name not in _SCALERS or type(scaler).transform is not cls.transform:
        raise ValueError(
            f"{a(type(scaler).__name__)} comes before the perceptron, which a fully "
            f"connected network has no place for; understood are {_UNDERSTOOD}"
        )
    return _SCALERS[name]


def _standard(chain: Chain, scaler: Any, where: str) -> None:
    _fitted(scaler, "n_features_in_")
    mean = scaler.mean_ if scaler.with_mean else 0.0
    chain.normalize(where, mean, scaler.scale_ if scaler.with_std else 1.0)


def _min_max(chain: Chain, scaler: Any, where: str) -> None:
    if scaler.clip:
        raise ValueError(f"{where} has clip=True, which a network of fcnn cannot do")
    chain.affine(where, _fitted(scaler, "scale_"), scaler.min_)


def _max_abs(chain: Chain, scaler: Any, where: str) -> None:
    if getattr(scaler, "clip", False):
        raise ValueError(f"{where} has clip=True, which a network of fcnn cannot do")
    chain.normalize(where, 0.0, _fitted(scaler, "scale_"))


def _robust(chain: Chain, scaler: Any, where: str) -> None:
    _fitted(scaler, "n_features_in_")
    center = scaler.center_ if scaler.with_centering else 0.0
    chain.normalize(where, center, scaler.scale_ if scaler.with_scaling else 1.0)


_SCALERS: dict[str, Callable[[Chain, Any, str], None]] = {
    "StandardScaler": _standard,
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs,
    "RobustScaler": _robust,
}


def _unscale(chain: Chain, transformer: Any) -> None:
    """Back to the targets' own units, as a TransformedTargetRegressor does it."""
    where = f"the transformer {type(transformer).__name__}"
    kinds = _classes(transformer)
    _refuse_overridden(transformer)
    if "FunctionTransformer" in kinds and transformer.inverse_func is None:
        return  # what stands for no transformer
    if "StandardScaler" not in kinds:
        raise ValueError(f"{where} of the targets is not a StandardScaler")
    mean = transformer.mean_ if transformer.with_mean else 0.0
    scale = transformer.scale_ if transformer.with_std else 1.0
    chain.targets(where, mean, scale)


def _refuse_overridden(estimator: Any) -> None:
    """A subclass of the user's may compute something else than scikit-learn's class."""
    for cls, root in zip(type(estimator).__mro__, _roots(estimator), strict=True):
        if root in ("sklearn", "fcnn"):
            return
        for method in _COMPUTING & vars(cls).keys():
            raise ValueError(
                f"{type(estimator).__name__} has a {method} of its own, whose effect "
                "cannot be known"
            )


def _classes(value: Any) -> list[str]:
    """The names of its class and those above that are scikit-learn's."""
    roots = _roots(value)
    classes = zip(type(value).__mro__, roots, strict=True)
    return [cls.__name__ for cls, root in classes if root == "sklearn"]


def _roots(value: Any) -> list[str]:
    """The packages of its class and of those above."""
    return [str(cls.__module__).partition(".")[0] for cls in type(value).__mro__]


def _fitted(estimator: Any, attribute: str) -> Any:
    """The attribute that fitting makes."""
    value = getattr(estimator, attribute, None)
    if value is None:
        raise ValueError(f"this {type(estimator).__name__} is not fitted yet")
    return value
