"""ModelCheckpoint: the network saved while it is trained."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any, Literal

from fcnn import _checks
from fcnn.callbacks._monitor import Mode, MonitorCallback


class ModelCheckpoint(MonitorCallback):
    """Saves the network after each epoch, or after each that is the best so far.

    The words are Keras's [1]_. The files are those of `Network.save`, for `fcnn.load`;
    to go on with an interrupted fit use `Checkpoint`, which keeps the optimizer, too.

    Parameters
    ----------
    path : str or os.PathLike
        The file, replaced each time; folders that are missing are made. It may hold
        fields of `str.format` such as ``"{epoch:02d}-{val_loss:.4f}.safetensors"``: the
        epoch, counted from **1** in file names as in Keras, and the names that History
        records; with an integer `save_freq` epoch, batch (from 1, too) and loss.
    monitor : str, default "val_loss"
        What `save_best_only` goes by: a name that History will have.
    save_best_only : bool, default False
        Save only after an improvement.
    mode : {"auto", "min", "max"}, default "auto"
        Which way is better; "auto" knows the losses and the metrics that fcnn names.
    save_freq : "epoch" or int, default "epoch"
        An integer: after so many batches each, where only "loss", the epoch's mean so
        far, can be the monitor.
    initial_value_threshold : float, optional
        With `save_best_only`, only a value better than this is saved.
    verbose : int, default 0
        1 prints a line for each file.

    Attributes
    ----------
    best : float
        The best value seen; kept up to date with `save_best_only` only.

    Raises
    ------
    ValueError
        Before the first epoch, if a field of the path or the monitor is unknown.
    OSError
        When a file cannot be written.

    Notes
    -----
    A NaN is no improvement (in Keras a first one is).

    References
    ----------
    .. [1] https://keras.io/api/callbacks/model_checkpoint/

    Examples
    --------
    >>> import fcnn, pathlib, tempfile
    >>> net = fcnn.Network([1, 1], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "net-{epoch:02d}.safetensors")
    ...     save = fcnn.ModelCheckpoint(path)
    ...     history = net.fit([[0], [1]], [0, 1], epochs=2, callbacks=save)
    ...     sorted(file.name for file in pathlib.Path(folder).iterdir())
    ['net-01.safetensors', 'net-02.safetensors']
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        monitor: str = "val_loss",
        *,
        save_best_only: bool = False,
        mode: Mode = "auto",
        save_freq: Literal["epoch"] | int = "epoch",
        initial_value_threshold: float | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(monitor, mode, 0.0, verbose)
        self.path = _checks.path("path", path)
        self.save_best_only = _checks.flag("save_best_only", save_best_only)
        if isinstance(save_freq, str) and save_freq != "epoch":
            raise ValueError(
                f"save_freq must be 'epoch' or an integer, not {save_freq!r}"
            )
        if not isinstance(save_freq, str):
            save_freq = _checks.integer("save_freq", save_freq, 1)
        self.save_freq = save_freq
        self.every_batches = None if isinstance(save_freq, str) else save_freq
        self.initial_value_threshold = (
            None
            if initial_value_threshold is None
            else _checks.real("initial_value_threshold", initial_value_threshold)
        )
        self._epoch = 0

    def _watch(self, names: list[str]) -> None:
        values = ["loss"] if self.every_batches else names
        self._check_path(["epoch", *(["batch"] if self.every_batches else []), *values])
        if self.save_best_only:
            super()._watch(values)
            if self.initial_value_threshold is not None:
                self.best = self.initial_value_threshold

    def on_epoch_begin(
        self,
        epoch: int,
        logs: Mapping[str, float] | None = None,  # noqa: ARG002
    ) -> None:
        """Notes the epoch for the names of files."""
        self._epoch = epoch

    def on_train_batch_end(
        self, batch: int, logs: Mapping[str, float] | None = None
    ) -> None:
        """Saves the network, with an integer `save_freq`."""
        if self.every_batches:
            self._save({"batch": batch + 1}, logs or {})

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Saves the network, unless `save_freq` is an integer."""
        self._epoch = epoch
        if not self.every_batches:
            self._save({}, logs or {})

    def state(self) -> dict[str, Any]:
        """The best value, and the epoch for the names of files."""
        return {**super().state(), "epoch": self._epoch}

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from `state`."""
        super().set_state(state)
        self._epoch = _checks.integer("epoch", state["epoch"], 0)

    def _save(self, batch: dict[str, int], logs: Mapping[str, float]) -> None:
        if self.save_best_only:
            if not self._improves(logs[self.monitor], self.best):
                return
            self.best = logs[self.monitor]
        fields = {**logs, **batch, "epoch": self._epoch + 1}
        file = Path(self.path.format(**fields))
        file.parent.mkdir(parents=True, exist_ok=True)
        self.network.save(file)
        self._say(f"saved {file}")

    def _check_path(self, known: list[str]) -> None:
        """Every field is a known name, and its format is one of numbers."""
        try:
            fields = [name for _, name, _, _ in Formatter().parse(self.path)]
            for field in fields:
                if field is not None and field not in known:
                    raise ValueError(f"there is no {field!r} among {', '.join(known)}")
            integers = ("epoch", "batch")
            self.path.format(**{n: 1 if n in integers else 0.5 for n in known})
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ValueError(
                f"the path {_checks.shown(self.path)} has a field that cannot be "
                f"filled in: {error}"
            ) from None
