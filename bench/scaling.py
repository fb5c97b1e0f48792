"""Time against batch, width, depth, rows and threads, as a picture."""

from __future__ import annotations

from pathlib import Path

from bench.harness import Harness
from bench.workloads.scaling import SERIES

LINES = {1: "-", 2: "--"}


def measure(harness: Harness, *, quick: bool) -> dict:
    """{series: {"rival, n threads": [(x, GFLOP/s, microseconds a sample), ...]}}."""
    result: dict = {}
    with harness:
        for name, works in SERIES.items():
            for x, work in [(x, w.quick()) for x, w in works[:2]] if quick else works:
                for comparison in harness.compare(work):
                    for timing in comparison.timings:
                        point = (
                            x,
                            comparison.gflops(timing),
                            timing.median / work.rows * 1e6,
                        )
                        key = f"{timing.rival}, {comparison.threads} thread"
                        key += "s" * (comparison.threads > 1)
                        result.setdefault(name, {}).setdefault(key, []).append(point)
    return result


def as_text(result: dict) -> str:
    lines = []
    for name, series in result.items():
        lines.append(f"\n{name}: microseconds a sample (GFLOP/s)")
        for key, points in series.items():
            shown = "  ".join(f"{x}: {us:.3g} ({gf:.0f})" for x, gf, us in points)
            lines.append(f"  {key:<18} {shown}")
    return "\n".join(lines)


def plot(result: dict, path: Path, title: str) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    rivals = list(
        dict.fromkeys(k.split(",")[0] for series in result.values() for k in series)
    )
    figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
    for axis, (name, series) in zip(axes.flat, result.items(), strict=True):
        for key, points in series.items():
            rival, threads = key.split(", ")
            axis.plot(
                [x for x, _, _ in points],
                [us for _, _, us in points],
                LINES.get(int(threads.split()[0]), ":"),
                color=f"C{rivals.index(rival)}",
                marker="o",
                markersize=3,
                label=key,
            )
        axis.set(
            xscale="log", yscale="log", xlabel=name, ylabel="microseconds a sample"
        )
        axis.grid(visible=True, which="major", alpha=0.3)
    axes.flat[0].legend(fontsize="small")
    figure.suptitle(title)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
