"""Numbers and arrays as C99 has them: decimal, and read back to the same bits."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from fcnn._types import Array

WIDTH = 88
C_TYPES = {"float32": "float", "float64": "double"}
_NUMBER = re.compile(r"\b\d+\.\d*(?:e[-+]?\d+)?")
_FUNCTION = re.compile(
    r"\b(copysign|erfc|exp|expm1|fabs|fma|log1p|tanh)(?=\()"  # of <math.h>
)


def literals(array: Array) -> list[str]:
    """The shortest decimals that round to the numbers; float32's end in f.

    >>> literals(np.array([0.1, -2.0, 1e-45], "float32"))
    ['0.1f', '-2.0f', '1e-45f']
    """
    suffix = "f" if array.dtype == np.float32 else ""
    return [f"{number}{suffix}" for number in array.astype(str).ravel().tolist()]


def literal(value: float, dtype: np.dtype[Any]) -> str:
    """One number, rounded to the dtype."""
    return literals(np.array([value], dtype))[0]


def for_dtype(code: str, dtype: np.dtype[Any]) -> str:
    """C code that is written for double, for the dtype.

    >>> for_dtype("double t = exp(-0.5 * z);", np.dtype("float32"))
    'float t = expf(-0.5f * z);'
    """
    if dtype == np.float64:
        return code
    code = _NUMBER.sub(lambda match: literal(float(match[0]), dtype), code)
    code = _FUNCTION.sub(r"\1f", code)
    return re.sub(r"\bdouble\b", C_TYPES[dtype.name], code)  # a name may contain it


def array(name: str, rows: Array) -> str:
    """The definition of a constant array; each row begins on a line of its own."""
    numbers = literals(rows)
    in_a_row = rows.shape[-1]
    in_a_line = (WIDTH - 4) // (max(map(len, numbers)) + 2)
    lines = [
        "    " + ", ".join(numbers[at : min(at + in_a_line, start + in_a_row)])
        for start in range(0, rows.size, in_a_row)
        for at in range(start, start + in_a_row, in_a_line)
    ]
    body = ",\n".join(lines)
    c_type = C_TYPES[rows.dtype.name]
    return f"static const {c_type} {name}[{rows.size}] = {{\n{body}\n}};\n"
