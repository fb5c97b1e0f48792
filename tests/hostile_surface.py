"""Everything public, each with a call that is in order: for hostile_calls.py.

`names` finds what there is by looking; ROWS says how to call it. A public name without
a row, or a row without a name, fails a test.
"""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import fcnn
import fcnn.plot
import fcnn.sklearn
from fcnn.layers import InputLayer, Layer, Layers
from fcnn.records import PerLayer
from hostile_values import Lie, disturb, scalar

DATA = Path(__file__).parent / "data"

# What callbacks and optimizers offer to the training loop, not to a caller; CSVLogger's
# and others' hooks are called by every fit with them.
OF_THE_LOOP = {
    *("prepare", "attach", "finish", "on_train_begin", "on_train_end"),
    *("on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end"),
    *("callbacks", "check", "new_trainer", "state", "set_state"),
}


def names():
    """Functions, classes, and of each class the methods and the setters it defines."""
    found, seen = {}, set()
    for module in (fcnn, fcnn.schedules, fcnn.plot, fcnn.sklearn):
        prefix = "" if module is fcnn else module.__name__.removeprefix("fcnn.") + "."
        for name in module.__all__:
            value = getattr(module, name)
            if not inspect.ismodule(value):
                found[prefix + name] = value
    found |= {"Layer": Layer, "Layers": Layers, "PerLayer": PerLayer}
    found |= {"InputLayer": InputLayer}
    classes = [(n, c) for n, c in found.items() if inspect.isclass(c)]
    for name, cls in sorted(classes, key=lambda item: len(item[1].__mro__)):
        for attribute in dir(cls):
            for base in cls.__mro__:
                if attribute in vars(base):
                    break
            value = inspect.getattr_static(cls, attribute)
            mine = base.__module__.startswith("fcnn")
            if not mine or id(value) in seen or attribute in OF_THE_LOOP:
                continue
            seen.add(id(value))
            if isinstance(value, property):
                if value.fset is not None:
                    found[f"{name}.{attribute}="] = value
            elif attribute.startswith("set_") and name.startswith("sklearn"):
                continue  # what scikit-learn makes for its routing of metadata
            elif attribute in ("__getitem__", "__call__") or (
                not attribute.startswith("_") and callable(getattr(cls, attribute))
            ):
                found[f"{name}.{attribute}"] = value
    return {*found, "Network.predictor()"}


# ---- networks, trained a little ----


def _trained(arguments, classes, **fit):
    rng = np.random.default_rng(len(arguments["sizes"]))
    net = fcnn.Network(seed=1, **arguments)
    X = rng.normal(size=(9, net.sizes[0]))
    y = (
        rng.integers(0, net.sizes[-1], 9)
        if classes
        else rng.uniform(0.1, 0.9, (9, net.sizes[-1]))
    )
    if fit:
        net.fit(X, y, epochs=2, progress=False, **fit)
    return net, X, y


def networks():
    """(net, X, y) of several kinds."""
    return [
        _trained(
            {"sizes": [3, 5, 4], "activation": "tanh", "output": "softmax"},
            classes=True,
            optimizer="adam",
        ),
        _trained(
            {
                "sizes": [3, 7, 1],
                "output": "identity",
                "dtype": "float64",
                "standardize": True,
            },
            classes=False,
            optimizer="lbfgs",
        ),
        _trained(
            {
                "sizes": [4, 6, 5, 2],
                "activation": "relu",
                "dropout": 0.25,
                "input_noise": 0.1,
            },
            classes=False,
            optimizer=fcnn.SGD(momentum=0.5),
        ),
        _trained(
            {"sizes": [2, 20, 17], "activation": "gelu", "output": "identity"},
            classes=False,
            optimizer="levenberg_marquardt",
        ),
        _trained({"sizes": [1, 1], "bias": False}, classes=False),
    ]


def bits(net):
    """Everything that a network is and remembers, in a form that can be compared."""
    state = net.__getstate__()
    theta, optimizer, trainer = state.pop("training")
    return theta.tobytes(), repr(optimizer), pickle.dumps((trainer, state))


# ---- calls ----


