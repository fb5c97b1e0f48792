"""The learning-rate range test against the same steps made by hand."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import fcnn
from fcnn import _core


def make(output="identity", **arguments):
    return fcnn.Network([3, 6, 1], "tanh", output, seed=4, **arguments)


@pytest.fixture
def rows(rng):
    X = rng.normal(size=(50, 3))
    return X, X.sum(axis=1)


def state(net):
    return net.parameters.tobytes(), net.learning_rate, net.loss, net._epoch


@pytest.mark.parametrize("optimizer", ["sgd", fcnn.Adam(lr=77.0)])
def test_it_is_fit_batch_at_rising_rates(optimizer, rows):
    """50 rows in batches of 16 are four steps an epoch: 10 steps are three epochs."""
    X, y = rows
    net = make()
    net.fit_batch(X, y, optimizer=optimizer)  # whose moments the copy does not keep
    before = state(net)
    weight = np.linspace(0.5, 2, 50)
    found = fcnn.lr_range_test(
        net,
        *rows,
        min_lr=1e-3,
        max_lr=0.1,
        steps=10,
        batch_size=16,
        optimizer=optimizer,
        loss="mae",
        sample_weight=weight,
        seed=3,
        l2=0.1,
    )
    assert state(net) == before
    assert found.lr == pytest.approx(np.geomspace(1e-3, 0.1, 10), rel=1e-12)
    twin, t = net.copy(), 0
    kind = fcnn.SGD if optimizer == "sgd" else fcnn.Adam
    schedule = fcnn.schedules.Exponential(1e-3, 100 ** (1 / 9))
    for epoch in (1, 2, 3):
        order = _core.permutation(50, 3, epoch)
        for i in range(0, 50, 16):
            batch = order[i : i + 16]
            if t < 10:
                loss = twin.fit_batch(
                    X[batch],
                    y[batch],
                    sample_weight=weight[batch],
                    optimizer=kind(lr=schedule),
                    loss="mae",
                    l2=0.1,
                )
                assert loss == found.loss[t]
            t += 1
    m, smoothed = 0.0, []
    for t, loss in enumerate(found.loss):
        m = 0.9 * m + 0.1 * loss
        smoothed.append(m / (1 - 0.9 ** (t + 1)))
    assert found.smoothed_loss == pytest.approx(smoothed, rel=1e-12)


def test_the_suggested_rate_trains(rng):
    X = rng.uniform(-2, 2, (2000, 2))
    y = np.sin(1.5 * X[:, 0] + X[:, 1])
    net = fcnn.Network([2, 16, 1], "tanh", "identity", seed=0)
    found = fcnn.lr_range_test(net, X, y, optimizer="sgd", max_lr=100.0)
    assert len(found.lr) < 100  # it was stopped
    assert 1e-3 < found.suggestion < found.lr[-1] / 3
    losses = {}
    for factor in (1e-3, 1, 1e3):
        twin, lr = net.copy(), factor * found.suggestion
        try:
            history = twin.fit(X, y, optimizer=fcnn.SGD(lr=lr), epochs=5)
        except fcnn.TrainingDiverged:
            continue
        losses[factor] = history.loss[-1]
    assert min(losses, key=losses.get) == 1


def test_labels_lists_and_single_rows(rows):
    X, _ = rows
    net = fcnn.Network([3, 4, 3], output="softmax", seed=0)
    labels = [i % 3 for i in range(50)]
    a = fcnn.lr_range_test(net, X.tolist(), labels, steps=5)
    b = fcnn.lr_range_test(net, X, np.eye(3)[labels], steps=5)
    assert np.array_equal(a.loss, b.loss)
    one = fcnn.lr_range_test(net, [1, 2, 3], 2, steps=3)
    assert one.loss[0] == net.evaluate([1, 2, 3], 2)["loss"]


def test_rows_of_weight_zero_are_left_out(rows):
    X, y = rows
    weight = np.repeat([0.0, 1.0], 25)
    y = np.where(weight == 0, 1e6, y)
    found = fcnn.lr_range_test(make(), X, y, sample_weight=weight, batch_size=4)
    assert 0 < found.loss.max() < 100
    with pytest.raises(ValueError, match="sample_weight is 0 for every row"):
        fcnn.lr_range_test(make(), X, y, sample_weight=0 * weight)


def test_it_stops_where_the_loss_explodes(rows):
    options = {"optimizer": "sgd", "max_lr": 1e30, "steps": 60}
    early = fcnn.lr_range_test(make(), *rows, **options)
    late = fcnn.lr_range_test(make(), *rows, **options, stop_factor=1e300)
    assert len(early.lr) < len(late.lr) < 60  # the later one by divergence
    n = len(early.lr)
    assert np.array_equal(early.loss, late.loss[:n])
    *before, last = early.smoothed_loss
    assert last > 4 * min(before)
    assert (before <= 4 * np.minimum.accumulate(before)).all()
    assert np.isfinite(late.loss).all()


def test_losses_below_zero_do_not_stop_it(rng):
    """Poisson's a - y log a, with a near a large y."""
    X = np.ones((40, 3))
    net = fcnn.Network([3, 1], output="exp", dtype="float64", seed=0)
    net.layers[1].weight, net.layers[1].bias = np.ones((1, 3)), [0.0]
    found = fcnn.lr_range_test(net, X, np.full(40, 20.0), max_lr=1e-3, steps=30)
    assert len(found.loss) == 30
    assert (found.loss < 0).all()


