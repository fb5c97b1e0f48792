"""What fcnn.sklearn refuses, and what a fit that fails leaves behind."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning

import fcnn
from fcnn.sklearn import MLPClassifier, MLPRegressor

X, y = load_iris(return_X_y=True)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**parameters):
    return MLPClassifier(**({"max_iter": 20, "random_state": 0} | parameters))


def regressor(**parameters):
    return MLPRegressor(**({"max_iter": 20, "random_state": 0} | parameters))


def test_divergence():
    rows = 1e200 * X
    with pytest.raises(
        ValueError, match="Solver produced non-finite parameter weights"
    ):
        regressor(solver="sgd", learning_rate_init=1e9).fit(X, y * 1e100)
    with pytest.raises(ValueError, match="Solver produced non-finite"):
        regressor(solver="lbfgs", activation="identity").fit(rows * 1e100, y * 1e100)
    mlp = regressor(
        *(),
        solver="sgd",
        learning_rate_init=1.0,
        activation="identity",
        early_stopping=True,
    )
    with pytest.warns(ConvergenceWarning, match="Training diverged in iteration"):
        mlp.fit(X, y)
    assert np.isnan(mlp.validation_scores_[-1])
    assert np.isnan(mlp.loss_curve_[-1])
    assert len(mlp.validation_scores_) == len(mlp.loss_curve_) == mlp.n_iter_
    assert np.isfinite(mlp.predict(X)).all()


REFUSED = [
    ({"alpha": -1.0}, "alpha"),
    ({"activation": "reluu"}, "reluu"),
    ({"activation": ["relu", "tanh"]}, "one for each of the 1 hidden layers"),
    ({"solver": "adamm"}, "adamm"),
    ({"solver": 3}, "solver"),
    ({"loss": "hinge"}, "hinge"),
    ({"loss": "cross_entropyy"}, "cross_entropyy"),
    ({"dropout": 1.0}, "dropout"),
    ({"dropout": [0.1, 0.1, 0.1]}, "dropout"),
    ({"dropout": 0.1, "solver": "lbfgs"}, "dropout and input_noise must be 0"),
    ({"n_jobs": 0}, "n_jobs must not be 0"),
    ({"n_jobs": 10**9}, r"n_jobs must be in -1024\.\.1024, not 1000000000"),
    ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes must be at least 1, not 0"),
    ({"hidden_layer_sizes": -1}, "hidden_layer_sizes"),
    ({"class_weight": "uniform"}, "class_weight"),
    ({"class_weight": {0: -1.0}}, r"class_weight must be finite and at least 0, not"),
    ({"class_weight": [{0: 1.0}]}, "a list of dicts is for a multilabel y"),
    ({"callbacks": 3}, "callbacks"),
    ({"batch_size": 0}, "batch_size"),
    ({"early_stopping": True, "validation_fraction": 0.001}, "validation set is too"),
    ({"early_stopping": True, "validation_fraction": 0}, "validation_fraction above 0"),
]


@pytest.mark.parametrize(("parameters", "match"), REFUSED)
def test_refused_parameters(parameters, match):
    with pytest.raises(ValueError, match=match):
        classifier(**parameters).fit(X, y)


def test_refused_callbacks(tmp_path):
    with pytest.raises(TypeError, match=r"fcnn\.Callback"):
        classifier(callbacks=[print]).fit(X, y)
    with pytest.raises(ValueError, match="cannot be resumed from a Checkpoint"):
        classifier(callbacks=[fcnn.Checkpoint(tmp_path / "c")]).fit(X, y)


def test_refused_data():
    with pytest.raises(ValueError, match="at least 0, but row 3 has -1"):
        classifier().fit(X, y, sample_weight=np.where(np.arange(150) == 3, -1.0, 1.0))
    with pytest.raises(ValueError, match="held-out rows' sample_weight is 0"):
        classifier(early_stopping=True).fit(X, y, sample_weight=np.arange(150) == 0)
    with pytest.raises(ValueError, match="weight of the training rows is 0"):
        classifier(class_weight={0: 0, 1: 0, 2: 0}).fit(X, y)
    with pytest.raises(ValueError, match="row 7"):
        regressor(loss="poisson").fit(X, np.where(np.arange(150) == 7, -1.0, 1.0))
    with pytest.raises(ValueError, match="give X_val and y_val, or neither"):
        classifier().fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="must have at least 2 rows, not 1"):
        regressor(early_stopping=True).fit(X, y, X_val=X[:1], y_val=y[:1])
    with pytest.raises(ValueError, match=r"y_val must have 1 column\(s\) as y, not 2"):
        regressor().fit(X, y, X_val=X, y_val=np.column_stack([y, y]))
    with pytest.raises(TypeError, match="hidden_layer_sizes must be an integer"):
        classifier(hidden_layer_sizes=(2.5,)).fit(X, y)
    with pytest.raises(TypeError, match="y is a sparse matrix; make it dense"):
        regressor().fit(X, sparse.csr_array(np.eye(150)))
    with pytest.raises(TypeError, match="y_val is a sparse matrix; make it dense"):
        regressor().fit(X, y, X_val=X, y_val=sparse.csr_array(np.eye(150)))
    with pytest.raises(TypeError, match="y_val must hold real numbers"):
        regressor().fit(X, y, X_val=X, y_val=y.astype(str))
    with pytest.raises(ValueError, match="of which y had only"):
        classifier().fit(X, y, X_val=X[:2], y_val=[0, 9])
    with pytest.raises(ValueError, match="Unknown label type"):
        classifier().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="Multioutput target data is not supported"):
        classifier().fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="for partial_fit give a dict"):
        classifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping"):
        regressor(early_stopping=True).partial_fit(X, y)
    with pytest.warns(UserWarning, match="It is going to be clipped"):
        classifier(batch_size=1000).fit(X, y)


@pytest.mark.parametrize("kind", [classifier, regressor])
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(kind):
    mlp = kind(loss="binary_cross_entropy", solver="sgd")
    bad = np.where(np.arange(150) == 7, np.nan, X[:, 0])[:, None] * X
    with pytest.raises(ValueError, match="NaN"):
        mlp.fit(bad, y / 2 if kind is regressor else y)
    with pytest.raises(ValueError, match="dropout"):
        mlp.set_params(dropout=[0.1]).partial_fit(
            X, y == 1, **({"classes": [False, True]} if kind is classifier else {})
        )
    assert not [name for name in vars(mlp) if name.endswith("_")]
    mlp.set_params(dropout=0.0).fit(X, y == 2)
    before = dict(vars(mlp))
    theta = mlp.network_.parameters.copy()
    with pytest.raises(ValueError, match="loss"):
        mlp.set_params(loss="poissonn").fit(X[:, :2], y == 1)
    mlp.set_params(loss="binary_cross_entropy")
    assert vars(mlp) == before
    assert np.array_equal(mlp.network_.parameters, theta)
    assert mlp.n_features_in_ == 4


def test_a_warm_start_that_fails_leaves_the_curves_as_they_were():
    class Fails(fcnn.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                raise RuntimeError("as it was told to")

    mlp = classifier(warm_start=True, early_stopping=True, max_iter=3).fit(X, y)
    names = "loss_curve_", "validation_scores_", "n_iter_", "t_", "best_loss_"
    before = [np.copy(getattr(mlp, name)) for name in names]
    with pytest.raises(RuntimeError, match="as it was told to"):
        mlp.set_params(callbacks=[Fails()]).fit(X, y)
    for name, value in zip(names, before, strict=True):
        assert np.array_equal(getattr(mlp, name), value), name


def test_a_warm_start_that_is_refused_leaves_the_moments():
    first, second = (classifier(warm_start=True, max_iter=3).fit(X, y) for _ in "ab")
    with pytest.raises(TypeError, match=r"fcnn\.Callback"):
        first.set_params(callbacks=[print]).fit(X, y)
    for mlp in (first, second):
        mlp.set_params(callbacks=()).partial_fit(X, y)
    assert np.array_equal(first.network_.parameters, second.network_.parameters)


def test_a_warning_as_an_error_leaves_a_complete_fit():
    mlp = classifier(max_iter=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises(ConvergenceWarning):
            mlp.fit(X, y)
    assert len(mlp.loss_curve_) == 3
    assert mlp.predict(X).shape == (150,)


def test_a_first_partial_fit_of_some_classes_or_sparse_labels():
    mlp = classifier().partial_fit(X[:40], y[:40, None].ravel(), classes=[0, 1, 2])
    assert mlp.predict_proba(X).shape == (150, 3)
    mlp.partial_fit(X[60:], y[60:])
    classifier().partial_fit(X, y, classes=range(50))  # warns of no regression
    rows, labels = make_multilabel_classification(40, random_state=0)
    mlp = classifier().partial_fit(rows, sparse.csr_array(labels), classes=range(5))
    assert sparse.issparse(mlp.predict(rows))
    assert mlp.predict_proba(rows).shape == (40, 5)
    for _ in range(2):
        mlp.partial_fit(rows, labels)
    with pytest.raises(ValueError, match="`y` has classes not in `self.classes_`"):
        classifier().partial_fit(rows, labels, classes=[0, 1])
