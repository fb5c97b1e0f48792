"""The modules of `Network.to_torch` that PyTorch itself has not.

PyTorch is imported here, so this file is imported only where it is needed. Nothing of
fcnn is: a module that was saved whole needs this file, and nothing else, to be loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn


class Exp(nn.Module):
    """e^z."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Of a tensor of any shape."""
        return torch.exp(z)


class HardSigmoid(nn.Module):
    """``clip(slope z + 1/2, 0, 1)``: torch.nn.Hardsigmoid has slope 1/6 alone."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Of a tensor of any shape."""
        return torch.clamp(self.slope * z + 0.5, 0.0, 1.0)

    def extra_repr(self) -> str:
        """What repr shows."""
        return f"slope={self.slope}"


class _MeanAndScale(nn.Module):
    """Two buffers of float64, so that a large mean costs no digits."""

    if TYPE_CHECKING:  # TorchScript would not understand it
        mean: torch.Tensor
        scale: torch.Tensor

    def __init__(self, mean: torch.Tensor, scale: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def extra_repr(self) -> str:
        """What repr shows."""
        return f"{len(self.mean)}"


class Standardize(_MeanAndScale):
    """``(x - mean) / scale``, computed in float64, then rounded to x's dtype."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Of a tensor (..., n)."""
        return ((x.double() - self.mean) / self.scale).to(x.dtype)


class Unstandardize(_MeanAndScale):
    """``mean + scale * a``, computed in float64, then rounded to a's dtype."""

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        """Of a tensor (..., n)."""
        return (self.mean + self.scale * a.double()).to(a.dtype)
