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
from typing import TYPE_CHECKING, NamedTuple

from fcnn._atomic import replace_file
from fcnn.cli.output import refuse_to_replace, say
from fcnn.network import load

if TYPE_CHECKING:
    from fcnn.network import Network


class Format(NamedTuple):
    """What --to can name: the end of its files' names, and what writes them."""

    suffix: str
    write: Callable[[Network, str], object]


def _write_torch(net: Network, path: str) -> object:
    """The state_dict of `Network.to_torch`, which says how to build its module."""
    module = net.to_torch()
    import torch

    data = io.BytesIO()
    torch.save(module.state_dict(), data)
    replace_file(path, data.getvalue())
    say(f"a state_dict, for load_state_dict of\n{module}")
    return module


FORMATS = {
    "onnx": Format(".onnx", lambda net, path: net.to_onnx(path)),
    "c": Format(".c", lambda net, path: net.to_c(path)),
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


def run(options: Namespace) -> None:
    """Reads the model and writes it anew."""
    chosen = FORMATS[options.to]
    out = options.out or str(Path(options.model).with_suffix(chosen.suffix))
    net = load(options.model)
    refuse_to_replace(out, options.model)
    chosen.write(net, out)
    say(f"wrote {out}, {Path(out).stat().st_size:,} bytes")