@dataclass
class Draw:
    """What a row makes its call of."""

    rng: np.random.Generator
    folder: Path
    net: fcnn.Network  # a copy of its own
    X: np.ndarray
    y: np.ndarray

    def call(self, function, good, watched=None, **more):
        """`good` arguments for a function; it may be given others of its own, too."""
        every = list(inspect.signature(function).parameters.values())
        optional = [p.name for p in every if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]  # fmt: skip
        return Call(function, good, [n for n in optional if n not in good], watched or (lambda: None), **more)  # fmt: skip

    @property
    def weight(self):
        return self.rng.uniform(0.1, 2, len(self.X))


@dataclass
class Call:
    """A function, its arguments, and the names of others that it takes."""

    function: Callable[..., Any]
    good: dict[str, Any]
    optional: list[str]
    watched: Callable[[], Any]  # what a refused call must leave alone, but for the net
    reads: bool = False  # whether X and y are read whatever their dtype and layout
    trains: bool = False
    slow: tuple[str, ...] = ()  # numbers that mean work: only small ones are drawn
    fixed: tuple[str, ...] = ()  # arguments that stay
    paths: tuple[str, ...] = ()
    accepts: tuple[type[Exception], ...] = field(default=())  # documented, besides


def _reading(name, *, y=True, **more):
    def row(d):
        good = {"X": d.X, "y": d.y} if y else {"X": d.X}
        if name == "hessian_vector_product":
            good["v"] = d.rng.normal(size=d.net.n_parameters)
        if name == "predict" and d.rng.integers(3) == 0:
            good["out"] = np.empty((len(d.X), d.net.sizes[-1]), d.net.dtype)
        return d.call(getattr(d.net, name), good, reads=True, **more)

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
                    np.ones((9, 3)), y, loss=loss, progress=False, epochs=3, **{fit: made}
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


class Hook(fcnn.Callback):
    """Calls f in one of the hooks."""

    def __init__(self, name, f):
        setattr(self, name, lambda *_: f())


def _bad_callback(d):
    """One that raises, or changes what is being trained or trained on."""
    hooks = [name for name in vars(fcnn.Callback) if name.startswith(("on_", "prepare", "state"))]  # fmt: skip
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


def _fit(d):
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


def _fit_batches(d):
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
    call = d.call(lambda x, out=None: p(x, out) if out is not None else p(x), good)
    return call


def _history(d):
    return fcnn.History.restore({"loss": [0.5, 0.25], "val_loss": [0.75, 0.5]}, [0.1, 0.1])  # fmt: skip


def _watched_history(name, **good):
    def row(d):
        history = _history(d)
        return d.call(
            getattr(history, name),
            {key: value(d) for key, value in good.items()},
            watched=lambda: repr(vars(history)),
        )

    return row


def _axes(_=None):
    from matplotlib.figure import Figure

    return Figure().subplots()


def _two(d):
    """A network of two inputs, its X and y."""
    net = fcnn.Network([2, 3, 1], "tanh", seed=1)
    return {"net": net, "X": d.rng.normal(size=(9, 2)), "y": np.arange(9) % 2}


def _display(cls, make=None, **good):
    """A display's constructor or class method, on axes of its own."""

    def row(d):
        arguments = {key: value(d) for key, value in good.items()}
        function = cls if make is None else getattr(cls, make)
        if make is not None:
            arguments["ax"] = _axes()
        return d.call(function, arguments, slow=("grid_resolution", "bins", "n_cols"))

    return row


def _plot(display):
    def row(d):
        return d.call(display(d).plot, {"ax": None}, slow=("bins", "n_cols"))

    return row


def _weight_arrays(d):
    return [layer.weight for layer in list(d.net.layers)[1:]]


def _activations(d):
    return list(d.net._architecture.activations)


def _boundary(d):
    arguments = _two(d)
    net, X = arguments["net"], arguments["X"]
    return fcnn.plot.DecisionBoundaryDisplay.from_network(
        net, X, grid_resolution=5, ax=_axes()
    )


def _grid(d):
    return np.meshgrid(np.arange(4.0), np.arange(3.0))


