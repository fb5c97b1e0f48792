"""The directive `{gallery}`: every script of examples/, with what it prints.

Each is run, as its test runs it, while the documentation is built; a failure ends the
build. The pictures are those of docs/figures/.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

DOCS = Path(__file__).parents[1]
FOLDER = DOCS.parent / "examples"
# Where an example's picture has the name of the page that it belongs to.
PICTURES = {
    "dropout": "regularization",
    "levenberg_marquardt": "full_batch",
    "standardize": "data",
}


def scripts() -> list[Path]:
    return sorted(FOLDER.glob("*.py"))


def picture(script: Path) -> Path:
    return DOCS / "figures" / f"{PICTURES.get(script.stem, script.stem)}.png"


def title(script: Path) -> str:
    """The first line of the script, which says what it shows."""
    text = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].removesuffix(".")


def printed(script: Path) -> str:
    """What the script prints, run in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [sys.executable, "-W", "error", script],
            cwd=folder,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    if result.returncode:
        raise RuntimeError(f"{script} failed:\n{result.stderr}")
    return result.stdout.rstrip()


class Gallery(SphinxDirective):
    """Thumbnails that lead to a section for each script."""

    def run(self) -> list[nodes.Node]:
        thumbnails = nodes.container(classes=["gallery"])
        sections = []
        for script in scripts():
            logging.getLogger(__name__).info("running examples/%s", script.name)
            for path in (script, picture(script)):
                self.env.note_dependency(str(path))
            section = self._section(script)
            thumbnails += self._thumbnail(script, section["ids"][0])
            sections.append(section)
        return [thumbnails, *sections]

    def _thumbnail(self, script: Path, target: str) -> nodes.Node:
        link = nodes.reference("", "", refid=target, internal=True)
        link += self._image(script)
        caption = nodes.paragraph("", "")
        caption += nodes.reference("", title(script), refid=target, internal=True)
        return nodes.container("", link, caption, classes=["thumbnail"])

    def _section(self, script: Path) -> nodes.section:
        name = f"example-{script.stem.replace('_', '-')}"
        section = nodes.section(ids=[name], names=[name])
        source = script.read_text(encoding="utf-8")
        code = nodes.literal_block(source, source, language="python")
        output = printed(script)
        shown = nodes.literal_block(output, output, language="text")
        command = nodes.paragraph("", "It prints:")
        section += [nodes.title("", title(script)), self._image(script)]
        section += [code, command, shown]
        return section

    def _image(self, script: Path) -> nodes.image:
        uri = picture(script).relative_to(DOCS).as_posix()
        return nodes.image(uri=uri, alt=title(script))


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("gallery", Gallery)
    return {"parallel_read_safe": True}
