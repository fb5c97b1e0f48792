"""The command line ``fcnn``: each command is a file here with `add` and `run`.

Exit codes: 0; 1 where training diverged or the machine failed; 2 where what was asked
for or given cannot be; 130 after Ctrl-C; 141 where the reader of the output has gone.
An error is one line on stderr; ``--traceback`` or the environment's ``FCNN_TRACEBACK``
shows where it arose.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from fcnn.cli import bench, config, export, inspect, predict, train
from fcnn.errors import TrainingDiverged

COMMANDS = (train, predict, inspect, export, bench, config)

FAILED, REFUSED, INTERRUPTED, READER_GONE = 1, 2, 130, 141

_REFUSALS = (
    ValueError,
    TypeError,
    ImportError,
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``fcnn`` on the command line; by default `sys.argv`'s.

    Returns
    -------
    int
        0, or the code of the failure, whose line stands on stderr then.

    Examples
    --------
    >>> from fcnn.cli import main
    >>> main(["--version"]) == 0  # doctest: +ELLIPSIS
    fcnn ...
    True
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    _open_streams()
    try:
        options = _parser().parse_args(given)
        options.run(options)
        sys.stdout.flush()
    except SystemExit as end:  # argparse: --help, --version, or a refusal
        return end.code if isinstance(end.code, int) else 0
    except BrokenPipeError:
        _forget_stdout()
        return READER_GONE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  (all become a line)
        if "--traceback" in given or os.environ.get("FCNN_TRACEBACK"):
            traceback.print_exc()
        return _fail(*_failure(error))
    return 0


class _Parser(argparse.ArgumentParser):
    """argparse's, with errors of one line, each by the parser of its command."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        found, others = super().parse_known_args(args, namespace)
        if others:
            self.error(f"unrecognized arguments: {' '.join(others)}")
        return found, others

    def error(self, message: str) -> NoReturn:
        raise SystemExit(_fail(f"{message} (see {self.prog} --help)", REFUSED))


def _parser() -> argparse.ArgumentParser:
    from fcnn.config import version

    parser: argparse.ArgumentParser = _Parser(
        prog="fcnn",
        description="Fully connected neural networks on the CPU.",
        epilog="fcnn COMMAND --help has the options and examples of a command.",
    )
    parser.add_argument("--version", action="version", version=f"fcnn {version()}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--traceback", action="store_true", help="show where an error arose"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        name = command.__name__.rpartition(".")[2]
        about, _, examples = (command.__doc__ or "").partition("\n")
        own = commands.add_parser(
            name,
            help=about.partition(": ")[2],
            description=about.partition(": ")[2],
            epilog=examples.strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[common],
            allow_abbrev=False,  # an option more must not change what one means
        )
        command.add(own)
        own.set_defaults(run=command.run)
    return parser


def _failure(error: BaseException) -> tuple[str, int]:
    """What to say of an exception, and the exit code."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", INTERRUPTED
    text = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        text = f"{error.filename}: {error.strerror}"
    if isinstance(error, _REFUSALS):
        return text, REFUSED
    if isinstance(error, MemoryError):
        return f"not enough memory: {text}", FAILED
    if isinstance(error, (TrainingDiverged, OSError)):
        return text, FAILED
    return f"unexpected {type(error).__name__}: {text} (--traceback shows it)", FAILED


def _fail(text: str, code: int) -> int:
    sys.stderr.write(f"fcnn: error: {' '.join(text.split())}\n")
    return code


def _open_streams() -> None:
    """Closed ones go nowhere. UTF-8, as CSV is read: Windows would use a code page."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, nowhere)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _forget_stdout() -> None:
    """Python flushes stdout once more as it ends: let that go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
