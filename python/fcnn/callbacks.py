"""Callbacks: code that runs between the epochs of a fit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from fcnn import _checks
from fcnn import metrics as _metrics

if TYPE_CHECKING:
    from fcnn._base import TrainingState
    from fcnn.network import Network


class Callback:
    """Base of the callbacks of `Network.fit`; its hooks are named as in Keras.

    A subclass overrides the hooks that it needs. It may read and write the network's
    parameters, predict and evaluate; setting ``self.stop_training = True`` ends the
    fit after the epoch. An exception from a hook ends the fit at once and leaves the
    network usable. `on_train_end` is called when a fit ends, but not when it fails.

    Attributes
    ----------
    network : Network
        The network being trained, from before `on_train_begin` on.
    params : dict
        ``"epochs"``, how many were asked for, and ``"metrics"``, the names that each
        epoch's logs will have.
    stop_training : bool
        False when a fit begins; True asks it to end.

    Examples
    --------
    >>> import fcnn
    >>> class StopAt(fcnn.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         self.stop_training = epoch == 2
    >>> net = fcnn.Network([1, 1], seed=0)
    >>> net.fit([[0], [1]], [0, 1], epochs=100, callbacks=[StopAt()]).epoch
    [0, 1, 2]
    """

    network: Network
    params: dict[str, Any]
    stop_training: bool = False

    def prepare(self, network: Network, params: dict[str, Any]) -> None:
        """Called before anything is changed; may refuse with a ValueError."""
        self.network = network
        self.params = params
        self.stop_training = False

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Called before the first epoch; `logs` is empty."""

    def on_epoch_begin(
        self, epoch: int, logs: Mapping[str, float] | None = None
    ) -> None:
        """Called before each epoch, counted from 0; `logs` is empty."""

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Called after each epoch; `logs` is what History records of it."""

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Called after the last epoch; `logs` is that of the last epoch."""


class EarlyStopping(Callback):
    """Ends training when a recorded value has stopped to improve.

    The arguments are Keras's, in its order, but `restore_best_weights` is True unless
    told otherwise: whenever the fit ends, stopped early or not, the network goes back
    to the parameters of its best epoch, its optimizer's state included.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A name that History will have; another is a ValueError before the first epoch.
    min_delta : float, default 0.0
        An improvement counts only beyond this; its sign is ignored.
    patience : int, default 0
        After how many epochs without improvement to stop; with 0 the first one stops.
    verbose : int, default 0
        1 prints a line when the training is stopped.
    mode : {"auto", "min", "max"}, default "auto"
        Which way is better; "auto" knows the losses and the metrics that fcnn names.
    baseline : float, optional
        Patience is renewed only by an improvement beyond the baseline, too.
    restore_best_weights : bool, default True
        Put the best parameters back at the end.
    start_from_epoch : int, default 0
        How many epochs to let pass before watching.

    Attributes
    ----------
    best : float
        The best value seen.
    best_epoch : int or None
        Its epoch, counted from 0.
    stopped_epoch : int or None
        The epoch after which training was stopped; None if it was not.

    Notes
    -----
    A NaN is no improvement. Where the fit ends by an exception nothing is put back.

    Examples
    --------
    >>> import fcnn
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0]
    >>> stop = fcnn.EarlyStopping(min_delta=100.0, patience=2)
    >>> net = fcnn.Network([1, 1], output="identity", seed=0)
    >>> history = net.fit(X, y, epochs=50, validation_data=(X, y), callbacks=[stop])
    >>> history.epoch, stop.best_epoch, stop.stopped_epoch
    ([0, 1, 2], 0, 2)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: Literal["auto", "min", "max"] = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = True,  # noqa: FBT001, FBT002  (Keras's order)
        start_from_epoch: int = 0,
    ) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(
                f"mode must be 'auto', 'min' or 'max', not {_checks.shown(mode)}"
            )
        self.monitor = _checks.text("monitor", monitor)
        self.min_delta = abs(_checks.real("min_delta", min_delta))
        self.patience = _checks.integer("patience", patience, 0)
        self.verbose = int(verbose)
        self.mode = mode
        self.baseline = None if baseline is None else _checks.real("baseline", baseline)
        self.restore_best_weights = _checks.flag(
            "restore_best_weights", restore_best_weights
        )
        self.start_from_epoch = _checks.integer("start_from_epoch", start_from_epoch, 0)
        self._begin("min")

    def _begin(self, better: str) -> None:
        self._sign = 1.0 if better == "min" else -1.0
        self.best = self._sign * math.inf
        self.best_epoch: int | None = None
        self.stopped_epoch: int | None = None
        self._wait = 0
        self._best_state: TrainingState | None = None

    def prepare(self, network: Network, params: dict[str, Any]) -> None:
        """Checks that the monitor will be recorded, and which way of it is better."""
        super().prepare(network, params)
        if self.monitor not in params["metrics"]:
            raise ValueError(
                f"EarlyStopping watches {self.monitor!r}, but this fit records only "
                f"{', '.join(params['metrics'])}"
            )
        better = self.mode if self.mode != "auto" else _metrics.better(self.monitor)
        if better is None:
            raise ValueError(
                f"whether {self.monitor!r} is better large or small is not known: give "
                "EarlyStopping mode='min' or mode='max'"
            )
        self._begin(better)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Notes the best epoch, and stops the training when patience is at its end."""
        if logs is None or epoch < self.start_from_epoch:
            return
        current = logs[self.monitor]
        self._wait += 1
        improved = self._improves(current, self.best)
        if improved or self.best_epoch is None:
            self.best_epoch = epoch
            if self.restore_best_weights:
                self._best_state = self.network._training_state()
        if improved:
            self.best = current
            if self.baseline is None or self._improves(current, self.baseline):
                self._wait = 0
        elif self._wait >= self.patience:
            self._stop(epoch)

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
        """Puts the parameters of the best epoch back."""
        if self._best_state is not None:
            self.network._set_training_state(self._best_state)
            self._best_state = None

    def _improves(self, value: float, reference: float) -> bool:
        return self._sign * (reference - value) > self.min_delta

    def _stop(self, epoch: int) -> None:
        self.stopped_epoch = epoch
        self.stop_training = True
        if self.verbose:
            print(f"EarlyStopping: stopped after epoch {epoch}")  # noqa: T201