_P = fcnn.plot
_PLOTS = {
    "plot.DecisionBoundaryDisplay": _display(
        _P.DecisionBoundaryDisplay,
        xx0=lambda d: _grid(d)[0],
        xx1=lambda d: _grid(d)[1],
        response=lambda d: np.ones((3, 4)),
        kind=lambda d: "value",
    ),
    "plot.DecisionBoundaryDisplay.from_network": _display(
        _P.DecisionBoundaryDisplay,
        "from_network",
        net=lambda d: _two(d)["net"],
        X=lambda d: _two(d)["X"],
        grid_resolution=lambda d: 5,
    ),
    "plot.DecisionBoundaryDisplay.plot": _plot(_boundary),
    "plot.GradientCheckDisplay": _display(
        _P.GradientCheckDisplay,
        weight_error=lambda d: [1e-9, 1e-8],
        bias_error=lambda d: [1e-9, None],
    ),
    "plot.GradientCheckDisplay.from_report": _display(
        _P.GradientCheckDisplay,
        "from_report",
        report=lambda d: d.net.gradient_check(d.X[:1], d.y[:1], max_probes=2),
    ),
    "plot.GradientCheckDisplay.plot": _plot(
        lambda d: _P.GradientCheckDisplay([1e-9, None], [1e-8, 0.0])
    ),
    "plot.HistoryDisplay": _display(
        _P.HistoryDisplay, epoch=lambda d: [0, 1], metrics=lambda d: {"loss": [0.5, 0.25]}
    ),
    "plot.HistoryDisplay.from_history": _display(
        _P.HistoryDisplay, "from_history", history=_history
    ),
    "plot.HistoryDisplay.plot": _plot(
        lambda d: _P.HistoryDisplay([0, 1], {"loss": [0.5, 0.25]})
    ),
    "plot.LayerHistogramsDisplay": _display(
        _P.LayerHistogramsDisplay,
        z=lambda d: list(d.net.forward(d.X).z),
        a=lambda d: d.net.forward(d.X).a[1:],
    ),
    "plot.LayerHistogramsDisplay.from_backprop": _display(
        _P.LayerHistogramsDisplay,
        "from_backprop",
        step=lambda d: d.net.backprop(d.X, d.y),
    ),
    "plot.LayerHistogramsDisplay.from_network": _display(
        _P.LayerHistogramsDisplay, "from_network", net=lambda d: d.net, X=lambda d: d.X
    ),
    "plot.LayerHistogramsDisplay.from_trace": _display(
        _P.LayerHistogramsDisplay, "from_trace", trace=lambda d: d.net.forward(d.X)
    ),
    "plot.LayerHistogramsDisplay.plot": _plot(
        lambda d: _P.LayerHistogramsDisplay(
            list(d.net.forward(d.X).z), d.net.forward(d.X).a[1:]
        )
    ),
    "plot.NetworkDisplay": _display(
        _P.NetworkDisplay, weights=_weight_arrays, activations=_activations
    ),
    "plot.NetworkDisplay.from_network": _display(
        _P.NetworkDisplay, "from_network", net=lambda d: d.net
    ),
    "plot.NetworkDisplay.plot": _plot(
        lambda d: _P.NetworkDisplay(_weight_arrays(d), _activations(d))
    ),
    "plot.WeightsDisplay": _display(_P.WeightsDisplay, weight=lambda d: np.ones((3, 4))),
    "plot.WeightsDisplay.from_network": _display(
        _P.WeightsDisplay,
        "from_network",
        net=lambda d: d.net,
        shape=lambda d: (1, d.net.sizes[0]),
    ),
    "plot.WeightsDisplay.plot": _plot(lambda d: _P.WeightsDisplay(np.ones((3, 4)))),
    "History.plot": lambda d: d.call(_history(d).plot, {"ax": _axes()}),
    "LRRangeTest.plot": lambda d: d.call(_range_test().plot, {"ax": _axes()}),
}


def _range_test():
    rates = np.geomspace(1e-3, 1, 5)
    return fcnn.LRRangeTest(rates, 1 - rates / 2, 1 - rates / 2)


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


