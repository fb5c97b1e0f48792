"""TensorBoard: the curves of a fit, for TensorBoard's pages."""

from __future__ import annotations

import itertools
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fcnn import _checks
from fcnn.callbacks._base import Callback

if TYPE_CHECKING:
    from fcnn.network import Network

_count = itertools.count()  # keeps the files of one second apart


class TensorBoard(Callback):
    """Writes what History records, and the learning rate, for TensorBoard.

    The runs and names are Keras's: ``epoch_loss``, ``epoch_accuracy``, ... in the
    folder ``train`` and, of the validation rows, under the same names in
    ``validation``, so that TensorBoard draws both into one picture;
    ``epoch_learning_rate`` in ``train``. ``tensorboard --logdir logs`` shows them, also
    while the fit is running. Values are kept in single precision, as TensorBoard's
    scalars are.

    Parameters
    ----------
    log_dir : str or os.PathLike, default "logs"
        The folder of the two runs; made if it is missing.

    Raises
    ------
    ImportError
        If the library is missing: ``pip install 'fcnn[tensorboard]'``. Neither PyTorch
        nor TensorFlow is needed.
    OSError
        Before the first epoch, if the folder cannot be made.

    Notes
    -----
    The steps are the epochs, counted from 0. Each fit writes files of its own; in one
    folder its epochs replace, when shown, the same and later ones of earlier fits, so
    that a resumed fit shows each epoch once. Give each experiment a folder of its own.

    Examples
    --------
    >>> import fcnn, tempfile
    >>> net = fcnn.Network([1, 1], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     board = fcnn.TensorBoard(folder)
    ...     history = net.fit([[0], [1]], [0, 1], epochs=2, callbacks=board)
    """

    def __init__(self, log_dir: str | os.PathLike[str] = "logs") -> None:
        self.log_dir = Path(_checks.path("log_dir", log_dir))
        _library()
        self._files: dict[str, Path] = {}  # the events file of each run

    def prepare(self, network: Network, params: dict[str, Any]) -> None:
        """Forgets an earlier fit."""
        super().prepare(network, params)
        self._files = {}

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
        """Makes the folder."""
        self.log_dir.mkdir(parents=True, exist_ok=True)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Writes the epoch's values."""
        logs = logs or {}
        train = {k: v for k, v in logs.items() if not k.startswith("val_")}
        validation = {
            name.removeprefix("val_"): value
            for name, value in logs.items()
            if name.startswith("val_")
        }
        if self.network.learning_rate is not None:
            train["learning_rate"] = self.network.learning_rate
        self._write("train", epoch, train)
        if validation:
            self._write("validation", epoch, validation)

    def _write(self, run: str, epoch: int, values: dict[str, float]) -> None:
        Event, SessionLog, Summary, RecordWriter = _library()
        now, events = time.time(), []
        if run not in self._files:
            name = f"{int(now):010d}.{platform.node()}.{os.getpid()}.{next(_count)}"
            folder = self.log_dir / run
            folder.mkdir(parents=True, exist_ok=True)
            self._files[run] = folder / f"events.out.tfevents.{name}"
            # START: from this epoch on, earlier files of the folder no longer count.
            start = SessionLog(status=SessionLog.START)
            events += [
                Event(wall_time=now, file_version="brain.Event:2"),
                Event(wall_time=now, step=epoch, session_log=start),
            ]
        summary = Summary(
            value=[
                Summary.Value(tag=f"epoch_{name}", simple_value=value)
                for name, value in values.items()
            ]
        )
        events.append(Event(wall_time=now, step=epoch, summary=summary))
        # Opened for each epoch: nothing stays open, or unwritten, if the fit fails.
        with self._files[run].open("ab") as file:
            writer = RecordWriter(file)
            for event in events:
                writer.write(event.SerializeToString())


def _library() -> tuple[Any, Any, Any, Any]:
    """What is used of the tensorboard library."""
    try:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter
    except ImportError as error:
        raise ImportError(
            "TensorBoard needs the tensorboard library: pip install 'fcnn[tensorboard]'"
        ) from error
    return Event, SessionLog, Summary, RecordWriter
