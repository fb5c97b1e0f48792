"""TimeLimit: the fit ends after the epoch in which its time ran out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import ClassVar

from fcnn import _checks
from fcnn.callbacks._base import Callback


class TimeLimit(Callback):
    """Ends training after the first epoch that ends beyond a limit of time.

    An epoch that has begun is completed. A resumed fit has the whole time again.

    Parameters
    ----------
    seconds : float
        Of wall clock, from `on_train_begin` on; above 0.

    Examples
    --------
    >>> import fcnn
    >>> net = fcnn.Network([1, 1], seed=0)
    >>> limit = fcnn.TimeLimit(0.1)
    >>> history = net.fit([[0], [1]], [0, 1], epochs=10**9, callbacks=limit)
    >>> 0 < len(history.loss) < 10**9
    True
    """

    stop_is_final: ClassVar[bool] = False

    def __init__(self, seconds: float) -> None:
        self.seconds = _checks.positive("seconds", seconds)
        self._end = 0.0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
        """Starts the clock."""
        self._end = time.monotonic() + self.seconds

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
        """Stops the training if the time is over."""
        if time.monotonic() >= self._end:
            self.stop_training = True
