"""Series of trainings that differ in one number: what time grows with."""

from __future__ import annotations

from bench.workloads.train import Training, softmax


def network(width: int, depth: int, batch: int, rows: int) -> Training:
    """64 inputs, `depth` hidden layers of `width`, 10 classes."""
    return softmax(
        (64, *[width] * depth, 10),
        batch,
        max(1, rows // batch) * batch,
        shape=f"64-{width}x{depth}-10",
    )


def rows_for(width: int, depth: int) -> int:
    """So many that an epoch takes some hundredths of a second."""
    multiply_adds = 64 * width + (depth - 1) * width**2 + 10 * width
    return min(32_768, max(1_024, 300_000_000 // multiply_adds))


SERIES: dict[str, list[tuple[int, Training]]] = {
    "batch": [
        (batch, network(128, 2, batch, 8_192))
        for batch in (1, 2, 4, 8, 16, 32, 64, 128, 256, 1_024, 4_096)
    ],
    "width": [
        (width, network(width, 2, 64, rows_for(width, 2)))
        for width in (4, 8, 16, 32, 48, 64, 96, 128, 256, 512, 1_024)
    ],
    "depth": [
        (depth, network(64, depth, 64, rows_for(64, depth)))
        for depth in (1, 2, 4, 8, 16)
    ],
    "rows": [
        (rows, network(64, 2, 64, rows)) for rows in (1_024, 8_192, 65_536, 524_288)
    ],
}
