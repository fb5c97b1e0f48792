"""CSVLogger: what History records, epoch by epoch in a file."""

from __future__ import annotations

import contextlib
import csv
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fcnn import _checks
from fcnn._atomic import check_target, replace_file
from fcnn.callbacks._base import Callback

if TYPE_CHECKING:
    from fcnn.network import Network


class CSVLogger(Callback):
    """Writes a row of a CSV file after each epoch.

    The columns are ``epoch``, counted from 0 as in Keras, and the names that History
    records, in its order; numbers are written with all their digits. The file is
    complete after each epoch, even if the process is killed or the disk is full, and
    after a resumed fit it holds each epoch once: what was written after the checkpoint
    is removed. (A power cut may take the last rows: they are not stored one by one.)

    Parameters
    ----------
    path : str or os.PathLike
        The file; folders that are missing are made.
    separator : str, default ","
        One character.
    append : bool, default False
        Keep what the file holds; else it is replaced when the first epoch ends.

    Raises
    ------
    OSError
        Before the first epoch, if the file cannot be written.
    ValueError
        Before the first epoch, if `append` and the file has other columns.

    Examples
    --------
    >>> import fcnn, pathlib, tempfile
    >>> net = fcnn.Network([1, 1], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "log.csv")
    ...     log = fcnn.CSVLogger(path)
    ...     history = net.fit([[0], [1]], [0, 1], epochs=2, callbacks=log)
    ...     lines = path.read_text().splitlines()
    >>> lines[0], len(lines)
    ('epoch,loss', 3)
    >>> lines[2] == f"1,{history.loss[1]}"
    True
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        separator: str = ",",
        append: bool = False,  # noqa: FBT001, FBT002  (Keras's order)
    ) -> None:
        self.path = Path(_checks.path("path", path))
        self.separator = _checks.text("separator", separator)
        if len(separator) != 1 or separator in '\r\n"':
            raise ValueError(
                f"separator must be one character, not {_checks.shown(separator)}"
            )
        self.append = _checks.flag("append", append)
        self._length = 0  # of the file in bytes, without what is to be replaced

    def prepare(self, network: Network, params: dict[str, Any]) -> None:
        """Checks that a file to be appended to has the columns of this fit."""
        super().prepare(network, params)
        self._length = 0
        if not self.append or not self.path.is_file():
            return
        self._length = self.path.stat().st_size
        with self.path.open(encoding="utf-8", newline="") as file:
            header = file.readline()
        header = header.rstrip("\r\n")
        expected = self._line(self._columns()).decode().rstrip("\n")
        if self._length > 0 and header != expected:
            raise ValueError(
                f"append=True needs the columns {expected!r} in {self.path}, but its "
                f"first line is {_checks.shown(header)}"
            )

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
        """Makes sure that the file can be written."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        check_target(self.path)
        self.path.open("ab").close()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Writes the epoch's row, and the header before the first."""
        logs = logs or {}
        columns = self._columns()
        row = self._line([epoch, *(logs.get(name, "") for name in columns[1:])])
        size = self.path.stat().st_size if self.path.exists() else 0
        length = min(self._length, size)
        if length == 0:
            row = self._line(columns) + row
        if length == 0 and size > 0:
            replace_file(self.path, row)
        else:
            self._append(length, row)
        self._length = length + len(row)

    def _append(self, length: int, row: bytes) -> None:
        """Writes the row after so many bytes, or nothing."""
        with self.path.open("ab", buffering=0) as file:
            file.truncate(length)
            try:
                while row:
                    row = row[file.write(row) :]
            except BaseException:
                with contextlib.suppress(OSError):
                    file.truncate(length)
                raise

    def state(self) -> dict[str, Any]:
        """The length of the file, so that repeated epochs can be cut off."""
        return {"length": self._length}

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on at that length of the file."""
        self._length = _checks.integer("length", state["length"], 0)

    def _columns(self) -> list[str]:
        return ["epoch", *self.params["metrics"]]

    def _line(self, values: Iterable[Any]) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=self.separator, lineterminator="\n").writerow(values)
        return text.getvalue().encode()
