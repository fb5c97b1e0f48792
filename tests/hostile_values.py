"""Values that no caller should pass, and some that one may: for hostile_calls.py.

`scalar` draws a value of any kind; `disturb` makes of a good array another one of any
shape, dtype and layout. Each comes with words that say what it is.
"""

from __future__ import annotations

import decimal
import fractions
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import as_strided


class Lie(Exception):
    """What the objects here raise: it may come out as it is."""


class Raises:
    """Every way of asking it for anything raises."""

    def _raise(self, *_, **__):
        raise Lie

    __array__ = __len__ = __iter__ = __getitem__ = __index__ = __float__ = _raise
    __int__ = __bool__ = __fspath__ = __dlpack__ = __dlpack_device__ = _raise
    __eq__ = __repr__ = __str__ = __call__ = __contains__ = _raise
    __hash__ = None


class Answers:
    """Gives `answer` to one question."""

    def __init__(self, question, answer):
        self.answer = answer
        self.__class__ = type(
            f"Answers{question}", (Answers,), {question: lambda s, *_, **__: s.answer}
        )


class LongList(list):
    """Says that it is longer than it is."""

    def __len__(self):
        return super().__len__() + 2


class NeverEqual:
    def __eq__(self, _):
        return np.array([True, False])

    __hash__ = None


class FalseMapping(Mapping):
    def __getitem__(self, key):
        raise KeyError(key)

    def __iter__(self):
        return iter(["absent", 3])

    def __len__(self):
        return 2


class FalseSequence(Sequence):
    def __getitem__(self, at):
        raise IndexError(at)

    def __len__(self):
        return 3


class Integer(int):
    pass


class Text(str):
    __slots__ = ()


class Marked(np.ndarray):
    """A subclass of ndarray."""


def pretender(module):
    """An object that says that its class is of another library."""
    return type("Pretender", (), {"__module__": module, "toarray": None})()


def closed_file():
    file = tempfile.TemporaryFile()
    file.close()
    return file


WORDS = [
    "adam", "sgd", "lbfgs", "mse", "mae", "cross_entropy", "binary_cross_entropy",
    "huber(0.5)", "huber(nan)", "huber(1e999)", "tanh", "relu", "softmax", "sigmoid",
    "exp", "identity", "elu(-1)", "elu(1e400)", "elu(", "leaky_relu(0.2)", "auto",
    "zeros", "batch", "sample", "balanced", "min", "max", "epoch", "cos", "dicts",
    "accuracy", "loss", "val_loss", "float32", "float64", "float16", "f4,f8", ">f4",
    "", " ", "\0", "a\0b", "\ud800", "/", ".", "no/where/at/all", "{", "{epoch",
    "{epoch:d", "{0}", "%n", "é" * 99, "x" * 5000, "y" * 10**6,
]  # fmt: skip

NUMBERS = [
    0, 1, -1, 2, 3, 4, 5, 7, 16, 255, 1025, 2**31 - 1, 2**31, 2**32, 2**53 + 1,
    2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**31), -(2**63), -(2**63) - 1,
    10**400, -(10**400), 10**5000,
    0.0, -0.0, 0.1, 0.25, 0.5, 0.9, 1.0, 1.5, 2.0, -1.5, 5e-324, 1e-310, 1e-290, 1e-45,
    1e-8, 1e6, 3.5e38, 1e300, 1.7e308, -1e300, math.inf, -math.inf, math.nan,
    True, False, 1j, complex(math.nan, 0),
    decimal.Decimal(1), decimal.Decimal("NaN"), decimal.Decimal("sNaN"),
    decimal.Decimal("1e999999"), fractions.Fraction(1, 3), fractions.Fraction(10**400),
    Integer(2), np.True_, np.int8(3), np.uint64(2**64 - 1), np.int64(-1),
    np.float16(0.5), np.float32(0.1), np.float64(0.1), np.longdouble("1e4000"),
    np.longdouble(0.5), np.complex64(1), np.float32(np.nan), np.str_("adam"),
    np.bytes_(b"adam"), np.datetime64("2020-01-01"), np.datetime64("NaT"),
    np.timedelta64(1, "s"), np.void(b"abc"), np.array(1), np.array(0.5), np.array("a"),
    np.array(None), np.array([0.5]), np.array([[2]]),
]  # fmt: skip

