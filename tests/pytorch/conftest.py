from __future__ import annotations

import pytest


@pytest.fixture
def torch():
    """PyTorch in float64, imported only when one of these tests runs."""
    import torch

    kept = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield torch
    torch.set_default_dtype(kept)
