"""Each optimizer against its rule in reference.py; their state; they do train."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

import fcnn
import reference as ref
from helpers import assert_close

CASES = [
    fcnn.SGD(),
    fcnn.SGD(lr=0.3),
    fcnn.SGD(lr=0.1, momentum=0.9),
    fcnn.SGD(lr=0.1, momentum=0.8, nesterov=True),
    fcnn.Adam(),
    fcnn.Adam(lr=0.05, betas=(0.7, 0.95), eps=1e-3),
    fcnn.Adam(lr=0.05, betas=(0.7, 0.95), eps=1e-2, eps_hat=True),
    fcnn.AdamW(),
    fcnn.AdamW(lr=0.05, betas=(0.8, 0.9), eps=1e-4, weight_decay=0.3),
    fcnn.AdamW(eps=1e-2, eps_hat=True),
    fcnn.RMSprop(),
    fcnn.RMSprop(centered=True),
    fcnn.RMSprop(momentum=0.5),
    fcnn.RMSprop(lr=0.02, alpha=0.8, eps=1e-4, momentum=0.9, centered=True),
    fcnn.Adagrad(),
    fcnn.Adagrad(lr=0.1, lr_decay=0.2, eps=1e-3, initial_accumulator_value=0.5),
    fcnn.NAdam(),
    fcnn.NAdam(lr=0.01, betas=(0.8, 0.9), eps=1e-4, momentum_decay=0.1),
    fcnn.Rprop(),
    fcnn.Rprop(lr=0.1, etas=(0.3, 1.7), step_sizes=(0.05, 0.3)),
]
TOLERANCE = {"float64": 1e-12, "float32": 2e-6}
optimizers = pytest.mark.parametrize("optimizer", CASES, ids=repr)


def make(dtype="float64"):
    return fcnn.Network([3, 5, 2], "tanh", "softmax", dtype=dtype, seed=1)


def one_step(net, X, y, optimizer, **arguments):
    """Over all rows: fit_batch's, or an epoch of an optimizer that takes no batch."""
    if optimizer.full_batch:
        net.fit(X, y, optimizer=optimizer, epochs=1, **arguments)
    else:
        net.fit_batch(X, y, optimizer=optimizer, **arguments)


def test_every_optimizer_is_here():
    assert {case.name for case in CASES} == set(ref.OPTIMIZERS)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@optimizers
def test_twenty_steps_of_the_rule(optimizer, dtype, rng):
    net, probe = make(dtype), make()
    X, y = rng.normal(size=(20, 8, 3)), rng.integers(0, 2, (20, 8))
    theta, state = net.parameters.astype(float), {}
    rule = ref.OPTIMIZERS[optimizer.name]
    for t in range(1, 21):
        probe.parameters[:] = theta
        _, g = probe.loss_and_gradient(X[t - 1], y[t - 1])
        theta = rule(theta, g, state, t, **optimizer.hyperparameters)
        one_step(net, X[t - 1], y[t - 1], optimizer)
        # float32's own gradients differ a little, and Adam's quotients say so loudly
        steps = t if dtype == "float32" else 1
        assert_close(net.parameters, theta, TOLERANCE[dtype] * steps, f"step {t}")
    assert np.abs(theta - make(dtype).parameters).max() > 1e-4


@optimizers
def test_fit_is_fit_batch_after_fit_batch(optimizer, rng):
    """Through padding, clipping and penalties; 23 rows make a short last batch."""
    X, y = rng.normal(size=(23, 3)), rng.integers(0, 2, 23)
    arguments = {"optimizer": optimizer, "l1": 0.01, "l2": 0.1, "clip_norm": 0.2}
    a, b = make(), make()
    size = None if optimizer.full_batch else 5
    a.fit(X, y, epochs=2, batch_size=size, shuffle=False, **arguments)
    for _ in range(2):
        for i in range(0, 23, size or 23):
            one_step(b, X[i : i + (size or 23)], y[i : i + (size or 23)], **arguments)
    assert a.parameters.tobytes() == b.parameters.tobytes()


def test_penalties_and_clipping_come_before_the_rule(rng):
    net = make()
    X, y = rng.normal(size=(8, 3)), rng.integers(0, 2, 8)
    _, g = net.loss_and_gradient(X, y, l1=0.5, l2=0.25)
    assert np.linalg.norm(g) > 0.1
    before = net.parameters.copy()
    net.fit_batch(X, y, optimizer=fcnn.SGD(lr=1.0), l1=0.5, l2=0.25, clip_norm=0.1)
    assert_close(before - net.parameters, ref.clip_norm(g, 0.1), 1e-13)
    assert np.linalg.norm(before - net.parameters) == pytest.approx(0.1, rel=1e-12)


def test_a_gradient_within_clip_norm_is_left_alone(rng):
    a, b = make(), make()
    X, y = rng.normal(size=(8, 3)), rng.integers(0, 2, 8)
    a.fit_batch(X, y, optimizer=fcnn.SGD(lr=1.0), clip_norm=1e3)
    b.fit_batch(X, y, optimizer=fcnn.SGD(lr=1.0))
    assert a.parameters.tobytes() == b.parameters.tobytes()


