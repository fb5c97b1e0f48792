"""A fit under way: where it is, its next epoch, and what a checkpoint keeps of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from fcnn import _batches, _checks, _core, checkpoint
from fcnn._base import TrainingState
from fcnn._float_state import by_default
from fcnn._types import Array
from fcnn.errors import TrainingDiverged
from fcnn.history import History

if TYPE_CHECKING:
    from fcnn._plan import Plan, Step
    from fcnn.network import Network
    from fcnn.optimizers import AnyTrainer


class Run:
    """The state of one `Network.fit`; its methods are called by the training loop."""

    def __init__(self, net: Network, plan: Plan) -> None:
        self.net = net
        self.plan = plan
        self.history = History(plan.names)
        self.epoch = 0  # this many are done
        self.batch = 0  # and of the next one, this many batches
        self._rows = 0  # and rows, where batches come from outside
        self._sums = 0.0, 0.0  # of w C and of w in them
        self._start: TrainingState | None = None  # where the epoch began
        self._rate: float | None = None  # the learning rate of its first step
        self._stepped = False  # whether theta may be another than at the beginning
        self._stopped = False  # by a callback whose stop is final
        self._finished = False
        self._checkpoints = [
            c for c in plan.callbacks if isinstance(c, checkpoint.Checkpoint)
        ]
        self._description: dict[str, Any] = {}
        if self._checkpoints:  # it reads all of y
            self._description = checkpoint.description(net, plan)
        for callback in self._checkpoints:
            callback.attach(self)
        self._rows_of_epoch = plan.train  # in their order
        self._outputs: Array | None = None  # of each training row before its update
        self._stream: list[tuple[Array, Array, Array | None]] = []  # y, outputs, w
        if plan.metrics and plan.batches is None:
            self._outputs = np.zeros((len(plan.train), net.sizes[-1]), net.dtype)

    @contextmanager
    def nothing_changed_without_a_step(self) -> Iterator[None]:
        """A fit that fails before it has made a step leaves the network as it was."""
        net, saved = self.net, self.plan.saved
        names = ["_loss", "_seed", "_epoch", "_stream_steps"]
        if saved is not None or net._optimizer != self.plan.step.optimizer:
            names += ["_optimizer", "_trainer"]  # else `_going_back` sees to them
        before = {name: getattr(net, name) for name in names}
        standardizer = net.standardizer
        theta = None if saved is None else net.parameters.copy()
        try:
            yield
        except BaseException:
            if not self._stepped:
                for name, value in before.items():
                    setattr(net, name, value)
                if net.standardizer is not standardizer:
                    net._set_standardizer(standardizer)
                if theta is not None:
                    net.parameters[...] = theta
            raise

    # ---- an epoch ----

    @property
    def goes_on(self) -> bool:
        """Whether there is an epoch to be begun, or one to be ended."""
        asked = any(c.stop_training for c in self.plan.callbacks)
        stop = self._stopped or asked or self.history.stop_reason is not None
        return self.epoch < self.plan.epochs and (self.batch > 0 or not stop)

    def train_epoch(self) -> dict[str, float]:
        """Trains to the end of the epoch and calls the callbacks; returns its logs."""
        callbacks = self.plan.callbacks
        if self.batch == 0:
            for callback in callbacks:
                callback.on_epoch_begin(self.epoch, {})
            self._trainer()
            self._rate = self.net.learning_rate
        if self.plan.batches is None:
            self._train_rows()
        else:
            self._train_stream()
        logs = self._logs() | self._measures()
        self.net._epoch += 1
        self.history.append(logs, self._rate)
        epoch = self.epoch
        self.epoch, self.batch, self._rows = epoch + 1, 0, 0
        self._sums, self._start, self._stream = (0.0, 0.0), None, []
        for callback in callbacks:
            callback.on_epoch_end(epoch, dict(logs))
        return logs

    def _train_rows(self) -> None:
        plan, n = self.plan, self.plan.n_batches
        if plan.order is not None and self.batch == 0:
            self._rows_of_epoch = plan.order()
        intervals = [c.every_batches for c in plan.callbacks if c.every_batches]
        if intervals and self._start is None:
            self._start = self.net._training_state()
        while self.batch < n:
            end = min([k * (self.batch // k + 1) for k in intervals] + [n])
            self._call_batch_hooks("on_train_batch_begin", self.batch, self.batch)
            with self._going_back():
                self._stepped = True
                self._sums = self._train_until(end)
            self.batch = end
            self._call_batch_hooks("on_train_batch_end", end - 1, end, self._logs())

    def _train_until(self, end: int) -> tuple[float, float]:
        """Trains up to this batch; the sums of w C and of w in the epoch so far."""
        step, net = self.plan.step, self.net
        arguments = *step.data.arguments(step.loss), self._rows_of_epoch
        trainer = self._trainer()
        if isinstance(trainer, (_core.Trainer32, _core.Trainer64)):
            options = self._options(step, self.plan.batch_size)
            return trainer.epoch(
                *arguments, options, self.batch, end, self._sums, self._outputs
            )
        if self._outputs is not None:
            net._engine.evaluate(*arguments, self._outputs, step.n_threads)
        loss = trainer.iterate(*arguments, *self.plan.penalties, step.n_threads)
        self.history.stop_reason = trainer.finished or None
        return loss, 1.0

    def _train_stream(self) -> None:
        plan = self.plan
        if self._start is None:
            self._start = self.net._training_state()
        steps = _batches.of_epoch(self.net, plan.step, plan.batches, self.batch)
        while True:
            with self._going_back():
                step = next(steps, None)
            if step is None:
                break
            rows = step.data
            n = len(rows)
            self._call_batch_hooks("on_train_batch_begin", self.batch, self.batch)
            outputs = None
            if plan.metrics:
                outputs = np.empty((n, self.net.sizes[-1]), self.net.dtype)
            with self._going_back():
                self._stepped = True
                # no solver takes batches
                trainer = cast("_core._Trainer", self._trainer())
                try:
                    loss, weight = trainer.step(
                        *rows.arguments(step.loss),
                        self._options(step, n),
                        self._rows,
                        outputs,
                    )
                except ValueError as error:
                    raise ValueError(f"batch {self.batch}: {error}") from None
            self._sums = _added(self._sums, (loss, weight))
            if outputs is not None:
                # a copy: the caller may fill the same array with the next batch
                targets = np.array(rows.targets())
                self._stream.append((targets, outputs, rows.weight))
            self.batch, self._rows = self.batch + 1, self._rows + n
            last = self.batch
            self._call_batch_hooks("on_train_batch_end", last - 1, last, self._logs())
        with self._going_back():
            if self.batch == 0:
                raise ValueError(f"batches had none in epoch {self.epoch}")
            if self._sums[1] == 0.0:
                raise ValueError(f"batches had no weight above 0 in epoch {self.epoch}")

    def _trainer(self) -> AnyTrainer:
        # anew each time: a callback may have reset the optimizer
        return self.net._trainer_for(self.plan.step.optimizer)

    def _options(self, step: Step, batch_size: int) -> _core.EpochOptions:
        plan = self.plan
        return step.options(
            batch_size=batch_size,
            shuffle=plan.shuffle if plan.batches is None else 0,
            seed=plan.seed,
            epoch=self.net._epoch,
        )

    @contextmanager
    def _going_back(self) -> Iterator[None]:
        """What fails leaves the network as when the epoch began; but for Ctrl-C."""
        try:
            yield
        except Exception as error:
            if self._start is not None:
                self.net._set_training_state(self._start)
            self._stepped = self._stepped and bool(self.history.epoch)
            if isinstance(error, _core.Divergence):
                number = error.args[0] if self.plan.batches is None else self.batch
                raise TrainingDiverged(self.epoch, number, self.history) from None
            raise

    def _call_batch_hooks(self, hook: str, batch: int, done: int, *logs: Any) -> None:
        """Calls those whose turn it is after so many batches."""
        for callback in self.plan.callbacks:
            if callback.every_batches and done % callback.every_batches == 0:
                getattr(callback, hook)(batch, *(dict(log) for log in logs or ({},)))

    @by_default
    def _logs(self) -> dict[str, float]:
        loss, weight = self._sums
        return {"loss": loss / weight if weight > 0.0 else 0.0}

    def _measures(self) -> dict[str, float]:
        """The metrics of the epoch's outputs, and everything of the validation rows."""
        plan, result = self.plan, dict[str, float]()
        if plan.metrics:
            y, outputs, weight = self._seen()
            for metric in plan.metrics:
                result[metric.name] = metric.value(y, outputs, weight)
        if plan.validation is not None:
            measured = self.net._measure(
                plan.validation,
                plan.validation_rows,
                plan.step.loss,
                plan.metrics,
                plan.step.n_threads,
            )
            result |= {f"val_{name}": value for name, value in measured.items()}
        return result

    def _seen(self) -> tuple[Array, Array, Array | None]:
        """Targets, outputs before the update and weights of the epoch's rows."""
        plan = self.plan
        if self._outputs is not None:
            return plan.step.data.targets(plan.train), self._outputs, plan.train_weight
        targets, outputs, weights = zip(*self._stream, strict=True)
        weight = None
        if any(w is not None for w in weights):
            weight = np.concatenate(
                [
                    np.ones(len(a)) if w is None else w
                    for a, w in zip(outputs, weights, strict=True)
                ]
            )
        return np.concatenate(targets), np.concatenate(outputs), weight

    # ---- its end, and checkpoints ----

    @property
    def is_over(self) -> bool:
        """Whether a checkpoint of a finished fit leaves nothing to do."""
        return self._finished and (self._stopped or self.epoch >= self.plan.epochs)

    @property
    def _stopped_for_good(self) -> bool:
        """Whether a longer fit would have stopped here too."""
        by_callback = any(
            c.stop_training and c.stop_is_final for c in self.plan.callbacks
        )
        by_solver = self.history.stop_reason is not None
        return self._stopped or by_callback or by_solver

    def finish(self) -> None:
        """Calls on_train_end, and has checkpoints of the fit's end written."""
        plan = self.plan
        stopped = self._stopped_for_good
        finished = stopped or self.epoch >= plan.epochs
        state = self.state() if self._checkpoints else {}
        recorded = self.history.metrics.items()
        logs = {name: values[-1] for name, values in recorded if values}
        for callback in plan.callbacks:
            callback.on_train_end(logs)
        if self._checkpoints:
            result = self.net._training_state().as_dict() if finished else None
            state |= {"finished": finished, "stopped": stopped, "result": result}
            for callback in self._checkpoints:
                callback.finish(state)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        net, start, standardizer = self.net, self._start, self.net.standardizer
        return {
            **self._description,
            "seed": net.seed,
            "epoch_count": net._epoch,
            "stream_steps": net._stream_steps,
            "standardizer": None if standardizer is None else standardizer._arrays(),
            "position": {
                "epoch": self.epoch,
                "batch": self.batch,
                "rows": self._rows,
                "sums": self._sums,
            },
            "training": net._training_state().as_dict(),
            "epoch_start": None if start is None else start.as_dict(),
            "outputs": self._outputs if self.batch else None,
            "stream": self._stream,
            "history": self.history.metrics,
            "learning_rate": self._rates(),
            "callbacks": [
                [type(c).__name__, c.state()] for c in checkpoint.with_state(self.plan)
            ],
            "finished": False,
            "stopped": self._stopped_for_good,
            "stop_reason": self.history.stop_reason,
            "result": None,
        }

    def _rates(self) -> list[float | None]:
        """The learning rate of each epoch that was begun."""
        rates = self.history.learning_rate
        return [*rates, self._rate] if self.batch else rates

    def restore(self, saved: checkpoint.Saved) -> None:
        """Takes over a checkpoint that `Saved.check` has found to fit."""
        net, plan, tree = self.net, self.plan, saved.tree
        optimizer, position = plan.step.optimizer, tree["position"]
        self._finished, self._stopped = tree["finished"], tree["stopped"]
        self.epoch, self.batch = position["epoch"], position["batch"]
        with saved.damage_is_value_error():
            state = tree["result"] if self.is_over else tree["training"]
            training = TrainingState.from_dict(state, optimizer)
            net.copy()._set_training_state(training)  # refuses what does not fit
            if tree["epoch_start"] is not None:
                self._start = TrainingState.from_dict(tree["epoch_start"], optimizer)
                net.copy()._set_training_state(self._start)
            self._rows = position["rows"]
            loss, weight = position["sums"]
            self._sums = (
                _checks.real("its loss so far", loss),
                _checks.non_negative("its weight so far", weight),
            )
            self._stream = [tuple(part) for part in tree["stream"]]
            if self._outputs is not None and self.batch:
                self._outputs[...] = tree["outputs"]
            recorded = {name: tree["history"][name] for name in plan.names}
            for name, values in recorded.items():
                if not all(type(value) in (int, float) for value in values):
                    raise ValueError(f"its {name} are no numbers")
            rates = [
                None if rate is None else _checks.non_negative("its rate", rate)
                for rate in tree["learning_rate"]
            ]
            if self.batch:
                self._rate = rates.pop()
            self.history = History.restore(recorded, rates)
            self.history.stop_reason = tree["stop_reason"]
            if len(self.history.epoch) != self.epoch:
                raise ValueError(f"its history has {len(self.history.epoch)} epochs")
        net._set_training_state(training)
        net._loss = plan.step.loss
        net._seed, net._epoch = saved.seed, tree["epoch_count"]
        net._stream_steps = tree["stream_steps"]
        net._set_standardizer(saved.standardizer)

    def restore_callbacks(self, saved: checkpoint.Saved) -> None:
        """Gives each callback the state that one of its kind has left."""
        left = list(saved.tree["callbacks"])
        with saved.damage_is_value_error():
            for callback in checkpoint.with_state(self.plan):
                _, state = left.pop(0)  # `Saved.check` has compared the names
                callback.set_state(state)


@by_default
def _added(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return a[0] + b[0], a[1] + b[1]
