"""No code in a file is run, and no other file is read, whatever a model file says."""

from __future__ import annotations

import base64
import contextlib
import json
import pickle
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from onnx import TensorProto, helper

import fcnn
from fcnn import _tree
from fuzz_files import packed
from keras_files import layer, sequential, write_keras

seen: list[list[tuple[str, tuple[object, ...]]]] = []  # of what is watched now


def hook(event: str, arguments: tuple[object, ...]) -> None:
    if seen:
        seen[-1].append((event, arguments))


sys.addaudithook(hook)  # one that can never be removed: it rests outside `watched`

RUNS = {"exec", "compile", "pickle.find_class", "os.system", "subprocess.Popen"}
RUNS |= {"os.exec", "os.posix_spawn", "os.fork", "marshal.loads", "socket.connect"}


class Ran(Exception):
    """Raised by the payload, if it is run in this process."""


def payload():
    raise Ran


class Malicious:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return eval, ("__import__('test_nothing_is_executed').payload()",)


PICKLE = pickle.dumps(Malicious())
TEXTS = [
    PICKLE.decode("latin-1"),
    base64.b64encode(PICKLE).decode(),
    "__import__('os').system('touch /tmp/ran')",
    "{0.__class__.__init__.__globals__}",
    "%s%n",
    "../../../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "$(touch ran)",
]


@contextlib.contextmanager
def watched(folder):
    """Nothing is run, imported from a file's word, or opened beside the one file."""
    names = {path.name for path in folder.iterdir()}
    seen.append([])
    try:
        yield
    finally:
        events = seen.pop()
        assert {path.name for path in folder.iterdir()} == names
        for event, arguments in events:
            # what a first import compiles is this machine's own code
            own = event in ("exec", "compile", "marshal.loads") and importing(arguments)
            assert own or event not in RUNS, (event, arguments)
            opened = str(arguments[0]) if event == "open" else ""
            assert Path(opened).stem not in ("passwd", "secret"), opened


def importing(arguments):
    """Of a module that lies in a file, as Python's own import runs it."""
    code = arguments[0]
    text = getattr(code, "co_filename", None)
    return isinstance(code, bytes) or (text or str(arguments[-1])).endswith(".py")


def attempt(folder, function, *arguments):
    with contextlib.suppress(ValueError):  # for what is imported late
        function(*arguments)
    with watched(folder), pytest.raises(ValueError, match=r"\w"):
        function(*arguments)


def taken(folder, function, *arguments):
    function(*arguments)
    with watched(folder):
        function(*arguments)


# ---- fcnn's own ----


def header_of(path):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size]), data[8 + size :]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_networks(text, tmp_path):
    path = tmp_path / "net"
    fcnn.Network([2, 3, 1], "tanh", seed=0).save(path)
    header, body = header_of(path)
    fields = json.loads(header["__metadata__"]["fcnn"])
    for name in fields:
        if name != "fcnn_version":  # of messages only
            changed = fields | {name: [text] if name == "activations" else text}
            both = header | {"__metadata__": {"fcnn": json.dumps(changed)}}
            path.write_bytes(packed(both, body))
            attempt(tmp_path, fcnn.load, path)
    renamed = header | {text: header["layers.1.weight"]}
    del renamed["layers.1.weight"]
    path.write_bytes(packed(renamed, body))
    attempt(tmp_path, fcnn.load, path)
    header["__metadata__"]["other"] = text
    path.write_bytes(packed(header, body))
    taken(tmp_path, fcnn.load, path)


def test_pickles_for_networks(tmp_path):
    path = tmp_path / "net.safetensors"
    for data in (PICKLE, pickle.dumps(fcnn.Network([2, 1])), b"\0" * 8 + PICKLE):
        path.write_bytes(data)
        attempt(tmp_path, fcnn.load, path)
        attempt(tmp_path, resume, path)
        attempt(tmp_path, fcnn.from_onnx, path)
        attempt(tmp_path, fcnn.from_keras, path)
        attempt(tmp_path, weights, path)


def resume(path):
    net = fcnn.Network([2, 1], seed=0)
    net.fit([[0, 0]], [1], epochs=2, resume=path, callbacks=fcnn.EarlyStopping("loss"))


def weights(path):
    fcnn.from_torch(path, "relu", "identity")


