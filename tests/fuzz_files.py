"""Fuzzes everything that reads files: loaders against bytes that no one has written.

    pip install atheris==3.0.0
    python tests/fuzz_files.py fuzz FOLDER MINUTES [TARGET...]
    python tests/fuzz_files.py replay FOLDER   # what it has found
    python tests/fuzz_files.py keep FOLDER     # as tests/data/fuzz.zip

Whatever the bytes are, a reader returns a network that predicts or raises a ValueError,
in seconds, and takes memory in proportion to the file. `fuzz` gives each target its
share of the time, in a process of its own; a file that breaks the rule is kept in
FOLDER/TARGET.broken, and where it ends the process the next one goes on.
"""

from __future__ import annotations

import functools
import gc
import json
import random
import subprocess
import sys
import tempfile
import time
import traceback
import types
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import fcnn
from fcnn import _tree

DATA = Path(__file__).parent / "data"
KEEP = DATA / "fuzz.zip"
SHARES = {
    "network": 8,
    "checkpoint": 12,
    "onnx": 4,
    "safetensors": 2,
    "pt": 2,
    "keras": 2,
}


@functools.cache
def folder() -> Path:
    """Where the files lie while they are read: in memory, if there is such a place."""
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))


def written(data: bytes, name: str) -> Path:
    path = folder() / name
    path.write_bytes(data)
    return path


# ---- the targets: each takes bytes, and returns or raises ValueError ----


def predicts(net: fcnn.Network) -> None:
    out = net.predict(np.zeros((2, net.sizes[0]), "f4"))
    assert out.shape == (2, net.sizes[-1])


def network(data: bytes) -> None:
    predicts(fcnn.load(written(data, "net.safetensors")))


X = np.linspace(-1, 1, 24).reshape(12, 2)
Y = np.arange(12) % 3


def make(*, standardize: bool = True) -> fcnn.Network:
    return fcnn.Network([2, 4, 3], "tanh", "softmax", seed=1, standardize=standardize)


def fits() -> dict[str, dict[str, Any]]:
    """Of each kind of checkpoint the arguments of its fit."""
    stop = [fcnn.EarlyStopping("loss", patience=9), fcnn.ReduceLROnPlateau("loss")]
    log = [fcnn.CSVLogger(folder() / "log.csv")]
    rows = {"X": X, "y": Y, "epochs": 2}
    stream = [(X[:5], Y[:5], None), (X[5:], Y[5:], np.ones(7))]
    return {
        "SGD": {**rows, "optimizer": fcnn.SGD(momentum=0.9), "validation_split": 0.2},
        "LBFGS": {**rows, "optimizer": "lbfgs", "callbacks": log},
        "NAdam": {"batches": stream, "epochs": 2, "optimizer": "nadam"},
        "Rprop": {**rows, "optimizer": "rprop", "sample_weight": np.ones(12)},
        "Adam": {**rows, "callbacks": stop, "metrics": "accuracy", "batch_size": 5},
    }


def resume(data: bytes) -> None:
    """By the fit that goes with the checkpoint's optimizer."""
    path = written(data, "run.ckpt")
    chosen = next((f for name, f in fits().items() if name.encode() in data), None)
    chosen = chosen or fits()["Adam"]
    net = make(standardize="X" in chosen)
    before = net.parameters.copy()
    try:
        net.fit(**chosen, resume=path, progress=False)
    except ValueError:
        assert np.array_equal(net.parameters, before)
        raise
    except fcnn.TrainingDiverged:
        return
    predicts(net)


def onnx(data: bytes) -> None:
    predicts(fcnn.from_onnx(written(data, "net.onnx")))


def safetensors(data: bytes) -> None:
    predicts(fcnn.from_torch(written(data, "w.safetensors"), "relu", "identity"))


def pt(data: bytes) -> None:
    predicts(fcnn.from_torch(written(data, "w.pt"), "relu", "identity"))


def keras(data: bytes) -> None:
    path = written(data, "model.keras")
    try:
        predicts(fcnn.from_keras(path))
    except ValueError as error:
        if "weights alone" not in str(error):
            raise
        predicts(fcnn.from_keras(path, "relu", "identity"))


TARGETS = {
    "network": network,
    "checkpoint": resume,
    "onnx": onnx,
    "safetensors": safetensors,
    "pt": pt,
    "keras": keras,
}


