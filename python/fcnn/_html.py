"""What notebooks show of a Network, a History, a Trace and a Backprop.

Tables and drawings without a color of their own: they take the notebook's, light or
dark. Every text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from fcnn import _svg
from fcnn._types import Array
from fcnn.layers import Layer

if TYPE_CHECKING:
    from fcnn._base import NetworkBase
    from fcnn.history import History
    from fcnn.records import Backprop, Trace

_MOST_ROWS = 40  # of a table
_LAST_EPOCHS = 5
_BLOCK = 1 << 20  # numbers converted at a time


def network(net: NetworkBase) -> str:
    """A diagram, and a row for each layer with its shapes and parameters."""
    rates = [*net.dropout, 0.0]  # of the layers 0..L
    rows = [["0", "input", f"{net.sizes[0]}", "", "", _rate(rates[0]), ""]]
    for l, layer in enumerate(net.layers):
        if not isinstance(layer, Layer):
            continue
        bias = layer.bias
        count = layer.weight.size + (0 if bias is None else bias.size)
        shape = "none" if bias is None else f"{bias.shape}"
        rows.append(
            [
                *(f"{l}", layer.activation, f"{layer.size}"),
                *(f"{layer.weight.shape}", shape, _rate(rates[l]), f"{count:,}"),
            ]
        )
    rows = _shortened(rows)
    rows.append(["", "total", "", "", "", "", f"{net.n_parameters:,}"])
    heads = ["l", "activation", "size", "weight", "bias", "dropout", "parameters"]
    if not any(rates):
        i = heads.index("dropout")
        heads, rows = _without(heads, i), [_without(row, i) for row in rows]
    sizes = " - ".join(map(str, net.sizes))
    return _block(
        f"{type(net).__name__}: {', '.join(_facts(net))}",
        _svg.diagram(f"layers of {sizes} nodes", net.sizes),
        _table(heads, rows),
    )


def _facts(net: NetworkBase) -> Iterator[str]:
    yield f"{net.dtype.name}"
    yield f"loss {net.loss}"
    yield f"seed {net.seed}"
    if net.input_noise:
        yield f"input noise {net.input_noise:g}"
    if net._architecture.standardize:
        learned = net.standardizer
        if learned is None:
            yield "standardizes, has not learned to yet"
        elif learned.target_mean is None:
            yield "standardizes inputs"
        else:
            yield "standardizes inputs and targets"


def _rate(p: float) -> str:
    return f"{p:g}" if p else ""


def _without(cells: list[str], i: int) -> list[str]:
    return cells[:i] + cells[i + 1 :]


def history(record: History) -> str:
    """The curve of the loss; the first, the best and the last epochs."""
    n, names = len(record.epoch), list(record.metrics)
    title = f"History: {n} epoch{'' if n == 1 else 's'}"
    if record.stop_reason is not None:
        title += f"; {record.stop_reason}"
    if not n or not names:
        return _block(title)
    drawn = [name for name in ("loss", "val_loss") if name in names]
    watched = drawn[-1] if drawn else names[0]
    best = _lowest(record.metrics[watched])
    shown = {0, *range(max(0, n - _LAST_EPOCHS), n), *([] if best is None else [best])}
    rates = record.learning_rate if any(record.learning_rate) else None
    rows = []
    for i in sorted(shown):
        mark = f" (lowest {watched})" if i == best else ""
        cells = [f"{record.metrics[name][i]:.6g}" for name in names]
        if rates is not None:
            cells.append("" if rates[i] is None else f"{rates[i]:.6g}")
        if i and i - 1 not in shown:
            rows.append(["..."] + [""] * len(cells))
        rows.append([f"{record.epoch[i]}{mark}", *cells])
    heads = ["epoch", *names, *([] if rates is None else ["learning rate"])]
    picture = "loss over the epochs" + (", val_loss dashed" if len(drawn) > 1 else "")
    return _block(
        title,
        _svg.curves(picture, *(record.metrics[name] for name in drawn)),
        _table(heads, rows),
    )


def _lowest(values: Sequence[float]) -> int | None:
    """The epoch of the lowest value, the first of equals; None if all are NaN."""
    numbers = np.array(values, dtype=float)
    return None if np.isnan(numbers).all() else int(np.nanargmin(numbers))


def record(made: Trace | Backprop) -> str:
    """A row for each array with its shape and the spread of its numbers."""
    L, n = len(made.z), len(made.a[0])
    arrays: list[tuple[str, Array | None]] = [("a[0]", made.a[0])]
    parts: list[str] = ["z", "a"]
    title = f"{type(made).__name__} of {n} row{'' if n == 1 else 's'}"
    if hasattr(made, "loss"):
        title += f": loss {made.loss:.6g}"
        parts += ["delta", "weight_grad", "bias_grad"]
    for l in range(1, L + 1):
        arrays += [(f"{name}[{l}]", getattr(made, name)[l]) for name in parts]
    found = [(name, A, _spread(A)) for name, A in arrays if A is not None]
    heads = ["", "shape", "min", "mean", "max", "std", "zeros", "not finite"]
    rows = [[name, f"{A.shape}", *numbers] for name, A, numbers in found]
    if not any(row[-1] for row in rows):
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    return _block(title, _table(heads, _shortened(rows)))


def _spread(A: Array) -> list[str]:
    """Least, mean, largest, deviation of the finite numbers; shares of 0, not finite.

    In float64, and a part at a time: the array may be large.
    """
    n, zeros, low, high, total, squares = 0, 0, np.inf, -np.inf, 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for part in _finite_parts(A):
            n, zeros = n + part.size, zeros + int(np.count_nonzero(part == 0.0))
            low, high = min(low, part.min()), max(high, part.max())
            total += float(part.sum())
        if not n:
            return ["", "", "", "", "", "100%" if A.size else ""]
        mean = total / n
        for part in _finite_parts(A):
            squares += float(np.square(part - mean).sum())
        std = np.sqrt(squares / n)
    lost = A.size - n
    shares = [f"{k / A.size:.2%}" if k else "" for k in (zeros, lost)]
    return [*(f"{v:.4g}" for v in (low, mean, high, std)), *shares]


def _finite_parts(A: Array) -> Iterator[Array]:
    flat = A.ravel(order="K")
    for start in range(0, flat.size, _BLOCK):
        part = flat[start : start + _BLOCK].astype(np.float64)
        finite = part[np.isfinite(part)]
        if finite.size:
            yield finite


def _shortened(rows: list[list[str]]) -> list[list[str]]:
    """The first and the last of many rows."""
    if len(rows) <= _MOST_ROWS:
        return rows
    half = _MOST_ROWS // 2
    return [*rows[:half], ["..."] + [""] * (len(rows[0]) - 1), *rows[-half:]]


def _block(title: str, *content: str) -> str:
    return f"<div><p>{escape(title)}</p>{''.join(content)}</div>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return (
        f"<table><thead>{_row('th', heads)}</thead>"
        f"<tbody>{''.join(_row('td', row) for row in rows)}</tbody></table>"
    )


def _row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
