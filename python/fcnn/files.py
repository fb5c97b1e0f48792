"""Network files: safetensors, written whole or not at all, checked before use.

The tensors are ``layers.<l>.weight`` (n_out, n_in) and ``layers.<l>.bias`` (n_out,) for
the layers l = 1..L, and ``standardizer.<name>`` of what a network has learned of its
data; the architecture is JSON under the key ``fcnn`` of the file's metadata. Nothing in
a file is ever executed.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from fcnn import _architecture, _checks, _safetensors
from fcnn._architecture import Architecture
from fcnn._atomic import replace_file
from fcnn._base import check_loss
from fcnn._float_state import by_default
from fcnn._reading import open_file
from fcnn._standardize import Standardizer
from fcnn.config import version
from fcnn.layers import assign

if TYPE_CHECKING:
    from fcnn._base import NetworkBase
    from fcnn._types import Array
    from fcnn.network import Network

FORMAT_VERSION = 2
_READS = (1, 2)  # 1 knows no dropout, noise and standardizer
_DTYPES = {"float32": "F32", "float64": "F64"}  # safetensors' names of them
_BYTES = {"F32": 4, "F64": 8}


class Description(NamedTuple):
    """What a file says of its network, checked."""

    architecture: Architecture
    dtype: np.dtype[Any]
    loss: str
    seed: int
    standardizer: tuple[str, ...]  # which arrays of one there are

    def tensors(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """dtype and shape of every tensor, before anything is allocated."""
        dtype, sizes = _DTYPES[self.dtype.name], self.architecture.sizes
        shapes = _tensor_shapes(self.architecture)
        expected = {name: (dtype, shape) for name, shape in shapes.items()}
        for name in self.standardizer:
            n = sizes[-1] if name.startswith("target") else sizes[0]
            expected[f"standardizer.{name}"] = (_DTYPES["float64"], (n,))
        return expected


@by_default
def write(
    path: str | os.PathLike[str],
    net: NetworkBase,
    table: Mapping[str, Any] | None = None,
) -> None:
    """Writes the network to a file that appears whole or not at all.

    `table`, of values that JSON has, is what the command line keeps with it, in the
    same JSON.
    """
    with net._engine.reading():  # all of one moment: a fit begins after it
        architecture = net._architecture
        description = {
            "format_version": FORMAT_VERSION,
            "fcnn_version": version(),
            "sizes": architecture.sizes,
            "activations": architecture.activations,
            "biases": architecture.biases,
            "dropout": architecture.dropout,
            "input_noise": architecture.input_noise,
            "standardize": architecture.standardize,
            "standardizer": list(_standardizer_arrays(net)),
            "loss": net.loss,
            "dtype": net.dtype.name,
            "seed": net.seed,
        }
        if table is not None:
            description["table"] = table
        tensors = tensor_views(architecture, net.parameters)
        tensors |= {
            f"standardizer.{k}": v for k, v in _standardizer_arrays(net).items()
        }
        data = _safetensors.save(tensors, {"fcnn": json.dumps(description)})
    replace_file(path, data)


@by_default
def read_description(path: str | os.PathLike[str]) -> Description:
    """Checks the whole file but for the tensors' values, and says what it holds.

    Every refusal of a file that can be read is a ValueError that names what is wrong.
    """
    with open_file(path) as file, _refusals(path):
        return _read_description(file)[0]


@by_default
def read(path: str | os.PathLike[str]) -> tuple[Network, dict[str, Any]]:
    """The network of a file, and the JSON of its architecture.

    All of it is of one open file, whatever takes the name meanwhile.
    """
    from fcnn.network import Network

    with open_file(path) as file, _refusals(path):
        description, fields, offsets = _read_description(file)
        net = object.__new__(Network)
        net._set_up(*description[:4])
        begin = file.tell()
        views = tensor_views(description.architecture, net.parameters)
        arrays = {}
        for name, (kind, shape) in description.tensors().items():
            array = _safetensors.read(file, begin + offsets[name], kind, shape)
            if name in views:
                assign(name, views[name], array)
            else:
                arrays[name.removeprefix("standardizer.")] = array
        if arrays:
            net.standardizer = Standardizer(**arrays)
    return net, fields


@contextmanager
def _refusals(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{os.fspath(path)} is no network of fcnn: {error}") from None


def tensor_views(architecture: Architecture, theta: Array) -> dict[str, Array]:
    """The views on theta under the tensors' names."""
    views = {}
    for l, (weight, bias) in enumerate(architecture.unflatten(theta), start=1):
        views[f"layers.{l}.weight"] = weight
        if bias is not None:
            views[f"layers.{l}.bias"] = bias
    return views


def _standardizer_arrays(net: NetworkBase) -> dict[str, Array]:
    standardizer = net.standardizer
    if standardizer is None:
        return {}
    names = Standardizer.__slots__
    arrays = {name: getattr(standardizer, name) for name in names}
    return {name: array for name, array in arrays.items() if array is not None}


