"""The optimizers: immutable values whose rules stand in the core.

An optimizer is a name and its hyperparameters, nothing more: it can be compared,
hashed, printed, pickled and put into a grid. What it remembers from step to step
(moments, step count) belongs to the network that it trains.

In the formulas g is the gradient dC/dtheta of a mini-batch, penalties included and
clipped, t the step counted from 1, and eta the learning rate ``lr``: a number, or a
schedule of `fcnn.schedules`. Rules and defaults are PyTorch's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

from fcnn import _checks, _core
from fcnn.schedules import Schedule, as_schedule, rate_or_schedule

if TYPE_CHECKING:
    from fcnn._base import NetworkBase
    from fcnn._plan import Step
    from fcnn.callbacks import Callback

DEFAULTS: dict[str, dict[str, Any]] = {
    rule["name"]: rule["hyperparameters"] for rule in _core.optimizers()
}


AnyTrainer: TypeAlias = "_core.Trainer32 | _core.Trainer64 | _core._Solver"


class Optimizer:
    """Base of the optimizers: each field is a hyperparameter, checked when made."""

    name: ClassVar[str]
    """The core's name of the rule, which `Network.fit` takes too."""
    takes_schedule: ClassVar[bool] = True
    """Whether `lr` may be a schedule."""
    full_batch: ClassVar[bool] = False
    """Whether an epoch is one step over every row; see `fcnn.full_batch`."""
    losses: ClassVar[tuple[str, ...]] = ()
    """The only losses that it can minimize; empty: any."""
    refused: ClassVar[tuple[str, ...]] = ()
    """Which of `Step`'s numbers make no sense with it."""

    def __post_init__(self) -> None:
        for field in fields(cast("Any", self)):
            check = _CHECKS[field.name]
            value = check(field.name, getattr(self, field.name))
            if isinstance(value, Schedule) and not self.takes_schedule:
                raise TypeError(
                    f"{field.name} of {type(self).__name__} must be a number, not a "
                    f"schedule: {_checks.shown(value)}"
                )
            object.__setattr__(self, field.name, value)

    def check(self, net: NetworkBase, step: Step) -> None:  # noqa: ARG002
        """Refuses, by a ValueError, what it cannot do, before anything is changed."""
        kind = type(self).__name__
        if self.losses and step.loss not in self.losses:
            raise ValueError(
                f"{kind} needs the loss {' or '.join(self.losses)}, not {step.loss}"
            )
        for argument in self.refused:
            value = getattr(step, argument)
            if value != 0.0:
                raise ValueError(f"{kind} takes no {argument}, but it is {value}")

    def callbacks(self, given: list[Callback], *, validated: bool) -> list[Callback]:  # noqa: ARG002
        """The callbacks of a fit: those given, and its own."""
        return given

    def new_trainer(self, engine: _core.Network32 | _core.Network64) -> AnyTrainer:
        """The core's object that makes its steps."""
        schedule = self.schedule._core_schedule()
        if isinstance(engine, _core.Network32):
            return _core.Trainer32(engine, self.name, self.hyperparameters, schedule)
        return _core.Trainer64(engine, self.name, self.hyperparameters, schedule)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """The hyperparameters as the core names them: numbers, flags as 0 and 1.

        Of a schedule for ``lr`` the first value stands here.
        """
        values: dict[str, float] = {}
        for field in fields(cast("Any", self)):
            value = getattr(self, field.name)
            if field.name in _PAIRS:
                values |= zip(_PAIRS[field.name], value, strict=True)
            elif isinstance(value, Schedule):
                values[field.name] = value(0)
            else:
                values[field.name] = float(value)
        return values

    @property
    def schedule(self) -> Schedule:
        """The schedule of the learning rate; of a number `schedules.Constant`."""
        return as_schedule(cast("Any", self).lr)


def _default_betas(name: str) -> tuple[float, float]:
    return DEFAULTS[name]["beta1"], DEFAULTS[name]["beta2"]


