"""What a network computes: the forward pass, the backward pass and its measures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast, overload

import numpy as np

from fcnn import _checks, _core, _data, _dropout, config
from fcnn import metrics as _metrics
from fcnn._base import NetworkBase
from fcnn._dropout import DropoutPrediction
from fcnn._sparse import SparseRows
from fcnn._types import Array, Inputs
from fcnn.gradient_check import GradientCheck, check_gradient
from fcnn.records import Backprop, PerLayer, Trace

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    Predictor = _core.Predictor32 | _core.Predictor64


class Propagation(NetworkBase):
    """The methods of `fcnn.Network` that leave it as it is."""

    __slots__ = ()

    @overload
    def predict(self, X: Inputs, out: Array | None = None) -> Array: ...
    @overload
    def predict(
        self, X: Inputs, out: None = None, *, dropout_samples: int
    ) -> DropoutPrediction: ...
    def predict(
        self,
        X: Inputs,
        out: Array | None = None,
        *,
        dropout_samples: int | None = None,
    ) -> Array | DropoutPrediction:
        """The outputs a[L] for the rows of X.

        Row i of ``predict(X)`` equals ``predict(X[i])`` bit for bit, with any number
        of threads.

        Parameters
        ----------
        X : array of shape (n, n_in), or (n_in,) for one row
            Of any real dtype and layout, or a SciPy sparse matrix, or a tensor in the
            CPU's memory (with ``__dlpack__`` or ``__array__``); n may be 0.
        out : ndarray of shape (n, n_out), or (n_out,) for one row, optional
            Where to write the result: C-contiguous, of the network's dtype, writable,
            and overlapping neither X nor the parameters.
        dropout_samples : int, optional
            Instead: Monte Carlo dropout, the mean and spread over so many networks
            thinned as in training, whose masks `seed` draws. Each mask serves all
            rows, so that row i does not depend on the others here either.

        Returns
        -------
        ndarray of shape (n, n_out), or (n_out,) for one row
            `out` itself if it was given. With `dropout_samples` a tuple
            ``(mean, std)`` of two such arrays.

        Raises
        ------
        TypeError
            If X holds no real numbers, or `out` is no ndarray.
        ValueError
            If the shape of X is wrong, `out` is not as stated above, or
            `dropout_samples` is given to a network without dropout.
        RuntimeError
            If another thread is training the network.

        References
        ----------
        Y. Gal, Z. Ghahramani, "Dropout as a Bayesian Approximation: Representing Model
        Uncertainty in Deep Learning", ICML 2016 (dropout_samples).

        Examples
        --------
        >>> import fcnn
        >>> net = fcnn.Network([3, 4, 2], seed=0)
        >>> net.predict([[0, 0, 0], [1, 2, 3]]).shape
        (2, 2)
        >>> net.predict([1, 2, 3]).shape
        (2,)
        """
        if dropout_samples is not None:
            return self._predict_with_dropout(X, out, dropout_samples)
        plain = self._engine.predict_plain(X, out)
        if plain is not None:
            return plain
        rows, single = _data.inputs(X, self.sizes[0])
        shape = (len(rows), self.sizes[-1])
        if out is None:
            result = np.empty(shape, self.dtype)
            self._engine.predict(rows, result, config.threads(None))
            return result[0] if single else result
        apart = (*_memory(rows), self._theta)
        _check_out(out, shape[1:] if single else shape, self.dtype, *apart)
        self._engine.predict(rows, out.reshape(shape), config.threads(None))
        return out

    def _predict_with_dropout(
        self, X: Any, out: Any, dropout_samples: Any
    ) -> DropoutPrediction:
        n_samples = _checks.integer("dropout_samples", dropout_samples, 1)
        if out is not None:
            raise ValueError("out and dropout_samples do not go together")
        if not any(self.dropout):
            raise ValueError("dropout_samples needs a network with dropout")
        X, single = _data.inputs(X, self.sizes[0])
        with self._engine.reading():
            mean, std = _dropout.predict(self, X, n_samples)
        if single:
            mean, std = mean[0], std[0]
        return DropoutPrediction(mean, std)

    def predictor(self, n_rows: int = 1) -> Predictor:
        """A callable ``p(x)`` or ``p(x, out)`` that predicts with the least overhead.

        It is a snapshot: what the network learns later does not change it. It takes
        no lock, and any number of threads may call one. Its bits are those of
        `predict`.

        Parameters
        ----------
        n_rows : int, default 1
            The most rows that one call may have.

        Returns
        -------
        callable
            ``p(x)`` takes x as (n_in,), and returns (n_out,), or as (n, n_in) with n up
            to `n_rows`, and returns (n, n_out). With ``p(x, out)``, where both are
            C-contiguous arrays of the network's dtype that do not overlap, nothing is
            allocated; anything else that `predict` takes is converted first.

        Raises
        ------
        TypeError, ValueError
            If `n_rows` is no integer above 0; the callable as `predict`, and
            for more rows than `n_rows`.
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        >>> import fcnn
        >>> import numpy as np
        >>> net = fcnn.Network([3, 4, 2], seed=0)
        >>> p = net.predictor()
        >>> x, out = np.ones(3, np.float32), np.empty(2, np.float32)
        >>> p(x, out) is out
        True
        >>> bool((out == net.predict(x)).all())
        True
        """
        n_rows = _checks.integer("n_rows", n_rows, 1, sys.maxsize)
        n_in, n_out, dtype = self.sizes[0], self.sizes[-1], self.dtype

        def convert(p: Predictor, x: Any, out: Any) -> Array:
            """What the callable does with arguments that are not plain arrays."""
            X, single = _data.inputs(x, n_in)
            if len(X) > n_rows:
                raise ValueError(f"x has {len(X)} rows, the predictor takes {n_rows}")
            shape = (len(X), n_out)
            if out is not None:
                _check_out(out, shape[1:] if single else shape, dtype, *_memory(X))
            result = np.empty(shape, dtype) if out is None else out.reshape(shape)
            _core.predict_converting(p, X, result)
            if out is None:
                return result[0] if single else result
            return cast("Array", out)

        if isinstance(self._engine, _core.Network32):
            return _core.make_predictor(self._engine, n_rows, convert)
        return _core.make_predictor(self._engine, n_rows, convert)

    def forward(self, X: Inputs) -> Trace:
        r"""The forward pass, every quantity of it.

        .. math::
            z^l_k = \sum_j W^l_{kj} a^{l-1}_j + b^l_k, \qquad a^l_k = \sigma(z^l_k)

        Parameters
        ----------
        X : array of shape (n, n_in), or (n_in,) for one row

        Returns
        -------
        Trace
            ``z[l]`` and ``a[l]``, each (n, n_l) with n = 1 for one row; ``a[0]`` is
            X, ``a[L]`` what `predict` returns. Of a network with a standardizer
            ``a[0]`` is the standardized X, ``a[L]`` the output before `predict` gives
            it the targets' units.

        Raises
        ------
        TypeError, ValueError, RuntimeError
            As for `predict`.

        Examples
        --------
        >>> import fcnn
        >>> trace = fcnn.Network([3, 4, 2], seed=0).forward([1, 2, 3])
        >>> trace.z[1].shape, trace.a[2].shape
        ((1, 4), (1, 2))
        """
        rows, _ = _data.inputs(X, self.sizes[0])
        z, a = self._engine.forward(rows, config.threads(None))
        return Trace(PerLayer("z", z), a)

    def backprop(
        self,
        X: Inputs,
        y: ArrayLike,
        loss: str | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
    ) -> Backprop:
        r"""The forward and the backward pass, every quantity of them.

        .. math::
            \delta^L &= \frac{\partial C}{\partial a^L} \, \sigma'(z^L) \\
            \delta^l &= \bigl( (W^{l+1})^T \delta^{l+1} \bigr) \, \sigma'(z^l) \\
            \frac{\partial C}{\partial W^l_{kj}} &= \delta^l_k a^{l-1}_j, \qquad
            \frac{\partial C}{\partial b^l_k} = \delta^l_k

        summed over the rows, where C is the weighted mean of the rows' losses,
        :math:`\sum_i w_i C_i / \sum_i w_i`, and the penalties
        :math:`\mathrm{l1} \|W\|_1 + \frac{\mathrm{l2}}{2} \|W\|^2` of the weights.

        Parameters
        ----------
        X : array of shape (n, n_in), or (n_in,) for one row
        y : array of shape (n, n_out), or (n,)
            The targets; (n,) are values where n_out is 1, and class labels 0..n_out-1
            for several softmax or sigmoid outputs. For one row (n_out,) or a number.
        loss : str, optional
            The name of a loss; by default the network's `loss`.
        sample_weight : array of shape (n,), optional
            w, finite and at least 0, not all 0; by default 1 for each row.
        l1, l2 : float, default 0.0
            The penalties, at least 0; on weights, not on biases.

        Returns
        -------
        Backprop
            ``loss``, ``z[l]``, ``a[l]``, ``delta[l]``, ``weight_grad[l]``,
            ``bias_grad[l]`` and ``gradient``.

        Raises
        ------
        TypeError
            If X, y or the weights hold no real numbers.
        ValueError
            If a shape is wrong, X has no rows, a target is outside the range of the
            loss, or the loss does not go with the network's output.
        RuntimeError
            If another thread is training the network.

        References
        ----------
        D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by
        back-propagating errors", Nature 323, 1986. M. Nielsen, "Neural Networks and
        Deep Learning", chapter 2, 2015, http://neuralnetworksanddeeplearning.com

        Examples
        --------
        >>> import fcnn
        >>> import numpy as np
        >>> net = fcnn.Network([3, 4, 2], dtype="float64", seed=0)
        >>> back = net.backprop([1, 2, 3], [0, 1], loss="quadratic")
        >>> bool(np.allclose(back.delta[2], (back.a[2] - [0, 1]) * back.a[2]
        ...                  * (1 - back.a[2])))
        True
        """
        rows, name = self._check_batch(X, y, loss, sample_weight)
        l1, l2 = _checks.non_negative("l1", l1), _checks.non_negative("l2", l2)
        value, z, a, delta, gradient = self._engine.backprop(
            *rows.arguments(name), l1, l2, config.threads(None)
        )
        parts = self._architecture.unflatten(gradient)
        return Backprop(
            loss=value,
            z=PerLayer("z", z),
            a=a,
            delta=PerLayer("delta", delta),
            weight_grad=PerLayer("weight_grad", [part.weight for part in parts]),
            bias_grad=PerLayer("bias_grad", [part.bias for part in parts]),
            gradient=gradient,
        )

    def loss_and_gradient(
        self,
        X: Inputs,
        y: ArrayLike,
        loss: str | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
    ) -> tuple[float, Array]:
        """C and dC/dtheta alone, for an optimizer from outside.

        Parameters
        ----------
        X, y, loss, sample_weight, l1, l2
            As for `backprop`.

        Returns
        -------
        loss : float
            C of the batch, penalties included.
        gradient : ndarray of shape (n_parameters,)
            dC/dtheta, a fresh array laid out as `parameters`.

        Raises
        ------
        TypeError, ValueError, RuntimeError
            As for `backprop`.

        Examples
        --------
        A step of gradient descent by hand:

        >>> import fcnn
        >>> net = fcnn.Network([3, 4, 1], seed=0)
        >>> X, y = [[1, 2, 3], [3, 2, 1]], [0, 1]
        >>> before, gradient = net.loss_and_gradient(X, y)
        >>> net.parameters -= 0.1 * gradient
        >>> net.evaluate(X, y)["loss"] < before
        True
        """
        rows, name = self._check_batch(X, y, loss, sample_weight)
        l1, l2 = _checks.non_negative("l1", l1), _checks.non_negative("l2", l2)
        return self._engine.loss_and_gradient(
            *rows.arguments(name), l1, l2, config.threads(None)
        )

    def gradient_check(
        self,
        X: Inputs,
        y: ArrayLike,
        loss: str | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        max_probes: int | None = None,
        seed: int = 0,
    ) -> GradientCheck:
        """Compares the gradient of backpropagation with difference quotients.

        Both are computed in a float64 copy of the network. The error of a parameter is
        ``|g - g'| / max(|g|, |g'|, 1e-6 max|g|)``, with g the gradient and g' a central
        difference quotient of C. Each parameter's g' is taken at two steps, a short
        and a wide one, and the nearer to g counts: the wide one is the more exact where
        C is smooth, the short one is right more often beside a kink such as relu's.

        Parameters
        ----------
        X, y, loss, sample_weight, l1, l2
            As for `backprop`. A few rows do: the time is that of six passes over them
            for each parameter.
        max_probes : int, optional
            Check at most so many parameters, drawn by `seed` from all of theta alike;
            by default all.
        seed : int, default 0
            Which ones to draw.

        Returns
        -------
        GradientCheck
            ``max_error`` over the parameters checked, and each layer's own. A right
            gradient of a smooth loss stays below 1e-6, mostly far below.

        Raises
        ------
        TypeError, ValueError, RuntimeError
            As for `backprop`.

        Examples
        --------
        >>> import fcnn
        >>> net = fcnn.Network([3, 4, 2], "tanh", "softmax", seed=0)
        >>> report = net.gradient_check([[1, 2, 3], [3, 2, 1]], [0, 1])
        >>> report.max_error < 1e-6
        True
        """
        rows, name = self._check_batch(X, y, loss, sample_weight)
        penalties = _checks.non_negative("l1", l1), _checks.non_negative("l2", l2)
        if max_probes is not None:
            max_probes = _checks.integer("max_probes", max_probes, 1)
        with self._engine.reading():
            return check_gradient(
                self._architecture,
                self._standardizer,
                self._theta,
                (*rows.arguments(name), *penalties),
                max_probes,
                _checks.seed("seed", seed),
            )

    def evaluate(
        self,
        X: Inputs,
        y: ArrayLike,
        loss: str | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        metrics: str | Callable[..., Any] | Sequence[str | Callable[..., Any]] = (),
    ) -> dict[str, float]:
        """The mean loss over the rows, without penalties, and metrics.

        Parameters
        ----------
        X, y, loss, sample_weight
            As for `backprop`. Loss and metrics are weighted means,
            ``sum(w * C) / sum(w)``; Keras divides by n instead.
        metrics : sequence of str or callable, default ()
            ``"accuracy"``, ``"mse"``, ``"rmse"``, ``"mae"``, ``"r2"``, as the functions
            of `fcnn.metrics` define them, or a function ``f(y, a) -> float`` of
            targets and outputs, unweighted, under its ``__name__``: a is (n, n_out), y
            is (n, n_out) too, or (n,) class labels.

        Returns
        -------
        dict of str to float
            ``"loss"`` and each metric under its name.

        Raises
        ------
        TypeError, ValueError, RuntimeError
            As for `backprop`; a ValueError for an unknown metric.

        Examples
        --------
        >>> import fcnn
        >>> net = fcnn.Network([2, 3], output="softmax", seed=0)
        >>> result = net.evaluate([[0, 1], [1, 0]], [2, 0], metrics=["accuracy"])
        >>> sorted(result)
        ['accuracy', 'loss']
        """
        wanted = _metrics.resolve(metrics)
        rows, name = self._check_batch(X, y, loss, sample_weight)
        return self._measure(rows, None, name, wanted, config.threads(None))

    def _measure(
        self,
        rows: _data.Rows,
        chosen: Array | None,
        loss: str,
        metrics: Sequence[_metrics.Metric],
        n_threads: int,
    ) -> dict[str, float]:
        """Loss and metrics over the `chosen` ones of the rows, or all of them."""
        n = len(rows.X) if chosen is None else len(chosen)
        a = np.empty((n, rows.n_outputs), self.dtype) if metrics else None
        result = {
            "loss": self._engine.evaluate(*rows.arguments(loss), chosen, a, n_threads)
        }
        if a is not None:
            y, w = rows.targets(chosen), rows.weights(chosen)
            result |= {metric.name: metric.value(y, a, w) for metric in metrics}
        return result

    def _check_batch(
        self, X: Any, y: Any, loss: Any, sample_weight: Any
    ) -> tuple[_data.Rows, str]:
        name = self._resolve_loss(loss)
        rows = _data.check_rows(self, X, y, sample_weight, name)
        _data.require_weight(rows.weight)
        return rows, name


def _check_out(
    out: Any, shape: tuple[int, ...], dtype: np.dtype[Any], *apart: Array
) -> None:
    """Refuses an `out` that is not as stated, or overlaps an array of `apart`."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an ndarray, not {_checks.shown(out)}")
    came = None
    if out.shape != shape or out.dtype != dtype:
        came = f"{out.dtype} of shape {out.shape}"
    elif not out.flags.c_contiguous or not out.flags.aligned:
        came = "one that is not C-contiguous and aligned"
    elif not out.flags.writeable:
        came = "one that is read-only"
    elif any(_overlap(out, other) for other in apart):
        came = "one that overlaps X or the parameters"
    if came is not None:
        raise ValueError(
            f"out must be a C-contiguous writable array of {dtype} and shape "
            f"{shape} apart from X and the parameters, not {came}"
        )


def _memory(X: Array | SparseRows) -> tuple[Array, ...]:
    """The arrays that X stands in."""
    return X.arrays if isinstance(X, SparseRows) else (X,)


def _overlap(out: Array, other: Array) -> bool:
    """Whether an array shares memory with `out`, which is contiguous: soon told."""
    return np.may_share_memory(out, other) and np.shares_memory(out, other)
