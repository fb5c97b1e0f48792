"""Arrays of any shape, dtype and layout, made of a good one: for hostile_calls.py."""

from __future__ import annotations

import math
import tempfile

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hostile_values import Answers


class Marked(np.ndarray):
    """A subclass of ndarray."""


DTYPES = [
    "?", "i1", "u1", "i2", ">u2", "i4", ">i4", "i8", "u8", ">u8", "f2", ">f2", "f4",
    ">f4", "f8", ">f8", "g", "c8", "c16", "O", "S3", "U3", "M8[s]", "m8[s]", "V8",
]  # fmt: skip
SPECIAL = [math.nan, math.inf, -math.inf, 1e300, -1e300, 3.5e38, 5e-324, -0.0, 1e20]


def disturb(rng, base, but=()):
    """(what it is, an array made of `base` by one to three changes)."""
    array, words = np.array(base), []
    for _ in range(rng.integers(1, 4)):
        k = rng.integers(len(CHANGES))
        if CHANGES[k] in but:
            continue
        with np.errstate(all="ignore"):
            try:
                array = CHANGES[k](rng, array)
            except Exception:  # noqa: BLE001 (of this array it cannot be made)
                continue
        words.append(CHANGES[k].__name__)
        if type(array) is not np.ndarray or array.size > 10**6:
            break
    return ", ".join(words), array


def of_dtype(rng, A):
    return A.astype(DTYPES[rng.integers(len(DTYPES))])


def special(rng, A):
    if A.dtype.kind == "c":
        raise TypeError
    A = A.astype("f8") if A.dtype.kind != "f" else A.copy()
    A[tuple(rng.integers(n) for n in A.shape)] = SPECIAL[rng.integers(len(SPECIAL))]
    return A


def unaligned(rng, A):
    B = np.empty(A.nbytes + 1, "u1")[1:].view(A.dtype).reshape(A.shape)
    B[...] = A
    return B


def reversed_(rng, A):
    return A[tuple(slice(None, None, -1) for _ in A.shape)].copy()[
        tuple(slice(None, None, -1) for _ in A.shape)
    ]


def strided(rng, A):
    B = np.repeat(np.repeat(A, 2, 0), 3, -1)
    return B[::2, ..., ::3] if A.ndim > 1 else B[::6]


def overlapping(rng, A):
    """The rows share their memory, one number apart."""
    flat = np.ascontiguousarray(A).ravel()
    rows = max(1, len(flat) - A.shape[-1] + 1)
    step = flat.itemsize
    return as_strided(flat, (min(rows, len(A)), A.shape[-1]), (step, step))


def broadcast(rng, A):
    return np.broadcast_to(A[:1], A.shape)


def endless(rng, A):
    """2**40 rows in the memory of one."""
    if A.ndim < 2:
        raise ValueError
    return np.broadcast_to(A[:1], (2**40, *A.shape[1:]))


def read_only(rng, A):
    A = A.copy()
    A.flags.writeable = False
    return A


def fortran(rng, A):
    return np.asfortranarray(A)


def structured(rng, A):
    made = np.zeros(A.shape, [("pad", "u1"), ("x", A.dtype)])
    made["x"] = A
    return made if rng.integers(2) else made["x"]


def fewer(rng, A):
    return A[: rng.integers(len(A) + 1)]


def more(rng, A):
    return np.concatenate([A, A[:1]])


def transposed(rng, A):
    return A.T


def no_dimensions(rng, A):
    return A.ravel()[0].reshape(())


def one_more_dimension(rng, A):
    return A[:, None] if rng.integers(2) else A[None]


def flat(rng, A):
    return A.ravel()


def row(rng, A):
    return A[rng.integers(len(A))]


def no_columns(rng, A):
    return A[..., :0]


def constant(rng, A):
    value = [0, -1, 1, 2, 3, 99, 2**31, -5, 0.5, 1e-310][rng.integers(10)]
    return np.full(A.shape, value)


def many_dimensions(rng, A):
    return A.reshape(A.shape + (1,) * 20)


def as_list(rng, A):
    return A.tolist()


def as_tuple(rng, A):
    return tuple(A)


def as_masked(rng, A):
    return np.ma.masked_equal(A, A.ravel()[0])


def as_subclass(rng, A):
    return A.view(Marked)


def as_mapped(rng, A):
    """In a file that has no name any more."""
    with tempfile.TemporaryFile() as file:
        file.write(A.tobytes() or b"0")
        file.flush()
        return np.memmap(file, A.dtype, "r", shape=A.shape)


def as_memory(rng, A):
    return memoryview(np.ascontiguousarray(A))


def as_tensor(rng, A):
    """A tensor of another library: DLPack alone."""
    methods = {name: getattr(A, name) for name in ("__dlpack__", "__dlpack_device__")}
    return type("Tensor", (), methods)()


def as_object(rng, A):
    return Answers("__array__", A)


def as_frame(rng, A):
    import pandas as pd

    return pd.DataFrame(A) if A.ndim == 2 else pd.Series(A)


def as_sparse(rng, A):
    """Of SciPy, some with indices that point nowhere."""
    from scipy import sparse

    kind = [sparse.csr_matrix, sparse.csc_array, sparse.coo_array, sparse.bsr_array]
    made = kind[rng.integers(4)](A)
    for name in ("indices", "indptr", "data"):
        if hasattr(made, name) and rng.integers(6) == 0 and getattr(made, name).size:
            part = getattr(made, name)
            part[rng.integers(len(part))] = [-1, 2**30, 7, 0][rng.integers(4)]
    return made


CHANGES = [
    of_dtype, of_dtype, of_dtype, special, special, unaligned, reversed_, strided,
    overlapping, broadcast, endless, read_only, fortran, structured, fewer, more,
    transposed, no_dimensions, one_more_dimension, flat, row, no_columns, constant,
    many_dimensions, as_list, as_tuple, as_masked, as_subclass, as_mapped, as_memory,
    as_tensor, as_object, as_frame, as_sparse,
]  # fmt: skip
