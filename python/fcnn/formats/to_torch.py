"""Networks as PyTorch modules: a torch.nn.Sequential of PyTorch's own layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fcnn._float_state import by_default
from fcnn.formats import plain
from fcnn.formats.torch_activations import OWN_MODULES, written

if TYPE_CHECKING:
    import torch

    from fcnn._base import NetworkBase
    from fcnn._types import Array
    from fcnn.formats.plain import Activation, PlainLayer


@by_default
def module(net: NetworkBase) -> torch.nn.Sequential:
    """What `Network.to_torch` returns."""
    try:
        import torch
    except ImportError:
        raise ImportError("to_torch needs PyTorch: pip install torch") from None
    from fcnn.formats import torch_modules

    described = plain.plain(net)
    rates, parts = net.dropout, list[torch.nn.Module]()
    standardizer = described.standardizer
    if standardizer is not None:
        parts.append(
            torch_modules.Standardize(
                torch.tensor(standardizer.mean), torch.tensor(standardizer.scale)
            )
        )
    for rate, layer in zip(rates, described.layers, strict=True):
        if rate > 0.0:
            parts.append(torch.nn.Dropout(rate))
        parts.append(_linear(layer))
        if layer.activation.name != "identity":
            parts.append(_activation(layer.activation))
    if standardizer is not None and standardizer.target_mean is not None:
        parts.append(
            torch_modules.Unstandardize(
                torch.tensor(standardizer.target_mean),
                torch.tensor(standardizer.target_scale),
            )
        )
    return torch.nn.Sequential(*parts).eval()


def _linear(layer: PlainLayer) -> torch.nn.Linear:
    import torch

    n_out, n_in = layer.weight.shape
    bias = layer.bias is not None
    # on the meta device nothing is drawn from PyTorch's random numbers
    linear = torch.nn.Linear(n_in, n_out, bias, device="meta")
    linear.weight = _parameter(layer.weight)
    if layer.bias is not None:
        linear.bias = _parameter(layer.bias)
    return linear


def _parameter(array: Array) -> Any:
    import torch

    return torch.nn.Parameter(torch.from_numpy(array))  # plain() has made a copy


def _activation(activation: Activation) -> Any:
    import torch

    from fcnn.formats import torch_modules

    name, arguments = written(activation)
    source = torch_modules if name in OWN_MODULES else torch.nn
    return getattr(source, name)(**arguments)