def _tensor_shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """What `tensor_views` has, before anything is allocated."""
    sizes, shapes = architecture.sizes, dict[str, tuple[int, ...]]()
    for l, has_bias in enumerate(architecture.biases, start=1):
        shapes[f"layers.{l}.weight"] = (sizes[l], sizes[l - 1])
        if has_bias:
            shapes[f"layers.{l}.bias"] = (sizes[l],)
    return shapes


def _read_description(
    file: BinaryIO,
) -> tuple[Description, dict[str, Any], dict[str, int]]:
    """What the file holds, its JSON, and where after the header each tensor begins."""
    header, n_bytes = _safetensors.read_header(file)
    fields = _fields(header)
    description = _parse_description(fields)
    return description, fields, _check_tensors(header, n_bytes, description)


def _fields(header: dict[str, Any]) -> dict[str, Any]:
    metadata = header.get("__metadata__")
    text = metadata.get("fcnn") if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise ValueError("its metadata has no text under the key 'fcnn'")  # noqa: TRY004
    return _safetensors.parse_json("metadata 'fcnn'", text)


def _parse_description(fields: dict[str, Any]) -> Description:
    needed = {
        "format_version": int,
        "sizes": list,
        "activations": list,
        "biases": list,
        "loss": str,
        "dtype": str,
        "seed": int,
    }
    for name, kind in needed.items():
        value = fields.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(  # noqa: TRY004
                f"its {name} must be a JSON {kind.__name__}, not "
                f"{_checks.shown(fields.get(name, 'missing'))}"
            )
        if name == "format_version" and value not in _READS:
            raise ValueError(
                f"its format_version is {value}, written by fcnn "
                f"{_checks.shown(fields.get('fcnn_version'))}; this fcnn {version()} "
                f"reads {' and '.join(map(str, _READS))}"
            )
    if fields["format_version"] == 1:
        fields = {
            **fields,
            "dropout": 0.0,
            "input_noise": 0.0,
            "standardize": False,
            "standardizer": [],
        }
    dtype = _architecture.parse_dtype(fields["dtype"])
    if not fields["activations"]:
        raise ValueError("its activations are empty")
    *hidden, output = fields["activations"]
    architecture = _architecture.parse(
        fields["sizes"],
        hidden,
        output,
        fields["biases"],
        dtype,
        dropout=fields.get("dropout"),
        input_noise=fields.get("input_noise"),
        standardize=fields.get("standardize"),
    )
    arrays = fields.get("standardizer")
    names = list(Standardizer.__slots__)
    if arrays not in ([], names[:2], names):
        raise ValueError(f"its standardizer must be [] or {names[:2]} or {names}")
    if arrays and not architecture.standardize:
        raise ValueError("it has a standardizer, but standardize is false")
    loss = check_loss(fields["loss"], architecture)
    seed = _checks.seed("seed", fields["seed"])
    return Description(architecture, dtype, loss, seed, tuple(arrays))


def _check_tensors(
    header: dict[str, Any], n_bytes: int, description: Description
) -> dict[str, int]:
    """The header's tensors are the architecture's, and fill the file without gap."""
    tensors = description.tensors()
    found = header.keys() - {"__metadata__"}
    for name in sorted(found ^ tensors.keys()):
        state = "is missing" if name in tensors else "is unexpected"
        raise ValueError(f"its tensor {_checks.shown(name)} {state}")
    spans = []
    for name, (dtype, shape) in tensors.items():
        tensor = header[name]
        if not isinstance(tensor, dict):
            raise ValueError(f"its tensor {name} is no JSON object")  # noqa: TRY004
        expected = {"dtype": dtype, "shape": list(shape)}
        for key, value in expected.items():
            if tensor.get(key) != value or not _are_integers(tensor, key):
                raise ValueError(
                    f"the {key} of its tensor {name} must be {value}, not "
                    f"{_checks.shown(tensor.get(key))}"
                )
        length = math.prod(shape) * _BYTES[dtype]
        offsets = tensor.get("data_offsets")
        if (
            not isinstance(offsets, list)
            or len(offsets) != 2
            or not _are_integers(tensor, "data_offsets")
            or offsets[1] - offsets[0] != length
        ):
            raise ValueError(
                f"the data_offsets of its tensor {name} must span {length} bytes, not "
                f"{_checks.shown(offsets)}"
            )
        spans.append((*offsets, name))
    end = 0
    for start, stop, name in sorted(spans):
        if start != end:
            raise ValueError(f"its tensor {name} begins at byte {start}, not at {end}")
        end = stop
    if end != n_bytes:
        raise ValueError(f"its tensors need {end} bytes, but {n_bytes} are there")
    return {name: start for start, _, name in spans}


def _are_integers(tensor: dict[str, Any], key: str) -> bool:
    """Whether a list under the key holds integers only: in Python 2.0 == 2 == True."""
    values = tensor[key]
    return not isinstance(values, list) or all(type(value) is int for value in values)
