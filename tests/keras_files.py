"""Files as Keras writes them, written by hand: for tests that run without Keras."""

from __future__ import annotations

import io
import json
import zipfile

import h5py

from fcnn.formats import keras_graph


def layer(kind, *weights, **config):
    """(class name, config, weights) of a layer."""
    return kind, config, weights


def sequential(layers):
    """A Sequential's config, in which unnamed layers are called l0, l1, ..."""
    configs = [
        {"module": "keras.layers", "class_name": kind, "config": {"name": f"l{i}", **c}}
        for i, (kind, c, _) in enumerate(layers)
    ]
    return {"class_name": "Sequential", "config": {"name": "s", "layers": configs}}


def write_groups(group, layers):
    """The weights as Keras 3 writes them."""
    names = keras_graph._counted([kind for kind, _, _ in layers])
    for i, (name, (_, config, weights)) in enumerate(zip(names, layers, strict=True)):
        variables = group.create_group(f"layers/{name}/vars")
        variables.attrs["name"] = config.get("name", f"l{i}")
        for j, array in enumerate(weights):
            variables[str(j)] = array


def write_keras(path, layers, *, config=None, version="3.15.1"):
    """A .keras file."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as h5:
        write_groups(h5, layers)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps(config or sequential(layers)))
        archive.writestr("model.weights.h5", buffer.getvalue())
    return path


def write_keras_2(path, layers, *, version="2.15.0", weights_only=False):
    """An HDF5 file as Keras 2 writes it."""
    model = sequential(layers)
    for entry in model["config"]["layers"]:
        del entry["module"]
    with h5py.File(path, "w") as h5:
        group = h5
        if not weights_only:
            h5.attrs["model_config"] = json.dumps(model)
            h5.attrs["keras_version"] = version
            group = h5.create_group("model_weights")
        names = [entry["config"]["name"] for entry in model["config"]["layers"]]
        group.attrs["layer_names"] = [name.encode() for name in names]
        for name, (_, _, weights) in zip(names, layers, strict=True):
            of_layer = group.create_group(name)
            listed = [f"{name}/v{j}:0" for j in range(len(weights))]
            of_layer.attrs["weight_names"] = [n.encode() for n in listed]
            for full, array in zip(listed, weights, strict=True):
                of_layer[full] = array
    return path