def run(target: str, data: bytes) -> bool:
    """Whether the file was taken; AssertionError where the rule is broken."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            TARGETS[target](data)
        except ValueError:
            return False
        return True


# ---- the files to begin with ----


def seeds(target: str) -> Iterator[bytes]:
    """Good files of each kind, small ones."""
    path = folder() / "seed"
    if target == "network":
        yield (DATA / "format_1.safetensors").read_bytes()
        for net in (
            fcnn.Network([3, 4, 2], "elu(0.5)", "softmax", bias=[True, False], seed=0),
            fcnn.Network([2, 1], dtype="float64", loss="mse", dropout=0.1, seed=1),
        ):
            net.save(path)
            yield path.read_bytes()
        net = make()
        net.fit(X, Y, epochs=1)
        net.save(path)
        yield path.read_bytes()
    elif target == "checkpoint":
        for arguments in fits().values():
            for save in (
                fcnn.Checkpoint(path),
                Halfway(path, every_batches=1),
            ):
                batchwise = isinstance(save, Halfway)
                if batchwise and arguments.get("optimizer") in ("lbfgs", "rprop"):
                    continue
                callbacks = [save, *arguments.get("callbacks", [])]
                try:
                    net = make(standardize="X" in arguments)
                    net.fit(**arguments | {"callbacks": callbacks, "progress": False})
                except KeyboardInterrupt:
                    pass
                yield path.read_bytes()
    elif target == "onnx":
        for name, opset in (("gelu", 20), ("mish", 17), ("hard_sigmoid(0.2)", 13)):
            net = fcnn.Network([2, 3, 2], name, "softmax", seed=0, standardize=True)
            net.fit(X, Y % 2, epochs=1)
            yield net.to_onnx(opset=opset).SerializeToString()
    elif target == "safetensors":
        yield (DATA / "torch_digits.safetensors").read_bytes()
        yield small_safetensors()
    elif target == "pt":
        yield (DATA / "torch_digits.pt").read_bytes()
    else:
        for name in (
            "keras_diabetes.keras",
            "keras_digits.h5",
            "keras_dense.weights.h5",
        ):
            yield (DATA / name).read_bytes()
        from keras_files import layer, write_keras, write_keras_2

        ones, zeros = np.ones((2, 2), "f4"), np.zeros(2, "f4")
        dense = layer("Dense", ones, zeros, units=2, activation="relu", use_bias=True)
        yield write_keras(path, [dense, layer("Dropout", rate=0.1)]).read_bytes()
        yield write_keras_2(path, [dense]).read_bytes()
        yield write_keras_2(path, [dense], weights_only=True).read_bytes()


class Halfway(fcnn.Checkpoint):
    """A checkpoint of the middle of the second epoch, as a killed fit leaves it."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        super().on_train_batch_end(batch, logs)
        if self._run.epoch == 1:
            raise KeyboardInterrupt


def small_safetensors() -> bytes:
    from safetensors.numpy import save

    arrays = {"0.weight": np.ones((3, 2), "f4"), "0.bias": np.zeros(3, "f4")}
    return bytes(save(arrays | {"2.weight": np.ones((1, 3), "f2")}))


# ---- mutations: of bytes, and of the JSON within, with a checksum that is right ----

VALUES = [
    *(None, True, False, 0, 1, -1, 2, 2**31, 2**53 + 1, 2**63, 2**64, 10**40, 0.5),
    *(-0.0, 1e-320, 1e308, "", "x", "0", [], [0], [[]], {}, {"a": 1}, [None] * 3),
    *({"tensor": "x"}, {"float": "nan"}, {"float": "x"}, {"float": "inf"}, {"dict": 1}),
    *("relu", "softmax", "elu(0)", "elu(1e400)", "float64", "mean", "huber(-1)"),
]
TEXTS = ("fcnn", "fcnn_checkpoint", "model_config")


def mutated_json(data: bytes, chance: random.Random) -> bytes:
    """A safetensors file with a part of its header, or of the JSON in it, changed."""
    try:
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size])
        body = data[8 + size :]
        metadata = header.get("__metadata__", {})
        key = next((k for k in TEXTS if k in metadata), None)
        inner = json.loads(metadata[key]) if key else None
        for _ in range(chance.choice((1, 1, 2, 4))):
            if inner is None or chance.random() < 0.15:
                header = changed(header, chance)
            else:
                inner = changed(inner, chance)
        if inner is not None:
            header["__metadata__"][key] = json.dumps(inner)
        return packed(header, body)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return data


def packed(header: Any, body: bytes) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def changed(value: Any, chance: random.Random) -> Any:
    """The value with one place in it changed."""
    if not isinstance(value, (dict, list)) or not value or chance.random() < 0.03:
        if isinstance(value, (int, float)) and chance.random() < 0.5:
            return value + chance.choice((-1, 1, 0.5, 2**32))
        return chance.choice(VALUES)
    value = value.copy()
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = chance.choice(keys)
    kind = chance.random()
    if kind < 0.06:
        del value[key]
    elif kind < 0.1 and isinstance(value, list):
        value.insert(key, value[chance.randrange(len(value))])
    elif kind < 0.16:
        value[key] = value[chance.choice(keys)]
    else:
        value[key] = changed(value[key], chance)
    return value


