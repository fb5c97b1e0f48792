"""C files of networks: compiled without a warning, and compared with predict."""

from __future__ import annotations

import platform
import subprocess

import numpy as np
import pytest

import fcnn
from c_compiler import (
    STRICT,
    Library,
    as_text,
    c_name,
    compile_,
    compiler,
    made,
    rows_of,
)
from fcnn import _core
from helpers import HIDDEN, OUTPUTS, assert_close

TOLERANCE = {"float32": 1e-6, "float64": 1e-14}  # of the largest output
DTYPES = list(TOLERANCE)


def check(library, rng, n=40):
    for name, net in library.nets.items():
        X = rng.normal(0, 1.5, (n, net.sizes[0])).astype(net.dtype)
        expected = net.predict(X)
        assert np.abs(expected).max() > 0
        actual = library.predict(name, X)
        assert_close(actual, expected, TOLERANCE[net.dtype.name], name)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_activation(dtype, tmp_path, rng):
    """In a hidden layer and as output, of classifiers and regressors."""
    nets = {
        f"hidden_{c_name(each)}": made([5, 19, 9, 2], each, "identity", dtype)
        for each in HIDDEN
    }
    nets |= {
        f"out_{c_name(each)}": made([6, 21], "tanh", each, dtype) for each in OUTPUTS
    }
    check(Library(tmp_path, nets), rng)


@pytest.mark.parametrize("dtype", DTYPES)
def test_shapes(dtype, tmp_path, rng):
    """Whole tiles and what remains of them, no biases, one layer, many layers."""
    mixed = ["relu", "tanh", "elu(0.5)", "elu", "leaky_relu(0.2)", "gelu", "mish"]
    nets = {
        "digits": made([64, 64, 10], "relu", "softmax", dtype),
        "sigmoids": made([784, 30, 10], "sigmoid", "sigmoid", dtype),
        "one": made([1, 1], "tanh", "identity", dtype),
        "one_sigmoid": made([7, 1], "tanh", "sigmoid", dtype),
        "one_softmax": made([3, 4, 1], "tanh", "softmax", dtype),
        "many_classes": made([20, 1000], "tanh", "softmax", dtype),
        "no_bias": made([9, 33, 17, 3], "silu", "identity", dtype, bias=False),
        "some_bias": made(
            [9, 8, 7, 3], "tanh", "exp", dtype, bias=[False, True, False]
        ),
        "mixed": made([3, *range(14, 21), 5], mixed, "softsign", dtype),
        "deep": made([8, *[16] * 8, 2], "tanh", "identity", dtype),
    }
    check(Library(tmp_path, nets), rng)


@pytest.mark.parametrize("dtype", DTYPES)
def test_z_has_the_bits_of_the_core(dtype, tmp_path, rng):
    """The same chain of multiply-adds, fused where the core's are."""
    nets = {
        "images": made([784, 64, 10], "relu", "identity", dtype),
        "narrow": made([8, *[8] * 30, 1], "relu", "hard_tanh", dtype),
        "wide": made([2000, 5], "relu", "identity", dtype, bias=False),
    }
    unfused = _core.level == "base" and platform.machine() in {"x86_64", "AMD64"}
    options = [f"{name.upper()}_FMA {int(not unfused)}" for name in nets]
    library = Library(tmp_path, nets, options=options)
    for name, net in nets.items():
        X = rng.normal(size=(20, net.sizes[0])).astype(dtype)
        assert np.array_equal(library.predict(name, X), net.predict(X)), name


