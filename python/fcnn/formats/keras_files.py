"""Keras's files: .keras, whole models in HDF5, and weights alone in HDF5.

A ``.keras`` file is a zip of ``config.json``, ``metadata.json`` and
``model.weights.h5``, where the weights of layers stand in groups
``layers/dense/vars``, ``layers/dense_1/vars``, ... by the order of the layers. Older
HDF5 files have the config as an attribute, and lists of names as attributes of groups.
"""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from fcnn import _checks
from fcnn._reading import open_file
from fcnn._types import Array
from fcnn.formats import archives, keras_layers, weights
from fcnn.formats.keras_graph import Entry
from fcnn.network import Network

_DAMAGED = (
    *(AttributeError, EOFError, IndexError, KeyError, OSError, OverflowError),
    *(
        RecursionError,
        RuntimeError,
        TypeError,
        UnicodeError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
    ),
)
# The groups of a model's layers: in Keras 2's first .keras files the second.
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")


def network(
    path: str | os.PathLike[str], activation: Any, output: Any, loss: str | None
) -> Network:
    """The network of a file, which is told by what is in it, not by its name."""
    try:
        import h5py  # noqa: F401
    except ImportError:
        raise ImportError(
            "from_keras reads files with h5py: pip install 'fcnn[keras]'"
        ) from None
    path = _checks.path("model", path)
    with open_file(path) as file:  # FileNotFoundError, and so on
        try:
            return _read(file, activation, output, loss)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        except _DAMAGED as error:
            raise ValueError(
                f"{path} cannot be read as a file of Keras: {type(error).__name__}: "
                f"{error}"
            ) from None


def _read(file: BinaryIO, activation: Any, output: Any, loss: str | None) -> Network:
    if zipfile.is_zipfile(file):
        _refuse_activation(activation)
        return _read_zip(zipfile.ZipFile(file), output, loss)
    file.seek(0)
    with _open(file) as h5:
        text = h5.attrs.get("model_config")
        if text is None:
            return weights.network(list(_weights_alone(h5)), activation, output, loss)
        _refuse_activation(activation)
        model = json.loads(text)
        version = _version(h5.attrs.get("keras_version"))
        read = _by_name(_child(h5, "model_weights"))
        kind, config = model["class_name"], model["config"]
        return keras_layers.network(kind, config, version, read, output, loss)


def _refuse_activation(activation: Any) -> None:
    if activation is not None:
        raise ValueError("activation goes with weights alone: a model has its own")


def _read_zip(archive: zipfile.ZipFile, output: Any, loss: str | None) -> Network:
    archives.check(archive)
    model = json.loads(archives.read(archive, "config.json"))
    metadata = json.loads(archives.read(archive, "metadata.json"))
    version = _version(metadata.get("keras_version"))
    with _open(io.BytesIO(archives.read(archive, "model.weights.h5"))) as h5:
        read = _by_group(h5)
        kind, config = model["class_name"], model["config"]
        return keras_layers.network(kind, config, version, read, output, loss)


def _version(text: Any) -> int:
    """The major version; Keras 3 where it is not told."""
    return int(str(text).partition(".")[0]) if text else 3


def _open(file: Any) -> Any:
    import h5py

    return h5py.File(file, "r")


def _by_group(h5: Any) -> Callable[[Entry], Sequence[Array]]:
    """Reads a layer's weights in Keras 3's files: layers/dense_1/vars/0, 1, ..."""
    datasets = _Datasets(h5)

    def read(entry: Entry) -> Sequence[Array]:
        group = h5
        for name in entry.groups:
            group = _child(_container(group), name)
        variables = _child(group, "vars")
        name = variables.attrs.get("name")
        if name is not None and _text(name) != entry.names[-1]:
            raise ValueError(
                f"the weights of {entry.where} are not where they belong: those of "
                f"{_text(name)!r} are"
            )
        return datasets.variables(variables)

    return read


def _by_name(group: Any) -> Callable[[Entry], Sequence[Array]]:
    """Reads a layer's weights in older files, where an attribute lists their names."""
    datasets = _Datasets(group.file)

    def read(entry: Entry) -> Sequence[Array]:
        if len(entry.names) > 1:
            raise ValueError(
                f"{entry.where} is in a model within the model, whose weights such a "
                "file does not tell apart: save it as .keras"
            )
        return datasets.listed(_child(group, entry.names[0]))

    return read


