"""fcnn's one-row path: a predictor that writes into an array it is given."""

from __future__ import annotations

import numpy as np

from bench.rivals import UnsupportedError
from bench.rivals.fcnn import network


def predictor(work, start, X):
    net = network(work, start)
    if not hasattr(net, "predictor"):
        raise UnsupportedError("this fcnn has no Network.predictor")
    predict = net.predictor(len(X))
    out = np.empty((len(X), work.sizes[-1]), work.dtype)

    def call():
        predict(X, out)
        return out

    return call
