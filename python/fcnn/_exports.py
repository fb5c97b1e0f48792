"""What a network can be written as for other programs and libraries."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, overload

from fcnn._derivatives import Derivatives

if TYPE_CHECKING:
    import onnx
    import torch
    from numpy.typing import DTypeLike


class Exports(Derivatives):
    """The exporting methods of `fcnn.Network`; each format's code is in its file."""

    __slots__ = ()

    @overload
    def to_onnx(
        self, path: None = None, *, opset: int = 17, dtype: DTypeLike = "float32"
    ) -> onnx.ModelProto: ...
    @overload
    def to_onnx(
        self,
        path: str | os.PathLike[str],
        *,
        opset: int = 17,
        dtype: DTypeLike = "float32",
    ) -> None: ...
    def to_onnx(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        opset: int = 17,
        dtype: DTypeLike = "float32",
    ) -> onnx.ModelProto | None:
        """Writes the network as an ONNX model, or returns the model.

        Its input ``x`` is (n, n_in), its output ``y`` (n, n_out) is what ``predict(x)``
        answers; n is any number. The standardizer and softmax are part of it, dropout
        and noise are not. Tensors have the formulas' letters: ``layers.1.weight``
        (n_out, n_in), ``z1``, ``a1``. Sizes, activations, loss and seed are in the
        model's metadata.

        Parameters
        ----------
        path : path, optional
            Where to write; the file appears whole or not at all. Without a path the
            model is returned.
        opset : int, default 17
            Version of ONNX's operators, from 13 to the newest that the onnx library
            knows. The IR version is the oldest that goes with it: 8 for 17. Gelu (opset
            20) and Mish (18) are single operators from there on; before that gelu is
            written with Erf, mish with Softplus and Tanh.
        dtype : {"float32", "float64"}, default "float32"
            Of x, y and the weights, whatever the network's own. In float64 the
            activations are written in operators of which ONNX Runtime has CPU kernels
            for float64. The standardizer's numbers are float64 in both.

        Returns
        -------
        onnx.ModelProto or None
            The model if there is no path.

        Raises
        ------
        ImportError
            Without the onnx library: ``pip install 'fcnn[onnx]'``.
        TypeError, ValueError
            If an argument is not as stated above, a weight is too large for the dtype,
            the network has yet to learn its standardizer, or the weights need more than
            the 2 GiB that a model holds.
        OSError
            If the file cannot be written.

        See Also
        --------
        fcnn.from_onnx : The way back.

        References
        ----------
        `ONNX operators <https://onnx.ai/onnx/operators/>`_

        Examples
        --------
        >>> import fcnn
        >>> net = fcnn.Network([4, 8, 3], "gelu", "softmax", seed=0)
        >>> model = net.to_onnx(opset=20)
        >>> [node.op_type for node in model.graph.node]
        ['Gemm', 'Gelu', 'Gemm', 'Softmax']
        >>> fcnn.from_onnx(model).layers[1].activation
        'gelu'
        """
        from fcnn.formats import onnx_writer

        if path is None:
            return onnx_writer.model(self, opset, dtype)
        onnx_writer.write(self, path, opset, dtype)
        return None

    def to_c(self, path: str | os.PathLike[str]) -> None:
        """Writes the network as one self-contained C99 file."""
        from fcnn.formats import c_source

        c_source.write(self, path)

    def to_torch(self) -> torch.nn.Sequential:
        """The network as a PyTorch module."""
        from fcnn.formats import to_torch

        return to_torch.module(self)