def _weights_alone(h5: Any) -> Iterator[tuple[Array, Array | None]]:
    """(weight, bias) of each Dense layer of a file of weights."""
    datasets = _Datasets(h5)
    if "layer_names" in h5.attrs:  # Keras 2
        names = [_text(name) for name in h5.attrs["layer_names"]]
        found = [(name, datasets.listed(_child(h5, name))) for name in names]
    else:
        groups = list(_groups(_container(h5)))
        nested = [name for name, group in groups if _container(group, None)]
        if nested:
            raise ValueError(
                f"it has a model within the model, {nested[0]!r}: save the whole model "
                "as .keras"
            )
        found = [
            (name, arrays)
            for name, group in groups
            if (arrays := datasets.variables(_child(group, "vars")))
        ]
        for name, _ in found:
            if not re.fullmatch(r"dense(_\d+)?", name):
                raise ValueError(
                    f"it has weights of {name!r}, whose place among the Dense layers "
                    "it does not tell: save the whole model as .keras"
                )
        found.sort(key=lambda item: int(item[0].partition("_")[2] or 0))
    for name, arrays in found:
        if not arrays:
            continue
        if [array.ndim for array in arrays] not in ([2], [2, 1]):
            shapes = ", ".join(str(array.shape) for array in arrays)
            raise ValueError(
                f"the weights of {name!r} are not those of a Dense: {shapes}"
            )
        yield arrays[0].T, arrays[1] if len(arrays) == 2 else None
    if not any(arrays for _, arrays in found):
        raise ValueError("it has no weights of Dense layers")


def _container(group: Any, *default: Any) -> Any:
    """The group that holds the layers of a model."""
    for name in _CONTAINERS:
        if name in group:
            return _child(group, name)
    if default:
        return default[0]
    raise ValueError("it has no group 'layers', as files of Keras have")


def _groups(group: Any) -> Iterator[tuple[str, Any]]:
    import h5py

    for name in group:
        child = _child(group, name)
        if isinstance(child, h5py.Group):
            yield name, child


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _child(group: Any, path: str) -> Any:
    """What stands in the group itself: a link could lead to any other file."""
    import h5py

    child = group
    for name in path.split("/"):
        if not isinstance(child, h5py.Group) or name not in child:
            raise ValueError(f"it has no {path!r} in {group.name!r}")
        if not isinstance(child.get(name, getlink=True), h5py.HardLink):
            raise ValueError(  # noqa: TRY004
                f"{path!r} in {group.name!r} is a link, which is not read"
            )
        child = child[name]
    return child


class _Datasets:
    """The arrays of a file, which together are no larger than the file."""

    def __init__(self, h5: Any) -> None:
        self._left = h5.id.get_filesize()

    def variables(self, group: Any) -> list[Array]:
        """The arrays 0, 1, ... of a group `vars`."""
        return [self._array(group, str(i)) for i in range(len(group))]

    def listed(self, group: Any) -> list[Array]:
        """The arrays that the group's attribute lists, in that order."""
        return [self._array(group, _text(name)) for name in group.attrs["weight_names"]]

    def _array(self, group: Any, path: str) -> Array:
        """A dataset, whose numbers must all be there before memory is taken for them.

        Filters are refused: an inflated chunk may be of any size, whatever its shape.
        """
        dataset = _child(group, path)
        where = f"its dataset {dataset.name!r}"
        if not hasattr(dataset, "is_virtual") or dataset.is_virtual or dataset.external:
            raise ValueError(f"{where} is no array in the file itself")
        if dataset.dtype.kind not in "fiu":
            raise ValueError(f"{where} must hold numbers, not {dataset.dtype}")
        n_bytes = dataset.size * dataset.dtype.itemsize
        filters = dataset.id.get_create_plist().get_nfilters()
        if filters or dataset.id.get_storage_size() < n_bytes:
            raise ValueError(f"{where} is compressed, or was never written")
        self._left -= n_bytes
        if self._left < 0:
            raise ValueError(f"{where} and those before are larger than the file")
        array: Array = dataset[()]
        return array
