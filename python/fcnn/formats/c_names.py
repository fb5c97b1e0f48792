"""The name that every name in an exported C file begins with."""

from __future__ import annotations

import re
from pathlib import Path

from fcnn import _checks

_LONGEST = 31  # as many characters C99 promises to tell apart
_KEYWORDS = frozenset(
    [
        *("auto", "break", "case", "char", "const", "continue", "default", "do"),
        *("double", "else", "enum", "extern", "float", "for", "goto", "if", "inline"),
        *("int", "long", "register", "restrict", "return", "short", "signed"),
        *("sizeof", "static", "struct", "switch", "typedef", "union", "unsigned"),
        *("void", "volatile", "while"),
    ]
)


def from_path(path: str) -> str:
    """The file's name without its suffix, other characters replaced by _.

    >>> from_path("out/digits-64.v2.c")
    'digits_64_v2'
    """
    stem = re.sub(r"[^A-Za-z0-9]+", "_", Path(path).stem).strip("_")
    try:
        return checked(stem)
    except ValueError as error:
        raise ValueError(
            f"the file {_checks.shown(Path(path).name)} does not give the functions a "
            f"name, so give one with name=: {error}"
        ) from None


def checked(name: str) -> str:
    """The name, if those of functions may begin with it."""
    name = _checks.text("name", name)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError(
            "name must consist of ASCII letters, digits and _, and begin with a "
            f"letter, not {_checks.shown(name)}"
        )
    if name in _KEYWORDS:
        raise ValueError(f"name must not be a keyword of C, as {name!r} is")
    if len(name) > _LONGEST:
        raise ValueError(
            f"name must have at most {_LONGEST} characters, not {len(name)}"
        )
    return name
