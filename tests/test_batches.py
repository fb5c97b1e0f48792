"""fit(batches=...), and the hooks of callbacks for batches."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn

SIZES = [4, 9, 3]


def make(**arguments):
    return fcnn.Network(SIZES, "relu", "softmax", seed=1, dtype="float64", **arguments)


@pytest.fixture
def data(rng):
    return rng.normal(size=(70, 4)), rng.integers(0, 3, 70)


def cut(X, y, *w, size=16):
    return [tuple(A[i : i + size] for A in (X, y, *w)) for i in range(0, len(X), size)]


@pytest.mark.parametrize("form", ["list", "function", "generator function"])
def test_batches_are_rows_in_their_order(data, form, rng):
    X, y = data
    w = rng.uniform(0.1, 2, 70)
    parts = cut(X, y, w)
    batches = {
        "list": parts,
        "function": lambda: iter(parts),
        "generator function": lambda: (part for part in parts),
    }[form]
    arguments = {
        "validation_data": (X, y),
        "metrics": ["accuracy"],
        "epochs": 3,
        "l2": 1e-3,
        "optimizer": "adam",
    }
    one, two = make(dropout=0.3), make(dropout=0.3)
    a = one.fit(batches=batches, **arguments)
    b = two.fit(X, y, sample_weight=w, batch_size=16, shuffle=False, **arguments)
    assert np.array_equal(one.parameters, two.parameters)
    for name, values in b.metrics.items():
        np.testing.assert_allclose(a.metrics[name], values, rtol=1e-14)


def test_an_iterator_serves_one_epoch(data):
    X, y = data
    net = make()
    with pytest.raises(ValueError, match="can be gone over once: give epochs=1"):
        net.fit(batches=iter(cut(X, y)), epochs=2)
    history = net.fit(batches=iter(cut(X, y)), epochs=1)
    assert history.epoch == [0]
    two = make()
    two.fit(X, y, epochs=1, batch_size=16, shuffle=False)
    assert np.array_equal(net.parameters, two.parameters)


def test_batches_of_many_kinds(data):
    from scipy import sparse

    X, y = data
    frames = [
        (sparse.csr_array(X[:20]), y[:20]),
        (X[20:60].tolist(), y[20:60].tolist()),
        (X[60], y[60]),
        (X[61:].astype("float32"), np.eye(3)[y[61:]]),
    ]
    history = make().fit(batches=frames, epochs=2, class_weight={0: 2.0})
    assert len(history.loss) == 2
    weighted, plain = make(), make()
    weighted.fit(batches=cut(X, y), epochs=1, class_weight={0: 2.0})
    w = np.where(y == 0, 2.0, 1.0)
    plain.fit(batches=cut(X, y, w), epochs=1)
    assert np.array_equal(weighted.parameters, plain.parameters)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batches": 3}, TypeError, "batches must be an iterable"),
        ({"batches": lambda: 3}, TypeError, "must return an iterable"),
        ({"batches": []}, ValueError, "batches had none in epoch 0"),
        ({"batches": [3]}, ValueError, r"batch 0 must be \(X, y\)"),
        ({"batches": [([[0] * 4], [0], [1.0], 2)]}, ValueError, "batch 0 must be"),
        (
            {"batches": [([[0] * 4], [0]), ([[0] * 3], [0])]},
            ValueError,
            r"batch 1: X must have shape",
        ),
        ({"batches": [([[0] * 4], [5])]}, ValueError, "batch 0: "),
        ({"batches": [([[np.inf] * 4], [0])]}, ValueError, "finite, row 0"),
        ({"batches": [], "batch_size": 3}, ValueError, "batch_size has no meaning"),
        ({"batches": [], "shuffle": "batch"}, ValueError, "shuffle has no meaning"),
        ({"batches": [], "validation_split": 0.1}, ValueError, "validation_split has"),
        ({"batches": [], "class_weight": "balanced"}, ValueError, "balanced"),
        ({"batches": [], "sample_weight": [1.0]}, ValueError, "their own weights"),
        ({"batches": [], "X": [[0] * 4], "y": [0]}, TypeError, "not both"),
        ({}, TypeError, "give X and y, or batches"),
        ({"X": [[0] * 4]}, TypeError, "give X and y, or batches"),
    ],
)
def test_wrong_batches(arguments, error, message):
    net = make()
    before = net.parameters.copy()
    with pytest.raises(error, match=message):
        net.fit(epochs=1, **arguments)
    if "had none" not in message and "batch 1" not in message:
        assert np.array_equal(net.parameters, before)


def test_divergence_goes_back_to_the_last_epoch(data):
    X, y = data

    def batches():
        yield from cut(X, y)
        if len(states) == 2:
            yield X * 1e200, y

    states = []
    net = fcnn.Network([4, 9, 3], "relu", "identity", seed=1, dtype="float64")

    class Note(fcnn.Callback):
        def on_epoch_end(self, epoch, logs=None):
            states.append(net.parameters.copy())

    Y = np.eye(3)
    y = Y[y]
    with pytest.raises(fcnn.TrainingDiverged) as error:
        net.fit(
            batches=batches,
            epochs=9,
            optimizer=fcnn.SGD(0.01, momentum=0.5),
            callbacks=Note(),
        )
    assert (error.value.epoch, error.value.batch) == (2, 5)
    assert np.array_equal(net.parameters, states[-1])


class Batches(fcnn.Callback):
    def __init__(self, every=None):
        if every is not None:
            self.every_batches = every
        self.calls = []

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(("begin", batch, logs))

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(("end", batch, logs["loss"]))


@pytest.mark.parametrize("stream", [False, True])
def test_batch_hooks(data, stream):
    X, y = data  # 5 batches
    noted = Batches()
    given = {"batches": cut(X, y)} if stream else {"X": X, "y": y, "batch_size": 16}
    net, plain = make(), make()
    history = net.fit(**given, epochs=2, callbacks=noted, shuffle=stream is True)
    plain.fit(X, y, batch_size=16, epochs=2, shuffle=False)
    assert np.array_equal(net.parameters, plain.parameters)
    assert [call[:2] for call in noted.calls] == [
        (hook, batch) for batch in range(5) for hook in ("begin", "end")
    ] * 2
    first, last = noted.calls[1], noted.calls[9]
    assert first[2] == make().fit_batch(X[:16], y[:16])
    assert last[2] == history.loss[0]


@pytest.mark.parametrize("every", [2, 3, 5, 9])
def test_hooks_every_so_many_batches(data, every):
    X, y = data
    noted, others = Batches(every), Batches(2)
    net, plain = make(dropout=0.2), make(dropout=0.2)
    net.fit(X, y, batch_size=16, epochs=1, callbacks=[noted, others])
    plain.fit(X, y, batch_size=16, epochs=1)
    assert np.array_equal(net.parameters, plain.parameters)
    ends = [batch for hook, batch, _ in noted.calls if hook == "end"]
    begins = [batch for hook, batch, _ in noted.calls if hook == "begin"]
    assert ends == [b for b in range(5) if (b + 1) % every == 0]
    assert begins == [b for b in range(5) if b % every == 0]


@pytest.mark.parametrize("stream", [False, True])
def test_a_batch_hook_may_write_and_stop(data, stream):
    X, y = data

    class Stop(fcnn.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                self.stop_training = True
            if batch == 4:  # the epoch is gone through
                self.network.parameters[:] = 0.0

    given = {"batches": cut(X, y)} if stream else {"X": X, "y": y, "batch_size": 16}
    net = make()
    history = net.fit(**given, epochs=9, callbacks=Stop())
    assert history.epoch == [0]
    assert not net.parameters.any()


@pytest.mark.parametrize("stream", [False, True])
def test_divergence_within_an_epoch_goes_back_to_its_beginning(data, stream):
    X, y = data
    net = fcnn.Network([4, 3], output="identity", dtype="float64", seed=0)
    before = net.parameters.copy()
    Y = np.eye(3)[y]
    X[40:] *= 1e200
    given = (
        {"batches": cut(X, Y)}
        if stream
        else {"X": X, "y": Y, "batch_size": 16, "shuffle": False}
    )
    with pytest.raises(fcnn.TrainingDiverged):
        net.fit(**given, epochs=1, callbacks=Batches(), optimizer="sgd")
    assert np.array_equal(net.parameters, before)


def test_metrics_of_a_stream_that_fills_one_buffer(rng):
    X, y = rng.normal(size=(64, 3)), rng.normal(size=(64, 1))

    def stream():
        bx, by = np.empty((8, 3)), np.empty((8, 1))
        for i in range(0, 64, 8):
            bx[:], by[:] = X[i : i + 8], y[i : i + 8]
            yield bx, by

    net = fcnn.Network([3, 5, 1], "tanh", "identity", dtype="float64", seed=3)
    history = net.fit(batches=stream, epochs=2, metrics="mse")
    np.testing.assert_allclose(history.metrics["mse"], history.loss, rtol=1e-12)


@pytest.mark.parametrize("bad", ["nan", "shape", "form", "weights", "exception"])
def test_a_bad_batch_goes_back_to_the_epochs_beginning(bad, data):
    X, y = data
    last = {
        "nan": (X[:2] * np.nan, y[:2]),
        "shape": (X[:2, :2], y[:2]),
        "form": 3,
        "weights": (X[:2], y[:2], [-1.0, 1.0]),
        "exception": None,
    }[bad]

    def batches():
        yield from cut(X, y)
        if len(states) == 1:
            if last is None:
                raise RuntimeError("the file ended")
            yield last

    states = []
    net = make()
    note = fcnn.LambdaCallback(
        on_epoch_end=lambda *_: states.append(net.parameters.copy())
    )
    with pytest.raises((ValueError, RuntimeError)):
        net.fit(batches=batches, epochs=3, callbacks=note)
    assert len(states) == 1
    assert np.array_equal(net.parameters, states[0])
    other = make()
    other.fit(batches=cut(X, y), epochs=3)
    net.fit(batches=cut(X, y), epochs=2)  # as if nothing had happened
    assert np.array_equal(net.parameters, other.parameters)


def test_batches_without_any_weight(data):
    X, y = data
    net = make()
    before = net.parameters.copy()
    with pytest.raises(ValueError, match="batches had no weight above 0 in epoch 0"):
        net.fit(batches=[(X, y, np.zeros(70))], epochs=2, metrics="accuracy")
    assert np.array_equal(net.parameters, before)
