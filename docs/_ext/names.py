"""The directive `{names} FAMILY`: a table of a family's names, from the core's list.

What the core knows of a name (parameter, initializer, outputs, targets) is asked of it;
its formula is in formulas.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from formulas import ACTIVATIONS, INITIALIZERS, LOSSES

from fcnn import _core, metrics


def _name(rule: Any) -> str:
    """The name as code, with the default of its parameter."""
    p = rule["parameter"]
    return _code([rule["name"]]) + ("" if p is None else f", p = {p:.4g}")


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"``{name}``" for name in names)


def _activations() -> Iterable[tuple[str, ...]]:
    yield "name", "a", "initial weights", "where"
    for rule in _core.activations():
        where = "output only" if rule["output_only"] else "any layer"
        formula = f":math:`{ACTIVATIONS[rule['name']]}`"
        yield _name(rule), formula, _code([rule["init"]]), where


def _losses() -> Iterable[tuple[str, ...]]:
    yield "name", "C of one sample", "outputs", "targets"
    for rule in _core.losses():
        low, high = rule["target_low"], rule["target_high"]
        targets = "any" if low is None else f"from {low:g}"
        if high is not None:
            targets = f"{low:g} to {high:g}"
        natural = rule["natural_outputs"]
        outputs = ", ".join(
            f"**{name}**" if name in natural else _code([name])
            for name in rule["outputs"] or []
        )
        formula = f":math:`{LOSSES[rule['name']]}`"
        yield _name(rule), formula, outputs or "any", targets


def _initializers() -> Iterable[tuple[str, ...]]:
    yield "name", "weights: distribution, bound or standard deviation"
    for name in _core.initializers():
        yield _code([name]), f":math:`{INITIALIZERS[name]}`"


def _metrics() -> Iterable[tuple[str, ...]]:
    yield "name", "better is", "what it is"
    ways = {"max": "larger", "min": "smaller", None: ""}
    for metric in metrics.METRICS:
        summary = (metric.value.__doc__ or "").partition("\n")[0]
        yield _code([metric.name]), ways[metric.better], summary


TABLES: dict[str, Any] = {
    "activations": _activations,
    "initializers": _initializers,
    "losses": _losses,
    "metrics": _metrics,
}


class Names(Directive):
    """One of the tables, as reStructuredText that Sphinx reads."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        lines = [".. list-table::", "   :header-rows: 1", ""]
        for row in TABLES[self.arguments[0]]():
            mark = "   * - "
            for cell in row:
                lines.append(f"{mark}{cell}")
                mark = "     - "
        parent = nodes.Element()
        self.state.nested_parse(StringList(lines, __file__), 0, parent)
        return parent.children


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("names", Names)
    return {"parallel_read_safe": True}
