"""from_torch: networks of PyTorch modules, and of their weights alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fcnn import _checks
from fcnn._float_state import by_default

if TYPE_CHECKING:
    import torch

    from fcnn.network import Network


@by_default
def from_torch(
    model: torch.nn.Module | Mapping[str, Any] | str | os.PathLike[str],
    activation: str | Sequence[str] | None = None,
    output: str | None = None,
    *,
    loss: str | None = None,
) -> Network:
    """The network that computes what a PyTorch module computes in eval mode.

    Of a ``torch.nn.Sequential``, which may be nested, the modules are taken in their
    order; any other module is followed by ``torch.fx.symbolic_trace``, which runs its
    ``forward`` once on a stand-in for its input, as in eval mode, with the defaults of
    other arguments. Understood are

    - ``Linear``, and the activations that fcnn has: Sigmoid, Tanh, ReLU, LeakyReLU,
      ELU, SELU, Softplus, Softsign, GELU, SiLU, Mish, Hardsigmoid, Hardtanh, and at the
      end Softmax; in a ``forward`` also their functions, and ``torch.exp``;
    - ``Dropout``, which becomes the rate of the layer before it;
    - ``BatchNorm1d``, whose running statistics become the network's standardizer if it
      comes first, and are folded into the weights elsewhere;
    - ``Identity``, ``Flatten``; in a ``forward`` also sums, differences, products and
      quotients with numbers or buffers, and ``view``, ``reshape``, ``squeeze`` where
      they leave the order of the numbers.

    All else is refused by its name and place in the module. What has no layer to go
    into, two activations in a row for example, gets one with diagonal weights.

    Parameters
    ----------
    model : torch.nn.Module, mapping, or path
        A module, on any device, of any real dtype. Or weights alone: a ``state_dict``,
        any mapping of names to tensors or arrays, a ``.safetensors`` file (neither
        needs PyTorch), or a ``.pt`` or ``.pth`` file that holds a ``state_dict``, read
        with ``weights_only=True``: nothing in a file is executed. Each ``*.weight``
        (n_out, n_in) with its ``*.bias`` (n_out,), if there is one, is a layer. Names
        that differ in numbers alone ("0.weight", "2.weight") are taken by those,
        others in the order of the mapping.
    activation : str or sequence of str, optional
        With weights alone, the activation of the hidden layers, as in `Network`; there
        is no default, since weights do not tell. A module has its own.
    output : str, optional
        With weights alone, the activation of the last layer; needed too. With a module,
        one more activation after its last, such as "softmax" for one that was trained
        on logits.
    loss : str, optional
        The network's loss; by default the natural one of its output.

    Returns
    -------
    Network
        Of float64 if a weight is, else of float32, with copies of the weights. Takes X
        as (n, n_in).

    Raises
    ------
    ValueError
        If something in `model` is not understood, with its name, or layers do not fit
        each other.
    TypeError
        If `model` is nothing of the above.
    ImportError
        If a ``.pt`` file is given and PyTorch is not installed.
    FileNotFoundError, OSError
        If a file is not there or cannot be read.

    Notes
    -----
    Outputs are PyTorch's to rounding, with one exception: for z above 20, where
    PyTorch's softplus returns z, ours is log(1 + e^z), which differs by up to 2e-9.

    References
    ----------
    torch.nn, https://docs.pytorch.org/docs/stable/nn.html; torch.fx,
    https://docs.pytorch.org/docs/stable/fx.html

    Examples
    --------
    >>> import fcnn
    >>> import numpy as np
    >>> weights = {  # as model.state_dict() of Sequential(Linear, Tanh, Linear)
    ...     "0.weight": np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
    ...     "0.bias": np.zeros(3),
    ...     "2.weight": np.ones((1, 3)),
    ... }
    >>> net = fcnn.from_torch(weights, activation="tanh", output="identity")
    >>> net.sizes, net.layers[2].bias, net.dtype.name
    ((2, 3, 1), None, 'float64')

    With a module, ``fcnn.from_torch(model)`` is all.
    """
    try:
        if isinstance(model, (Mapping, str, os.PathLike)):
            from fcnn.formats import torch_weights

            return torch_weights.network(model, activation, output, loss)
        if not _is_module(model):
            raise TypeError(
                "from_torch takes a torch.nn.Module, a mapping of names to tensors or "
                f"arrays, or a path, not {_checks.shown(model)}"
            )
        if activation is not None:
            raise ValueError("activation goes with weights alone: a module has its own")
        from fcnn.formats import torch_layers

        return torch_layers.network(model, output, loss)
    except ValueError as error:
        raise ValueError(f"from_torch: {error}") from None


def _is_module(value: Any) -> bool:
    """Whether it is a torch.nn.Module, without an import of PyTorch."""
    return any(
        cls.__name__ == "Module" and cls.__module__ == "torch.nn.modules.module"
        for cls in type(value).__mro__
    )
