"""Callbacks: code that runs between the epochs or batches of a fit."""

from __future__ import annotations

from fcnn.callbacks._base import Callback
from fcnn.callbacks._csv_logger import CSVLogger
from fcnn.callbacks._early_stopping import EarlyStopping
from fcnn.callbacks._lambda import LambdaCallback
from fcnn.callbacks._model_checkpoint import ModelCheckpoint
from fcnn.callbacks._reduce_lr import ReduceLROnPlateau
from fcnn.callbacks._tensorboard import TensorBoard
from fcnn.callbacks._time_limit import TimeLimit

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "LambdaCallback",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TimeLimit",
]
