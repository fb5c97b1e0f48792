"""Another library's rounding mode and flush-to-zero: the same bits, and left alone."""

from __future__ import annotations

import _thread
import pickle
import signal
import threading

import numpy as np
import pytest

import fcnn
import float_state
from float_state import STATES
from same_bits import RULES, state_bytes

pytestmark = pytest.mark.skipif(
    not float_state.AVAILABLE, reason="x86-64 Linux: MXCSR through glibc"
)
states = pytest.mark.parametrize("state", STATES.values(), ids=list(STATES))

# Numbers that round, a subnormal one among them; and weights of every size.
RNG = np.random.default_rng(3)
X = RNG.normal(size=(300, 5))
X[0, 0] = 1e-310
Y = RNG.normal(size=(300, 3))
LABELS = RNG.integers(0, 3, 300)
WEIGHT = RNG.uniform(0.1, 2, 300)
OWN = {dtype: X.astype(dtype) for dtype in ("float32", "float64")}


def bits(*results) -> bytes:
    """All numbers of results, in an order of their own."""
    found = []
    for result in results:
        if isinstance(result, dict):
            found.append(bits(*(result[key] for key in sorted(result))))
        elif isinstance(result, (list, tuple)):
            found.append(bits(*result))
        elif isinstance(result, bytes):
            found.append(result)
        else:
            found.append(np.ascontiguousarray(result).tobytes())
    return b"|".join(found)


def make(dtype, activation="elu(0.3)", output="identity", **arguments):
    return fcnn.Network(
        [5, 18, 3], activation, output, dtype=dtype, seed=3, **arguments
    )


def outputs(dtype):
    net = make(dtype, "leaky_relu(0.07)", "hard_sigmoid(0.21)")
    predictor = net.predictor(300)
    return bits(
        net.parameters,
        net.predict(X),
        net.predict(OWN[dtype][0]),
        predictor(OWN[dtype]),
        predictor(OWN[dtype][0]),
        predictor(X),
        predictor(np.asfortranarray(X)),
        net.forward(X).a[2],
    )


def derivatives(dtype):
    net = make(dtype, loss="huber(0.3)")
    v, given = net.parameters[::-1].copy(), {"sample_weight": WEIGHT}
    b = net.backprop(X, Y, l1=0.1, l2=0.3, **given)
    return bits(
        b.loss,
        b.gradient,
        net.loss_and_gradient(X, Y, l2=0.3, **given),
        net.input_gradient(X, Y, **given),
        net.hessian_vector_product(X, Y, v, l2=0.1, **given),
        net.jacobian(X[:9]),
        net.parameter_jacobian(X[:9]),
        net.evaluate(X, Y, metrics=["mse", "rmse", "mae", "r2"], **given),
        net.gradient_check(X[:4], Y[:4], max_probes=9).max_error,
    )


def trained(dtype, rule="adam", output="softmax", y=LABELS, network=None, **arguments):
    net = make(dtype, "gelu", output, **(network or {}))
    if RULES[rule].name not in ("rprop", "lbfgs", "levenberg_marquardt"):
        arguments["batch_size"] = 70
    history = net.fit(X, y, epochs=2, optimizer=RULES[rule], n_threads=2, **arguments)
    standardizer = net.standardizer
    learned = () if standardizer is None else standardizer._for_core()
    return bits(state_bytes(net), history.metrics, history.learning_rate[:1], learned)


def rules(dtype):
    values = {"output": "identity", "y": Y}
    return bits(*(trained(dtype, rule, **values) for rule in RULES))


def options(dtype):
    values = {"output": "identity", "y": Y}
    cosine = fcnn.schedules.Cosine(0.01, steps=7)
    warm = fcnn.Adam(lr=fcnn.schedules.Warmup(cosine, steps=3))
    net = make(dtype)
    net.fit(X, Y, optimizer=warm, epochs=2)
    return bits(
        state_bytes(net),
        trained(dtype, sample_weight=WEIGHT, l1=1e-3, l2=1e-3, clip_norm=0.1),
        trained(dtype, max_norm=0.7, label_smoothing=0.1, penalty_per="sample"),
        trained(dtype, class_weight="balanced", sample_weight=WEIGHT),
        trained(dtype, class_weight={0: 0.3, 1: 0.7, 2: 1.1}, sample_weight=WEIGHT),
        trained(dtype, validation_split=0.23, metrics=["accuracy", "mse"]),
        trained(dtype, network={"dropout": 0.3, "input_noise": 0.1}),
        trained(dtype, network={"standardize": True}, sample_weight=WEIGHT, **values),
        trained(
            dtype, callbacks=fcnn.ReduceLROnPlateau("loss", patience=0, factor=0.3)
        ),
    )


def the_rest(dtype):
    net = make(dtype)
    losses = [net.fit_batch(X, Y, sample_weight=WEIGHT) for _ in range(3)]
    batches = [(X[i : i + 90], Y[i : i + 90], WEIGHT[i : i + 90]) for i in (0, 90, 180)]
    stream = net.fit(batches=batches, epochs=2, metrics="mae")
    rates = fcnn.lr_range_test(net, X, Y, steps=12)
    copies = [net.copy(), pickle.loads(pickle.dumps(net))]
    return bits(
        losses,
        stream.metrics,
        state_bytes(net),
        rates.loss,
        rates.smoothed_loss,
        rates.lr,
        [copy.predict(X) for copy in copies],
    )


