"""ReduceLROnPlateau: a smaller learning rate where nothing improves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fcnn import _checks
from fcnn._float_state import by_default
from fcnn.callbacks._monitor import Mode, MonitorCallback

if TYPE_CHECKING:
    from fcnn.network import Network


class ReduceLROnPlateau(MonitorCallback):
    """Lowers the learning rate when a recorded value has stopped to improve.

    After `patience` epochs in which no value was below best - `min_delta` (mode "max":
    above best + `min_delta`)

        lr <- max(lr * factor, min_lr)

    The arguments and rules are Keras's [1]_, in its order.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A name that History will have; another is a ValueError before the first epoch.
    factor : float, default 0.1
        By which the learning rate is multiplied; above 0 and below 1.
    patience : int, default 10
        After how many epochs without improvement; 0 and 1 are the same.
    verbose : int, default 0
        1 prints a line when the learning rate is lowered.
    mode : {"auto", "min", "max"}, default "auto"
        Which way is better; "auto" knows the losses and the metrics that fcnn names.
    min_delta : float, default 1e-4
        An improvement counts only beyond this, a difference; its sign is ignored.
    cooldown : int, default 0
        The first epochs after a reduction, in which patience is not spent; as in
        Keras the last of them counts already.
    min_lr : float, default 0.0
        The learning rate is not lowered below this.

    Attributes
    ----------
    best : float
        The best value seen.

    Raises
    ------
    ValueError
        If the optimizer has no learning rate, when it should be lowered.

    Notes
    -----
    A NaN is no improvement. The lower rate is the network's, as ``net.learning_rate``:
    later fits with the same optimizer go on with it until ``net.reset_optimizer()``.
    `EarlyStopping` with a larger patience goes well with it, and puts back the rate of
    the best epoch, too.

    PyTorch's scheduler of this name [2]_ differs: its threshold is relative unless
    ``threshold_mode="abs"``; it lowers the rate when *more* than `patience` epochs
    were bad, and all epochs of its cooldown are free. With p >= 1 and c >= 1 here,
    ``patience=p - 1, cooldown=c - 1, threshold_mode="abs", eps=0`` there is the same.

    References
    ----------
    .. [1] https://keras.io/api/callbacks/reduce_lr_on_plateau/
    .. [2] https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html

    Examples
    --------
    >>> import fcnn
    >>> net = fcnn.Network([1, 1], seed=0)
    >>> lower = fcnn.ReduceLROnPlateau("loss", factor=0.5, patience=2, min_delta=100.0)
    >>> history = net.fit([[0], [1]], [0, 1], epochs=5, callbacks=lower)
    >>> net.learning_rate  # Adam's 0.001, lowered after the epochs 2 and 4
    0.00025
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: Mode = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta, verbose)
        self.factor = _checks.positive("factor", factor)
        if self.factor >= 1.0:
            raise ValueError(f"factor must be below 1, not {_checks.shown(factor)}")
        self.patience = _checks.integer("patience", patience, 0)
        self.cooldown = _checks.integer("cooldown", cooldown, 0)
        self.min_lr = _checks.non_negative("min_lr", min_lr)
        self._wait = self._cooldown_left = 0

    def prepare(self, network: Network, params: dict[str, Any]) -> None:
        """Checks the monitor, and forgets an earlier fit."""
        super().prepare(network, params)
        self._wait = self._cooldown_left = 0

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Lowers the learning rate when patience is at its end."""
        if logs is None:
            return
        if self._cooldown_left > 0:
            self._cooldown_left -= 1
            self._wait = 0
        if self._improves(logs[self.monitor], self.best):
            self.best = logs[self.monitor]
            self._wait = 0
        elif self._cooldown_left == 0:
            self._wait += 1
            if self._wait >= self.patience:
                self._reduce(epoch)

    def state(self) -> dict[str, Any]:
        """The best value, and the patience and cooldown that are left."""
        return {
            **super().state(),
            "wait": self._wait,
            "cooldown_left": self._cooldown_left,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from `state`."""
        super().set_state(state)
        self._wait = _checks.integer("wait", state["wait"], 0)
        self._cooldown_left = _checks.integer("cooldown", state["cooldown_left"], 0)

    @by_default
    def _reduce(self, epoch: int) -> None:
        lr = self.network.learning_rate
        if lr is None:
            raise ValueError(
                "ReduceLROnPlateau needs an optimizer with a learning rate, not "
                f"{self.network._optimizer!r}"
            )
        if lr > self.min_lr:
            lr = max(lr * self.factor, self.min_lr)
            self.network.learning_rate = lr
            self._cooldown_left = self.cooldown
            self._wait = 0
            self._say(f"learning rate {lr:g} after epoch {epoch}")
