"""fcnn.sklearn among scikit-learn's tools: its checks, pipelines, copies, processes."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import sklearn.neural_network
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import fcnn
from fcnn import _levels
from fcnn.sklearn import MLPClassifier, MLPRegressor

X, y = load_iris(return_X_y=True)
KINDS = [MLPClassifier, MLPRegressor]
kinds = pytest.mark.parametrize("kind", KINDS)


def fitted(kind=MLPClassifier, X=X, y=y, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return kind(**({"max_iter": 5, "random_state": 0} | parameters)).fit(X, y)


@pytest.mark.filterwarnings("ignore")
@kinds
def test_scikit_learns_checks(kind):
    results = check_estimator(kind(max_iter=100), on_fail=None)
    failed = [
        (result["check_name"], result["exception"])
        for result in results
        if result["status"] not in ("passed", "skipped")
    ]
    assert not failed
    passed = sum(result["status"] == "passed" for result in results)
    assert passed >= {MLPClassifier: 60, MLPRegressor: 55}[kind]


@kinds
def test_parameters_and_defaults_are_scikit_learns(kind):
    theirs = getattr(sklearn.neural_network, kind.__name__)()
    ours = kind().get_params()
    assert {name: ours[name] for name in theirs.get_params()} == theirs.get_params()
    own = ["callbacks", "dropout", "n_jobs"]
    if kind is MLPClassifier:
        own = ["callbacks", "class_weight", "dropout", "loss", "n_jobs"]
    assert sorted(set(ours) - set(theirs.get_params())) == own


def test_importing_it_brings_no_more_of_scikit_learn_than_it_needs():
    """Not the packages that its own perceptrons import, even after fit and predict."""
    script = """
import sys
from fcnn.sklearn import MLPClassifier, MLPRegressor
X = [[0.0], [1.0], [2.0], [3.0]]
MLPClassifier(max_iter=300, tol=1).fit(X, list("aabb")).predict_proba(X)
MLPRegressor(solver="lbfgs").fit(X, [0.0, 1.0, 2.0, 3.0]).predict(X)
heavy = ("neural_network", "ensemble", "linear_model", "model_selection", "metrics",
         "preprocessing", "tree", "svm", "datasets", "feature_selection", "cluster")
print([name for name in heavy if f"sklearn.{name}" in sys.modules])
"""
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_without_scikit_learn_it_says_what_to_install():
    script = """
import sys
sys.modules["sklearn"] = None
try:
    import fcnn.sklearn
except ImportError as error:
    print(error)
