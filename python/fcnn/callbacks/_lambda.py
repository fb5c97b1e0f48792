"""LambdaCallback: a callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fcnn import _checks
from fcnn.callbacks._base import Callback


class LambdaCallback(Callback):
    """Calls functions at the hooks of the same names; each may be left out.

    Parameters
    ----------
    on_train_begin, on_train_end : callable, optional
        Called as ``f(logs)``.
    on_epoch_begin, on_epoch_end : callable, optional
        Called as ``f(epoch, logs)``, the epoch counted from 0.
    on_train_batch_begin, on_train_batch_end : callable, optional
        Called as ``f(batch, logs)``, the batch of the epoch counted from 0.
    every_batches : int, optional
        After how many batches each the last two are called: every one unless told
        otherwise.

    Raises
    ------
    TypeError
        If one is not callable.

    Examples
    --------
    >>> import fcnn
    >>> show = fcnn.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, *logs))
    >>> net = fcnn.Network([1, 1], seed=0)
    >>> history = net.fit([[0], [1]], [0, 1], epochs=2, callbacks=show)
    0 loss
    1 loss
    """

    def __init__(
        self,
        *,
        on_train_begin: Callable[..., Any] | None = None,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        every_batches: int | None = None,
    ) -> None:
        functions = {
            "on_train_begin": on_train_begin,
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            "on_train_end": on_train_end,
        }
        for name, function in functions.items():
            if function is None:
                continue
            if not callable(function):
                raise TypeError(
                    f"{name} must be a function, not {_checks.shown(function)}"
                )
            setattr(self, name, function)
        if every_batches is not None:
            self.every_batches = _checks.integer("every_batches", every_batches, 1)
