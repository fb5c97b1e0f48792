"""Standardizer: inputs and targets brought to mean 0 and deviation 1 in the network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _data
from fcnn._float_state import by_default
from fcnn._sparse import SparseRows
from fcnn._types import Array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from fcnn._architecture import Architecture

NOT_STANDARDIZED: tuple[list[float], ...] = ([], [], [], [])
_CHUNK = 1 << 20  # numbers of X converted at a time
_LEAST_SCALE, _LARGEST_SCALE = 1e-290, 1e290  # 1 / scale is finite, and not 0


class Standardizer:
    r"""What a network made with ``standardize=True`` has learned of its data.

    It sees :math:`\tilde x = (x - \mathrm{mean}) / \mathrm{scale}`, and where the
    targets are standardized too it answers
    :math:`\mathrm{target\_mean} + \mathrm{target\_scale} \cdot a^L`. Computed in
    float64, then rounded to the network's dtype.

    Parameters
    ----------
    mean, scale : array of shape (n_in,)
        Of the inputs; finite, scale from 1e-290 to 1e290.
    target_mean, target_scale : array of shape (n_out,), optional
        Of the targets; by default they are left as they are.

    Attributes
    ----------
    mean, scale, target_mean, target_scale : ndarray of float64, read-only, or None

    Raises
    ------
    TypeError, ValueError
        If an argument is not as stated above.

    Examples
    --------
    >>> import fcnn
    >>> net = fcnn.Network([1, 1], output="identity", standardize=True, seed=0)
    >>> net.standardizer = fcnn.Standardizer([100.0], [10.0], [5.0], [2.0])
    >>> net.layers[1].weight[:] = 1.0
    >>> net.predict([120.0]).tolist()  # 5 + 2 * (120 - 100) / 10
    [9.0]
    """

    __slots__ = ("mean", "scale", "target_mean", "target_scale")

    mean: Array
    scale: Array
    target_mean: Array | None
    target_scale: Array | None

    def __init__(
        self,
        mean: ArrayLike,
        scale: ArrayLike,
        target_mean: ArrayLike | None = None,
        target_scale: ArrayLike | None = None,
    ) -> None:
        set_ = object.__setattr__
        for name, value in zip(self.__slots__, _pair("", mean, scale), strict=False):
            set_(self, name, value)
        if (target_mean is None) != (target_scale is None):
            raise ValueError("give both target_mean and target_scale, or neither")
        targets: tuple[Array | None, Array | None] = (None, None)
        if target_mean is not None and target_scale is not None:
            targets = _pair("target_", target_mean, target_scale)
        set_(self, "target_mean", targets[0])
        set_(self, "target_scale", targets[1])

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Standardizer does not change: {name} cannot be set")

    def __reduce__(self) -> tuple[Any, ...]:
        return Standardizer, self._arrays()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Standardizer):
            return NotImplemented
        return self._for_core() == other._for_core()

    def __hash__(self) -> int:
        return hash(tuple(map(tuple, self._for_core())))

    def __repr__(self) -> str:
        targets = 0 if self.target_mean is None else len(self.target_mean)
        return f"<Standardizer of {len(self.mean)} inputs and {targets} targets>"

    def _check_range(self, dtype: np.dtype[Any]) -> None:
        """Predictions are of the network's dtype, whatever the targets' is."""
        for array in (self.target_mean, self.target_scale):
            if array is not None and np.abs(array).max() > np.finfo(dtype).max:
                raise ValueError(f"the targets are too large for a network of {dtype}")

    def _arrays(self) -> tuple[Array, Array, Array | None, Array | None]:
        return self.mean, self.scale, self.target_mean, self.target_scale

    def _for_core(self) -> tuple[list[float], ...]:
        return tuple([] if a is None else a.tolist() for a in self._arrays())


def check_standardizer(value: Any, architecture: Architecture) -> None:
    """Refuses what cannot be the standardizer of a network of this architecture."""
    if not isinstance(value, Standardizer):
        raise TypeError(f"standardizer must be an fcnn.Standardizer, not {value!r}")
    if not architecture.standardize:
        raise ValueError("this network was not made with standardize=True")
    n_in, n_out = architecture.sizes[0], architecture.sizes[-1]
    if len(value.mean) != n_in:
        raise ValueError(f"mean must have shape ({n_in},), not {value.mean.shape}")
    if value.target_mean is None:
        return
    if len(value.target_mean) != n_out:
        raise ValueError(
            f"target_mean must have shape ({n_out},), not {value.target_mean.shape}"
        )
    if not architecture.standardizes_targets:
        raise ValueError(
            "targets are standardized for an identity output only, not for "
            f"{architecture.activations[-1]}"
        )


@by_default
def learn(
    architecture: Architecture, rows: _data.Rows, train: Array, weight: Array | None
) -> Standardizer:
    """Weighted means and standard deviations of the rows `train`."""
    mean, scale = _moments("X", rows.X, train, weight)
    if not architecture.standardizes_targets:
        return Standardizer(mean, scale)
    return Standardizer(mean, scale, *_moments("y", rows.Y, train, weight))


def _moments(
    name: str, table: Any, rows: Array, weight: Array | None
) -> tuple[Array, Array]:
    """Mean and deviation of each column; a deviation of 0 counts as 1.

    Chunk by chunk: T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating Formulae and a
    Pairwise Algorithm for Computing Sample Variances", 1979.
    """
    total, mean, squares = 0.0, np.zeros(table.shape[1]), np.zeros(table.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):  # refused below
        for x, w in _chunks(name, table, rows, weight):
            added = float(_sum(w[:, None])[0])
            if added == 0.0:
                continue
            own_mean = _sum(w[:, None] * x) / added
            own_squares = _sum(w[:, None] * (x - own_mean) ** 2)
            difference = own_mean - mean
            squares += own_squares + difference**2 * (total * added / (total + added))
            total += added
            mean = mean + difference * (added / total)
        deviation = np.sqrt(squares / total)
    if not np.isfinite(deviation).all():
        raise ValueError(
            f"{name} is too large to be standardized: its squares overflow"
        )
    # below what rounding makes of equal numbers
    eps = np.finfo(np.float64).eps
    constant = deviation <= np.maximum(10 * eps * np.abs(mean), _LEAST_SCALE)
    return mean, np.where(constant, 1.0, deviation)


def _sum(rows: Array) -> Array:
    """Row after row: the same bits everywhere, as BLAS and sum() do not promise."""
    total: Array = np.add.accumulate(rows, axis=0)[-1]
    return total


def _chunks(
    name: str, table: Any, rows: Array, weight: Array | None
) -> Iterator[tuple[Array, Array]]:
    step = max(1, _CHUNK // table.shape[1])
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        contiguous = int(part[-1]) - int(part[0]) == len(part) - 1
        x = table[part[0] : part[-1] + 1] if contiguous else table[part]
        x = x.toarray() if isinstance(x, SparseRows) else x
        x = np.asarray(x, dtype=np.float64)
        bad = ~np.isfinite(x).all(axis=1)
        if bad.any():
            row = int(part[bad.argmax()])
            raise ValueError(f"{name} must be finite, row {row} is not")
        w = np.ones(len(x)) if weight is None else weight[start : start + step]
        yield x, w


def _pair(prefix: str, mean: Any, scale: Any) -> tuple[Array, Array]:
    """Both as read-only float64 arrays of one shape (n,)."""
    arrays = []
    for name, value in ((f"{prefix}mean", mean), (f"{prefix}scale", scale)):
        with np.errstate(over="ignore"):  # to infinity, which is refused below
            array = np.array(_data.real_array(name, value), dtype=np.float64)
        if array.ndim != 1:
            raise ValueError(f"{name} must have 1 dimension, not {array.ndim}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite")
        array.flags.writeable = False
        arrays.append(array)
    if arrays[0].shape != arrays[1].shape:
        raise ValueError(
            f"{prefix}mean and {prefix}scale must have one shape, not "
            f"{arrays[0].shape} and {arrays[1].shape}"
        )
    if not (arrays[1] > 0.0).all():
        raise ValueError(f"{prefix}scale must be above 0")
    if not (arrays[1] >= _LEAST_SCALE).all():
        raise ValueError(f"{prefix}scale must be at least {_LEAST_SCALE}")
    if not (arrays[1] <= _LARGEST_SCALE).all():
        raise ValueError(f"{prefix}scale must be at most {_LARGEST_SCALE}")
    return arrays[0], arrays[1]
