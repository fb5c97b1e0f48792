"""fcnn export: what each format's file computes is what fcnn predict prints."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

import fcnn
from command_line import FAST, classes


@pytest.fixture
def trained(cli, ants):
    """The inputs of the rows that a model was trained on, and what it predicts."""
    cli("train", "ants.csv", "--target", "kind", *FAST)
    out = cli("predict", "model.safetensors", "ants.csv", "--probabilities")[1]
    a = np.array([row.rsplit(",", 3)[1:] for row in out.splitlines()[1:]], float)
    data = classes(np.random.default_rng(20240229))
    hot = [data["color"] == color for color in ("blue", "green", "red")]
    X = np.column_stack([data["length"], *hot, data["width"]]).astype(np.float32)
    return X, a


def test_onnx(cli, trained):
    import onnxruntime

    X, a = trained
    code, out, err = cli("export", "model.safetensors", "--to", "onnx")
    assert (code, err) == (0, "")
    assert out.startswith("wrote model.onnx, ")
    session = onnxruntime.InferenceSession("model.onnx")
    (found,) = session.run(None, {session.get_inputs()[0].name: X})
    assert np.abs(found - a).max() < 1e-5


def test_c(cli, trained):
    X, a = trained
    command = ["export", "model.safetensors", "--to", "c", "--name", "ants", "--main"]
    assert cli(*command)[0] == 0
    subprocess.run(["cc", "-O1", "model.c", "-o", "ants", "-lm"], check=True)
    rows = "".join(" ".join(map(str, row)) + "\n" for row in X)
    done = subprocess.run(
        ["./ants"], input=rows, capture_output=True, text=True, check=True
    )
    found = np.array([line.split() for line in done.stdout.splitlines()], float)
    assert np.abs(found - a).max() < 1e-5


@pytest.mark.torch
def test_torch(cli, trained):
    import torch

    X, a = trained
    code, out, _ = cli("export", "model.safetensors", "--to", "torch")
    assert code == 0
    assert "Linear(in_features=5, out_features=16, bias=True)" in out
    module = fcnn.load("model.safetensors").to_torch()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    module.load_state_dict(torch.load("model.pt", weights_only=True))
    assert np.abs(module(torch.tensor(X)).detach().numpy() - a).max() < 1e-5
