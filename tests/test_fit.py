"""fit, fit_batch, evaluate and History: what is minimized, weighed and recorded."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
import reference as ref
from helpers import assert_close, network, random_layers, reference_layers

N, N_IN, K = 41, 4, 3


@pytest.fixture
def rows(rng):
    return rng.normal(size=(N, N_IN)), rng.integers(0, K, N)


def make(dtype="float64", **arguments):
    return fcnn.Network(
        [N_IN, 6, K], "tanh", "softmax", dtype=dtype, seed=1, **arguments
    )


def train_by_reference(layers, X, Y, loss, lr, batch_size, w=None, l1=0.0, l2=0.0):
    """One epoch of plain gradient descent; its History.loss and the weights after."""
    w = np.ones(len(X)) if w is None else w
    total = 0.0
    for i in range(0, len(X), batch_size):
        rows = slice(i, i + batch_size)
        if not w[rows].any():
            continue
        g = ref.backward(layers, X[rows], Y[rows], loss, w[rows], l1, l2)
        total += w[rows].sum() * g.loss
        layers = [
            ref.Layer(W - lr * g.dW[l], None if b is None else b - lr * g.db[l], name)
            for l, (W, b, name) in enumerate(layers, start=1)
        ]
    return total / w.sum(), layers


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch_size", [1, 8, 40, 41, 1000])
def test_an_epoch_of_gradient_descent(batch_size, bias, rows, rng):
    X, y = rows
    w = rng.uniform(0, 2, N)
    w[8:16] = 0  # a batch without weight, which makes no step
    layers = random_layers(rng, [N_IN, 6, K], ["tanh", "softmax"], bias)
    net = network(layers)
    history = net.fit(
        X,
        y,
        optimizer=fcnn.SGD(lr=0.1),
        epochs=1,
        batch_size=batch_size,
        shuffle=False,
        sample_weight=w,
        l1=0.01,
        l2=0.02,
    )
    loss, layers = train_by_reference(
        layers, X, np.eye(K)[y], "cross_entropy", 0.1, batch_size, w, 0.01, 0.02
    )
    assert history.loss == [pytest.approx(loss, rel=1e-12)]
    for actual, expected in zip(reference_layers(net), layers, strict=True):
        assert_close(actual.W, expected.W, 1e-12)
        if bias:
            assert_close(actual.b, expected.b, 1e-12)


def test_batch_size_is_32_by_default(rows):
    a, b = make(), make()
    a.fit(*rows, epochs=2)
    b.fit(*rows, epochs=2, batch_size=32)
    assert a.parameters.tobytes() == b.parameters.tobytes()
    c = make()
    c.fit(*rows, epochs=2, batch_size=31)
    assert a.parameters.tobytes() != c.parameters.tobytes()


def test_history(rows):
    X, y = rows
    net = make()
    history = net.fit(
        X, y, epochs=4, metrics=["accuracy", "mse"], validation_data=(X[:9], y[:9])
    )
    names = ["loss", "accuracy", "mse", "val_loss", "val_accuracy", "val_mse"]
    assert list(history.metrics) == names
    assert history.epoch == [0, 1, 2, 3]
    assert history.loss is history.metrics["loss"]
    assert all(len(values) == 4 for values in history.metrics.values())
    assert all(type(v) is float for values in history.metrics.values() for v in values)
    measured = net.evaluate(X[:9], y[:9], metrics=["accuracy", "mse"])
    last = {f"val_{name}": value for name, value in measured.items()}
    assert last == {name: history.metrics[name][-1] for name in last}
    assert "epochs=4" in repr(history)


def test_training_metrics_are_of_the_outputs_before_each_update(rows):
    X, y = rows
    net, twin = make(), make()
    history = net.fit(
        X, y, epochs=1, batch_size=8, shuffle=False, metrics=["accuracy", "mse"]
    )
    a = []
    for i in range(0, N, 8):
        a.append(twin.predict(X[i : i + 8]))
        twin.fit_batch(X[i : i + 8], y[i : i + 8])
    a = np.concatenate(a)
    expected = np.mean(a.argmax(axis=1) == y)
    assert history.metrics["accuracy"] == [pytest.approx(expected, rel=1e-14)]
    expected = np.mean((a - np.eye(K)[y]) ** 2)
    assert history.metrics["mse"] == [pytest.approx(expected, rel=1e-14)]


@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_training_metrics_belong_to_their_rows_when_shuffled(shuffle, rows):
    """With a learning rate of almost 0 they are evaluate's, row for row."""
    X, y = rows
    net, seen = make(), []

    def keep(y, a):
        seen.append((y.copy(), a.copy()))
        return 0.0

    net.fit(
        X,
        y,
        optimizer=fcnn.SGD(lr=1e-300),
        epochs=1,
        batch_size=8,
        shuffle=shuffle,
        metrics=keep,
    )
    assert np.array_equal(seen[0][0], y)
    assert np.array_equal(seen[0][1], net.predict(X))


