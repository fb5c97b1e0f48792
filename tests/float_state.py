"""The floating-point state of this thread, read and set through the C library.

Rounding modes, flush-to-zero and denormals-are-zero stay as another library has set
them; on x86-64 they are the bits of MXCSR, which glibc's fenv_t ends with.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from contextlib import contextmanager

AVAILABLE = sys.platform == "linux" and platform.machine() == "x86_64"
FLAGS = 0x3F  # the exceptions that have occurred: nobody's state
DEFAULT = 0x1F80
FLUSH = 0x8000 | 0x0040
ROUNDINGS = {"nearest": 0, "down": 0x2000, "up": 0x4000, "to zero": 0x6000}

# Every rounding mode, with subnormal numbers and without.
STATES = {
    f"{name}{' flushed' if flush else ''}": DEFAULT | bits | flush
    for name, bits in ROUNDINGS.items()
    for flush in (0, FLUSH)
}
if AVAILABLE:
    libm = ctypes.CDLL("libm.so.6")


def _environment():
    words = (ctypes.c_uint32 * 8)()  # the x87's state, then MXCSR
    assert libm.fegetenv(words) == 0
    return words


def get() -> int:
    return _environment()[7] & ~FLAGS


def put(mxcsr: int) -> None:
    """Rounding goes to the x87, too, as fesetround sets both."""
    words = _environment()
    words[7] = mxcsr
    words[0] = (words[0] & ~0x0C00) | (mxcsr & 0x6000) >> 3
    assert libm.fesetenv(words) == 0


@contextmanager
def state(mxcsr: int):
    before = get()
    put(mxcsr)
    try:
        yield
    finally:
        put(before)
