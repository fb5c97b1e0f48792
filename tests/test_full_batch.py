"""The optimizers that take every row at once: what they have in common, and L-BFGS."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.optimize import minimize

import fcnn

SOLVERS = [fcnn.Rprop(), fcnn.LBFGS(memory=3), fcnn.LevenbergMarquardt()]
DTYPES = ["float32", "float64"]
solvers = pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: s.name)
dtypes = pytest.mark.parametrize("dtype", DTYPES)


def make(dtype="float64", output="identity", seed=3):
    return fcnn.Network([3, 20, 2], "tanh", output, loss="mse", dtype=dtype, seed=seed)


@pytest.fixture
def data(rng):
    """600 rows: three chunks, the last one short."""
    X = rng.normal(size=(600, 3))
    y = np.stack([np.sin(X[:, 0] + X[:, 1]), X[:, 1] * X[:, 2]], axis=1)
    return X, y + 0.1 * rng.normal(size=y.shape)


def state_bytes(net):
    state = net._trainer.state()
    moments = [m.tobytes() for m in state["moments"]]
    return state["step"], state["scalars"], moments


def same_state(a, b):
    assert a.parameters.tobytes() == b.parameters.tobytes()
    assert state_bytes(a) == state_bytes(b)


@dtypes
@solvers
def test_three_epochs_and_two_are_five(solver, dtype, data):
    once, twice, copied = make(dtype), make(dtype), make(dtype)
    history = once.fit(*data, optimizer=solver, epochs=15, l2=1e-3)
    first = twice.fit(*data, optimizer=solver, epochs=9, l2=1e-3)
    copied.fit(*data, optimizer=solver, epochs=9, l2=1e-3)
    copied = pickle.loads(pickle.dumps(copied.copy()))
    for net in (twice, copied):
        rest = net.fit(*data, optimizer=solver, epochs=6, l2=1e-3)
        assert first.loss + rest.loss == history.loss
        same_state(net, once)
    assert history.loss[-1] < 0.5 * history.loss[0]
    if solver.name != "rprop":  # whose C may rise
        assert all(np.diff(history.loss) < 0)
    if solver.name != "levenberg_marquardt":  # whose mu finds its power of 10 again
        once.reset_optimizer()
        for net in (once, twice):
            net.fit(*data, optimizer=solver, epochs=1, l2=1e-3)
        assert once.parameters.tobytes() != twice.parameters.tobytes()


@dtypes
@solvers
def test_the_same_bits_for_any_number_of_threads(solver, dtype, data, split_everything):
    nets = []
    for n_threads in (1, 2, 3):
        net = make(dtype)
        net.fit(*data, optimizer=solver, epochs=5, n_threads=n_threads, l2=0.01)
        nets.append(net)
    same_state(nets[1], nets[0])
    same_state(nets[2], nets[0])


@solvers
def test_weights_are_repeated_rows(solver, data, rng):
    X, y = data[0][:100], data[1][:100]
    w = rng.integers(0, 4, 100)
    weighted, repeated = make(), make()
    arguments = {"optimizer": solver, "epochs": 6, "l2": 1e-3}
    a = weighted.fit(X, y, sample_weight=w, **arguments)
    b = repeated.fit(np.repeat(X, w, axis=0), np.repeat(y, w, axis=0), **arguments)
    np.testing.assert_allclose(a.loss, b.loss, rtol=1e-9)
    np.testing.assert_allclose(weighted.parameters, repeated.parameters, atol=1e-6)


@solvers
def test_history_is_of_before_each_step(solver, data):
    """Loss with its penalty, metrics and validation rows."""
    X, y = data
    net = make()
    arguments = {"optimizer": solver, "l2": 0.01, "metrics": "mae"}
    history = net.fit(X, y, epochs=3, validation_data=(X[:50], y[:50]), **arguments)
    assert set(history.metrics) == {"loss", "mae", "val_loss", "val_mae"}
    twin = make()
    for epoch in range(3):
        loss, _ = twin.loss_and_gradient(X, y, l2=0.01)
        assert history.loss[epoch] == pytest.approx(loss, rel=1e-12)
        mae = twin.evaluate(X, y, metrics="mae")["mae"]
        assert history.metrics["mae"][epoch] == pytest.approx(mae, rel=1e-12)
        twin.fit(X, y, epochs=1, **arguments)
        val_loss = twin.evaluate(X[:50], y[:50])["loss"]
        assert history.metrics["val_loss"][epoch] == pytest.approx(val_loss, rel=1e-12)
    same_state(net, twin)


@solvers
def test_the_order_of_the_rows_is_kept_whatever_shuffle_says(solver, data):
    a, b = make(), make()
    a.fit(*data, optimizer=solver, epochs=3, shuffle=True, seed=1)
    b.fit(*data, optimizer=solver, epochs=3, shuffle=False, seed=2)
    same_state(a, b)


@solvers
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 600}, "batch_size must be None, not 600"),
        ({"shuffle": "batch"}, "shuffle='batch'"),
    ],
    ids=["batch_size", "shuffle"],
)
def test_refused_arguments(solver, arguments, message, data):
    refused(make(), solver, message, data, **arguments)


@pytest.mark.parametrize("solver", SOLVERS[1:], ids=lambda s: s.name)
@pytest.mark.parametrize("argument", ["l1", "clip_norm"])
def test_refused_penalty_and_clipping(solver, argument, data):
    message = f"{type(solver).__name__} takes no {argument}"
    refused(make(), solver, message, data, **{argument: 0.1})
    rprop = make()
    rprop.fit(*data, optimizer="rprop", epochs=1, **{argument: 0.1})


@pytest.mark.parametrize("loss", ["mae", "huber"])
def test_levenberg_marquardt_refuses_other_losses(loss, data):
    message = f"LevenbergMarquardt needs the loss mse or quadratic, not {loss}"
    refused(make(), SOLVERS[2], message, data, loss=loss)


def refused(net, solver, message, data, **arguments):
    net.fit(*data, epochs=1)
    kept, loss = net.parameters.tobytes(), net.loss
    with pytest.raises(ValueError, match=message):
        net.fit(*data, optimizer=solver, **arguments)
    assert net.parameters.tobytes() == kept
    assert net.loss == loss
    assert net._optimizer == fcnn.Adam()


@solvers
def test_fit_batch_is_refused(solver, data):
    net = make()
    kept = net.parameters.tobytes()
    with pytest.raises(ValueError, match=f"{type(solver).__name__} needs every row"):
        net.fit_batch(*data, optimizer=solver)
    assert net.parameters.tobytes() == kept


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: s.name)
def test_a_row_that_is_not_finite_is_named(solver, data):
    X, y = data
    X[417, 1] = np.nan
    net = make()
    kept = net.parameters.tobytes()
    with pytest.raises(ValueError, match="X must be finite, row 417 is not"):
        net.fit(X, y, optimizer=solver, epochs=2)
    assert net.parameters.tobytes() == kept


@dtypes
@solvers
def test_parameters_that_are_not_finite_are_divergence(solver, dtype, data):
    net = make(dtype)
    net.layers[2].weight[0, 0] = np.inf
    kept = net.parameters.tobytes()
    with pytest.raises(fcnn.TrainingDiverged):
        net.fit(*data, optimizer=solver, epochs=2)
    assert net.parameters.tobytes() == kept


@solvers
def test_what_a_callback_writes_is_where_it_goes_on(solver, data):
    class Shrink(fcnn.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                self.network.parameters *= 0.5

    at_once, by_hand = make(), make()
    at_once.fit(*data, optimizer=solver, epochs=6, callbacks=Shrink())
    by_hand.fit(*data, optimizer=solver, epochs=3)
    by_hand.parameters *= 0.5
    by_hand.fit(*data, optimizer=solver, epochs=3)
    same_state(at_once, by_hand)


@solvers
def test_other_rows_at_the_same_place_are_seen(solver, data):
    """What is known of the last iteration does not outlive the fit."""
    X, y = data
    net = make()
    net.fit(X, y, optimizer=solver, epochs=4)
    twin = net.copy()
    other = X[::-1].copy()
    X[:] = other
    net.fit(X, y, optimizer=solver, epochs=2)
    twin.fit(other, y.copy(), optimizer=solver, epochs=2)
    same_state(net, twin)


@solvers
def test_early_stopping_puts_the_state_back_too(solver, data):
    class Worse(fcnn.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                self.network.parameters *= 3

    X, y = data
    stop = fcnn.EarlyStopping(patience=1)
    net, twin = make(), make()
    arguments = {"optimizer": solver, "validation_data": (X, y)}
    net.fit(X, y, epochs=4, callbacks=[stop, Worse()], **arguments)
    best = stop.best_epoch + 1
    twin.fit(X, y, epochs=best, callbacks=[], **arguments)
    same_state(net, twin)


@pytest.mark.parametrize("solver", SOLVERS[1:], ids=lambda s: s.name)
def test_states_of_others_are_refused(solver, data):
    net = make()
    net.fit(*data, optimizer=solver, epochs=2)
    trainer = net._trainer
    kept = state_bytes(net)
    other = np.zeros(3)
    wrong = [
        {"step": 1, "scalars": [1.0, 2.0], "moments": []},
        {"step": 1, "scalars": [-1.0], "moments": []},
        {"step": 1, "scalars": kept[1], "moments": [other, other]},
        {"step": 1, "scalars": kept[1], "moments": [net.parameters]},
        {"step": 1, "scalars": kept[1], "moments": [net.parameters] * 8},
        {"step": 1, "scalars": kept[1], "moments": [net.parameters * 0] * 2},
    ]
    for state in wrong:
        with pytest.raises(ValueError, match="state"):
            trainer.set_state(state)
    assert state_bytes(net) == kept


# ---------------------------------------------------------------------- L-BFGS


def scipys(net, X, y, epochs, **penalty):
    """The values of C at each of SciPy's iterates, and its result."""
    twin, values = net.copy(), []

    def objective(theta):
        twin.parameters = theta
        return twin.loss_and_gradient(X, y, **penalty)

    values.append(objective(net.parameters.copy())[0])
    found = minimize(
        objective,
        net.parameters.copy(),
        jac=True,
        method="L-BFGS-B",
        callback=lambda theta: values.append(objective(theta)[0]),
        options={"maxiter": epochs, "ftol": 2.220446049250313e-09, "gtol": 1e-5},
    )
    return values, found