def places(tree, at=()):
    """The paths to all values of a tree."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        yield (*at, key)
        if isinstance(value, (dict, list)):
            yield from places(value, (*at, key))


def test_checkpoints(tmp_path):
    """In the place of each value that it has."""
    path = tmp_path / "run"
    net = fcnn.Network([2, 1], seed=0)
    callbacks = [fcnn.Checkpoint(path), fcnn.EarlyStopping("loss", patience=5)]
    net.fit([[0, 0]], [1], epochs=1, callbacks=callbacks)
    tree = _tree.read(path, "fcnn_checkpoint")
    texts = iter(TEXTS * 100)
    with contextlib.suppress(ValueError):
        resume(path)  # for what is imported late
    for place in places(tree):
        changed = _tree.read(path, "fcnn_checkpoint")
        at = changed
        for key in place[:-1]:
            at = at[key]
        at[place[-1]] = next(texts)
        file = tmp_path / "changed"
        _tree.write(file, "fcnn_checkpoint", changed)
        with watched(tmp_path), contextlib.suppress(ValueError):
            resume(file)


# ---- other libraries' ----


def model(*nodes, initializers=(), domain=""):
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])],
        list(initializers),
    )
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(domain or "own", 1)]
    return helper.make_model(graph, opset_imports=versions)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_onnx_operators(text, tmp_path):
    path = tmp_path / "net.onnx"
    for node in (
        helper.make_node(text, ["x"], ["y"]),
        helper.make_node("Op", ["x"], ["y"], domain=text),
        helper.make_node("PyOp", ["x"], ["y"], domain="ai.onnx.contrib", code=text),
        helper.make_node("PythonOp", ["x"], ["y"], domain="com.microsoft", name=text),
    ):
        path.write_bytes(model(node, domain=node.domain).SerializeToString())
        attempt(tmp_path, fcnn.from_onnx, path)


@pytest.mark.parametrize("by", ["absolute", "above", "link", "link to a folder"])
def test_onnx_external_data(by, tmp_path):
    """Numbers are read of files in the model's folder only."""
    folder = tmp_path / "model"
    folder.mkdir()
    secret = tmp_path / "secret"
    secret.write_bytes(np.ones(2, "f4").tobytes())
    location = {
        "absolute": str(secret),
        "above": "../secret",
        "link": "link",
        "link to a folder": "up/secret",
    }[by]
    (folder / "link").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    tensor = TensorProto(name="W", data_type=TensorProto.FLOAT, dims=[2, 1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    node = helper.make_node("MatMul", ["x", "W"], ["y"])
    made = model(node, initializers=[tensor])
    path = folder / "net.onnx"
    path.write_bytes(made.SerializeToString())
    attempt(folder, fcnn.from_onnx, path)
    (folder / "link").unlink()
    (folder / "link").write_bytes(secret.read_bytes())
    if by == "link":  # a file of its own: that is what external data is
        taken(folder, fcnn.from_onnx, path)


def keras_lambda(code):
    """A Lambda layer as Keras writes it: a function's marshalled code."""
    return layer(
        "Lambda",
        function={
            "class_name": "__lambda__",
            "config": {"code": code, "defaults": None, "closure": None},
        },
    )


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_keras(text, tmp_path):
    path = tmp_path / "model.keras"
    ones = np.ones((2, 2), "f4"), np.zeros(2, "f4")
    dense = layer("Dense", *ones, units=2, activation="relu", use_bias=True)
    evil = layer("Dense", *ones, units=2, activation=text, use_bias=True)
    write_keras(path, [dense])
    taken(tmp_path, fcnn.from_keras, path)
    for layers in (
        [dense, keras_lambda(text)],
        [evil],
        [layer(text, *ones, units=2, activation="relu", use_bias=True)],
    ):
        write_keras(path, layers)
        attempt(tmp_path, fcnn.from_keras, path)
    other = sequential([dense])
    for entry in other["config"]["layers"]:
        entry.update(module="test_nothing_is_executed", registered_name=text)
        entry.update(class_name="payload", build_config={"fn": text})
    write_keras(path, [dense], config=other)
    attempt(tmp_path, fcnn.from_keras, path)


def test_keras_members_of_other_names(tmp_path):
    """A zip's members are read by name, and none is unpacked."""
    path = tmp_path / "model.keras"
    ones = np.ones((2, 2), "f4"), np.zeros(2, "f4")
    dense = layer("Dense", *ones, units=2, activation="relu", use_bias=True)
    write_keras(path, [dense])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../ran", b"x")
        archive.writestr("assets/code.py", b"raise Ran")
    taken(tmp_path, fcnn.from_keras, path)


@pytest.mark.parametrize("kind", ["soft", "external", "storage"])
def test_keras_links(kind, tmp_path):
    """An HDF5 file can name other files: they are not opened."""
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as h5:
        h5["0"] = np.ones((2, 2), "f4")
    path = tmp_path / "model.weights.h5"
    with h5py.File(path, "w") as h5:
        group = h5.create_group("layers/dense/vars")
        if kind == "soft":
            group["0"] = h5py.SoftLink("/elsewhere")
        elif kind == "external":
            group["0"] = h5py.ExternalLink(str(secret), "/0")
        else:
            group.create_dataset("0", (2, 2), "f4", external=str(secret))
    attempt(tmp_path, lambda p: fcnn.from_keras(p, output="relu"), path)


def torch_file(path, data):
    """A zip as torch.save writes it, around a pickle of ours."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", b"3\n")


def test_a_pickle_in_safetensors(tmp_path):
    path = tmp_path / "w.safetensors"
    for text in TEXTS:
        entry = {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}
        header = {text: entry, "__metadata__": {"code": text}}
        path.write_bytes(packed(header, bytes(8)))
        attempt(tmp_path, weights, path)


@pytest.mark.torch
def test_torch(tmp_path):
    path = tmp_path / "w.pt"
    for data in (PICKLE, pickle.dumps({"0.weight": Malicious()}, 2)):
        torch_file(path, data)
        attempt(tmp_path, weights, path)
        path.write_bytes(data)  # as torch.save did before there were zips
        attempt(tmp_path, weights, path)


def test_the_payload_would_be_seen(tmp_path):
    """The watch itself: each of these is what the files above must not cause."""
    with pytest.raises(Ran):
        pickle.loads(PICKLE)
    (tmp_path / "secret").touch()
    for act in (
        (tmp_path / "new").touch,
        (tmp_path / "secret").read_bytes,
        lambda: eval("1 + 1"),
        lambda: pickle.loads(pickle.dumps(fcnn.SGD())),
    ):
        with pytest.raises(AssertionError), watched(tmp_path):
            act()
