"""What is public, found by looking, and what calls are made with.

hostile_rows.py says how each name is called. A public name without a row there, or a
row without a name, fails a test.
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

# What callbacks and optimizers offer to the training loop, not to a caller; CSVLogger's
# and others' hooks are called by every fit with them.
OF_THE_LOOP = {
    *("prepare", "attach", "finish", "on_train_begin", "on_train_end"),
    *("on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end"),
    *("callbacks", "check", "new_trainer", "state", "set_state"),
}


def names():
    """Functions, classes, and of each class the methods and the setters it defines."""
    found = {"Layer": Layer, "Layers": Layers, "PerLayer": PerLayer}
    found |= {"InputLayer": InputLayer}
    for module in (fcnn, fcnn.schedules, fcnn.plot, fcnn.sklearn):
        prefix = "" if module is fcnn else module.__name__.removeprefix("fcnn.") + "."
        for name in module.__all__:
            if not inspect.ismodule(getattr(module, name)):
                found[prefix + name] = getattr(module, name)
    classes = [(n, c) for n, c in found.items() if inspect.isclass(c)]
    seen = set()
    for name, cls in sorted(classes, key=lambda item: len(item[1].__mro__)):
        for attribute in dir(cls):
            value = inspect.getattr_static(cls, attribute)
            if id(value) not in seen and _is_open(cls, attribute, value):
                seen.add(id(value))
                end = "=" if isinstance(value, property) else ""
                found[f"{name}.{attribute}{end}"] = value
    return {*found, "Network.predictor()"}


def _is_open(cls, attribute, value):
    """Whether it is a setter or a method of fcnn's that a caller may call."""
    owner = next(base for base in cls.__mro__ if attribute in vars(base))
    if not owner.__module__.startswith("fcnn") or attribute in OF_THE_LOOP:
        return False
    if isinstance(value, property):
        return value.fset is not None
    if attribute.startswith("set_") and "sklearn" in owner.__module__:
        return False  # what scikit-learn makes for its routing of metadata
    public = attribute in ("__getitem__", "__call__") or not attribute.startswith("_")
    return public and callable(getattr(cls, attribute))


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
        optional = [
            p.name
            for p in inspect.signature(function).parameters.values()
            if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and p.name not in good
        ]
        return Call(function, good, optional, watched or (lambda: None), **more)

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


def trained(d):
    """A record of two epochs."""
    metrics = {"loss": [0.5, 0.25], "val_loss": [0.75, 0.5]}
    return fcnn.History.restore(metrics, [0.1, 0.1])