@pytest.mark.parametrize("seed", range(3))
def test_the_iterates_are_scipys(seed, data):
    """Until rounding, which each iteration multiplies, comes to light."""
    X, y = data
    net = make(seed=seed)
    values, _ = scipys(net, X, y, 14)
    history = net.fit(X, y, optimizer="lbfgs", epochs=15)
    np.testing.assert_allclose(history.loss, values, rtol=1e-7)


def test_as_many_evaluations_as_scipys(rng):
    """In the median over small problems, to convergence."""
    ratios = []
    for seed in range(12):
        X = rng.normal(size=(60, 4))
        labels = (X @ rng.normal(size=4) + 0.5 * rng.normal(size=60) > 0).astype(float)
        net = fcnn.Network([4, 5, 1], "tanh", dtype="float64", seed=seed)
        values, found = scipys(net, X, labels, 1000, l2=0.02)
        history = net.fit(X, labels, optimizer="lbfgs", epochs=1000, l2=0.02)
        assert history.stop_reason.startswith("converged")
        assert net.loss_and_gradient(X, labels, l2=0.02)[0] < values[0]
        ratios.append(net._trainer.evaluations / found.nfev)
    assert 0.9 < np.median(ratios) < 1.1


def test_it_ends_where_the_gradient_is_small(rng):
    X = rng.normal(size=(50, 3))
    y = X @ [1.0, -2.0, 0.5] + 3
    net = fcnn.Network([3, 1], output="identity", dtype="float64", seed=0)
    rule = fcnn.LBFGS(tol_gradient=1e-9, tol_loss=0.0)
    history = net.fit(X, y, optimizer=rule, epochs=100)
    assert history.stop_reason == "converged: the gradient is below tol_gradient"
    assert len(history.loss) < 30
    np.testing.assert_allclose(net.layers[1].weight, [[1, -2, 0.5]], atol=1e-8)
    np.testing.assert_allclose(net.layers[1].bias, [3], atol=1e-8)
    kept = net.parameters.tobytes()
    again = net.fit(X, y, optimizer=rule, epochs=100)
    assert len(again.loss) == 1
    assert again.stop_reason == history.stop_reason
    assert net.parameters.tobytes() == kept