"""
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "pip install 'fcnn[sklearn]'" in found.stdout


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_pipeline_in_a_grid_of_optimizers():
    pipeline = make_pipeline(
        StandardScaler(), MLPClassifier(max_iter=30, random_state=0)
    )
    optimizers = [fcnn.RMSprop(lr=0.01), "nadam", fcnn.SGD(lr=0.1), "lbfgs"]
    search = GridSearchCV(
        pipeline,
        {"mlpclassifier__solver": optimizers, "mlpclassifier__alpha": [1e-4, 1.0]},
        cv=3,
    )
    search.fit(X, y)
    assert search.best_score_ > 0.9
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = search.best_params_["mlpclassifier__solver"]
    assert any(best == optimizer for optimizer in optimizers)
    assert search.best_estimator_[-1].network_.sizes == (4, 100, 3)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_two_processes_give_what_one_gives():
    mlp = MLPClassifier((20,), max_iter=20, random_state=0)
    one = cross_val_score(mlp, X, y, cv=4)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        two = cross_val_score(mlp, X, y, cv=4)
    assert np.array_equal(one, two)


def test_two_threads_of_joblib():
    def probabilities(seed):
        mlp = MLPClassifier(tol=0.01, max_iter=500, random_state=seed)
        return mlp.fit(X, y).predict_proba(X)

    alone = [probabilities(seed) for seed in range(4)]
    with joblib.parallel_config(backend="threading", n_jobs=2):
        together = joblib.Parallel()(map(joblib.delayed(probabilities), range(4)))
    assert np.array_equal(alone, together)


def test_names_of_features():
    frame = pd.DataFrame(X, columns=list("abcd"))
    mlp = fitted(X=frame)
    assert mlp.feature_names_in_.tolist() == list("abcd")
    expected = fitted().predict_proba(X)
    assert np.array_equal(mlp.predict_proba(frame), expected)
    other = pl.DataFrame(frame)
    assert np.array_equal(fitted(X=other).predict_proba(other), expected)
    with pytest.raises(ValueError, match="should match those that were passed"):
        mlp.predict(frame[["b", "a", "c", "d"]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        mlp.predict(X)
    with pytest.raises(ValueError, match="expecting 4 features"):
        fitted().predict(X[:, :2])


def test_a_frame_through_a_pipeline_keeps_its_names():
    frame = pd.DataFrame(X, columns=list("abcd"))
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(solver="lbfgs"))
    pipeline.set_output(transform="pandas").fit(frame, pd.Series(y))
    assert pipeline[-1].feature_names_in_.tolist() == list("abcd")
    assert pipeline.score(frame, y) > 0.9


def test_metadata_is_routed():
    weight = np.where(y == 2, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        mlp = MLPClassifier(max_iter=200, tol=0.01, random_state=0)
        mlp.set_fit_request(sample_weight=True, X_val=False, y_val=False)
        mlp.set_score_request(sample_weight=False)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, mlp)
        pipeline.fit(X, y, sample_weight=weight)
        search = GridSearchCV(mlp, {"alpha": [1e-4, 1e-2]}, cv=2)
        search.fit(X, y, sample_weight=weight)
    assert 2 not in pipeline.predict(X)


def test_validation_rows_through_a_pipeline():
    with sklearn.config_context(enable_metadata_routing=True):
        mlp = MLPClassifier(early_stopping=True, tol=0.1, random_state=0)
        mlp.set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), mlp, transform_input=["X_val"])
        pipeline.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    score = pipeline.score(X[1::2], y[1::2])
    assert pipeline[-1].best_validation_score_ == score


@kinds
def test_clone_and_parameters(kind):
    solver, callback = fcnn.SGD(lr=fcnn.schedules.Cosine(0.1, 100)), fcnn.TimeLimit(9)
    mlp = kind((7,), solver=solver, callbacks=[callback], dropout=0.1)
    assert mlp.solver is solver
    assert mlp.callbacks[0] is callback
    assert clone(mlp).get_params()["solver"] == solver
    assert "solver=SGD(" in repr(mlp)
    assert not [name for name in vars(mlp) if name.endswith("_")]
    mlp.set_params(alpha=0.5, solver="adam")
    assert (mlp.alpha, mlp.solver) == (0.5, "adam")


def test_a_subclass_with_parameters_of_its_own():
    class Wide(MLPClassifier):
        def __init__(self, width=50, max_iter=300):
            self.width = width
            super().__init__((width,), max_iter=max_iter, tol=0.01)

    mlp = clone(Wide(width=8)).fit(X, y)
    assert mlp.network_.sizes == (4, 8, 3)
    assert mlp.get_params() == {"max_iter": 300, "width": 8}


def copies(mlp, folder):
    joblib.dump(mlp, folder / "mlp.joblib")
    yield joblib.load(folder / "mlp.joblib")
    yield joblib.load(folder / "mlp.joblib", mmap_mode="r")
    yield pickle.loads(pickle.dumps(mlp))
    yield copy.deepcopy(mlp)


@kinds
def test_copies_predict_and_train_on_to_the_same_bits(kind, tmp_path):
    mlp = fitted(kind, solver="sgd", learning_rate="invscaling")
    twins = list(copies(mlp, tmp_path))
    expected = mlp.predict(X)
    mlp.partial_fit(X, y)
    for twin in twins:
        assert np.array_equal(twin.predict(X), expected)
        assert twin.loss_curve_ == mlp.loss_curve_[:-1]
        twin.partial_fit(X, y)
        assert np.array_equal(twin.network_.parameters, mlp.network_.parameters)
        twin.coefs_[0][...] = 0.0  # still views
        assert not twin.network_.layers[1].weight.any()
    assert mlp.coefs_[0].any()


def test_a_pickle_has_the_parameters_once():
    mlp = fitted(hidden_layer_sizes=(2000,))
    one, moments = mlp.network_.parameters.nbytes, 2
    assert len(pickle.dumps(mlp)) < (1 + moments) * one + 20_000


def test_pickles_go_from_one_cpu_level_to_another(tmp_path):
    mlp = fitted(max_iter=50)
    joblib.dump((mlp, X, mlp.predict_proba(X)), tmp_path / "mlp")
    script = f"""
import joblib, numpy as np, fcnn
mlp, X, expected = joblib.load({str(tmp_path / "mlp")!r})
assert np.allclose(mlp.predict_proba(X), expected, rtol=1e-12, atol=1e-15)
mlp.partial_fit(X, mlp.predict(X))
print(fcnn._core.level)
"""
    for level in set(_levels.available) - {fcnn._core.level}:
        found = subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            env=os.environ | {"FCNN_CPU_LEVEL": level},
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 0, found.stderr
        assert found.stdout.strip() == level


@kinds
def test_not_fitted(kind):
    with pytest.raises(NotFittedError):
        kind().predict(X)
    assert not hasattr(kind(), "coefs_")


def test_the_network_behind_it():
    mlp = fitted()
    assert isinstance(mlp.network_, fcnn.Network)
    assert np.array_equal(mlp.network_.predict(X), mlp.predict_proba(X))
    assert mlp.network_.loss == "cross_entropy"
