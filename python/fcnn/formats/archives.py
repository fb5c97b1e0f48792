"""Zip archives of other libraries, read within bounds: a header may lie."""

from __future__ import annotations

import zipfile

MOST_EXPANSION = 100  # of a compressed member, against files that would fill memory
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others expand without a bound


def check(archive: zipfile.ZipFile) -> None:
    """Refuses members that are much larger than what the archive has of them.

    Or that share it: a directory of many names for the same bytes.
    """
    if sum(member.compress_size for member in archive.infolist()) > archive.start_dir:
        raise ValueError("its members take more bytes than it has")
    for member in archive.infolist():
        if member.compress_type not in _METHODS:
            raise ValueError(
                f"its member {member.filename!r} is compressed by the method "
                f"{member.compress_type}, neither stored nor deflated"
            )
        if member.file_size > MOST_EXPANSION * max(member.compress_size, 1):
            raise ValueError(
                f"its member {member.filename!r} expands more than "
                f"{MOST_EXPANSION} times"
            )


def read(archive: zipfile.ZipFile, name: str) -> bytes:
    """The member, no more of it than its header has told `check`."""
    with archive.open(name) as member:
        return member.read(archive.getinfo(name).file_size)
