"""Picks the compiled core of the best CPU level that this machine runs.

The core is compiled once for each CPU level into a module of its own. Importing this
module loads one of them and makes it `fcnn._core`; the environment variable
`FCNN_CPU_LEVEL` forces a level by name.
"""

from __future__ import annotations

import importlib
import os
import sys

_HOW_TO_BUILD = (
    "fcnn's compiled modules are missing or cannot be loaded: run `pip install .` in "
    "the source checkout"
)

try:
    from fcnn._probe import built, in_main_interpreter, supported
except ImportError as error:
    error.add_note(_HOW_TO_BUILD)
    raise

available: tuple[str, ...] = supported
"""The built levels that this CPU runs, from the plainest to the fastest."""


def _choose(forced: str) -> str:
    """Returns the level to load: the forced one, or with "" the fastest."""
    if not in_main_interpreter:  # there pybind11 may wait for ever, for a lock
        raise ImportError(
            "fcnn works in Python's main interpreter, not in a subinterpreter (with "
            "mod_wsgi: WSGIApplicationGroup %{GLOBAL})"
        )
    if not available:
        raise ImportError(
            "fcnn needs a newer CPU: no level of this build "
            f"({', '.join(built)}) runs on this one; on x86-64, base needs "
            "SSE4.2 and POPCNT"
        )
    if not forced:
        return available[-1]
    if forced not in available:
        reason = (
            "which this CPU does not support"
            if forced in built
            else "which this build of fcnn does not have"
        )
        raise ImportError(
            f"FCNN_CPU_LEVEL is {forced!r}, {reason}; valid here: "
            f"{', '.join(available)}"
        )
    return forced


def _load(level: str) -> None:
    """Imports the level's module as `fcnn._core`."""
    try:
        core = importlib.import_module(f"fcnn._fcnn_{level}")
    except ImportError as error:
        error.add_note(_HOW_TO_BUILD)
        raise
    sys.modules["fcnn._core"] = core
    vars(sys.modules["fcnn"])["_core"] = core


_load(_choose(os.environ.get("FCNN_CPU_LEVEL", "")))
