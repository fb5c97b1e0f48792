"""The table of layers that notebooks show of a network."""

from __future__ import annotations

from html import escape

from fcnn.layers import Layer, Layers


def table(title: str, layers: Layers) -> str:
    """HTML: the title, and a row for each layer with its shapes and parameters."""
    rows = [("0", "input", f"{layers[0].size}", "", "", "")]
    total = 0
    for l, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            continue
        bias = layer.bias
        count = layer.weight.size + (0 if bias is None else bias.size)
        total += count
        rows.append(
            (
                f"{l}",
                layer.activation,
                f"{layer.size}",
                f"{layer.weight.shape}",
                "none" if bias is None else f"{bias.shape}",
                f"{count:,}",
            )
        )
    rows.append(("", "total", "", "", "", f"{total:,}"))
    heads = ("l", "activation", "size", "weight", "bias", "parameters")
    return (
        f"<p><code>{escape(title)}</code></p><table><thead>{_row('th', heads)}</thead>"
        f"<tbody>{''.join(_row('td', row) for row in rows)}</tbody></table>"
    )


def _row(tag: str, cells: tuple[str, ...]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
