"""Checkpoints that a fit does not go on from: each is refused, and nothing changes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import fcnn
from checkpoints import KEY, SIZES, Die, make
from fcnn import _safetensors, _tree


@pytest.fixture
def data(rng):
    return rng.normal(size=(90, 4)), rng.integers(0, 3, 90)


OTHERS = {
    "sizes": lambda X, y: (fcnn.Network([4, 12, 12, 3], "tanh", "softmax"), X, y, {}),
    "activations": lambda X, y: (
        fcnn.Network(SIZES, "relu", "softmax", dropout=0.2),
        X,
        y,
        {},
    ),
    "dropout": lambda X, y: (make(dropout=0.3), X, y, {}),
    "input_noise": lambda X, y: (make(input_noise=0.3), X, y, {}),
    "dtype": lambda X, y: (make(dtype="float64"), X, y, {}),
    "optimizer": lambda X, y: (make(), X, y, {"optimizer": fcnn.Adam(0.5)}),
    "batch_size": lambda X, y: (make(), X, y, {"batch_size": 16}),
    "shuffle": lambda X, y: (make(), X, y, {"shuffle": False}),
    "seed": lambda X, y: (make(), X, y, {"seed": 1}),
    "l2": lambda X, y: (make(), X, y, {"l2": 0.1}),
    "clip_norm": lambda X, y: (make(), X, y, {"clip_norm": 1.0}),
    "max_norm": lambda X, y: (make(), X, y, {"max_norm": 1.0}),
    "label_smoothing": lambda X, y: (make(), X, y, {"label_smoothing": 0.1}),
    "penalty_per": lambda X, y: (make(), X, y, {"penalty_per": "sample"}),
    "loss": lambda X, y: (make(), X, y, {"loss": "mse"}),
    "metrics": lambda X, y: (make(), X, y, {"metrics": "mae"}),
    "hash of X": lambda X, y: (make(), X + 1, y, {}),
    "hash of y": lambda X, y: (make(), X, (y + 1) % 3, {}),
    "shape of X": lambda X, y: (make(), X[:80], y[:80], {}),
    "dtype of X": lambda X, y: (make(), X.astype("float32"), y, {}),
    "hash of weights": lambda X, y: (
        make(),
        X,
        y,
        {"sample_weight": np.full(len(y), 2.0)},
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_network_or_arguments_or_data(data, what, tmp_path):
    X, y = data
    path = tmp_path / "run"
    make().fit(X, y, epochs=2, callbacks=fcnn.Checkpoint(path))
    net, X, y, arguments = OTHERS[what](X, y)
    before = net.__getstate__()
    with pytest.raises(ValueError, match=rf"its {what.strip()} is"):
        net.fit(X, y, epochs=3, resume=path, **arguments)
    assert np.array_equal(net.parameters, before["training"].theta)
    assert net.seed == before["seed"]
    assert net.loss == before["loss"]


@pytest.mark.parametrize("changed", ["y", "X", "weights", "split"])
def test_other_validation_rows(data, changed, tmp_path):
    X, y = data
    path = tmp_path / "run"
    V, v, w = X[:40] + 1, y[:40].copy(), np.ones(40)
    make().fit(
        X, y, epochs=2, validation_data=(V, v, w), callbacks=fcnn.Checkpoint(path)
    )
    V, v, w = V.copy(), v.copy(), w.copy()
    {
        "y": lambda: v.__setitem__(3, (v[3] + 1) % 3),
        "X": lambda: V.__setitem__(0, 7.0),
        "weights": lambda: w.__setitem__(5, 2.0),
        "split": lambda: None,
    }[changed]()
    given = (
        {"validation_split": 0.3}
        if changed == "split"
        else {"validation_data": (V, v, w)}
    )
    with pytest.raises(
        ValueError, match="does not go with this fit: its .*(validation|rows)"
    ):
        make().fit(X, y, epochs=3, resume=path, **given)


def test_a_finished_checkpoint_sets_the_loss(data, tmp_path):
    X, y = data
    path = tmp_path / "run"
    make().fit(X, np.eye(3)[y], loss="mse", epochs=2, callbacks=fcnn.Checkpoint(path))
    net = make()
    net.fit(X, np.eye(3)[y], loss="mse", epochs=2, resume=path)
    assert net.loss == "mse"


def test_paths_and_epochs(data, tmp_path):
    X, y = data
    path = tmp_path / "run"
    with pytest.raises(FileNotFoundError, match="run"):
        make().fit(X, y, resume=path)
    with pytest.raises(IsADirectoryError):
        make().fit(X, y, resume=tmp_path)
    with pytest.raises(TypeError, match="resume must be a path"):
        make().fit(X, y, resume=3)
    with pytest.raises(FileNotFoundError):
        make().fit(X, y, epochs=1, callbacks=fcnn.Checkpoint(tmp_path / "no" / "run"))
    with pytest.raises(IsADirectoryError):
        make().fit(X, y, epochs=1, callbacks=fcnn.Checkpoint(tmp_path))
    make().fit(X, y, epochs=3, callbacks=fcnn.Checkpoint(path))
    with pytest.raises(ValueError, match="has 3 epochs done, more than epochs=2"):
        make().fit(X, y, epochs=2, resume=path)
    make().save(tmp_path / "net")
    with pytest.raises(ValueError, match="is no fcnn_checkpoint"):
        make().fit(X, y, resume=tmp_path / "net")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"every": 0}, ValueError),
        ({"every": 1.5}, TypeError),
        ({"every_batches": 0}, ValueError),
        ({"path": 3}, TypeError),
    ],
)
def test_wrong_checkpoints(arguments, error, tmp_path):
    with pytest.raises(error):
        fcnn.Checkpoint(**{"path": tmp_path / "run"} | arguments)


def test_how_often(data, tmp_path):
    X, y = data
    written = []
    save = fcnn.Checkpoint(tmp_path / "run", every=2, every_batches=2)
    write = save._write
    save._write = lambda state: (written.append(state["position"]), write(state))
    make().fit(X, y, epochs=3, batch_size=16, callbacks=save)  # 6 batches each
    at = [(place["epoch"], place["batch"]) for place in written]
    within = [[(e, 2), (e, 4), (e, 6)] for e in range(3)]
    assert at == [*within[0], *within[1], (2, 0), *within[2], (3, 0)]


def test_damaged_files(data, tmp_path, rng):
    """Whatever byte is wrong: a ValueError, or the checkpoint as it was."""
    X, y = data
    path = tmp_path / "run"
    fit = {"epochs": 2, "callbacks": fcnn.EarlyStopping("loss")}
    save = [fcnn.Checkpoint(path, every_batches=1), fcnn.EarlyStopping("loss")]
    make().fit(X, y, epochs=2, callbacks=save)
    whole = path.read_bytes()
    net, good = make(), make()
    good.fit(X, y, resume=path, **fit)
    before = net.parameters.copy()
    header = 8 + int.from_bytes(whole[:8], "little")
    places = [*rng.integers(0, header, 100), *rng.integers(header, len(whole), 100)]
    refused = 0
    for at in places:
        damaged = bytearray(whole)
        damaged[at] ^= 1 << int(rng.integers(0, 7))
        path.write_bytes(damaged)
        again = net.copy()
        try:
            again.fit(X, y, resume=path, **fit)
        except ValueError:
            refused += 1
            assert np.array_equal(again.parameters, before)
        else:
            assert np.array_equal(again.parameters, good.parameters)
    assert refused > 0.95 * len(places)
    for length in (0, 3, 8, 100, header, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="is no fcnn_checkpoint"):
            net.fit(X, y, epochs=2, resume=path)
    assert np.array_equal(net.parameters, before)


@pytest.mark.parametrize(
    "part",
    [
        "position",
        "training",
        "history",
        "learning_rate",
        "callbacks",
        "standardizer",
        "seed",
        "network",
        "result",
    ],
)
@pytest.mark.parametrize("value", [None, 3, "x", [], {}, {"theta": 1}, [[]]])
def test_wrong_parts(data, part, value, tmp_path):
    X, y = data
    path = tmp_path / "run"
    callbacks = [fcnn.Checkpoint(path), fcnn.EarlyStopping("loss", patience=9)]
    make().fit(X, y, epochs=2, callbacks=callbacks)
    tree = _tree.read(path, KEY)
    if tree[part] == value or (part == "standardizer" and value == []):
        return
    tree[part] = value
    tree["finished"] = part == "result"
    _tree.write(path, KEY, tree)
    net = make()
    before = net.__getstate__()
    if part == "seed" and value == 3:
        return
    with pytest.raises(ValueError, match="run"):
        net.fit(
            X,
            y,
            epochs=2,
            resume=path,
            callbacks=fcnn.EarlyStopping("loss", patience=9),
        )
    assert np.array_equal(net.parameters, before["training"].theta)
    assert net.__getstate__()["epoch"] == before["epoch"]


def test_trees_keep_what_they_are_given(tmp_path):
    tree = {
        "floats": [0.1, float("inf"), float("-inf"), -0.0, 1e-310],
        "arrays": [np.arange(6).reshape(2, 3).T, np.float32([1.5]), np.zeros((0, 2))],
        "marks": [{"tensor": 1}, {"float": "x"}, {"dict": {"dict": 2}}],
        "plain": {"a": None, "b": True, "c": 2**80, "": "text"},
        "numpy": [np.float64(0.1), np.int64(3), np.bool_(True)],
    }
    _tree.write(tmp_path / "tree", "k", tree)
    again = _tree.read(tmp_path / "tree", "k")
    for key in ("floats", "marks", "plain"):
        assert repr(again[key]) == repr(tree[key])
    assert again["numpy"] == [0.1, 3, True]
    for a, b in zip(again["arrays"], tree["arrays"], strict=True):
        assert np.array_equal(a, b)
        assert a.dtype == b.dtype
    assert json.loads(json.dumps(again["marks"])) == tree["marks"]
    for wrong in ({1: 2}, {"a": {1}}, {"a": object()}, {"a": 1j}):
        with pytest.raises(TypeError):
            _tree.write(tmp_path / "tree", "k", wrong)


def test_names_of_arrays_do_not_collide(tmp_path):
    tree = {"a.b": np.ones(2), "a": {"b": np.zeros(3)}, "a.b.0": [np.ones(1)]}
    _tree.write(tmp_path / "tree", "k", tree)
    again = _tree.read(tmp_path / "tree", "k")
    assert again["a.b"].tolist() == [1.0, 1.0]
    assert again["a"]["b"].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "array",
    [np.array(["a"]), np.array([1j]), np.zeros(1, "longdouble"), np.array([None])],
)
def test_arrays_that_no_file_holds(array, tmp_path):
    with pytest.raises(TypeError, match="must be an array of numbers"):
        _tree.write(tmp_path / "tree", "k", {"a": array})


RANGES = {
    "batch": [10**6, -7, True, 1.5],
    "epoch": [-1, True],
    "rows": [-1],
    "sums": [[float("nan"), 1.0], [1.0, -1.0], [1.0], ["a", 1.0]],
}


@pytest.mark.parametrize(
    ("name", "value"), [(n, v) for n, values in RANGES.items() for v in values]
)
def test_positions_out_of_range(data, name, value, tmp_path):
    refuse_changed(data, tmp_path, lambda tree: tree["position"].update({name: value}))


CHANGES = {
    "epoch_count": lambda tree: tree.update(epoch_count=-1),
    "epoch_count ": lambda tree: tree.update(epoch_count=2**40),
    "stream_steps": lambda tree: tree.update(stream_steps=-1),
    "step": lambda tree: tree["training"]["trainer"].update(step="x"),
    "step ": lambda tree: tree["training"]["trainer"].update(step=-1),
    "scalars": lambda tree: tree["training"]["trainer"].update(scalars=[None]),
    "scalars ": lambda tree: tree["training"]["trainer"].update(scalars=[np.nan] * 2),
    "theta": lambda tree: tree["training"]["theta"].fill(np.nan),
    "callback": lambda tree: tree["callbacks"][0].__setitem__(1, {"best": 0.0}),
    "array": lambda tree: tree["network"].update(sizes=np.ones(3)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_numbers_out_of_range(data, change, tmp_path):
    refuse_changed(data, tmp_path, CHANGES[change])


def early_stopping():
    return fcnn.EarlyStopping("loss", patience=9)


def refuse_changed(data, tmp_path, change, callback=early_stopping):
    """A file with a right checksum and wrong contents; the network stays as it is."""
    X, y = data
    path = tmp_path / "run"
    make().fit(X, y, epochs=2, callbacks=[fcnn.Checkpoint(path), callback()])
    tree = _tree.read(path, KEY)
    change(tree)
    tree["finished"] = False
    _tree.write(path, KEY, tree)
    net = make(seed=1)
    net.fit(X, y, epochs=1, optimizer="sgd")
    before = net.__getstate__()
    with pytest.raises(ValueError, match="run"):
        net.fit(X, y, epochs=3, resume=path, callbacks=callback())
    after = net.__getstate__()
    assert np.array_equal(net.parameters, before["training"].theta)
    for key in ("epoch", "seed", "loss", "stream_steps"):
        assert after[key] == before[key]
    assert after["training"].optimizer == before["training"].optimizer


def test_a_users_set_state_that_fails(data, tmp_path):
    X, y = data

    class Bad(fcnn.Callback):
        def state(self):
            return {"a": 1}

        def set_state(self, state):
            raise OSError("gone")

    path = tmp_path / "run"
    make().fit(X, y, epochs=2, callbacks=[fcnn.Checkpoint(path), Bad()])
    net = make(seed=1)
    before = net.parameters.copy()
    with pytest.raises(OSError, match="gone"):
        net.fit(X, y, epochs=3, callbacks=Bad(), resume=path)
    assert np.array_equal(net.parameters, before)
    assert net.seed == 1
    assert net.learning_rate is None


def test_other_class_weights_of_batches(data, tmp_path):
    X, y = data
    path = tmp_path / "run"
    fit = {"batches": [(X, y)], "class_weight": {0: 1.0, 1: 5.0}}
    make().fit(epochs=2, callbacks=fcnn.Checkpoint(path), **fit)
    make().fit(epochs=3, resume=path, **fit)
    with pytest.raises(ValueError, match="its class_weight is"):
        make().fit(epochs=3, resume=path, **fit | {"class_weight": {0: 7.0}})


@pytest.mark.parametrize("steps", [5, 11])  # in the first epoch, in the second
def test_fewer_batches_than_before(data, steps, tmp_path):
    X, y = data
    path = tmp_path / "run"
    parts = [(X[i : i + 16], y[i : i + 16]) for i in range(0, 90, 16)]
    with pytest.raises(KeyboardInterrupt):
        make().fit(
            batches=parts,
            epochs=2,
            callbacks=[fcnn.Checkpoint(path, every_batches=1), Die(steps)],
        )
    net = make()
    with pytest.raises(ValueError, match="batches had 2 in this epoch, fewer than the"):
        net.fit(batches=parts[:2], epochs=2, resume=path)
    assert np.array_equal(net.parameters, make().parameters)


@pytest.mark.parametrize("kind", [fcnn.EarlyStopping, fcnn.ReduceLROnPlateau])
def test_another_monitor(data, kind, tmp_path):
    X, y = data
    path = tmp_path / "run"
    fit = {"validation_split": 0.3, "metrics": "accuracy"}
    make().fit(
        X, y, epochs=2, callbacks=[fcnn.Checkpoint(path), kind("val_accuracy")], **fit
    )
    with pytest.raises(ValueError, match="has watched 'val_accuracy', not 'val_loss'"):
        make().fit(X, y, epochs=3, callbacks=kind("val_loss"), resume=path, **fit)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="Linux")
def test_a_folder_that_may_not_be_written(data):
    """Told before anything is trained, to root as well."""
    X, y = data
    net = make()
    before = net.parameters.copy()
    with pytest.raises(OSError, match="/proc"):
        net.fit(X, y, epochs=1, callbacks=fcnn.Checkpoint("/proc/run.ckpt"))
    assert np.array_equal(net.parameters, before)


STATES = {
    "wait of EarlyStopping": (fcnn.EarlyStopping, {"wait": "x"}),
    "wait below 0": (fcnn.EarlyStopping, {"wait": -1}),
    "best epoch": (fcnn.EarlyStopping, {"best_epoch": [0]}),
    "stopped epoch": (fcnn.EarlyStopping, {"stopped_epoch": "x"}),
    "best optimizer": (fcnn.EarlyStopping, ["best_state", "trainer", "scalars"]),
    "best moments": (fcnn.EarlyStopping, ["best_state", "trainer", "moments"]),
    "wait of ReduceLROnPlateau": (fcnn.ReduceLROnPlateau, {"wait": None}),
    "cooldown": (fcnn.ReduceLROnPlateau, {"cooldown_left": 1.5}),
    "length": (fcnn.CSVLogger, {"length": "9"}),
    "epoch of a name": (fcnn.ModelCheckpoint, {"epoch": None}),
}


@pytest.mark.parametrize("what", STATES)
def test_wrong_states_of_callbacks(data, what, tmp_path):
    kind, change = STATES[what]

    def make_one():
        if kind in (fcnn.CSVLogger, fcnn.ModelCheckpoint):
            return kind(tmp_path / "file")
        return kind("loss", patience=9)

    def damage(tree):
        state = tree["callbacks"][0][1]
        if isinstance(change, dict):
            state.update(change)
        else:
            *path, last = change
            for name in path:
                state = state[name]
            state[last] = [{"a": 1}, {"b": 2}]

    refuse_changed(data, tmp_path, damage, make_one)


@pytest.mark.parametrize("values", [["x", "y"], [{}, []], [None, 0.5], [True, 0.5]])
def test_a_history_of_no_numbers(data, values, tmp_path):
    def damage(tree):
        tree["history"]["loss"] = values

    refuse_changed(data, tmp_path, damage)


@pytest.mark.parametrize("value", [5, None, [1], {"a": 1}, True])
def test_metadata_that_is_no_text(value, data, tmp_path):
    path = tmp_path / "run"
    path.write_bytes(_safetensors.save({}, {KEY: value, "checksum": ""}))
    net = make()
    before = net.parameters.copy()
    with pytest.raises(ValueError, match=f"is no {KEY}: its metadata must be texts"):
        net.fit(*data, epochs=1, resume=path)
    assert (net.parameters == before).all()
