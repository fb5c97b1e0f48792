"""standardize=True: what is learned, where it enters, and that it is kept."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import StandardScaler

import fcnn
from helpers import assert_close

DTYPES = ["float32", "float64"]


def make(output="identity", n_out=2, dtype="float64", **arguments):
    arguments = {"standardize": True, "seed": 3} | arguments
    return fcnn.Network([3, 7, n_out], "tanh", output, dtype=dtype, **arguments)


@pytest.fixture
def data(rng):
    X = rng.normal(size=(300, 3)) * [1.0, 1e4, 1e-5] + [5.0, 1e6, 0.0]
    y = 1e3 + 50.0 * rng.normal(size=(300, 2))
    return X, y


@pytest.mark.parametrize("weighted", [False, True])
def test_learns_what_scikit_learn_does(data, weighted, rng):
    X, y = data
    w = rng.uniform(0, 2, 300) * (rng.random(300) < 0.8) if weighted else None
    net = make()
    net.fit(X, y, epochs=1, sample_weight=w)
    for A, mean, scale in (
        (X, net.standardizer.mean, net.standardizer.scale),
        (y, net.standardizer.target_mean, net.standardizer.target_scale),
    ):
        expected = StandardScaler().fit(A, sample_weight=w)
        np.testing.assert_allclose(mean, expected.mean_, rtol=1e-12, atol=1e-18)
        np.testing.assert_allclose(scale, expected.scale_, rtol=1e-11)


@pytest.mark.parametrize("dtype", DTYPES)
def test_is_a_plain_network_on_standardized_data(data, dtype):
    """The same bits as standardizing outside: fit, predict, evaluate, backprop."""
    X, y = data
    net, plain = make(dtype=dtype), make(dtype=dtype, standardize=False)
    history = net.fit(X, y, epochs=3, validation_split=0.2, metrics="mae")
    s = net.standardizer
    Z = ((X - s.mean) * (1 / s.scale)).astype(dtype)
    t = ((y - s.target_mean) * (1 / s.target_scale)).astype(dtype)
    expected = plain.fit(Z, t, epochs=3, validation_split=0.2, metrics="mae")
    assert np.array_equal(net.parameters, plain.parameters)
    assert history.loss == expected.loss
    assert history.metrics["val_loss"] == expected.metrics["val_loss"]
    a = plain.predict(Z)
    answer = (s.target_mean + s.target_scale * a.astype(float)).astype(dtype)
    assert np.array_equal(net.predict(X), answer)
    assert net.evaluate(X, y)["loss"] == plain.evaluate(Z, t)["loss"]
    mae = np.abs(net.predict(X).astype(float) - y).mean()
    assert abs(net.evaluate(X, y, metrics="mae")["mae"] / mae - 1) < 1e-6
    back, expected = net.backprop(X, y), plain.backprop(Z, t)
    assert np.array_equal(back.gradient, expected.gradient)
    assert np.array_equal(back.a[0], Z)
    assert np.array_equal(net.forward(X).a[2], a)
    assert net.gradient_check(X[:9], y[:9]).max_error < 1e-6


def test_training_metrics_have_the_targets_units(data):
    X, y = data
    net = make()
    net.fit(X, y, epochs=1)
    before = net.predict(X)
    frozen = fcnn.SGD(lr=1e-300)
    history = net.fit(X, y, epochs=1, metrics="rmse", optimizer=frozen, batch_size=300)
    expected = np.sqrt(np.mean((before - y) ** 2))
    assert abs(history.metrics["rmse"][0] / expected - 1) < 1e-12


@pytest.mark.parametrize("n", [1, 5, 600])
def test_rows_predictors_and_out(data, n):
    X, y = data
    net = make(dtype="float32")
    net.fit(X, y, epochs=1)
    X = np.resize(X, (n, 3))
    whole = net.predict(X)
    p = net.predictor(n)
    for given in (X, X.astype("float32")):
        whole = net.predict(given)
        assert np.array_equal(np.stack([net.predict(x) for x in given]), whole)
        assert np.array_equal(p(given), whole)
        out = np.empty_like(whole)
        assert net.predict(given, out) is out
        assert np.array_equal(out, whole)
    net.standardizer = fcnn.Standardizer([0.0] * 3, [1.0] * 3)
    assert np.array_equal(p(X.astype("float32")), whole)  # a snapshot


def test_large_mean_costs_no_digits(rng):
    """Time stamps: in float32 neighboring seconds are the same number."""
    t = 1.6e9 + np.arange(0.0, 64.0)
    y = np.sin(t - 1.6e9)
    net = fcnn.Network([1, 1], output="identity", standardize=True, seed=0)
    net.fit(t[:, None], y, epochs=1)
    a = net.forward(t[:, None]).a[0]
    assert len(np.unique(a)) == 64


def test_constant_columns_and_one_row(rng):
    net = make()
    X, y = np.tile([0.1, 1e300, -7.0], (50, 1)), np.zeros((50, 2))
    with pytest.raises(ValueError, match="too large to be standardized"):
        net.fit(X, y, epochs=1)
    X[:, 1] = 0.3
    net.fit(X, y, epochs=1)
    assert net.standardizer.scale.tolist() == [1.0, 1.0, 1.0]
    make().fit(X[:1], y[:1], epochs=1)


@pytest.mark.parametrize("output", ["softmax", "sigmoid", "tanh", "exp"])
def test_targets_of_other_outputs_are_left_alone(data, output, rng):
    X, _ = data
    net = make(output)
    net.fit(X, np.tile([0.0, 1.0], (300, 1)), epochs=1)
    assert net.standardizer.target_mean is None
    assert np.array_equal(net.predict(X), net.forward(X).a[2])


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "quadratic"])
def test_regression_losses(data, loss):
    X, y = data
    net = make(loss=loss)
    net.fit(X, y, epochs=3)
    assert net.standardizer.target_mean is not None
    assert net.gradient_check(X[:9], y[:9]).max_error < 1e-5


def test_the_first_fit_settles_it_and_held_out_rows_do_not(data):
    X, y = data
    net = make()
    net.fit(X, y, epochs=1)
    first = net.standardizer
    net.fit(X * 2, y, epochs=1)
    assert net.standardizer == first
    held_out = make()
    held_out.fit(X, y, epochs=1, validation_split=0.3)
    other = make()
    other.fit(X, y, epochs=1)
    assert held_out.standardizer != other.standardizer


def test_learns_nothing_where_the_first_epoch_fails(data):
    X, y = data
    net = make()
    bad = X.copy()
    bad[17, 1] = np.nan
    with pytest.raises(ValueError, match="X must be finite, row 17 is not"):
        net.fit(bad, y, epochs=1)
    with pytest.raises(fcnn.TrainingDiverged):
        net.fit(X, y, epochs=5, optimizer=fcnn.SGD(lr=1e200))
    assert net.standardizer is None
    assert np.isfinite(net.parameters).all()
    net.fit(X, y, epochs=1)


def test_sparse_and_other_dtypes(rng):
    X = sparse.random(200, 3, 0.5, format="csr", random_state=0) * 100
    y = rng.normal(size=(200, 2))
    dense, other = make(), make()
    dense.fit(X.toarray(), y, epochs=2)
    other.fit(X, y, epochs=2)
    assert other.standardizer == dense.standardizer
    assert np.array_equal(other.parameters, dense.parameters)
    assert np.array_equal(other.predict(X), dense.predict(X.toarray()))
    make().fit(rng.integers(0, 255, (200, 3)).astype("uint8"), y, epochs=1)


def test_kept_by_copies_and_files(data, tmp_path):
    X, y = data
    net = make(dtype="float32")
    net.fit(X, y, epochs=2)
    net.save(tmp_path / "net")
    for again in (
        net.copy(),
        pickle.loads(pickle.dumps(net)),
        fcnn.load(tmp_path / "net"),
    ):
        assert again.standardizer == net.standardizer
        assert np.array_equal(again.predict(X), net.predict(X))
    fresh = make()
    fresh.save(tmp_path / "fresh")
    assert fcnn.load(tmp_path / "fresh").standardizer is None


def test_jacobians_are_those_of_predict(data):
    X, y = data
    net = make()
    net.fit(X, y, epochs=3)
    x, h = X[:4], 1e-6 * net.standardizer.scale
    J = net.jacobian(x)
    for j in range(3):
        step = np.eye(3)[j] * h
        quotient = (net.predict(x + step) - net.predict(x - step)) / (2 * h[j])
        assert_close(J[:, :, j], quotient, 1e-6)
    theta, h = net.parameters.copy(), 1e-6
    K = net.parameter_jacobian(x)
    for p in (0, 20, net.n_parameters - 1):
        net.parameters[p] = theta[p] + h
        above = net.predict(x)
        net.parameters[p] = theta[p] - h
        assert_close(K[:, :, p], (above - net.predict(x)) / (2 * h), 1e-6)
        net.parameters[p] = theta[p]
    g, scale = net.input_gradient(x, y[:4]), net.standardizer.scale
    C = [
        net.evaluate(x + np.outer(np.eye(4)[1], s * 1e-6 * scale * np.eye(3)[2]), y[:4])
        for s in (1, -1)
    ]
    quotient = (C[0]["loss"] - C[1]["loss"]) / (2e-6 * scale[2])
    assert abs(g[1, 2] / quotient - 1) < 1e-5


def test_before_the_first_fit(data):
    X, y = data
    net = make()
    assert net.standardizer is None
    assert np.array_equal(net.predict(X), make(standardize=False).predict(X))
    with pytest.raises(ValueError, match="first fit"):
        net.fit_batch(X, y)
    with pytest.raises(ValueError, match="not from batches"):
        net.fit(batches=[(X, y)], epochs=1)
    net.standardizer = fcnn.Standardizer([0, 0, 0], [1, 2, 3], [0, 0], [1, 1])
    net.fit_batch(X, y)
    net.fit(batches=[(X, y)], epochs=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.0] * 2, [1.0] * 2), r"mean must have shape \(3,\)"),
        (([0.0] * 3, [1.0] * 3, [0.0], [1.0]), r"target_mean must have shape \(2,\)"),
    ],
)
def test_a_standardizer_of_another_network(arguments, message):
    with pytest.raises(ValueError, match=message):
        make().standardizer = fcnn.Standardizer(*arguments)


def test_a_standardizer_where_none_may_be():
    with pytest.raises(ValueError, match="standardize=True"):
        make(standardize=False).standardizer = fcnn.Standardizer([0] * 3, [1] * 3)
    with pytest.raises(ValueError, match="identity output only"):
        make("tanh").standardizer = fcnn.Standardizer([0] * 3, [1] * 3, [0, 0], [1, 1])
    with pytest.raises(TypeError, match="Standardizer"):
        make().standardizer = ([0] * 3, [1] * 3)
    with pytest.raises(TypeError, match="standardize must be True or False"):
        make(standardize="yes")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([0.0], [0.0]), ValueError, "scale must be above 0"),
        (([0.0], [-1.0]), ValueError, "scale must be above 0"),
        (([np.nan], [1.0]), ValueError, "mean must be finite"),
        (([0.0], [np.inf]), ValueError, "scale must be finite"),
        (([0.0, 1.0], [1.0]), ValueError, "one shape"),
        (([[0.0]], [[1.0]]), ValueError, "1 dimension"),
        (([0.0], [1.0], [0.0]), ValueError, "both"),
        ((["a"], [1.0]), TypeError, "real numbers"),
    ],
)
def test_wrong_standardizers(arguments, error, message):
    with pytest.raises(error, match=message):
        fcnn.Standardizer(*arguments)


def test_a_standardizer_is_a_value():
    one, other = fcnn.Standardizer([1], [2]), fcnn.Standardizer([1.0], [2.0])
    assert one == other
    assert hash(one) == hash(other)
    assert one != fcnn.Standardizer([1], [2], [0], [1])
    assert one != "standardizer"
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(ValueError, match="read-only"):
        one.mean[0] = 3.0
    with pytest.raises(AttributeError, match="does not change"):
        one.mean = np.zeros(1)


def test_a_range_test_learns_it_for_its_copy(data):
    X, y = data
    net = make()
    found = fcnn.lr_range_test(net, X, y, steps=30)
    assert net.standardizer is None
    assert found.loss[0] < 10  # of standardized targets


def test_monte_carlo_dropout_has_the_targets_units(data):
    X, y = data
    net = make(dropout=0.2)
    net.fit(X, y, epochs=2)
    mean, std = net.predict(X, dropout_samples=300)
    assert (np.abs(mean - net.predict(X)) < 1.5 * std + 1.0).all()
    assert mean.mean() > 900  # y is 1000 +- 50


def test_metrics_of_batches_have_the_targets_units(data):
    X, y = data
    net = make()
    net.fit(X, y, epochs=1)
    before = net.predict(X)
    history = net.fit(
        batches=[(X, y)], epochs=1, metrics="rmse", optimizer=fcnn.SGD(1e-300)
    )
    expected = np.sqrt(np.mean((before - y) ** 2))
    assert abs(history.metrics["rmse"][0] / expected - 1) < 1e-12


@pytest.mark.parametrize("optimizer", ["levenberg_marquardt", "lbfgs", "adam"])
def test_one_assigned_between_two_fits(data, optimizer):
    X, y = data
    net, other = make(), make()
    for each in (net, other):
        each.fit(X, y, epochs=1, optimizer=optimizer)
    wider = fcnn.Standardizer(
        net.standardizer.mean + 1,
        net.standardizer.scale * 2,
        net.standardizer.target_mean,
        net.standardizer.target_scale,
    )
    net.standardizer = wider
    other = net.copy()
    for each in (net, other):
        each.fit(X, y, epochs=2, optimizer=optimizer)
    assert np.array_equal(net.parameters, other.parameters)


def test_assigning_waits_for_nobody_and_is_refused_in_a_fit(data):
    X, y = data
    net = make()

    def assign(*_):
        net.standardizer = None

    with pytest.raises(RuntimeError, match="trained already"):
        net.fit(X, y, callbacks=fcnn.LambdaCallback(on_epoch_end=assign))


def test_assigning_beside_calls_of_other_threads(rng):
    """The calls under way keep what they read."""
    import threading

    net = fcnn.Network([50_000, 1], output="identity", standardize=True, seed=0)
    X, y = rng.normal(size=(20, 50_000)).astype("float32"), np.zeros(20)
    values = [fcnn.Standardizer(np.zeros(50_000), np.ones(50_000)), None]
    done, errors = threading.Event(), []

    def work():
        while not done.is_set():
            try:
                net.evaluate(X, y)
            except RuntimeError:
                pass  # it was being assigned
            except Exception as error:  # noqa: BLE001
                errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    for i in range(60):
        net.standardizer = values[i % 2]
    done.set()
    thread.join()
    assert not errors


def test_a_finite_number_too_large_for_the_dtype_is_no_blame(data):
    """Standardized in float64, it is read well; what diverges is the training."""
    X, y = data
    net = make(dtype="float32")
    with pytest.raises(fcnn.TrainingDiverged):
        net.fit(X * 1e100, y, optimizer=fcnn.SGD(1e30), epochs=5)


def test_learning_has_one_order_of_additions(data, rng):
    """Row after row: not what BLAS and its threads make of it."""
    X, _ = data
    net = make()
    w = rng.uniform(0.5, 2, 300)
    net.fit(X, np.zeros((300, 2)), epochs=1, sample_weight=w)
    mean, total = np.zeros(3), 0.0
    for row, weight in zip(X, w, strict=True):
        mean = mean + weight * row
        total += weight
    assert np.array_equal(net.standardizer.mean, mean / total)


def test_scales_beyond_their_reciprocals():
    with pytest.raises(ValueError, match="scale must be at least 1e-290"):
        fcnn.Standardizer([0.0], [1e-310])
    with pytest.raises(ValueError, match="target_scale must be at most 1e\\+290"):
        fcnn.Standardizer([0.0], [1.0], [0.0], [1e308])
    assert hash(fcnn.Standardizer([0.0], [1.0])) == hash(
        fcnn.Standardizer([-0.0], [1.0])
    )
