"""fcnn.sklearn against scikit-learn's own: the same numbers from the same random state.

Initial weights, splits and shuffles are drawn as scikit-learn draws them and every step
is its step, so that what differs is rounding alone: weights, loss curves, validation
scores, numbers of epochs.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn.neural_network
from scipy import sparse
from sklearn.datasets import load_diabetes, load_digits, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning

import fcnn.sklearn
from helpers import assert_close

pixels, digits = (part[:400] for part in load_digits(return_X_y=True))
pixels = pixels / 16
measured, progress = load_diabetes(return_X_y=True)
progress = progress / 100
two_values = np.column_stack([progress, progress**2])
counts, topics = make_multilabel_classification(150, random_state=0)

CLASSES = {
    "default": (pixels, digits, {}),
    "two classes": (pixels, digits > 4, {"activation": "logistic"}),
    "one class": (pixels, np.ones(400), {"max_iter": 3}),
    "strings": (pixels, np.array(list("abcdefghij"))[digits], {"alpha": 1.0}),
    "multilabel": (counts, topics, {"activation": "tanh", "alpha": 0.5}),
    "multilabel, sparse y": (counts, sparse.csr_array(topics), {}),
    "sparse X": (sparse.csr_array(pixels), digits, {}),
    "csc X, no shuffle": (sparse.csc_array(pixels), digits, {"shuffle": False}),
    "two hidden layers": (pixels, digits, {"hidden_layer_sizes": [30, 20]}),
    "no hidden layer": (pixels, digits, {"hidden_layer_sizes": ()}),
    "a short last batch": (pixels, digits, {"batch_size": 37, "alpha": 2.0}),
    "adam": (
        *(pixels, digits),
        {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3, "learning_rate_init": 0.01},
    ),
    "sgd": (pixels, digits, {"solver": "sgd", "learning_rate_init": 0.1}),
    "sgd, plain": (pixels, digits, {"solver": "sgd", "momentum": 0.0}),
    "sgd, momentum": (
        *(pixels, digits),
        {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False},
    ),
    "invscaling": (
        *(pixels, digits),
        {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3},
    ),
    "adaptive": (
        *(pixels[:100], digits[:100] > 4),
        {
            "solver": "sgd",
            "learning_rate": "adaptive",
            "tol": 0.05,
            "learning_rate_init": 0.2,
            "n_iter_no_change": 2,
            "max_iter": 300,
        },
    ),
    "until it has converged": (
        *(pixels[:100], digits[:100] > 4),
        {"tol": 0.01, "max_iter": 300, "learning_rate_init": 0.01},
    ),
    "early stopping": (
        *(pixels, digits),
        {"early_stopping": True, "n_iter_no_change": 2, "learning_rate_init": 0.05},
    ),
    "early stopping, stratified": (
        *(pixels, digits > 7),
        {"early_stopping": True, "validation_fraction": 0.25},
    ),
    "early stopping, multilabel": (counts, topics, {"early_stopping": True}),
    "lbfgs": (pixels, digits, {"solver": "lbfgs", "max_iter": 8}),
    "lbfgs, multilabel": (counts, topics, {"solver": "lbfgs", "max_iter": 8}),
}
VALUES = {
    "default": (measured, progress, {}),
    "two outputs": (measured, two_values, {"alpha": 3.0, "solver": "sgd"}),
    "poisson": (measured, progress, {"loss": "poisson"}),
    "poisson, two outputs": (
        *(measured, np.floor(two_values)),
        {"loss": "poisson", "activation": "tanh", "alpha": 1.0},
    ),
    "early stopping": (
        *(measured, two_values),
        {"early_stopping": True, "batch_size": 50, "learning_rate_init": 0.01},
    ),
    "lbfgs": (measured, progress, {"solver": "lbfgs", "max_iter": 8, "alpha": 1.0}),
    "lbfgs, poisson": (
        *(measured, progress),
        {"solver": "lbfgs", "max_iter": 8, "loss": "poisson"},
    ),
}
CASES = [
    *(("MLPClassifier", *case) for case in CLASSES.values()),
    *(("MLPRegressor", *case) for case in VALUES.values()),
]
NAMES = [*CLASSES, *(f"values, {name}" for name in VALUES)]
cases = pytest.mark.parametrize(("kind", "X", "y", "parameters"), CASES, ids=NAMES)


def both(kind, **parameters):
    arguments = {"max_iter": 12, "random_state": 5} | parameters
    return tuple(
        getattr(module, kind)(**arguments)
        for module in (fcnn.sklearn, sklearn.neural_network)
    )


def fit(mlp, X, y, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mlp.fit(X, y, **arguments)


def compare(ours, theirs, tolerance=1e-9):
    for name in ("coefs_", "intercepts_"):
        pairs = zip(getattr(ours, name), getattr(theirs, name), strict=True)
        for a, b in pairs:
            assert a.dtype == b.dtype
            assert_close(a, b, tolerance, name)
    for name in ("n_iter_", "n_layers_", "n_outputs_", "out_activation_", "t_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=tolerance)
    if hasattr(theirs, "loss_curve_"):  # not of lbfgs
        for name in (
            "loss_curve_",
            "best_loss_",
            "validation_scores_",
            "best_validation_score_",
        ):
            a, b = getattr(ours, name), getattr(theirs, name)
            assert a == (None if b is None else pytest.approx(b, rel=tolerance)), name


@cases
def test_a_fit(kind, X, y, parameters):
    ours, theirs = both(kind, **parameters)
    fit(ours, X, y)
    fit(theirs, X, y)
    # in ten epochs lbfgs makes much of rounding
    compare(ours, theirs, 1e-6 if parameters.get("solver") == "lbfgs" else 1e-9)
    predicted, expected = ours.predict(X), theirs.predict(X)
    assert type(predicted) is type(expected) or sparse.issparse(expected)
    if sparse.issparse(expected):
        assert sparse.issparse(predicted)
        predicted, expected = predicted.toarray(), expected.toarray()
    assert predicted.dtype == expected.dtype
    if kind == "MLPRegressor":
        assert_close(predicted, expected, 1e-6)
        return
    assert np.array_equal(predicted, expected)
    assert_close(ours.predict_proba(X), theirs.predict_proba(X), 1e-6)
    assert_close(ours.predict_log_proba(X), theirs.predict_log_proba(X), 1e-6)
    assert np.array_equal(ours.classes_, theirs.classes_)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize(
    ("kind", "X", "y"),
    [
        ("MLPClassifier", pixels, digits),
        ("MLPRegressor", measured, progress),
        ("MLPRegressor", measured, two_values),
    ],
    ids=["classes", "values", "two outputs"],
)
def test_sample_weights(kind, X, y, solver, rng):
    if solver == "lbfgs" and y.ndim == 2:
        y = y[:, 0]  # see test_the_loss_of_lbfgs_and_two_outputs
    weight = np.where(rng.uniform(size=len(y)) < 0.2, 0.0, rng.uniform(0.1, 3, len(y)))
    ours, theirs = both(kind, solver=solver, batch_size=150, alpha=5.0, max_iter=6)
    fit(ours, X, y, sample_weight=weight)
    fit(theirs, X, y, sample_weight=weight)
    compare(ours, theirs, 1e-7)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_early_stopping_with_weights(solver, rng):
    weight = rng.uniform(0.1, 3, len(digits))
    ours, theirs = both("MLPClassifier", solver=solver, early_stopping=True)
    fit(ours, pixels, digits, sample_weight=weight)
    fit(theirs, pixels, digits, sample_weight=weight)
    compare(ours, theirs)


@pytest.mark.parametrize(
    "parameters",
    [
        {"solver": "adam"},
        {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1},
        {"solver": "adam", "early_stopping": True},
        {"solver": "lbfgs"},
    ],
    ids=str,
)
def test_warm_starts(parameters):
    ours, theirs = both("MLPClassifier", warm_start=True, max_iter=5, **parameters)
    for rows in (slice(None), slice(50, None), slice(None)):
        fit(ours, pixels[rows], digits[rows])
        fit(theirs, pixels[rows], digits[rows])
        compare(ours, theirs, 1e-6)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_partial_fits(kind, solver):
    X, y = (pixels, digits) if kind == "MLPClassifier" else (measured, progress)
    ours, theirs = both(kind, solver=solver, learning_rate="invscaling", batch_size=64)
    first = {"classes": np.arange(11)} if kind == "MLPClassifier" else {}
    for rows in (slice(0, 100), slice(100, 250), slice(100, 400)):
        for mlp in (ours, theirs):
            mlp.partial_fit(X[rows], y[rows], **first)
        first = {}
        compare(ours, theirs)


NUMBERS = [
    *({"solver": "sgd", "momentum": value} for value in (False, np.float32(0.5))),
    *({"solver": solver, "alpha": True} for solver in ("sgd", "adam", "lbfgs")),
    {"beta_1": False, "beta_2": np.float32(0.5), "epsilon": True},
    {"early_stopping": True, "validation_fraction": np.float32(0.25)},
    {"max_iter": True, "batch_size": np.int64(64), "tol": np.float32(0.5)},
]


@pytest.mark.parametrize("parameters", NUMBERS, ids=str)
def test_numbers_of_other_types(parameters):
    ours, theirs = both("MLPClassifier", **{"max_iter": 2} | parameters)
    fit(ours, pixels, digits)
    fit(theirs, pixels, digits)
    compare(ours, theirs)


def test_a_random_state_goes_on():
    states = np.random.RandomState(3), np.random.RandomState(3)
    pair = both("MLPClassifier", max_iter=3)
    for mlp, state in zip(pair, states, strict=True):
        mlp.set_params(random_state=state, early_stopping=True)
        fit(mlp, pixels, digits)
    compare(*pair)
    fit(pair[0], pixels, digits)
    fit(pair[1], pixels, digits)
    compare(*pair)
    assert states[0].randint(2**31) == states[1].randint(2**31)


def test_the_dtype_follows_that_of_x():
    ours, theirs = both("MLPClassifier", max_iter=3)
    X = pixels.astype(np.float32)
    fit(ours, X, digits)
    fit(theirs, X, digits)
    compare(ours, theirs, 2e-5)
    assert ours.network_.dtype == np.float32
    assert ours.predict_proba(X).dtype == np.float32


@pytest.mark.parametrize("weighted", [True, False])
def test_the_gradient(weighted, rng):
    """What scikit-learn minimizes by lbfgs, and its gradient, at the same weights."""
    ours, theirs = both("MLPClassifier", alpha=0.3, max_iter=2)
    fit(ours, pixels, digits)
    fit(theirs, pixels, digits)
    weight = rng.uniform(size=400) if weighted else None
    Y, shapes = np.eye(10)[digits], [W.shape for W in theirs.coefs_]
    theta = np.concatenate([p.ravel() for p in theirs.coefs_ + theirs.intercepts_])
    n = len(theirs.coefs_)
    theirs._coef_indptr, theirs._intercept_indptr, at = [], [], 0
    for shape in shapes:
        end = at + shape[0] * shape[1]
        theirs._coef_indptr.append((at, end, shape))
        at = end
    for b in theirs.intercepts_:
        theirs._intercept_indptr.append((at, at + len(b)))
        at += len(b)
    lists = [pixels] + [None] * n, *([None] * n for _ in range(3))
    loss, gradient = theirs._loss_grad_lbfgs(theta, pixels, Y, weight, *lists)
    total = 400 if weight is None else weight.sum()
    value, flat = ours.network_.loss_and_gradient(
        pixels, digits, sample_weight=weight, l2=0.3 / total
    )
    parts = list(ours.network_.unflatten(flat))
    mine = [*(p.weight.T.ravel() for p in parts), *(p.bias for p in parts)]
    assert value == pytest.approx(loss, rel=1e-9)
    assert_close(np.concatenate(mine), gradient, 1e-9)


def test_the_loss_of_lbfgs_and_two_outputs():
    """scikit-learn's line search has the gradient of another loss than it compares.

    Its loss is the mean over the outputs, its gradient that of the sum. fcnn minimizes
    the sum, and reports the mean as it does elsewhere.
    """
    ours, theirs = both(
        "MLPRegressor", solver="lbfgs", max_iter=2000, alpha=1.0, activation="identity"
    )
    fit(ours, measured, two_values)
    fit(theirs, measured, two_values)
    errors = ours.predict(measured) - two_values
    squares = sum((W**2).sum() for W in ours.coefs_)
    expected = (errors**2).mean() / 2 + squares / 2 / len(two_values)
    assert ours.loss_ == pytest.approx(expected, rel=1e-12)

    def minimized(mlp):
        errors = mlp.predict(measured) - two_values
        squares = sum((W**2).sum() for W in mlp.coefs_)
        return (errors**2).sum() / 2 + squares / 2

    assert minimized(ours) <= minimized(theirs) * (1 + 1e-6)
