"""Values that no caller should pass, and some that one may: for hostile_calls.py.

`scalar` draws a value of any kind, with words that say what it is.
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
        raise Lie

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


def pretender(module):
    """An object that says that its class is of another library."""
    return type("Pretender", (), {"__module__": module, "toarray": None})()


def closed_file():
    with tempfile.TemporaryFile() as file:
        return file


def half(*_):
    return 0.5


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
    np.bytes_(b"adam"), np.datetime64("2020-01-01"), np.datetime64("NaT", "s"),
    np.timedelta64(1, "s"), np.void(b"abc"), np.array(1), np.array(0.5), np.array("a"),
    np.array(None), np.array([0.5]), np.array([[2]]),
]  # fmt: skip

OBJECTS = [
    lambda: None, lambda: ..., object, lambda: int, lambda: print, lambda: len,
    Raises, NeverEqual, FalseMapping, FalseSequence, closed_file,
    lambda: LongList([2, 3]), lambda: LongList(["tanh"]), lambda: LongList([0.5, 0.5]),
    lambda: Text("adam"), lambda: b"adam", lambda: bytearray(b"tanh"),
    lambda: memoryview(b"12345678"), list, lambda: (), dict, set,
    lambda: {0: 1.0, 1: 2.0}, lambda: {0: math.nan}, lambda: {"0": 1}, lambda: {-1: 1},
    lambda: {10**400: 1}, lambda: {0: 10**400}, lambda: {0.5: 1}, lambda: {None: None},
    lambda: [[]], lambda: [None], lambda: ["a"], lambda: [1], lambda: [0.5, 0.5],
    lambda: [1, 2, 3], lambda: [1.0, math.nan], lambda: [10**400, 1.0],
    lambda: [[1, 2], [3]], lambda: [True, False], lambda: (0.9, 0.999),
    lambda: (0.5, 1.2), lambda: (3, 1), lambda: range(3), lambda: iter([1, 2]),
    lambda: (i for i in range(3)), lambda: slice(1), lambda: recursive([]),
    lambda: recursive({}), lambda: deep(2000), lambda: half,
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
    lambda: interface(version=3), lambda: interface(shape=()),
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
