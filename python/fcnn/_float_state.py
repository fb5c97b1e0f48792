"""Python's own arithmetic, in the floating-point state that a process begins with.

The core sets its state itself. What fcnn computes in Python or NumPy, and a result
depends on, goes through here, so that it does not depend on the caller's state.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from fcnn import _core

_P = ParamSpec("_P")
_R = TypeVar("_R")


def by_default(f: Callable[_P, _R]) -> Callable[_P, _R]:
    """f, with rounding to nearest and subnormal numbers; the caller's state returns."""

    @functools.wraps(f)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        return _core.in_default_float_state(f, *args, **kwargs)

    return wrapped
