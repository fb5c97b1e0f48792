"""What comes in: X, y and weights, checked once, and converted only where they must be.

An ndarray (or memmap) of real numbers goes to the core as it is, whatever its dtype and
strides, and a sparse X as its three arrays; the core converts a mini-batch at a time.
Lists, data frames and tensors become arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _foreign, _frames
from fcnn._float_state import by_default
from fcnn._sparse import SparseRows, is_sparse, sparse_rows
from fcnn._types import Array

if TYPE_CHECKING:
    from fcnn._base import NetworkBase

# The outputs whose targets may be given as class labels, one-hot inside.
_LABEL_OUTPUTS = ("softmax", "sigmoid")


@dataclass(frozen=True)
class Rows:
    """Checked training or test rows, in the form that the core takes."""

    X: Array | SparseRows  # (n, n_in)
    Y: Array  # (n, K) values, or (n, 1) class labels
    labels: bool
    n_outputs: int  # K
    weight: Array | None  # (n,) float64

    def __len__(self) -> int:
        return len(self.X)

    def arguments(
        self, loss: str
    ) -> tuple[Array | SparseRows, Array, bool, str, Array | None]:
        """The arguments that every method of the core on rows begins with."""
        return self.X, self.Y, self.labels, loss, self.weight

    def targets(self, rows: Array | None = None) -> Array:
        """The targets for metrics: labels (n,) as integers, or values (n, K)."""
        Y = self.Y if rows is None else self.Y[rows]
        return Y[:, 0].astype(np.int64) if self.labels else Y

    def weights(self, rows: Array | None = None) -> Array | None:
        """The sample weights of the rows, or None."""
        return self.weight if rows is None or self.weight is None else self.weight[rows]

    @by_default
    def weighted(self, factor: Array) -> Rows:
        """The same rows with their weights multiplied by a factor each."""
        with np.errstate(over="ignore"):  # to infinity, which is refused below
            weight = factor if self.weight is None else self.weight * factor
        require_finite_sum(weight, "sample_weight * class_weight")
        return replace(self, weight=np.ascontiguousarray(weight, dtype=np.float64))


def check_rows(
    net: NetworkBase, X: Any, y: Any, sample_weight: Any, loss: str, prefix: str = ""
) -> Rows:
    """X, y and sample_weight as rows of the network `net`, targets checked."""
    sizes, output = net.sizes, net.layers[-1].activation
    X, single = inputs(X, sizes[0], prefix)
    if len(X) == 0:
        raise ValueError(f"{prefix}X has no rows: at least one is needed")
    Y, labels = _targets(y, len(X), sizes[-1], str(output), prefix, single=single)
    weight = _weights(sample_weight, len(X), prefix, single=single)
    try:
        net._engine.check_targets(Y, labels, loss)
    except ValueError as error:
        raise ValueError(f"{prefix}{error}") from None
    return Rows(X, Y, labels, sizes[-1], weight)


def inputs(X: Any, n_in: int, prefix: str = "") -> tuple[Array | SparseRows, bool]:
    """X as (n, n_in), and whether it was a single row (n_in,)."""
    name = f"{prefix}X"
    sparse = is_sparse(X)
    if not sparse and not isinstance(X, SparseRows):
        X = real_array(name, X)
    single = X.ndim == 1 and X.shape[0] == n_in
    if single or (X.ndim == 2 and X.shape[1] == n_in):
        X = X.reshape(1, n_in) if single else X
        return sparse_rows(name, X) if sparse else X, single
    hint = ""
    if X.ndim == 1 and n_in == 1:
        hint = ": for a column of values write X[:, None]"
    elif X.ndim > 2:
        hint = ": one row for each sample, for example X.reshape(len(X), -1)"
    raise ValueError(
        f"{name} must have shape (n, {n_in}), or ({n_in},) for one row, not "
        f"{X.shape}{hint}"
    )


def real_array(name: str, value: Any) -> Array:
    """`value` as an ndarray of real numbers; an ndarray or tensor is not copied."""
    array = value if type(value) is np.ndarray else _converted(name, value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers; its dtype is {array.dtype}")
    if array.dtype.char == "g" and not array.dtype.isnative:
        return array.astype(np.longdouble)  # the one dtype that the core cannot read
    return array


def _converted(name: str, value: Any) -> Array:
    """As an ndarray what is none, or of a subclass of it."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array; fill it first, for example {name}.filled(0)"
        )
    module = str(type(value).__module__).partition(".")[0]
    if module == "scipy" and hasattr(value, "toarray"):
        raise TypeError(f"{name} is a sparse matrix; make it dense: {name}.toarray()")
    if module in _frames.MODULES:
        try:
            value = _frames.numbers(name, value)
        except AttributeError:  # a Timestamp, or anything else that is no table
            raise TypeError(
                f"{name} must hold real numbers, and is a {type(value).__name__}"
            ) from None
    return _foreign.array(name, value)


