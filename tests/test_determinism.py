"""Same seed, same bits: again, with any number of threads, and in several parts."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
from fcnn import _core

DTYPES = ["float32", "float64"]
# n_in, widths around the core's strips of 16 and chunks of the batch, several chunks
SHAPES = [([20, 33, 17, 5], 64), ([3, 100, 2], 300), ([50, 10], 700), ([1, 1], 7)]


def problem(rng, sizes, n=701):
    return rng.normal(size=(n, sizes[0])), rng.integers(0, sizes[-1], n)


def make(sizes, dtype="float64", seed=3):
    output = "softmax" if sizes[-1] > 1 else "sigmoid"
    return fcnn.Network(sizes, "gelu", output, dtype=dtype, seed=seed)


def parts_done_while(action):
    before = _core.thread_stats()
    result = action()
    after = _core.thread_stats()
    return result, after["runs"] - before["runs"], after["parts"] - before["parts"]


@pytest.mark.parametrize("clip_norm", [0.1, None])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("sizes", "batch_size"), SHAPES)
def test_fit_with_1_to_4_threads(
    sizes, batch_size, dtype, clip_norm, rng, split_everything
):
    X, y = problem(rng, sizes)
    X[1, 0] = 0.5
    bits, losses = set(), set()
    for n_threads in (1, 2, 3, 4):
        net = make(sizes, dtype)

        def fit(net=net, n_threads=n_threads):
            return net.fit(
                X,
                y,
                epochs=2,
                batch_size=batch_size,
                sample_weight=np.linspace(0.5, 2, len(X)),
                l1=1e-4,
                l2=1e-4,
                clip_norm=clip_norm,
                validation_split=0.2,
                metrics="accuracy",
                n_threads=n_threads,
            )

        history, runs, parts = parts_done_while(fit)
        assert_split(n_threads, runs, parts, large=sizes[-1] > 1)
        bits.add(net.parameters.tobytes())
        losses.add(repr(history.metrics))
    assert len(bits) == 1
    assert len(losses) == 1


def assert_split(n_threads, runs, parts, large):
    if n_threads == 1:
        assert runs == parts == 0
    elif large:
        assert runs > 0
        assert parts >= runs


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("sizes", "n"), [(s, n) for s, _ in SHAPES for n in (1, 40, 701)]
)
def test_everything_else_with_1_to_4_threads(sizes, n, dtype, rng, split_everything):
    X, y = problem(rng, sizes, n)
    net = make(sizes, dtype)
    net.parameters[:] += 0.1
    results = {name: set() for name in ("predict", "backprop", "gradient", "evaluate")}
    for n_threads in (1, 2, 3, 4):
        fcnn.set_num_threads(n_threads)
        assert fcnn.get_num_threads() == n_threads
        a, runs, parts = parts_done_while(lambda: net.predict(X))
        assert_split(n_threads, runs, parts, large=n > 700)
        b, runs, parts = parts_done_while(lambda: net.backprop(X, y, l2=0.1))
        assert_split(n_threads, runs, parts, large=n > 700)
        loss, gradient = net.loss_and_gradient(X, y, l2=0.1)
        results["predict"].add(a.tobytes())
        everything = [*b.z, *b.a, *b.delta, b.gradient, np.array(b.loss)]
        results["backprop"].add(b"".join(A.tobytes() for A in everything))
        results["gradient"].add(gradient.tobytes() + np.array(loss).tobytes())
        results["evaluate"].add(repr(net.evaluate(X, y, metrics="mse")))
        assert np.array_equal(gradient, b.gradient)
    assert {name: len(bits) for name, bits in results.items()} == dict.fromkeys(
        results, 1
    )


@pytest.mark.parametrize("penalties", [{}, {"l2": 1e-3}, {"l1": 1e-3, "l2": 1e-3}])
@pytest.mark.parametrize("rule", [fcnn.SGD(lr=0.1, momentum=0.9), fcnn.Adam(lr=0.01)])
@pytest.mark.parametrize("batch_size", [1, 50, 256, 300, 701])
def test_update_strip_by_strip_is_the_update_of_the_whole(
    batch_size, rule, penalties, rng
):
    """A bound never reached wants the whole gradient first, and changes nothing."""
    X, y = problem(rng, [20, 33, 17, 5])
    a, b = make([20, 33, 17, 5], "float32"), make([20, 33, 17, 5], "float32")
    options = {"epochs": 2, "batch_size": batch_size, "optimizer": rule, **penalties}
    losses = a.fit(X, y, **options).loss
    assert losses == b.fit(X, y, clip_norm=1e30, **options).loss
    assert a.parameters.tobytes() == b.parameters.tobytes()


def test_a_network_too_large_for_the_cache_with_1_to_3_threads(rng, split_everything):
    X, y = rng.normal(size=(40, 500)), rng.integers(0, 3, 40)
    bits = set()
    for n_threads in (1, 2, 3):
        net = make([500, 520, 30, 3], "float32")
        net.fit(X, y, epochs=1, batch_size=20, l2=1e-3, n_threads=n_threads)
        bits.add(net.parameters.tobytes())
    assert len(bits) == 1


def test_more_threads_than_cores_or_rows(rng, split_everything):
    X, y = problem(rng, [20, 5], 5)
    a, b = make([20, 5]), make([20, 5])
    a.fit(X, y, epochs=2, n_threads=1)
    b.fit(X, y, epochs=2, n_threads=64)
    assert a.parameters.tobytes() == b.parameters.tobytes()


def test_small_work_is_not_split(rng):
    """Promise 5: by itself no thread is woken for what takes a few microseconds."""
    X, y = problem(rng, [4, 8, 2], 32)
    net = make([4, 8, 2])
    _, runs, _ = parts_done_while(lambda: net.fit(X, y, epochs=3, n_threads=4))
    assert runs == 0
    _, runs, _ = parts_done_while(lambda: net.predict(X))
    assert runs == 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shuffle", [True, False, "batch"])
def test_same_seed_same_bits(shuffle, dtype, rng):
    X, y = problem(rng, [4, 6, 3], 50)
    nets = [make([4, 6, 3], dtype) for _ in range(2)]
    histories = [net.fit(X, y, epochs=3, batch_size=8, shuffle=shuffle) for net in nets]
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()
    assert histories[0].metrics == histories[1].metrics
    other = make([4, 6, 3], dtype, seed=4)
    assert not np.array_equal(other.parameters, make([4, 6, 3], dtype).parameters)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shuffle", [True, "batch"])
@pytest.mark.parametrize("seed", [None, 7])
def test_three_epochs_and_two_are_five(seed, shuffle, dtype, rng):
    X, y = problem(rng, [4, 6, 3], 50)
    once, twice, split = (make([4, 6, 3], dtype) for _ in range(3))
    arguments = {"batch_size": 8, "shuffle": shuffle, "seed": seed}
    whole = once.fit(X, y, epochs=5, **arguments)
    first = twice.fit(X, y, epochs=3, **arguments)
    second = twice.fit(X, y, epochs=2, **arguments)
    assert once.parameters.tobytes() == twice.parameters.tobytes()
    assert whole.loss == first.loss + second.loss
    for _ in range(5):  # and through copies
        split.fit(X, y, epochs=1, **arguments)
        split = split.copy()
    assert once.parameters.tobytes() == split.parameters.tobytes()


def test_the_epoch_and_the_seed_key_the_shuffle(rng):
    """Every epoch its own order, every seed too; without shuffling none of it."""
    X, y = problem(rng, [4, 3], 40)

    def after(epochs_before, shuffle=True, **arguments):
        net = make([4, 3])
        theta = net.parameters.copy()
        net.fit(X, y, epochs=epochs_before, batch_size=8, optimizer=fcnn.SGD())
        net.reset_optimizer()
        net.parameters = theta
        net.fit(X, y, epochs=1, batch_size=8, shuffle=shuffle, **arguments)
        return net.parameters.tobytes()

    assert len({after(e) for e in range(4)}) == 4
    assert len({after(1, seed=s) for s in (None, 0, 1, 2**64 - 1)}) == 4
    assert after(1, seed=3) == after(1)  # the network's own seed
    assert len({after(e, shuffle=False) for e in range(3)}) == 1
    assert len({after(e, shuffle="batch") for e in range(4)}) == 4


def test_shuffle_batch_keeps_the_batches_together(rng):
    """Steps of a huge learning rate on one-hot X show which rows made which step."""
    n, batch_size = 23, 5
    seen = []

    class Watch(fcnn.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(self.network.parameters.copy())

    # w_i of row i's own input is set at the step of its batch; Adagrad's first step is
    # lr, so a decaying lr numbers the batches in their order.
    net = fcnn.Network([n, 1], output="identity", bias=False, init="zeros", seed=1)
    rule = fcnn.Adagrad(lr=1.0, lr_decay=1.0)
    net.fit(
        np.eye(n),
        np.ones(n),
        optimizer=rule,
        epochs=1,
        batch_size=batch_size,
        shuffle="batch",
        callbacks=[Watch()],
    )
    step = np.round(1 / seen[0]).astype(int)  # lr / (1 + (t - 1)) = 1 / t
    batches = [step[i : i + batch_size] for i in range(0, n, batch_size)]
    assert all(len(set(batch)) == 1 for batch in batches)
    order = [batch[0] for batch in batches]
    assert sorted(order) == [1, 2, 3, 4, 5]
    assert order != [1, 2, 3, 4, 5]


def test_validation_split_depends_on_seed_and_n_alone(rng):
    """The same rows are held out by a later call: their labels are never learned."""
    n = 60
    X, held = np.eye(n), []
    for arguments in ({"epochs": 1}, {"epochs": 3, "shuffle": False, "seed": 9}):
        net = fcnn.Network([n, 1], output="identity", bias=False, init="zeros", seed=5)
        net.fit(X, np.ones(n), validation_split=0.25, **arguments)
        held.append(np.flatnonzero(net.parameters == 0).tolist())
    assert len(held[0]) == 15
    assert held[0] == held[1]
    net = fcnn.Network([n, 1], output="identity", bias=False, init="zeros", seed=6)
    net.fit(X, np.ones(n), validation_split=0.25, epochs=1)
    assert held[0] != np.flatnonzero(net.parameters == 0).tolist()
