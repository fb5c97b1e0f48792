"""Checkpoint: what a fit needs to go on where it was, to the same bits."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import _atomic, _checks, _tree
from fcnn._float_state import by_default
from fcnn._sparse import SparseRows
from fcnn._standardize import Standardizer, check_standardizer
from fcnn.callbacks import Callback
from fcnn.config import version

if TYPE_CHECKING:
    from fcnn import _data
    from fcnn._plan import Plan
    from fcnn._run import Run
    from fcnn._types import Array
    from fcnn.network import Network

FORMAT_VERSION = 1
_KEY = "fcnn_checkpoint"
_SAMPLED_ROWS = 256  # of X, that are compared
_HASHED_ROWS = 4096  # at a time


class Checkpoint(Callback):
    """Writes, as the fit goes, the file from which ``fit(resume=...)`` continues.

    It has everything that decides the rest of the training: theta, the optimizer's
    state and learning rate, the epoch and the place in it, what the random numbers are
    keyed by, the standardizer, History and each callback's state (the best parameters
    of `EarlyStopping` too). A fit that was killed and resumed ends with the bits of one
    that never stopped, at any number of threads.

    Parameters
    ----------
    path : str or os.PathLike
        A safetensors file, replaced as a whole each time: whenever the process dies,
        the last complete one is there.
    every : int, default 1
        Write after each so many epochs; and always when the fit ends.
    every_batches : int, optional
        Write after each so many batches of an epoch, too.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as stated above.
    OSError
        By the fit, if the file cannot be written.

    Notes
    -----
    Where a fit has stopped because its epochs were done or a callback such as
    `EarlyStopping` ended it, the checkpoint is finished: it has the network as the fit
    left it as well, and resuming it returns at once. With more epochs than before it
    goes on from the last one; after a callback's stop it does not, for the longer fit
    would have stopped there too. `TimeLimit` finishes nothing.

    Examples
    --------
    >>> import fcnn, pathlib, tempfile
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> whole = fcnn.Network([2, 8, 1], "tanh", seed=1)
    >>> history = whole.fit(X, y, epochs=6)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "run.ckpt")
    ...     first = fcnn.Network([2, 8, 1], "tanh", seed=1)
    ...     _ = first.fit(X, y, epochs=2, callbacks=[fcnn.Checkpoint(path)])
    ...     second = fcnn.Network([2, 8, 1], "tanh")
    ...     resumed = second.fit(X, y, epochs=6, resume=path)
    >>> bool((second.parameters == whole.parameters).all())
    True
    >>> resumed.loss == history.loss
    True
    """

    _run: Run

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: int = 1,
        *,
        every_batches: int | None = None,
    ) -> None:
        self.path = Path(_checks.path("path", path))
        self.every = _checks.integer("every", every, 1)
        if every_batches is not None:
            every_batches = _checks.integer("every_batches", every_batches, 1)
        self.every_batches = every_batches

    def prepare(self, network: Network, params: dict[str, Any]) -> None:
        """Refuses a path that cannot be written before training begins."""
        super().prepare(network, params)
        _atomic.check_target(self.path)

    def attach(self, run: Run) -> None:
        """The training loop tells what it is doing."""
        self._run = run

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
        """Writes every so many epochs."""
        if (epoch + 1) % self.every == 0:
            self._write(self._run.state())

    def on_train_batch_end(
        self,
        batch: int,  # noqa: ARG002
        logs: Mapping[str, float] | None = None,  # noqa: ARG002
    ) -> None:
        """Writes every so many batches."""
        self._write(self._run.state())

    def finish(self, state: dict[str, Any]) -> None:
        """Writes the last state, with what the fit has left of the network."""
        self._write(state)
        del self._run  # and with it the data

    def _write(self, state: dict[str, Any]) -> None:
        versions = {"format_version": FORMAT_VERSION, "fcnn_version": version()}
        _tree.write(self.path, _KEY, versions | state)


@dataclass(frozen=True)
class Saved:
    """A checkpoint that was read."""

    path: str
    tree: dict[str, Any]

    @property
    def seed(self) -> int:
        """The seed of the network that was trained."""
        return int(self.tree["seed"])

    @property
    def standardizer(self) -> Standardizer | None:
        """What that network had learned."""
        arrays = self.tree["standardizer"]
        return None if arrays is None else Standardizer(*arrays)

    @property
    def callback_names(self) -> list[str]:
        """The classes of the callbacks that have left a state."""
        return [str(name) for name, _ in self.tree["callbacks"]]

    @contextmanager
    def damage_is_value_error(self) -> Iterator[None]:
        """What is not as a checkpoint has it is told as a ValueError."""
        try:
            yield
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise ValueError(f"{self.path} is a damaged {_KEY}: {error}") from error

    def check(self, net: Network, plan: Plan) -> None:
        """Refuses another network, other arguments, other data, other callbacks."""
        expected = description(net, plan)
        for part, mine in expected.items():
            saved = self.tree[part]
            for name, value in mine.items():
                with self.damage_is_value_error():
                    same = bool(saved.get(name) == value)
                if not same:
                    raise ValueError(
                        f"{self.path} does not go with this fit: its {name} is "
                        f"{_checks.shown(saved.get(name))}, not {_checks.shown(value)}"
                    )
        names = [type(callback).__name__ for callback in with_state(plan)]
        if self.callback_names != names:
            raise ValueError(
                f"{self.path} does not go with this fit: its callbacks with a state "
                f"are {self.callback_names}, not {names}"
            )
        position = self.tree["position"]
        if plan.batches is None and position["batch"] > plan.n_batches:
            raise ValueError(
                f"{self.path} is a damaged {_KEY}: it has {position['batch']} batches "
                f"of an epoch done, which has {plan.n_batches}"
            )
        done = position["epoch"]
        if done > plan.epochs:
            raise ValueError(
                f"{self.path} has {done} epochs done, more than epochs={plan.epochs}, "
                "which is the total"
            )
        if self.standardizer is not None:
            check_standardizer(self.standardizer, net._architecture)


def with_state(plan: Plan) -> list[Callback]:
    """The callbacks that keep something for a resumed fit, in order."""
    return [c for c in plan.callbacks if type(c).state is not Callback.state]


@by_default
def read(path: Any) -> Saved:
    """The checkpoint, its form checked; FileNotFoundError where there is none."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"resume must be a path, not {_checks.shown(path)}")
    tree = _tree.read(path, _KEY)
    name = os.fspath(path)
    if not isinstance(tree, dict):
        raise ValueError(f"{name} is no {_KEY}: its metadata is no JSON object")  # noqa: TRY004
    found = tree.get("format_version")
    if found != FORMAT_VERSION:
        raise ValueError(
            f"{name} has format_version {_checks.shown(found)}; this fcnn {version()} "
            f"reads {FORMAT_VERSION}"
        )
    _check_form(name, tree, _FORM)
    saved = Saved(name, tree)
    with saved.damage_is_value_error():
        _checks.seed("its seed", tree["seed"])
        _checks.integer("its epoch_count", tree["epoch_count"], 0, 2**31 - 1)
        _checks.integer("its stream_steps", tree["stream_steps"], 0, 2**63 - 1)
        for name, value in tree["position"].items():
            if name != "sums":
                _checks.integer(f"its {name}", value, 0, 2**63 - 1)
        _ = saved.standardizer, saved.callback_names
    return saved


