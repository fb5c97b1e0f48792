"""Trains small models in PyTorch and writes what test_from_torch.py compares with.

Run it here by hand: `python make_torch_models.py`. It was, with PyTorch 2.13.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from sklearn.datasets import load_diabetes, load_digits
from torch import nn

HERE = Path(__file__).parent


def train(model, loss, X, y, steps):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        rows = torch.randint(len(X), (64,))
        optimizer.zero_grad()
        loss(model(X[rows]), y[rows]).backward()
        optimizer.step()
    return model.eval()


def digits():
    """A classifier: its logits for 40 images, in float32."""
    X, y = load_digits(return_X_y=True)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
    model = nn.Sequential(
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(32, 16),
        nn.ReLU(),
        nn.Linear(16, 10),
    )
    train(model, nn.CrossEntropyLoss(), X, y, 500)
    safetensors.torch.save_file(model.state_dict(), HERE / "torch_digits.safetensors")
    torch.save(model.state_dict(), HERE / "torch_digits.pt")
    X = X[:40]
    return {"digits_X": X.numpy().astype("u1"), "digits": model(X).detach().numpy()}


def diabetes():
    """A regression in float64, whose state_dict is saved as NumPy arrays."""
    X, y = (torch.tensor(A) for A in load_diabetes(return_X_y=True))
    model = nn.Sequential(nn.Linear(10, 12), nn.SiLU(), nn.Linear(12, 1, bias=False))
    train(model.double(), nn.MSELoss(), X, y[:, None], 500)
    arrays = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    np.savez(HERE / "torch_diabetes.npz", **arrays)
    X = X[:40]
    return {"diabetes_X": X.numpy(), "diabetes": model(X).detach().numpy()}


if __name__ == "__main__":
    torch.manual_seed(0)
    np.savez_compressed(HERE / "torch_outputs.npz", **digits(), **diabetes())
