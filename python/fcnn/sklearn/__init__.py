"""scikit-learn's MLPClassifier and MLPRegressor, trained by fcnn: drop-in, and more.

Of scikit-learn this imports its base and its validation; what else it needs, such as
the split of early stopping, is imported where it is used. The extra `sklearn` installs
it.

>>> from fcnn.sklearn import MLPClassifier
>>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]] * 10, [0, 1, 1, 0] * 10
>>> MLPClassifier((8,), "tanh", solver="lbfgs", random_state=1).fit(X, y).score(X, y)
1.0
"""

from __future__ import annotations

try:
    import sklearn.base as _required  # noqa: F401
except ImportError as error:
    raise ImportError(
        "fcnn.sklearn needs scikit-learn: pip install 'fcnn[sklearn]'"
    ) from error

from fcnn.formats.onnx_sklearn import register_with_skl2onnx
from fcnn.sklearn._classifier import MLPClassifier
from fcnn.sklearn._regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]

register_with_skl2onnx()
