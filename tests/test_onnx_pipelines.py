"""scikit-learn pipelines with fcnn's estimators through skl2onnx."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import skl2onnx
from sklearn.neural_network import MLPClassifier as SklearnClassifier
from sklearn.neural_network import MLPRegressor as SklearnRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fcnn
from fcnn.formats import onnx_sklearn
from fcnn.sklearn import MLPClassifier, MLPRegressor
from helpers import assert_close
from onnx_models import run

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # a few iterations are enough here
)
NO_MAPS = {"zipmap": False}


def rows(dtype="float32", n=120):
    return (
        np.random.default_rng(0)
        .normal([5, 0, -3, 1], [3, 1, 0.1, 9], (n, 4))
        .astype(dtype)
    )


def targets(X):
    """y of each kind, which depends on X."""
    s = X[:, 0] + X[:, 1] - 5
    three = np.digitize(s, [-2, 2])
    return {
        "binary": (s > 0).astype(int),
        "multiclass": three * 1000 - 7,
        "multilabel": np.stack([s > 0, X[:, 2] > -3, X[:, 3] > 0], axis=1).astype(int),
        "strings": np.array(["less", "about", "more"])[three],
        "two objects": np.array(["no", "yes"], object)[(s > 0).astype(int)],
        "bools": s > 0,
        "floats": three + 2.0,
    }


def fitted(estimator, X, y):
    return make_pipeline(StandardScaler(), estimator).fit(X, y)


def classifier(activation="relu"):
    return MLPClassifier(
        (6, 5), activation, solver="lbfgs", max_iter=15, random_state=0
    )


@pytest.mark.parametrize("kind", targets(rows()))
@pytest.mark.parametrize(
    ("dtype", "opset", "activation"),
    [("float32", 17, "gelu"), ("float32", None, "mish"), ("float64", 13, "elu(0.5)")],
)
def test_classifiers(dtype, opset, activation, kind):
    X = rows(dtype)
    pipe = fitted(classifier(activation), X, targets(X)[kind])
    model = skl2onnx.to_onnx(
        pipe, X[:1], target_opset=opset, options={MLPClassifier: NO_MAPS}
    )
    labels, probabilities = run(model, X)
    expected = pipe.predict(X)
    assert labels.shape == expected.shape
    assert (labels == expected.astype(labels.dtype)).all()
    assert probabilities.dtype == dtype
    assert_close(
        probabilities, pipe.predict_proba(X), 1e-5 if dtype == "float32" else 1e-12
    )
    assert len(np.unique(labels)) > 1


@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_regressors(dtype, n_outputs):
    X = rows(dtype)
    y = X[:, :n_outputs] ** 2 if n_outputs > 1 else X[:, 0] ** 2
    regressor = MLPRegressor(
        hidden_layer_sizes=(8,), solver="lbfgs", max_iter=15, random_state=0
    )
    pipe = fitted(regressor, X, y)
    (predicted,) = run(skl2onnx.to_onnx(pipe, X[:1]), X)
    assert predicted.shape == (len(X), n_outputs)
    bound = 1e-5 if dtype == "float32" else 1e-12
    assert_close(predicted, pipe.predict(X).reshape(len(X), -1), bound)


def test_options():
    """skl2onnx's usual ones; without any, probabilities are dicts."""
    X = rows()
    y = targets(X)["strings"]
    pipe = fitted(classifier(), X, y)
    labels, maps = run(skl2onnx.to_onnx(pipe, X[:1]), X)
    assert labels.tolist() == pipe.predict(X).tolist()
    assert list(maps[0]) == ["about", "less", "more"]
    found = np.array([list(row.values()) for row in maps])
    assert_close(found, pipe.predict_proba(X), 1e-5)
    options = {MLPClassifier: {"zipmap": "columns"}}
    outputs = run(skl2onnx.to_onnx(pipe, X[:1], options=options), X)
    assert_close(outputs[2], pipe.predict_proba(X)[:, 1], 1e-5)
    options = {MLPClassifier: NO_MAPS | {"output_class_labels": True}}
    outputs = run(skl2onnx.to_onnx(pipe, X[:1], options=options), X)
    assert outputs[2].tolist() == ["about", "less", "more"]
    options = {MLPClassifier: NO_MAPS | {"nocl": True}}
    labels = run(skl2onnx.to_onnx(pipe, X[:1], options=options), X)[0]
    assert (pipe.classes_[labels] == pipe.predict(X)).all()