@dataclass(frozen=True)
class SGD(Optimizer):
    r"""Stochastic gradient descent, with momentum if asked for.

    .. math::
        \theta \leftarrow \theta - \eta g

    and with momentum :math:`\mu > 0`, from :math:`v = g` at the first step,

    .. math::
        v \leftarrow \mu v + g, \qquad
        \theta \leftarrow \theta - \eta v
        \quad\text{or, nesterov,}\quad \theta \leftarrow \theta - \eta (g + \mu v).

    Parameters
    ----------
    lr : float or Schedule, default 0.001
        The learning rate eta, above 0, or one of `fcnn.schedules`.
    momentum : float, default 0.0
        mu, at least 0. Keras scales the velocity by eta instead, which differs only
        when the learning rate changes.
    nesterov : bool, default False
        Nesterov's form; needs ``momentum`` above 0.

    References
    ----------
    I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization
    and momentum in deep learning", ICML 2013.

    Examples
    --------
    >>> import fcnn
    >>> fcnn.SGD(lr=0.5, momentum=0.9)
    SGD(lr=0.5, momentum=0.9, nesterov=False)
    """

    name: ClassVar[str] = "sgd"
    lr: float | Schedule = DEFAULTS["sgd"]["lr"]
    momentum: float = DEFAULTS["sgd"]["momentum"]
    nesterov: bool = bool(DEFAULTS["sgd"]["nesterov"])

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and self.momentum == 0.0:
            raise ValueError("nesterov=True needs a momentum above 0, not 0")


@dataclass(frozen=True)
class Adam(Optimizer):
    r"""Adam: a step scaled by running means of the gradient and of its square.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \qquad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \theta &\leftarrow \theta - \eta \,
        \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Parameters
    ----------
    lr : float or Schedule, default 0.001
        The learning rate eta, above 0, or one of `fcnn.schedules`.
    betas : tuple of two floats, default (0.9, 0.999)
        beta1 and beta2, each at least 0 and below 1.
    eps : float, default 1e-8
        epsilon, at least 0. Keras's default is 1e-7.
    eps_hat : bool, default False
        Add epsilon to :math:`\sqrt{v}` before the division by
        :math:`\sqrt{1 - \beta_2^t}`, as Keras and scikit-learn do: the form at the end
        of the paper's section 2, in which the first steps feel more of it.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
    https://arxiv.org/abs/1412.6980

    Examples
    --------
    >>> import fcnn
    >>> fcnn.Adam(lr=0.01)
    Adam(lr=0.01, betas=(0.9, 0.999), eps=1e-08, eps_hat=False)
    >>> fcnn.Adam() == fcnn.Adam(lr=0.001)
    True
    """

    name: ClassVar[str] = "adam"
    lr: float | Schedule = DEFAULTS["adam"]["lr"]
    betas: tuple[float, float] = _default_betas("adam")
    eps: float = DEFAULTS["adam"]["eps"]
    eps_hat: bool = bool(DEFAULTS["adam"]["eps_hat"])


@dataclass(frozen=True)
class AdamW(Optimizer):
    r"""Adam with decoupled weight decay.

    Before Adam's step

    .. math::
        \theta \leftarrow \theta - \eta \lambda \theta.

    Parameters
    ----------
    lr : float or Schedule, default 0.001
        The learning rate eta, above 0, or one of `fcnn.schedules`.
    betas : tuple of two floats, default (0.9, 0.999)
        beta1 and beta2, each at least 0 and below 1.
    eps : float, default 1e-8
        epsilon, at least 0.
    weight_decay : float, default 0.01
        lambda, at least 0. All of theta decays, biases included, as in PyTorch;
        `Network.fit`'s ``l2`` is a penalty on the weights alone.
    eps_hat : bool, default False
        As of `Adam`.

    References
    ----------
    I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
    https://arxiv.org/abs/1711.05101

    Examples
    --------
    >>> import fcnn
    >>> fcnn.AdamW(weight_decay=0.1).weight_decay
    0.1
    """

    name: ClassVar[str] = "adamw"
    lr: float | Schedule = DEFAULTS["adamw"]["lr"]
    betas: tuple[float, float] = _default_betas("adamw")
    eps: float = DEFAULTS["adamw"]["eps"]
    weight_decay: float = DEFAULTS["adamw"]["weight_decay"]
    eps_hat: bool = bool(DEFAULTS["adamw"]["eps_hat"])


