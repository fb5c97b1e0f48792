"""Formulas as MathML, which browsers draw themselves: no script, nothing fetched.

Docutils turns the TeX into it. A formula that it does not know ends the build.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.errors import SphinxError
from sphinx.writers.html5 import HTML5Translator


def mathml(node: nodes.Element, *, as_block: bool) -> str:
    # MathML has no space of its own between a function's name and its argument
    tex = re.sub(r"(\\(?:log|tanh)) (?=[a-z])", r"\1 \\, ", node.astext())
    try:
        return str(tex2mathml(tex, as_block=as_block))
    except MathError as error:
        where = f"{node.source}:{node.line}"
        raise SphinxError(f"{where}: {error} in the formula\n{tex}") from error


def visit_inline(writer: HTML5Translator, node: nodes.math) -> None:
    writer.body.append(mathml(node, as_block=False))
    raise nodes.SkipNode


def visit_block(writer: HTML5Translator, node: nodes.math_block) -> None:
    formula = mathml(node, as_block=True)
    writer.body.append(f'<div class="math">{formula}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