def _targets(
    y: Any, n: int, n_out: int, output: str, prefix: str, *, single: bool
) -> tuple[Array, bool]:
    """y as (n, K) values or (n, 1) labels, and whether it is labels."""
    name = f"{prefix}y"
    y = given = real_array(name, y)
    if single and y.ndim in (0, 1):  # (K,) values, or a scalar: as with n = 1 rows
        y = y[None, :] if y.shape == (n_out,) else y[None] if y.ndim == 0 else y[:0]
    if y.shape == (n, n_out):
        return y, False
    if y.shape == (n,) and n_out == 1:
        return y[:, None], False
    if y.shape == (n,) and output in _LABEL_OUTPUTS:
        return y[:, None], True
    if y.shape == (n,):
        raise ValueError(
            f"{name} of shape {given.shape} would be class labels, which need a "
            f"{' or '.join(_LABEL_OUTPUTS)} output, not {output}; for values give "
            f"shape ({n}, {n_out})"
        )
    hint = ""
    if y.shape == (n, 1) and output in _LABEL_OUTPUTS:
        hint = f": for class labels write {name}.ravel()"
    raise ValueError(
        f"{name} must have shape {_expected_targets(n, n_out, output, single=single)}, "
        f"not {given.shape}{hint}"
    )


def _expected_targets(n: int, n_out: int, output: str, *, single: bool) -> str:
    if single:
        scalar = ", or be a number" if n_out == 1 else ", or be a class label"
        return f"({n_out},){scalar if n_out == 1 or output in _LABEL_OUTPUTS else ''}"
    if n_out == 1:
        return f"({n},) or ({n}, 1)"
    labels = f", or ({n},) for class labels" if output in _LABEL_OUTPUTS else ""
    return f"({n}, {n_out}){labels}"


def _weights(sample_weight: Any, n: int, prefix: str, *, single: bool) -> Array | None:
    if sample_weight is None:
        return None
    name = f"{prefix}sample_weight"
    given = real_array(name, sample_weight)
    weight = given.reshape(1) if single and given.ndim == 0 else given
    if weight.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), not {given.shape}")
    with np.errstate(over="ignore"):  # to infinity, which is refused below
        weight = np.ascontiguousarray(weight, dtype=np.float64)
    bad = ~(np.isfinite(weight) & (weight >= 0.0))
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"{name} must be finite and at least 0, but row {row} has {weight[row]}"
        )
    require_finite_sum(weight, name)
    # the core takes subnormal numbers as 0, and so must the check for all 0
    return np.where(weight < np.finfo(np.float64).tiny, 0.0, weight)


def require_weight(weight: Array | None, name: str = "sample_weight") -> None:
    """A mean over rows needs a weight above 0."""
    if weight is not None and not weight.any():
        raise ValueError(f"{name} is 0 for every row: one must be above")


def require_finite_sum(weight: Array, name: str) -> None:
    """A mean over rows divides by it."""
    with np.errstate(over="ignore"):
        total = weight.sum()
    if not np.isfinite(total):
        raise ValueError(f"{name} is too large: its sum overflows")
