"""The onnx library, imported where it is needed."""

from __future__ import annotations

from typing import Any


def library() -> Any:
    """The module onnx, with its parts.

    Raises
    ------
    ImportError
        If it is not installed; the message says how to install it.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.defs
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise ImportError(
            "ONNX models need the onnx library: pip install 'fcnn[onnx]'"
        ) from error
    return onnx