@pytest.mark.parametrize("dtype", DTYPES)
def test_standardized(dtype, tmp_path, rng):
    """Also far from 0, where x - mean would cancel in single precision."""
    nets, rows = {}, {}
    for name, hidden, far in (
        ("near", [12, 20], 1.0),
        ("far", [12], 1e6),
        ("no_hidden_layer", [], 1e6),
    ):
        net = made([6, *hidden, 3], "tanh", "identity", dtype, standardize=True)
        mean, scale = far * rng.normal(size=6), rng.uniform(0.5, 2, 6)
        targets = rng.normal(50, 10, 3), rng.uniform(1, 9, 3)
        net.standardizer = fcnn.Standardizer(mean, scale, *targets)
        nets[name] = net
        rows[name] = (mean + scale * rng.normal(size=(40, 6))).astype(dtype)
    classes = made([6, 9, 4], "relu", "softmax", dtype, standardize=True)
    classes.standardizer = fcnn.Standardizer(np.full(6, 3.0), np.full(6, 0.1))
    nets["classes"], rows["classes"] = classes, rng.normal(3, 0.1, (40, 6))
    library = Library(tmp_path, nets)
    for name, net in nets.items():
        X = rows[name].astype(dtype)
        tolerance = TOLERANCE[dtype]
        assert_close(library.predict(name, X), net.predict(X), tolerance, name)


@pytest.mark.parametrize("dtype", DTYPES)
def test_64_64_10_as_a_program(dtype, tmp_path, rng):
    """By gcc -Wall -Wextra -Werror -std=c99 -pedantic, at -O2."""
    net = made([64, 64, 10], "relu", "softmax", dtype)
    net.to_c(tmp_path / "digits.c", main=True)
    command = [compiler(), *STRICT, "-O2", "digits.c", "-o", "digits", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    X = rng.normal(size=(100, 64)).astype(dtype)
    actual = rows_of(tmp_path / "digits", as_text(X))
    assert_close(actual, net.predict(X), TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_under_the_sanitizers(dtype, tmp_path, rng):
    """Every activation and tile, and rows of the largest numbers: nothing undefined."""
    hidden = [each for each in HIDDEN if each != "identity"]
    net = made(
        [7, *range(2, 2 + len(hidden)), 33, 5], [*hidden, "tanh"], "softmax", dtype
    )
    net.to_c(tmp_path / "net.c", main=True)
    flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O0"]
    program = compile_(tmp_path, "net.c", "net", *flags)
    X = rng.normal(size=(20, 7)).astype(dtype)
    X[10:] *= np.finfo(dtype).max / 10
    actual = rows_of(program, as_text(X))
    assert_close(
        actual[:10], net.predict(X[:10]), 1e-4 if dtype == "float32" else 1e-12
    )
    assert len(actual) == 20


@pytest.mark.parametrize("dtype", DTYPES)
def test_classes_and_labels(dtype, tmp_path, rng):
    nets = {
        "classes": made([4, 8, 5], "relu", "softmax", dtype),
        "several": made([4, 8, 5], "relu", "sigmoid", dtype),
        "hard": made([4, 5], "relu", "hard_sigmoid", dtype),
        "single": made([4, 1], "relu", "sigmoid", dtype),
        "regressor": made([4, 3], "relu", "identity", dtype),
    }
    library = Library(tmp_path, nets)
    X = 3 * rng.normal(size=(60, 4)).astype(dtype)
    X[0] = np.nan
    for name in ("classes", "several", "hard"):
        a = library.predict(name, X)
        assert np.isnan(a[0]).all()
        expected = [-1, *a[1:].argmax(axis=1)]
        assert library.classify(name, X) == expected
        assert len(set(expected)) > 2
    for name in ("several", "hard"):
        labels = library.labels(name, X)
        assert (labels[0] == -1).all()
        assert np.array_equal(labels[1:], library.predict(name, X)[1:] > 0.5)
    expected = [-1, *(library.predict("single", X)[1:, 0] > 0.5).astype(int)]
    assert library.classify("single", X) == expected
    assert set(expected) == {-1, 0, 1}
    for missing in ("classes_labels", "single_labels", "regressor_classify"):
        assert not hasattr(library.library, missing)


def test_one_half_counts_as_below_and_the_first_of_equal_outputs_counts(tmp_path):
    nets = {
        "single": fcnn.Network([1, 1], output="sigmoid", init="zeros", seed=0),
        "equal": fcnn.Network([1, 3], output="softmax", init="zeros", seed=0),
    }
    library = Library(tmp_path, nets)
    assert library.predict("single", [[3.0]]) == 0.5
    assert library.classify("single", [[3.0]]) == [0]
    assert library.classify("equal", [[3.0]]) == [0]
