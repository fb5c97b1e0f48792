"""Everything public takes whatever one can pass: a result or an error, never half."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fcnn
import hostile_calls
import hostile_surface as surface
import hostile_values as values
from hostile_rows import ROWS

QUICK = sorted(n for n in ROWS if "torch" not in n)  # which takes seconds


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    before = Path.cwd()
    os.chdir(folder)  # for what is written under names of chance
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield hostile_calls.World(folder)
    os.chdir(before)


@pytest.fixture(autouse=True)
def only_runtime_warnings():
    """Of what passes to other libraries these may warn; of wrong numbers nobody."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", RuntimeWarning)
        yield


def test_every_public_name_has_a_row():
    assert surface.names() == set(ROWS)


@pytest.mark.parametrize("name", QUICK)
def test_what_is_in_order_is_accepted(name, world):
    """So that the rows are calls, and a refusal is of what was made of them."""
    net, X, y = world.networks[0]
    rng = np.random.default_rng(1)
    draw = surface.Draw(rng, world.folder, net.copy(), X.copy(), y.copy())
    call = ROWS[name](draw)
    if name in REFUSED_AS_THEY_ARE:
        return
    arguments = dict(call.good)
    if call.fixed == ("l",):
        arguments["l"] = 1
    call.function(**arguments)


# They take no arguments that are in order: the layer that has no weights, the bases,
# and a network that was not made for a standardizer.
REFUSED_AS_THEY_ARE = {
    "InputLayer.weight=",
    "InputLayer.bias=",
    "Network.standardizer=",
    "schedules.Schedule",
    "Optimizer",
    "load",
    "from_onnx",
    "from_keras",
    "from_sklearn",
    "Network.fit",
}


@pytest.mark.parametrize("name", QUICK)
def test_every_name_with_values_by_chance(name, world):
    number = sum(name.encode())
    few = 2 if name.startswith(("plot", "sklearn")) or name.endswith(".plot") else 12
    for k in range(few):
        hostile_calls.check(world, name, np.random.default_rng([k, number]))


@pytest.mark.parametrize("k", range(len(values.NUMBERS)))
def test_every_number_in_every_place_of_fit(k, world):
    """One argument at a time, of fit and of the network's constructor."""
    net, X, y = world.networks[0]
    value = values.NUMBERS[k]
    small = {"epochs": 1, "progress": False}
    for argument in FIT:
        if argument == "epochs" and values.is_huge(value):
            continue
        used, before = net.copy(), surface.bits(net)
        try:
            used.fit(X, y, **{**small, argument: value})
        except (*hostile_calls.ERRORS, fcnn.TrainingDiverged):
            assert surface.bits(used) == before, argument


FIT = [
    "loss", "optimizer", "epochs", "batch_size", "shuffle", "validation_data",
    "validation_split", "sample_weight", "class_weight", "l1", "l2", "clip_norm",
    "max_norm", "label_smoothing", "penalty_per", "metrics", "callbacks", "resume",
    "progress", "seed",
]  # fmt: skip


@settings(
    derandomize=True,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.sampled_from(QUICK), seed=st.integers(0, 2**32 - 1))
def test_any_call(name, seed, world):
    if name.startswith(("plot", "sklearn")) or name.endswith(".plot"):
        name = "Network.fit"
    hostile_calls.check(world, name, np.random.default_rng(seed))


def test_the_long_form_runs():
    command = [sys.executable, hostile_calls.__file__, "40", "7", "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("40 calls of ")


# ---- what it has found ----


def test_rows_that_a_callback_takes_away(rng):
    """X and y resized within an epoch: its other rows are no longer there."""
    X, y = rng.normal(size=(20_000, 50)), rng.normal(size=(20_000, 3))
    net = fcnn.Network([50, 4, 3], output="identity", seed=0)

    class Shrink(fcnn.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                for array in (X, y):
                    array.resize((10, array.shape[1]), refcheck=False)

    theta = net.parameters.copy()
    with pytest.raises(ValueError, match="rows must be from 0 to 9"):
        net.fit(X, y, callbacks=Shrink())
    assert np.array_equal(net.parameters, theta)


def test_a_refused_epoch_is_not_half_recorded():
    history = fcnn.History(["loss", "val_loss"])
    with pytest.raises(ValueError, match="logs must have val_loss"):
        history.append({"loss": 1.0})
    assert (history.epoch, history.loss) == ([], [])
    with pytest.raises(TypeError, match="metrics must be a mapping"):
        fcnn.History.restore(3)


@pytest.mark.parametrize(
    "value", [np.complex64(1), np.timedelta64(1, "s"), np.array("1")]
)
def test_what_only_python_takes_for_a_number(value):
    with pytest.raises(TypeError, match="lr must be a number"):
        fcnn.Adam(lr=value)


def test_messages_about_what_cannot_be_shown():
    with pytest.raises(TypeError, match="lr must be a number, not <a "):
        fcnn.SGD(lr=values.Answers("__repr__", 3))
    with pytest.raises(ValueError, match="epochs must be at least 0, not <a int>"):
        fcnn.Network([1, 1]).fit([[0]], [0], epochs=-(10**5000))


def test_a_subnormal_mu_ends():
    net = fcnn.Network([3, 4, 1], output="identity", dtype="float64", seed=0)
    rule = fcnn.LevenbergMarquardt(mu=5e-324)
    history = net.fit(np.eye(3), [1, 1, 1], epochs=3, optimizer=rule)
    assert np.isfinite(history.loss).all()


def test_numbers_beyond_the_networks_dtype(rng):
    net = fcnn.Network([3, 4, 1], seed=0)
    theta = net.parameters.copy()
    with pytest.raises(ValueError, match="weight has numbers beyond float32"):
        net.layers[1].weight = np.full((4, 3), 1e300)
    with pytest.raises(ValueError, match="parameters has numbers beyond float32"):
        net.parameters = np.full(net.n_parameters, -1e39)
    assert np.array_equal(net.parameters, theta)


@pytest.mark.parametrize("value", ["yes", 0.5, float("inf"), -1])
def test_verbose(value):
    with pytest.raises((TypeError, ValueError), match="verbose must be"):
        fcnn.EarlyStopping("loss", verbose=value)


@pytest.mark.parametrize("change", [np.nan, 1e300, -1])
@pytest.mark.parametrize("what", ["X", "y"])
def test_arrays_that_another_thread_changes_during_fit(what, change, rng):
    """The fit ends in its way or is refused; the network is whole either way."""
    arrays = {"X": rng.normal(size=(4000, 10)), "y": rng.integers(0, 3, 4000) * 1.0}
    net = fcnn.Network([10, 20, 3], "tanh", "softmax", seed=0)
    done = threading.Event()

    def write():
        number = 0
        while not done.is_set():
            arrays[what].flat[number % arrays[what].size] = change
            number += 997

    thread = threading.Thread(target=write)
    thread.start()
    try:
        net.fit(**arrays, epochs=20, progress=False)
    except (ValueError, fcnn.TrainingDiverged):
        pass
    finally:
        done.set()
        thread.join()
    assert np.isfinite(net.parameters).all()
    net.fit(rng.normal(size=(50, 10)), rng.integers(0, 3, 50), epochs=1)
    assert np.isfinite(net.predict(rng.normal(size=(5, 10)))).all()
