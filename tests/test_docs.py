"""The Python blocks of the pages in docs/ run, one page after the other in itself.

A page that imports PyTorch or Keras runs with the tests that need PyTorch.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "docs"
NEEDS = re.compile(r"^import (torch|keras)$", flags=re.MULTILINE)
PAGES = sorted(path for path in FOLDER.glob("*.md") if "```python" in path.read_text())


RUN = [
    pytest.param(
        page, marks=[pytest.mark.torch] if NEEDS.search(page.read_text()) else []
    )
    for page in PAGES
]


# Keras with PyTorch copies tensors in a way that NumPy 2 deprecates
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("page", RUN, ids=lambda path: path.stem)
def test_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL):
        exec(compile(block, str(page), "exec"), names)


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
