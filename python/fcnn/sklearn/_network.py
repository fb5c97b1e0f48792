"""The network behind an estimator: made from its parameters, seen through coefs_."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from fcnn import Network, _data
from fcnn._types import Array
from fcnn.sklearn import _solvers
from fcnn.sklearn._parameters import Parameters


class WithNetwork(Parameters):
    """network_, and coefs_ and intercepts_ as views of its parameters."""

    def _start(
        self, sizes: list[int], dtype: Any, random_state: np.random.RandomState
    ) -> None:
        """Draws a new network and sets what counts its training to the beginning."""
        names = _solvers.activations(self.activation, len(sizes) - 2)
        # without hidden layers scikit-learn draws the output's weights by the one name
        given = self.activation if isinstance(self.activation, str) else "identity"
        last = names[-1] if names else _solvers.activations(given, 1)[0]
        self.__dict__.pop("network_", None)
        self.coefs_, self.intercepts_ = _solvers.draw_start(
            sizes, [*names, last], random_state, dtype
        )
        self.n_iter_ = self.t_ = self._no_improvement_count = 0
        self.n_layers_ = len(sizes)
        self.out_activation_ = _solvers.shown_output(self._output)
        self.loss_curve_ = []
        self.best_loss_ = self.validation_scores_ = self.best_validation_score_ = None

    def _prepared_network(
        self,
        sizes: list[int],
        dtype: Any,
        random_state: np.random.RandomState | None = None,
    ) -> Network:
        """network_ with the values of coefs_, made anew if it has to be another."""
        names = _solvers.activations(self.activation, len(sizes) - 2)
        made_for = {
            "sizes": sizes,
            "activation": names,
            "output": self._output,
            "dropout": self.dropout,
        }
        shapes = list(pairwise(sizes))
        if [np.shape(W) for W in self.coefs_] != shapes:
            raise ValueError(
                "training goes on from coefs_ of the shapes "
                f"{[np.shape(W) for W in self.coefs_]}, but X, y and "
                f"hidden_layer_sizes need {shapes}"
            )
        if "network_" not in vars(self) or self._made_for != made_for:
            if "network_" in vars(self):
                dtype = self.network_.dtype
            seed = 0
            if random_state is not None and np.any(self.dropout):
                # not for others: what comes next are scikit-learn's shuffles
                seed = int(random_state.randint(2**31))
            self.network_ = Network(
                **made_for, loss=self._loss_name, init="zeros", dtype=dtype, seed=seed
            )
            self._made_for = made_for
            self.__dict__.pop("_views", None)
        return self._network()

    def _network(self) -> Network:
        """network_, into which what was assigned to coefs_, intercepts_ is copied."""
        if "network_" not in vars(self):  # coefs_ were assigned to a new estimator
            sizes = [len(self.coefs_[0]), *(len(b) for b in self.intercepts_)]
            return self._prepared_network(sizes, np.asarray(self.coefs_[0]).dtype)
        net = self.network_
        counts, depth = (len(self.coefs_), len(self.intercepts_)), len(net.layers) - 1
        if counts != (depth, depth):
            raise ValueError(
                f"coefs_ and intercepts_ must have {depth} arrays each, for layers "
                f"1..{depth}, not {counts[0]} and {counts[1]}"
            )
        given = [*self.coefs_, *self.intercepts_]
        views = vars(self).get("_views", [])
        if not views or any(a is not b for a, b in zip(given, views, strict=True)):
            for l, (W, b) in enumerate(
                zip(self.coefs_, self.intercepts_, strict=True), start=1
            ):
                net.layers[l].weight = np.asarray(W).T
                net.layers[l].bias = b
            self._show_views()
        return net

    def _show_views(self) -> None:
        """coefs_ and intercepts_ become views of the network's parameters."""
        parts = list(self.network_.unflatten(self.network_.parameters))
        self.coefs_ = [part.weight.T for part in parts]
        self.intercepts_ = [cast("Array", part.bias) for part in parts]
        self._views = [*self.coefs_, *self.intercepts_]

    def __getstate__(self) -> dict[str, Any]:
        if "network_" in vars(self):
            self._network()
        state = dict(super().__getstate__())
        if "network_" in state:  # whose views need not be kept twice
            for name in ("coefs_", "intercepts_", "_views"):
                state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "network_" in vars(self):
            self._show_views()

    def _outputs(self, X: Any) -> Array:
        """The outputs a[L] of the network."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        net, n_threads = self._network(), _solvers.threads(self.n_jobs)
        if n_threads is None:
            return net.predict(X)
        rows, _ = _data.inputs(X, net.sizes[0])
        outputs = np.empty((len(rows), net.sizes[-1]), net.dtype)
        net._engine.predict(rows, outputs, n_threads)
        return outputs
