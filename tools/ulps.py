"""Measure the elementwise functions in units in the last place (ulp).

    python tools/ulps.py             # everything, into docs/ulps.md: about an hour
    python tools/ulps.py --sample    # some of it: a minute; fails above a bound
    python tools/ulps.py --reference # how exact the reference is, by mpmath

float32 is measured over all 2^32 inputs, float64 over a sample; for each CPU level
that this machine runs. Needs x86-64 Linux with AVX2, g++ and Eigen (pip install
cmeel-eigen).
tools/ulps/measure.cpp has what is measured, tools/ulps/reference.cpp by what. Results
are kept in build/ulps, and what is there is not measured again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "tools" / "ulps"
WORK = ROOT / "build" / "ulps"
PAGE = ROOT / "docs" / "ulps.md"
LEVELS = {"v4": "x86-64-v4", "v3": "x86-64-v3", "base": "x86-64-v2"}
FLAGS = [
    "-O3",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=off",
    "-Wno-ignored-attributes",
    "-DEIGEN_FAST_MATH=0",
    "-DEIGEN_MPL2_ONLY",
    "-DEIGEN_DONT_PARALLELIZE",
]
ALL = 1 << 32
BOUND = 4.0
# Second derivatives: those that take a multiply its error where it is near 1.
BOUNDS = {"sigmoid''": 12.5, "tanh''": 10.5, "mish''": 5.0}

HEAD = """\
Written by `python tools/ulps.py`: the largest error of each function, at each CPU level
and dtype. float32 is measured over all 2^32 inputs or over so many of them, evenly
spaced; float64 over a sample of every exponent, denser where the functions bend or die
away. Subnormal numbers count as zero, and a result below the normal numbers may be
zero. The reference is glibc's libm in double (for float64 in long double), which is
exact to below 0.01 ulp here: `python tools/ulps.py --reference` compares it with
mpmath. A newer compiler, or another processor, may change the last digits shown."""

Row = tuple[int, float, float]  # inputs, the largest error, where it is


def eigen() -> Path:
    folders = [Path(p) / "cmeel.prefix" / "include" / "eigen3" for p in sys.path]
    for folder in [*folders, Path("/usr/include/eigen3")]:
        if (folder / "Eigen" / "Core").exists():
            return folder
    sys.exit("Eigen is missing: pip install cmeel-eigen")


def build(level: str) -> Path:
    """The measuring program of a level; the reference is of this machine."""
    WORK.mkdir(parents=True, exist_ok=True)
    compiler = ["g++", *FLAGS, "-c"]
    own = ["-std=gnu++17", "-march=native", "-Wno-psabi"]
    of_level = ["-std=c++17", f"-march={LEVELS[level]}"]
    of_level += [f"-I{eigen()}", f"-I{ROOT / 'cpp'}"]
    reference, kernel = WORK / "reference.o", WORK / f"{level}.o"
    for flags, source, to in (
        (own, "reference.cpp", reference),
        (of_level, "measure.cpp", kernel),
    ):
        subprocess.run([*compiler, *flags, SOURCE / source, "-o", to], check=True)
    program = WORK / level
    subprocess.run(["g++", kernel, reference, "-o", program, "-lmvec"], check=True)
    return program


def names(program: Path) -> list[str]:
    run = subprocess.run([program, "names"], check=True, capture_output=True, text=True)
    return run.stdout.splitlines()


def read(path: Path) -> dict[str, Row]:
    """What measure printed: of several lines of a function that of the most inputs."""
    rows: dict[str, Row] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        name, inputs, own, own_at, of_largest, largest_at = line.split("\t")
        error, at = own, own_at
        if is_derivative(name) and not name.startswith("exp"):
            error, at = of_largest, largest_at
        if int(inputs) > rows.get(name, (0, 0.0, 0.0))[0]:
            rows[name] = int(inputs), float(error), float.fromhex(at)
    return rows


def is_derivative(name: str) -> bool:
    return name.endswith("'")


def measure(program: Path, dtype: str, number: int, path: Path) -> dict[str, Row]:
    """Each function that `path` has not yet; number: the step, or the count."""
    for name in names(program):
        if name in read(path):
            continue
        command = [program, dtype, str(number), name]
        with path.open("a") as file:
            subprocess.run(command, check=True, stdout=file)
    return read(path)


def above(rows: dict[str, Row], what: str) -> int:
    """Prints what is above its bound, and how many they are."""
    found = 0
    for name, (_, error, at) in rows.items():
        if not error <= BOUNDS.get(name, BOUND):
            found += 1
            print(f"{what}: {name} is {error:.3f} ulp off at {at!r}")
    return found


def sample(levels: list[str]) -> int:
    found = 0
    for level in levels:
        program = build(level)
        for dtype, number in (("float", 4099), ("double", 20_000)):
            path = WORK / f"sample_{level}_{dtype}.tsv"
            path.unlink(missing_ok=True)
            rows = measure(program, dtype, number, path)
            found += above(rows, f"{level}, {dtype}")
            value, name = max((row[1], name) for name, row in rows.items())
            print(
                f"{level}, {dtype}: {len(rows)} functions, largest {value:.3f}, {name}"
            )
    return found


def inputs_of(rows: dict[str, Row]) -> str:
    n = rows["identity"][0]
    return "all" if n == ALL else f"{n:.2g}"


def table(columns: dict[str, dict[str, Row]], chosen: list[str]) -> list[str]:
    lines = [
        "| function | " + " | ".join(columns) + " | bound |",
        "| --- |" + " ---: |" * (len(columns) + 1),
        "| inputs, at least | " + " | ".join(map(inputs_of, columns.values())) + " | |",
    ]
    for name in chosen:
        shown = name.removeprefix("core: ")
        errors = [f"{rows[name][1]:.2f}" for rows in columns.values()]
        bound = f"{BOUNDS.get(name, BOUND):g}"
        lines.append(f"| {shown} | " + " | ".join([*errors, bound]) + " |")
    return lines


def write(columns: dict[str, dict[str, Row]]) -> None:
    every = list(next(iter(columns.values())))
    groups = {
        "Values": [n for n in every if not is_derivative(n) and ":" not in n],
        "Derivatives": [n for n in every if is_derivative(n)],
        "What they are made of": [n for n in every if ":" in n],
    }
    text = {
        "Values": "In units in the last place of the exact value.",
        "Derivatives": "In units in the last place of the largest `|sigma'(z)|`, or "
        "`|sigma''(z)|`,\nof any z; those of exp, which has none, of the exact value. "
        "Where a derivative is\nsmall it is so in the absolute sense: `a (1 - a)` is 0 "
        "where a is rounded to 1.",
        "What they are made of": "The core's functions in their domains, in units in "
        "the last place of the exact value.",
    }
    lines = ["# Errors of the elementwise functions", "", HEAD]
    for title, chosen in groups.items():
        lines += ["", f"## {title}", "", text[title], "", *table(columns, chosen)]
    PAGE.write_text("\n".join(lines) + "\n")


def full(levels: list[str], step: int, count: int) -> int:
    columns: dict[str, dict[str, Row]] = {}
    for dtype, number in (("float", step), ("double", count)):
        for level in levels:
            path = WORK / f"{level}_{dtype}.tsv"
            rows = measure(build(level), dtype, number, path)
            columns[f"{'float32' if dtype == 'float' else 'float64'}, {level}"] = rows
    write(columns)
    return sum(above(rows, title) for title, rows in columns.items())


def reference() -> int:
    """The reference against mpmath at random numbers, in ulps of the dtype."""
    sys.path.insert(0, str(ROOT / "tests"))
    import mpmath as mp
    import numpy as np

    from exact import EXACT

    program, worst = build("v3"), {}
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        low = 85 if dtype == np.float32 else 700
        z = np.concatenate(
            [
                rng.uniform(-4, 4, 60),
                rng.uniform(-low, 30, 60),
                rng.uniform(-36, -10, 30),
                rng.choice([-1, 1], 30) * 2.0 ** rng.uniform(-20, 3, 30),
            ]
        ).astype(dtype)
        tiny, eps = (float(x) for x in (np.finfo(dtype).tiny, np.finfo(dtype).eps))
        for name in (n for n in names(program) if not n.startswith("core")):
            base, order = name.rstrip("'"), name.count("'")
            run = subprocess.run(
                [program, "exact", "float" if dtype == np.float32 else "double", name],
                input="\n".join(float(x).hex() for x in z),
                capture_output=True,
                text=True,
                check=True,
            )
            for x, line in zip(z, run.stdout.splitlines(), strict=True):
                high, small = (float.fromhex(part) for part in line.split())
                f = EXACT[base]
                at = mp.mpf(float(x))
                true = mp.diff(f, at, order) if order else f(at)
                if abs(true) < tiny / eps and not order:
                    continue  # the lower part of the sum would be subnormal
                size = max(abs(true), mp.mpf(2) ** -4 if order else mp.mpf(tiny))
                unit = mp.mpf(2) ** mp.floor(mp.log(size, 2)) * eps
                error = float(abs(mp.mpf(high) + mp.mpf(small) - true) / unit)
                found = error, name, float(x)
                key = np.dtype(dtype).name
                worst[key] = max(worst.get(key, found), found)
    for key, (error, name, x) in worst.items():
        print(f"{key}: the reference is within {error:.2g} ulp ({name} at {x!r})")
    return sum(error > 0.01 for error, _, _ in worst.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", action="store_true", help="a short run, for CI")
    parser.add_argument("--reference", action="store_true", help="check the reference")
    parser.add_argument("--levels", nargs="+", choices=LEVELS, default=None)
    parser.add_argument("--step", type=int, default=1, help="of float's bit patterns")
    parser.add_argument("--count", type=int, default=10_000_000, help="of doubles")
    given = parser.parse_args()
    cpu = Path("/proc/cpuinfo").read_text()
    levels = given.levels or [n for n in LEVELS if n != "v4" or "avx512vl" in cpu]
    if given.reference:
        return reference()
    return sample(levels) if given.sample else full(levels, given.step, given.count)


if __name__ == "__main__":
    sys.exit(main())
