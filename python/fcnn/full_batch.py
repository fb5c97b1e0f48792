"""The optimizers that take all rows at once: Rprop, L-BFGS, Levenberg-Marquardt.

`Network.fit` with one of them makes one iteration an epoch, over every row. C is the
loss over all of them, penalties included, and g its gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fcnn import _core
from fcnn.optimizers import DEFAULTS, AnyTrainer, Optimizer


def _default_pair(first: str, second: str) -> tuple[float, float]:
    return DEFAULTS["rprop"][first], DEFAULTS["rprop"][second]


@dataclass(frozen=True)
class Rprop(Optimizer):
    r"""Resilient backpropagation: a step size for each parameter, by signs alone.

    With the gradients g of this step and :math:`g'` of the last, for each parameter

    .. math::
        \Delta &\leftarrow \begin{cases}
            \min(\eta^+ \Delta, \Delta_{\max}) & g g' > 0 \\
            \max(\eta^- \Delta, \Delta_{\min}),\ \text{and}\ g \leftarrow 0
                & g g' < 0 \\
            \Delta & \text{else} \end{cases} \\
        \theta &\leftarrow \theta - \operatorname{sign}(g) \, \Delta.

    Parameters
    ----------
    lr : float, default 0.01
        The first step size of every parameter, above 0.
    etas : tuple of two floats, default (0.5, 1.2)
        eta-, above 0 and below 1, and eta+, above 1.
    step_sizes : tuple of two floats, default (1e-6, 50)
        The smallest and the largest step size, above 0, in this order.

    Notes
    -----
    The rule and its defaults are PyTorch's. `fit` takes every row in each step: signs
    of a mini-batch's gradient change by chance, and step sizes would shrink.

    References
    ----------
    M. Riedmiller, H. Braun, "A direct adaptive method for faster backpropagation
    learning: the RPROP algorithm", IEEE ICNN 1993.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Rprop.html

    Examples
    --------
    >>> import fcnn
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> net = fcnn.Network([2, 8, 1], "tanh", seed=1)
    >>> history = net.fit(X, y, optimizer=fcnn.Rprop(), epochs=100)
    >>> history.loss[-1] < 0.01
    True
    """

    name: ClassVar[str] = "rprop"
    full_batch: ClassVar[bool] = True
    lr: float = DEFAULTS["rprop"]["lr"]
    etas: tuple[float, float] = _default_pair("eta_minus", "eta_plus")
    step_sizes: tuple[float, float] = _default_pair("step_min", "step_max")


@dataclass(frozen=True)
class LBFGS(Optimizer):
    r"""L-BFGS: quasi-Newton steps, with a line search along each.

    .. math::
        d = -H g, \qquad \theta \leftarrow \theta + a d,

    where H approximates the inverse Hessian by the last pairs
    :math:`s = \theta_{k+1} - \theta_k`, :math:`y = g_{k+1} - g_k` (two-loop recursion,
    from :math:`H_0 = (s^T y / y^T y) I`), and a meets the strong Wolfe conditions

    .. math::
        C(\theta + a d) \le C + 10^{-3} a \, g^T d, \qquad
        |g(\theta + a d)^T d| \le 0.9 \, |g^T d|.

    The fit ends early, with the reason in `History.stop_reason`, where max abs g is at
    most `tol_gradient`, where an iteration lowers C by at most
    ``tol_loss * max(|C|, 1)``, or where the line search finds nothing lower even along
    -g.

    Parameters
    ----------
    memory : int, default 10
        How many pairs to keep, at least 1.
    tol_gradient : float, default 1e-5
        At least 0.
    tol_loss : float, default 2.220446049250313e-09
        At least 0. In float32 C itself is known to about 1e-7.
    max_line_search : int, default 20
        How often one line search may evaluate C and g, at least 1.

    Notes
    -----
    Defaults and rules are those of SciPy's "L-BFGS-B" without bounds, so that it takes
    about as many evaluations. C should be smooth: `fit` refuses ``l1``, and
    ``clip_norm``, which would belie the line search. The line search begins with a = 1,
    in the first iteration of all with ``1 / ||g||``. Memory is ``2 memory + 8`` vectors
    of the size of theta.

    References
    ----------
    D. C. Liu, J. Nocedal, "On the limited memory BFGS method for large scale
    optimization", Mathematical Programming 45, 1989. J. J. More, D. J. Thuente, "Line
    search algorithms with guaranteed sufficient decrease", ACM TOMS 20, 1994.
    J. Nocedal, S. J. Wright, "Numerical Optimization", 2nd ed., 2006, algorithm 7.4.
    https://docs.scipy.org/doc/scipy/reference/optimize.minimize-lbfgsb.html

    Examples
    --------
    >>> import fcnn
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
    >>> net = fcnn.Network([1, 1], output="identity", dtype="float64", seed=0)
    >>> history = net.fit(X, y, optimizer="lbfgs", epochs=100)
    >>> history.stop_reason
    'converged: the gradient is below tol_gradient'
    >>> net.predict([10.0]).round(4)
    array([21.])
    """

    name: ClassVar[str] = "lbfgs"
    full_batch: ClassVar[bool] = True
    refused: ClassVar[tuple[str, ...]] = ("l1", "clip_norm")
    memory: int = 10
    tol_gradient: float = 1e-5
    tol_loss: float = 2.220446049250313e-09
    max_line_search: int = 20

    def new_trainer(self, engine: _core.Network32 | _core.Network64) -> AnyTrainer:
        """The core's solver."""
        if isinstance(engine, _core.Network32):
            return _core.LBFGS32(engine, self.hyperparameters)
        return _core.LBFGS64(engine, self.hyperparameters)


FULL_BATCH: tuple[type[Optimizer], ...] = (Rprop, LBFGS)
