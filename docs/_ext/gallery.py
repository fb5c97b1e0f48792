"""The directive `{gallery}`: every script of examples/, with what it prints.

Each is run, as its test runs it, while the documentation is built; a failure ends the
build. Its picture is that of docs/figures/ that has the script's name.
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
# Those that are a page's, and have its name.
PICTURES = {
    "dropout": "regularization",
    "levenberg_marquardt": "full_batch",
    "pictures": "pictures_network",
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
            image, output = self._image(script), self._code(printed(script), "text")
            target = f"example-{script.stem.replace('_', '-')}"
            section = nodes.section(ids=[target], names=[target])
            source = self._code(script.read_text(encoding="utf-8"), "python")
            heading = nodes.title("", title(script))
            said = nodes.paragraph("", "It prints:")
            section += [heading, image, source, said, output]
            sections.append(section)
            thumbnails += self._thumbnail(script, target, image.deepcopy())
            self.env.note_dependency(str(script))
            self.env.note_dependency(str(picture(script)))
        return [thumbnails, *sections]

    def _thumbnail(
        self, script: Path, target: str, image: nodes.image
    ) -> nodes.container:
        picture = nodes.reference("", "", image, refid=target, internal=True)
        link = nodes.reference("", title(script), refid=target, internal=True)
        caption = nodes.paragraph("", "", link)
        return nodes.container("", picture, caption, classes=["thumbnail"])

    def _code(self, text: str, language: str) -> nodes.literal_block:
        return nodes.literal_block(text, text, language=language)

    def _image(self, script: Path) -> nodes.image:
        uri = picture(script).relative_to(DOCS).as_posix()
        return nodes.image(uri=uri, alt=title(script))


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("gallery", Gallery)
    return {"parallel_read_safe": True}
