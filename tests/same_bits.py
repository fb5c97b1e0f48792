"""Every combination of the lists, trained with 1 to 8 threads: the same bits.

Each output with each loss that it may have, each optimizer, each dtype; with one
option of OPTIONS in turn (dropout, noise, penalties, ...), another hidden activation
and another shape in turn. Compared are theta, the optimizer's state and History; then,
of the trained network, predictions of any split of the rows, from every door that
gives outputs, for arrays at other addresses and of other layouts, and of its copies.

    python tests/same_bits.py             # all of it, about ten minutes on two cores
    python tests/same_bits.py 3 97        # of 97 combinations the fourth
    python tests/same_bits.py --digest 97 # a digest of those, to compare processes

tests/test_same_bits.py runs a few of them.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import fcnn
import helpers
import reference as ref
from fcnn import _core

DTYPES = ("float32", "float64")
RULES = {
    "sgd": fcnn.SGD(lr=0.05, momentum=0.9, nesterov=True),
    "adam": fcnn.Adam(lr=0.01),
    "adamw": fcnn.AdamW(lr=0.01),
    "rmsprop": fcnn.RMSprop(lr=0.01),
    "adagrad": fcnn.Adagrad(lr=0.05),
    "nadam": fcnn.NAdam(lr=0.01),
    "rprop": fcnn.Rprop(),
    "lbfgs": fcnn.LBFGS(memory=3),
    "levenberg_marquardt": fcnn.LevenbergMarquardt(),
}
# Arguments of the network, and of fit.
OPTIONS = {
    "plain": ({}, {}),
    "dropout": ({"dropout": [0.2, 0.3]}, {}),
    "input_noise": ({"input_noise": 0.3}, {}),
    "standardize": ({"standardize": True}, {}),
    "l1": ({}, {"l1": 1e-3}),
    "l2": ({}, {"l2": 1e-3}),
    "clip_norm": ({}, {"clip_norm": 0.05}),
    "max_norm": ({}, {"max_norm": 0.9}),
    "label_smoothing": ({}, {"label_smoothing": 0.1}),
    "sample_weight": ({}, {"sample_weight": True}),
    "everything": (
        {"dropout": [0.2, 0.3], "input_noise": 0.3, "standardize": True},
        {
            "l1": 1e-3,
            "l2": 1e-3,
            "clip_norm": 0.05,
            "max_norm": 0.9,
            "label_smoothing": 0.1,
            "sample_weight": True,
        },
    ),
}
# Around the widths of the strips and of the chunks of 256 samples.
SHAPES = [([6, 19, 3], 300), ([20, 33, 2], 261), ([3, 16, 5], 520), ([17, 7, 1], 513)]
FULL_BATCH = {"rprop", "lbfgs", "levenberg_marquardt"}
NOT_OF_SOLVERS = {"l1", "clip_norm", "max_norm", "label_smoothing"}
SMOOTHED = {"cross_entropy", "binary_cross_entropy", "logistic"}


@dataclass(frozen=True)
class Combination:
    hidden: str
    output: str
    loss: str
    rule: str
    option: str
    dtype: str
    shape: int


def refuses(rule: str, loss: str, option: str) -> bool:
    """What fcnn refuses: see the docstrings of the full-batch optimizers and of fit."""
    base, _ = ref.split_name(loss)
    return (
        (rule == "levenberg_marquardt" and base not in {"mse", "quadratic"})
        or (rule in FULL_BATCH and option in {"dropout", "input_noise"})
        or (rule in {"lbfgs", "levenberg_marquardt"} and option in NOT_OF_SOLVERS)
    )


def combinations() -> list[Combination]:
    """Every output and loss with every rule and dtype; the rest goes round."""
    found, options = [], list(OPTIONS)
    for output, loss in helpers.LEGAL_PAIRS:
        for rule in RULES:
            for dtype in DTYPES:
                turn = len(found)
                option = options[turn % len(options)]
                if refuses(rule, loss, "plain"):
                    continue
                if option == "label_smoothing" and loss not in SMOOTHED:
                    option = "l2"
                if refuses(rule, loss, option):
                    option = "sample_weight"
                hidden = helpers.HIDDEN[turn % len(helpers.HIDDEN)]
                wide = output == "softmax" or loss == "cross_entropy"
                shape = turn % (len(SHAPES) - wide)
                found.append(
                    Combination(hidden, output, loss, rule, option, dtype, shape)
                )
    return found


def arguments_of(c: Combination, rng) -> tuple[dict, dict]:
    for_network, for_fit = (dict(given) for given in OPTIONS[c.option])
    if c.option == "everything":
        if c.loss not in SMOOTHED:
            del for_fit["label_smoothing"]
        if c.rule in FULL_BATCH:
            for_network = {"standardize": True}
        if c.rule in {"lbfgs", "levenberg_marquardt"}:
            for name in NOT_OF_SOLVERS:
                for_fit.pop(name, None)
    if for_fit.get("sample_weight"):
        for_fit["sample_weight"] = rng.uniform(0.2, 2, SHAPES[c.shape][1])
    if c.rule not in FULL_BATCH:
        for_fit["batch_size"] = 130
    return for_network, for_fit


def data(c: Combination, rng):
    sizes, n = SHAPES[c.shape]
    X = rng.normal(size=(n, sizes[0]))
    base, _ = ref.split_name(c.loss)
    if base.startswith("poisson"):
        return X, rng.uniform(0, 3, (n, sizes[-1]))
    if base in ref.TARGETS:
        return X, rng.uniform(0, 1, (n, sizes[-1]))
    return X, rng.normal(size=(n, sizes[-1]))


def state_bytes(net) -> bytes:
    """theta and the optimizer's state, where it has begun."""
    if net._trainer is None:
        return net.parameters.tobytes()
    state = net._trainer.state()
    scalars = repr((state["step"], state["scalars"])).encode()
    moments = b"".join(moment.tobytes() for moment in state["moments"])
    return net.parameters.tobytes() + scalars + moments


