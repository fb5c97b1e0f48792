"""Predictions with dropout: the spread of many thinned networks' answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fcnn import _core, config
from fcnn._types import Array

if TYPE_CHECKING:
    from fcnn._base import NetworkBase


class DropoutPrediction(NamedTuple):
    """What ``predict(X, dropout_samples=s)`` returns.

    Attributes
    ----------
    mean, std : ndarray of shape (n, n_out)
        Mean and standard deviation (divided by s, not s - 1) over the samples.

    Examples
    --------
    >>> import fcnn
    >>> net = fcnn.Network([3, 8, 1], "tanh", "identity", dropout=0.5, seed=0)
    >>> found = net.predict([1.0, 2.0, 3.0], dropout_samples=50)
    >>> found.mean.shape, bool(found.std > 0)
    ((1,), True)
    """

    mean: Array
    std: Array


def predict(net: NetworkBase, X: Array, n_samples: int) -> DropoutPrediction:
    """Mean and deviation over so many thinned networks, by Welford's recurrence."""
    architecture, thinned = net._architecture, net._architecture.new_engine(net.dtype)
    if net.standardizer is not None:
        thinned.set_standardizer(*net.standardizer._for_core())
    theta = net.parameters.copy()
    layers = architecture.unflatten(thinned.parameters)
    out = np.empty((X.shape[0], architecture.sizes[-1]), net.dtype)
    mean, squares = np.zeros(out.shape), np.zeros(out.shape)
    for sample in range(n_samples):
        thinned.parameters[...] = theta
        for l, p in enumerate(architecture.dropout):
            if p > 0.0:
                # W (m * a) is (W diag(m)) a
                n = architecture.sizes[l]
                layers[l].weight[...] *= _core.thinning_mask(net.seed, sample, l, n, p)
        thinned.predict(X, out, config.threads(None))
        difference = out - mean
        mean += difference / (sample + 1)
        squares += difference * (out - mean)
    std = np.sqrt(squares / n_samples)
    return DropoutPrediction(mean.astype(net.dtype), std.astype(net.dtype))
