"""Tables in Markdown, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.harness import Comparison, Timing
from bench.rivals import OURS


def duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(header), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(
        "| "
        + " | ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        + " |"
        for line in (lines[0], rule, *lines[1:])
    )


def threads(n: int) -> str:
    return "1 thread" if n == 1 else f"{n} threads"


def one(comparison: Comparison) -> str:
    """One workload: the rivals, fastest first."""
    best, ours = comparison.best_rival, comparison.ours

    def line(timing: Timing) -> list[str]:
        def ratio(other: Timing | None) -> str:
            return f"{timing.median / other.median:.2f}" if other else ""

        spread = (max(timing.seconds) - min(timing.seconds)) / timing.median
        gflops = comparison.gflops(timing)
        return [
            timing.rival + (" *" if timing.note else ""),
            duration(timing.median),
            ratio(ours),
            ratio(best),
            f"{gflops:.1f}",
            f"{gflops / comparison.peak:.0%}",
            f"{spread:.0%}",
            f"{timing.difference:.0e}",
        ]

    header = ["", comparison.work.unit, f"/ {OURS}", "/ best rival", "GFLOP/s"]
    header += ["of peak", "spread", "difference"]
    timings = sorted(comparison.timings, key=lambda timing: timing.median)
    held = f"{threads(comparison.threads)}, peak {comparison.peak:.1f} GFLOP/s"
    lines = [f"\n{comparison.work}, {held}\n", table(header, map(line, timings))]
    lines += [f"\\* {t.rival}: with {t.note}" for t in timings if t.note]
    lines += [f"{name}: {why}" for name, why in comparison.failures.items()]
    return "\n".join(lines)


def all_of_them(comparisons: Sequence[Comparison]) -> str:
    """A line for each workload; a column for each rival: its time over fcnn's."""
    comparisons = [c for c in comparisons if c.ours]
    names = dict.fromkeys(t.rival for c in comparisons for t in c.timings)
    names.pop(OURS, None)

    def line(c: Comparison) -> list[str]:
        ratios = {t.rival: t.median / c.ours.median for t in c.timings}
        best = c.best_rival
        return [
            f"{c.work.name}, {threads(c.threads)}",
            duration(c.ours.median),
            f"{c.gflops(c.ours):.1f}",
            f"{c.gflops(c.ours) / c.peak:.0%}",
            *(f"{ratios[name]:.2f}" if name in ratios else "-" for name in names),
            f"{best.rival} {ratios[best.rival]:.2f}" if best else "-",
        ]

    header = ["time over fcnn's", OURS, "GFLOP/s", "of peak", *names, "best rival"]
    return table(header, map(line, comparisons))


def against_one_thread(comparisons: Sequence[Comparison]) -> str:
    """Our time with one thread over that with several, where both were measured."""
    ours = {(c.work.name, c.threads): c.ours for c in comparisons if c.ours}
    rows = [
        [name, threads(n), f"{ours[name, 1].median / timing.median:.2f}"]
        for (name, n), timing in ours.items()
        if n > 1 and (name, 1) in ours
    ]
    if not rows:
        return ""
    return "\n" + table(["fcnn's time on one thread over", "", "is"], rows)


def as_records(comparisons: Sequence[Comparison]) -> list[dict]:
    """For JSON."""

    def record(c: Comparison, t: Timing) -> dict:
        return {
            "median": t.median,
            "seconds": t.seconds,
            "gflops": c.gflops(t),
            "of_peak": c.gflops(t) / c.peak,
            "over_ours": t.median / c.ours.median if c.ours else None,
            "over_best": t.median / c.best_rival.median if c.best_rival else None,
            "difference": t.difference,
            "note": t.note,
        }

    return [
        {
            "workload": c.work.name,
            "description": str(c.work),
            "threads": c.threads,
            "flops": c.work.flops(),
            "peak_gflops": c.peak,
            "rivals": {t.rival: record(c, t) for t in c.timings},
            "failures": c.failures,
        }
        for c in comparisons
    ]


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")
