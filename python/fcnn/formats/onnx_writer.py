"""Networks as ONNX models."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _architecture, _checks
from fcnn._atomic import replace_file
from fcnn._float_state import by_default
from fcnn._standardize import Standardizer
from fcnn._types import Array
from fcnn.config import version
from fcnn.formats import onnx_activations, plain
from fcnn.formats.onnx_library import library

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto

    from fcnn._base import NetworkBase

OLDEST_OPSET = 13  # Softmax over one axis
_MAX_BYTES = 2**31 - 2**20  # protobuf's limit, less the rest of the model


@by_default
def write(
    net: NetworkBase, path: str | os.PathLike[str], opset: Any, dtype: Any
) -> None:
    """Writes the model to a file that appears whole or not at all."""
    target = _checks.path("path", path)
    replace_file(target, model(net, opset, dtype).SerializeToString())


@by_default
def model(net: NetworkBase, opset: Any, dtype: Any) -> ModelProto:
    """The network as a model that the library's checker has passed."""
    onnx = library()
    newest = onnx.defs.onnx_opset_version()
    opset = _checks.integer("opset", opset, OLDEST_OPSET, newest)
    kind = _architecture.parse_dtype(dtype)
    source = plain.plain(net)
    n_parameters = sum(
        n * m for n, m in zip(source.sizes, source.sizes[1:], strict=False)
    )
    if n_parameters * kind.itemsize > _MAX_BYTES:
        raise ValueError(
            f"the weights need {n_parameters * kind.itemsize} bytes, and an ONNX model "
            f"holds at most {_MAX_BYTES}"
        )
    builder = Builder(opset, kind)
    builder.network(source, "x", "y")
    graph = onnx.helper.make_graph(
        builder.nodes,
        "fcnn",
        [_row_type("x", kind, source.sizes[0])],
        [_row_type("y", kind, source.sizes[-1])],
        builder.initializers,
        doc_string=repr(net),
    )
    versions = [onnx.helper.make_opsetid("", opset)]
    made: ModelProto = onnx.helper.make_model(
        graph,
        opset_imports=versions,
        ir_version=onnx.helper.find_min_ir_version_for(versions),
        producer_name="fcnn",
        producer_version=version(),
        doc_string="A fully connected network: y is what predict(x) answers.",
    )
    onnx.helper.set_model_props(
        made,
        {
            "sizes": str(list(source.sizes)),
            "activations": ", ".join(str(layer.activation) for layer in source.layers),
            "loss": str(source.loss),
            "trained_in": source.dtype.name,
            "seed": str(net.seed),
        },
    )
    onnx.checker.check_model(made, full_check=True)
    return made


def _row_type(name: str, dtype: np.dtype[Any], size: int) -> ValueInfoProto:
    onnx = library()
    kind = onnx.helper.np_dtype_to_tensor_dtype(dtype)
    made: ValueInfoProto = onnx.helper.make_tensor_value_info(name, kind, ["n", size])
    return made


