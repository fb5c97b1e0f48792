"""Files of a version, kept for ever: later versions must read them.

    python tests/version_files.py    # writes tests/data/version_<this version>.zip

One network of each interesting kind, and one checkpoint of each optimizer, with what
they predict. Never write a released version's again, and change nothing below but by
adding: the tests make the same fits to resume the checkpoints of all versions.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

import fcnn
from fcnn import files

DATA = Path(__file__).parent / "data"

# Numbers that are the same on every machine.
X = (np.arange(60).reshape(20, 3) * 7919 % 101) / 101
T = (np.arange(40).reshape(20, 2) * 7907 % 103) / 103
LABELS = np.arange(20) % 3

NETWORKS: dict[str, tuple[dict[str, Any], bool]] = {  # arguments, whether it is trained
    "plain": ({"sizes": [3, 5, 2]}, False),
    "standardized": (
        {"sizes": [3, 4, 2], "output": "identity", "standardize": True},
        True,
    ),
    "dropout": (
        {"sizes": [3, 6, 2], "activation": "relu", "dropout": [0.1, 0.5]}
        | {"input_noise": 0.25},
        True,
    ),
    "biasless": ({"sizes": [3, 4, 4, 2], "bias": [True, False, False]}, False),
    "parameters": (
        {"sizes": [3, 4, 5, 2], "activation": ["leaky_relu(0.2)", "elu(0.5)"]}
        | {"output": "hard_sigmoid(0.2)", "loss": "huber(0.5)", "seed": 2**64 - 1},
        False,
    ),
    "float64": ({"sizes": [3, 4, 2], "activation": "mish", "dtype": "float64"}, True),
}
TABLE = {
    "version": 1,
    "task": "classification",
    "target": "kind",
    "columns": [
        {"name": "length", "categories": None, "fill": 0.5},
        {"name": "color", "categories": ["blue", "grün"], "fill": None},
    ],
    "classes": ["ant", "bee, or wasp"],
}

FITS: dict[str, dict[str, Any]] = {
    "sgd": {"optimizer": fcnn.SGD(0.05, momentum=0.9)},
    "adam": {
        "optimizer": fcnn.Adam(fcnn.schedules.Cosine(0.01, steps=100)),
        "metrics": "accuracy",
        "validation_split": 0.25,
    },
    "adamw": {"optimizer": fcnn.AdamW(0.01, weight_decay=0.1)},
    "rmsprop": {"optimizer": fcnn.RMSprop(0.01, momentum=0.5)},
    "adagrad": {"optimizer": fcnn.Adagrad(0.05)},
    "nadam": {"optimizer": fcnn.NAdam(0.01)},
    "rprop": {"optimizer": fcnn.Rprop()},
    "lbfgs": {"optimizer": fcnn.LBFGS()},
    "levenberg_marquardt": {"optimizer": fcnn.LevenbergMarquardt()},
}


def make_network(name: str) -> fcnn.Network:
    arguments, trained = NETWORKS[name]
    net = fcnn.Network(**{"seed": 7} | arguments)
    if trained:
        net.fit(X, T, epochs=2, progress=False)
    return net


def fit(name: str, epochs: int, **arguments: Any) -> fcnn.Network:
    """A fit of so many epochs, stopped early by nothing."""
    regression = name == "levenberg_marquardt"
    output = "identity" if regression else "softmax"
    net = fcnn.Network(
        [3, 4, 2 if regression else 3],
        *("tanh", output),
        dtype="float64",
        standardize=True,
        seed=11,
    )
    stop = fcnn.EarlyStopping("loss", patience=50, restore_best_weights=False)
    before = arguments.pop("callbacks", [])
    options = FITS[name] | {"callbacks": [*before, stop], "progress": False}
    net.fit(X, T if regression else LABELS, epochs=epochs, **options, **arguments)
    return net


def main() -> None:
    expected: dict[str, Any] = {}
    path = DATA / f"version_{fcnn.__version__}.zip"
    with (
        zipfile.ZipFile(path, "w") as archive,
        tempfile.TemporaryDirectory() as folder,
    ):
        file = Path(folder, "file")

        def add(name: str) -> None:
            entry = zipfile.ZipInfo(name)
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)

        for name in NETWORKS:
            net = make_network(name)
            net.save(file)
            add(f"{name}.safetensors")
            expected[name] = net.predict(X)
        files.write(file, make_network("plain"), TABLE)
        add("table.safetensors")
        for name in FITS:
            fit(name, 2, callbacks=[fcnn.Checkpoint(file)])
            add(f"{name}.ckpt")
            expected[f"{name} resumed"] = fit(name, 4).predict(X)
        numbers = io.BytesIO()
        np.savez_compressed(numbers, **expected)
        file.write_bytes(numbers.getvalue())
        add("expected.npz")


if __name__ == "__main__":
    main()
