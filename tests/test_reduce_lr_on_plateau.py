"""ReduceLROnPlateau: when the learning rate is lowered, and what it becomes."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
from helpers import scripted

INF = float("inf")


def trained(lr=1.0):
    net = fcnn.Network([1, 1], dtype="float64", seed=0)
    net.fit_batch([[0.5]], [0.5], optimizer=fcnn.SGD(lr=lr))
    return net


def rates(values, **arguments):
    """The learning rate after each epoch of a monitor with these values."""
    net = trained()
    callback = fcnn.ReduceLROnPlateau("scripted", **{"mode": "min"} | arguments)
    seen = fcnn.LambdaCallback(on_epoch_end=lambda *_: found.append(net.learning_rate))
    found = []
    net.fit(
        [[0.0]],
        [0.5],
        epochs=len(values),
        optimizer=fcnn.SGD(lr=1.0),
        metrics=scripted(values),
        callbacks=[callback, seen],
    )
    return found


# Worked by hand from Keras's rules; factor 0.5.
@pytest.mark.parametrize(
    ("values", "arguments", "expected"),
    [
        ([3, 2, 1, 1, 1], {"patience": 2}, [1, 1, 1, 1, 0.5]),
        ([3, 3, 3, 3, 3], {"patience": 2}, [1, 1, 0.5, 0.5, 0.25]),
        ([3, 3, 2, 3, 3], {"patience": 2}, [1, 1, 1, 1, 0.5]),
        ([3, 3, 3], {"patience": 0}, [1, 0.5, 0.25]),
        ([3, 3, 3], {"patience": 1}, [1, 0.5, 0.25]),
        ([1, 2, 2, 1.5], {"mode": "max", "patience": 1}, [1, 1, 0.5, 0.25]),
        # 2.5 and 2.1 are no improvement beyond 1 of 3; 1.9 is
        ([3, 2.5, 2.1, 1.9, 1], {"patience": 9, "min_delta": 1}, [1] * 5),
        ([3, 2.5, 2.1, 1.9], {"patience": 2, "min_delta": -1}, [1, 1, 0.5, 0.5]),
        # exactly min_delta better is no improvement
        ([3, 2, 1], {"patience": 1, "min_delta": 1}, [1, 0.5, 0.5]),
        # cooldown 2: the epoch after the reduction is free, the next one counts
        ([3] * 6, {"patience": 1, "cooldown": 2}, [1, 0.5, 0.5, 0.25, 0.25, 0.125]),
        ([3] * 4, {"patience": 1, "cooldown": 1}, [1, 0.5, 0.25, 0.125]),
        ([3] * 5, {"patience": 1, "min_lr": 0.2}, [1, 0.5, 0.25, 0.2, 0.2]),
        ([3] * 3, {"patience": 1, "min_lr": 2.0}, [1, 1, 1]),
        ([np.nan, np.nan, 1, 1], {"patience": 2}, [1, 0.5, 0.5, 0.5]),
        ([INF, 3, INF, 3], {"patience": 2}, [1, 1, 1, 0.5]),
    ],
)
def test_keras_rules(values, arguments, expected):
    assert rates(values, **{"factor": 0.5} | arguments) == expected


def test_defaults_are_kerass():
    callback = fcnn.ReduceLROnPlateau()
    assert (callback.monitor, callback.mode) == ("val_loss", "auto")
    assert (callback.factor, callback.patience, callback.cooldown) == (0.1, 10, 0)
    assert (callback.min_delta, callback.min_lr) == (1e-4, 0.0)


def test_the_next_steps_are_made_with_the_lower_rate(rng):
    X, y = rng.normal(size=(20, 1)), rng.normal(size=(20, 1))
    net, twin = (
        fcnn.Network([1, 3, 1], dtype="float64", output="identity", seed=1)
        for _ in range(2)
    )
    lower = fcnn.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)
    options = {"shuffle": False, "batch_size": 5}
    net.fit(X, y, epochs=3, optimizer=fcnn.SGD(lr=0.2), callbacks=lower, **options)
    for lr in (0.2, 0.2, 0.1):  # the first epoch is better than infinity
        twin.fit(X, y, epochs=1, optimizer=fcnn.SGD(lr=lr), **options)
    assert np.array_equal(net.parameters, twin.parameters)
    assert net.learning_rate == 0.05


def drive(callback, net, values, split=None):
    """The rates, without a fit; from `split` on a new callback goes on."""
    params = {"epochs": len(values), "metrics": ["loss"]}
    callback.prepare(net, params)
    found = []
    for epoch, value in enumerate(values):
        if epoch == split:
            state, arguments = callback.state(), vars(callback)
            names = ("factor", "patience", "min_delta", "cooldown", "min_lr", "mode")
            callback = fcnn.ReduceLROnPlateau(
                "loss", **{name: arguments[name] for name in names}
            )
            callback.prepare(net, params)
            callback.on_train_begin({})
            callback.set_state(state)
        callback.on_epoch_end(epoch, {"loss": value})
        found.append(net.learning_rate)
    return found


@pytest.mark.parametrize("split", range(1, 30, 4))
def test_state_goes_on(split, rng):
    values = rng.integers(0, 5, 30) / 4
    arguments = {"factor": 0.7, "patience": 2, "cooldown": 3}
    whole, parts = (
        drive(fcnn.ReduceLROnPlateau("loss", **arguments), trained(), values, where)
        for where in (None, split)
    )
    assert whole == parts
    assert len(set(whole)) > 2


@pytest.mark.torch
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("patience", [1, 2, 4])
@pytest.mark.parametrize("cooldown", [0, 1, 3])
def test_pytorch(mode, patience, cooldown, rng):
    import torch

    for _ in range(20):
        values = rng.integers(0, 8, 60) / 8
        ours = drive(
            fcnn.ReduceLROnPlateau(
                "loss",
                mode=mode,
                factor=0.7,
                patience=patience,
                cooldown=cooldown,
                min_delta=0.2,
                min_lr=0.01,
            ),
            trained(),
            values,
        )
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer,
            mode=mode,
            factor=0.7,
            patience=patience - 1,
            cooldown=max(cooldown - 1, 0),
            threshold=0.2,
            threshold_mode="abs",
            min_lr=0.01,
            eps=0.0,
        )
        theirs = []
        for value in values:
            scheduler.step(value)
            theirs.append(optimizer.param_groups[0]["lr"])
        assert ours == theirs


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"factor": 1.0}, ValueError),
        ({"factor": 0.0}, ValueError),
        ({"factor": "a"}, TypeError),
        ({"patience": -1}, ValueError),
        ({"cooldown": 1.5}, TypeError),
        ({"min_lr": -1.0}, ValueError),
        ({"min_delta": np.nan}, ValueError),
        ({"mode": "low"}, ValueError),
        ({"monitor": None}, TypeError),
    ],
)
def test_refused_arguments(arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        fcnn.ReduceLROnPlateau(**arguments)


def test_an_unknown_monitor_is_refused_before_the_first_epoch():
    net = trained()
    theta = net.parameters.copy()
    with pytest.raises(ValueError, match="ReduceLROnPlateau watches 'val_loss', but"):
        net.fit([[0.0]], [0.5], callbacks=fcnn.ReduceLROnPlateau())
    assert np.array_equal(net.parameters, theta)


def test_verbose(capsys):
    rates([3, 3, 3], patience=2, verbose=1)
    assert (
        capsys.readouterr().out
        == "ReduceLROnPlateau: learning rate 0.1 after epoch 2\n"
    )