@dataclass(frozen=True)
class RMSprop(Optimizer):
    r"""RMSprop: a step scaled by a running root mean square of the gradient.

    .. math::
        v \leftarrow \alpha v + (1 - \alpha) g^2, \qquad
        \theta \leftarrow \theta - \eta \, g / (\sqrt{v} + \epsilon)

    `centered` subtracts the square of a running mean of g from v; with `momentum` the
    quotient goes through a velocity first.

    Parameters
    ----------
    lr : float or Schedule, default 0.01
        The learning rate eta, above 0, or one of `fcnn.schedules`. Keras's
        default is 0.001.
    alpha : float, default 0.99
        At least 0 and below 1; Keras calls it rho, with default 0.9.
    eps : float, default 1e-8
        epsilon, at least 0; outside the root, as in PyTorch (inside it in Keras).
    momentum : float, default 0.0
        At least 0.
    centered : bool, default False
        Divide by an estimate of the standard deviation instead.

    References
    ----------
    T. Tieleman, G. Hinton, "Lecture 6.5: rmsprop", Neural Networks for Machine
    Learning, Coursera, 2012. A. Graves, "Generating Sequences With Recurrent Neural
    Networks", 2013 (centered), https://arxiv.org/abs/1308.0850

    Examples
    --------
    >>> import fcnn
    >>> fcnn.RMSprop(momentum=0.9).centered
    False
    """

    name: ClassVar[str] = "rmsprop"
    lr: float | Schedule = DEFAULTS["rmsprop"]["lr"]
    alpha: float = DEFAULTS["rmsprop"]["alpha"]
    eps: float = DEFAULTS["rmsprop"]["eps"]
    momentum: float = DEFAULTS["rmsprop"]["momentum"]
    centered: bool = bool(DEFAULTS["rmsprop"]["centered"])


@dataclass(frozen=True)
class Adagrad(Optimizer):
    r"""Adagrad: a step scaled by the root of the sum of all squared gradients.

    .. math::
        s \leftarrow s + g^2, \qquad
        \theta \leftarrow \theta -
        \frac{\eta}{1 + (t - 1) d} \, g / (\sqrt{s} + \epsilon)

    Parameters
    ----------
    lr : float or Schedule, default 0.01
        The learning rate eta, above 0, or one of `fcnn.schedules`.
    lr_decay : float, default 0.0
        d, at least 0.
    eps : float, default 1e-10
        epsilon, at least 0.
    initial_accumulator_value : float, default 0.0
        What s starts from, at least 0. Keras's default is 0.1.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, "Adaptive Subgradient Methods for Online Learning
    and Stochastic Optimization", JMLR 12, 2011.

    Examples
    --------
    >>> import fcnn
    >>> fcnn.Adagrad().lr
    0.01
    """

    name: ClassVar[str] = "adagrad"
    lr: float | Schedule = DEFAULTS["adagrad"]["lr"]
    lr_decay: float = DEFAULTS["adagrad"]["lr_decay"]
    eps: float = DEFAULTS["adagrad"]["eps"]
    initial_accumulator_value: float = DEFAULTS["adagrad"]["initial_accumulator_value"]


@dataclass(frozen=True)
class NAdam(Optimizer):
    r"""Adam with Nesterov's momentum.

    With m and v as in `Adam` and :math:`\mu_t = \beta_1 (1 - 0.5 \cdot 0.96^{t \psi})`,

    .. math::
        \hat m = \frac{\mu_{t+1} m}{1 - \prod_{i=1}^{t+1} \mu_i}
               + \frac{(1 - \mu_t) g}{1 - \prod_{i=1}^{t} \mu_i}, \qquad
        \theta \leftarrow \theta - \eta \,
        \frac{\hat m}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Parameters
    ----------
    lr : float or Schedule, default 0.002
        The learning rate eta, above 0, or one of `fcnn.schedules`.
    betas : tuple of two floats, default (0.9, 0.999)
        beta1 and beta2, each at least 0 and below 1.
    eps : float, default 1e-8
        epsilon, at least 0.
    momentum_decay : float, default 0.004
        psi, at least 0.

    References
    ----------
    T. Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016.

    Examples
    --------
    >>> import fcnn
    >>> fcnn.NAdam().lr
    0.002
    """

    name: ClassVar[str] = "nadam"
    lr: float | Schedule = DEFAULTS["nadam"]["lr"]
    betas: tuple[float, float] = _default_betas("nadam")
    eps: float = DEFAULTS["nadam"]["eps"]
    momentum_decay: float = DEFAULTS["nadam"]["momentum_decay"]


