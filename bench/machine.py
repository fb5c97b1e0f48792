"""What the figures were measured on."""

from __future__ import annotations

import datetime as dt
import os
import platform
from pathlib import Path


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.machine()


def cores() -> list[int]:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def description() -> dict[str, object]:
    import fcnn

    config = fcnn.show_config("dicts")
    return {
        "processor": processor(),
        "cores": len(cores()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "fcnn": config["version"],
        "level": config["level"],
        "levels": config["levels"],
        "compiler": config["compiler"],
        "eigen": config["eigen"],
        "time": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }
