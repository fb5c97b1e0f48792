"""Modules with a forward of their own, followed by torch.fx.

The graph of a fully connected network is one chain: each operation takes the last one's
result, besides numbers and buffers. Operations that only look at the batch's shape are
left aside. Every operation that changes numbers is understood, or refused by its name.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from fcnn._types import Array
from fcnn.formats import torch_activations, torch_layers, weights
from fcnn.formats.chain import Chain, a
from fcnn.formats.torch_layers import Parts

_ARITHMETIC = {
    operator.add: "add",
    operator.iadd: "add",
    operator.sub: "sub",
    operator.isub: "sub",
    operator.mul: "mul",
    operator.imul: "mul",
    operator.truediv: "div",
    operator.itruediv: "div",
}
# What stands for a batch's shape, its number of rows, and another number of it.
_SHAPE, _ROWS, _COLUMNS = object(), object(), object()
_UNCHANGED = ("contiguous", "clone", "detach", "float")


def add(parts: Parts, module: Any, path: str) -> None:
    """Adds what the module's forward does to its one input."""
    call, graph = _trace(module, path)
    walk = _Walk(parts, call, path)
    for node in graph.nodes:
        walk.visit(node)


def _trace(module: Any, path: str) -> tuple[Any, Any]:
    """A call with one input, other arguments at their defaults, and its graph."""
    import torch.fx

    class Call(torch.nn.Module):
        # torch.fx gives attributes to the module that it follows: to this one
        def __init__(self) -> None:
            super().__init__()
            self.called = module

        def forward(self, x: Any) -> Any:
            return self.called(x)

    class Tracer(torch.fx.Tracer):
        def is_leaf_module(self, m: Any, name: str) -> bool:
            if m is module:
                return False
            known = torch_layers.known(m) not in (None, "Sequential")
            return known or super().is_leaf_module(m, name)

    call = Call()
    what = f"{torch_layers.place(path)} is {a(type(module).__name__)}, whose forward "
    with torch.random.fork_rng(devices=[]):
        before = torch.get_rng_state()
        try:
            graph = Tracer().trace(call)
        except Exception as error:  # noqa: BLE001 (the module's own code may raise any)
            raise ValueError(f"{what}torch.fx cannot follow: {error}") from None
        if not torch.equal(before, torch.get_rng_state()):
            raise ValueError(f"{what}draws random numbers in eval mode too")
    return call, graph


