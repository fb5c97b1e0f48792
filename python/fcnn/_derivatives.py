"""The derivatives of the network itself: Jacobians, dC/dX and the Hessian's product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from fcnn import _checks, _core, _data, config
from fcnn._propagation import Propagation
from fcnn._sparse import SparseRows
from fcnn._types import Array, Inputs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Derivatives(Propagation):
    """The methods of `fcnn.Network` that differentiate it, and leave it as it is."""

    __slots__ = ()

    def jacobian(self, X: Inputs) -> Array:
        r"""The derivatives of the outputs by the inputs, exact, row by row.

        .. math::
            J_{ikj} = \frac{\partial a^L_k(x_i)}{\partial x_{ij}}

        By one backward pass for each output, or one forward pass for each input
        where they are fewer. Row i has the bits of ``jacobian(X[i])``, with any number
        of threads.

        Parameters
        ----------
        X : array of shape (n, n_in), or (n_in,) for one row
            Of any real dtype and layout; n may be 0.

        Returns
        -------
        ndarray of shape (n, n_out, n_in), or (n_out, n_in) for one row
            ``[i, k, j]`` is the derivative of ``predict(X)[i, k]`` by ``X[i, j]``, of
            the network's dtype. At a kink, such as relu's at 0, PyTorch's value.

        Raises
        ------
        TypeError
            If X holds no real numbers.
        ValueError
            If the shape of X is wrong.
        MemoryError
            If there is no room for the result.
        RuntimeError
            If another thread is training the network.

        References
        ----------
        ``torch.func.jacrev``, https://docs.pytorch.org/docs/stable/func.api.html

        Examples
        --------
        >>> import fcnn
        >>> import numpy as np
        >>> net = fcnn.Network([3, 2], output="identity", seed=0)
        >>> bool((net.jacobian([1, 2, 3]) == net.layers[1].weight).all())
        True
        >>> net.jacobian(np.ones((5, 3))).shape
        (5, 2, 3)
        """
        rows, single = _data.inputs(X, self.sizes[0])
        result = self._new(len(rows), self.sizes[-1], self.sizes[0])
        self._differentiate(_core.jacobian, rows, result)
        result *= self._per_input() * self._per_output()[:, None]
        return cast("Array", result[0]) if single else result

    def parameter_jacobian(self, X: Inputs) -> Array:
        r"""The derivatives of the outputs by all weights and biases, row by row.

        .. math::
            J_{ikp} = \frac{\partial a^L_k(x_i)}{\partial \theta_p}

        of which Gauss-Newton methods, Laplace's approximation and the neural tangent
        kernel are made. Row i has the bits of ``parameter_jacobian(X[i])``, with any
        number of threads.

        Parameters
        ----------
        X : array of shape (n, n_in), or (n_in,) for one row
            Of any real dtype and layout; n may be 0.

        Returns
        -------
        ndarray of shape (n, n_out, n_parameters), or (n_out, n_parameters) for one row
            Its last axis is laid out like `parameters`: see `unflatten`.

        Raises
        ------
        TypeError, ValueError, MemoryError, RuntimeError
            As for `jacobian`. The result is large: n n_out n_parameters numbers.

        Examples
        --------
        How much the outputs move with theta, to first order:

        >>> import fcnn
        >>> import numpy as np
        >>> net = fcnn.Network([3, 4, 2], "tanh", dtype="float64", seed=0)
        >>> X, before = np.ones((5, 3)), net.predict(np.ones((5, 3)))
        >>> step = np.full(net.n_parameters, 1e-6)
        >>> expected = net.parameter_jacobian(X) @ step
        >>> net.parameters += step
        >>> bool(np.allclose(net.predict(X) - before, expected, rtol=1e-4))
        True
        """
        rows, single = _data.inputs(X, self.sizes[0])
        result = self._new(len(rows), self.sizes[-1], self.n_parameters)
        self._differentiate(_core.parameter_jacobian, rows, result)
        result *= self._per_output()[:, None]
        return cast("Array", result[0]) if single else result

    def input_gradient(
        self,
        X: Inputs,
        y: ArrayLike,
        loss: str | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Array:
        r"""The derivatives of C by the inputs.

        .. math::
            \frac{\partial C}{\partial X} = \delta^1 W^1, \qquad
            C = \frac{\sum_i w_i C_i}{\sum_i w_i}

        with the rows' deltas of `backprop`, which carry the factor
        :math:`w_i / \sum_i w_i`; for the gradient of each row's own :math:`C_i`
        divide by it. Where it is large the loss is sensitive to the input (saliency),
        and a step along its sign is adversarial.

        Parameters
        ----------
        X, y, loss, sample_weight
            As for `backprop`.

        Returns
        -------
        ndarray of shape (n, n_in), or (n_in,) for one row
            Of the network's dtype.

        Raises
        ------
        TypeError, ValueError, RuntimeError
            As for `backprop`.

        References
        ----------
        K. Simonyan, A. Vedaldi, A. Zisserman, "Deep Inside Convolutional Networks:
        Visualising Image Classification Models and Saliency Maps", 2014.
        I. J. Goodfellow, J. Shlens, C. Szegedy, "Explaining and Harnessing
        Adversarial Examples", 2015.

        Examples
        --------
        >>> import fcnn
        >>> import numpy as np
        >>> net = fcnn.Network([3, 4, 2], "tanh", "softmax", dtype="float64", seed=0)
        >>> X, y = np.ones((5, 3)), [0, 1, 0, 1, 1]
        >>> delta = net.backprop(X, y).delta
        >>> gradient = net.input_gradient(X, y)
        >>> bool(np.allclose(gradient, delta[1] @ net.layers[1].weight))
        True
        """
        single = np.ndim(cast("Any", X)) == 1
        rows, name = self._check_batch(X, y, loss, sample_weight)
        result = np.empty((len(rows.X), self.sizes[0]), self.dtype)
        _core.input_gradient(
            self._engine, *rows.arguments(name), result, config.threads(None)
        )
        result *= self._per_input()
        return cast("Array", result[0]) if single else result

    def hessian_vector_product(
        self,
        X: Inputs,
        y: ArrayLike,
        v: ArrayLike,
        loss: str | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
    ) -> Array:
        r"""The product of the Hessian of C with a vector, without the Hessian.

        .. math::
            H v = \frac{\partial}{\partial \epsilon} \left.
            \frac{\partial C(\theta + \epsilon v)}{\partial \theta}
            \right|_{\epsilon = 0}, \qquad
            H_{pq} = \frac{\partial^2 C}{\partial \theta_p \, \partial \theta_q}

        exact, for about twice the time of `loss_and_gradient`: all that Newton's
        method with conjugate gradients, or the largest curvatures, need of H.

        Parameters
        ----------
        X, y
            As for `backprop`.
        v : array of shape (n_parameters,)
            Laid out like `parameters`; of any real dtype, finite.
        loss, sample_weight, l1, l2
            As for `backprop`. l2 adds ``l2 * v`` for the weights; the second
            derivative of ``l1 * |W|`` is 0.

        Returns
        -------
        ndarray of shape (n_parameters,)
            H v, a fresh array of the network's dtype laid out like `parameters`. At
            kinks (relu, mae, ...) second derivatives are 0, as in PyTorch.

        Raises
        ------
        TypeError
            If X, y, v or the weights hold no real numbers.
        ValueError
            As for `backprop`; if `v` has another shape, or is not finite in the
            network's dtype.
        RuntimeError
            If another thread is training the network.

        References
        ----------
        B. A. Pearlmutter, "Fast Exact Multiplication by the Hessian", Neural
        Computation 6, 1994. ``torch.autograd.functional.hvp``,
        https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hvp.html

        Examples
        --------
        >>> import fcnn
        >>> import numpy as np
        >>> net = fcnn.Network([3, 4, 2], "tanh", "softmax", dtype="float64", seed=0)
        >>> X, y = np.eye(3), [0, 1, 1]
        >>> v = np.cos(np.arange(net.n_parameters))
        >>> product = net.hessian_vector_product(X, y, v)
        >>> before = net.loss_and_gradient(X, y)[1]
        >>> net.parameters += 1e-6 * v
        >>> change = net.loss_and_gradient(X, y)[1] - before
        >>> bool(np.allclose(change / 1e-6, product, atol=1e-5))
        True
        """
        v = self._check_vector(v)
        rows, name = self._check_batch(X, y, loss, sample_weight)
        l1, l2 = _checks.non_negative("l1", l1), _checks.non_negative("l2", l2)
        arguments = (*rows.arguments(name), l1, l2, v, config.threads(None))
        return _core.hessian_vector_product(self._engine, *arguments)

    def _per_input(self) -> Array:
        """The derivative of what the network sees by the inputs as they come."""
        standardizer = self._standardizer
        if standardizer is None:
            return np.ones(1, self.dtype)
        return (1.0 / standardizer.scale).astype(self.dtype)

    def _per_output(self) -> Array:
        """The derivative of what `predict` answers by the output a[L]."""
        standardizer = self._standardizer
        if standardizer is None or standardizer.target_scale is None:
            return np.ones(1, self.dtype)
        return standardizer.target_scale.astype(self.dtype)

    def _check_vector(self, v: Any) -> Array:
        """`v` as a vector like theta, of the network's dtype and finite in it."""
        v = _data.real_array("v", v)
        if v.shape != self._theta.shape:
            raise ValueError(f"v must have shape {self._theta.shape}, not {v.shape}")
        with np.errstate(over="ignore"):  # to infinity, which is refused below
            vector = np.ascontiguousarray(v, dtype=self.dtype)
        bad = ~np.isfinite(vector)
        if bad.any():
            at = int(bad.argmax())
            raise ValueError(
                f"v must be finite in {self.dtype}, but v[{at}] is {v[at]}"
            )
        return vector

    def _new(self, *shape: int) -> Array:
        """Room for a result; numpy's ValueError for sizes that overflow is memory's."""
        try:
            return np.empty(shape, self.dtype)
        except ValueError as error:
            raise MemoryError(f"no array can have the shape {shape}") from error

    def _differentiate(
        self, derivative: Any, X: Array | SparseRows, result: Array
    ) -> None:
        flat = result.reshape(len(result), result.shape[1] * result.shape[2])
        derivative(self._engine, X, flat, config.threads(None))