def repaired(data: bytes) -> bytes:
    """A checkpoint with the checksum of what is in it, or nothing else is tested."""
    from safetensors.numpy import load

    try:
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size])
        metadata = header["__metadata__"]
        if "checksum" in metadata:
            text = metadata["fcnn_checkpoint"]
            metadata["checksum"] = _tree._checksum(text, load(data))
            return packed(header, data[8 + size :])
    except Exception:  # noqa: BLE001 (then it is no safetensors file: as it is)
        pass
    return data


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, or some JSON."""
    if chance.random() < 0.6:
        other = mutated_json(data, chance)
        if other != data:
            return other
    changed_bytes = bytearray(data or b"\0")
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(changed_bytes))
        kind = chance.random()
        if kind < 0.6:
            changed_bytes[at] = chance.choice(
                (0, 1, 127, 128, 255, chance.randrange(256))
            )
        elif kind < 0.75:
            del changed_bytes[at : at + chance.choice((1, 2, 8, 100))]
        elif kind < 0.9:
            changed_bytes[at:at] = changed_bytes[: chance.choice((1, 4, 50))]
        else:
            del changed_bytes[at:]
        changed_bytes = changed_bytes or bytearray(1)
    return bytes(changed_bytes)


# ---- guided by coverage, with Atheris ----


def fuzz(place: Path, minutes: float, targets: list[str]) -> None:
    total = sum(SHARES[target] for target in targets)
    for target in targets:
        corpus = place / target
        corpus.mkdir(parents=True, exist_ok=True)
        for i, data in enumerate(seeds(target)):
            (corpus / f"seed{i}").write_bytes(data)
        end = time.monotonic() + 60 * minutes * SHARES[target] / total
        while (left := int(end - time.monotonic())) > 2:
            command = [sys.executable, __file__, "one", target, str(corpus), str(left)]
            with (place / f"{target}.log").open("a") as log:
                subprocess.run(command, stdout=log, stderr=log, check=False)
        print(target, len(list(corpus.iterdir())), "files", flush=True)


def fuzz_one(target: str, corpus: Path, seconds: int) -> None:
    import atheris

    for data in seeds(target):  # which imports all that reads
        run(target, data)
    # (an editable install has a way of its own to import, which Atheris does not see)
    for found in gc.get_objects():
        if isinstance(found, types.FunctionType):
            name = found.__module__ or ""
            if name.partition(".")[0] in ("fcnn", "zipfile") and name != __name__:
                atheris.instrument_func(found)

    broken = corpus.with_suffix(".broken")
    broken.mkdir(exist_ok=True)

    def one(data: bytes) -> None:
        data = repaired(data) if target == "checkpoint" else data
        try:
            run(target, data)
        except Exception as error:  # noqa: BLE001
            at = traceback.extract_tb(error.__traceback__)[-1]
            name = f"{type(error).__name__}-{Path(at.filename).stem}-{at.lineno}"
            (broken / name).write_bytes(data)

    def mutator(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if chance.random() < 0.5:
            data = mutated_json(data, chance)
        else:
            data = atheris.Mutate(data, most)
        return data[:most]

    arguments = [
        *(sys.argv[0], str(corpus), f"-artifact_prefix={broken}/"),
        *(f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=3000"),
        *("-max_len=100000", "-print_final_stats=1", "-reload=0"),
    ]
    atheris.Setup(arguments, one, custom_mutator=mutator)
    atheris.Fuzz()


def replay(place: Path) -> None:
    """Every file of a folder once: what is taken, what is refused, what breaks."""
    for target in TARGETS:
        taken = refused = broken = 0
        for path in sorted(place.glob(f"{target}*/*")):
            data = path.read_bytes()
            try:
                ok = run(target, repaired(data) if target == "checkpoint" else data)
                taken, refused = taken + ok, refused + (not ok)
            except BaseException as error:  # noqa: BLE001
                broken += 1
                print(path, type(error).__name__, str(error)[:200], flush=True)
        print(
            target, taken, "taken,", refused, "refused,", broken, "broken", flush=True
        )


def kept() -> dict[str, list[bytes]]:
    """The files of tests/data/fuzz.zip by their targets."""
    found: dict[str, list[bytes]] = {target: [] for target in TARGETS}
    with zipfile.ZipFile(KEEP) as archive:
        for name in archive.namelist():
            found[name.partition("/")[0]].append(archive.read(name))
    return found


def keep(place: Path, most: int = 60_000) -> None:
    """All that broke, and of the rest, by chance, up to so many bytes a target.

    Nothing of HDF5: what one version of its library refuses another could hang on.
    """
    chance = random.Random(0)
    with zipfile.ZipFile(KEEP, "w") as archive:
        for target in TARGETS:
            if target == "keras":
                continue
            broken = sorted((place / f"{target}.broken").glob("*"))
            paths = sorted((place / target).glob("*"))
            chance.shuffle(paths)
            room = most
            for i, path in enumerate([*broken, *paths]):
                data = path.read_bytes()
                room -= len(data)
                if room > 0 or i < len(broken):
                    entry = zipfile.ZipInfo(f"{target}/{i:03d}")
                    archive.writestr(entry, data, zipfile.ZIP_DEFLATED)


COMMANDS: dict[str, Callable[..., None]] = {
    "fuzz": lambda place, minutes, *names: fuzz(
        Path(place).absolute(), float(minutes), list(names) or list(SHARES)
    ),
    "one": lambda target, corpus, seconds: fuzz_one(target, Path(corpus), int(seconds)),
    "replay": lambda place: replay(Path(place)),
    "keep": lambda place: keep(Path(place)),
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
