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

    def to_c(
        self,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        main: bool = False,
    ) -> None:
        """Writes the network as one self-contained C99 file, for microcontrollers.

        The file has the weights as constants and needs ``<math.h>`` alone. It allocates
        nothing, keeps nothing between calls, and takes the same steps in each. Its head
        says how to compile and call it, and what flash and stack it takes::

            void NAME_predict(const float x[NAME_N_IN], float out[NAME_N_OUT]);
            int NAME_classify(const float x[NAME_N_IN]);
            void NAME_labels(const float x[NAME_N_IN], int labels[NAME_N_OUT]);

        with ``double`` for ``float`` in a float64 network. `predict` is
        `fcnn.Network.predict` of one row, the standardizer included; every hidden and
        output activation is known. `classify`, of softmax, sigmoid and hard_sigmoid
        outputs, gives the place of the largest output (the first of equal ones), and of
        a single output whether it is above 0.5; `labels`, of several sigmoid or
        hard_sigmoid outputs, whether each is above 0.5. Both give -1 for NaN.

        The same network gives the same bytes. Dropout and noise are of training only.

        Parameters
        ----------
        path : path
            The file, which appears whole or not at all.
        name : str, optional
            What every name in the file begins with: at most 31 letters, digits and _.
            By default the file's name without its suffix, whatever is no letter or
            digit replaced by _.
        main : bool, default False
            Adds a program that reads rows of numbers from standard input, a line each,
            and prints their outputs with all digits.

        Raises
        ------
        ValueError
            If the name is not as stated, a parameter of the network is not finite, or
            the network was made with ``standardize=True`` and has not learned yet.
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import fcnn
        >>> net = fcnn.Network([4, 8, 3], "relu", "softmax", seed=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "iris.c"
        ...     net.to_c(path)
        ...     text = path.read_text()
        >>> for line in text.splitlines():
        ...     if line.startswith(("int ", "void ", " * Flash")):
        ...         print(line)
         * Flash     268 bytes of constants, and the code
        void iris_predict(const float x[IRIS_N_IN], float out[IRIS_N_OUT]);
        int iris_classify(const float x[IRIS_N_IN]);
        void iris_predict(const float x[IRIS_N_IN], float out[IRIS_N_OUT])
        int iris_classify(const float x[IRIS_N_IN])

        References
        ----------
        ISO/IEC 9899:1999, "Programming languages: C". The guide: docs/c_export.md.
        """
        from fcnn.formats import c_source

        c_source.write(self, path, name=name, main=main)

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
