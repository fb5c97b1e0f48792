"""fcnn inspect: show what a model file holds.

Its architecture, each layer's weights and biases, and of a model of fcnn train the
target, the classes, and each input with the mean and scale that standardize it.

Examples
--------
  fcnn inspect model.safetensors
  fcnn inspect model.safetensors --json | jq .layers
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import files
from fcnn.cli import memory
from fcnn.cli.output import listed, say, say_json, say_table
from fcnn.layers import Layer

if TYPE_CHECKING:
    from fcnn._types import Array
    from fcnn.network import Network

_SHOWN = 20  # inputs, unless --all


def add(parser: ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", help="a file that fcnn train or Network.save wrote")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--all", action="store_true", help=f"every input, not the first {_SHOWN}"
    )


def run(options: Namespace) -> None:
    """Reads the file and shows it."""
    net, written = files.read(options.model)
    found = describe(options.model, net, written)
    if options.json:
        say_json(found)
    else:
        _show(net, found, None if options.all else _SHOWN)


def describe(path: str, net: Network, written: dict[str, Any]) -> dict[str, Any]:
    """What the file and its network are, as plain values."""
    table = memory.read(path, net, written)
    return {
        "file": path,
        "bytes": Path(path).stat().st_size,
        "fcnn_version": written.get("fcnn_version"),
        "format_version": written["format_version"],
        "sizes": list(net.sizes),
        "loss": net.loss,
        "dtype": net.dtype.name,
        "seed": net.seed,
        "dropout": list(net.dropout),
        "input_noise": net.input_noise,
        "n_parameters": net.n_parameters,
        "layers": [_layer(layer) for layer in net.layers if isinstance(layer, Layer)],
        "task": None if table is None else table.task,
        "target": None if table is None else table.target,
        "classes": None if table is None else list(table.classes),
        "inputs": _inputs(net, None if table is None else table.inputs()),
        "standardizes_target": _target(net),
    }


def _layer(layer: Layer) -> dict[str, Any]:
    n_out, n_in = layer.weight.shape
    return {
        "n_in": n_in,
        "n_out": n_out,
        "activation": layer.activation,
        "weight": _range(layer.weight),
        "bias": None if layer.bias is None else _range(layer.bias),
    }


def _range(values: Array) -> dict[str, float]:
    values = values.astype(np.float64)
    with np.errstate(all="ignore"):  # infinite and NaN parameters are shown, too
        names = ("mean", "std", "min", "max")
        return {name: float(getattr(values, name)()) for name in names}


def _inputs(net: Network, names: list[str] | None) -> list[dict[str, Any]]:
    """Each input's name (None where unknown), mean and scale (None likewise)."""
    n_in, known = net.sizes[0], net.standardizer
    none = [None] * n_in
    mean = none if known is None else known.mean.tolist()
    scale = none if known is None else known.scale.tolist()
    return [
        {"name": name, "mean": m, "scale": s}
        for name, m, s in zip(names or none, mean, scale, strict=True)
    ]


def _target(net: Network) -> list[dict[str, float]] | None:
    known = net.standardizer
    if known is None or known.target_mean is None or known.target_scale is None:
        return None
    pairs = zip(known.target_mean.tolist(), known.target_scale.tolist(), strict=True)
    return [{"mean": mean, "scale": scale} for mean, scale in pairs]


def _show(net: Network, found: dict[str, Any], most: int | None) -> None:
    say(
        f"{found['file']}: {found['bytes']:,} bytes, written by fcnn "
        f"{found['fcnn_version']}, format {found['format_version']}"
    )
    say(repr(net))
    say(f"{net.n_parameters:,} parameters")
    if found["task"] is not None:
        classes = f", classes {listed(found['classes'])}" if found["classes"] else ""
        say(f"target {found['target']!r}: {found['task']}{classes}")
    for pair in found["standardizes_target"] or ():
        say(f"target: mean {pair['mean']:.6g}, scale {pair['scale']:.6g}")
    say()
    names = ("mean", "std", "min", "max")
    say_table(
        [
            "layer",
            "from",
            "to",
            "activation",
            *(f"W {n}" for n in names),
            "b min",
            "b max",
        ],
        [
            [
                str(l),
                f"{layer['n_in']:,}",
                f"{layer['n_out']:,}",
                layer["activation"],
                *(f"{layer['weight'][name]:.3g}" for name in names),
                *(
                    f"{layer['bias'][name]:.3g}" if layer["bias"] else "none"
                    for name in ("min", "max")
                ),
            ]
            for l, layer in enumerate(found["layers"], start=1)
        ],
    )
    _show_inputs(found["inputs"], most)


def _show_inputs(inputs: list[dict[str, Any]], most: int | None) -> None:
    if inputs[0]["name"] is None and inputs[0]["mean"] is None:
        return
    say()

    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.6g}"

    say_table(
        ["input", "mean", "scale"],
        [
            [entry["name"] or str(j), number(entry["mean"]), number(entry["scale"])]
            for j, entry in enumerate(inputs[:most])
        ],
    )
    if most is not None and len(inputs) > most:
        say(f"... and {len(inputs) - most:,} more: --all")