def trained(c: Combination, n_threads: int):
    """The network, everything that training has made of it, and the parts shared."""
    rng = np.random.default_rng(7)
    X, y = data(c, rng)
    for_network, for_fit = arguments_of(c, rng)
    sizes, _ = SHAPES[c.shape]
    net = fcnn.Network(
        sizes, c.hidden, c.output, dtype=c.dtype, seed=5, loss=c.loss, **for_network
    )
    before = _core.thread_stats()
    ended = ""
    try:
        history = net.fit(
            X,
            y,
            epochs=2,
            optimizer=RULES[c.rule],
            validation_data=(X[:40], y[:40]),
            metrics=["mse"],
            n_threads=n_threads,
            **for_fit,
        )
    except fcnn.TrainingDiverged as error:  # then at the same place
        history, ended = error.history, f"{error.epoch} {error.batch}"
    after = _core.thread_stats()
    result = state_bytes(net) + repr((history.metrics, ended)).encode()
    return net, result, after["parts"] - before["parts"]


def same(a, b) -> bool:
    return np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


def elsewhere(X, offset: int):
    """The same numbers at another address, unaligned for an odd one."""
    memory = np.empty(X.nbytes + 64, np.uint8)
    moved = memory[offset : offset + X.nbytes].view(X.dtype).reshape(X.shape)
    moved[:] = X
    return moved


def mapped(X, folder):
    np.save(Path(folder) / "X.npy", X)
    return np.load(Path(folder) / "X.npy", mmap_mode="r")


def outputs_of_evaluate(net, X, y):
    seen = []
    net.evaluate(X, y, metrics=lambda y, a: seen.append(a.copy()) or 0.0)
    return seen[0]


def check_outputs(c: Combination, net, rng, folder) -> None:
    """One set of outputs, from whatever door, threads, split, layout and copy."""
    X, y = data(c, np.random.default_rng(7))
    # what forward and backprop show of standardized targets is standardized
    as_trained = net.standardizer is None or c.output != "identity"
    fcnn.set_num_threads(1)
    a = net.predict(X)
    for n_threads in (2, 3, 5, 8):
        fcnn.set_num_threads(n_threads)
        assert same(net.predict(X), a), n_threads
        cuts = np.unique(rng.integers(1, len(X), rng.integers(1, 12)))
        parts = [net.predict(part) for part in np.split(X, cuts)]
        assert same(np.concatenate(parts), a), cuts
        if as_trained:
            assert same(net.forward(X).a[-1], a)
            assert same(net.backprop(X, y).a[-1], a)
        assert same(outputs_of_evaluate(net, X, y), a)
        for i in rng.integers(0, len(X), 3):
            assert same(net.predict(X[i]), a[i])
    rows = rng.permutation(len(X))
    assert same(net.predict(X[rows]), a[rows])
    own = X.astype(c.dtype)
    exact = net.predict(own)
    for other in (
        elsewhere(own, 1),
        elsewhere(own, 8),
        elsewhere(own, 36),
        np.asfortranarray(own),
        np.repeat(own, 2, axis=1)[:, ::2],
        own[::-1].copy()[::-1],
        own.astype(own.dtype.newbyteorder("S")),
        mapped(own, folder),
    ):
        assert same(net.predict(other), exact)
        assert same(net.predictor(len(X))(other), exact)
    net.save(Path(folder) / "net")
    for twin in (
        fcnn.load(Path(folder) / "net"),
        net.copy(),
        pickle.loads(pickle.dumps(net)),
    ):
        assert twin.parameters.tobytes() == net.parameters.tobytes()
        assert same(twin.predict(X), a)


def check(c: Combination, threads=range(1, 9)) -> None:
    first = None
    for n_threads in threads:
        net, result, parts = trained(c, n_threads)
        if n_threads == 1:
            assert parts == 0, c
            first = result
        else:
            assert parts > 0, f"{c}: nothing was shared out"
            assert result == first, f"{c}: {n_threads} threads"
    with tempfile.TemporaryDirectory() as folder:
        check_outputs(c, net, np.random.default_rng(9), folder)


def digest(step: int) -> str:
    """Of what every `step`-th combination trains to, with this process's threads."""
    found = hashlib.sha256()
    for c in combinations()[::step]:
        net, result, _ = trained(c, fcnn.get_num_threads())
        found.update(
            result + net.predict(data(c, np.random.default_rng(1))[0]).tobytes()
        )
    return found.hexdigest()


def main(arguments: list[str]) -> None:
    split, threads = _core.set_always_split(True), fcnn.get_num_threads()
    try:
        if arguments[:1] == ["--digest"]:
            print(digest(int(arguments[1])))
            return
        first, step = (int(a) for a in arguments) if arguments else (0, 1)
        chosen, start = combinations()[first::step], time.monotonic()
        for i, c in enumerate(chosen):
            check(c)
            if i % 100 == 99:
                print(f"{i + 1} of {len(chosen)}", file=sys.stderr, flush=True)
        seconds = time.monotonic() - start
        print(
            f"{len(chosen)} combinations, each with 1 to 8 threads at CPU level "
            f"{_core.level}: the same bits, {seconds:.0f} s"
        )
    finally:
        _core.set_always_split(split)
        fcnn.set_num_threads(threads)


if __name__ == "__main__":
    main(sys.argv[1:])