_FORM: dict[str, Any] = {
    "network": dict,
    "arguments": dict,
    "data": dict,
    "seed": int,
    "epoch_count": int,
    "stream_steps": int,
    "standardizer": (list, type(None)),
    "position": {"epoch": int, "batch": int, "rows": int, "sums": list},
    "training": dict,
    "epoch_start": (dict, type(None)),
    "outputs": (np.ndarray, type(None)),
    "history": dict,
    "learning_rate": list,
    "callbacks": list,
    "finished": bool,
    "stopped": bool,
    "stream": list,
    "stop_reason": (str, type(None)),
    "result": (dict, type(None)),
}


def _check_form(name: str, tree: dict[str, Any], form: dict[str, Any]) -> None:
    for key, kind in form.items():
        value = tree.get(key)
        wanted = dict if isinstance(kind, dict) else kind
        if key not in tree or not isinstance(value, wanted):
            raise ValueError(f"{name} is a damaged {_KEY}: its {key} is wrong")
        if isinstance(kind, dict):
            _check_form(name, tree[key], kind)


def description(net: Network, plan: Plan) -> dict[str, dict[str, Any]]:
    """What must be the same in a resumed fit, as the checkpoint keeps it."""
    architecture, step = net._architecture, plan.step
    return {
        "network": {
            "sizes": list(architecture.sizes),
            "activations": list(architecture.activations),
            "biases": list(architecture.biases),
            "dropout": list(architecture.dropout),
            "input_noise": architecture.input_noise,
            "standardize": architecture.standardize,
            "dtype": net.dtype.name,
        },
        "arguments": {
            "loss": step.loss,
            "optimizer": repr(step.optimizer),
            "batch_size": plan.batch_size,
            "shuffle": plan.shuffle,
            "seed": plan.seed,
            "l1": step.l1,
            "l2": step.l2,
            "penalty_per": "sample" if step.per_sample else "batch",
            "clip_norm": step.clip_norm,
            "max_norm": step.max_norm,
            "label_smoothing": step.label_smoothing,
            "class_weight": repr(step.class_weight),
            "metrics": plan.names,
        },
        "data": {
            **_named("", step.rows, plan.train),
            **_named("validation ", plan.validation, plan.validation_rows),
        },
    }


def _named(
    prefix: str, rows: _data.Rows | None, chosen: Array | None
) -> dict[str, Any]:
    """Shapes, dtypes and hashes: of y, of the weights and of sampled rows of X."""
    if rows is None:
        return {f"{prefix}X": None}
    sampled = np.unique(np.linspace(0, len(rows) - 1, _SAMPLED_ROWS).astype(np.int64))
    X = rows.X[sampled]
    X = X.toarray() if isinstance(X, SparseRows) else X
    return {
        f"shape of {prefix}X": list(rows.X.shape),
        f"dtype of {prefix}X": X.dtype.str,
        f"hash of {prefix}X": _hash(X),
        f"shape of {prefix}y": list(rows.Y.shape),
        f"dtype of {prefix}y": rows.Y.dtype.str,
        f"hash of {prefix}y": _hash(rows.Y),
        f"hash of {prefix}weights": _hash(rows.weight),
        f"choice of {prefix}rows": _hash(chosen),
    }


def _hash(array: Array | None) -> str | None:
    """Of the numbers in C order, a block at a time: y may be a file's."""
    if array is None:
        return None
    import hashlib

    digest = hashlib.blake2b(digest_size=16)
    for start in range(0, len(array), _HASHED_ROWS):
        block = np.ascontiguousarray(array[start : start + _HASHED_ROWS])
        digest.update(block.data)
    return digest.hexdigest()
