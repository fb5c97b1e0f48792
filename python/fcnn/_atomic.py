"""A file that is replaced whole or not at all, even if the process is killed."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_TEMPORARY = re.compile(r"\.fcnn-[0-9a-f]{12}-[0-9a-f]{16}\.tmp")
_NOT_YET_LOCKED = 60.0  # seconds that an empty one is left alone
_PART = 1 << 24  # bytes written at a time
_swept = set[Path]()  # folders


def replace_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes `data` beside the file, has it stored, and puts it in the file's place.

    A symbolic link stays, and the file that it points to is replaced. A new file has
    the permissions that the umask leaves; an old one keeps its own, and its owner and
    group as far as the process may give them; if it may not be written it is a
    PermissionError.
    """
    target = _resolved(path)
    old = _status_of(target)
    _sweep(target.parent)
    temporary = str(_new_name(target))
    try:
        with contextlib.ExitStack() as until_replaced:
            with _open_new(temporary, target, 0o666 if old is None else 0o600) as file:
                until_replaced.enter_context(_locked(file))
                for start in range(0, len(data), _PART):  # between them Ctrl-C is seen
                    file.write(memoryview(data)[start : start + _PART])
                file.flush()
                if old is not None:
                    _keep_permissions(Path(temporary), old)
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
    target = _resolved(path)
    _status_of(target)
    temporary = str(_new_name(target))
    try:
        _open_new(temporary, target, 0o600).close()
    finally:
        try:  # noqa: SIM105  (as above)
            os.unlink(temporary)  # noqa: PTH108
        except OSError:
            pass


def _resolved(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.realpath(Path(path)))  # Path.resolve's error differs by version


def _new_name(target: Path) -> Path:
    """Short, however long the target's, and no one else's."""
    import hashlib  # it loads OpenSSL

    digest = hashlib.blake2b(os.fsencode(target.name), digest_size=6)
    name = f".fcnn-{digest.hexdigest()}-{os.urandom(8).hex()}.tmp"
    return target.parent / name


def _open_new(temporary: str | Path, target: Path, mode: int) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        return os.fdopen(os.open(temporary, flags, mode), "wb")
    except OSError as error:
        error.filename = str(target)  # the name that the caller knows
        raise


@contextlib.contextmanager
def _locked(file: BinaryIO) -> Iterator[None]:
    """Tells `_sweep` that its writer lives, also when the file is closed."""
    if os.name != "posix":
        yield
        return
    import fcntl

    descriptor = os.dup(file.fileno())
    try:
        with contextlib.suppress(OSError):  # of file systems without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Removes what killed processes have left in the folder, once in each process."""
    if os.name != "posix" or folder in _swept:
        return
    _swept.add(folder)
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if _TEMPORARY.fullmatch(path.name):
                with contextlib.suppress(OSError):
                    _remove_if_left(path)


def _remove_if_left(temporary: Path) -> None:
    import fcntl

    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(temporary, flags)
    try:
        status = os.fstat(descriptor)
        made_just_now = status.st_size == 0 and (
            status.st_mtime > time.time() - _NOT_YET_LOCKED
        )
        if stat.S_ISREG(status.st_mode) and not made_just_now:
            # an OSError while its writer lives
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            temporary.unlink()
    finally:
        os.close(descriptor)


def _status_of(target: Path) -> os.stat_result | None:
    """Of the file to be replaced, None if there is none yet."""
    try:
        status = target.stat()
    except FileNotFoundError:
        target.parent.stat()  # a missing folder is an error that names it
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(target))
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    return status


def _keep_permissions(temporary: Path, old: os.stat_result) -> None:
    """Another group than the old one's may do no more than everybody may."""
    mode = stat.S_IMODE(old.st_mode)
    if os.name == "posix":
        new = temporary.stat()
        for mine, theirs, owner in (
            (new.st_gid, old.st_gid, (-1, old.st_gid)),
            (new.st_uid, old.st_uid, (old.st_uid, -1)),
        ):
            if mine != theirs:
                with contextlib.suppress(OSError):
                    os.chown(temporary, *owner)
        if temporary.stat().st_gid != old.st_gid:
            mode &= ~0o070 | (mode & 0o007) << 3
    temporary.chmod(mode)


def _sync_folder(folder: Path) -> None:
    """Has the new entry of the folder stored, where that can be asked for.

    It cannot on Windows, in a folder that may be written but not read, and on some file
    systems.
    """
    if os.name != "posix":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
