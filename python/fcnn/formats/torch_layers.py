"""PyTorch modules as the parts of a `Chain`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fcnn import _checks
from fcnn._types import Array
from fcnn.formats import torch_activations
from fcnn.formats.chain import Chain, a
from fcnn.formats.plain import Activation
from fcnn.formats.weights import array, deviation
from fcnn.network import Network

UNDERSTOOD = (
    "Linear, Dropout, BatchNorm1d, Flatten, Identity, Sequential and the activations "
    + ", ".join(
        dict.fromkeys(
            row.module
            for rows in torch_activations.TABLE.values()
            for row in rows
            if row.module not in ("Identity", *torch_activations.OWN_MODULES)
        )
    )
)
_OWN = "fcnn.formats.torch_modules"


class Parts:
    """What modules and functions do, to be done to a `Chain` once its n_in is known."""

    def __init__(self) -> None:
        self.n_in: int | None = None
        self.dtype = np.dtype(np.float32)
        self.flat = False  # (n,): a column that was squeezed
        self._steps: list[Callable[[Chain], None]] = []

    def add(self, step: Callable[[Chain], None]) -> None:
        """Something to be done to the chain, where the last one was done."""
        self._steps.append(step)

    def dense(self, where: str, weight: Array, bias: Array | None) -> None:
        """A matrix of weights; the first one tells the number of inputs."""
        if self.n_in is None and weight.ndim == 2:
            self.n_in = weight.shape[1]
        if weight.dtype == np.float64:
            self.dtype = weight.dtype
        self.add(lambda chain: chain.dense(where, weight, bias))

    def activation(self, where: str, activation: Activation) -> None:
        """The activation of every number, or of rows of (n, width)."""
        if self.flat and activation.name == "softmax":
            raise ValueError(f"{where} is a softmax over the rows of a batch")
        self.add(lambda chain: chain.activation(where, activation))

    def network(self, output: str | None, loss: str | None) -> Network:
        """All steps done, and an activation after them."""
        if self.n_in is None:
            raise ValueError("there is no Linear in it")
        chain = Chain(self.n_in)
        for step in self._steps:
            step(chain)
        if output is not None:
            chain.activation("output", _checks.text("output", output))
        return chain.network(self.dtype, loss)


def network(module: Any, output: str | None, loss: str | None) -> Network:
    """The network of a module."""
    from torch.nn.modules import module as of_all

    if of_all._global_forward_hooks or of_all._global_forward_pre_hooks:
        raise ValueError(
            "there are forward hooks of all modules, whose effect cannot be known: "
            "remove them first"
        )
    parts = Parts()
    training = [each for each in module.modules() if each.training]
    try:  # a forward and a parametrization may ask for the mode, or draw in training
        for each in training:
            each.training = False
        add(parts, module, "")
    finally:
        for each in training:
            each.training = True
    return parts.network(output, loss)


def place(path: str) -> str:
    """How errors speak of the module at the path."""
    return f"layer {path!r}" if path else "the module"


def add(parts: Parts, module: Any, path: str) -> None:
    """Adds a module, or what it is made of."""
    where = place(path)
    if type(module).__name__ == "OptimizedModule":  # of torch.compile
        _refuse_hooks(module, where)
        module = module._orig_mod
    elif type(module).__name__ in ("DataParallel", "DistributedDataParallel"):
        _refuse_hooks(module, where)
        module = module.module
    if any(cls.__name__ == "ScriptModule" for cls in type(module).__mro__):
        raise ValueError(
            f"{where} is a ScriptModule, whose layers cannot be looked at: give the "
            "module that it was made of, or its state_dict() with activation and output"
        )
    name = known(module)
    if name is None and type(module).__module__.startswith("torch.nn.modules."):
        refuse(where, type(module).__name__)
    _refuse_hooks(module, where)
    if name == "Sequential":
        # not named_children(), which leaves out what comes again
        for child, submodule in module._modules.items():
            add(parts, submodule, f"{path}.{child}" if path else child)
    elif name is not None:
        _add_known(parts, module, name, where)
    else:
        from fcnn.formats import torch_graph

        torch_graph.add(parts, module, path)


def _refuse_hooks(module: Any, where: str) -> None:
    if module._forward_hooks or module._forward_pre_hooks:
        raise ValueError(
            f"{where} has forward hooks, whose effect cannot be known: remove them "
            "first (torch.nn.utils.remove_weight_norm does so for weight_norm)"
        )


def refuse(where: str, name: str) -> None:
    """The error of something that is not understood."""
    hint = torch_activations.HINTS.get(name)
    raise ValueError(
        f"{where} is {a(name)}"
        + (
            f": {hint}"
            if hint
            else ", which a fully connected network has no place for"
        )
        + f"; understood are {UNDERSTOOD}"
    )


def known(module: Any) -> str | None:
    """The name of the class that is understood and whose forward the module has."""
    of_torch = ("torch.nn.modules.", _OWN)
    classes = [c for c in type(module).__mro__ if c.__module__.startswith(of_torch)]
    cls: Any = classes[0]  # its subclasses in PyTorch are others: ReLU6 is a Hardtanh
    name = str(cls.__name__)
    is_known = name in ("Sequential", *_KNOWN) or _is_activation(name)
    if (
        is_known
        and "forward" not in vars(module)
        and type(module).forward is cls.forward
        and type(module).__call__ is cls.__call__
    ):
        return name
    return None


def _is_activation(name: str) -> bool:
    return any(row.module == name for _, row in torch_activations.rows(name))


def _add_known(parts: Parts, module: Any, name: str, where: str) -> None:
    if name in _KNOWN:
        _KNOWN[name](parts, module, where)
        return
    arguments = {
        key: getattr(module, key)
        for _, row in torch_activations.rows(name)
        for key in row.arguments
    }
    parts.activation(where, torch_activations.read(where, name, arguments))


def _linear(parts: Parts, module: Any, where: str) -> None:
    bias = None if module.bias is None else array(f"{where}.bias", module.bias)
    parts.dense(where, array(f"{where}.weight", module.weight), bias)


def _dropout(parts: Parts, module: Any, where: str) -> None:
    rate = float(module.p)
    parts.add(lambda chain: chain.dropout(where, rate))


def _flatten(_parts: Parts, module: Any, where: str) -> None:
    if (module.start_dim, module.end_dim) not in ((1, -1), (1, 1)):
        raise ValueError(
            f"{where} is Flatten({module.start_dim}, {module.end_dim}), which does not "
            "leave rows as they are, as Flatten() does"
        )


def _batch_norm(parts: Parts, module: Any, where: str) -> None:
    if module.running_mean is None:
        raise ValueError(f"{where} is a BatchNorm1d without running statistics")
    mean, variance = (
        array(f"{where}.{name}", getattr(module, name))
        for name in ("running_mean", "running_var")
    )
    scale = deviation(where, variance, module.eps)
    parts.add(lambda chain: chain.normalize(where, mean, scale))
    gamma, beta = (
        otherwise if value is None else array(f"{where}.{name}", value)
        for name, value, otherwise in (
            ("weight", module.weight, 1.0),
            ("bias", module.bias, 0.0),
        )
    )
    parts.add(lambda chain: chain.affine(where, gamma, beta))


def _standardize(parts: Parts, module: Any, where: str) -> None:
    mean, scale = (array(where, buffer) for buffer in (module.mean, module.scale))
    parts.add(lambda chain: chain.normalize(where, mean, scale))


def _unstandardize(parts: Parts, module: Any, where: str) -> None:
    mean, scale = (array(where, buffer) for buffer in (module.mean, module.scale))
    parts.add(lambda chain: chain.targets(where, mean, scale))


_KNOWN: dict[str, Callable[[Parts, Any, str], None]] = {
    "Linear": _linear,
    "Dropout": _dropout,
    "Flatten": _flatten,
    "BatchNorm1d": _batch_norm,
    "Standardize": _standardize,
    "Unstandardize": _unstandardize,
}
