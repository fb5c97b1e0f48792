"""The sessions of docs/command_line.md, typed again: what they show is what comes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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


NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?")


def words_and_numbers(line):
    line = re.sub(r" in \S+ s;", " in # s;", line)  # the machine's seconds
    words = NUMBER.sub("#", " ".join(line.split()))  # columns differ in their width
    return words, [float(number.replace(",", "")) for number in NUMBER.findall(line)]


def is_as_shown(shown, came):
    """The words, and the numbers but for the rounding of other CPU levels."""
    (words, numbers), (others, found) = map(words_and_numbers, (shown, came))
    return words == others and found == pytest.approx(numbers, rel=0.01)


def test_what_is_seen():
    line = "50 epochs in 0.043 s; R2 0.98697 on 1,000  rows"
    assert is_as_shown(line, "50 epochs in 1.2 s; R2 0.98698 on 1,000 rows")
    assert not is_as_shown(line, line.replace("0.98697", "0.96697"))
    assert not is_as_shown(line, line.replace("1,000", "1,100"))
    assert not is_as_shown(line, line.replace("rows", "columns"))


def test_the_page_shows_what_comes(tmp_path):
    commands = 0
    for command, shown, done in type_all(tmp_path):
        commands += 1
        came = done.stdout.splitlines()
        refused = bool(shown) and shown[-1].startswith("fcnn: error: ")
        assert (done.returncode == 0) != refused, (command, came)
        if shown:
            assert len(came) == len(shown), (command, came)
            for line, other in zip(shown, came, strict=True):
                assert is_as_shown(line, other), (command, line, other)
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
