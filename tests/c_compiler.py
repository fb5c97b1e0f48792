"""Makes networks, compiles their C files with the machine's compiler, calls them."""

from __future__ import annotations

import ctypes
import shutil
import subprocess

import numpy as np

import fcnn

STRICT = ["-Wall", "-Wextra", "-Werror", "-std=c99", "-pedantic"]
STRICTER = [
    *STRICT,
    *["-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wdouble-promotion"],
    *["-Wfloat-equal", "-Wundef", "-Wcast-qual", "-Wstrict-prototypes"],
    "-Wmissing-prototypes",
]
C_NUMBERS = {"float32": ctypes.c_float, "float64": ctypes.c_double}


def made(sizes, activation, output, dtype, *, bias=True, standardize=False, seed=0):
    """A network whose biases are not zero."""
    net = fcnn.Network(
        sizes,
        activation,
        output,
        bias=bias,
        standardize=standardize,
        dtype=dtype,
        seed=seed,
    )
    rng = np.random.default_rng(seed)
    for layer in list(net.layers)[1:]:
        if layer.bias is not None:
            layer.bias = rng.normal(0, 0.3, layer.size)
    return net


def c_name(activation):
    """ "elu(0.5)" -> "elu_0_5"."""
    return activation.replace("(", "_").replace(")", "").replace(".", "_")


def compiler(*names):
    """The first of the programs that is there."""
    found = next(filter(None, map(shutil.which, names or ("gcc", "cc"))), None)
    assert found, f"none of {names} is installed"
    return found


def compile_(folder, source, target, *flags, cc=None):
    """Builds folder/target of folder/source; a warning is an error."""
    command = [cc or compiler(), *STRICTER, "-O1", *flags, source, "-o", target, "-lm"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / target


class Library:
    """Networks of one dtype, by their C names, in one library compiled at once."""

    def __init__(self, folder, nets, *flags, options=()):
        for name, net in nets.items():
            net.to_c(folder / f"{name}.c")
        lines = [f"#define {option}" for option in options]
        lines += [f'#include "{name}.c"' for name in nets]
        (folder / "all.c").write_text("\n".join(lines) + "\n")
        compile_(folder, "all.c", "all.so", "-shared", "-fPIC", *flags)
        self.library = ctypes.CDLL(str(folder / "all.so"))
        self.nets = nets

    def predict(self, name, X):
        """The outputs of each row."""
        net = self.nets[name]
        number = ctypes.POINTER(C_NUMBERS[net.dtype.name])
        function = self.library[f"{name}_predict"]
        function.argtypes, function.restype = [number, number], None
        X = np.ascontiguousarray(X, dtype=net.dtype)
        out = np.empty((len(X), net.sizes[-1]), net.dtype)
        for x, a in zip(X, out, strict=True):
            function(x.ctypes.data_as(number), a.ctypes.data_as(number))
        return out

    def classify(self, name, X):
        """The class of each row."""
        number = ctypes.POINTER(C_NUMBERS[self.nets[name].dtype.name])
        function = self.library[f"{name}_classify"]
        function.argtypes, function.restype = [number], ctypes.c_int
        X = np.ascontiguousarray(X, dtype=self.nets[name].dtype)
        return [function(x.ctypes.data_as(number)) for x in X]

    def labels(self, name, X):
        """Which outputs of each row are above 0.5."""
        net = self.nets[name]
        number = ctypes.POINTER(C_NUMBERS[net.dtype.name])
        function = self.library[f"{name}_labels"]
        function.argtypes = [number, ctypes.POINTER(ctypes.c_int)]
        function.restype = None
        X = np.ascontiguousarray(X, dtype=net.dtype)
        out = np.empty((len(X), net.sizes[-1]), np.intc)
        for x, a in zip(X, out, strict=True):
            function(
                x.ctypes.data_as(number),
                a.ctypes.data_as(ctypes.POINTER(ctypes.c_int)),
            )
        return out


def as_text(X):
    """The rows, a line each."""
    return "".join(" ".join(map(str, row)) + "\n" for row in X)


def rows_of(program, text):
    """What the program prints when it is given the text."""
    done = subprocess.run(
        [program], input=text, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return np.array([line.split() for line in done.stdout.splitlines()], float)
