"""The small drawings in what notebooks show: they take the text's color."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

_MOST_POINTS = 200  # of a curve
_MOST_NODES, _MOST_LAYERS = 6, 12


def curves(title: str, *values: Sequence[float]) -> str:
    """Curves over one axis, the second and further ones dashed; gaps where not finite.

    What there is to say to someone who cannot see it is the title.
    """
    width, height, edge = 240, 60, 4
    finite = [v for curve in values for v in curve if math.isfinite(v)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    # halves, for high - low may be beyond the largest float
    span = high / 2 - low / 2 or 1.0
    parts = []
    for number, curve in enumerate(values):
        n = len(curve)
        step = max(1, math.ceil(n / _MOST_POINTS))
        x_step = (width - 2 * edge) / max(1, n - 1)
        piece: list[str] = []
        pieces = [piece]
        for i in sorted({*range(0, n, step), n - 1} if n else ()):
            if not math.isfinite(curve[i]):
                piece = []
                pieces.append(piece)
                continue
            down = (high / 2 - curve[i] / 2) / span
            x, y = edge + i * x_step, edge + down * (height - 2 * edge)
            piece.append(f"{x:.1f},{y:.1f}")
        dashes = ' stroke-dasharray="4 3"' if number else ""
        parts += [
            # a point alone is drawn as a line of no length
            f'<polyline points="{" ".join(points if points[1:] else points * 2)}"'
            f"{dashes} />"
            for points in pieces
            if points
        ]
    look = 'fill="none" stroke="currentColor" stroke-linecap="round"'
    return _svg(title, width, height, f"<g {look}>{''.join(parts)}</g>")


def diagram(title: str, sizes: Sequence[int]) -> str:
    """The nodes of each layer as circles, dots for more than a few; and their lines."""
    if len(sizes) > _MOST_LAYERS:
        return ""
    gap, step, radius = 60, 12, 4
    height = step * (_MOST_NODES + 1)
    columns = []
    for l, size in enumerate(sizes):
        n = min(size, _MOST_NODES)
        top = height / 2 - step * (n - 1) / 2
        x = step + l * gap
        columns.append(
            [(x, top + step * i, size > n and i == n // 2) for i in range(n)]
        )
    lines, nodes = [], []
    for l, column in enumerate(columns):
        for x, y, left_out in column:
            if left_out:
                dots = (y - 3.5, y, y + 3.5)
                nodes += [f'<circle cx="{x}" cy="{d}" r="1" />' for d in dots]
                continue
            nodes.append(f'<circle cx="{x}" cy="{y}" r="{radius}" />')
            if l:
                lines += [
                    f'<line x1="{u}" y1="{v}" x2="{x}" y2="{y}" />'
                    for u, v, other in columns[l - 1]
                    if not other
                ]
    look = 'stroke="currentColor" stroke-width="0.5" opacity="0.35"'
    drawing = (
        f'<g {look}>{"".join(lines)}</g><g fill="currentColor">{"".join(nodes)}</g>'
    )
    return _svg(title, 2 * step + gap * (len(sizes) - 1), height, drawing)


def _svg(title: str, width: int, height: int, content: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}">'
        f"<title>{escape(title)}</title>{content}</svg>"
    )
