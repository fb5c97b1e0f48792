"""What a network can be written as for other programs and libraries."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from fcnn._derivatives import Derivatives

if TYPE_CHECKING:
    import torch


class Exports(Derivatives):
    """The exporting methods of `fcnn.Network`; each format's code is in its file."""

    __slots__ = ()

    def to_onnx(self, path: str | os.PathLike[str]) -> Any:
        """Writes the network as an ONNX model."""
        from fcnn.formats import onnx_writer

        return onnx_writer.write(self, path)

    def to_c(self, path: str | os.PathLike[str]) -> None:
        """Writes the network as one self-contained C99 file."""
        from fcnn.formats import c_source

        c_source.write(self, path)

    def to_torch(self) -> torch.nn.Sequential:
        """The network as a PyTorch module."""
        from fcnn.formats import to_torch

        return to_torch.module(self)
