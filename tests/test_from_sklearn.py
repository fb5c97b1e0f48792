"""from_sklearn: scikit-learn's fitted perceptrons give the same outputs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

import fcnn
from fcnn import _core
from fcnn.formats import from_sklearn
from helpers import assert_close

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning"),
]
BRIEF = {"hidden_layer_sizes": (7, 5), "max_iter": 20, "random_state": 0}


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(return_X_y=True, scaled=False)


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def regressor(**options):
    return MLPRegressor(**(BRIEF | options))


def same_values(estimator, X, y):
    """The network of the estimator fitted to X and y, which predicts the same."""
    estimator.fit(X, y)
    net = fcnn.from_sklearn(estimator)
    expected = estimator.predict(X).reshape(len(X), -1)
    tolerance = 1e-12 if net.dtype == np.float64 else 1e-5
    assert_close(net.predict(X), expected, tolerance)
    return net


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_regression(activation, diabetes):
    X, y = diabetes
    net = same_values(
        make_pipeline(StandardScaler(), regressor(activation=activation)), X, y
    )
    assert net.sizes == (10, 7, 5, 1)
    assert net.loss == "quadratic"
    assert net.layers[1].activation == from_sklearn_name(activation)
    assert net.standardizer is not None


def from_sklearn_name(theirs):
    return next(
        ours for ours, name in from_sklearn.ACTIVATIONS.items() if name == theirs
    )


def test_every_activation_is_there_or_is_not_scikit_learns():
    from sklearn.neural_network import _base

    ours = {entry["name"] for entry in _core.activations()}
    assert set(from_sklearn.ACTIVATIONS) <= ours
    assert set(from_sklearn.ACTIVATIONS.values()) == set(_base.ACTIVATIONS)


@pytest.mark.parametrize(
    "scaler",
    [
        MinMaxScaler(),
        MinMaxScaler((-1, 1)),
        MaxAbsScaler(),
        RobustScaler(),
        RobustScaler(with_centering=False),
        StandardScaler(with_mean=False),
        StandardScaler(with_std=False),
        "passthrough",
    ],
    ids=repr,
)
def test_scalers(scaler, diabetes):
    steps = make_pipeline(scaler, StandardScaler(), "passthrough", regressor())
    assert same_values(steps, *diabetes).sizes == (10, 7, 5, 1)


def test_float32_and_several_outputs(diabetes):
    X, y = (A.astype("f4") / 100 for A in diabetes)
    net = same_values(regressor(), X, np.column_stack([y, -y]))
    assert net.dtype == np.float32
    assert net.sizes[-1] == 2


def test_poisson(diabetes):
    X, y = diabetes
    net = same_values(make_pipeline(StandardScaler(), regressor(loss="poisson")), X, y)
    assert (net.layers[-1].activation, net.loss) == ("exp", "poisson")
    assert fcnn.from_sklearn(regressor().fit(X, y), loss="mae").loss == "mae"


@pytest.mark.parametrize(
    "scaler", [None, StandardScaler(), StandardScaler(with_mean=False)]
)
def test_targets(scaler, diabetes):
    inner = make_pipeline(StandardScaler(), regressor())
    wrapped = TransformedTargetRegressor(inner, transformer=scaler)
    net = same_values(wrapped, *diabetes)
    if scaler is not None:
        assert net.standardizer.target_scale[0] == wrapped.transformer_.scale_[0]
    assert same_values(TransformedTargetRegressor(regressor()), *diabetes)


def test_a_search(diabetes):
    search = GridSearchCV(regressor(), {"alpha": [0.1, 1.0]}, cv=2)
    assert same_values(search, *diabetes).sizes == (10, 7, 5, 1)


def test_classification(iris):
    X, labels = iris
    cases = {
        ("softmax", "cross_entropy"): labels,
        ("sigmoid", "logistic"): np.column_stack([labels == 0, labels > 0]),
    }
    for (output, loss), y in cases.items():
        mlp = MLPClassifier(**BRIEF).fit(X, y)
        net = fcnn.from_sklearn(mlp)
        assert (net.layers[-1].activation, net.loss) == (output, loss)
        assert_close(net.predict(X), mlp.predict_proba(X), 1e-12)
    named = MLPClassifier(**BRIEF).fit(X, np.array(["b", "c", "a"])[labels])
    best = fcnn.from_sklearn(named).predict(X).argmax(axis=1)
    assert (named.classes_[best] == named.predict(X)).all()
    binary = MLPClassifier(**BRIEF).fit(X, labels > 0)
    net = fcnn.from_sklearn(binary)
    assert (net.sizes[-1], net.loss) == (1, "logistic")
    assert_close(net.predict(X), binary.predict_proba(X)[:, 1:], 1e-12)


def test_the_loss_is_scikit_learns(iris, diabetes):
    """Its own gradient, of a step of plain gradient descent without a penalty."""
    X, labels = iris
    rng = np.random.default_rng(0)
    y = {"labels": labels > 0, "several": labels, "values": rng.normal(size=(150, 2))}
    options = BRIEF | {"solver": "sgd", "momentum": 0, "alpha": 0, "batch_size": 150}
    for kind, targets in y.items():
        mlp = (MLPRegressor if kind == "values" else MLPClassifier)(**options)
        mlp.set_params(learning_rate_init=0.01, shuffle=False, warm_start=True)
        mlp.set_params(max_iter=1).fit(X, targets)
        net = fcnn.from_sklearn(mlp)
        _, gradient = net.loss_and_gradient(X, targets)
        after = fcnn.from_sklearn(mlp.fit(X, targets)).parameters
        assert_close(net.parameters - 0.01 * gradient, after, 1e-12, kind)


def test_weights_are_copies(iris):
    mlp = MLPClassifier(**BRIEF).fit(*iris)
    net = fcnn.from_sklearn(mlp)
    before = net.parameters.copy()
    mlp.coefs_[0][:] = 0.0
    assert np.array_equal(net.parameters, before)


def test_fcnns_own_estimators_are_copied():
    class Own:
        __module__ = "fcnn.sklearn"

    own = Own()
    with pytest.raises(ValueError, match="this Own is not fitted yet"):
        fcnn.from_sklearn(own)
    own.network_ = fcnn.Network([2, 1], seed=0)
    net = fcnn.from_sklearn(own)
    assert net is not own.network_
    assert net.parameters.tobytes() == own.network_.parameters.tobytes()


def overriding(cls, *methods):
    return type("Mine", (cls,), {method: getattr(cls, method) for method in methods})


@pytest.mark.parametrize("method", ["predict", "_predict", "_forward_pass_fast"])
def test_methods_of_the_users_own(method, diabetes):
    mine = overriding(MLPRegressor, method)(**BRIEF)
    for estimator in (
        mine,
        make_pipeline(StandardScaler(), mine),
        TransformedTargetRegressor(mine, transformer=StandardScaler()),
        overriding(Pipeline, "predict")([("mlp", regressor())]),
    ):
        with pytest.raises(ValueError, match="Mine has a .* of its own"):
            fcnn.from_sklearn(estimator.fit(*diabetes))


def test_other_methods_of_the_users_own(diabetes):
    same_values(overriding(MLPRegressor, "score")(**BRIEF), *diabetes)


class Doubled(StandardScaler):
    def transform(self, X):
        return 2 * super().transform(X)


def test_refused(diabetes):
    X, y = diabetes
    refused = {
        "this MLPClassifier is not fitted yet": MLPClassifier(),
        "this MLPRegressor is not fitted": make_pipeline(StandardScaler(), regressor()),
        "this GridSearchCV is not fitted yet": GridSearchCV(regressor(), {}),
        "this TransformedTargetRegressor is": TransformedTargetRegressor(regressor()),
        "this StandardScaler is not fitted": make_pipeline(
            StandardScaler(), regressor().fit(X, y)
        ),
        "a PolynomialFeatures comes before": make_pipeline(
            PolynomialFeatures(1), regressor()
        ).fit(X, y),
        "a PCA comes before": make_pipeline(StandardScaler(), PCA(2), regressor()).fit(
            X, y
        ),
        "a Doubled comes before": make_pipeline(Doubled(), regressor()).fit(X, y),
        "MinMaxScaler has clip=True": make_pipeline(
            MinMaxScaler(clip=True), regressor()
        ).fit(X, y),
        "is exp, .* output only, but a scaling": TransformedTargetRegressor(
            make_pipeline(StandardScaler(), regressor(loss="poisson")),
            transformer=StandardScaler(with_mean=False),
        ).fit(X, y),
        "FunctionTransformer of the targets is not": TransformedTargetRegressor(
            regressor(), func=np.log, inverse_func=np.exp
        ).fit(X, y),
    }
    for message, estimator in refused.items():
        with pytest.raises(ValueError, match=f"from_sklearn: .*{message}"):
            fcnn.from_sklearn(estimator)


@pytest.mark.parametrize(
    "estimator", [3, None, StandardScaler(), MLPRegressor, np.ones(3)]
)
def test_refused_types(estimator):
    with pytest.raises(TypeError, match="from_sklearn takes MLPClassifier and"):
        fcnn.from_sklearn(estimator)


def test_scikit_learn_is_not_imported():
    code = (
        "import fcnn, sys\n"
        "try: fcnn.from_sklearn(3)\n"
        "except TypeError: pass\n"
        "assert not {'sklearn', 'torch', 'h5py'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
