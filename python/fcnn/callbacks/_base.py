"""Callback: the hooks that a fit calls, and what a resumed fit needs of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from fcnn import _checks

if TYPE_CHECKING:
    from fcnn.network import Network

_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end")


class Callback:
    """Base of the callbacks of `Network.fit`; its hooks are named as in Keras.

    A subclass overrides the hooks that it needs. It may read and write the network's
    parameters, predict and evaluate; setting ``self.stop_training = True``, in a batch
    hook too, ends the fit after the epoch. An exception from a hook ends the fit at
    once and leaves the network usable. `on_train_end` is called when a fit ends, but
    not when it fails.

    Attributes
    ----------
    network : Network
        The network being trained, from before `on_train_begin` on.
    params : dict
        ``"epochs"``, how many were asked for, and ``"metrics"``, the names that each
        epoch's logs will have.
    stop_training : bool
        False when a fit begins; True asks it to end.
    stop_is_final : bool
        Of the class: whether a fit that this callback stopped stays stopped when it is
        resumed. True unless a subclass says otherwise, as `TimeLimit` does.

    Notes
    -----
    An epoch is one call into the compiled core as long as nobody asks for batches; see
    `every_batches`. A callback whose later behaviour depends on what it has seen gives
    that as its `state`, so that a resumed fit goes on exactly.

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
    stop_is_final: ClassVar[bool] = True

    @cached_property
    def every_batches(self) -> int | None:
        """After how many batches each the batch hooks are called; None: never.

        1 if one of them is overridden, else None. A class or an object may set its own
        number, such as ``every_batches = 100``: the fewer calls, the less time is spent
        outside the compiled core.
        """
        for name in _BATCH_HOOKS:
            overridden = getattr(type(self), name) is not getattr(Callback, name)
            if overridden or name in vars(self):
                return 1
        return None

    def prepare(self, network: Network, params: dict[str, Any]) -> None:
        """Called before anything is changed; may refuse with a ValueError."""
        if self.every_batches is not None:
            _checks.integer("every_batches", self.every_batches, 1)
        self.network = network
        self.params = params
        self.stop_training = False

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Called before the first epoch; `logs` is empty."""

    def on_epoch_begin(
        self, epoch: int, logs: Mapping[str, float] | None = None
    ) -> None:
        """Called before each epoch, counted from 0; `logs` is empty."""

    def on_train_batch_begin(
        self, batch: int, logs: Mapping[str, float] | None = None
    ) -> None:
        """Called before batches of an epoch, counted from 0; `logs` is empty."""

    def on_train_batch_end(
        self, batch: int, logs: Mapping[str, float] | None = None
    ) -> None:
        """Called after batches; ``logs["loss"]`` is the epoch's mean loss so far."""

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Called after each epoch; `logs` is what History records of it."""

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Called after the last epoch; `logs` is that of the last epoch."""

    def state(self) -> dict[str, Any]:
        """What a resumed fit needs to go on as if it had not been interrupted.

        Numbers, strings, None, bools and NumPy arrays, and lists and dicts of them.
        """
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes a `state` back; called after `on_train_begin` of a resumed fit."""