def test_a_first_step_that_diverges_is_told():
    net = make(dtype="float64")
    with pytest.raises(fcnn.TrainingDiverged):
        fcnn.lr_range_test(net, np.full((4, 3), 1e200), [1e200] * 4)


def test_rows_that_are_not_finite_are_told(rows):
    X, y = rows
    X[17, 1] = np.nan
    with pytest.raises(ValueError, match="X must be finite") as error:
        fcnn.lr_range_test(make(), X, y)
    assert "17" in error.value.__notes__[0]


def test_suggestion():
    """Two steps to either side: (0.2 - 1) / 4 around the tenth point."""
    lr = np.geomspace(1e-5, 1.0, 21)
    loss = np.array([1.3, *[1.0] * 7, 0.9, 0.5, 0.3, *[0.2] * 8, 0.7, 2.0])
    found = fcnn.LRRangeTest(lr, loss, loss)
    assert found.suggestion == lr[9]
    assert repr(found) == "LRRangeTest(21 rates from 1e-05 to 1, suggestion 0.00178)"
    for never in (np.ones(21), np.arange(21.0), np.array([2.0, 1.0])):
        found = fcnn.LRRangeTest(lr[: len(never)], never, never)
        assert found.suggestion is None
        assert repr(found).endswith("suggestion none)")
    found = fcnn.LRRangeTest(lr[:3], np.ones(3), np.array([3.0, 2.0, 1.0]))
    assert found.suggestion == lr[1]


def test_plot(rows):
    found = fcnn.lr_range_test(make(), *rows, steps=30)
    ax = Figure().subplots()
    assert found.plot(ax) is ax
    raw, smoothed, line = ax.lines
    assert np.array_equal(raw.get_data(), [found.lr, found.loss])
    assert np.array_equal(smoothed.get_data(), [found.lr, found.smoothed_loss])
    assert ax.get_xscale() == "log"
    low, high = ax.get_ylim()
    assert low < found.smoothed_loss.min() < found.smoothed_loss[0] < high
    assert set(line.get_xdata()) == {found.suggestion}
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes .*, not 'here'"):
        found.plot("here")


def test_plot_in_a_figure_of_its_own(rows):
    mpl.use("agg")
    from matplotlib import pyplot as plt

    ax = fcnn.lr_range_test(make(), *rows, steps=30).plot()
    assert ax.get_xscale() == "log"
    assert len(ax.lines) == 3
    plt.close(ax.figure)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"min_lr": 0}, ValueError, "min_lr must be above 0"),
        ({"min_lr": 2.0}, ValueError, r"min_lr must be below max_lr = 1\.0, not 2\.0"),
        ({"max_lr": np.inf}, ValueError, "max_lr must be finite"),
        ({"steps": 1}, ValueError, "steps must be at least 2"),
        ({"steps": 5.0}, TypeError, "steps must be an integer"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1"),
        ({"smoothing": 1.0}, ValueError, "smoothing must be at least 0 and below 1"),
        ({"stop_factor": 1}, ValueError, "stop_factor must be above 1"),
        ({"optimizer": "adamm"}, ValueError, "no optimizer is named"),
        ({"loss": "poisson"}, ValueError, "poisson"),
        ({"seed": -1}, ValueError, "seed"),
        ({"l2": -1}, ValueError, "l2"),
        ({"epochs": 3}, TypeError, "epochs"),
    ],
)
def test_refused(given, error, message, rows):
    net = make()
    before = state(net)
    with pytest.raises(error, match=message):
        fcnn.lr_range_test(net, *rows, **given)
    assert state(net) == before


def test_an_optimizer_without_schedule_is_refused(rows):
    class Plain(fcnn.SGD):
        takes_schedule = False

    with pytest.raises(ValueError, match="takes no schedule"):
        fcnn.lr_range_test(make(), *rows, optimizer=Plain())
