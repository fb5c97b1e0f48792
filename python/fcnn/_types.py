"""The types that annotations share."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


class SparseMatrix(Protocol):
    """One of SciPy's sparse matrices or arrays."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, n_in), or (n_in,) for one row."""

    def tocsr(self) -> Any:
        """The same as compressed sparse rows."""


class Tensor(Protocol):
    """What can be handed over without a copy, as PyTorch's and JAX's arrays."""

    def __dlpack__(self) -> Any:
        """A capsule of the tensor, https://dmlc.github.io/dlpack/latest."""


Inputs: TypeAlias = ArrayLike | SparseMatrix | Tensor