OPTIMIZERS: tuple[type[Optimizer], ...] = (SGD, Adam, AdamW, RMSprop, Adagrad, NAdam)


def _kinds() -> tuple[type[Optimizer], ...]:
    from fcnn.full_batch import FULL_BATCH

    return OPTIMIZERS + FULL_BATCH


def resolve(optimizer: Any) -> Optimizer:
    """The optimizer given, or the one of that name with its defaults."""
    if isinstance(optimizer, Optimizer):
        return optimizer
    if isinstance(optimizer, str):
        for kind in _kinds():
            if kind.name == optimizer:
                return kind()
        names = ", ".join(kind.name for kind in _kinds())
        raise ValueError(f"no optimizer is named {optimizer!r}; there are {names}")
    hint = ""
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        hint = f": write {optimizer.__name__}(), with parentheses"
    raise TypeError(
        "optimizer must be a name or an optimizer such as Adam(lr=0.001), not "
        f"{_checks.shown(optimizer)}{hint}"
    )


def _two(name: str, value: Any) -> tuple[Any, Any]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise TypeError(f"{name} must be two numbers, not {_checks.shown(value)}")
    if len(value) != 2:
        raise ValueError(f"{name} must be two numbers, not {_checks.shown(value)}")
    return value[0], value[1]


def _betas(name: str, value: Any) -> tuple[float, float]:
    first, second = _two(name, value)
    return (
        _checks.fraction(f"{name}[0]", first),
        _checks.fraction(f"{name}[1]", second),
    )


def _etas(name: str, value: Any) -> tuple[float, float]:
    minus, plus = (_checks.positive(name, eta) for eta in _two(name, value))
    if not minus < 1.0 < plus:
        raise ValueError(
            f"{name} must be one number below 1 and one above, not {(minus, plus)}"
        )
    return minus, plus


def _step_sizes(name: str, value: Any) -> tuple[float, float]:
    low, high = (_checks.positive(name, size) for size in _two(name, value))
    if low > high:
        raise ValueError(f"{name} must be in increasing order, not {(low, high)}")
    return low, high


def _count(name: str, value: Any) -> int:
    return _checks.integer(name, value, 1, 10**6)


_CHECKS = {
    "lr": rate_or_schedule,
    "momentum": _checks.non_negative,
    "nesterov": _checks.flag,
    "betas": _betas,
    "eps": _checks.non_negative,
    "eps_hat": _checks.flag,
    "weight_decay": _checks.non_negative,
    "alpha": _checks.fraction,
    "centered": _checks.flag,
    "lr_decay": _checks.non_negative,
    "initial_accumulator_value": _checks.non_negative,
    "momentum_decay": _checks.non_negative,
    "etas": _etas,
    "step_sizes": _step_sizes,
    "memory": _count,
    "tol_gradient": _checks.non_negative,
    "tol_loss": _checks.non_negative,
    "max_line_search": _count,
    "mu": _checks.positive,
    "mu_dec": _checks.positive,
    "mu_inc": _checks.positive,
    "mu_max": _checks.positive,
    "goal": _checks.non_negative,
    "min_gradient": _checks.non_negative,
    "max_fail": _count,
}
# fields that are two of the core's hyperparameters
_PAIRS = {
    "betas": ("beta1", "beta2"),
    "etas": ("eta_minus", "eta_plus"),
    "step_sizes": ("step_min", "step_max"),
}
