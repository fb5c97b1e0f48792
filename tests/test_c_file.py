"""The C file itself: its names, what its head says, its declarations, its program."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess

import numpy as np
import pytest

import fcnn
from c_compiler import STRICTER, as_text, compile_, compiler, made, rows_of
from helpers import assert_close


@pytest.fixture
def net():
    return made([4, 20, 3], "relu", "softmax", "float32")


def written(net, path, **options):
    net.to_c(path, **options)
    return path.read_text(encoding="ascii")


# ---------------------------------------------------------------- names and refusals


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("digits.c", "digits"),
        ("my-net v2.1.c", "my_net_v2_1"),
        ("größe.c", "gr_e"),
        ("_x_.c", "x"),
        ("Net", "Net"),
    ],
)
def test_the_name_comes_from_the_file(net, file, name, tmp_path):
    assert f"void {name}_predict(" in written(net, tmp_path / file)


@pytest.mark.parametrize("file", ["64-64-10.c", "int.c", "---.c", f"{'a' * 32}.c"])
def test_a_file_that_gives_no_name(net, file, tmp_path):
    with pytest.raises(ValueError, match="give one with name="):
        net.to_c(tmp_path / file)
    assert not list(tmp_path.iterdir())
    assert "void n_predict(" in written(net, tmp_path / file, name="n")


@pytest.mark.parametrize(
    "name",
    ["", "1a", "_a", "a-b", "a b", "a*/", "é", "a\n", "a\\", "while", "b" * 32, "??/"],
)
def test_refused_names(net, name, tmp_path):
    with pytest.raises(ValueError, match="name must"):
        net.to_c(tmp_path / "a.c", name=name)
    assert not list(tmp_path.iterdir())


def test_refused_arguments(net, tmp_path):
    with pytest.raises(TypeError, match="path must be a path"):
        net.to_c(3)
    with pytest.raises(TypeError, match="name must be a string"):
        net.to_c(tmp_path / "a.c", name=3)
    with pytest.raises(TypeError, match="main must be True or False"):
        net.to_c(tmp_path / "a.c", main=1)
    with pytest.raises(FileNotFoundError):
        net.to_c(tmp_path / "nowhere" / "a.c")
    (tmp_path / "folder.c").mkdir()
    with pytest.raises(IsADirectoryError):
        net.to_c(tmp_path / "folder.c")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.c"]


def test_refused_networks(net, tmp_path):
    unlearned = fcnn.Network([3, 2], standardize=True, seed=0)
    with pytest.raises(ValueError, match="has not learned"):
        unlearned.to_c(tmp_path / "a.c")
    net.layers[2].bias[1] = np.nan
    with pytest.raises(ValueError, match="the bias of layer 2 must be finite"):
        net.to_c(tmp_path / "a.c")
    net.layers[1].weight[1, 1] = np.inf
    with pytest.raises(ValueError, match="the weight of layer 1 must be finite"):
        net.to_c(tmp_path / "a.c")
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------------- the text


def test_the_same_network_gives_the_same_bytes(net, tmp_path):
    first = written(net, tmp_path / "a.c")
    again = fcnn.Network([4, 20, 3], "relu", "softmax", seed=9)
    again.parameters[:] = net.parameters
    assert written(again, tmp_path / "a.c") == first


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_keep_their_bits(dtype, tmp_path):
    """The smallest, the largest and the ugliest come back as they were."""
    info = np.finfo(dtype)
    net = fcnn.Network([8, 1], output="identity", bias=False, dtype=dtype, seed=0)
    some = [info.max, -info.tiny, info.smallest_subnormal, 0.1, -0.0, 1e10, 1 / 3, 7]
    net.layers[1].weight = np.array([some])
    text = written(net, tmp_path / "a.c")
    body = re.search(r"a_W1\[8\] = \{(.*?)\}", text, flags=re.DOTALL)[1]
    numbers = [number.strip() for number in body.split(",")]
    assert all(number.endswith("f") == (dtype == "float32") for number in numbers)
    read = np.array([number.rstrip("f") for number in numbers]).astype(dtype)
    assert read.tobytes() == net.layers[1].weight.tobytes()
    compile_(tmp_path, "a.c", "a.o", "-c")


def test_no_line_is_long(tmp_path):
    net = made([3, 300, 2], "hard_sigmoid(0.3)", "sigmoid", "float64")
    text = written(net, tmp_path / "a.c", main=True)
    assert max(map(len, text.splitlines())) <= 88
    assert "\t" not in text


NETWORKS = {
    "classifier": ([64, 64, 10], "relu", "softmax", "float32"),
    "labels": ([9, 40, 70, 33, 5], "tanh", "sigmoid", "float64"),
    "regressor": ([16, 200, 100, 1], "silu", "identity", "float32"),
    "one_layer": ([30, 4], "tanh", "identity", "float64"),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("standardize", [False, True])
def test_the_head_tells_the_truth(name, standardize, tmp_path):
    """Of flash by the symbols of the object file, of stack by what gcc reports."""
    net = made(*NETWORKS[name], standardize=standardize)
    if standardize:
        net.standardizer = fcnn.Standardizer(
            np.zeros(net.sizes[0]), np.ones(net.sizes[0])
        )
    text = written(net, tmp_path / "net.c")
    size = net.dtype.itemsize
    n_weights = sum(layer.weight.size for layer in list(net.layers)[1:])
    c_type = {4: "float", 8: "double"}[size]
    assert f"{c_type}: {net.n_parameters} parameters, {n_weights} multiply-adds" in text
    flash = int(re.search(r"Flash +(\d+) bytes", text)[1])
    assert flash == net.n_parameters * size + standardize * 16 * net.sizes[0]
    compile_(tmp_path, "net.c", "net.o", "-c", "-O0")
    command = [compiler("nm"), "-S", "net.o"]
    symbols = subprocess.check_output(command, cwd=tmp_path, text=True).splitlines()
    constants = [line.split() for line in symbols if " r net_" in line]
    assert sum(int(bytes_, 16) for _, bytes_, *_ in constants) == flash
    assert not [line for line in symbols if re.search(r" [bBdDC] ", line)]
    undefined = {line.split()[-1] for line in symbols if " U " in line}
    assert not undefined & {"malloc", "calloc", "alloca", "free"}

    stack = int(re.search(r"RAM +(\d+) bytes of stack", text)[1])
    # or a frame's first 128 bytes would lie beyond what is counted
    flags = ["-mno-red-zone"] if platform.machine() in {"x86_64", "AMD64"} else []
    compile_(tmp_path, "net.c", "net.o", "-c", "-O2", "-fstack-usage", *flags)
    frames = {
        line.split()[0].rsplit(":", 1)[1]: int(line.split()[1])
        for line in (tmp_path / "net.su").read_text().splitlines()
    }
    assert stack <= frames["net_predict"] <= stack + 256
    assert "dynamic" not in (tmp_path / "net.su").read_text()
    more = re.search(r"and (\d+) more for those of net_classify", text)
    assert (more is not None) == ("net_classify" in frames)
    if more is not None:
        assert int(more[1]) <= frames["net_classify"] <= int(more[1]) + 256


def test_the_head_says_what_the_network_is(tmp_path):
    net = fcnn.Network(
        [3, 8, 2],
        "leaky_relu(0.2)",
        "identity",
        loss="huber(0.5)",
        bias=[False, True],
        standardize=True,
        seed=0,
    )
    net.standardizer = fcnn.Standardizer([1, 2, 3], [1, 1, 1], [5, 6], [1, 1])
    head = written(net, tmp_path / "a.c", main=True).split("*/")[0]
    for line in (
        f"in C99, written by fcnn {fcnn.__version__}.",
        "inputs    3, standardized here: (x - mean) / scale, in double",
        "layer 1   8, leaky_relu(0.2), no bias",
        "layer 2   2, identity\n",
        "outputs   target_mean + target_scale a, in double",
        "loss      huber(0.5)",
        "main's row: 20 bytes",
    ):
        assert line in head


# ---------------------------------------------------------------- how it is compiled


def test_another_file_takes_the_declarations(net, tmp_path):
    """As the head says; and the arrays in static memory give the same numbers."""
    net.to_c(tmp_path / "net.c")
    (tmp_path / "net.h").write_text(
        "#ifndef NET_H\n"
        "#define NET_H\n"
        "#define NET_DECLARATIONS_ONLY\n"
        '#include "net.c"\n'
        "#endif\n"
    )
    (tmp_path / "user.c").write_text(
        '#include "net.h"\n'
        "#include <stdio.h>\n"
        "int main(void)\n"
        "{\n"
        "    const float x[NET_N_IN] = {1.0f, -2.0f, 0.5f, 3.0f};\n"
        "    float out[NET_N_OUT];\n"
        "    int k;\n"
        "    net_predict(x, out);\n"
        '    for (k = 0; k < NET_N_OUT; ++k) printf("%.9g ", (double)out[k]);\n'
        '    printf("%d\\n", net_classify(x));\n'
        "    return 0;\n"
        "}\n"
    )
    expected = net.predict([1.0, -2.0, 0.5, 3.0])
    for flags in ([], ["-DNET_STATIC"]):
        program = compile_(tmp_path, "user.c", "user", "net.c", *flags)
        *outputs, label = subprocess.check_output([program], text=True).split()
        np.testing.assert_allclose(np.array(outputs, "f4"), expected, rtol=1e-6)
        assert int(label) == expected.argmax()
    compile_(tmp_path, "net.c", "net.o", "-c", "-DNET_STATIC")
    symbols = subprocess.check_output([compiler("nm"), "-S", tmp_path / "net.o"])
    assert b" b odd" in symbols


OTHERS = [name for name in ("c++", "clang", "clang++") if shutil.which(name)]


@pytest.mark.parametrize("cc", OTHERS)
def test_other_compilers(cc, tmp_path, rng):
    """C++ and Clang, where they are there."""
    net = made([9, 20, 3], "mish", "sigmoid", "float64")
    net.to_c(tmp_path / "net.c", main=True)
    flags = [flag for flag in STRICTER if "prototypes" not in flag]
    if cc.endswith("++"):
        flags = [flag for flag in flags if flag != "-std=c99"] + ["-x", "c++"]
    command = [cc, *flags, "-O1", "net.c", "-o", "net", "-lm"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    X = rng.normal(size=(10, 9))
    actual = rows_of(tmp_path / "net", as_text(X))
    np.testing.assert_allclose(actual, net.predict(X), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_name_with_the_name_of_a_type_in_it(dtype, tmp_path, rng):
    net = made([3, 4, 2], "elu", "softmax", dtype)
    net.to_c(tmp_path / "net.c", name="double_float2", main=True)
    X = rng.normal(size=(5, 3)).astype(dtype)
    actual = rows_of(compile_(tmp_path, "net.c", "net"), as_text(X))
    assert_close(actual, net.predict(X), 1e-6)


# ----------------------------------------------------------------------- its program


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("c")
    net = fcnn.Network([3, 2], output="identity", init="zeros", seed=0)
    net.layers[1].weight = [[1, 1, 1], [1, 0, 0]]
    net.to_c(folder / "net.c", main=True)
    return compile_(folder, "net.c", "net")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("", ""),
        ("\n \n", ""),
        ("1 2 3\n", "6 1\n"),
        ("1 2 3", "6 1\n"),
        ("1,2,\t3\r\n\n4, 5 6\r\n", "6 1\n15 4\n"),
        ("0x10 1e2 -.5\n", "115.5 16\n"),
        ("0.1 0 0\n", "0.100000001 0.100000001\n"),
        ("inf 0 0\n", "inf inf\n"),
        ("nan 0 0\n", "nan nan\n"),
    ],
)
def test_rows_that_the_program_reads(program, text, printed):
    done = subprocess.run(
        [program], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")


@pytest.mark.parametrize(
    ("text", "printed", "message"),
    [
        ("1 2\n", "", "line 1: too few numbers"),
        ("1 2 3\n4 5", "6 1\n", "line 2: too few numbers"),
        ("1 2 3 4\n", "", "line 1: too many numbers"),
        ("1 2 x\n", "", "line 1: this is no number"),
        ("1 2 3x\n", "", "line 1: this is no number"),
        ("1 2 3;4\n", "", "line 1: this is no number"),
        ("1 2 \0 3\n", "", "line 1: this is no number"),
        (f"1 2 {'3' * 1000}\n", "", "line 1: this is no number"),
        ("\n1 2 \xff\n", "", "line 2: this is no number"),
    ],
)
def test_rows_that_the_program_refuses(program, text, printed, message):
    done = subprocess.run(
        [program], input=text.encode("latin-1"), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout.decode()) == (1, printed)
    assert done.stderr.decode() == f"{message} (a row has 3 numbers)\n"