OBJECTS = [
    lambda: None, lambda: ..., object, lambda: int, lambda: print, lambda: len,
    Raises, NeverEqual, FalseMapping, FalseSequence, closed_file,
    lambda: LongList([2, 3]), lambda: LongList(["tanh"]), lambda: LongList([0.5, 0.5]),
    lambda: Text("adam"), lambda: b"adam", lambda: bytearray(b"tanh"),
    lambda: memoryview(b"12345678"), lambda: [], lambda: (), lambda: {}, set,
    lambda: {0: 1.0, 1: 2.0}, lambda: {0: math.nan}, lambda: {"0": 1}, lambda: {-1: 1},
    lambda: {10**400: 1}, lambda: {0: 10**400}, lambda: {0.5: 1}, lambda: {None: None},
    lambda: [[]], lambda: [None], lambda: ["a"], lambda: [1], lambda: [0.5, 0.5],
    lambda: [1, 2, 3], lambda: [1.0, math.nan], lambda: [10**400, 1.0],
    lambda: [[1, 2], [3]], lambda: [True, False], lambda: (0.9, 0.999),
    lambda: (0.5, 1.2), lambda: (3, 1), lambda: range(3), lambda: iter([1, 2]),
    lambda: (i for i in range(3)), lambda: slice(1), lambda: recursive([]),
    lambda: recursive({}), lambda: deep(2000), lambda: lambda *_: 0.5,
    lambda: lambda *_: 10**400, lambda: lambda *_: None, lambda: lambda *_: 1j,
    lambda: lambda *_: math.nan, lambda: Path("nowhere"), lambda: Path("/"),
    lambda: pretender("pandas.core.frame"), lambda: pretender("polars"),
    lambda: pretender("scipy.sparse"), lambda: pretender("torch"),
    lambda: pretender(None), lambda: pretender(7),
    lambda: Answers("__array__", None), lambda: Answers("__array__", [1.0]),
    lambda: Answers("__array__", np.ones((2, 2), "O")),
    lambda: Answers("__len__", -1), lambda: Answers("__len__", 2**62),
    lambda: Answers("__index__", 2**200), lambda: Answers("__index__", -1),
    lambda: Answers("__index__", "2"), lambda: Answers("__float__", math.nan),
    lambda: Answers("__float__", "0.1"), lambda: Answers("__dlpack__", None),
    lambda: Answers("__dlpack__", object()), lambda: Answers("__fspath__", 3),
    lambda: Answers("__fspath__", b"bytes"), lambda: Answers("__iter__", 3),
    lambda: Answers("__call__", "x"), lambda: Answers("__repr__", 3),
    lambda: interface(shape=(-1,), typestr="<f8", data=(0, True), version=3),
    lambda: interface(shape=(2,), typestr="<q9", data=(0, True), version=3),
    lambda: interface(shape="ab", typestr="<f8", version=3),
    lambda: interface(version=3), lambda: interface(),
]  # fmt: skip


def recursive(container):
    if isinstance(container, list):
        container.append(container)
    else:
        container[0] = container
    return container


def deep(n):
    value = []
    for _ in range(n):
        value = [value]
    return value


def interface(**fields):
    value = object.__new__(type("Interface", (), {}))
    value.__array_interface__ = fields
    return value


def scalar(rng):
    """(what it is, a value)."""
    family = rng.integers(4)
    if family == 0:
        value = WORDS[rng.integers(len(WORDS))]
        return f"the string {value[:20]!r}", value
    if family <= 2:
        k = rng.integers(len(NUMBERS))
        return f"NUMBERS[{k}]", NUMBERS[k]
    k = rng.integers(len(OBJECTS))
    return f"OBJECTS[{k}]", OBJECTS[k]()


# ---- arrays made of a good one ----

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
            except (ValueError, TypeError, IndexError, OverflowError):
                continue
        words.append(CHANGES[k].__name__)
        if type(array) is not np.ndarray or array.size > 10**6:
            break
    return ", ".join(words), array


def of_dtype(rng, A):
    return A.astype(DTYPES[rng.integers(len(DTYPES))])


def special(rng, A):
    A = A.astype("f8") if A.dtype.kind not in "fg" else A.copy()
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
    return type("Tensor", (), {"__dlpack__": A.__dlpack__, "__dlpack_device__": A.__dlpack_device__})()  # fmt: skip


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


def is_huge(value):
    """Whether it is a number that would mean much work where it is allowed."""
    if isinstance(value, (complex, np.complexfloating)):
        return False
    try:
        return abs(float(value)) > 64
    except OverflowError:
        return True
    except (TypeError, ValueError, Lie, decimal.InvalidOperation):
        return False


def as_path(rng, folder):
    """(what it is, a place for a file)."""
    places = {
        "a new file": folder / "new",
        "an old file": folder / "old",
        "a folder": folder,
        "in a missing folder": folder / "missing" / "file",
        "in a file": folder / "old" / "file",
        "a long name": folder / ("n" * 300),
        "text": os.fspath(folder / "text"),
        "bytes": os.fsencode(folder / "bytes"),
        "a device": Path("/dev/null"),
    }
    words = list(places)[rng.integers(len(places))]
    return words, places[words]