def _estimators():
    rows = {}
    for name in fcnn.sklearn.__all__:
        cls = getattr(fcnn.sklearn, name)
        for method in ("", "fit", "partial_fit", "predict", "predict_proba", "predict_log_proba"):  # fmt: skip
            if hasattr(cls, method) or not method:
                rows[f"sklearn.{name}{'.' if method else ''}{method}"] = _estimator(
                    cls, method
                )
    return rows


def _from_sklearn(d):
    from sklearn.neural_network import MLPRegressor

    X = d.rng.normal(size=(12, 2))
    mlp = MLPRegressor(hidden_layer_sizes=3, max_iter=200, tol=1e9, random_state=0).fit(X, X[:, 0])
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


def _from_torch(d):
    weights = {"0.weight": np.ones((3, 2)), "0.bias": np.ones(3), "2.weight": np.ones((1, 3))}  # fmt: skip
    if d.rng.integers(2):
        name = list(weights)[d.rng.integers(3)]
        weights[name] = disturb(d.rng, weights[name])[1]
    good = {"model": weights, "activation": "tanh", "output": "identity"}
    return d.call(fcnn.from_torch, good)


def _damaged(source, argument, function, suffix):
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


def _saved(d):
    d.net.save(d.folder / "saved")
    return (d.folder / "saved").read_bytes()


def _onnx(d):
    d.net.to_onnx(d.folder / "saved")
    return (d.folder / "saved").read_bytes()


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
    return d.call(cls, {n: getattr(value, n) for n in inspect.signature(cls).parameters})  # fmt: skip


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
    "Network.fit": lambda d: _fit(d) if d.rng.integers(4) else _fit_batches(d),
    "Network.fit_batch": _reading(
        "fit_batch", trains=True, accepts=(fcnn.TrainingDiverged,), slow=("n_threads",)
    ),
    "Network.predictor": lambda d: d.call(d.net.predictor, {"n_rows": 2}),
    "Network.predictor()": _predictor,
    "Network.unflatten": lambda d: d.call(d.net.unflatten, {"v": d.net.parameters + 0}),
    "Network.copy": lambda d: d.call(d.net.copy, {}),
    "Network.reset_optimizer": lambda d: d.call(d.net.reset_optimizer, {}),
    "Network.save": lambda d: d.call(d.net.save, {"path": d.folder / "net"}, paths=("path",)),
    "Network.to_c": lambda d: d.call(d.net.to_c, {"path": d.folder / "net.c"}, paths=("path",)),
    "Network.to_onnx": lambda d: d.call(d.net.to_onnx, {"path": d.folder / "net.onnx"}, paths=("path",)),
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
    "LRRangeTest": lambda d: _record(d, fcnn.LRRangeTest, _range_test()),
    "TrainingDiverged": lambda d: d.call(
        fcnn.TrainingDiverged, {"epoch": 0, "batch": 0, "history": _history(d)}
    ),
    "History": lambda d: d.call(fcnn.History, {"names": ["loss"]}),
    "History.append": _watched_history(
        "append", logs=lambda d: {"loss": 0.5, "val_loss": 0.5}
    ),
    "History.restore": lambda d: d.call(
        fcnn.History.restore, {"metrics": {"loss": [0.5, 0.25]}}
    ),
    "History.to_frame": _watched_history("to_frame"),
    "Standardizer": _made(fcnn.Standardizer, lambda d: {"mean": d.X[0], "scale": d.X[0] ** 2 + 1}),
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
    "load": _damaged(_saved, "path", fcnn.load, ""),
    "from_onnx": _damaged(_onnx, "source", fcnn.from_onnx, ".onnx"),
    "from_keras": _damaged(
        lambda d: (DATA / "keras_dense.weights.h5").read_bytes(),
        "model", fcnn.from_keras, ".h5",
    ),
    "from_sklearn": _from_sklearn,
    "from_torch": _from_torch,
    "lr_range_test": _lr_range_test,
    **_estimators(),
    **_PLOTS,
}  # fmt: skip


def _layer_like(d):
    layer = _layer(d)
    layer.parameters = layer._parameters
    return layer
