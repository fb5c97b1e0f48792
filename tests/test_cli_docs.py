"""The sessions of docs/command_line.md, typed again: what they show is what comes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from fcnn.cli import COMMANDS
from fcnn.cli.train_options import add

PAGE = Path(__file__).parent.parent / "docs" / "command_line.md"


def session():
    """Each command of the page's console blocks, and what the page shows of it."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text(), flags=re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif line.startswith("> "):
                command, shown = found[-1]
                found[-1] = f"{command}\n{line[2:]}", shown
            else:
                found[-1][1].append(line)
    return found


def type_all(folder):
    """Runs the session in a folder; (command, what the page shows, what came)."""
    programs = folder / "bin"
    programs.mkdir()
    for name, command in (("fcnn", "-m fcnn"), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n')
        program.chmod(0o755)
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    for command, shown in session():
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        yield command, shown, done


def without_numbers(line):
    """CPU levels and machines differ in digits, and columns in their width."""
    return re.sub(r"[-+]?\d[\d,.]*(e[-+]?\d+)?", "#", " ".join(line.split()))


def test_the_page_shows_what_comes(tmp_path):
    commands = 0
    for command, shown, done in type_all(tmp_path):
        commands += 1
        came = done.stdout.splitlines()
        refused = bool(shown) and shown[-1].startswith("fcnn: error: ")
        assert (done.returncode == 0) != refused, (command, came)
        if shown:
            expected = list(map(without_numbers, shown))
            assert list(map(without_numbers, came)) == expected, command
    assert commands > 8


def test_every_command_and_option_of_train_is_on_the_page():
    from argparse import ArgumentParser

    text = PAGE.read_text()
    for command in COMMANDS:
        assert f"`fcnn {command.__name__.rpartition('.')[2]}" in text
    parser = ArgumentParser(add_help=False)
    add(parser)
    options = [name for action in parser._actions for name in action.option_strings]
    assert len(options) > 20
    for option in options:
        assert re.search(rf"`{option}[` ]", text), option
