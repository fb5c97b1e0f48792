"""ModelCheckpoint: which files there are, and what is in them."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
from helpers import resumed, scripted

X = np.linspace(-1, 1, 12)[:, None]
Y = np.sin(3 * X)


def make():
    return fcnn.Network([1, 4, 1], "tanh", "identity", dtype="float64", seed=1)


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_each_epochs_network(tmp_path):
    net = make()
    thetas = []
    keep = fcnn.LambdaCallback(
        on_epoch_end=lambda *_: thetas.append(net.parameters.copy())
    )
    save = fcnn.ModelCheckpoint(tmp_path / "deep" / "{epoch:02d}-{val_loss:.4f}.net")
    history = net.fit(X, Y, epochs=3, validation_data=(X, Y), callbacks=[save, keep])
    losses = history.metrics["val_loss"]
    assert names(tmp_path / "deep") == sorted(
        f"{e + 1:02d}-{loss:.4f}.net" for e, loss in enumerate(losses)
    )
    for e, loss in enumerate(losses):
        saved = fcnn.load(tmp_path / "deep" / f"{e + 1:02d}-{loss:.4f}.net")
        assert np.array_equal(saved.parameters, thetas[e])


# Which epochs, from 1, are saved; worked by hand from Keras's rules.
@pytest.mark.parametrize(
    ("values", "arguments", "saved"),
    [
        ([3, 2, 2, 4, 1], {}, [1, 2, 5]),
        ([3, 2, 2, 4, 1], {"mode": "max"}, [1, 4]),
        ([3, 2, 2, 4, 1], {"initial_value_threshold": 2.5}, [2, 5]),
        ([3, 2, 2, 4, 1], {"initial_value_threshold": 3.5, "mode": "max"}, [4]),
        ([3, 2], {"initial_value_threshold": 1}, []),
        ([np.nan, 2, np.nan, 1], {}, [2, 4]),
        ([3, 2, 2, 4], {"save_best_only": False}, [1, 2, 3, 4]),
    ],
)
def test_save_best_only(values, arguments, saved, tmp_path):
    arguments = {"mode": "min", "save_best_only": True} | arguments
    save = fcnn.ModelCheckpoint(tmp_path / "{epoch}", "scripted", **arguments)
    make().fit(X, Y, epochs=len(values), metrics=scripted(values), callbacks=save)
    assert names(tmp_path) == [str(epoch) for epoch in saved]
    if save.save_best_only and saved:
        assert save.best == values[saved[-1] - 1]


def test_one_file_holds_the_best(tmp_path):
    net, best = make(), make()
    path = tmp_path / "best.safetensors"
    save = fcnn.ModelCheckpoint(path, "scripted", save_best_only=True, mode="min")
    net.fit(X, Y, epochs=4, metrics=scripted([3, 1, 2, 2]), callbacks=save)
    best.fit(X, Y, epochs=2)
    assert names(tmp_path) == ["best.safetensors"]
    assert np.array_equal(fcnn.load(path).parameters, best.parameters)
    assert not np.array_equal(net.parameters, best.parameters)


def test_resumed(tmp_path):
    def save(folder):
        path = tmp_path / folder / "{scripted}"
        return fcnn.ModelCheckpoint(path, "scripted", save_best_only=True, mode="min")

    first, second = save("a"), save("b")
    make().fit(X, Y, epochs=3, metrics=scripted([3.0, 2.0, 4.0]), callbacks=first)
    resumed(
        make(),
        [second],
        [first.state()],
        X,
        Y,
        epochs=3,
        metrics=scripted([2.5, 1.5, 1.8]),
    )
    assert names(tmp_path / "b") == ["1.5"]


def call_batches(callback, net, n_epochs, n_batches):
    """What a fit of several batches calls, with the loss 8, 7, 6, ..."""
    callback.prepare(net, {"epochs": n_epochs, "metrics": ["loss"]})
    loss = 8.0
    for epoch in range(n_epochs):
        callback.on_epoch_begin(epoch, {})
        for batch in range(n_batches):
            if (batch + 1) % callback.every_batches == 0:
                callback.on_train_batch_end(batch, {"loss": loss})
                loss -= 1.0
        callback.on_epoch_end(epoch, {"loss": 0.0})


def test_every_few_batches(tmp_path):
    save = fcnn.ModelCheckpoint(tmp_path / "{epoch}-{batch:02d}-{loss}", save_freq=2)
    assert save.every_batches == 2
    call_batches(save, make(), 2, 5)
    assert names(tmp_path) == ["1-02-8.0", "1-04-7.0", "2-02-6.0", "2-04-5.0"]


def test_the_best_of_batches(tmp_path):
    path = tmp_path / "{epoch}-{batch}"
    arguments = {"save_best_only": True, "save_freq": 1}
    save = fcnn.ModelCheckpoint(path, "loss", initial_value_threshold=6.5, **arguments)
    call_batches(save, make(), 2, 2)
    assert names(tmp_path) == ["2-1", "2-2"]
    with pytest.raises(ValueError, match="watches 'val_loss', but .* only loss"):
        call_batches(fcnn.ModelCheckpoint(path, **arguments), make(), 1, 1)


def test_batches_are_asked_for_only_where_they_are_needed(tmp_path):
    assert fcnn.ModelCheckpoint(tmp_path / "a").every_batches is None


@pytest.mark.parametrize(
    "name",
    [
        *["{val_loss}", "{batch}", "{acc:.2f}", "{}", "{0}", "{epoch.real}"],
        *["{epoch[0]}", "{", "}", "{epoch:.2q}", "{loss:02d}", "{epoch!x}"],
    ],
)
def test_a_field_that_cannot_be_filled_in(name, tmp_path):
    net = make()
    theta = net.parameters.copy()
    with pytest.raises(ValueError, match="the path .* a field that cannot be"):
        net.fit(X, Y, callbacks=fcnn.ModelCheckpoint(f"{tmp_path}/{name}"))
    assert np.array_equal(net.parameters, theta)
    assert names(tmp_path) == []


def test_braces_may_be_doubled(tmp_path):
    make().fit(X, Y, epochs=1, callbacks=fcnn.ModelCheckpoint(tmp_path / "{{a}}"))
    assert names(tmp_path) == ["{a}"]


def test_the_monitor_matters_for_save_best_only_alone(tmp_path):
    save = fcnn.ModelCheckpoint(tmp_path / "a", save_best_only=True)
    with pytest.raises(ValueError, match="ModelCheckpoint watches 'val_loss'"):
        make().fit(X, Y, callbacks=save)
    make().fit(X, Y, epochs=1, callbacks=fcnn.ModelCheckpoint(tmp_path / "a"))
    assert names(tmp_path) == ["a"]


def test_a_file_that_cannot_be_written(tmp_path):
    net = make()
    with pytest.raises(IsADirectoryError):
        net.fit(X, Y, epochs=2, callbacks=fcnn.ModelCheckpoint(tmp_path))
    net.fit(X, Y, epochs=1)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"save_freq": "batch"}, ValueError),
        ({"save_freq": 0}, ValueError),
        ({"save_freq": 1.5}, TypeError),
        ({"save_freq": True}, TypeError),
        ({"save_best_only": 1}, TypeError),
        ({"mode": "low"}, ValueError),
        ({"initial_value_threshold": np.inf}, ValueError),
        ({"path": b"net"}, TypeError),
        ({"path": 3}, TypeError),
    ],
)
def test_refused_arguments(arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        fcnn.ModelCheckpoint(**{"path": "net"} | arguments)


def test_verbose(tmp_path, capsys):
    path = tmp_path / "a"
    make().fit(X, Y, epochs=1, callbacks=fcnn.ModelCheckpoint(path, verbose=1))
    assert capsys.readouterr().out == f"ModelCheckpoint: saved {path}\n"