class _Walk:
    """Goes from node to node; `current` is the one whose result comes next."""

    def __init__(self, parts: Parts, module: Any, path: str) -> None:
        self.parts = parts
        self.module = module
        self.path = path
        self.current: Any = None
        self.values: dict[Any, Any] = {}  # of nodes with constants and shapes

    def visit(self, node: Any) -> None:
        name = node.target if node.op == "call_module" else node.name
        where = f"operation {self._name(name)!r}"
        if node.op == "placeholder":
            self.current = node
        elif node.op == "get_attr":
            self.values[node] = self._attribute(node.target)
        elif node.op == "output":
            if node.args[0] is not self.current:
                raise ValueError(
                    f"{torch_layers.place(self.path)} returns something else than the "
                    "result of its last operation"
                )
        elif (shape := self._shape(node)) is not None:
            self.values[node] = shape
        else:
            self._operation(node, where)
            self.current = node

    def _operation(self, node: Any, where: str) -> None:
        if node.op == "call_module":
            self._require_current(node, where, node.args)
            submodule = self.module.get_submodule(node.target)
            torch_layers.add(self.parts, submodule, self._name(node.target))
            return
        name = _ARITHMETIC.get(node.target) or _function_name(node)
        binary = len(node.args) == 2 and not node.kwargs
        if name in ("add", "sub", "mul", "div") and binary:
            self._arithmetic(name, node, where)
            return
        self._require_current(node, where, node.args)
        arguments = node.args[1:]
        if name in _UNCHANGED:
            pass
        elif name in ("view", "reshape", "flatten", "squeeze"):
            arguments = (*arguments, *node.kwargs.values())
            self._reshape(name, arguments, where)
        elif name == "linear":
            self._linear(node, where)
        elif name == "dropout":
            self._dropout(node, where)
        elif torch_activations.rows(name):
            self._activation(name, node, where)
        else:
            torch_layers.refuse(where, name)

    def _arithmetic(self, name: str, node: Any, where: str) -> None:
        """g a + t, of numbers or buffers."""
        first, second = node.args
        left = first is self.current
        other = self._constant(second if left else first)
        if other is None or not (left or second is self.current):
            raise ValueError(
                f"{where} ({name}) combines results: a fully connected network is one "
                "chain, in which each layer takes what the last one gives"
            )
        if name == "div" and (not left or not other.all()):
            raise ValueError(f"{where} divides by its input, or by zero")
        factor, shift = {
            "add": (1.0, other),
            "sub": (1.0, -other) if left else (-1.0, other),
            "mul": (other, 0.0),
            "div": (1.0 / other if name == "div" else 1.0, 0.0),
        }[name]
        self.parts.add(lambda chain: chain.affine(where, factor, shift))

    def _constant(self, value: Any) -> Array | None:
        """A number or a buffer of the module, as float64."""
        value = self._value(value)
        if isinstance(value, np.ndarray):
            ones = value.ndim > 1 and value.shape[:-1] == (1,) * (value.ndim - 1)
            return (value.reshape(-1) if ones else value).astype(np.float64)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return np.asarray(float(value)) if is_number else None

    def _reshape(self, name: str, arguments: tuple[Any, ...], where: str) -> None:
        """Refuses, once the width is known, what does not leave (n, width)."""
        if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)):
            arguments = tuple(arguments[0])
        given = [self._value(argument) for argument in arguments]
        self.parts.flat = name == "squeeze" or (name != "flatten" and len(given) == 1)

        def check(chain: Chain) -> None:
            last, column = (-1, chain.width), chain.width == 1
            fine = {
                "flatten": given[:1] == [1] and given[1:] in ([], [-1], [1]),
                "squeeze": column and given in ([], [-1], [1]),
            }.get(name)
            if fine is None:  # view, reshape: (n, width), or (n,) of one column
                rows = given[0] is _ROWS or given[0] == -1
                fine = rows and (
                    (len(given) == 2 and given[1] in last)
                    or (len(given) == 1 and column)
                )
            if not fine:
                raise ValueError(
                    f"{where} ({name}) does not leave rows of {chain.width} numbers as "
                    "they are"
                )

        self.parts.add(check)

    def _linear(self, node: Any, where: str) -> None:
        bound = _bind(("weight", "bias"), node, where)
        arrays = {key: self._value(value) for key, value in bound.items()}
        weight, bias = arrays.get("weight"), arrays.get("bias")
        if not isinstance(weight, np.ndarray) or (
            bound.get("bias") is not None and not isinstance(bias, np.ndarray)
        ):
            raise ValueError(f"{where} multiplies by something that is no parameter")
        self.parts.dense(where, weight, bias)

    def _dropout(self, node: Any, where: str) -> None:
        bound = {"p": 0.5, "training": True}
        bound |= _bind(("p", "training", "inplace"), node, where)
        if bound["training"]:
            raise ValueError(
                f"{where} is a dropout in eval mode too: give it training=self.training"
            )
        rate = float(bound["p"])
        self.parts.add(lambda chain: chain.dropout(where, rate))

    def _activation(self, name: str, node: Any, where: str) -> None:
        rows = torch_activations.rows(name)
        names = tuple(dict.fromkeys(key for _, row in rows for key in row.arguments))
        bound = _bind((*names, "inplace", "_stacklevel", "dtype"), node, where)
        if bound.pop("dtype", None) is not None:
            raise ValueError(f"{where} ({name}) changes the dtype")
        self.parts.activation(where, torch_activations.read(where, name, bound))

    def _require_current(self, node: Any, where: str, arguments: Any) -> None:
        """The first argument is the last result, and no other is a result."""
        others = [v for v in node.all_input_nodes if v not in self.values]
        if (
            not arguments
            or arguments[0] is not self.current
            or others != [self.current]
        ):
            raise ValueError(
                f"{where} does not take the result of the operation before it alone: a "
                "fully connected network is one chain"
            )

    def _shape(self, node: Any) -> object | None:
        """What x.shape, x.size(0) or x.shape[0] stand for: they change no numbers."""
        if not node.args or not _is_node(node.args[0]):
            return None
        source, arguments = node.args[0], node.args[1:]
        value = self.values.get(source)
        if node.target is operator.getitem and value is _SHAPE:
            return _ROWS if arguments == (0,) else _COLUMNS
        if value is None and node.target is getattr and arguments == ("shape",):
            return _SHAPE
        if value is None and node.op == "call_method" and node.target == "size":
            return {(): _SHAPE, (0,): _ROWS}.get(arguments, _COLUMNS)
        return None

    def _value(self, argument: Any) -> Any:
        """The constant or shape that a node stands for, or the argument itself."""
        return self.values.get(argument, argument) if _is_node(argument) else argument

    def _attribute(self, target: str) -> Array:
        value = self.module
        for name in target.split("."):
            value = getattr(value, name)
        return weights.array(f"attribute {self._name(target)!r}", value)

    def _name(self, name: str) -> str:
        name = name.removeprefix("called.")
        return f"{self.path}.{name}" if self.path else name


def _is_node(value: Any) -> bool:
    import torch.fx

    return isinstance(value, torch.fx.Node)


def _function_name(node: Any) -> str:
    """The name in torch.nn.functional, torch or of a tensor's method; relu_ is relu."""
    import torch
    from torch.nn import functional

    if node.op == "call_method":
        return str(node.target).removesuffix("_")
    name = getattr(node.target, "__name__", str(node.target))
    if any(getattr(space, name, None) is node.target for space in (functional, torch)):
        return str(name).removesuffix("_")
    module = getattr(node.target, "__module__", None)
    return f"{module}.{name}" if module else str(name)


def _bind(names: tuple[str, ...], node: Any, where: str) -> dict[str, Any]:
    """The arguments after the first, by name."""
    bound: dict[str, Any] = dict(zip(names, node.args[1:], strict=False))
    bound |= node.kwargs
    if len(node.args) > len(names) + 1 or not bound.keys() <= set(names):
        raise ValueError(f"{where} has arguments that are not understood: {bound}")
    return bound
