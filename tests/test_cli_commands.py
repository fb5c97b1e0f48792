"""The command line as a whole, exit codes, and inspect, export, bench, config."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import fcnn
from command_line import numbers, write_csv
from fcnn import cli as package
from fcnn.cli import config, export, main

COMMANDS = [command.__name__.rpartition(".")[2] for command in package.COMMANDS]


def test_help_and_version(cli):
    assert cli("--version") == (0, f"fcnn {fcnn.__version__}\n", "")
    code, out, _ = cli("--help")
    assert code == 0
    assert COMMANDS == ["train", "predict", "inspect", "export", "bench", "config"]
    for name in COMMANDS:
        assert re.search(rf"^    {name}  +\w", out, flags=re.MULTILINE)
        code, text, err = cli(name, "--help")
        assert (code, err) == (0, "")
        assert f"\n  fcnn {name}" in text


@pytest.mark.parametrize("arguments", [[], ["--nonsense"], ["tarin"], ["predict", "m"]])
def test_usage_errors(arguments, refused):
    assert "--help)" in refused(*arguments)


FAILURES = [
    (ValueError("bad"), 2, "bad"),
    (TypeError("two\n  lines"), 2, "two lines"),
    (ImportError("pip install it"), 2, "pip install it"),
    (PermissionError(13, "Permission denied", "x.csv"), 2, "x.csv: Permission denied"),
    (FileNotFoundError(2, "No such file", "x.csv"), 2, "x.csv: No such file"),
    (OSError(28, "No space left on device"), 1, "[Errno 28] No space left on device"),
    (MemoryError("of 3 TB"), 1, "not enough memory: of 3 TB"),
    (KeyboardInterrupt(), 130, "interrupted"),
    (KeyError("k"), 1, "unexpected KeyError: 'k' (--traceback shows it)"),
    (ValueError(), 2, "ValueError"),
]


@pytest.mark.parametrize(("error", "code", "line"), FAILURES, ids=repr)
def test_exceptions_become_a_line_and_a_code(error, code, line, cli, monkeypatch):
    def fail(options):
        raise error

    monkeypatch.setattr(config, "run", fail)
    assert cli("config") == (code, "", f"fcnn: error: {line}\n")
    for arguments in (["config", "--traceback"],):
        again, out, err = cli(*arguments)
        assert (again, out) == (code, "")
        assert err.startswith("Traceback")
        assert err.endswith(f"\nfcnn: error: {line}\n")
    monkeypatch.setenv("FCNN_TRACEBACK", "1")
    assert cli("config")[2].startswith("Traceback")


def test_divergence(cli, tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n1e8,1.5\n-1e8,2\n2e8,-3\n1,0\n3,5\n")
    code, _, err = cli(
        *("train", "t.csv", "--target", "y", "--no-standardize", "--quiet"),
        *("--optimizer", "sgd", "--lr", "1e8", "--activation", "identity"),
    )
    assert code == 1
    assert err.startswith("fcnn: error: the loss or the parameters became infinite")
    assert err.count("\n") == 1
    assert not (tmp_path / "model.safetensors").exists()


def start(*arguments, **how):
    command = [sys.executable, "-m", "fcnn", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how
    )


def test_as_a_process(tmp_path):
    process = start("inspect", tmp_path / "none")
    assert process.communicate() == (
        "",
        f"fcnn: error: {tmp_path / 'none'}: No such file or directory\n",
    )
    assert process.returncode == 2


def test_output_is_utf8_whatever_the_system_writes(tmp_path):
    """Windows writes files in a code page, which fcnn would not read."""
    (tmp_path / "größe.csv").write_text("größe,y\n" + "1,ä\n2,\u6570\n" * 9)
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for command in (
        ("train", "größe.csv", "--target", "y", "--epochs", 1, "--out", "m"),
        ("predict", "m", "größe.csv", "--probabilities"),
    ):
        process = start(*command, cwd=tmp_path, env=environment, encoding="utf-8")
        out, err = process.communicate()
        assert (process.returncode, err) == (0, "")
    assert out.startswith("y,p_ä,p_\u6570\n")


def test_without_stdin(refused, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert refused("train", "-", "--target", "y") == "fcnn: error: stdin is closed\n"


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_streams(closed, tmp_path):
    """What would go there goes nowhere, and no file that is opened later gets it."""
    fcnn.Network([1, 1], seed=0).save(tmp_path / "net")
    (tmp_path / "d.csv").write_text("1\n2\n")
    run = f"{sys.executable} -m fcnn"
    for command, code in (
        ("predict net d.csv", 0),
        ("predict net d.csv --out p.csv", 0),
        ("predict net nothing.csv", 2),
    ):
        done = subprocess.run(
            ["sh", "-c", f"{run} {command} {closed}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert ("nothing.csv" in done.stderr) == (code == 2 and "2>" not in closed)
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert (len(lines), lines[0]) == (3, "prediction")


def test_ctrl_c_ends_training_with_one_line(tmp_path, rng):
    write_csv(tmp_path / "d.csv", numbers(rng))
    process = start(
        *("train", "d.csv", "--target", "price", "--epochs", 10**7),
        *("--patience", 10**7),
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    line = ""
    while not line.startswith("Network"):
        line = process.stdout.readline()
        assert line
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err.endswith("fcnn: error: interrupted\n")
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["d.csv"]


def test_a_reader_that_goes_away(tmp_path):
    fcnn.Network([1, 1], seed=0).save(tmp_path / "net")
    rows = "\n".join(map(str, range(50_000)))
    (tmp_path / "d.csv").write_text(rows)
    process = start("predict", "net", "d.csv", cwd=tmp_path)
    assert process.stdout.readline() == "prediction\n"
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), err) == (141, "")


def test_import_fcnn_imports_no_argparse():
    code = "import sys, fcnn; sys.exit('argparse' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_command_imports_only_what_it_needs():
    heavy = {"pandas", "polars", "torch", "onnx", "tqdm", "matplotlib", "sklearn"}
    code = (
        "import sys; from fcnn.cli import main; main(['config']);"
        f"sys.exit(bool({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True
    )
    assert done.returncode == 0


def test_inspect(cli, tmp_path, rng):
    write_csv(tmp_path / "d.csv", numbers(rng))
    cli("train", "d.csv", "--target", "price", "--drop", "id", "--epochs", 1)
    net = fcnn.load("model.safetensors")
    code, out, err = cli("inspect", "model.safetensors")
    assert (code, err) == (0, "")
    size = Path("model.safetensors").stat().st_size
    assert out.startswith(f"model.safetensors: {size:,} bytes, written by fcnn ")
    assert repr(net) in out
    assert f"{net.n_parameters:,} parameters" in out
    assert "target 'price': regression" in out
    assert f"target: mean {net.standardizer.target_mean[0]:.6g}, scale" in out
    low = f"{float(net.layers[2].weight.min()):.3g}"
    assert re.search(rf"^2 +64 +64 +relu .* {re.escape(low)} ", out, re.MULTILINE)
    names = ["area", "town=far", "town=near", "year"]
    for name, mean, scale in zip(
        names, net.standardizer.mean, net.standardizer.scale, strict=True
    ):
        line = rf"^{name} +{re.escape(f'{mean:.6g}')} +{re.escape(f'{scale:.6g}')}$"
        assert re.search(line, out, re.MULTILINE)

    code, out, err = cli("inspect", "model.safetensors", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["sizes"] == [4, 64, 64, 1]
    assert (found["bytes"], found["fcnn_version"]) == (size, fcnn.__version__)
    assert [entry["name"] for entry in found["inputs"]] == names
    assert [e["scale"] for e in found["inputs"]] == net.standardizer.scale.tolist()
    weight = net.layers[1].weight.astype(float)
    assert found["layers"][0]["weight"] == {
        "mean": weight.mean(),
        "std": weight.std(),
        "min": weight.min(),
        "max": weight.max(),
    }
    assert found["task"] == "regression"


def test_inspect_a_network_that_knows_no_names(cli, tmp_path):
    net = fcnn.Network([30, 2], bias=False, dropout=[0.25], dtype="float64", seed=5)
    net.parameters[:2] = [np.nan, np.inf]
    net.save("net")
    code, out, err = cli("inspect", "net")
    assert (code, err) == (0, "")
    assert "dropout=[0.25]" in out
    assert "none" in out
    assert "input " not in out
    found = json.loads(cli("inspect", "net", "--json")[1])
    assert found["layers"][0]["weight"]["max"] is None
    assert found["layers"][0]["bias"] is None
    assert (found["task"], found["dropout"]) == (None, [0.25])


def test_inspect_writes_nothing_that_moves_the_cursor(cli, tmp_path):
    (tmp_path / "t.csv").write_text('"a\x1b[2J","b\nc",y\n' + "1,2,3\n2,1,4\n" * 5)
    cli("train", "t.csv", "--target", "y", "--epochs", 1)
    out = cli("inspect", "model.safetensors")[1]
    assert "\x1b" not in out
    assert [line.split()[0] for line in out.splitlines()[-2:]] == [r"a\x1b[2J", r"b\nc"]


def test_inspect_shows_some_inputs_or_all(cli):
    net = fcnn.Network([30, 2], output="identity", standardize=True, seed=5)
    net.standardizer = fcnn.Standardizer(np.arange(30.0), np.ones(30))
    net.save("net")
    out = cli("inspect", "net")[1]
    assert out.endswith("... and 10 more: --all\n")
    out = cli("inspect", "net", "--all")[1]
    assert re.search(r"\n29 +29 +1\n$", out)


def test_what_is_no_model(refused, tmp_path):
    (tmp_path / "bad").write_bytes(b"not a model at all")
    (tmp_path / "d.csv").write_text("1,2\n")
    commands = (["predict", "bad", "d.csv"], ["inspect", "bad"])
    for command in (*commands, ["export", "bad", "--to", "c"]):
        assert "bad is no network of fcnn" in refused(*command)


class Recorder:
    """Stands for an exporting method, and writes what it was called with."""

    def __init__(self, monkeypatch, name):
        self.calls = []

        def method(net, path, **options):
            self.calls.append((net.sizes, path, options))
            Path(path).write_text("exported")

        monkeypatch.setattr(fcnn.Network, name, method)


@pytest.mark.parametrize(
    ("to", "suffix", "arguments", "options"),
    [
        ("onnx", ".onnx", [], {}),
        (
            *("onnx", ".onnx", ["--opset", "18", "--dtype", "float64"]),
            {"opset": 18, "dtype": "float64"},
        ),
        ("c", ".c", [], {}),
        ("c", ".c", ["--name", "iris", "--main"], {"name": "iris", "main": True}),
    ],
)
def test_export(to, suffix, arguments, options, cli, monkeypatch):
    fcnn.Network([2, 3, 1], seed=0).save("net.safetensors")
    recorder = Recorder(monkeypatch, f"to_{to}")
    code, out, err = cli("export", "net.safetensors", "--to", to, *arguments)
    assert (code, out, err) == (0, f"wrote net{suffix}, 8 bytes\n", "")
    assert recorder.calls == [((2, 3, 1), f"net{suffix}", options)]
    command = ["export", "net.safetensors", "--to", to, "--out", "other"]
    assert cli(*command)[1] == "wrote other, 8 bytes\n"


def test_export_refuses(refused):
    fcnn.Network([2, 3, 1], seed=0).save("net.c")
    assert "would replace net.c" in refused("export", "net.c", "--to", "c")
    assert "invalid choice: 'tflite'" in refused("export", "net.c", "--to", "tflite")
    error = refused("export", "net.c", "--to", "onnx", "--name", "x")
    assert "--name is no option of --to onnx" in error
    assert "--main is no" in refused("export", "net.c", "--to", "torch", "--main")
    assert "--opset is no" in refused("export", "net.c", "--to", "c", "--opset", "17")


def test_every_format_is_a_method():
    for name in export.FORMATS:
        assert callable(getattr(fcnn.Network, f"to_{name}"))
    methods = {name for name in dir(fcnn.Network) if name.startswith("to_")}
    assert methods == {f"to_{name}" for name in export.FORMATS}


def test_config(cli):
    assert cli("config")[1].startswith(f"version:  {fcnn.__version__}\n")
    assert json.loads(cli("config", "--json")[1]) == fcnn.show_config("dicts")


def test_bench(cli):
    before = fcnn.get_num_threads()
    try:
        fcnn.set_num_threads(2)
        code, out, err = cli("bench", "--quick", "--json")
        assert fcnn.get_num_threads() == 2
    finally:
        fcnn.set_num_threads(before)
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["level"] == fcnn.show_config("dicts")["level"]
    assert [result["threads"] for result in found["results"]] == [1, 2] * 3
    for result in found["results"]:
        assert result["trained_rows_per_second"] > 100
        assert result["predicted_rows_per_second"] > 100
        assert 0 < result["one_row_microseconds"] < 1e5


def test_bench_as_a_table(cli):
    code, out, _ = cli("bench", "--quick")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith(f"fcnn {fcnn.__version__}, CPU level ")
    assert lines[1].split()[:2] == ["sizes", "threads"]
    assert lines[2].startswith("10-64-64-1 ")


def test_main_takes_the_processs_arguments(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["fcnn", "--version"])
    assert main() == 0
    assert capsys.readouterr().out == f"fcnn {fcnn.__version__}\n"
