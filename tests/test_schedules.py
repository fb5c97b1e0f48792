"""Each schedule against its twin in reference.py; in training; as values."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
import re
import threading

import mpmath
import numpy as np
import pytest

import fcnn
import reference as ref
from fcnn import schedules as s
from helpers import assert_close

CASES = [
    s.Constant(0.3),
    s.Step(0.1, 7),
    s.Step(2.0, 1, gamma=1.5),
    s.Exponential(0.5, 0.97),
    s.Exponential(1e-6, 1.15),
    s.Cosine(0.1, 60),
    s.Cosine(0.1, 37, min_lr=0.02),
    s.Cosine(0.3, 9, restarts=True),
    s.Cosine(0.3, 5, min_lr=1e-3, restarts=True, growth=2),
    s.Cosine(0.3, 1, restarts=True, growth=3),
    s.OneCycle(1.0, 60),
    s.OneCycle(0.5, 47, pct_start=0.21, anneal="linear", div_factor=7.0),
    s.OneCycle(0.5, 60, pct_start=0.4, final_div_factor=50.0, three_phase=True),
    s.OneCycle(0.5, 61, pct_start=0.5, anneal="linear", three_phase=True),
    s.OneCycle(0.5, 3, pct_start=0.2),
    s.Polynomial(0.2, 50),
    s.Polynomial(0.2, 50, power=3),
    s.Polynomial(0.2, 50, power=0.9, min_lr=0.01),
    s.InverseScaling(0.4),
    s.InverseScaling(0.4, power=1.0),
    s.Warmup(0.2, 11),
    s.Warmup(s.Cosine(0.3, 20), 10, start_factor=0.0),
    s.Warmup(s.OneCycle(0.3, 40, anneal="linear"), 5, start_factor=0.25),
]
T = 70
schedules = pytest.mark.parametrize("schedule", CASES, ids=repr)


def twin(schedule, t):
    if isinstance(schedule, s.Warmup):
        after = schedule.schedule
        return ref.warmup(t, lambda u: twin(after, u), **schedule.hyperparameters)
    return ref.SCHEDULES[schedule.name](t, **schedule.hyperparameters)


def values(schedule, n=T):
    return [schedule(t) for t in range(n)]


def test_every_schedule_is_here():
    assert {case.name for case in CASES} == set(ref.SCHEDULES)
    every = {cls.__name__ for cls in s.SCHEDULES} | {"Schedule"}
    assert set(s.__all__) == every


@schedules
def test_values(schedule):
    expected = [twin(schedule, t) for t in range(T)]
    assert_close(values(schedule), expected, 1e-14)
    if schedule.name != "constant":
        assert len(set(expected)) > 2


@pytest.mark.parametrize(("steps", "n"), [(1000, 1001), (10**9, 10**9)])
def test_the_cosine_is_exact_to_the_last_places(steps, n):
    """Where it comes near 0, too, which (1 + cos) / 2 in doubles is not."""
    schedule = s.Cosine(1.0, steps)
    with mpmath.workdps(50):
        for t in sorted({*range(0, n, n // 200), steps - 1, steps - 2}):
            if t < steps:
                exact = (1 + mpmath.cos(mpmath.pi * t / steps)) / 2
                assert abs(schedule(t) / exact - 1) < 2e-15
    assert [schedule(0), schedule(steps), schedule(steps + 1)] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("power", [0.25, 0.5, 1.7, 63.0, 70.0])
def test_powers_are_exact_to_1e14(power):
    schedules = s.InverseScaling(1.0, power), s.Polynomial(1.0, 1000, power)
    with mpmath.workdps(50):
        for t in (0, 1, 2, 10, 333, 999, 10**6, 10**12):
            exact = mpmath.mpf(t + 1) ** -mpmath.mpf(power)
            assert schedules[0](t) == pytest.approx(float(exact), rel=1e-13, abs=1e-300)
            rest = mpmath.mpf(max(1000 - t, 0)) / 1000
            exact = rest ** mpmath.mpf(power)
            assert schedules[1](t) == pytest.approx(float(exact), rel=1e-13, abs=1e-300)


def test_after_the_end_the_last_value_stays():
    for schedule, end, last in [
        (s.Cosine(0.1, 20, min_lr=0.003), 20, 0.003),
        (s.Polynomial(0.1, 20, 2, min_lr=0.003), 20, 0.003),
        (s.OneCycle(0.1, 20, div_factor=10.0, final_div_factor=10.0), 19, 0.001),
    ]:
        assert schedule(end - 1) > 1.01 * last
        for t in (end, end + 1, 1000, 2**53):
            assert schedule(t) == pytest.approx(last, rel=1e-15)


def test_restarts_far_out():
    schedule = s.Cosine(1.0, 1000, restarts=True)
    assert schedule(2**53 - 2**53 % 1000 + 250) == schedule(250)
    assert s.Cosine(1.0, 1, restarts=True, growth=2)(2**53 - 1) == 1.0


def test_phases_without_length_are_skipped():
    """PyTorch divides 0 by 0 in the first two."""
    one = s.OneCycle(1.0, 1, div_factor=10.0, final_div_factor=10.0)
    assert one(0) == pytest.approx(0.01)
    four = s.OneCycle(1.0, 4, pct_start=0.25, div_factor=10.0)
    assert four(0) == 1.0
    short = s.OneCycle(1.0, 2, pct_start=0.5, three_phase=True)
    assert all(map(math.isfinite, values(short)))


# ------------------------------------------------------------------- in training

STEPS = 12


def make(dtype="float64"):
    return fcnn.Network([2, 3, 1], "tanh", "identity", dtype=dtype, seed=1)


def data(rng, n=8):
    return rng.normal(size=(n, 2)), rng.normal(size=n)


@pytest.mark.parametrize(
    "schedule", [s.Cosine(0.2, 10), s.Warmup(s.Step(0.3, 4, 0.5), 3)], ids=repr
)
@pytest.mark.parametrize(
    "cls",
    [fcnn.SGD, fcnn.Adam, fcnn.AdamW, fcnn.RMSprop, fcnn.Adagrad, fcnn.NAdam],
)
def test_each_step_takes_its_rate(cls, schedule, rng):
    net, probe = make(), make()
    optimizer = cls(lr=schedule)
    theta, state = net.parameters.copy(), {}
    for t in range(STEPS):
        X, y = data(rng)
        probe.parameters[:] = theta
        _, g = probe.loss_and_gradient(X, y)
        numbers = optimizer.hyperparameters | {"lr": twin(schedule, t)}
        theta = ref.OPTIMIZERS[optimizer.name](theta, g, state, t + 1, **numbers)
        net.fit_batch(X, y, optimizer=optimizer)
        assert_close(net.parameters, theta, 1e-12, f"step {t}")


def test_fit_counts_steps_not_epochs(rng):
    """23 rows in batches of 5 are five steps an epoch."""
    X, y = data(rng, 23)
    optimizer = fcnn.SGD(lr=s.Exponential(0.1, 0.9))
    a, b = make(), make()
    a.fit(X, y, epochs=3, batch_size=5, shuffle=False, optimizer=optimizer)
    for t in range(15):
        assert b.learning_rate == (None if t == 0 else optimizer.lr(t))
        rows = slice(t % 5 * 5, t % 5 * 5 + 5)
        b.fit_batch(X[rows], y[rows], optimizer=optimizer)
    assert a.parameters.tobytes() == b.parameters.tobytes()
    assert a.learning_rate == b.learning_rate == optimizer.lr(15)


def test_a_number_is_the_constant(rng):
    X, y = data(rng)
    nets = make(), make()
    for net, lr in zip(nets, (0.1, s.Constant(0.1)), strict=True):
        net.fit(X, y, optimizer=fcnn.Adam(lr=lr), epochs=5, batch_size=3)
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()
    assert fcnn.Adam(lr=0.1).schedule == s.Constant(0.1)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_fit_3_then_2_is_fit_5_at_any_number_of_threads(
    n_threads, rng, split_everything
):
    X, y = data(rng, 40)
    optimizer = fcnn.Adam(lr=s.OneCycle(0.1, 50))
    expected = make()
    expected.fit(X, y, epochs=5, batch_size=4, optimizer=optimizer)
    net = make()
    net.fit(X, y, epochs=3, batch_size=4, optimizer=optimizer, n_threads=n_threads)
    again = fcnn.Adam(lr=s.OneCycle(0.1, 50))
    net = pickle.loads(pickle.dumps(net)).copy()
    net.fit(X, y, epochs=2, batch_size=4, optimizer=again, n_threads=n_threads)
    assert net.parameters.tobytes() == expected.parameters.tobytes()
    net.reset_optimizer()
    assert net.learning_rate is None
    net.fit_batch(X, y, optimizer=again)
    assert net.learning_rate == again.lr(1)


def test_learning_rate_is_had_exactly(rng):
    net, (X, y) = make(), data(rng)
    for lr in (0.1, s.Cosine(0.1, 100)):
        net.fit_batch(X, y, optimizer=fcnn.SGD(lr=lr))
        for value in (0.07, 1 / 3, 1e-5, np.float32(0.3)):
            net.learning_rate = value
            assert net.learning_rate == float(value)
    net.fit(X, y, optimizer=fcnn.SGD(lr=0.1), epochs=2)
    net.learning_rate = 1 / 7
    net.fit(X, y, optimizer=fcnn.SGD(lr=0.1), epochs=3)
    assert net.learning_rate == 1 / 7


def test_setting_it_scales_what_is_left_of_the_schedule(rng):
    net, (X, y) = make(), data(rng)
    schedule = s.Exponential(0.1, 0.9)
    optimizer = fcnn.SGD(lr=schedule)
    for _ in range(3):
        net.fit_batch(X, y, optimizer=optimizer)
    net.learning_rate = 0.5 * net.learning_rate
    ways = [net.copy(), copy.deepcopy(net), pickle.loads(pickle.dumps(net)), net]
    for twin_net in ways:
        assert twin_net.learning_rate == 0.5 * schedule(3)
        theta = twin_net.parameters.copy()
        _, g = twin_net.loss_and_gradient(X, y)
        twin_net.fit_batch(X, y, optimizer=optimizer)
        assert_close(theta - twin_net.parameters, 0.5 * schedule(3) * g, 1e-13)
        for t in range(4, 9):
            assert twin_net.learning_rate == pytest.approx(0.5 * schedule(t), rel=1e-15)
            twin_net.fit_batch(X, y, optimizer=optimizer)
    assert len({way.parameters.tobytes() for way in ways}) == 1
    net.fit_batch(X, y, optimizer=dataclasses.replace(optimizer, momentum=0.1))
    assert net.learning_rate == schedule(1)


def test_early_stopping_puts_the_factor_back(rng):
    class Halve(fcnn.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.network.learning_rate = 0.5 * self.network.learning_rate

    net, (X, y) = make(), data(rng)
    stop = fcnn.EarlyStopping("loss", mode="max", patience=3)
    options = {"epochs": 9, "batch_size": 8, "optimizer": fcnn.SGD(lr=s.Step(0.01, 1))}
    net.fit(X, y, callbacks=[Halve(), stop], **options)
    assert stop.stopped_epoch is not None
    # after step best_epoch + 1, halved as often
    t = stop.best_epoch + 1
    assert net.learning_rate == pytest.approx(0.5**t * 0.01 * 0.1**t, rel=1e-14)
    assert net._trainer.state()["step"] == t


def test_a_diverged_epoch_puts_the_step_back():
    net, X, y = make(), [[1.0, 2.0]], [1.0]
    optimizer = fcnn.SGD(lr=s.Exponential(1e-3, 1e200))
    net.fit_batch(X, y, optimizer=optimizer)
    with pytest.raises(fcnn.TrainingDiverged):
        net.fit(X * 4, y * 4, optimizer=optimizer, batch_size=1, epochs=1)
    assert net.learning_rate == optimizer.lr(1)
    net.learning_rate = 1e-4
    net.fit_batch(X, y, optimizer=optimizer)


def test_learning_rate_is_checked(rng):
    net, (X, y) = make(), data(rng)
    assert net.learning_rate is None
    with pytest.raises(RuntimeError, match="no optimizer yet"):
        net.learning_rate = 0.1
    net.fit_batch(X, y, optimizer=fcnn.SGD(lr=s.Polynomial(0.1, 1)))
    for wrong in (0, -1, math.nan, math.inf):
        with pytest.raises(ValueError, match="learning_rate must be"):
            net.learning_rate = wrong
    for wrong in ("fast", None, True, [0.1]):
        with pytest.raises(TypeError, match="learning_rate must be a number"):
            net.learning_rate = wrong
    assert net.learning_rate == 0.0
    with pytest.raises(ValueError, match="is 0"):
        net.learning_rate = 0.1
    theta = net.parameters.copy()
    net.fit_batch(X, y, optimizer=fcnn.SGD(lr=s.Polynomial(0.1, 1)))  # a rate of 0
    assert np.array_equal(net.parameters, theta)


def test_another_thread_is_refused_while_it_trains(rng):
    def use():
        for call in (lambda: net.learning_rate, lambda: setattr(*assignment)):
            try:
                call()
            except RuntimeError as error:
                told.append(str(error))

    class Look(fcnn.Callback):
        def on_epoch_end(self, epoch, logs=None):
            thread = threading.Thread(target=use)
            thread.start()
            thread.join()

    net, told = make(), []
    assignment = (net, "learning_rate", 0.5)
    net.fit(*data(rng), epochs=1, optimizer=fcnn.SGD(lr=0.1), callbacks=[Look()])
    assert len(told) == 2
    assert all("trained by another thread" in text for text in told)
    assert net.learning_rate == 0.1


# --------------------------------------------------------------------- as values


@schedules
def test_schedules_are_values(schedule):
    again = pickle.loads(pickle.dumps(schedule))
    assert again == schedule
    assert hash(again) == hash(schedule)
    assert eval(repr(schedule), vars(s)) == schedule
    first = dataclasses.fields(schedule)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(schedule, first, 1.0)
    other = dataclasses.replace(schedule, **{first: 0.123})
    assert other != schedule
    optimizer = fcnn.Adam(lr=schedule)
    assert pickle.loads(pickle.dumps(optimizer)) == optimizer
    assert optimizer != fcnn.Adam(lr=other)
    assert hash(optimizer) == hash(fcnn.Adam(lr=again))
    assert optimizer.schedule is schedule
    assert optimizer.hyperparameters["lr"] == schedule(0)


def test_an_optimizer_may_refuse_schedules():
    @dataclasses.dataclass(frozen=True)
    class Plain(fcnn.SGD):
        takes_schedule = False

    with pytest.raises(TypeError, match="lr of Plain must be a number"):
        Plain(lr=s.Constant(0.1))
    assert Plain(lr=0.1).lr == 0.1
    assert fcnn.SGD.takes_schedule


@pytest.mark.parametrize(
    ("make_it", "message"),
    [
        (lambda: s.Constant(0), "lr must be above 0"),
        (lambda: s.Step(0.1, 0), "steps must be at least 1"),
        (lambda: s.Step(0.1, 2**60), "steps must be in 1"),
        (lambda: s.Exponential(0.1, 0), "gamma must be above 0"),
        (lambda: s.Exponential(0.1, math.nan), "gamma must be finite"),
        (lambda: s.Cosine(0.1, 5, min_lr=0.2), "min_lr must be at most lr = 0.1"),
        (lambda: s.Cosine(0.1, 5, min_lr=-1), "min_lr must be at least 0"),
        (lambda: s.Cosine(0.1, 5, growth=2), "growth=2 needs restarts=True"),
        (lambda: s.Cosine(0.1, 5, restarts=True, growth=0), "growth must be at least"),
        (lambda: s.OneCycle(0.1, 5, pct_start=0), "pct_start must be above 0"),
        (lambda: s.OneCycle(0.1, 5, pct_start=1), "pct_start must be above 0 and"),
        (lambda: s.OneCycle(0.1, 5, anneal="exp"), "anneal must be 'cos' or 'linear'"),
        (
            lambda: s.OneCycle(0.1, 5, pct_start=0.6, three_phase=True),
            "pct_start of at most 0.5",
        ),
        (lambda: s.Polynomial(0.1, 5, power=0), "power must be above 0"),
        (lambda: s.Warmup(0.1, 5, start_factor=2), "start_factor must be at least 0"),
        (lambda: s.Warmup(-0.1, 5), "schedule must be above 0"),
        (lambda: s.Constant(0.1)(-1), "t must be in 0"),
    ],
)
def test_refused_values(make_it, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make_it()


@pytest.mark.parametrize(
    "make_it",
    [
        lambda: s.Constant("0.1"),
        lambda: s.Step(0.1, 5.0),
        lambda: s.Cosine(0.1, 5, restarts=1),
        lambda: s.Warmup(s.Warmup(0.1, 5), 5),
        lambda: s.Warmup(s.Constant, 5),
        lambda: s.Constant(0.1)(1.5),
        lambda: fcnn.SGD(lr=s.Cosine),
        lambda: fcnn.SGD(lr=lambda t: 0.1),
        lambda: s.Constant(s.Constant(0.1)),
    ],
)
def test_refused_types(make_it):
    with pytest.raises(TypeError):
        make_it()
