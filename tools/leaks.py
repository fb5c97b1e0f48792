"""pytest, and then what has been allocated and nobody can reach any more.

Runs under AddressSanitizer (tools/sanitize.sh), into whose log the report goes. Before
Python ends: it leaves much behind.
"""

import ctypes
import gc
import sys

import pytest

status = pytest.main()
gc.collect()
ctypes.CDLL(None)["__lsan_do_recoverable_leak_check"]()
sys.exit(status)
