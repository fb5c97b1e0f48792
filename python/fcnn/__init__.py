"""fcnn: fully connected neural networks on the CPU, in the letters of the textbook.

>>> import fcnn
>>> net = fcnn.Network([2, 8, 1], "tanh", seed=1)
>>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
>>> history = net.fit(X, y, epochs=500, optimizer=fcnn.Adam(lr=0.05))
>>> net.predict(X).shape
(4, 1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fcnn import _levels as _levels  # first: it loads fcnn._core
from fcnn import _threadpoolctl as _threadpoolctl
from fcnn import schedules
from fcnn._dropout import DropoutPrediction
from fcnn._standardize import Standardizer
from fcnn.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TensorBoard,
    TimeLimit,
)
from fcnn.checkpoint import Checkpoint
from fcnn.config import get_num_threads, set_num_threads, show_config
from fcnn.errors import TrainingDiverged
from fcnn.full_batch import LBFGS, LevenbergMarquardt, Rprop
from fcnn.gradient_check import GradientCheck
from fcnn.history import History
from fcnn.learning_rate import LRRangeTest, lr_range_test
from fcnn.network import Network, load
from fcnn.optimizers import SGD, Adagrad, Adam, AdamW, NAdam, Optimizer, RMSprop
from fcnn.records import Backprop, Trace

if TYPE_CHECKING:
    from fcnn.formats.from_keras import from_keras
    from fcnn.formats.from_sklearn import from_sklearn
    from fcnn.formats.from_torch import from_torch
    from fcnn.formats.onnx_reader import from_onnx

__all__ = [
    "LBFGS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Backprop",
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "DropoutPrediction",
    "EarlyStopping",
    "GradientCheck",
    "History",
    "LRRangeTest",
    "LambdaCallback",
    "LevenbergMarquardt",
    "ModelCheckpoint",
    "NAdam",
    "Network",
    "Optimizer",
    "RMSprop",
    "ReduceLROnPlateau",
    "Rprop",
    "Standardizer",
    "TensorBoard",
    "TimeLimit",
    "Trace",
    "TrainingDiverged",
    "from_keras",
    "from_onnx",
    "from_sklearn",
    "from_torch",
    "get_num_threads",
    "load",
    "lr_range_test",
    "schedules",
    "set_num_threads",
    "show_config",
]


# What is imported at first use, from where: most programs need none of it.
_LATER = {
    "from_keras": "fcnn.formats.from_keras",
    "from_onnx": "fcnn.formats.onnx_reader",
    "from_sklearn": "fcnn.formats.from_sklearn",
    "from_torch": "fcnn.formats.from_torch",
}
_SUBMODULES = ("plot", "sklearn")


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "__version__":
        from fcnn.config import version

        return version()
    if name in _LATER:
        value = globals()[name] = getattr(import_module(_LATER[name]), name)
        return value
    if name in _SUBMODULES:
        return import_module(f"fcnn.{name}")
    raise AttributeError(f"module 'fcnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER, *_SUBMODULES, "__version__"})
