"""The one exception that is fcnn's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fcnn.history import History


class TrainingDiverged(ArithmeticError):
    """Training met a loss or parameters that are not finite, and was stopped.

    The network is as after the last good epoch, its optimizer's state included
    (`Network.fit_batch`: the step was not made), and can be used or trained on,
    for example with a smaller learning rate, scaled inputs or ``clip_norm``.

    Parameters
    ----------
    epoch : int or None
        The epoch of this `Network.fit`, from 0; None from `Network.fit_batch`.
    batch : int
        The mini-batch of that epoch, from 0.
    history : History
        The record of the epochs that were completed.

    Examples
    --------
    >>> import fcnn
    >>> net = fcnn.Network([1, 1], output="identity", dtype="float64", seed=0)
    >>> try:
    ...     net.fit([[1e8], [-1e8]], [0.0, 1.0], optimizer=fcnn.SGD(lr=1e8), epochs=99)
    ... except fcnn.TrainingDiverged as stop:
    ...     len(stop.history.loss) == stop.epoch
    True
    """

    def __init__(self, epoch: int | None, batch: int, history: History) -> None:
        super().__init__(epoch, batch, history)
        self.epoch = epoch
        self.batch = batch
        self.history = history

    def __str__(self) -> str:
        if self.epoch is None:
            where, state = "in this step", "before it"
        else:
            where = f"in epoch {self.epoch}, batch {self.batch} (both counted from 0)"
            state = "after the last good epoch"
        return (
            f"the loss or the parameters became infinite or NaN {where}; the network "
            f"is as {state}; a smaller learning rate, scaled inputs or clip_norm may "
            "help"
        )
