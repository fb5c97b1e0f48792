"""ONNX files as nodes and arrays, everything checked before it is used."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _checks
from fcnn._reading import open_file
from fcnn._types import Array
from fcnn.formats.onnx_library import library

if TYPE_CHECKING:
    import onnx

OLDEST_OPSET = 7  # from here on operators broadcast as NumPy does


@dataclass(frozen=True)
class Node:
    """One operator; `domain` is "" for ONNX's own."""

    op: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def __str__(self) -> str:
        op = f"{self.domain}.{self.op}" if self.domain else self.op
        return f"the node {op} {self.name!r}, which makes {self.outputs[0]!r},"


@dataclass(frozen=True)
class Graph:
    """A model's nodes in its order, its constants, its one input, its file's folder."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    x: str
    x_shape: tuple[int | None, ...] | None
    outputs: tuple[str, ...]
    float_outputs: tuple[str, ...]
    opset: int
    folder: Path | None


def read(
    source: str | os.PathLike[str] | bytes | onnx.ModelProto,
) -> tuple[onnx.ModelProto, Path | None]:
    """The model, and the folder of its file."""
    onnx = library()
    from google.protobuf.message import DecodeError

    if isinstance(source, onnx.ModelProto):
        return source, None
    folder = None
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
    else:
        path = Path(_checks.path("source", source))
        with open_file(path) as file:
            data, folder = file.read(), path.parent
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        raise ValueError(f"it is no protobuf of ONNX: {error}") from None
    return model, folder


def parse(model: onnx.ModelProto, folder: Path | None) -> Graph:
    """The model's graph; a ValueError says what is wrong with it."""
    graph = model.graph
    if not graph.node or not graph.output:
        raise ValueError("it has no node or no output: it is no ONNX model")
    if graph.sparse_initializer:
        raise ValueError("it has sparse initializers, which are not read")
    constants = {}
    for tensor in graph.initializer:
        if tensor.name in constants:
            raise ValueError(f"the initializer {tensor.name!r} comes twice")
        constants[tensor.name] = array(tensor, folder)
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        raise ValueError(
            f"it must have one input, not {[value.name for value in inputs]}"
        )
    nodes = tuple(_node(node) for node in graph.node)
    # skl2onnx's probabilities as a list of dicts
    maps = {name for node in nodes if node.op == "ZipMap" for name in node.outputs}
    floats = [v.name for v in graph.output if _is_float(v) or v.name in maps]
    return Graph(
        nodes,
        constants,
        inputs[0].name,
        _shape(inputs[0]),
        tuple(value.name for value in graph.output),
        tuple(floats),
        _opset(model),
        folder,
    )


def _opset(model: onnx.ModelProto) -> int:
    versions = [e.version for e in model.opset_import if e.domain in {"", "ai.onnx"}]
    if len(versions) != 1:
        raise ValueError("it must import one opset of ONNX's own operators")
    if versions[0] < OLDEST_OPSET:
        raise ValueError(
            f"its opset is {versions[0]}, but it must be at least {OLDEST_OPSET}"
        )
    return int(versions[0])


def _node(node: onnx.NodeProto) -> Node:
    outputs = tuple(node.output)
    if not outputs:
        raise ValueError(f"the node {node.op_type} {node.name!r} has no output")
    domain = "" if node.domain == "ai.onnx" else node.domain
    helper = library().helper
    attributes = {}
    for attribute in node.attribute:
        try:
            value = helper.get_attribute_value(attribute)
        except ValueError as error:
            raise ValueError(
                f"the attribute {attribute.name!r} of the node {node.op_type} "
                f"{node.name!r} cannot be read: {error}"
            ) from None
        if isinstance(value, bytes):
            value = value.decode(errors="replace")
        attributes[attribute.name] = value
    return Node(node.op_type, domain, node.name, tuple(node.input), outputs, attributes)


def _shape(value: onnx.ValueInfoProto) -> tuple[int | None, ...] | None:
    """None for a dimension without a number, and for a shape that is not given."""
    if not value.type.HasField("tensor_type"):
        raise ValueError(f"its input {value.name!r} is no tensor")
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return tuple(
        dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None
        for dim in tensor.shape.dim
    )


def _is_float(value: onnx.ValueInfoProto) -> bool:
    kinds = library().TensorProto
    return value.type.HasField("tensor_type") and value.type.tensor_type.elem_type in {
        *(kinds.FLOAT, kinds.DOUBLE, kinds.FLOAT16, kinds.BFLOAT16)
    }


def array(tensor: onnx.TensorProto, folder: Path | None = None) -> Array:
    """The tensor as an array; half precision as float32."""
    onnx = library()
    name = tensor.name or "of a node"
    shape = tuple(tensor.dims)
    try:
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
    except KeyError:
        raise ValueError(f"the tensor {name!r} has an unknown type") from None
    if min(shape, default=0) < 0:
        raise ValueError(f"the tensor {name!r} has the shape {shape}")
    n_bytes = math.prod(shape) * dtype.itemsize
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        data = _external(tensor, n_bytes, folder)
        tensor = onnx.helper.make_tensor(name, tensor.data_type, shape, data, raw=True)
    elif tensor.HasField("raw_data") and len(tensor.raw_data) < n_bytes // 2:
        # (4-bit types are half of their NumPy dtypes)
        raise ValueError(
            f"the tensor {name!r} of shape {shape} has {len(tensor.raw_data)} bytes"
        )
    try:
        made = np.asarray(onnx.numpy_helper.to_array(tensor))
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"the tensor {name!r} cannot be read: {error}") from None
    if made.shape != shape:
        raise ValueError(
            f"the tensor {name!r} has not the numbers of its shape {shape}"
        )
    if dtype.itemsize == 2 and dtype.kind not in "iu":
        made = made.astype(np.float32)
    return made


def _external(tensor: onnx.TensorProto, n_bytes: int, folder: Path | None) -> bytes:
    """The bytes of a tensor that lies in another file of the model's folder."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    if folder is None:
        raise ValueError(
            f"the tensor {tensor.name!r} lies in the file {location!r}: give the "
            "model's path"
        )
    path = (folder / location).resolve()
    if not location or not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise ValueError(
            f"the tensor {tensor.name!r} lies in {location!r}, which is no file beside "
            "the model"
        )
    offset, length = entries.get("offset", "0"), entries.get("length", str(n_bytes))
    size = path.stat().st_size
    if (
        not (offset.isdecimal() and length.isdecimal())
        or int(length) != n_bytes
        or int(offset) + n_bytes > size
    ):
        raise ValueError(
            f"the tensor {tensor.name!r} has {n_bytes} bytes, but {length} bytes at "
            f"{offset} of the {size} in {location!r} are said to be it"
        )
    with path.open("rb") as file:
        file.seek(int(offset))
        data: bytes = file.read(n_bytes)
        return data
