"""Files that no one has written: ValueErrors, in little time and memory.

`tests/fuzz_files.py` has looked for them, guided by coverage; what it kept is replayed
here, and as many more made by chance from a seed.
"""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import fuzz_files
from fcnn import _tree
from fuzz_files import TARGETS, kept, mutated, packed, repaired, run, seeds

# PyTorch is no requirement of the tests.
PARAMETERS = [
    pytest.param(target, marks=[pytest.mark.torch] if target == "pt" else [])
    for target in TARGETS
    if target != "keras"
]


@pytest.mark.parametrize("target", PARAMETERS)
def test_replayed(target):
    files = kept()[target]
    assert len(files) >= 4
    taken = sum(run(target, data) for data in files)
    assert taken < len(files)


@pytest.mark.parametrize("target", PARAMETERS)
def test_by_chance(target):
    good, chance = list(seeds(target)), random.Random(20240229)
    assert all(run(target, data) for data in good)
    for _ in range(400):
        data = mutated(chance.choice(good), chance)
        run(target, repaired(data) if target == "checkpoint" else data)


def test_keras():
    """Good files only: of some damaged ones the HDF5 library never returns."""
    assert all(run("keras", data) for data in seeds("keras"))


# ---- memory ----

MEASURED = """
import resource, sys, tracemalloc
sys.path.insert(0, sys.argv[1])
import fuzz_files
from pathlib import Path
target = sys.argv[2]
for data in fuzz_files.seeds(target):
    fuzz_files.run(target, data)  # what is imported late
tracemalloc.start()
for name in sys.argv[3:]:
    data = Path(name).read_bytes()
    fuzz_files.written(data, "measured")
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    high = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fuzz_files.run(target, data)
    traced = tracemalloc.get_traced_memory()[1] - before
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - high
    print(len(data), traced, rss * (1 if sys.platform == "darwin" else 1024))
"""


def measured(target, files, folder):
    """(size, peak of Python's and NumPy's memory, growth of the process) of each."""
    paths = []
    for i, data in enumerate(files):
        paths.append(folder / str(i))
        paths[-1].write_bytes(data)
    here = Path(fuzz_files.__file__).parent
    command = [sys.executable, "-c", MEASURED, str(here), target, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]


def hungry(target):
    """Small files that ask for much, and large ones of which each byte costs most."""
    size = 100_000
    if target in ("network", "safetensors", "checkpoint"):
        yield from hungry_safetensors(target, size)
    if target == "network":
        net = fuzz_files.fcnn.Network([700, 700], seed=0)
        path = fuzz_files.folder() / "large"
        net.save(path)
        yield path.read_bytes()
    if target == "onnx":
        import onnx

        tensor = onnx.TensorProto(name="W", data_type=1, dims=[2**20, 2**20])
        tensor.raw_data = bytes(8)
        graph = onnx.GraphProto(initializer=[tensor])
        graph.node.add(op_type="Relu", input=["x"], output=["y"])
        graph.output.add(name="y")
        graph.input.add(name="x")
        yield onnx.ModelProto(graph=graph).SerializeToString()
        del graph.initializer[:]
        graph.node.extend([graph.node[0]] * (size // 20))
        yield onnx.ModelProto(graph=graph).SerializeToString()


def hungry_safetensors(target, size):
    deep = '{"":' * 200 + "0" + "}" * 200
    for item in ("[]", '{"a":{}}', "{}", deep, "1.5", '"ab"'):
        text = f"[{','.join([item] * (size // (len(item) + 1)))}]"
        metadata = {"fcnn": text}
        if target == "checkpoint":
            checksum = _tree._checksum(text, {})
            metadata = {"fcnn_checkpoint": text, "checksum": checksum}
        yield packed({"__metadata__": metadata}, b"")
        header = f'{{"a": {text}}}'.encode()
        yield len(header).to_bytes(8, "little") + header
    for shape in ([2**30, 2**30], [2**62], [10**18, 0], [1] * 10_000):
        entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, 8]}
        n_layers = len(shape) - 1
        fields = {"format_version": 1, "sizes": shape, "biases": [True] * n_layers}
        fields |= {"activations": ["relu"] * n_layers, "loss": "mse", "seed": 0}
        metadata = {"fcnn": json.dumps(fields | {"dtype": "float32"})}
        yield packed({"layers.1.weight": entry, "__metadata__": metadata}, bytes(8))
    nothing = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    yield packed({str(i): nothing for i in range(size // 70)}, b"")


# bytes for a byte of the file: JSON of nothing but "[]," is what costs most
BOUND = {"network": 50, "checkpoint": 100, "safetensors": 50, "onnx": 50}


@pytest.mark.parametrize("target", BOUND)
def test_memory(target, tmp_path):
    files = [*hungry(target), *seeds(target)]
    for size, traced, resident in measured(target, files, tmp_path):
        bound = BOUND[target] * size + 2**20
        assert traced < bound, (size, traced)
        assert resident < bound + 2**23, (size, resident)


# ---- numbers that are in the file once, and in the network many times ----


def test_a_tensor_that_many_nodes_share():
    from onnx import helper, numpy_helper

    nodes, last = [], "x"
    for i in range(20):
        nodes.append(helper.make_node("MatMul", [last, "W"], [f"z{i}"]))
        nodes.append(helper.make_node("Relu", [f"z{i}"], [last := f"a{i}"]))
    ends = [helper.make_tensor_value_info(name, 1, ["n", 250]) for name in ("x", last)]
    weight = numpy_helper.from_array(np.ones((250, 250), "f4"), "W")
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    with pytest.raises(ValueError, match="more than 16 times the file's"):
        fuzz_files.fcnn.from_onnx(model)


def all_at_one_place(path):
    """Every tensor of a .pt file of equal ones is then the first one's bytes."""
    with zipfile.ZipFile(path) as stored:
        members = {name: stored.read(name) for name in stored.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        first = None
        for name, data in members.items():
            if first is not None and Path(name).parent.name == "data":
                again = copy.copy(first)
                again.filename = again.orig_filename = name
                archive.filelist.append(again)
                continue
            archive.writestr(name, data)
            if Path(name).parent.name == "data":
                first = archive.getinfo(name)


@pytest.mark.torch
@pytest.mark.parametrize("how", ["expanded", "shared", "compressed", "overlapping"])
def test_small_files_of_large_tensors(how, tmp_path):
    import torch

    path = tmp_path / "w.pt"
    state = {
        "expanded": {"0.weight": torch.zeros(1).expand(20_000, 20_000)},
        "shared": dict.fromkeys((f"{i}.weight" for i in range(20)), torch.ones(99, 99)),
        "compressed": {"0.weight": torch.zeros(1000, 1000)},
        "overlapping": {f"{i}.weight": torch.ones(99, 99) for i in range(20)},
    }[how]
    torch.save(state, path)
    if how == "compressed":
        with zipfile.ZipFile(path) as stored:
            members = {name: stored.read(name) for name in stored.namelist()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
    if how == "overlapping":
        all_at_one_place(path)
        assert path.stat().st_size < 99 * 99 * 4 + 10_000
    with pytest.raises(ValueError, match=r"repeat them|compressed|take more bytes"):
        fuzz_files.fcnn.from_torch(path, "relu", "identity")
