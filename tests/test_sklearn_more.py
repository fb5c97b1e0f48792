"""fcnn.sklearn beyond scikit-learn's parameters; its attributes."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning

import fcnn
from fcnn.sklearn import MLPClassifier, MLPRegressor
from helpers import assert_close

X, y = load_iris(return_X_y=True)
VALUES_X, VALUES_Y = load_diabetes(return_X_y=True)
VALUES_Y = VALUES_Y / 100

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**parameters):
    return MLPClassifier(**({"max_iter": 20, "random_state": 0} | parameters))


def regressor(**parameters):
    return MLPRegressor(**({"max_iter": 20, "random_state": 0} | parameters))


# ---- activations, losses, solvers ----


def test_an_activation_for_each_layer():
    names = ["gelu", "leaky_relu(0.2)", "logistic"]
    mlp = classifier(hidden_layer_sizes=(8, 7, 6), activation=names).fit(X, y)
    layers = [layer.activation for layer in mlp.network_.layers]
    assert layers == [None, "gelu", "leaky_relu(0.2)", "sigmoid", "softmax"]
    assert mlp.out_activation_ == "softmax"
    bound = np.sqrt(2 / (7 + 6))  # of a sigmoid, and of the output after it
    mlp = classifier(
        hidden_layer_sizes=(8, 7, 6), activation=names, learning_rate_init=1e-12
    ).fit(X, y)
    assert 0.8 * bound < np.abs(mlp.coefs_[2]).max() <= bound
    assert np.sqrt(2 / 15) < np.abs(mlp.coefs_[1]).max() <= np.sqrt(6 / 15)
    assert classifier(hidden_layer_sizes=(), activation=[]).fit(X, y).n_layers_ == 2


@pytest.mark.parametrize("loss", ["mse", "quadratic", "binary_cross_entropy"])
def test_another_loss_of_classes(loss):
    mlp = classifier(loss=loss, learning_rate_init=0.01, max_iter=100).fit(X, y)
    assert mlp.network_.loss == loss
    assert mlp.score(X, y) > 0.9
    assert mlp.predict_proba(X).sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(
    ("loss", "output"),
    [
        ("mae", "identity"),
        ("huber(0.5)", "identity"),
        ("quadratic", "identity"),
        ("binary_cross_entropy", "logistic"),
        ("poisson_deviance", "exp"),
    ],
)
def test_another_loss_of_values(loss, output):
    target = VALUES_Y / 4
    mlp = regressor(loss=loss, alpha=0.0).fit(VALUES_X, target)
    assert mlp.out_activation_ == output
    assert mlp.network_.loss == loss
    assert mlp.loss_curve_[-1] < mlp.loss_curve_[0]
    step = mlp.network_.evaluate(VALUES_X, target)["loss"]
    assert step == pytest.approx(mlp.loss_, rel=0.1)


@pytest.mark.parametrize(
    "solver",
    [
        *("adamw", "rmsprop", "adagrad", "nadam", "rprop", "levenberg_marquardt"),
        *(fcnn.SGD(lr=fcnn.schedules.Step(0.1, 50)), fcnn.LBFGS(memory=3)),
    ],
    ids=str,
)
def test_another_solver(solver):
    mlp = regressor(hidden_layer_sizes=5, activation="tanh", solver=solver)
    mlp.fit(VALUES_X, VALUES_Y)
    assert mlp.network_._optimizer.name == getattr(solver, "name", solver)
    assert len(mlp.loss_curve_) == mlp.n_iter_
    assert mlp.loss_curve_[-1] < mlp.loss_curve_[0]
    full = mlp.network_._optimizer.full_batch
    assert hasattr(mlp, "partial_fit") == (not full)


def test_a_named_solver_has_the_learning_rate_and_an_instance_its_own():
    mlp = classifier(solver="rmsprop", learning_rate_init=0.02).fit(X, y)
    assert mlp.network_.learning_rate == 0.02
    mlp.set_params(solver=fcnn.RMSprop(lr=0.03)).fit(X, y)
    assert mlp.network_.learning_rate == 0.03


def test_the_solver_is_that_of_a_network():
    """An instance, and the weights, biases and order that the estimator draws."""
    mlp = regressor(
        solver=fcnn.NAdam(lr=0.01), shuffle=False, batch_size=64, alpha=2.0, tol=0.0
    )
    start = regressor(solver="sgd", learning_rate_init=1e-300, max_iter=1, alpha=0.0)
    net = start.fit(VALUES_X, VALUES_Y).network_
    net.fit(
        *(VALUES_X, VALUES_Y),
        optimizer=fcnn.NAdam(lr=0.01),
        epochs=20,
        batch_size=64,
        shuffle=False,
        l2=2.0,
        penalty_per="sample",
    )
    mlp.fit(VALUES_X, VALUES_Y)
    assert_close(mlp.network_.parameters, net.parameters, 1e-12)


# ---- dropout, class weights, threads ----


def test_dropout():
    parameters = {"hidden_layer_sizes": (20, 10), "max_iter": 5}
    plain, *thinned = (
        classifier(dropout=rate, **parameters).fit(X, y)
        for rate in (0.0, 0.5, 0.5, [0.1, 0.2, 0.3])
    )
    assert thinned[0].network_.dropout == (0.0, 0.5, 0.5)
    assert thinned[2].network_.dropout == pytest.approx((0.1, 0.2, 0.3), abs=1e-5)
    assert thinned[0].loss_curve_ == thinned[1].loss_curve_
    assert thinned[0].loss_curve_ != plain.loss_curve_
    other = classifier(dropout=0.5, random_state=1, **parameters).fit(X, y)
    assert other.network_.seed != thinned[0].network_.seed


@pytest.mark.parametrize("labels", [np.arange(3), np.array(["a", "b", "c"])])
def test_class_weights_are_sample_weights(labels):
    rows = slice(30, None)  # 20, 50 and 50 of the classes
    by_class = {labels[0]: 3.0, labels[2]: 0.5}
    weighed = classifier(class_weight=by_class).fit(X[rows], labels[y[rows]])
    weight = np.array([3.0, 1.0, 0.5])[y[rows]]
    same = classifier().fit(X[rows], labels[y[rows]], sample_weight=weight)
    assert weighed.loss_curve_ == same.loss_curve_
    balanced = classifier(class_weight="balanced").fit(X[rows], labels[y[rows]])
    weight = (120 / 3 / np.array([20, 50, 50]))[y[rows]]
    same = classifier().fit(X[rows], labels[y[rows]], sample_weight=weight)
    assert_close(balanced.loss_curve_, same.loss_curve_, 1e-12)
    both = classifier(class_weight=by_class)
    both.fit(X[rows], labels[y[rows]], sample_weight=weight)
    product = weight * np.array([3.0, 1.0, 0.5])[y[rows]]
    same = classifier().fit(X[rows], labels[y[rows]], sample_weight=product)
    assert_close(both.loss_curve_, same.loss_curve_, 1e-12)


def test_class_weights_of_a_partial_fit_without_rows_of_a_class():
    rows = y < 2
    mlp = classifier(class_weight={0: 3.0, 2: 0.5})
    mlp.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    weight = np.array([3.0, 1.0])[y[rows]]
    same = classifier()
    same.partial_fit(X[rows], y[rows], sample_weight=weight, classes=[0, 1, 2])
    assert mlp.loss_curve_ == same.loss_curve_


def test_class_weights_of_several_labels():
    rows, labels = make_multilabel_classification(100, random_state=0)
    factors = [{0: 1.0, 1: 1.0 + k} for k in range(5)]
    weighed = classifier(class_weight=factors).fit(rows, labels)
    weight = np.where(labels, 1.0 + np.arange(5), 1.0).prod(axis=1)
    same = classifier().fit(rows, labels, sample_weight=weight)
    assert weighed.loss_curve_ == same.loss_curve_


@pytest.mark.parametrize("n_jobs", [10**9, 2.5, "2"])
def test_n_jobs_that_predict_refuses(n_jobs):
    mlp = classifier(max_iter=1).fit(X, y).set_params(n_jobs=n_jobs)
    with pytest.raises((TypeError, ValueError), match="n_jobs must be"):
        mlp.predict(X)


def test_validation_scores_do_not_feel_class_weights():
    scores = [
        classifier(early_stopping=True, class_weight=weight, learning_rate_init=1e-9)
        .fit(X, y)
        .validation_scores_
        for weight in (None, {0: 9.0})
    ]
    assert scores[0] == scores[1]


@pytest.mark.usefixtures("split_everything")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_same_bits_for_any_n_jobs(solver):
    results = set()
    for n_jobs in (None, 1, 2, -1):
        mlp = classifier(solver=solver, n_jobs=n_jobs).fit(X, y)
        results.add(mlp.predict_proba(X).tobytes() + mlp.network_.parameters.tobytes())
    assert len(results) == 1


def test_sparse_rows_give_the_bits_of_dense_ones():
    rows = np.where(X > 2, X, 0.0)
    dense = classifier(early_stopping=True).fit(rows, y)
    for kind in (sparse.csr_array, sparse.csc_matrix):
        mlp = classifier(early_stopping=True).fit(kind(rows), y)
        assert mlp.network_.parameters.tobytes() == dense.network_.parameters.tobytes()
        assert np.array_equal(mlp.predict(kind(rows)), dense.predict(rows))


# ---- validation rows and callbacks ----


@pytest.mark.parametrize("early_stopping", [True, False])
def test_validation_rows_of_ones_own(early_stopping):
    train, held_out = np.arange(150) % 3 > 0, np.arange(150) % 3 == 0
    mlp = classifier(early_stopping=early_stopping, max_iter=60, n_iter_no_change=3)
    mlp.fit(X[train], y[train], X_val=X[held_out], y_val=y[held_out])
    assert len(mlp.validation_scores_) == mlp.n_iter_
    assert mlp.best_validation_score_ == max(mlp.validation_scores_)
    score = mlp.score(X[held_out], y[held_out])
    if early_stopping:  # the best weights are back, and all rows were trained on
        assert score == mlp.best_validation_score_
        assert mlp.best_loss_ is None
        assert mlp.t_ == mlp.n_iter_ * train.sum()
    else:
        assert score == mlp.validation_scores_[-1]
        plain = classifier(max_iter=60, n_iter_no_change=3).fit(X[train], y[train])
        assert plain.loss_curve_ == mlp.loss_curve_
        assert plain.validation_scores_ is None


def test_validation_rows_of_values():
    mlp = regressor(solver="lbfgs", alpha=1.0)
    mlp.fit(VALUES_X[:300], VALUES_Y[:300], X_val=VALUES_X[300:], y_val=VALUES_Y[300:])
    assert mlp.validation_scores_[-1] == pytest.approx(
        mlp.score(VALUES_X[300:], VALUES_Y[300:])
    )


def test_callbacks_see_the_fit():
    seen = []

    class Seen(fcnn.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((epoch, logs["loss"], len(self.network.parameters)))
            self.stop_training = epoch == 4

    mlp = classifier(callbacks=Seen()).fit(X, y)
    assert [epoch for epoch, _, _ in seen] == [0, 1, 2, 3, 4]
    assert [loss for _, loss, _ in seen] == mlp.loss_curve_
    assert mlp.n_iter_ == 5


def test_callbacks_may_monitor_the_validation_rows():
    stop = fcnn.EarlyStopping("val_loss", patience=2, min_delta=1.0)
    mlp = classifier(callbacks=[stop], max_iter=50).fit(X, y, X_val=X, y_val=y)
    assert mlp.n_iter_ < 50
    assert stop.best_epoch is not None
    with pytest.raises(ValueError, match="val_loss"):
        classifier(callbacks=[stop]).fit(X, y)


def test_a_callbacks_stop_is_no_lack_of_convergence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier(callbacks=fcnn.TimeLimit(1e-9), max_iter=1).fit(X, y)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(1\) reached"):
        classifier(max_iter=1).fit(X, y)


# ---- attributes ----


def test_coefs_are_views():
    mlp = classifier().fit(X, y)
    for W, b, layer in zip(
        mlp.coefs_, mlp.intercepts_, list(mlp.network_.layers)[1:], strict=True
    ):
        assert W.shape == layer.weight.shape[::-1]
        assert np.shares_memory(W, mlp.network_.parameters)
        assert np.shares_memory(b, mlp.network_.parameters)
    mlp.coefs_[1][...] = 0.0
    mlp.intercepts_[1][:] = [0.0, 1.0, 0.0]
    assert set(mlp.predict(X)) == {1}
    mlp.network_.layers[2].bias[2] = 9.0
    assert mlp.intercepts_[1][2] == 9.0
    assert set(mlp.predict(X)) == {2}


@pytest.mark.parametrize("how", ["item", "list"])
def test_assigned_coefs_take_effect(how):
    mlp, other = classifier().fit(X, y), classifier(random_state=1).fit(X, y)
    expected = other.predict_proba(X)
    if how == "list":
        mlp.coefs_ = [W.copy() for W in other.coefs_]
        mlp.intercepts_ = [b.tolist() for b in other.intercepts_]
    else:
        for l in range(2):
            mlp.coefs_[l] = other.coefs_[l].copy()
            mlp.intercepts_[l] = other.intercepts_[l].copy()
    assert np.array_equal(mlp.predict_proba(X), expected)
    assert np.array_equal(mlp.network_.predict(X), expected)
    assert np.shares_memory(mlp.coefs_[0], mlp.network_.parameters)
    mlp.coefs_[0] = mlp.coefs_[0][:, :7]
    with pytest.raises(ValueError, match="shape"):
        mlp.predict(X)
    mlp.coefs_ = other.coefs_[:1]
    with pytest.raises(ValueError, match="must have 2 arrays each, for layers"):
        mlp.predict(X)


def test_coefs_of_an_estimator_that_was_never_fitted():
    fitted = regressor().fit(VALUES_X, VALUES_Y)
    mlp = MLPRegressor()
    mlp.coefs_, mlp.intercepts_ = fitted.coefs_, fitted.intercepts_
    mlp.n_outputs_, mlp.n_features_in_ = 1, 10
    assert np.array_equal(mlp.predict(VALUES_X), fitted.predict(VALUES_X))


def test_a_warm_start_with_another_activation_keeps_the_weights():
    mlp = classifier(warm_start=True).fit(X, y)
    before = [W.copy() for W in mlp.coefs_]
    mlp.set_params(activation="tanh", learning_rate_init=1e-12, alpha=0.0).fit(X, y)
    assert mlp.network_.layers[1].activation == "tanh"
    for W, expected in zip(mlp.coefs_, before, strict=True):
        assert_close(W, expected, 1e-9)
    mlp.set_params(hidden_layer_sizes=(7,))
    with pytest.raises(ValueError, match=re.escape("need [(4, 7), (7, 3)]")):
        mlp.fit(X, y)


def test_a_multilabel_of_weights_and_sets():
    rows, labels = make_multilabel_classification(100, random_state=0)
    mlp = classifier(class_weight="balanced").fit(rows, labels)
    assert mlp.predict(rows).shape == labels.shape
    assert mlp.out_activation_ == "logistic"
    mlp.set_params(class_weight=None)
    with pytest.raises(ValueError, match="y must be multilabel"):
        mlp.partial_fit(rows, labels[:, 0])
    with pytest.raises(ValueError, match="a column for each of the 5 labels"):
        mlp.partial_fit(rows, labels[:, :3])
    with pytest.raises(ValueError, match="must consist of 0 and 1"):
        mlp.partial_fit(rows, 2 * labels)


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_verbose(solver, capsys):
    mlp = classifier(solver=solver, verbose=True, early_stopping=True, max_iter=3)
    mlp.fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    losses = [line for line in lines if line.startswith("Iteration")]
    shown = [f"Iteration {i}, loss = {c:.8f}" for i, c in enumerate(mlp.loss_curve_, 1)]
    assert losses == shown
    assert any(line.startswith("Validation score") for line in lines) == (
        solver == "sgd"
    )
    regressor(tol=9.0, verbose=True, max_iter=99).fit(VALUES_X, VALUES_Y)
    assert "did not improve more than tol=9.000000" in capsys.readouterr().out


def test_ctrl_c_keeps_what_was_learned():
    class Interrupt(fcnn.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 3:
                raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="Training interrupted by user"):
        mlp = classifier(callbacks=Interrupt(), max_iter=50).fit(X, y)
    assert mlp.n_iter_ == 3
    assert mlp.loss_curve_ == classifier(max_iter=3).fit(X, y).loss_curve_
