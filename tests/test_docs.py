"""The README and the pages in docs/: their snippets run, their lists are whole.

A page that imports PyTorch or Keras runs with the tests that need PyTorch.
"""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

import fcnn
from fcnn import _core, files
from fcnn.cli import encoding

FOLDER = Path(__file__).parent.parent / "docs"
PAGES = sorted(FOLDER.glob("*.md"))
README = FOLDER.parent / "README.md"
SNIPPET = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = {"python", "pycon", "c", "console"}
# how fcnn and its benchmarks are installed and called, which CI does by itself
SHELL = {"getting_started.md", "performance.md"}
ELSEWHERE = re.compile(r"^(?:>>> )?(?:import|from) (?:torch|keras)\b", re.MULTILINE)
OUTPUT = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.fixture
def print_options():
    """What a page sets of NumPy's printing holds for that page alone."""
    with np.printoptions():
        yield


def _pages_with_snippets():
    for page in [README, *PAGES]:
        text = page.read_text(encoding="utf-8")
        if any(kind in RUN for kind, _ in SNIPPET.findall(text)):
            other = ELSEWHERE.search(text)
            marks = [pytest.mark.torch] if other else []
            yield pytest.param(page, id=page.stem, marks=marks)


# Keras with PyTorch copies tensors in a way that NumPy 2 deprecates
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("page", [*_pages_with_snippets()])
def test_snippets(page, tmp_path, monkeypatch, print_options):
    """In the page's order, one seeing what those above it have made.

    Plain blocks run; those that begin with a prompt show their output, too, which is
    compared. C is written to main.c for the commands that follow it.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    names: dict[str, object] = {"__name__": "__main__"}
    text = page.read_text(encoding="utf-8")
    for match in SNIPPET.finditer(text):
        (kind, block), line = match.groups(), text.count("\n", 0, match.start(2))
        if kind == "pycon":
            names = _check_output(block, names, page, line)
        elif kind == "python":
            exec(compile("\n" * line + block, str(page), "exec"), names)
        elif kind == "c":
            Path("main.c").write_text(block, encoding="utf-8")
        elif kind == "console" and page.stem != "command_line":  # test_cli_docs.py
            _check_commands(block)
        else:
            assert kind == "console" or (kind == "sh" and page.name in SHELL), kind


def _check_output(block, names, page, line):
    """Runs the block as a doctest; returns the names that are known after it."""
    test = doctest.DocTestParser().get_doctest(block, names, page.name, page, line)
    said = []
    doctest.DocTestRunner(optionflags=OUTPUT).run(
        test, out=said.append, clear_globs=False
    )
    assert not said, "".join(said)
    return test.globs


def _check_commands(block):
    """Types what stands behind each $; what stands below it must come."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        came = subprocess.check_output(["bash", "-c", command], text=True)
        assert doctest.OutputChecker().check_output(shown, came, OUTPUT), came


def test_a_wrong_output_is_seen():
    with pytest.raises(AssertionError, match=r"Expected:\s+3\s+Got:\s+2"):
        _check_output(">>> 1 + 1\n3\n", {}, Path("page.md"), 0)
    with pytest.raises(AssertionError, match="two"):
        _check_commands("$ echo one\none\n$ echo two\nthree\n")


def test_every_snippet_is_of_a_kind_that_is_run():
    """Anything else would be shown, but not run: other fences, blocks in rst."""
    for page in [README, *PAGES]:
        rest = SNIPPET.sub("", page.read_text(encoding="utf-8"))
        fences = re.findall(r"^ *[`~]{3}.*$", rest, re.MULTILINE)
        assert set(fences) <= {
            *("```", "```{toctree}", "```{gallery}"),
            "```{include} ../CHANGELOG.md",
        }, page
        assert ">>> " not in rest, page
    for page in (FOLDER / "reference").glob("*.rst"):
        assert not re.search(r">>> |::$|code-block", page.read_text()), page


def test_every_page_has_its_picture_and_script():
    for page in PAGES:
        for picture in re.findall(r"\((figures/\w+\.png)\)", page.read_text()):
            assert (FOLDER / picture).exists(), picture
            own = (FOLDER / picture).with_suffix(".py")
            of_page = FOLDER / "figures" / f"{page.stem}.py"  # it may draw several
            if not own.exists():
                prefix, _, part = own.stem.partition(f"{page.stem}_")
                assert prefix == "", picture
                assert part, picture
                assert f'"{part}"' in of_page.read_text(), picture


def test_every_page_is_in_the_index():
    index = (FOLDER / "index.md").read_text().splitlines()
    assert {page.stem for page in PAGES} - set(index) == {"index"}


def test_every_name_of_the_core_has_its_formula(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER / "_ext")
    formulas = importlib.import_module("formulas")
    assert list(formulas.ACTIVATIONS) == [rule["name"] for rule in _core.activations()]
    assert list(formulas.LOSSES) == [rule["name"] for rule in _core.losses()]
    assert list(formulas.INITIALIZERS) == _core.initializers()


def test_the_file_formats_page_has_every_field(tmp_path):
    net = fcnn.Network([2, 3, 1], output="identity", standardize=True, seed=0)
    net.fit(np.eye(2), np.ones(2), epochs=0)
    files.write(tmp_path / "net.safetensors", net, table={})
    text = (FOLDER / "file_format.md").read_text(encoding="utf-8")
    for field in files.read(tmp_path / "net.safetensors")[1]:
        assert f"| `{field}` |" in text, field
    for field in dataclasses.fields(encoding.Encoding):
        assert f"| `{field.name}` |" in text, field
    for field in dataclasses.fields(encoding.Source):
        assert f"`{field.name}`" in text, field


def test_everything_public_is_in_the_reference():
    pages = (FOLDER / "reference").glob("*.rst")
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    listed = {
        name.removeprefix("fcnn.")
        for name in re.findall(r"^\.\. auto\w+:: ([\w.]+)$", text, re.MULTILINE)
    }
    public = {*fcnn.__all__}
    for module in (fcnn.plot, fcnn.sklearn):
        public |= {f"{module.__name__}.{name}"[5:] for name in module.__all__}
    assert public <= listed, public - listed