class Builder:
    """The nodes and initializers of a network, in the order of computation.

    Called as ``builder("Erf", "z1")`` it adds a node and returns its output's name, as
    the formulas of `onnx_activations` expect.
    """

    def __init__(self, opset: int, dtype: np.dtype[Any]) -> None:
        self.opset, self.dtype = opset, dtype
        self.nodes: list[NodeProto] = []
        self._initializers: dict[str, TensorProto] = {}
        self._prefix, self._used = "", set[str]()
        self._onnx = library()

    @property
    def initializers(self) -> list[TensorProto]:
        """The tensors in the order of their first use."""
        return list(self._initializers.values())

    def network(self, source: plain.PlainNetwork, x: str, y: str) -> None:
        """y = the network's answer to x."""
        a = self._standardized(source.standardizer, x)
        last = len(source.layers)
        targets = source.standardizer
        if targets is not None and targets.target_mean is None:
            targets = None
        for l, layer in enumerate(source.layers, start=1):
            a = self._layer(
                l, layer, a, y if l == last and targets is None else f"a{l}"
            )
        if targets is not None:
            self._in_target_units(targets, a, y)

    def _standardized(self, standardizer: Standardizer | None, x: str) -> str:
        """a[0] = (x - mean) / scale, in float64 as the core computes it."""
        if standardizer is None:
            return x
        double = np.dtype("float64")
        mean = self._tensor("standardizer.mean", standardizer.mean, double)
        scale = self._tensor("standardizer.scale", standardizer.scale, double)
        x = self._cast(x, "x.double", double)
        centred = self._node("Sub", [x, mean], "x.centred")
        doc = "a[0] = (x - mean) / scale"
        if self.dtype == double:
            return self._node("Div", [centred, scale], "a0", doc)
        wide = self._node("Div", [centred, scale], "a0.double", doc)
        return self._cast(wide, "a0", self.dtype)

    def _in_target_units(self, standardizer: Standardizer, a: str, y: str) -> None:
        """y = target_mean + target_scale a[L], in float64 too."""
        double = np.dtype("float64")
        scale = self._tensor(
            "standardizer.target_scale", standardizer.target_scale, double
        )
        mean = self._tensor(
            "standardizer.target_mean", standardizer.target_mean, double
        )
        a = self._cast(a, f"{a}.double", double)
        scaled = self._node("Mul", [a, scale], "y.scaled")
        doc = "y = target_mean + target_scale a[L]"
        if self.dtype == double:
            self._node("Add", [scaled, mean], y, doc)
            return
        self._cast(self._node("Add", [scaled, mean], "y.double", doc), y, self.dtype)

    def _layer(self, l: int, layer: plain.PlainLayer, a: str, made: str) -> str:
        """The names of the layer's tensors are the formulas' letters."""
        inputs = [a, self._tensor(f"layers.{l}.weight", layer.weight, self.dtype)]
        doc = f"z[{l}] = W[{l}] a[{l - 1}]"
        if layer.bias is not None:
            inputs.append(self._tensor(f"layers.{l}.bias", layer.bias, self.dtype))
            doc += f" + b[{l}]"
        name, parameter = layer.activation
        if name == "identity":
            return self._node("Gemm", inputs, made, doc, transB=1)
        z = self._node("Gemm", inputs, f"z{l}", doc, transB=1)
        self._prefix = f"a{l}"
        formula = onnx_activations.written(name, self.opset, self.dtype)
        formula(self, z, 0.0 if parameter is None else parameter)
        end = self.nodes[-1]
        end.name = end.output[0] = made
        end.doc_string = f"a[{l}] = {layer.activation}(z[{l}])"
        return made

    def __call__(self, op: str, *inputs: str | float | Array, **attributes: Any) -> str:
        """Adds a node of an activation; what is no name is a constant."""
        names = [
            value if isinstance(value, str) else self._constant(value)
            for value in inputs
        ]
        return self._node(op, names, f"{self._prefix}.{op.lower()}", **attributes)

    def _constant(self, value: float | Array) -> str:
        array = np.asarray(value)
        if array.ndim == 0:
            return self._tensor(f"constant.{value!r}", array, self.dtype)
        if array.dtype.kind == "i":
            return self._tensor("constant.axes", array, array.dtype)
        return self._tensor(f"constant.{array[0]!s}...", array, self.dtype)

    def _tensor(self, name: str, array: Any, dtype: np.dtype[Any]) -> str:
        with np.errstate(over="ignore"):
            cast = np.asarray(array).astype(dtype)
        if not np.isfinite(cast).all():
            raise ValueError(f"{name} has numbers that {dtype} cannot hold")
        self._initializers.setdefault(
            name, self._onnx.numpy_helper.from_array(cast, name)
        )
        return name

    def _cast(self, x: str, made: str, dtype: np.dtype[Any]) -> str:
        """x itself where the whole model is of that dtype."""
        if dtype == self.dtype == np.float64:
            return x
        to = self._onnx.helper.np_dtype_to_tensor_dtype(dtype)
        return self._node("Cast", [x], made, to=to)

    def _node(
        self,
        op: str,
        inputs: Iterable[str],
        made: str,
        doc: str = "",
        **attributes: Any,
    ) -> str:
        name, count = made, 1
        while name in self._used:
            count += 1
            name = f"{made}{count}"
        self._used.add(name)
        self.nodes.append(
            self._onnx.helper.make_node(
                op, list(inputs), [name], name, doc or None, **attributes
            )
        )
        return name
