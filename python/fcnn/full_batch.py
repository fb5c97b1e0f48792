"""The optimizers that take all rows at once: Rprop, L-BFGS, Levenberg-Marquardt.

`Network.fit` with one of them makes one iteration an epoch, over every row. C is the
loss over all of them, penalties included, and g its gradient.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from fcnn import _core
from fcnn.callbacks import Callback, EarlyStopping
from fcnn.optimizers import DEFAULTS, AnyTrainer, Optimizer

if TYPE_CHECKING:
    from fcnn._base import NetworkBase
    from fcnn._plan import Step


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
    takes_schedule: ClassVar[bool] = False
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
    in the first iteration of all with ``1 / ||g||``. Memory is ``2 memory + 10``
    vectors of the size of theta.

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
    takes_schedule: ClassVar[bool] = False
    full_batch: ClassVar[bool] = True
    refused: ClassVar[tuple[str, ...]] = (
        *("l1", "clip_norm", "max_norm", "label_smoothing"),
    )
    memory: int = 10
    tol_gradient: float = 1e-5
    tol_loss: float = 2.220446049250313e-09
    max_line_search: int = 20

    def new_trainer(self, engine: _core.Network32 | _core.Network64) -> AnyTrainer:
        """The core's solver."""
        if isinstance(engine, _core.Network32):
            return _core.LBFGS32(engine, self.hyperparameters)
        return _core.LBFGS64(engine, self.hyperparameters)


@dataclass(frozen=True)
class LevenbergMarquardt(Optimizer):
    r"""Levenberg-Marquardt: damped Gauss-Newton steps for least squares.

    With the residuals :math:`r_{ik} = \sqrt{f w_i / \sum w} \, (a_{ik} - y_{ik})`,
    where f is 1/K for the loss "mse" and 1/2 for "quadratic", their Jacobian J by
    theta, and :math:`C = r^T r + \frac{\mathrm{l2}}{2} \|W\|^2`, a step d is

    .. math::
        \left(J^T J + \tfrac{\mathrm{l2}}{2} I_W + \mu I\right) d
            = -\left(J^T r + \tfrac{\mathrm{l2}}{2} w\right),

    I_W and w being those of the weights, zero for biases. Where C falls the step is
    made and mu becomes ``mu * mu_dec``; else mu becomes ``mu * mu_inc`` and d is sought
    again. An epoch of `fit` is one step made.

    The fit ends early, with the reason in `History.stop_reason`, where C is at most
    `goal`, where the 2-norm of the gradient of C is at most `min_gradient`, or where mu
    passes `mu_max`. With validation rows and no `EarlyStopping` among the callbacks it
    has ``EarlyStopping("val_loss", patience=max_fail)``.

    Parameters
    ----------
    mu : float, default 0.001
        The first mu, above 0.
    mu_dec : float, default 0.1
        Above 0 and below 1.
    mu_inc : float, default 10.0
        Above 1.
    mu_max : float, default 1e10
        At least `mu`.
    goal : float, default 0.0
        At least 0.
    min_gradient : float, default 1e-7
        At least 0.
    max_fail : int, default 6
        Epochs without a lower ``val_loss`` before the fit ends, at least 1.

    Notes
    -----
    Defaults are those of MATLAB's trainlm, but that C is normalized as stated. For
    networks of up to a few thousand parameters P and a smooth activation: a step costs
    P^2 / 2 multiply-adds for each row and output and P^3 / 6 more, and memory is two
    matrices of P x P doubles, which the network keeps for the next fit until its
    `reset_optimizer`; J is never kept as a whole. `fit` raises MemoryError where the
    machine has no room for them.

    The arithmetic is float64 whatever the network's dtype; a float32 network rounds
    theta before each step is judged, so that C stops to fall at about 1e-14 of the
    targets' mean square: take float64 for more. `fit` refuses other losses, ``l1`` and
    ``clip_norm``.

    References
    ----------
    D. W. Marquardt, "An algorithm for least-squares estimation of nonlinear
    parameters", SIAM J. Appl. Math. 11, 1963. M. T. Hagan, M. B. Menhaj, "Training
    feedforward networks with the Marquardt algorithm", IEEE Transactions on Neural
    Networks 5, 1994. https://www.mathworks.com/help/deeplearning/ref/trainlm.html

    Examples
    --------
    >>> import fcnn
    >>> import numpy as np
    >>> X = np.random.default_rng(0).uniform(-1, 1, size=(200, 2))
    >>> y = np.sin(X[:, 0] + 2 * X[:, 1])
    >>> net = fcnn.Network([2, 10, 1], "tanh", "identity", dtype="float64", seed=0)
    >>> history = net.fit(X, y, optimizer="levenberg_marquardt", epochs=100)
    >>> history.loss[-1] < 1e-6
    True
    """

    name: ClassVar[str] = "levenberg_marquardt"
    takes_schedule: ClassVar[bool] = False
    full_batch: ClassVar[bool] = True
    losses: ClassVar[tuple[str, ...]] = ("mse", "quadratic")
    refused: ClassVar[tuple[str, ...]] = (
        *("l1", "clip_norm", "max_norm", "label_smoothing"),
    )
    mu: float = 1e-3
    mu_dec: float = 0.1
    mu_inc: float = 10.0
    mu_max: float = 1e10
    goal: float = 0.0
    min_gradient: float = 1e-7
    max_fail: int = 6

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.mu_dec < 1.0 < self.mu_inc:
            raise ValueError(
                "mu_dec must be below 1 and mu_inc above, not "
                f"{self.mu_dec} and {self.mu_inc}"
            )
        if self.mu > self.mu_max:
            raise ValueError(
                f"mu must be at most mu_max, not {self.mu} with mu_max={self.mu_max}"
            )

    def check(self, net: NetworkBase, step: Step) -> None:
        """Refuses other losses, and networks whose J^T J has no room."""
        super().check(net, step)
        needed, there = 16 * net.n_parameters**2, _physical_memory()
        if there is not None and needed > there:
            raise MemoryError(
                f"LevenbergMarquardt needs {needed / 1e9:.3g} GB for two matrices of "
                f"{net.n_parameters} x {net.n_parameters} (the parameters, squared), "
                f"but this machine has {there / 1e9:.3g} GB; LBFGS needs far less"
            )

    def callbacks(self, given: list[Callback], *, validated: bool) -> list[Callback]:
        """Those given, and with validation rows `EarlyStopping` after `max_fail`."""
        if not validated or any(isinstance(c, EarlyStopping) for c in given):
            return given
        return [*given, EarlyStopping("val_loss", patience=self.max_fail)]

    def new_trainer(self, engine: _core.Network32 | _core.Network64) -> AnyTrainer:
        """The core's solver."""
        if isinstance(engine, _core.Network32):
            return _core.LevenbergMarquardt32(engine, self.hyperparameters)
        return _core.LevenbergMarquardt64(engine, self.hyperparameters)


def _physical_memory() -> int | None:
    """Of this machine, in bytes, where the system says so."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


FULL_BATCH: tuple[type[Optimizer], ...] = (Rprop, LBFGS, LevenbergMarquardt)
