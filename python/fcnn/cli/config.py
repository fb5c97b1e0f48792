"""fcnn config: show the version, the CPU level in use and the number of threads.

The environment's FCNN_CPU_LEVEL forces a level, FCNN_NUM_THREADS sets the threads.

Examples
--------
  fcnn config
  fcnn config --json
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from fcnn.cli.output import say_json
from fcnn.config import show_config


def add(parser: ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: Namespace) -> None:
    """Shows it."""
    if options.json:
        say_json(show_config("dicts"))
    else:
        show_config()
