"""What a network can be written as for other programs and libraries."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from fcnn._derivatives import Derivatives

if TYPE_CHECKING:
    import torch


class Exports(Derivatives):
    """The exporting methods of `fcnn.Network`; each format's code is in its own file."""

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
        r"""The network as a PyTorch module, made of PyTorch's own layers.

        ``Linear``, the activation and, where the network has a rate, ``Dropout`` for
        each layer in turn, with copies of the weights. A standardizer becomes a module
        before them, and one after them where targets are standardized, whose float64
        buffers are part of the ``state_dict``. ``exp`` and ``hard_sigmoid`` with
        another parameter than 1/6, which PyTorch lacks, are small modules of
        ``fcnn.formats.torch_modules``.

        The module is in eval mode, so that it computes what `predict` does: call
        ``train()`` before training it on. Its parameters require gradients.

        Returns
        -------
        torch.nn.Sequential
            Of the network's dtype, on the CPU; takes tensors (n, n_in). It can be
            pickled, saved, moved to other devices and compiled. `loss`, optimizer state
            and `input_noise` are not in it.

        Raises
        ------
        ImportError
            If PyTorch is not installed.
        ValueError
            If the network was made with ``standardize=True`` and has not learned yet.

        References
        ----------
        torch.nn, https://docs.pytorch.org/docs/stable/nn.html

        Examples
        --------
        >>> import fcnn
        >>> net = fcnn.Network([3, 4, 2], "tanh", "softmax", dropout=0.1, seed=0)
        >>> net.to_torch()  # doctest: +SKIP
        Sequential(
          (0): Linear(in_features=3, out_features=4, bias=True)
          (1): Tanh()
          (2): Dropout(p=0.1, inplace=False)
          (3): Linear(in_features=4, out_features=2, bias=True)
          (4): Softmax(dim=-1)
        )
        """
        from fcnn.formats import to_torch

        return to_torch.module(self)
