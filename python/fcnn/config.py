"""The number of threads, and what this build of fcnn is and runs on."""

from __future__ import annotations

import functools
from typing import Any, Literal

from fcnn import _checks, _core, _levels

MAX_THREADS = 1024


def get_num_threads() -> int:
    """The number of threads that fcnn may use for one call.

    At first the environment's ``FCNN_NUM_THREADS``, else ``OMP_NUM_THREADS``, else the
    number of CPUs that this process may use.

    Examples
    --------
    >>> import fcnn
    >>> fcnn.get_num_threads() >= 1
    True
    """
    return _core.get_num_threads()


def set_num_threads(n: int) -> None:
    """Sets the number of threads that fcnn may use for one call, in this process.

    Results are the same bits with any number. Work that is too small to gain from
    more threads is done by fewer.

    Parameters
    ----------
    n : int
        From 1 to 1024; it may exceed the number of CPUs.

    Raises
    ------
    TypeError, ValueError
        If `n` is no such number.

    Examples
    --------
    >>> import fcnn
    >>> before = fcnn.get_num_threads()
    >>> fcnn.set_num_threads(2)
    >>> fcnn.get_num_threads()
    2
    >>> fcnn.set_num_threads(before)
    """
    _core.set_num_threads(_checks.integer("n", n, 1, MAX_THREADS))


def threads(n_threads: Any) -> int:
    """An argument `n_threads`; None means the process's number."""
    if n_threads is None:
        return _core.get_num_threads()
    return _checks.integer("n_threads", n_threads, 1, MAX_THREADS)


@functools.cache  # metadata.version keeps what it finds after each change of a folder
def version() -> str:
    """The version of the installed package."""
    from importlib import metadata

    return metadata.version("fcnn")


def show_config(
    mode: Literal["stdout", "dicts"] = "stdout",
) -> dict[str, Any] | None:
    """Prints what this build of fcnn is and what it runs on, as numpy.show_config.

    Parameters
    ----------
    mode : {"stdout", "dicts"}, default "stdout"
        Print it, or return it as a dict.

    Returns
    -------
    dict or None
        With ``"dicts"``: ``version``; ``level``, the CPU level in use, and ``levels``,
        those that could be (the environment's ``FCNN_CPU_LEVEL`` forces one);
        ``threads``; ``compiler``; ``eigen``, the version of Eigen.

    Raises
    ------
    ValueError
        If `mode` is neither.

    Examples
    --------
    >>> import fcnn
    >>> config = fcnn.show_config("dicts")
    >>> config["level"] in config["levels"]
    True
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f"mode must be 'stdout' or 'dicts', not {_checks.shown(mode)}")
    config = {
        "version": version(),
        "level": _core.level,
        "levels": list(_levels.available),
        "threads": _core.get_num_threads(),
        "compiler": _core.compiler,
        "eigen": _core.eigen_version,
    }
    if mode == "dicts":
        return config
    for name, value in config.items():
        text = ", ".join(value) if isinstance(value, list) else value
        print(f"{name + ':':<10}{text}")  # noqa: T201  (what it is for)
    return None
