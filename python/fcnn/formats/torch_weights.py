"""Weights alone, by their names: a state_dict, or a file of one."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fcnn import _checks, _safetensors
from fcnn._reading import open_file
from fcnn._types import Array
from fcnn.formats import archives
from fcnn.formats import weights as weights_alone
from fcnn.formats.weights import array
from fcnn.network import Network

_MOST_SHARED = 8  # times the file, of tensors that share a storage or have strides of 0


def network(
    weights: Mapping[str, Any] | str | os.PathLike[str],
    activation: Any,
    output: Any,
    loss: str | None,
) -> Network:
    """The network of the weights, which do not tell activations."""
    in_order = True
    if not isinstance(weights, Mapping):
        path = _checks.path("model", weights)
        in_order = Path(path).suffix != ".safetensors"
        weights = _load_torch(path) if in_order else _load_safetensors(path)
    layers = _layers(weights, in_order=in_order)
    return weights_alone.network(layers, activation, output, loss)


def _layers(
    weights: Mapping[str, Any], *, in_order: bool
) -> list[tuple[Array, Array | None]]:
    """(weight, bias) of each layer, in order."""
    for name, value in weights.items():
        if isinstance(value, Mapping):
            raise ValueError(  # noqa: TRY004
                f"{name!r} is itself a mapping: if it has the weights, give that alone"
            )
    arrays = {name: _entry(name, value) for name, value in weights.items()}
    prefixes = [name.removesuffix("weight") for name in arrays if _is_weight(name)]
    if not prefixes:
        raise ValueError("there is no weight in it: none has a name '....weight'")
    for name in arrays:
        if not _is_weight(name) and name.removesuffix("bias") not in prefixes:
            raise ValueError(f"{name!r} is the bias of no weight")
    return [
        (arrays[f"{prefix}weight"], arrays.get(f"{prefix}bias"))
        for prefix in _sorted(prefixes, in_order=in_order)
    ]


def _is_weight(name: str) -> bool:
    return name.rpartition(".")[2] == "weight"


def _entry(name: Any, value: Any) -> Array:
    """A weight or a bias, checked."""
    name = _checks.text("a name of the weights", name)
    kind = name.rpartition(".")[2]
    try:
        shape = tuple(getattr(value, "shape", ()))
    except RuntimeError as error:  # of a LazyLinear that has seen no input
        raise ValueError(f"{name!r} cannot be read: {error}") from None
    if kind in ("weight", "bias") and hasattr(value, "shape"):
        expected = 2 if kind == "weight" else 1
        if len(shape) == expected:
            return array(repr(name), value)
        if len(shape) != 1:
            raise ValueError(
                f"{name!r} must have {expected} dimensions, as of a Linear, not shape "
                f"{shape}"
            )
    raise ValueError(
        f"{name!r} is neither the weight (n_out, n_in) nor the bias (n_out,) of a "
        "Linear: of such a model give the module itself"
    )


def _sorted(prefixes: list[str], *, in_order: bool) -> list[str]:
    """By the numbers in the names if they differ in these alone."""
    if len({re.sub(r"\d+", "#", prefix) for prefix in prefixes}) == 1:
        return sorted(prefixes, key=lambda p: [int(n) for n in re.findall(r"\d+", p)])
    if in_order:
        return prefixes
    raise ValueError(
        "a .safetensors file does not keep the order of its tensors, and their names "
        f"({', '.join(prefixes)}) do not tell it: read it with "
        "safetensors.numpy.load_file, and give a dict in the order of the layers"
    )


def _load_torch(path: str) -> Mapping[str, Any]:
    with Path(path).open("rb"):  # FileNotFoundError, before PyTorch is imported
        pass
    try:
        import torch
    except ImportError:
        raise ImportError(
            "to read a .pt file from_torch needs PyTorch (pip install torch); a "
            ".safetensors file does not"
        ) from None
    with open_file(path) as file:
        data = io.BytesIO(file.read())  # of a damaged file an OSError says nothing
    n_bytes = data.getbuffer().nbytes
    _check_archive(path, data)
    try:
        loaded = torch.load(data, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 (of a damaged file it may be any)
        raise ValueError(
            f"{path} holds no weights that can be read without executing anything from "
            f"it ({type(error).__name__}); of a whole module that you trust, give "
            "torch.load(path, weights_only=False)"
        ) from None
    if not isinstance(loaded, Mapping):
        raise ValueError(f"{path} holds a {type(loaded).__name__}, not a state_dict")  # noqa: TRY004
    tensors = [v for v in loaded.values() if isinstance(v, torch.Tensor)]
    needed = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    if needed > _MOST_SHARED * n_bytes:
        raise ValueError(
            f"{path} has {n_bytes} bytes, and its tensors repeat them until they are "
            f"{needed}"
        )
    return loaded


def _check_archive(path: str, data: io.BytesIO) -> None:
    """Refuses a zip that would fill the memory; `data` is at its start again."""
    try:
        if zipfile.is_zipfile(data):
            archive = zipfile.ZipFile(data)
            if any(
                member.file_size != member.compress_size or member.compress_type
                for member in archive.infolist()
            ):
                raise ValueError("it is compressed, as no file of PyTorch's is")
            archives.check(archive)
    except (ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    data.seek(0)


def _load_safetensors(path: str) -> Mapping[str, Any]:
    with open_file(path) as file:
        try:
            tensors, metadata = _safetensors.load(file)
            if "fcnn" in metadata:
                raise ValueError("it is a network of fcnn's: fcnn.load(path)")
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(f"{path} cannot be read: {error}") from None
    return tensors
