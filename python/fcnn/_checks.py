"""Checks of single arguments: each says what was expected and what came."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Mapping
from typing import Any

import numpy as np


def shown(value: object) -> str:
    """`value` as an error message shows it: its repr, cut short."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 (the message is about something else)
        text = f"<a {type(value).__name__}>"
    return text if len(text) <= 60 else f"{text[:57]}..."


def integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """`value` as an int of low..high; Python and NumPy integers, but no bool."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {shown(value)}") from None
    if number < low or (high is not None and number > high):
        expected = f"at least {low}" if high is None else f"in {low}..{high}"
        raise ValueError(f"{name} must be {expected}, not {shown(number)}")
    return number


def optional_integer(name: str, value: Any, low: int) -> int | None:
    """`value` as an int of at least `low`, or None."""
    return None if value is None else integer(name, value, low)


def seed(name: str, value: Any) -> int:
    """`value` as a seed: an integer of 64 bits."""
    return integer(name, value, 0, 2**64 - 1)


def instance(name: str, value: Any, *kinds: type) -> None:
    """Refuses what is an object of none of these classes."""
    if not isinstance(value, kinds):
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"{name} must be a {expected}, not {shown(value)}")


def mapping(name: str, value: Any) -> Mapping[Any, Any]:
    """`value` as a mapping."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping, not {shown(value)}")
    return value


def flag(name: str, value: Any) -> bool:
    """`value` as a bool: True and False (NumPy's too), nothing that is merely true."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, not {shown(value)}")
    return bool(value)


def text(name: str, value: Any) -> str:
    """`value` as a str."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {shown(value)}")
    return str(value)


def path(name: str, value: Any) -> str:
    """`value` as the text of a path; a str or os.PathLike, but no bytes."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a path, not {shown(value)}")
    return value


def real(name: str, value: Any) -> float:
    """`value` as a finite float; no bool, string or array."""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    try:
        if (
            isinstance(value, (bool, complex, str, bytes, bytearray))
            or kind in tuple("bcOSUMm")
            or np.ndim(value) != 0
        ):
            raise TypeError
        number = float(value)
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, not {shown(value)}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, not {shown(value)}")
    return number


def positive(name: str, value: Any) -> float:
    """`value` as a finite float above 0."""
    number = real(name, value)
    if number <= 0.0:
        raise ValueError(f"{name} must be above 0, not {shown(value)}")
    return number


def non_negative(name: str, value: Any) -> float:
    """`value` as a finite float of at least 0."""
    number = real(name, value)
    if number < 0.0:
        raise ValueError(f"{name} must be at least 0, not {shown(value)}")
    return number


def fraction(name: str, value: Any) -> float:
    """`value` as a float of [0, 1)."""
    number = real(name, value)
    if not 0.0 <= number < 1.0:
        raise ValueError(f"{name} must be at least 0 and below 1, not {shown(value)}")
    return number