def test_fit_batch_is_one_step_of_fit(rows):
    X, y = rows
    a, b = make(), make()
    loss = a.fit_batch(X, y, optimizer="nadam", l2=0.1)
    history = b.fit(
        X, y, optimizer="nadam", l2=0.1, epochs=1, batch_size=N, shuffle=False
    )
    assert loss == history.loss[0]
    assert loss == pytest.approx(make().loss_and_gradient(X, y, l2=0.1)[0], rel=1e-14)
    assert a.parameters.tobytes() == b.parameters.tobytes()
    assert make().fit_batch(X[0], y[0]) == make().fit_batch(X[:1], y[:1])


def test_loss_of_fit_becomes_the_networks(rows):
    X, y = rows
    net = make()
    net.fit(X, y, epochs=0, loss="mse")
    assert net.loss == "mse"
    assert net.evaluate(X, y)["loss"] == net.evaluate(X, y, "mse")["loss"]
    net.fit_batch(X, y, loss="huber(0.50)")
    assert net.loss == "huber(0.5)"
    net.evaluate(X, y, "mae")
    net.backprop(X, y, "mae")
    assert net.loss == "huber(0.5)"
    assert net.copy().loss == "huber(0.5)"
    with pytest.raises(ValueError, match="epochs"):
        net.fit(X, y, loss="mse", epochs=-1)
    assert net.loss == "huber(0.5)"  # nothing is changed before all is checked


def test_evaluate_is_without_penalties(rows, rng):
    X, y = rows
    w = rng.uniform(0, 2, N)
    net = make()
    g = ref.backward(reference_layers(net), X, np.eye(K)[y], "cross_entropy", w)
    assert net.evaluate(X, y, sample_weight=w)["loss"] == pytest.approx(
        g.loss, rel=1e-13
    )
    history = net.fit(X, y, l2=10.0, epochs=1, validation_data=(X, y, w))
    expected = net.evaluate(X, y, sample_weight=w)["loss"]
    assert history.metrics["val_loss"] == [expected]


def test_validation_split_trains_on_the_rest(rows):
    X, y = rows
    net, count = make(), []

    def size(y, a):
        count.append(len(y))
        return 0.0

    net.fit(X, y, validation_split=0.25, epochs=1, metrics=size)
    assert count == [31, 10]
    for fraction in (0.001, 0.97):  # at least one row on either side
        net.fit(X, y, validation_split=fraction, epochs=1, metrics=size)
        assert sum(count[-2:]) == N
        assert min(count[-2:]) == 1
    with pytest.raises(ValueError, match="leaves none to train on"):
        net.fit(X[:1], y[:1], validation_split=0.5)


