"""A classifier's targets: labels as the network learns them, and back from outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.utils.multiclass import type_of_target, unique_labels

from fcnn._types import Array


@dataclass(frozen=True)
class Labels:
    """The classes, and which kind of target they make; as LabelBinarizer's, but light.

    "binary" has one sigmoid output, the probability of the second of two classes (or of
    none besides the only one); "multiclass" a softmax output for each class;
    "multilabel" a sigmoid for each column of an indicator matrix.
    """

    kind: Literal["binary", "multiclass", "multilabel"]
    classes: Array
    sparse: bool  # whether y was a sparse matrix, and predictions shall be

    @staticmethod
    def of(y: Any) -> Labels:
        """The kind and the classes of y, or of a list of all classes."""
        kind = type_of_target(y, input_name="y")
        if "multioutput" in kind:
            raise ValueError(
                "Multioutput target data is not supported with label binarization"
            )
        name = kind.partition("-")[0]
        if name not in ("binary", "multiclass", "multilabel"):
            raise ValueError(
                f"Unknown label type: {kind}. Labels must be integers or strings; "
                "values are for MLPRegressor"
            )
        return Labels(name, unique_labels(y), hasattr(y, "tocsr"))

    @property
    def n_outputs(self) -> int:
        """The size of the output layer."""
        return 1 if self.kind == "binary" else len(self.classes)

    @property
    def output(self) -> str:
        """The activation of the output layer."""
        return "softmax" if self.kind == "multiclass" else "sigmoid"

    def encode(self, y: Any) -> Array:
        """What the network learns: bools (n, n_outputs), or the numbers of classes.

        A y (n,) holds no other labels than `classes`; see `unseen`.
        """
        if (y.ndim == 2) != (self.kind == "multilabel"):
            raise ValueError(
                f"y must be {self.kind} as it was at first, not of shape {y.shape}"
            )
        if self.kind == "multilabel":
            return self._indicators(y.toarray() if hasattr(y, "tocsr") else y)
        if self.kind == "multiclass":
            return np.asarray(np.searchsorted(self.classes, y))
        second: Array = np.asarray(y == self.classes[-1])[:, None]
        return second if len(self.classes) == 2 else np.zeros_like(second)

    def _indicators(self, y: Array) -> Array:
        if y.shape[1] != self.n_outputs:
            raise ValueError(
                f"y must have a column for each of the {self.n_outputs} labels, not "
                f"{y.shape[1]}"
            )
        ones: Array = y == 1
        if not (ones | (y == 0)).all():
            raise ValueError("a multilabel y must consist of 0 and 1")
        return ones

    def found(self, y: Any) -> Array:
        """The labels in a y (n,); of an indicator matrix the numbers of its columns."""
        return np.arange(y.shape[1]) if y.ndim == 2 else np.unique(y)

    def unseen(self, y: Any) -> bool:
        """Whether y has labels that are not among the classes."""
        return bool(np.setdiff1d(self.found(y), self.classes, assume_unique=True).size)

    def decode(self, outputs: Array) -> Any:
        """The labels predicted: the greatest output, or those above 1/2."""
        if self.kind == "multiclass":
            return np.asarray(np.take(self.classes, outputs.argmax(axis=1)))
        if self.kind == "multilabel":
            indicators = (outputs > 0.5).astype(int)
            if not self.sparse:
                return indicators
            from scipy import sparse

            return sparse.csr_matrix(indicators)
        if len(self.classes) == 1:
            return np.repeat(self.classes, len(outputs))
        return np.take(self.classes, (outputs[:, 0] > 0.5).astype(int))

    def accuracy(self, outputs: Array, encoded: Array, weight: Array | None) -> float:
        """The weighted part of the rows that are right, in each of their labels."""
        if self.kind == "multiclass":
            right = outputs.argmax(axis=1) == encoded
        elif len(self.classes) == 1:
            return 1.0
        else:
            right = ((outputs > 0.5) == encoded).all(axis=1)
        return float(np.average(right, weights=weight))
