"""Networks as C files: how near to predict, and how long a row takes.

python bench/c_export.py [--seeds 20] [--cc gcc]

Accuracy: the largest difference from `predict` over 100 rows, divided by the largest
output; the worst and the median of some seeds, with every multiply-add rounded once
(FMA=1) and twice (FMA=0), and beside them the distance of `predict` itself, in float32,
from a float64 network of the same weights. Time: a row's, the median of rounds in which
C and `net.predictor()` (with its call from Python) take turns.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

import fcnn
from fcnn import _core

ACCURACY = {
    "64-64-10 relu, softmax": ([64, 64, 10], "relu", "softmax"),
    "784-300-10 relu, identity": ([784, 300, 10], "relu", "identity"),
    "784-300-10 sigmoid, softmax": ([784, 300, 10], "sigmoid", "softmax"),
    "64-256x3-8 relu, identity": ([64, 256, 256, 256, 8], "relu", "identity"),
    "20-32x2-1 gelu, identity": ([20, 32, 32, 1], "gelu", "identity"),
    "4-16x8-2 tanh, identity": ([4, *[16] * 8, 2], "tanh", "identity"),
    "4-16x20-1 tanh, identity": ([4, *[16] * 20, 1], "tanh", "identity"),
    "8-8x30-1 relu, identity": ([8, *[8] * 30, 1], "relu", "identity"),
}
TIMED = {"64-64-10": [64, 64, 10], "64-256-256-256-8": [64, 256, 256, 256, 8]}
FLAGS = ("-O2", "-O3", "-O2 -march=native", "-O3 -march=native")
TIMER = """
#include <stdio.h>
#include <time.h>
int main(void)
{
    static @ x[NET_N_IN], out[NET_N_OUT];
    const int calls = 2000;
    clock_t start;
    int i;
    for (i = 0; i < NET_N_IN; ++i) x[i] = (@)(i % 7) / 4 - 1;
    start = clock();
    for (i = 0; i < calls; ++i) net_predict(x, out);
    printf("%.9g\\n", (double)(clock() - start) / CLOCKS_PER_SEC / calls);
    return 0;
}
"""


def network(sizes, activation, output, dtype, seed):
    net = fcnn.Network(sizes, activation, output, dtype=dtype, seed=seed)
    rng = np.random.default_rng(seed)
    for layer in list(net.layers)[1:]:
        layer.bias = rng.normal(0, 0.3, layer.size)
    return net


def compiled(folder, cc, source, *flags):
    target = folder / "program"
    command = [cc, "-std=c99", *flags, str(folder / source), "-o", str(target), "-lm"]
    subprocess.run(command, check=True)
    return target


def distance(a, b):
    return np.abs(a.astype(float) - b).max() / np.abs(b).max()


def errors(folder, cc, sizes, activation, output, dtype, seed):
    """From predict with and without FMA, and of predict from the float64 network."""
    net = network(sizes, activation, output, dtype, seed)
    net.to_c(folder / "net.c", main=True)
    X = np.random.default_rng(seed).normal(size=(100, sizes[0])).astype(dtype)
    text = "".join(" ".join(map(str, row)) + "\n" for row in X)
    expected = net.predict(X)
    for fma in (1, 0):
        program = compiled(folder, cc, "net.c", "-O1", f"-DNET_FMA={fma}")
        printed = subprocess.check_output([program], input=text, text=True)
        rows = [line.split() for line in printed.splitlines()]
        yield distance(np.array(rows, dtype), expected)
    double = network(sizes, activation, output, "float64", seed)
    double.parameters[:] = net.parameters
    yield distance(expected, double.predict(X))


def print_accuracy(folder, cc, seeds):
    print(f"level {_core.level}; worst (median) of {seeds} seeds\n")
    print("| network | dtype | FMA=1 | FMA=0 | predict from float64 |")
    print("| --- | --- | --- | --- | --- |")
    for name, what in ACCURACY.items():
        for dtype in ("float32", "float64"):
            each = [list(errors(folder, cc, *what, dtype, s)) for s in range(seeds)]
            shown = [
                f"{max(c):.1e} ({np.median(c):.0e})" for c in zip(*each, strict=True)
            ]
            shown[2] = shown[2] if dtype == "float32" else ""
            print(f"| {name} | {dtype} | {' | '.join(shown)} |", flush=True)


def print_times(folder, cc, rounds=15):
    print("\na row in microseconds, and the ratio to net.predictor()'s\n")
    print(f"| network | dtype | predictor | {' | '.join(FLAGS)} |")
    print("| --- | --- | --- | " + " | ".join("---" for _ in FLAGS) + " |")
    for name, sizes in TIMED.items():
        for dtype, c_type in (("float32", "float"), ("float64", "double")):
            net = network(sizes, "relu", "identity", dtype, 0)
            net.to_c(folder / "net.c")
            timer = '#include "net.c"\n' + TIMER.replace("@", c_type)
            (folder / "timer.c").write_text(timer)
            programs = {}
            for flags in FLAGS:
                program = compiled(folder, cc, "timer.c", *flags.split())
                programs[flags] = program.rename(folder / flags.replace(" ", "_"))
            x, out = np.ones(sizes[0], dtype), np.empty(sizes[-1], dtype)
            p, own, taken = net.predictor(), [], {flags: [] for flags in FLAGS}
            for _ in range(rounds):
                start = time.perf_counter()
                for _ in range(2000):
                    p(x, out)
                own.append((time.perf_counter() - start) / 2000)
                for flags, program in programs.items():
                    printed = subprocess.check_output([program], text=True)
                    taken[flags].append(float(printed))
            base = statistics.median(own)
            medians = [statistics.median(taken[flags]) for flags in FLAGS]
            shown = [f"{1e6 * m:.2f} ({m / base:.2f})" for m in medians]
            print(f"| {name} | {dtype} | {1e6 * base:.2f} | {' | '.join(shown)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--cc", default="gcc")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print_accuracy(folder, arguments.cc, arguments.seeds)
        print_times(folder, arguments.cc)


if __name__ == "__main__":
    main()
