from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def torch():
    """PyTorch, imported only when one of these tests runs: `pytest -m torch`."""
    import torch

    torch.set_default_dtype(torch.float64)
    return torch