@pytest.mark.parametrize("name", ref.OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_by_name_it_learns(name, dtype, rng):
    """Two noisy spirals' little cousin: the inside of a ring against its outside."""
    X = rng.uniform(-1, 1, (300, 2))
    y = (np.hypot(*X.T) > 0.7).astype(int)
    net = fcnn.Network([2, 16, 1], "tanh", dtype=dtype, seed=0)
    before = net.evaluate(X, y, metrics="accuracy")
    cls = {case.name: type(case) for case in CASES}[name]
    rate = {"sgd": 2.0, "adagrad": 0.3}.get(name, 0.03)
    size = {"batch_size": None if cls.full_batch else 20}
    history = net.fit(X, y, optimizer=cls(lr=rate), epochs=60, **size)
    after = net.evaluate(X, y, metrics="accuracy")
    assert before["accuracy"] < 0.8
    assert after["accuracy"] > 0.93
    assert after["loss"] < 0.5 * before["loss"]
    assert history.loss[-1] < 0.5 * history.loss[0]
    by_name, by_value = (fcnn.Network([2, 3, 1], dtype=dtype, seed=0) for _ in range(2))
    by_name.fit(X, y, optimizer=name, epochs=1)
    by_value.fit(X, y, optimizer=cls(), epochs=1)
    assert by_name.parameters.tobytes() == by_value.parameters.tobytes()


@optimizers
def test_state_goes_on_while_the_optimizer_is_equal(optimizer, rng):
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    once, twice, anew, other = make(), make(), make(), make()
    same = type(optimizer)(**dataclasses.asdict(optimizer))
    once.fit(X, y, optimizer=optimizer, epochs=5)
    for net in (twice, anew, other):
        net.fit(X, y, optimizer=optimizer, epochs=3)
    twice.fit(X, y, optimizer=same, epochs=2)
    assert twice.parameters.tobytes() == once.parameters.tobytes()

    anew.reset_optimizer()
    anew.fit(X, y, optimizer=same, epochs=2)
    other.fit_batch(X, y, optimizer=fcnn.SGD(lr=1e-300))  # changes nothing but that
    other.fit(X, y, optimizer=same, epochs=2)
    assert other.parameters.tobytes() == anew.parameters.tobytes()
    stateless = optimizer.name == "sgd" and optimizer.momentum == 0
    assert (anew.parameters.tobytes() == once.parameters.tobytes()) == stateless


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_decaying_moments_come_to_zero(n_threads, dtype, split_everything):
    """Subnormal numbers, which they would be for ever, slow every step down."""
    net = fcnn.Network([2, 40, 1], "identity", "identity", dtype=dtype, seed=0)
    rule = fcnn.Adam(betas=(0.5, 0.5))
    net.fit_batch([[1.0, 2.0]], [3.0], optimizer=rule)
    assert all(moment.any() for moment in net._trainer.state()["moments"])
    for _ in range(1100):  # 0.5^1100 is smaller than any double
        net.parameters[:] = 0  # so that the gradient is exactly 0
        net.fit_batch([[0.0, 0.0]], [0.0], optimizer=rule, n_threads=n_threads)
    for moment in net._trainer.state()["moments"]:
        smallest = np.abs(moment[moment != 0]).min(initial=np.inf)
        assert smallest >= np.finfo(dtype).tiny


@optimizers
def test_optimizers_are_values(optimizer):
    twin = pickle.loads(pickle.dumps(optimizer))
    assert twin == optimizer
    assert hash(twin) == hash(optimizer)
    assert eval(repr(optimizer), vars(fcnn)) == optimizer
    with pytest.raises(dataclasses.FrozenInstanceError):
        optimizer.lr = 1.0
    assert dataclasses.replace(optimizer, lr=0.123) != optimizer


@pytest.mark.parametrize(
    ("make_it", "message"),
    [
        (lambda: fcnn.SGD(lr=0), "lr must be above 0"),
        (lambda: fcnn.SGD(lr=-1), "lr must be above 0"),
        (lambda: fcnn.SGD(lr=np.nan), "lr must be finite"),
        (lambda: fcnn.SGD(lr=np.inf), "lr must be finite"),
        (lambda: fcnn.SGD(momentum=-0.1), "momentum must be at least 0"),
        (lambda: fcnn.SGD(nesterov=True), "nesterov=True needs a momentum"),
        (lambda: fcnn.Adam(betas=(1.0, 0.9)), "beta"),
        (lambda: fcnn.Adam(betas=(0.9, -0.1)), "beta"),
        (lambda: fcnn.Adam(betas=(0.9,)), "betas"),
        (lambda: fcnn.Adam(eps=-1e-8), "eps must be at least 0"),
        (lambda: fcnn.AdamW(weight_decay=-1), "weight_decay must be at least 0"),
        (lambda: fcnn.RMSprop(alpha=1.5), "alpha must be at least 0 and below 1"),
        (lambda: fcnn.Adagrad(lr_decay=-1), "lr_decay must be at least 0"),
        (
            lambda: fcnn.Adagrad(initial_accumulator_value=-1),
            "initial_accumulator_value must be at least 0",
        ),
        (lambda: fcnn.NAdam(momentum_decay=-1), "momentum_decay must be at least 0"),
    ],
)
def test_refused_values(make_it, message):
    with pytest.raises(ValueError, match=message):
        make_it()


@pytest.mark.parametrize(
    "make_it",
    [
        lambda: fcnn.SGD(lr="fast"),
        lambda: fcnn.SGD(lr=None),
        lambda: fcnn.SGD(momentum=0.9, nesterov=1),
        lambda: fcnn.RMSprop(centered="yes"),
        lambda: fcnn.Adam(betas=0.9),
        lambda: fcnn.Adam(learning_rate=0.1),
    ],
)
def test_refused_types(make_it):
    with pytest.raises(TypeError):
        make_it()


def test_an_unknown_optimizer_is_answered_with_the_list():
    with pytest.raises(ValueError, match="adamm") as error:
        make().fit([[1, 2, 3]], [0], optimizer="adamm")
    assert all(name in str(error.value) for name in ref.OPTIMIZERS)
    with pytest.raises(TypeError, match="optimizer"):
        make().fit([[1, 2, 3]], [0], optimizer=0.1)