def test_integer_inputs():
    X = np.random.default_rng(0).integers(-5, 5, (80, 4))
    y = (X.sum(axis=1) > 0).astype(int)
    mlp = classifier().fit(X, y)
    labels, p = run(skl2onnx.to_onnx(mlp, X[:1], options={MLPClassifier: NO_MAPS}), X)
    assert (labels == y).mean() > 0.9
    assert_close(p, mlp.predict_proba(X), 1e-5)


def test_what_is_assigned_to_coefs_is_converted():
    X = rows()
    mlp = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=0).fit(
        X, X[:, 0]
    )
    mlp.coefs_ = [2 * W for W in mlp.coefs_]
    (y,) = run(skl2onnx.to_onnx(mlp, X[:1]), X)
    assert_close(y[:, 0], mlp.predict(X), 1e-5)


def test_what_is_not_converted():
    X = rows()
    one = MLPClassifier((3,), max_iter=2).fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="one class only"):
        skl2onnx.to_onnx(one, X[:1])
    mlp = classifier().fit(X, targets(X)["binary"])
    with pytest.raises(ValueError, match="target_opset must be at least 13, not 12"):
        skl2onnx.to_onnx(mlp, X[:1], target_opset=12, options={MLPClassifier: NO_MAPS})


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("options", [None, NO_MAPS])
@pytest.mark.parametrize("cls", [SklearnClassifier, MLPClassifier])
def test_pipelines_are_read_as_networks(cls, options, kind):
    """scikit-learn's own too: the scaler becomes the standardizer.

    Two classes, of one sigmoid there, are a softmax of two.
    """
    X = rows()
    mlp = cls((6,), "tanh", max_iter=5, random_state=0)
    pipe = fitted(mlp, X, targets(X)[kind])
    chosen = None if options is None else {cls: options}
    net = fcnn.from_onnx(skl2onnx.to_onnx(pipe, X[:1], options=chosen))
    assert net.sizes == (4, 6, 2 if kind == "binary" else 3)
    assert net.loss == (
        "binary_cross_entropy" if kind == "multilabel" else "cross_entropy"
    )
    assert_close(net.predict(X), pipe.predict_proba(X), 1e-5)
    assert_close(net.standardizer.mean, pipe[0].mean_, 1e-6)


def test_a_regressor_of_scikit_learns_is_read():
    X = rows()
    mlp = SklearnRegressor(hidden_layer_sizes=(6,), max_iter=5, random_state=0)
    pipe = fitted(mlp, X, X[:, 0])
    net = fcnn.from_onnx(skl2onnx.to_onnx(pipe, X[:1]))
    assert_close(net.predict(X)[:, 0], pipe.predict(X), 1e-5)


def test_registration_in_either_order(monkeypatch):
    """In a process of its own: fcnn.sklearn first, which does not import skl2onnx.

    Others may look for the module, or fail to import it, before.
    """
    script = """
import sys
import fcnn.sklearn
assert "skl2onnx" not in sys.modules and "onnx" not in sys.modules
import fcnn.formats.onnx_sklearn as converters
converters.register_with_skl2onnx()  # again: it waits once
finders = [f for f in sys.meta_path if isinstance(f, converters._Finder)]
assert len(finders) == 1
import importlib.util
importlib.util.find_spec("skl2onnx")
sys.modules["skl2onnx.convert"] = None
try:
    import skl2onnx
except ImportError:
    del sys.modules["skl2onnx.convert"]
import skl2onnx.common
import numpy as np
X = np.eye(3, dtype="float32")
mlp = fcnn.sklearn.MLPClassifier((2,), solver="lbfgs").fit(X, [0, 1, 1])
print([o.name for o in skl2onnx.to_onnx(mlp, X).graph.output])
"""
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == "['output_label', 'output_probability']"
    monkeypatch.setattr(sys, "meta_path", [])
    onnx_sklearn.register_with_skl2onnx()  # here it has been imported before
    assert not sys.meta_path
    monkeypatch.setitem(sys.modules, "skl2onnx", None)  # it cannot be imported
    onnx_sklearn.register_with_skl2onnx()
    assert len(sys.meta_path) == 1