def test_it_ends_where_the_loss_hardly_falls(data):
    net = make()
    history = net.fit(*data, optimizer=fcnn.LBFGS(tol_loss=1e-2), epochs=300)
    assert history.stop_reason == "converged: the loss falls by less than tol_loss"
    last = net.loss_and_gradient(*data)[0]
    falls = -np.diff([*history.loss, last])
    assert falls[-1] <= 1e-2
    assert (falls[:-1] > 1e-2).all()


@dtypes
def test_without_tolerances_it_ends_where_the_arithmetic_does(dtype, rng):
    X = rng.normal(size=(50, 3))
    net = fcnn.Network([3, 1], output="identity", dtype=dtype, seed=0)
    rule = fcnn.LBFGS(tol_gradient=0.0, tol_loss=0.0)
    y = X @ [1.0, -2.0, 0.5] + rng.normal(size=50)
    history = net.fit(X, y, optimizer=rule, epochs=2000)
    assert history.stop_reason is not None
    A = np.column_stack([X, np.ones(50)])
    best = np.linalg.lstsq(A, y, rcond=None)[0]
    found = np.append(net.layers[1].weight[0], net.layers[1].bias[0])
    assert np.abs(found - best).max() < (1e-3 if dtype == "float32" else 1e-7)


def test_one_more_evaluation_each_fit_and_no_more(data):
    """C and g are those of the line search's last step."""
    once, twice = make(), make()
    once.fit(*data, optimizer="lbfgs", epochs=5)
    for epochs in (2, 3):
        twice.fit(*data, optimizer="lbfgs", epochs=epochs)
    assert twice._trainer.evaluations == once._trainer.evaluations + 1
    assert 6 <= once._trainer.evaluations <= 12


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_it_classifies(output, rng):
    X = rng.uniform(-1, 1, (300, 2))
    y = (np.hypot(*X.T) > 0.7).astype(int)
    net = fcnn.Network([2, 10, 2], "tanh", output, seed=0)
    history = net.fit(X, y, optimizer="lbfgs", epochs=150, l2=1e-4)
    assert net.evaluate(X, y, metrics="accuracy")["accuracy"] > 0.98
    assert history.loss[-1] < 0.2 * history.loss[0]


