"""How estimators, importers and exporters are called: for hostile_rows.py."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np

import fcnn
import fcnn.sklearn
from hostile_arrays import disturb
from hostile_values import scalar

METHODS = ("fit", "partial_fit", "predict", "predict_proba", "predict_log_proba")
DATA = Path(__file__).parent / "data"


def _estimator(cls, method):
    def row(d):
        X, y = d.rng.normal(size=(12, 2)), np.arange(12) % 3
        quick = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}

        def fitted():
            return cls(**quick).fit(X, y)

        slow = ("hidden_layer_sizes", "max_iter", "max_fun", "n_jobs")
        if method == "":

            def make_and_fit(X, y, sample_weight=None, **arguments):
                return cls(**{**quick, **arguments}).fit(X, y, sample_weight)

            call = d.call(make_and_fit, {"X": X, "y": y}, slow=slow)
            call.optional += list(inspect.signature(cls).parameters)
            return call
        good = {"X": X, "y": y} if "fit" in method else {"X": X}
        estimator = cls(**quick) if "fit" in method else fitted()
        if method == "partial_fit" and "Classifier" in cls.__name__:
            good["classes"] = [0, 1, 2]
        return d.call(getattr(estimator, method), good)

    return row


def estimators():
    rows = {}
    for name in fcnn.sklearn.__all__:
        cls = getattr(fcnn.sklearn, name)
        for method in ("", *METHODS):
            if hasattr(cls, method) or not method:
                rows[f"sklearn.{name}{'.' if method else ''}{method}"] = _estimator(
                    cls, method
                )
    return rows


def from_sklearn(d):
    from sklearn.neural_network import MLPRegressor

    X = d.rng.normal(size=(12, 2))
    mlp = MLPRegressor(hidden_layer_sizes=3, max_iter=200, tol=1e9, random_state=0).fit(
        X, X[:, 0]
    )
    if d.rng.integers(2):
        name = ["coefs_", "intercepts_", "activation", "out_activation_", "n_outputs_"][
            d.rng.integers(5)
        ]
        value = (
            [disturb(d.rng, A)[1] for A in getattr(mlp, name)]
            if name.endswith("s_") and name != "n_outputs_" and d.rng.integers(2)
            else scalar(d.rng)[1]
        )
        setattr(mlp, name, value)
    return d.call(fcnn.from_sklearn, {"estimator": mlp})


def from_torch(d):
    shapes = {"0.weight": (3, 2), "0.bias": (3,), "2.weight": (1, 3)}
    weights = {name: np.ones(shape) for name, shape in shapes.items()}
    if d.rng.integers(2):
        name = list(weights)[d.rng.integers(3)]
        weights[name] = disturb(d.rng, weights[name])[1]
    good = {"model": weights, "activation": "tanh", "output": "identity"}
    return d.call(fcnn.from_torch, good)


def damaged(source, argument, function, suffix):
    """A file, of which now and then a byte is another or the rest is missing."""

    def row(d):
        data = bytearray(source(d))
        if d.rng.integers(2):
            at = int(d.rng.integers(len(data)))
            data[at] = int(d.rng.integers(256))
            if d.rng.integers(3) == 0:
                del data[at:]
        path = d.folder / f"damaged{suffix}"
        path.write_bytes(data)
        return d.call(function, {argument: path}, paths=(argument,))

    return row


def saved(d):
    d.net.save(d.folder / "saved")
    return (d.folder / "saved").read_bytes()


def onnx(d):
    d.net.to_onnx(d.folder / "saved")
    return (d.folder / "saved").read_bytes()


WEIGHTS = DATA / "keras_dense.weights.h5"
FILES = {
    "load": damaged(saved, "path", fcnn.load, ""),
    "from_onnx": damaged(onnx, "source", fcnn.from_onnx, ".onnx"),
    "from_keras": damaged(
        lambda d: WEIGHTS.read_bytes(), "model", fcnn.from_keras, ".h5"
    ),
}
