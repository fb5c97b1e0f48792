"""The schedules against torch.optim.lr_scheduler, over 100 steps."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from fcnn import schedules as s
from helpers import assert_close

pytestmark = pytest.mark.torch
T = 100

# fcnn's schedule; torch's class and arguments; until where both are defined
CASES = [
    (s.Step(0.1, 7), "StepLR", {"step_size": 7}, T),
    (s.Step(0.1, 9, gamma=0.7), "StepLR", {"step_size": 9, "gamma": 0.7}, T),
    (s.Exponential(0.3, 0.93), "ExponentialLR", {"gamma": 0.93}, T),
    (s.Cosine(0.2, 90), "CosineAnnealingLR", {"T_max": 90}, 91),
    (
        s.Cosine(0.2, 70, min_lr=0.01),
        "CosineAnnealingLR",
        {"T_max": 70, "eta_min": 0.01},
        71,
    ),
    (
        s.Cosine(0.2, 13, min_lr=0.01, restarts=True),
        "CosineAnnealingWarmRestarts",
        {"T_0": 13, "eta_min": 0.01},
        T,
    ),
    (
        s.Cosine(0.2, 7, restarts=True, growth=3),
        "CosineAnnealingWarmRestarts",
        {"T_0": 7, "T_mult": 3},
        T,
    ),
    (s.Polynomial(0.2, 60), "PolynomialLR", {"total_iters": 60}, T),
    (
        s.Polynomial(0.2, 60, power=2.5),
        "PolynomialLR",
        {"total_iters": 60, "power": 2.5},
        T,
    ),
    *(
        (
            s.OneCycle(0.5, T, pct, anneal, 20.0, 300.0, three_phase=three),
            "OneCycleLR",
            {
                "max_lr": 0.5,
                "total_steps": T,
                "pct_start": pct,
                "anneal_strategy": anneal,
                "div_factor": 20.0,
                "final_div_factor": 300.0,
                "three_phase": three,
                "cycle_momentum": False,
            },
            T,
        )
        for anneal in ("cos", "linear")
        for three in (False, True)
        for pct in (0.3, 0.17)
    ),
]


def rates(torch, make, lr, n):
    """lr of n steps; make(optimizer) gives torch's scheduler."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler, result = make(optimizer), []
    for _ in range(n):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SequentialLR's own call with an epoch
            scheduler.step()
    return result


@pytest.mark.parametrize(("schedule", "name", "given", "until"), CASES, ids=repr)
def test_values(schedule, name, given, until, torch):
    kind = getattr(torch.optim.lr_scheduler, name)
    last = until - 1 if name == "OneCycleLR" else until  # no step past its total
    expected = rates(torch, lambda o: kind(o, **given), schedule(0), last)
    assert_close([schedule(t) for t in range(last)], expected, 1e-12)


def test_the_last_step_of_one_cycle(torch):
    kind = torch.optim.lr_scheduler.OneCycleLR
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = kind(optimizer, 0.5, total_steps=30, cycle_momentum=False)
    for _ in range(29):
        optimizer.step()
        scheduler.step()
    expected = optimizer.param_groups[0]["lr"]
    assert s.OneCycle(0.5, 30)(29) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("start_factor", [1 / 3, 0.01])
@pytest.mark.parametrize(
    ("after", "name", "given"),
    [
        (s.Constant(0.2), "ConstantLR", {"factor": 1.0}),
        (s.Step(0.2, 11, 0.5), "StepLR", {"step_size": 11, "gamma": 0.5}),
        (s.Cosine(0.2, 60), "CosineAnnealingLR", {"T_max": 60}),
        (s.Polynomial(0.2, 60), "PolynomialLR", {"total_iters": 60}),
    ],
    ids=repr,
)
def test_warmup(after, name, given, start_factor, torch):
    of = torch.optim.lr_scheduler

    def make(optimizer):
        before = of.LinearLR(optimizer, start_factor, total_iters=25)
        main = getattr(of, name)(optimizer, **given)
        return of.SequentialLR(optimizer, [before, main], milestones=[25])

    expected = rates(torch, make, 0.2, 80)
    schedule = s.Warmup(after, 25, start_factor)
    assert_close([schedule(t) for t in range(80)], expected, 1e-12)
    assert np.ptp(expected) > 0