@pytest.mark.parametrize("targets", ["labels", "one-hot"])
def test_class_weight_is_a_sample_weight(targets, rows, rng):
    X, labels = rows
    y = labels if targets == "labels" else np.eye(K)[labels]
    w, factor = rng.uniform(0.5, 2, N), np.array([0.5, 3.0, 1.0])
    a, b = make(), make()
    first = a.fit(
        X, y, class_weight={0: 0.5, 1: 3}, sample_weight=w, epochs=2, metrics="accuracy"
    )
    second = b.fit(X, y, sample_weight=w * factor[labels], epochs=2, metrics="accuracy")
    assert a.parameters.tobytes() == b.parameters.tobytes()
    assert first.loss == second.loss
    # metrics are without class weights
    plain = make().fit(
        X, y, sample_weight=w, epochs=1, metrics="accuracy", shuffle=False
    )
    weighed = make().fit(
        X,
        y,
        class_weight={0: 5},
        sample_weight=w,
        epochs=1,
        metrics="accuracy",
        batch_size=N,
    )
    single = make().fit(
        X, y, sample_weight=w, epochs=1, metrics="accuracy", batch_size=N
    )
    assert weighed.metrics["accuracy"] == single.metrics["accuracy"]
    assert plain.epoch == [0]
    c, d = make(), make()
    c.fit_batch(X, y, class_weight={0: 0.5, 1: 3}, sample_weight=w)
    d.fit_batch(X, y, sample_weight=w * factor[labels])
    assert c.parameters.tobytes() == d.parameters.tobytes()


def test_balanced_class_weight(rng):
    """n / (classes present * rows of the class), as scikit-learn's."""
    X = rng.normal(size=(30, N_IN))
    y = np.repeat([0, 2], [24, 6])
    w = np.repeat([30 / (2 * 24), 30 / (2 * 6)], [24, 6])
    a, b = make(), make()
    a.fit(X, y, class_weight="balanced", epochs=2)
    b.fit(X, y, sample_weight=w, epochs=2)
    assert a.parameters.tobytes() == b.parameters.tobytes()
    one = fcnn.Network([N_IN, 1], dtype="float64", seed=0)
    two = one.copy()
    one.fit(X, y == 2, class_weight="balanced", epochs=2)
    two.fit(X, y == 2, sample_weight=w, epochs=2)
    assert one.parameters.tobytes() == two.parameters.tobytes()


def test_all_weights_zero_make_no_step(rows):
    net = make()
    theta = net.parameters.copy()
    loss = net.fit_batch(*rows, sample_weight=np.zeros(N))
    assert loss == 0.0
    assert np.array_equal(net.parameters, theta)
    for call in (net.evaluate, net.backprop, net.loss_and_gradient):
        with pytest.raises(ValueError, match="sample_weight is 0 for every row"):
            call(*rows, sample_weight=np.zeros(N))


def test_no_epochs_train_nothing(rows):
    net = make()
    theta = net.parameters.copy()
    history = net.fit(*rows, epochs=0, validation_data=rows)
    assert history.metrics == {"loss": [], "val_loss": []}
    assert np.array_equal(net.parameters, theta)


def test_progress_is_silent_on_short_runs(rows, capfd):
    make().fit(*rows, epochs=3)
    make().fit(*rows, epochs=3, progress=False)
    assert capfd.readouterr() == ("", "")
    make().fit(*rows, epochs=3, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "3/3" in err


@pytest.mark.parametrize(("seconds", "drawn"), [(0.0, True), (60.0, False)])
def test_progress_auto_waits_for_long_runs(seconds, drawn, rows, capfd, monkeypatch):
    monkeypatch.setattr("fcnn._progress._has_watcher", lambda: True)
    monkeypatch.setattr("fcnn._progress._SHORT", seconds)
    make().fit(*rows, epochs=3)
    out, err = capfd.readouterr()
    assert out == ""
    assert ("3/3" in err) == drawn


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_learns_the_digits(dtype):
    """The proof of the pudding: real handwritten digits."""
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = datasets.load_digits(return_X_y=True)
    X /= 16
    net = fcnn.Network([64, 32, 10], "relu", "softmax", dtype=dtype, seed=0)
    net.fit(X[:1200], y[:1200], epochs=30, optimizer=fcnn.Adam(lr=3e-3))
    assert net.evaluate(X[1200:], y[1200:], metrics="accuracy")["accuracy"] > 0.9
