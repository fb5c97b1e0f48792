"""A file that is replaced whole or not at all, even if the process is killed."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

_PART = 1 << 24  # bytes written at a time


def replace_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes `data` beside the file, has it stored, and puts it in the file's place.

    A symbolic link stays, and the file that it points to is replaced. A new file has
    the permissions that the umask leaves; an old one keeps its own, and if it may not
    be written it is a PermissionError.
    """
    target = Path(path).resolve()
    mode = _mode_of(target)
    temporary = _new_name(target)
    try:
        with os.fdopen(_open_new(temporary, target), "wb") as file:
            for start in range(0, len(data), _PART):  # between them Ctrl-C is seen
                file.write(memoryview(data)[start : start + _PART])
            file.flush()
            if mode is not None:
                Path(temporary).chmod(mode)
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        # no function of Python's: Ctrl-C could end it before anything is removed
        try:  # noqa: SIM105
            os.unlink(temporary)  # noqa: PTH108
        except OSError:
            pass
        raise
    _sync_folder(target.parent)


def check_target(path: str | os.PathLike[str]) -> None:
    """OSError where `replace_file` could not write, as far as that can be told."""
    target = Path(path).resolve()
    _mode_of(target)
    temporary = _new_name(target)
    try:
        os.close(_open_new(temporary, target))
    finally:
        try:  # noqa: SIM105  (as above)
            os.unlink(temporary)  # noqa: PTH108
        except OSError:
            pass


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Removes what killed processes have left of their attempts to write the file."""
    target = Path(path).resolve()
    for old in target.parent.iterdir():
        if old.name.startswith(_prefix(target)) and old.name.endswith(".tmp"):
            with contextlib.suppress(OSError):
                old.unlink()


def _new_name(target: Path) -> str:
    return str(target.parent / f"{_prefix(target)}{os.urandom(8).hex()}.tmp")


def _open_new(temporary: str, target: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        return os.open(temporary, flags, 0o666)
    except OSError as error:
        error.filename = str(target)  # the name that the caller knows
        raise


def _prefix(target: Path) -> str:
    """Of short names that tell the target's apart from others', however long it is."""
    import hashlib  # it loads OpenSSL

    digest = hashlib.blake2b(os.fsencode(target.name), digest_size=6)
    return f".fcnn-{digest.hexdigest()}-"


def _mode_of(target: Path) -> int | None:
    """The permissions of the file to be replaced, None if there is none yet."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        target.parent.stat()  # a missing folder is an error that names it
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file", str(target))
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    return stat.S_IMODE(mode)


def _sync_folder(folder: Path) -> None:
    """Has the new entry of the folder stored; Windows has no such call."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
