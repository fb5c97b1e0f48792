"""How fits are called, with callbacks and metrics that do harm: for hostile_rows.py."""

from __future__ import annotations

import numpy as np

import fcnn
from hostile_arrays import disturb
from hostile_values import Lie, scalar


class Hook(fcnn.Callback):
    """Calls f in one of the hooks."""

    def __init__(self, name, f):
        setattr(self, name, lambda *_: f())


def _bad_callback(d):
    """One that raises, or changes what is being trained or trained on."""
    kinds = ("on_", "prepare", "state")
    hooks = [name for name in vars(fcnn.Callback) if name.startswith(kinds)]
    net, X, y = d.net, d.X, d.y

    def fail():
        raise Lie

    acts = [
        fail,
        fail,
        lambda: X.fill(np.nan),
        lambda: y.fill(99),
        lambda: X.resize((2, X.shape[1]), refcheck=False),
        lambda: [A.resize((2, *A.shape[1:]), refcheck=False) for A in (X, y)],
        lambda: net.parameters.fill(np.nan),
        lambda: net.parameters.fill(1e38),
        net.reset_optimizer,
        lambda: net.fit(X, y, epochs=1),
        lambda: net.fit_batch(X, y, loss="mae"),
        lambda: setattr(net, "learning_rate", 0.5),
        lambda: setattr(net, "standardizer", None),
        lambda: net.predictor()(X[0]),
        net.copy,
    ]
    return Hook(hooks[d.rng.integers(len(hooks))], acts[d.rng.integers(len(acts))])


def _bad_metric(d):
    """One that raises, or changes or shrinks what it is given."""
    kind = d.rng.integers(7)

    def metric(y, a):
        if kind == 0:
            raise Lie
        if kind == 1:
            a.fill(np.nan)
        if kind == 2:
            a.resize((1, a.shape[1]), refcheck=False)
        if kind == 3:
            y.fill(0)
        return [0.5, 0.5, 0.5, 0.5, "x", 10**400, np.ones(3)][kind]

    return metric


def fit(d):
    good = {"X": d.X, "y": d.y, "epochs": 2, "progress": False}
    good |= {"callbacks": fcnn.TimeLimit(1e-9), "batch_size": 4}
    if d.net._architecture.standardize or d.rng.integers(3) == 0:
        del good["batch_size"]
    if d.rng.integers(3) == 0:
        good["sample_weight"] = d.weight
    if d.rng.integers(4) == 0:
        good["validation_data"] = (d.X, d.y)
    call = d.call(d.net.fit, good, reads=True, trains=True, slow=("n_threads",))
    if d.rng.integers(4) == 0:
        good |= {"callbacks": _bad_callback(d), "metrics": ["mse"], "epochs": 3}
        call.reads = False
    if d.rng.integers(8) == 0:
        good["metrics"] = [_bad_metric(d)]
        call.reads = False
    call.fixed = ("callbacks",) if d.rng.integers(2) else ("epochs",)
    call.paths = ("resume",)
    call.accepts = (fcnn.TrainingDiverged,)
    return call


def fit_batches(d):
    batches = [(d.X, d.y), (d.X[:4], d.y[:4], d.weight[:4])]
    if d.rng.integers(2):
        k = d.rng.integers(2)
        value = disturb(d.rng, d.X)[1] if d.rng.integers(2) else scalar(d.rng)[1]
        batches[k] = (value, *batches[k][1:]) if d.rng.integers(2) else value
    call = d.call(
        lambda batches, **k: d.net.fit(batches=batches, epochs=1, progress=False, **k),
        {"batches": batches},
        trains=True,
        accepts=(fcnn.TrainingDiverged,),
    )
    call.optional = ["class_weight", "metrics", "label_smoothing", "validation_data"]
    return call
