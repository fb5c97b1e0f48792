"""Arrays of other libraries: tensors of PyTorch, JAX and CuPy, Arrow's columns, ...

What has ``__array__`` is read by it, what has ``__dlpack__`` alone by that, both
without a copy where the library allows it. None of these libraries is imported here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fcnn._types import Array

# DLPack's numbers of the devices whose memory is the CPU's: CPU itself, and memory that
# CUDA and ROCm have pinned or manage.
_IN_MEMORY = (1, 3, 11, 13)


def array(name: str, value: Any) -> Array:
    """`value` as an ndarray, of whatever dtype; a TypeError where that cannot be."""
    tensor = hasattr(value, "__dlpack__")
    try:
        if tensor and getattr(value, "requires_grad", False) is True:
            value = value.detach()  # PyTorch would refuse
        if tensor and str(getattr(value, "dtype", "")) == "torch.bfloat16":
            value = value.float()  # NumPy has no such dtype
        if tensor and not hasattr(value, "__array__"):
            return np.from_dlpack(value)
        made = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is no array of numbers: {error}") from None
    except (TypeError, RuntimeError, BufferError, AttributeError) as error:
        if _is_elsewhere(value):
            raise TypeError(
                f"{name} is in the memory of another device "
                f"({getattr(value, 'device', 'not the CPU')}): bring it into the "
                f"CPU's, for example by {name}.cpu()"
            ) from None
        raise TypeError(f"{name} is no array of numbers: {error}") from None
    if made.dtype.kind == "V" and made.dtype.name == "bfloat16":  # JAX's, of ml_dtypes
        return made.astype(np.float32)
    return made


def _is_elsewhere(value: Any) -> bool:
    try:
        kind, _ = value.__dlpack_device__()
        return int(kind) not in _IN_MEMORY
    except (AttributeError, TypeError, ValueError, RuntimeError, BufferError):
        return False
