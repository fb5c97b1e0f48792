"""Schedules: the learning rate as a function of the optimizer's step.

Any optimizer takes one for its ``lr``: ``SGD(lr=fcnn.schedules.Cosine(0.1, 1000))``.
Schedules count the optimizer's steps t = 0, 1, 2, ..., one for each mini-batch, not
epochs: an epoch has ``ceil(n / batch_size)`` of them. A schedule is an immutable value,
as an optimizer is, and a function: ``schedule(t)`` is the rate of step t. The count t
belongs to the network: a fit that goes on with an equal optimizer goes on in its
schedule.

Values are PyTorch's where PyTorch has the schedule, and computed in the core.

>>> import fcnn
>>> schedule = fcnn.schedules.Step(0.1, steps=100)
>>> [round(schedule(t), 6) for t in (0, 99, 100, 250)]
[0.1, 0.1, 0.01, 0.001]
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, cast

from fcnn import _checks, _core

__all__ = [
    "Constant",
    "Cosine",
    "Exponential",
    "InverseScaling",
    "OneCycle",
    "Polynomial",
    "Schedule",
    "Step",
    "Warmup",
]

_DEFAULTS: dict[str, dict[str, Any]] = {
    rule["name"]: rule["hyperparameters"] for rule in _core.schedules()
}
_MOST_STEPS = 2**53  # the core counts some of them in doubles


class Schedule:
    """Base of the schedules: each field is a parameter, checked when made."""

    name: ClassVar[str]
    """The core's name of the rule."""

    def __post_init__(self) -> None:
        for field in fields(cast("Any", self)):
            value = _CHECKS[field.name](field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, value)
        lr = getattr(self, "lr", None)
        if lr is not None and getattr(self, "min_lr", 0.0) > lr:
            raise ValueError(f"min_lr must be at most lr = {lr}, not {self.min_lr}")  # type: ignore[attr-defined]

        first = self(0)
        if not math.isfinite(first):
            raise ValueError(f"{self!r} begins at {first}")

    def __call__(self, t: int) -> float:
        """The learning rate of step t = 0, 1, 2, ..."""
        return self._core_schedule()(_checks.integer("t", t, 0, _MOST_STEPS))

    @property
    def hyperparameters(self) -> dict[str, float]:
        """The parameters as the core names them: numbers, flags as 0 and 1."""
        values = {f.name: getattr(self, f.name) for f in fields(cast("Any", self))}
        if "anneal" in values:
            values["linear"] = values.pop("anneal") == "linear"
        return {name: float(value) for name, value in values.items()}

    def _core_schedule(self) -> _core.Schedule:
        return _core.Schedule(self.name, self.hyperparameters, None)


@dataclass(frozen=True)
class Constant(Schedule):
    r"""The same rate at every step, as a number for ``lr`` means.

    .. math::
        \eta_t = \mathrm{lr}

    Parameters
    ----------
    lr : float
        Above 0.

    Examples
    --------
    >>> import fcnn
    >>> fcnn.schedules.Warmup(fcnn.schedules.Constant(0.1), steps=10)(100)
    0.1
    """

    name: ClassVar[str] = "constant"
    lr: float


@dataclass(frozen=True)
class Step(Schedule):
    r"""Multiplied by gamma after every so many steps; PyTorch's StepLR.

    .. math::
        \eta_t = \mathrm{lr} \, \gamma^{\lfloor t / \mathrm{steps} \rfloor}

    Parameters
    ----------
    lr : float
        The first rate, above 0.
    steps : int
        After how many steps the rate changes, at least 1.
    gamma : float, default 0.1
        Above 0.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html

    Examples
    --------
    >>> import fcnn
    >>> schedule = fcnn.schedules.Step(1.0, steps=2, gamma=0.5)
    >>> [schedule(t) for t in range(6)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """

    name: ClassVar[str] = "step"
    lr: float
    steps: int
    gamma: float = _DEFAULTS["step"]["gamma"]


