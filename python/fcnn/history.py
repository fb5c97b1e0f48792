"""History: what `Network.fit` recorded, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class History:
    """The record of one `Network.fit`.

    Parameters
    ----------
    names : iterable of str
        What is recorded each epoch; ``"loss"`` among them.

    Attributes
    ----------
    epoch : list of int
        The completed epochs of this fit: 0, 1, ...
    metrics : dict of str to list of float
        One list for each recorded name, one entry for each completed epoch:
        ``"loss"``, the metrics asked for, and with validation rows the same names
        with ``val_`` before them.

    stop_reason : str or None
        Why a full-batch solver ended the fit early, such as "converged: the gradient is
        below tol_gradient"; None where it did not.

    Notes
    -----
    ``loss`` is the weighted mean over the epoch of each mini-batch's loss before
    its update, penalties included, as in Keras; ``val_loss`` is that of the network
    at the epoch's end, without penalties. Training metrics are taken from the same
    outputs before the updates.

    Examples
    --------
    >>> import fcnn
    >>> net = fcnn.Network([2, 3, 1], seed=0)
    >>> history = net.fit([[0, 1], [1, 0]], [0, 1], epochs=4, metrics="accuracy")
    >>> history.epoch
    [0, 1, 2, 3]
    >>> sorted(history.metrics)
    ['accuracy', 'loss']
    >>> history.loss == history.metrics["loss"]
    True
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.epoch: list[int] = []
        self.metrics: dict[str, list[float]] = {name: [] for name in names}
        self.stop_reason: str | None = None

    @property
    def loss(self) -> list[float]:
        """The training loss of each epoch: ``metrics["loss"]``."""
        return self.metrics["loss"]

    def append(self, logs: Mapping[str, float]) -> None:
        """Add one completed epoch: a value for every name."""
        self.epoch.append(len(self.epoch))
        for name, values in self.metrics.items():
            values.append(logs[name])

    def __repr__(self) -> str:
        last = "".join(
            f", {name}={values[-1]:.6g}"
            for name, values in self.metrics.items()
            if values
        )
        return f"History(epochs={len(self.epoch)}{last})"
