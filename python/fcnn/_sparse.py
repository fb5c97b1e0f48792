"""scipy.sparse matrices and arrays as the core reads them: compressed sparse rows.

A CSR matrix is taken as it is, another format is converted once. The core makes a
mini-batch's rows dense when it needs them, never the whole. SciPy is not imported here:
whoever has such a matrix has done so.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fcnn import _core
from fcnn._types import Array


class SparseRows(_core.Csr):
    """Checked compressed sparse rows, indexed by rows."""

    ndim = 2

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def arrays(self) -> tuple[Array, Array, Array]:
        """The memory that they stand in."""
        return self.data, self.indices, self.indptr

    def __getitem__(self, rows: Array) -> SparseRows:
        """Rows by their numbers, in that order, as a copy."""
        begin, n_stored = self.indptr[rows], np.diff(self.indptr)[rows]
        # checked before, but the caller may have written to it since
        if (
            (n_stored < 0).any()
            or (n_stored > self.shape[1]).any()
            or (begin < 0).any()
            or (begin + n_stored > len(self.data)).any()
        ):
            raise ValueError("X changed during the call: its indptr no longer fits")
        indptr = np.concatenate([[0], np.cumsum(n_stored, dtype=np.int64)])
        # where the k-th number of the copy stands among those stored
        at = np.repeat(begin - indptr[:-1], n_stored) + np.arange(indptr[-1])
        return SparseRows(self.data[at], self.indices[at], indptr, self.shape[1])

    def toarray(self) -> Array:
        """The same rows made dense."""
        dense = np.zeros(self.shape, self.data.dtype)
        if self.indices.size and not (
            self.indices.min() >= 0 and self.indices.max() < self.shape[1]
        ):
            raise ValueError("X changed during the call: its indices no longer fit")
        dense[np.repeat(np.arange(len(self)), np.diff(self.indptr)), self.indices] = (
            self.data
        )
        return dense


def is_sparse(value: Any) -> bool:
    """Whether it is one of SciPy's sparse matrices or arrays."""
    module = str(type(value).__module__).partition(".")[0]
    return module == "scipy" and hasattr(value, "tocsr")


def sparse_rows(name: str, X: Any) -> SparseRows:
    """A sparse matrix of real numbers; a ValueError where an index is out of its range.

    SciPy itself does not check what its arrays are set to, and may crash of them.
    """
    if X.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers; its dtype is {X.dtype}")
    if X.format == "dok":
        X = X.tocoo()
    if X.format in ("csr", "csc", "bsr"):
        _check_compressed(name, X)
    elif X.format == "coo":
        for axis, at in enumerate(_coordinates(X)):
            _check_range(name, "coordinates", at, X.shape[axis])
    if X.format != "csr":
        X = X.tocsr()
        _check_compressed(name, X)
    if not X.has_canonical_format:  # numbers of one place, or out of order
        X = X.copy()
        X.sum_duplicates()
    stored = int(X.indptr[-1])
    data = np.ascontiguousarray(X.data[:stored])
    if data.dtype.char == "g":  # of another byte order the core cannot read it
        data = data.astype(np.longdouble, copy=False)
    indices, indptr = (_whole(A) for A in (X.indices[:stored], X.indptr))
    return SparseRows(data, indices, indptr, X.shape[1])


def _coordinates(X: Any) -> tuple[Array, ...]:
    return X.coords if hasattr(X, "coords") else (X.row, X.col)  # SciPy before 1.13


def _whole(A: Array) -> Array:
    """Contiguous, of int32 or int64."""
    dtype = np.dtype(np.int32 if A.dtype.itemsize <= 4 else np.int64)
    return np.require(A, dtype, ["C", "A"])


def _check_compressed(name: str, X: Any) -> None:
    """Whether the arrays of a CSR, CSC or BSR matrix fit each other and its shape."""
    R, C = getattr(X, "blocksize", (1, 1))
    n_rows, n_columns = X.shape
    major, minor = n_rows // R, n_columns // C
    if X.format == "csc":
        major, minor = minor, major
    for part in ("data", "indices", "indptr"):
        A = getattr(X, part)
        if A.ndim != (3 if part == "data" and X.format == "bsr" else 1):
            raise ValueError(f"{name}.{part} must not have {A.ndim} dimensions")
        if part != "data" and A.dtype.kind not in "iu":
            raise TypeError(f"{name}.{part} must hold integers, not {A.dtype}")
    indptr, stored = X.indptr, min(len(X.data), len(X.indices))
    if len(indptr) != major + 1:
        raise ValueError(
            f"{name}.indptr must have {major + 1} numbers, not {len(indptr)}"
        )
    if indptr[0] != 0 or indptr[-1] > stored or (indptr[1:] < indptr[:-1]).any():
        raise ValueError(
            f"{name}.indptr must rise from 0 to at most {stored}, the numbers stored"
        )
    _check_range(name, "indices", X.indices[: indptr[-1]], minor)


def _check_range(name: str, part: str, at: Array, size: int) -> None:
    if at.size and not (at.min() >= 0 and at.max() < size):
        raise ValueError(
            f"{name} has {part} from {at.min()} to {at.max()}; they must be from 0 to "
            f"{size - 1}"
        )
