"""EarlyStopping: the fit ends where nothing improves, and the best is put back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fcnn import _checks
from fcnn.callbacks._monitor import Mode, MonitorCallback

if TYPE_CHECKING:
    from fcnn._base import TrainingState
    from fcnn.network import Network


class EarlyStopping(MonitorCallback):
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
        mode: Mode = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = True,  # noqa: FBT001, FBT002  (Keras's order)
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta, verbose)
        self.patience = _checks.integer("patience", patience, 0)
        self.baseline = None if baseline is None else _checks.real("baseline", baseline)
        self.restore_best_weights = _checks.flag(
            "restore_best_weights", restore_best_weights
        )
        self.start_from_epoch = _checks.integer("start_from_epoch", start_from_epoch, 0)
        self._forget()

    def _forget(self) -> None:
        self.best_epoch: int | None = None
        self.stopped_epoch: int | None = None
        self._wait = 0
        self._best_state: TrainingState | None = None

    def prepare(self, network: Network, params: dict[str, Any]) -> None:
        """Checks the monitor, and forgets an earlier fit."""
        super().prepare(network, params)
        self._forget()

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

    def state(self) -> dict[str, Any]:
        """The best value and epoch, the patience spent, and the best parameters."""
        best = self._best_state
        return {
            **super().state(),
            "best_epoch": self.best_epoch,
            "wait": self._wait,
            "stopped_epoch": self.stopped_epoch,
            "best_state": None if best is None else best.as_dict(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from `state`; where it had stopped the training it does again."""
        from fcnn._base import TrainingState

        super().set_state(state)
        check = _checks.optional_integer
        self.best_epoch = check("best_epoch", state["best_epoch"], 0)
        self.stopped_epoch = check("stopped_epoch", state["stopped_epoch"], 0)
        self._wait = _checks.integer("wait", state["wait"], 0)
        self.stop_training = self.stopped_epoch is not None
        self._best_state = None
        if state["best_state"] is not None:
            best = TrainingState.from_dict(state["best_state"], self.network._optimizer)
            if best.theta.shape != self.network.parameters.shape:
                raise ValueError("its best parameters are another network's")
            self.network.copy()._set_training_state(best)  # refuses what does not fit
            self._best_state = best

    def _stop(self, epoch: int) -> None:
        self.stopped_epoch = epoch
        self.stop_training = True
        self._say(f"stopped after epoch {epoch}")