@pytest.mark.parametrize(
    ("make_it", "error", "message"),
    [
        (lambda: fcnn.LBFGS(memory=0), ValueError, "memory must be"),
        (lambda: fcnn.LBFGS(memory=2.5), TypeError, "memory must be an integer"),
        (lambda: fcnn.LBFGS(tol_loss=-1), ValueError, "tol_loss must be at least 0"),
        (lambda: fcnn.LBFGS(max_line_search=0), ValueError, "max_line_search"),
        (lambda: fcnn.Rprop(etas=(0.5, 0.9)), ValueError, "one number below 1"),
        (lambda: fcnn.Rprop(etas=0.5), TypeError, "etas must be two numbers"),
        (lambda: fcnn.Rprop(etas=(0.5, 1.2, 2)), ValueError, "two numbers"),
        (lambda: fcnn.Rprop(step_sizes=(1, 0.1)), ValueError, "increasing order"),
        (lambda: fcnn.Rprop(step_sizes=(0, 1)), ValueError, "above 0"),
        (lambda: fcnn.LevenbergMarquardt(mu=0), ValueError, "mu must be above 0"),
        (lambda: fcnn.LevenbergMarquardt(mu_dec=2), ValueError, "mu_dec must be below"),
        (lambda: fcnn.LevenbergMarquardt(mu_inc=1), ValueError, "mu_inc above"),
        (lambda: fcnn.LevenbergMarquardt(mu_max=1e-9), ValueError, "at most mu_max"),
        (lambda: fcnn.LevenbergMarquardt(goal=-1), ValueError, "goal must be"),
        (lambda: fcnn.LevenbergMarquardt(max_fail=0), ValueError, "max_fail must be"),
    ],
)
def test_refused_hyperparameters(make_it, error, message):
    with pytest.raises(error, match=message):
        make_it()


@solvers
def test_they_are_values(solver):
    twin = pickle.loads(pickle.dumps(solver))
    assert twin == solver
    assert hash(twin) == hash(solver)
    assert eval(repr(solver), vars(fcnn)) == solver


# ---- beside what else a fit has ----

ALL = [fcnn.Rprop(), fcnn.LBFGS(), fcnn.LevenbergMarquardt()]


def regression(rng, **arguments):
    X = rng.normal(size=(60, 3)) * 100 + 1000
    y = 1e4 + 50 * np.sin(X[:, 0] / 100)
    net = fcnn.Network(
        [3, 6, 1], "tanh", "identity", dtype="float64", seed=2, **arguments
    )
    return net, X, y


