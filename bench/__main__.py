"""The command line: python -m bench COMMAND, of the list in `parse`."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import (
    features,
    full_batch,
    machine,
    memory,
    report,
    scaling,
    sklearn_accuracy,
    startup,
)
from bench.harness import Harness
from bench.rivals import OURS, RIVALS
from bench.workloads import predict, train

WORKLOADS = {"train": train.WORKLOADS, "predict": predict.WORKLOADS}
TIMED = [*WORKLOADS, "scaling"]
TRAINERS = ["numpy", "sklearn", "torch", "torch.compile", "jax"]
RIVALS_OF = {
    "train": TRAINERS,
    "predict": ["fcnn.predictor", *TRAINERS, "onnxruntime"],
    "startup": ["numpy", "sklearn", "torch", "jax", "onnxruntime"],
    "scaling": ["torch", "jax"],
    "memory": [],
    "full_batch": [],
    "features": [],
    "sklearn_accuracy": [],
}


def main() -> None:
    options = parse()
    described = machine.description()
    for name, value in described.items():
        print(f"{name + ':':<11}{', '.join(value) if name == 'levels' else value}")
    rivals = chosen_rivals(options, described)
    if options.command == "startup":
        result = startup.measure(rivals, options.repeat)
        print(f"\n{startup.as_table(result)}")
    elif options.command == "memory":
        gigabytes = 0.2 if options.quick else options.gigabytes
        result = memory.measure(rivals, options.threads, gigabytes, options.folder)
        print(f"\n{memory.as_table(result)}")
    elif options.command == "full_batch":
        result = [full_batch.measure(n, quick=options.quick) for n in options.threads]
        print(*("", *map(full_batch.as_text, result)), sep="\n")
    elif options.command == "features":
        result = [
            one
            for n in options.threads
            for one in features.measure(n, options.repeat, quick=options.quick)
        ]
        print(f"\n{features.as_text(result)}")
    elif options.command == "sklearn_accuracy":
        result = [
            one
            for n in options.threads
            for one in sklearn_accuracy.measure(n, quick=options.quick)
        ]
        print(f"\n{sklearn_accuracy.as_text(result)}")
    elif options.command == "scaling":
        harness = Harness(rivals, options.threads, options.repeat, options.seconds)
        result = scaling.measure(harness, quick=options.quick)
        described |= {"peak": harness.peak_label, "versions": harness.versions}
        print(scaling.as_text(result))
        if options.plot:
            title = f"{described['processor']}, fcnn level {described['level']}"
            scaling.plot(result, options.plot, title)
    else:
        result = time_all(options, rivals, described)
    if options.json:
        report.write_json(options.json, {"machine": described, "results": result})


def time_all(options, rivals, described) -> list[dict]:
    works = chosen_workloads(options)
    comparisons = []
    with Harness(rivals, options.threads, options.repeat, options.seconds) as harness:
        described["peak"] = harness.peak_label
        for work in works:
            for comparison in harness.compare(work):
                print(report.one(comparison), flush=True)
                comparisons.append(comparison)
        described["versions"] = harness.versions
    print(f"\n{report.all_of_them(comparisons)}")
    print(report.against_one_thread(comparisons))
    print(f"peak: {described['peak']}")
    print("versions:", *(f"{k} {v}" for k, v in described["versions"].items()))
    return report.as_records(comparisons)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Times fcnn against other libraries."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help_text in {
        "train": "epochs of training",
        "predict": "calls from Python",
        "scaling": "training time against batch, width, depth, rows",
        "startup": "import time and install size",
        "memory": "anonymous memory of training on a memory-mapped file",
        "full_batch": "solvers against SciPy's, scikit-learn's and Adam",
        "sklearn_accuracy": "fcnn.sklearn and scikit-learn on its data sets",
        "features": "what dropout, schedules and the like cost a step",
    }.items():
        command = commands.add_parser(name, help=help_text)
        command.add_argument("--rivals", type=names, help="of " + ", ".join(RIVALS))
        command.add_argument("--repeat", type=int, help="rounds (7)")
        command.add_argument("--json", type=Path, help="write the results there too")
        command.add_argument("--quick", action="store_true", help="to see it work")
        command.add_argument(
            "--threads", type=numbers, default=[1], help="such as 1,2 (1)"
        )
        if name in WORKLOADS:
            command.add_argument("--only", type=names, help="parts of workload names")
        if name in TIMED:
            command.add_argument("--seconds", type=float, help="of a round (0.25)")
        if name == "scaling":
            command.add_argument("--plot", type=Path, help="where the picture goes")
        if name == "memory":
            command.add_argument("--gigabytes", type=float, default=4, help="of X (4)")
            command.add_argument("--folder", help="for the file")
    options = parser.parse_args()
    options.repeat = options.repeat or (2 if options.quick else 7)
    if options.command in TIMED:
        options.seconds = options.seconds or (0.02 if options.quick else 0.25)
    return options


def names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def numbers(text: str) -> list[int]:
    return [int(part) for part in names(text)]


def chosen_rivals(options, described) -> list[str]:
    """Those asked for, with our own first; by default all, our other levels too."""
    if options.rivals is None:
        levels = [f"fcnn-{level}" for level in described["levels"]]
        other = [name for name in levels if name != f"fcnn-{described['level']}"]
        own = other if options.command in WORKLOADS else []
        return [OURS, *own, *RIVALS_OF[options.command]]
    unknown = set(options.rivals) - set(RIVALS)
    if unknown:
        raise SystemExit(
            f"no rival {', '.join(unknown)}; there are {', '.join(RIVALS)}"
        )
    return list(dict.fromkeys([OURS, *options.rivals]))


def chosen_workloads(options) -> list:
    works = WORKLOADS[options.command]
    chosen = [
        work.quick() if options.quick else work
        for work in works
        if options.only is None or any(part in work.name for part in options.only)
    ]
    if not chosen:
        known = ", ".join(work.name for work in works)
        raise SystemExit(f"no workload has such a name; there are {known}")
    return chosen


if __name__ == "__main__":
    main()