@dataclass(frozen=True)
class Exponential(Schedule):
    r"""Multiplied by gamma after every step; PyTorch's ExponentialLR.

    .. math::
        \eta_t = \mathrm{lr} \, \gamma^t

    Parameters
    ----------
    lr : float
        The first rate, above 0.
    gamma : float
        Above 0.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html

    Examples
    --------
    >>> import fcnn
    >>> schedule = fcnn.schedules.Exponential(1.0, gamma=0.5)
    >>> [schedule(t) for t in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    name: ClassVar[str] = "exponential"
    lr: float
    gamma: float


@dataclass(frozen=True)
class Cosine(Schedule):
    r"""Down from lr to min_lr by half a cosine, once or with warm restarts.

    .. math::
        \eta_t = \mathrm{min\_lr} + (\mathrm{lr} - \mathrm{min\_lr}) \,
        \frac{1 + \cos(\pi t / \mathrm{steps})}{2}

    and from ``t = steps`` on min_lr. (PyTorch's CosineAnnealingLR comes up again by the
    same curve instead.) With `restarts` it begins again at lr after `steps` steps, and
    each period is `growth` times as long as the one before:
    PyTorch's CosineAnnealingWarmRestarts.

    Parameters
    ----------
    lr : float
        The first rate, above 0.
    steps : int
        The length of the (first) period, at least 1.
    min_lr : float, default 0.0
        At least 0, at most lr.
    restarts : bool, default False
        Whether to begin again.
    growth : int, default 1
        At least 1; more than 1 needs `restarts`.

    References
    ----------
    I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts",
    ICLR 2017, https://arxiv.org/abs/1608.03983

    Examples
    --------
    >>> import fcnn
    >>> schedule = fcnn.schedules.Cosine(0.2, steps=100)
    >>> [round(schedule(t), 6) for t in (0, 50, 100, 150)]
    [0.2, 0.1, 0.0, 0.0]
    >>> schedule = fcnn.schedules.Cosine(0.2, steps=100, restarts=True, growth=2)
    >>> [round(schedule(t), 6) for t in (0, 50, 100, 200, 300)]
    [0.2, 0.1, 0.2, 0.1, 0.2]
    """

    name: ClassVar[str] = "cosine"
    lr: float
    steps: int
    min_lr: float = _DEFAULTS["cosine"]["min_lr"]
    restarts: bool = bool(_DEFAULTS["cosine"]["restarts"])
    growth: int = int(_DEFAULTS["cosine"]["growth"])

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.growth > 1 and not self.restarts:
            raise ValueError(f"growth={self.growth} needs restarts=True")


@dataclass(frozen=True)
class OneCycle(Schedule):
    r"""Up to max_lr and far down again, in one cycle; PyTorch's OneCycleLR.

    Each phase goes from one rate to the next by half a cosine or by a straight line.
    With low = max_lr / div_factor and lowest = low / final_div_factor the rate is

    - low at t = 0,
    - max_lr at ``t = pct_start * steps - 1``,
    - with `three_phase` low again at ``t = 2 * pct_start * steps - 2``,
    - lowest at ``t = steps - 1`` and from there on.

    The momentum, which PyTorch cycles the other way by default, stays as it is.

    Parameters
    ----------
    max_lr : float
        The highest rate, above 0.
    steps : int
        The length of the cycle, at least 1: usually that of the whole training.
    pct_start : float, default 0.3
        The part of the steps in which the rate rises, above 0 and below 1; with
        `three_phase` at most 0.5.
    anneal : {"cos", "linear"}, default "cos"
        Half a cosine or a straight line.
    div_factor : float, default 25.0
        Above 0.
    final_div_factor : float, default 10000.0
        Above 0.
    three_phase : bool, default False
        Whether to come down to the first rate as fast as it rose.

    References
    ----------
    L. N. Smith, N. Topin, "Super-Convergence: Very Fast Training of Neural Networks
    Using Large Learning Rates", 2018, https://arxiv.org/abs/1708.07120

    Examples
    --------
    >>> import fcnn
    >>> schedule = fcnn.schedules.OneCycle(1.0, steps=100, div_factor=10.0)
    >>> [round(schedule(t), 6) for t in (0, 29, 99, 200)]
    [0.1, 1.0, 1e-05, 1e-05]
    """

    name: ClassVar[str] = "one_cycle"
    max_lr: float
    steps: int
    pct_start: float = _DEFAULTS["one_cycle"]["pct_start"]
    anneal: Literal["cos", "linear"] = "cos"
    div_factor: float = _DEFAULTS["one_cycle"]["div_factor"]
    final_div_factor: float = _DEFAULTS["one_cycle"]["final_div_factor"]
    three_phase: bool = bool(_DEFAULTS["one_cycle"]["three_phase"])

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.three_phase and self.pct_start > 0.5:
            raise ValueError(
                "three_phase=True needs a pct_start of at most 0.5, not "
                f"{self.pct_start}"
            )


@dataclass(frozen=True)
class Polynomial(Schedule):
    r"""Down from lr to min_lr by a power; with power 1 a line. PyTorch's PolynomialLR.

    .. math::
        \eta_t = \mathrm{min\_lr} + (\mathrm{lr} - \mathrm{min\_lr})
        \Bigl(1 - \frac{t}{\mathrm{steps}}\Bigr)^{\mathrm{power}}

    and from ``t = steps`` on min_lr.

    Parameters
    ----------
    lr : float
        The first rate, above 0.
    steps : int
        At least 1.
    power : float, default 1.0
        Above 0.
    min_lr : float, default 0.0
        At least 0, at most lr; PyTorch's is always 0.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html

    Examples
    --------
    >>> import fcnn
    >>> schedule = fcnn.schedules.Polynomial(1.0, steps=4)
    >>> [schedule(t) for t in range(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    name: ClassVar[str] = "polynomial"
    lr: float
    steps: int
    power: float = _DEFAULTS["polynomial"]["power"]
    min_lr: float = _DEFAULTS["polynomial"]["min_lr"]


@dataclass(frozen=True)
class InverseScaling(Schedule):
    r"""Slower and slower down, without an end; scikit-learn's "invscaling".

    .. math::
        \eta_t = \frac{\mathrm{lr}}{(t + 1)^{\mathrm{power}}}

    scikit-learn's t counts samples and changes once an epoch; here it counts steps.

    Parameters
    ----------
    lr : float
        The first rate, above 0.
    power : float, default 0.5
        Above 0; scikit-learn's ``power_t``.

    References
    ----------
    https://scikit-learn.org/stable/modules/generated/sklearn.neural_network.MLPClassifier.html

    Examples
    --------
    >>> import fcnn
    >>> schedule = fcnn.schedules.InverseScaling(1.0)
    >>> [round(schedule(t), 6) for t in (0, 3, 99)]
    [1.0, 0.5, 0.1]
    """

    name: ClassVar[str] = "inverse_scaling"
    lr: float
    power: float = _DEFAULTS["inverse_scaling"]["power"]


@dataclass(frozen=True)
class Warmup(Schedule):
    r"""Rises to the first rate of another schedule, which then begins.

    .. math::
        \eta_t = \eta_0 \, \bigl(s + (1 - s) \, t / \mathrm{steps}\bigr)
        \quad\text{for } t < \mathrm{steps},

    with :math:`\eta_0` = ``schedule(0)`` and s = `start_factor`; then
    ``schedule(t - steps)``. PyTorch's LinearLR before the other in a SequentialLR.

    Parameters
    ----------
    schedule : Schedule or float
        What comes after, but no `Warmup`; a number means `Constant`.
    steps : int
        The length of the warm-up, at least 1.
    start_factor : float, default 1/3
        At least 0 and at most 1.

    References
    ----------
    P. Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017,
    https://arxiv.org/abs/1706.02677

    Examples
    --------
    >>> import fcnn
    >>> schedule = fcnn.schedules.Warmup(1.0, steps=4, start_factor=0.5)
    >>> [schedule(t) for t in range(6)]
    [0.5, 0.625, 0.75, 0.875, 1.0, 1.0]
    """

    name: ClassVar[str] = "warmup"
    schedule: Schedule | float
    steps: int
    start_factor: float = _DEFAULTS["warmup"]["start_factor"]

    @property
    def hyperparameters(self) -> dict[str, float]:
        """Those of the warm-up alone."""
        return {"steps": float(self.steps), "start_factor": self.start_factor}

    def _core_schedule(self) -> _core.Schedule:
        after = as_schedule(self.schedule)
        return _core.Schedule(after.name, after.hyperparameters, self.hyperparameters)


SCHEDULES: tuple[type[Schedule], ...] = (
    Constant,
    Step,
    Exponential,
    Cosine,
    OneCycle,
    Polynomial,
    InverseScaling,
    Warmup,
)


def rate_or_schedule(name: str, value: Any) -> float | Schedule:
    """An optimizer's `lr`: a schedule as it is, else a number above 0."""
    if isinstance(value, type) and issubclass(value, Schedule):
        raise TypeError(
            f"{name} must be a number or a schedule such as {value.__name__}(...), not "
            "its class"
        )
    return value if isinstance(value, Schedule) else _checks.positive(name, value)


def as_schedule(lr: float | Schedule) -> Schedule:
    """The schedule that an optimizer's `lr` means."""
    return lr if isinstance(lr, Schedule) else Constant(lr)


def _steps(name: str, value: Any) -> int:
    steps = _checks.integer(name, value, 1)
    return _checks.integer(name, steps, 1, _MOST_STEPS)


def _inner_fraction(name: str, value: Any) -> float:
    number = _checks.positive(name, value)
    if number >= 1.0:
        raise ValueError(f"{name} must be above 0 and below 1, not {number}")
    return number


def _at_most_one(name: str, value: Any) -> float:
    number = _checks.non_negative(name, value)
    if number > 1.0:
        raise ValueError(f"{name} must be at least 0 and at most 1, not {number}")
    return number


def _anneal(name: str, value: Any) -> str:
    if value not in ("cos", "linear"):
        raise ValueError(f"{name} must be 'cos' or 'linear', not {value!r}")
    return str(value)


def _warmed_up(name: str, value: Any) -> Schedule:
    given = rate_or_schedule(name, value)
    if isinstance(given, Warmup):
        raise TypeError(f"{name} of a Warmup must not be another Warmup")
    return as_schedule(given)


_CHECKS = {
    "lr": _checks.positive,
    "max_lr": _checks.positive,
    "min_lr": _checks.non_negative,
    "steps": _steps,
    "gamma": _checks.positive,
    "restarts": _checks.flag,
    "growth": _steps,
    "pct_start": _inner_fraction,
    "anneal": _anneal,
    "div_factor": _checks.positive,
    "final_div_factor": _checks.positive,
    "three_phase": _checks.flag,
    "power": _checks.positive,
    "schedule": _warmed_up,
    "start_factor": _at_most_one,
}
