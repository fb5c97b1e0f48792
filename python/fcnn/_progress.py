"""The progress bar of a fit; tqdm is imported only when one is drawn."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fcnn import _checks

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_SHORT = 1.0  # seconds: a fit that takes less draws no bar


class Progress:
    """One bar over the epochs: always, never, or ``"auto"``.

    ``"auto"`` draws on a terminal or in a notebook, once a fit has run for a second and
    has epochs left.
    """

    def __init__(self, epochs: int, mode: str | bool) -> None:  # noqa: FBT001
        self._epochs = epochs
        self._done = 0
        self._bar: Any = None
        self._wanted = _has_watcher() if mode == "auto" else bool(mode)
        self._patience = _SHORT if mode == "auto" else 0.0
        self._start = time.monotonic()
        if mode is True:
            self._draw()

    def update(self, logs: Mapping[str, float]) -> None:
        """One more epoch is done."""
        self._done += 1
        if self._bar is None and self._is_long():
            self._draw()
        elif self._bar is not None:
            self._bar.update()
        if self._bar is not None:
            self._bar.set_postfix({k: f"{v:.4g}" for k, v in logs.items()})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is None:
            return
        try:
            self._bar.close()
        except Exception:
            if error is None:
                raise  # else the stream's trouble is not to hide what went wrong first

    def _is_long(self) -> bool:
        seconds = time.monotonic() - self._start
        return self._wanted and seconds > self._patience and self._done < self._epochs

    def _draw(self) -> None:
        if sys.stderr is None and not _in_notebook():
            return  # there is nothing to draw on
        from tqdm.auto import tqdm

        self._bar = tqdm(total=self._epochs, initial=self._done, unit="epoch")


def check_mode(progress: Any) -> str | bool:
    """The argument `progress` of a fit."""
    if isinstance(progress, str):
        if progress != "auto":
            raise ValueError(
                f"progress must be 'auto', True or False, not {progress!r}"
            )
        return progress
    return _checks.flag("progress", progress)


def _has_watcher() -> bool:
    try:
        terminal = sys.stderr is not None and sys.stderr.isatty()
    except ValueError:  # it is closed
        terminal = False
    return terminal or _in_notebook()


def _in_notebook() -> bool:
    return "ipykernel" in sys.modules
