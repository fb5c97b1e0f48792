"""fcnn export: write a model for other programs: ONNX, C or PyTorch.

The standardization of inputs and target is part of what is written; the columns' names
and text categories are not: the inputs are those that fcnn inspect lists, in that
order, and the outputs the classes in theirs.

Examples
--------
  fcnn export model.safetensors --to onnx
  fcnn export model.safetensors --to c --out src/model.c
"""

from __future__ import annotations

import io
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fcnn._atomic import replace_file
from fcnn.cli.output import refuse_to_replace, say
from fcnn.network import Network, load


class Format(NamedTuple):
    """What --to can name: the end of its files' names, what writes them, options."""

    suffix: str
    write: Callable[..., object]  # of the network, the path, and options by name
    options: tuple[str, ...] = ()


def _write_torch(net: Network, path: str) -> None:
    """The state_dict of `Network.to_torch`, and on stdout the module it is for."""
    module = net.to_torch()
    import torch

    data = io.BytesIO()
    torch.save(module.state_dict(), data)
    replace_file(path, data.getvalue())
    say(f"a state_dict, for load_state_dict of\n{module}")


def _method(name: str) -> Callable[..., object]:
    """The network's own method of that name, which writes to a path."""
    return lambda net, path, **options: getattr(net, name)(path, **options)


FORMATS = {
    "onnx": Format(".onnx", _method("to_onnx"), ("opset", "dtype")),
    "c": Format(".c", _method("to_c"), ("name", "main")),
    "torch": Format(".pt", _write_torch),
}


def add(parser: ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", help="a file that fcnn train or Network.save wrote")
    parser.add_argument("--to", required=True, choices=list(FORMATS))
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="default: the model's name with the format's ending; one that is there is "
        "replaced",
    )
    group = parser.add_argument_group("options of one format, as of Network.to_...")
    group.add_argument("--opset", type=int, metavar="N", help="of onnx")
    group.add_argument("--dtype", choices=["float32", "float64"], help="of onnx")
    group.add_argument(
        "--name", metavar="PREFIX", help="of c: what its names begin with"
    )
    group.add_argument(
        "--main", action="store_true", default=None, help="of c: with a main function"
    )


def run(options: Namespace) -> None:
    """Reads the model and writes it anew."""
    chosen = FORMATS[options.to]
    given = {}
    for name in dict.fromkeys(n for f in FORMATS.values() for n in f.options):
        value = getattr(options, name)
        if value is not None and name not in chosen.options:
            raise ValueError(f"--{name} is no option of --to {options.to}")
        if value is not None:
            given[name] = value
    out = options.out or str(Path(options.model).with_suffix(chosen.suffix))
    net = load(options.model)
    refuse_to_replace(out, options.model)
    chosen.write(net, out, **given)
    say(f"wrote {out}, {Path(out).stat().st_size:,} bytes")
