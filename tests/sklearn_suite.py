"""Runs scikit-learn's own tests of its perceptrons with fcnn's in their place.

    python tests/sklearn_suite.py [arguments of pytest]

The names MLPClassifier and MLPRegressor of sklearn.neural_network are fcnn.sklearn's
when the tests are imported. A test that reaches into private attributes is expected to
fail, and one that begins to pass fails the run; so does one listed here that is gone.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys

import pytest
import sklearn.neural_network

import fcnn.sklearn

MODULE = "sklearn.neural_network.tests.test_mlp"
PRIVATE = {
    "test_gradient": "calls _loss_grad_lbfgs (test_sklearn_parity compares with it)",
    "test_learning_rate_warmstart": "reads _optimizer.learning_rate",
    "test_adaptive_learning_rate": "reads _optimizer.learning_rate",
}


class Replaced:
    """The plugin: marks the tests of PRIVATE, and looks that all the rest is ours."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        names = set()
        for item in items:
            name = item.name.partition("[")[0]
            names.add(name)
            for kind in ("MLPClassifier", "MLPRegressor"):
                assert getattr(item.module, kind) is getattr(fcnn.sklearn, kind)
            if name in PRIVATE:
                mark = pytest.mark.xfail(
                    reason=PRIVATE[name], strict=True, raises=AttributeError
                )
                item.add_marker(mark)
        if len(sys.argv) == 1:
            missing = set(PRIVATE) - names
            assert not missing, f"there is no {', '.join(missing)} any more"

    def pytest_report_header(self) -> str:
        return f"scikit-learn {importlib.metadata.version('scikit-learn')}"


def main() -> int:
    for name in fcnn.sklearn.__all__:
        setattr(sklearn.neural_network, name, getattr(fcnn.sklearn, name))
    arguments = ["-c", os.devnull, "-p", "no:cacheprovider", "-ra", "-q"]
    return pytest.main(
        [*arguments, "--pyargs", MODULE, *sys.argv[1:]], plugins=[Replaced()]
    )


if __name__ == "__main__":
    sys.exit(main())