@pytest.mark.parametrize("dtype", OWN)
@pytest.mark.parametrize("entry", [outputs, derivatives, rules, options, the_rest])
def test_the_same_bits_in_every_state(entry, dtype, split_everything):
    fcnn.set_num_threads(2)
    expected = entry(dtype)
    for name, state in STATES.items():
        with float_state.state(state):
            result, after = entry(dtype), float_state.get()
        assert result == expected, name
        assert after == state, name


def described(net):
    a = net._architecture
    learned = net.standardizer._for_core()
    return bits(net.parameters, a.dropout, a.input_noise, learned, net.predict(X))


@states
def test_files_in_every_state(state, tmp_path):
    """Numbers are written and read as text, which the C library would round."""
    net = fcnn.Network(
        [5, 8, 3], output="identity", dropout=0.1237, input_noise=1 / 3,
        dtype="float64", standardize=True, seed=3,
    )  # fmt: skip
    net.fit(X, Y, epochs=1, callbacks=fcnn.Checkpoint(tmp_path / "a.ckpt"))
    net.save(tmp_path / "a")
    net.to_c(tmp_path / "a.c", name="net")
    expected = described(fcnn.load(tmp_path / "a"))
    resumed = net.copy()
    resumed.fit(X, Y, epochs=2, resume=tmp_path / "a.ckpt")
    with float_state.state(state):
        net.save(tmp_path / "b")
        net.to_c(tmp_path / "b.c", name="net")
        loaded, again = fcnn.load(tmp_path / "a"), net.copy()
        again.fit(X, Y, epochs=2, resume=tmp_path / "a.ckpt")
        assert float_state.get() == state
    assert described(loaded) == expected == described(net)
    assert described(again) == described(resumed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a.c").read_bytes() == (tmp_path / "b.c").read_bytes()


@states
def test_threads_that_are_made_in_it(state, split_everything):
    """A thread inherits the state of the one that makes it."""
    expected, results, left = rules("float32"), [], []

    def work():
        results.append(rules("float32"))
        left.append(float_state.get())

    with float_state.state(state):
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [expected, expected]
    assert left == [state, state]


@states
def test_the_state_after_errors(state):
    net, bad = make("float32"), X.copy()
    bad[7] = np.nan
    calls = [
        (ValueError, lambda: net.predict(X[:, :3])),
        (ValueError, lambda: net.fit(bad, Y)),
        (ValueError, lambda: net.fit_batch(bad, Y)),
        (ValueError, lambda: net.fit(X, Y, optimizer="lbfgs", l1=0.1)),
        (ValueError, lambda: net.predictor(1)(X)),
        (ValueError, lambda: net.evaluate(X, Y, sample_weight=np.zeros(300))),
        (ValueError, lambda: net.backprop(X, Y, "cross_entropy")),
        (ValueError, lambda: fcnn.Network([1, 1], "elu(-1)")),
        (fcnn.TrainingDiverged, lambda: net.fit(X, Y * 1e30, optimizer="sgd")),
        (ZeroDivisionError, lambda: net.evaluate(X, Y, metrics=lambda y, a: 1 // 0)),
    ]
    with float_state.state(state):
        for error, call in calls:
            with pytest.raises(error):
                call()
            assert float_state.get() == state


@states
def test_the_state_after_ctrl_c(state):
    net = fcnn.Network([5, 300, 300, 3], output="identity", seed=0)
    timer = threading.Timer(0.1, _thread.interrupt_main)
    with float_state.state(state):
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            net.fit(X, Y, epochs=10**6, n_threads=2)
        assert float_state.get() == state
    timer.join()


class Changes(fcnn.Callback):
    """Sets another state after each epoch, and remembers what it was given."""

    def __init__(self, state):
        self.state, self.found = state, []

    def on_epoch_end(self, epoch, logs=None):
        self.found.append(float_state.get())
        float_state.put(self.state)


@states
def test_a_callback_sees_the_callers_state_and_may_change_it(state):
    """What it sets stays set, as if the caller had done so; and changes no bit."""
    expected, callback = trained("float32"), Changes(state)
    before = float_state.get()
    try:
        result = trained("float32", callbacks=callback)
        assert float_state.get() == state
    finally:
        float_state.put(before)
    assert callback.found == [before, state]
    assert result == expected


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX")
def test_what_a_signals_handler_sets_ends_with_the_call():
    """It runs in the caller's state or, within fcnn's own Python, the default one."""
    up, down, found = STATES["up"], STATES["down flushed"], []

    def handler(number, frame):
        found.append(float_state.get())
        float_state.put(down)

    def train():
        net = fcnn.Network([5, 100, 100, 3], output="identity", dtype="float64", seed=0)
        net.fit(X, Y, epochs=150, n_threads=1)
        return state_bytes(net)

    expected = train()
    kept = signal.signal(signal.SIGALRM, handler)
    try:
        with float_state.state(up):
            signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
            result = train()
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, kept)
    assert up in found
    assert set(found) <= {up, down, float_state.DEFAULT}
    assert result == expected


def test_a_signals_handler_within_one_call_of_the_core():
    """It runs in the caller's state, and what is computed after it in the core's."""
    up, found = STATES["up"], []
    net = fcnn.Network([50, 500, 500, 3], output="identity", seed=0)
    rows = np.resize(np.random.default_rng(0).normal(size=(999, 50)), (120_000, 50))
    expected = net.predict(rows)
    out = np.empty_like(expected)
    kept = signal.signal(signal.SIGALRM, lambda *_: found.append(float_state.get()))
    try:
        with float_state.state(up):
            signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
            net._engine.predict(rows, out, 1)
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, kept)
    assert len(found) > 1  # a handler that waits for the call's end runs once
    assert set(found) == {up}
    assert np.array_equal(out, expected)
