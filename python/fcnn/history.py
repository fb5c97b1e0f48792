"""History: what `Network.fit` recorded, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from fcnn import _checks

if TYPE_CHECKING:
    from typing import Self

    import pandas as pd
    from matplotlib.axes import Axes


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
        with ``val_`` before them. Keras's ``history.history``.
    learning_rate : list of float or None
        The learning rate of each epoch's first step; None of an optimizer that has
        none: see `Network.learning_rate`.
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
        self.learning_rate: list[float | None] = []
        self.stop_reason: str | None = None

    @property
    def loss(self) -> list[float]:
        """The training loss of each epoch: ``metrics["loss"]``."""
        return self.metrics["loss"]

    def append(
        self, logs: Mapping[str, float], learning_rate: float | None = None
    ) -> None:
        """Add one completed epoch: a value for every name, and its learning rate."""
        _checks.mapping("logs", logs)
        missing = self.metrics.keys() - logs.keys()
        if missing:
            raise ValueError(f"logs must have {', '.join(sorted(missing))}")
        added = {name: logs[name] for name in self.metrics}
        self.epoch.append(len(self.epoch))
        self.learning_rate.append(learning_rate)
        for name, values in self.metrics.items():
            values.append(added[name])

    @classmethod
    def restore(
        cls,
        metrics: Mapping[str, Iterable[float]],
        learning_rate: Iterable[float | None] | None = None,
    ) -> Self:
        """A History of these metrics and learning rates: as a checkpoint keeps it.

        Parameters
        ----------
        metrics : dict of str to iterable of float
            As the attribute `metrics`.
        learning_rate : iterable of float or None, optional
            As the attribute; by default None for each epoch.

        Raises
        ------
        TypeError, ValueError
            If `metrics` is no mapping, or the lists are not equally long.

        Examples
        --------
        >>> import fcnn
        >>> fcnn.History.restore({"loss": [0.5, 0.25], "val_loss": [0.6, 0.5]})
        History(epochs=2, loss=0.25, val_loss=0.5)
        """
        history = cls(_checks.mapping("metrics", metrics))
        history.metrics = {name: list(values) for name, values in metrics.items()}
        lengths = {name: len(values) for name, values in history.metrics.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"metrics must be lists of one length, not of {lengths}")
        n = max(lengths.values(), default=0)
        history.epoch = list(range(n))
        rates: list[float | None] = [None] * n
        if learning_rate is not None:
            rates = list(learning_rate)
        if len(rates) != n:
            raise ValueError(f"learning_rate must have {n} entries, not {len(rates)}")
        history.learning_rate = rates
        return history

    def to_frame(self) -> pd.DataFrame:
        """The record as a table: a row for each epoch, a column for each name.

        Raises
        ------
        ImportError
            If pandas is missing: ``pip install pandas``.

        Examples
        --------
        >>> import fcnn
        >>> net = fcnn.Network([2, 3, 1], seed=0)
        >>> history = net.fit([[0, 1], [1, 0]], [0, 1], epochs=4, metrics="accuracy")
        >>> frame = history.to_frame()
        >>> frame.index.name, list(frame.columns), frame.shape
        ('epoch', ['loss', 'accuracy'], (4, 2))
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_frame needs pandas: pip install pandas") from error
        index = pd.Index(self.epoch, name="epoch", dtype="int64")
        return pd.DataFrame(self.metrics, index=index, dtype="float64")

    def plot(
        self, ax: Axes | None = None, names: str | Iterable[str] | None = None
    ) -> Axes:
        """Draws the curves: of training solid, of validation dashed in the same colour.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure of pyplot unless given.
        names : str or iterable of str, optional
            Which recorded names; a name without ``val_`` brings its validation curve
            along. "learning_rate" is drawn over a second y axis. By default all
            metrics, and the learning rate if it changed.

        Returns
        -------
        matplotlib.axes.Axes
            For titles, scales (``ax.set_yscale("log")``) and saving
            (``ax.figure.savefig(...)``). `fcnn.plot.HistoryDisplay` draws panels.

        Raises
        ------
        ValueError
            If a name is not recorded.
        ImportError
            If matplotlib is missing: ``pip install 'fcnn[plot]'``.

        Examples
        --------
        >>> import fcnn
        >>> from matplotlib.figure import Figure
        >>> net = fcnn.Network([1, 1], seed=0)
        >>> X, y = [[0.0], [1.0]], [0.0, 1.0]
        >>> history = net.fit(X, y, epochs=4, validation_data=(X, y))
        >>> ax = history.plot(Figure().subplots(), "loss")
        >>> [(line.get_label(), line.get_linestyle()) for line in ax.lines]
        [('loss', '-'), ('val_loss', '--')]
        """
        from fcnn.plot import HistoryDisplay
        from fcnn.plot._axes import one

        return HistoryDisplay._select(self, names).plot(one(ax)).ax_

    def __repr__(self) -> str:
        last = "".join(
            f", {name}={values[-1]:.6g}"
            for name, values in self.metrics.items()
            if values
        )
        return f"History(epochs={len(self.epoch)}{last})"

    def _repr_html_(self) -> str:
        from fcnn import _html

        return _html.history(self)