@pytest.mark.parametrize("optimizer", ALL, ids=lambda o: o.name)
def test_with_a_standardizer(optimizer, rng):
    net, X, y = regression(rng, standardize=True)
    plain = regression(rng)[0]
    history = net.fit(X, y, epochs=8, optimizer=optimizer, metrics="mae")
    s = net.standardizer
    Z = (X - s.mean) * (1 / s.scale)
    t = (y[:, None] - s.target_mean) * (1 / s.target_scale)
    expected = plain.fit(Z, t, epochs=8, optimizer=optimizer)
    assert history.loss == expected.loss
    assert np.array_equal(net.parameters, plain.parameters)
    assert history.metrics["mae"][0] > 10 * s.target_scale[0] / 50


@pytest.mark.parametrize("optimizer", ALL, ids=lambda o: o.name)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_resumed(optimizer, dtype, rng, tmp_path):
    X = rng.normal(size=(80, 2))
    y = np.sin(X[:, 0]) + X[:, 1] ** 2

    def make():
        return fcnn.Network([2, 8, 1], "tanh", "identity", dtype=dtype, seed=1)

    fit = {"optimizer": optimizer, "validation_split": 0.2, "metrics": "rmse"}
    whole, part, rest = make(), make(), make()
    expected = whole.fit(X, y, epochs=9, **fit)
    path = tmp_path / "run"
    part.fit(X, y, epochs=4, callbacks=fcnn.Checkpoint(path), **fit)
    history = rest.fit(X, y, epochs=9, resume=path, **fit)
    assert np.array_equal(rest.parameters, whole.parameters)
    assert history.metrics == expected.metrics


def test_a_converged_checkpoint_returns_at_once(rng, tmp_path):
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    path = tmp_path / "run"
    net = fcnn.Network([2, 1], output="identity", dtype="float64", seed=0)
    first = net.fit(X, y, optimizer="lbfgs", epochs=99, callbacks=fcnn.Checkpoint(path))
    assert first.stop_reason.startswith("converged")
    again = fcnn.Network([2, 1], output="identity", dtype="float64", seed=0)
    for epochs in (99, 500):
        history = again.fit(X, y, optimizer="lbfgs", epochs=epochs, resume=path)
        assert history.metrics == first.metrics
        assert history.stop_reason == first.stop_reason
        assert np.array_equal(again.parameters, net.parameters)


@pytest.mark.parametrize("optimizer", ALL, ids=lambda o: o.name)
def test_what_does_not_go_with_all_rows_at_once(optimizer, rng):
    net, X, y = regression(rng)
    before = net.parameters.copy()
    for noisy in ({"dropout": 0.1}, {"input_noise": 0.1}):
        with pytest.raises(ValueError, match="dropout and input_noise must be 0"):
            regression(rng, **noisy)[0].fit(X, y, optimizer=optimizer)
    with pytest.raises(ValueError, match="not batches"):
        net.fit(batches=[(X, y)], epochs=1, optimizer=optimizer)
    with pytest.raises(ValueError, match="not to fit_batch"):
        net.fit_batch(X, y, optimizer=optimizer)
    if optimizer.name == "rprop":
        net.fit(X, y, optimizer=optimizer, max_norm=1.0, epochs=1)
    else:
        with pytest.raises(ValueError, match="takes no max_norm"):
            net.fit(X, y, optimizer=optimizer, max_norm=1.0)
    net.fit(X, y, optimizer=optimizer, epochs=1)
    assert net.learning_rate is None
    with pytest.raises(ValueError, match="no learning rate to be set"):
        net.learning_rate = 0.1
    assert not np.array_equal(net.parameters, before)


@pytest.mark.parametrize("optimizer", ALL, ids=lambda o: o.name)
def test_sparse_rows_and_batch_hooks(optimizer, rng):
    from scipy import sparse

    X = sparse.random(50, 4, 0.5, format="csr", random_state=0)
    y = rng.normal(size=50)
    calls = []
    hooks = fcnn.LambdaCallback(
        on_train_batch_end=lambda batch, logs: calls.append((batch, logs["loss"]))
    )
    one, other = (fcnn.Network([4, 3, 1], "tanh", "identity", seed=0) for _ in range(2))
    history = one.fit(X, y, optimizer=optimizer, epochs=3, callbacks=hooks)
    other.fit(X.toarray(), y, optimizer=optimizer, epochs=3)
    assert np.array_equal(one.parameters, other.parameters)
    assert calls == [(0, loss) for loss in history.loss]
