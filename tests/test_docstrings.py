"""The examples in the docstrings, run as they are written."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import fcnn

MODULES = [
    info.name.removeprefix("fcnn.")
    for info in pkgutil.walk_packages(fcnn.__path__, "fcnn.")
    if not info.name.startswith(
        ("fcnn._fcnn_", "fcnn._probe", "fcnn._levels", "fcnn._core")
    )
    # it needs PyTorch
    and info.name != "fcnn.formats.torch_modules"
]


@pytest.mark.parametrize("name", ["", *MODULES])
def test_examples(name):
    module = importlib.import_module(f"fcnn.{name}" if name else "fcnn")
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


@pytest.mark.parametrize("name", fcnn.__all__)
def test_everything_public_has_an_example(name):
    text = getattr(fcnn, name).__doc__
    assert text
    if name not in {"Optimizer", "GradientCheck"}:  # a base, and a report
        assert ">>> " in text


@pytest.mark.torch
def test_the_example_that_needs_pytorch():
    text = fcnn.Network.to_torch.__doc__.replace("# doctest: +SKIP", "")
    test = doctest.DocTestParser().get_doctest(text, {}, "to_torch", None, 0)
    assert len(test.examples) == 3
    assert doctest.DocTestRunner().run(test).failed == 0
