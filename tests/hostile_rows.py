"""Everything public with a call that is in order: for hostile_calls.py."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

import fcnn
from fcnn.layers import InputLayer, Layer, Layers
from fcnn.records import PerLayer
from hostile_fits import fit, fit_batches
from hostile_formats import FILES, estimators, from_sklearn, from_torch
from hostile_plots import PLOTS, range_test
from hostile_surface import Call, Draw, trained


def _reading(name, *, y=True, **more):
    def row(d):
        good = {"X": d.X, "y": d.y} if y else {"X": d.X}
        if name == "hessian_vector_product":
            good["v"] = d.rng.normal(size=d.net.n_parameters)
        if name == "predict" and d.rng.integers(3) == 0:
            good["out"] = np.empty((len(d.X), d.net.sizes[-1]), d.net.dtype)
        return d.call(getattr(d.net, name), good, reads=True, **more)

    return row


def _writing(name):
    def row(d):
        good = {"path": d.folder / "net"}
        return d.call(getattr(d.net, name), good, paths=("path",))

    return row


def _setter(name, value, of=lambda d: d.net, **more):
    def row(d):
        target, good = of(d), value(d)

        def assign(value):
            setattr(target, name, value)

        return d.call(assign, {"value": good}, **more)

    return row


def _made(cls, good=(), fit="", **more):
    """A class; one that is a callback or an optimizer then trains with the object."""

    def row(d):
        arguments = good(d) if callable(good) else dict(good)

        def make(**kwargs):
            made = cls(**kwargs)
            if fit and not any(name in kwargs for name in ("path", "log_dir")):
                loss = "mse" if isinstance(made, fcnn.LevenbergMarquardt) else None
                net, y = fcnn.Network([3, 4, 1], "tanh", seed=1), np.full(9, 0.5)
                net.fit(
                    np.ones((9, 3)),
                    y,
                    loss=loss,
                    progress=False,
                    epochs=3,
                    **{fit: made},
                )
            return made

        call = d.call(make, arguments, **more)
        parameters = inspect.signature(cls).parameters
        call.optional = [name for name in parameters if name not in arguments]
        return call

    return row


def _optimizer(cls):
    return _made(cls, fit="optimizer", accepts=(fcnn.TrainingDiverged,))


def _callback(cls, **good):
    return _made(cls, good, fit="callbacks")


def _file(cls, argument="path"):
    return _made(cls, lambda d: {argument: d.folder / "file"}, paths=(argument,))


def _network(d):
    good = {"sizes": [3, 4, 2], "seed": 1}
    if d.rng.integers(2):
        good |= {"activation": ["relu"], "dropout": [0.1, 0.0], "bias": [True, False]}
        good["init"] = [np.ones((4, 3)), "zeros"]
    return d.call(fcnn.Network, good)


def _predictor(d):
    p = d.net.predictor(len(d.X))
    good = {"x": d.X}
    if d.rng.integers(2):
        good["out"] = np.empty((len(d.X), d.net.sizes[-1]), d.net.dtype)
    return d.call(lambda x, out=None: p(x, out) if out is not None else p(x), good)


def _watched_history(name, **good):
    def row(d):
        history = trained(d)
        return d.call(
            getattr(history, name),
            {key: value(d) for key, value in good.items()},
            watched=lambda: repr(vars(history)),
        )

    return row


def _lr_range_test(d):
    good = {"net": d.net, "X": d.X, "y": d.y, "steps": 3, "optimizer": "adam"}
    return d.call(fcnn.lr_range_test, good, slow=("steps", "n_threads"))


def _layer(d):
    return d.net.layers[1]


def _per_layer(d):
    return d.net.forward(d.X).z


def _schedule(cls, **good):
    def row(d):
        def make_and_ask(**arguments):
            schedule = cls(**arguments)
            return [schedule(t) for t in (0, 1, 7, 2**40)]

        call = d.call(make_and_ask, dict(good))
        call.optional = [n for n in inspect.signature(cls).parameters if n not in good]
        return call

    return row


def _set_threads(n):
    before = fcnn.get_num_threads()
    try:
        fcnn.set_num_threads(n)
    finally:
        fcnn.set_num_threads(before)


def _gradient_check_report(d):
    return {
        name: getattr(d.net.gradient_check(d.X[:1], d.y[:1], max_probes=2), name)
        for name in inspect.signature(fcnn.GradientCheck).parameters
    }


def _record(d, cls, value):
    parts = inspect.signature(cls).parameters
    return d.call(cls, {name: getattr(value, name) for name in parts})


def _layer_like(d):
    layer = _layer(d)
    layer.parameters = layer._parameters
    return layer


_S = fcnn.schedules
ROWS: dict[str, Callable[[Draw], Call]] = {
    "Network": _network,
    "Network.predict": _reading("predict", y=False, slow=("dropout_samples",)),
    "Network.forward": _reading("forward", y=False),
    "Network.jacobian": _reading("jacobian", y=False),
    "Network.parameter_jacobian": _reading("parameter_jacobian", y=False),
    "Network.backprop": _reading("backprop"),
    "Network.loss_and_gradient": _reading("loss_and_gradient"),
    "Network.evaluate": _reading("evaluate"),
    "Network.input_gradient": _reading("input_gradient"),
    "Network.hessian_vector_product": _reading("hessian_vector_product"),
    "Network.gradient_check": lambda d: d.call(
        d.net.gradient_check, {"X": d.X[:2], "y": d.y[:2], "max_probes": 3}
    ),
    "Network.fit": lambda d: fit(d) if d.rng.integers(4) else fit_batches(d),
    "Network.fit_batch": _reading(
        "fit_batch", trains=True, accepts=(fcnn.TrainingDiverged,), slow=("n_threads",)
    ),
    "Network.predictor": lambda d: d.call(d.net.predictor, {"n_rows": 2}),
    "Network.predictor()": _predictor,
    "Network.unflatten": lambda d: d.call(d.net.unflatten, {"v": d.net.parameters + 0}),
    "Network.copy": lambda d: d.call(d.net.copy, {}),
    "Network.reset_optimizer": lambda d: d.call(d.net.reset_optimizer, {}),
    "Network.save": _writing("save"),
    "Network.to_c": _writing("to_c"),
    "Network.to_onnx": _writing("to_onnx"),
    "Network.to_torch": lambda d: d.call(d.net.to_torch, {}, accepts=(ImportError,)),
    "Network.parameters=": _setter("parameters", lambda d: d.net.parameters * 2),
    "Network.learning_rate=": _setter("learning_rate", lambda d: 0.01),
    "Network.standardizer=": _setter(
        "standardizer", lambda d: fcnn.Standardizer(np.zeros(3), np.ones(3))
    ),
    "Layer": lambda d: _record(d, Layer, _layer_like(d)),
    "Layer.weight=": _setter("weight", lambda d: _layer(d).weight * 2, _layer),
    "Layer.bias=": _setter(
        "bias", lambda d: np.ones(_layer(d).size), _layer, accepts=(AttributeError,)
    ),
    "InputLayer": lambda d: d.call(InputLayer, {"size": 3}),
    "InputLayer.weight=": _setter(
        "weight", lambda d: 1.0, lambda d: d.net.layers[0], accepts=(AttributeError,)
    ),
    "InputLayer.bias=": _setter(
        "bias", lambda d: 1.0, lambda d: d.net.layers[0], accepts=(AttributeError,)
    ),
    "Layers": lambda d: d.call(
        lambda: Layers(d.net._architecture, d.net.parameters), {}
    ),
    "Layers.__getitem__": lambda d: d.call(
        d.net.layers.__getitem__, {}, fixed=("l",), accepts=(IndexError,)
    ),
    "PerLayer": lambda d: d.call(PerLayer, {"name": "z", "entries": [1, 2]}),
    "PerLayer.__getitem__": lambda d: d.call(
        _per_layer(d).__getitem__, {"l": 1}, accepts=(IndexError,)
    ),
    "Trace": lambda d: _record(d, fcnn.Trace, d.net.forward(d.X)),
    "Backprop": lambda d: _record(d, fcnn.Backprop, d.net.backprop(d.X, d.y)),
    "GradientCheck": lambda d: d.call(fcnn.GradientCheck, _gradient_check_report(d)),
    "DropoutPrediction": lambda d: d.call(
        fcnn.DropoutPrediction, {"mean": d.X, "std": d.X}
    ),
    "LRRangeTest": lambda d: _record(d, fcnn.LRRangeTest, range_test()),
    "TrainingDiverged": lambda d: d.call(
        fcnn.TrainingDiverged, {"epoch": 0, "batch": 0, "history": trained(d)}
    ),
    "History": lambda d: d.call(fcnn.History, {"names": ["loss"]}),
    "History.append": _watched_history(
        "append", logs=lambda d: {"loss": 0.5, "val_loss": 0.5}
    ),
    "History.restore": lambda d: d.call(
        fcnn.History.restore, {"metrics": {"loss": [0.5, 0.25]}}
    ),
    "History.to_frame": _watched_history("to_frame"),
    "Standardizer": _made(
        fcnn.Standardizer, lambda d: {"mean": d.X[0], "scale": d.X[0] ** 2 + 1}
    ),
    "Callback": lambda d: d.call(fcnn.Callback, {}),
    "LambdaCallback": _callback(fcnn.LambdaCallback, on_epoch_end=lambda *_: None),
    "EarlyStopping": _callback(fcnn.EarlyStopping, monitor="loss"),
    "ReduceLROnPlateau": _callback(fcnn.ReduceLROnPlateau, monitor="loss"),
    "TimeLimit": _callback(fcnn.TimeLimit, seconds=1e-9),
    "Checkpoint": _file(fcnn.Checkpoint),
    "ModelCheckpoint": _file(fcnn.ModelCheckpoint),
    "CSVLogger": _file(fcnn.CSVLogger),
    "TensorBoard": _file(fcnn.TensorBoard, "log_dir"),
    "Optimizer": lambda d: d.call(fcnn.Optimizer, {}),
    **{
        name: _optimizer(getattr(fcnn, name))
        for name in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam", "Rprop")
    },
    "LBFGS": _optimizer(fcnn.LBFGS),
    "LevenbergMarquardt": _optimizer(fcnn.LevenbergMarquardt),
    "schedules.Schedule": lambda d: d.call(_S.Schedule, {}),
    "schedules.Schedule.__call__": lambda d: d.call(_S.Step(0.1, 3).__call__, {"t": 1}),
    "schedules.Constant": _schedule(_S.Constant, lr=0.1),
    "schedules.Step": _schedule(_S.Step, lr=0.1, steps=3),
    "schedules.Exponential": _schedule(_S.Exponential, lr=0.1, gamma=0.9),
    "schedules.Cosine": _schedule(_S.Cosine, lr=0.1, steps=3),
    "schedules.OneCycle": _schedule(_S.OneCycle, max_lr=0.1, steps=30),
    "schedules.Polynomial": _schedule(_S.Polynomial, lr=0.1, steps=3),
    "schedules.InverseScaling": _schedule(_S.InverseScaling, lr=0.1),
    "schedules.Warmup": _schedule(_S.Warmup, schedule=0.1, steps=3),
    "get_num_threads": lambda d: d.call(fcnn.get_num_threads, {}),
    "set_num_threads": lambda d: d.call(_set_threads, {"n": 2}),
    "show_config": lambda d: d.call(fcnn.show_config, {"mode": "dicts"}),
    **FILES,
    "from_sklearn": from_sklearn,
    "from_torch": from_torch,
    "lr_range_test": _lr_range_test,
    **estimators(),
    **PLOTS,
}  # fmt: skip
