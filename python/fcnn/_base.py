"""What a network is: its architecture, theta, loss and seed, and how it is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from fcnn import _checks, _core
from fcnn._architecture import Architecture, LayerParameters
from fcnn._standardize import NOT_STANDARDIZED, Standardizer, check_standardizer
from fcnn._types import Array
from fcnn.layers import Layers, assign
from fcnn.records import PerLayer

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike

    from fcnn.optimizers import AnyTrainer, Optimizer


class TrainingState(NamedTuple):
    """What training changes of a network, but for its count of epochs."""

    theta: Array
    optimizer: Optimizer | None
    trainer: _core.TrainerState | None  # with the factor on the learning rate

    def as_dict(self) -> dict[str, Any]:
        """The same without the optimizer, for files."""
        return {"theta": self.theta, "trainer": self.trainer}

    @staticmethod
    def from_dict(tree: dict[str, Any], optimizer: Optimizer | None) -> TrainingState:
        """What `as_dict` made, of a network trained by this optimizer."""
        theta, trainer = np.asarray(tree["theta"]), tree["trainer"]
        if not np.isfinite(theta).all():
            raise ValueError("theta must be finite")
        return TrainingState(theta, None if trainer is None else optimizer, trainer)


class NetworkBase:
    """The state of a `fcnn.Network`, of which theta lives in the compiled core."""

    __slots__ = (
        "__weakref__",
        "_architecture",
        "_dtype",
        "_engine",
        "_epoch",
        "_layers",
        "_loss",
        "_optimizer",
        "_seed",
        "_standardizer",
        "_stream_steps",
        "_theta",
        "_trainer",
    )

    def _set_up(
        self, architecture: Architecture, dtype: np.dtype[Any], loss: str, seed: int
    ) -> None:
        """Makes the network with every parameter zero; the arguments are checked."""
        self._architecture = architecture
        self._dtype = dtype
        self._loss = loss
        self._seed = seed
        self._epoch = 0
        self._stream_steps = 0  # of fit_batch, which keys its random numbers
        self._standardizer: Standardizer | None = None
        self._engine = architecture.new_engine(dtype)
        self._theta = self._engine.parameters
        self._layers = Layers(architecture, self._theta)
        self._optimizer: Optimizer | None = None
        self._trainer: AnyTrainer | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of the layers 0..L: (n_in, ..., n_out)."""
        return self._architecture.sizes

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64: of theta, of every result and of all arithmetic."""
        return self._dtype

    @property
    def loss(self) -> str:
        """The loss that ``loss=None`` means; `fit` and `fit_batch` set it."""
        return self._loss

    @property
    def seed(self) -> int:
        """The seed that the network was made with: given, or drawn by it."""
        return self._seed

    @property
    def dropout(self) -> tuple[float, ...]:
        """The dropout rate of each of the layers 0..L-1."""
        return self._architecture.dropout

    @property
    def input_noise(self) -> float:
        """The standard deviation of the noise that training adds to the inputs."""
        return self._architecture.input_noise

    @property
    def standardizer(self) -> Standardizer | None:
        """What inputs and targets are standardized by; None before the first fit.

        Assigning one, to a network made with ``standardize=True``, settles it without
        a fit; within one it is a RuntimeError.
        """
        return self._standardizer

    @standardizer.setter
    def standardizer(self, value: Standardizer | None) -> None:
        if value is not None:
            check_standardizer(value, self._architecture)
        training = self._engine.begin_training()  # when the calls under way have ended
        try:
            self._set_standardizer(value)
        finally:
            training.end()

    def _set_standardizer(self, value: Standardizer | None) -> None:
        if value is not None:
            value._check_range(self._dtype)
        arguments = NOT_STANDARDIZED if value is None else value._for_core()
        self._engine.set_standardizer(*arguments)
        self._standardizer = value

    @property
    def layers(self) -> Layers:
        """The layers 0..L; ``layers[0]`` is the input, ``layers[-1]`` the output."""
        return self._layers

    @property
    def n_parameters(self) -> int:
        """The number of weights and biases."""
        return len(self._theta)

    @property
    def parameters(self) -> Array:
        """theta, (n_parameters,): all weights and biases as one writable view.

        For each layer l in turn ``weight.T.ravel()``, then the bias if it has one. A
        write takes effect at once; assigning copies the values in. The memory never
        moves, and a view keeps it alive.
        """
        return self._theta

    @parameters.setter
    def parameters(self, value: ArrayLike) -> None:
        self._engine.check_idle()
        assign("parameters", self._theta, value)

    @property
    def learning_rate(self) -> float | None:
        """The learning rate of the optimizer's next step; None before any training.

        None, too, of an optimizer that has none: L-BFGS, Levenberg-Marquardt, and
        Rprop, whose ``lr`` is only where its step sizes begin.

        Setting it scales what is left of the optimizer's schedule (a number stays what
        was set) until another optimizer begins or after `reset_optimizer`. Callbacks
        may set it; `copy` and pickle keep it.

        Raises
        ------
        TypeError, ValueError
            If the value set is no finite number above 0, or the schedule is at 0.
        RuntimeError
            If it is set before any training, or another thread is training the network.

        Examples
        --------
        >>> import fcnn
        >>> net = fcnn.Network([1, 1], seed=0)
        >>> schedule = fcnn.schedules.Step(0.5, steps=2, gamma=0.5)
        >>> for _ in range(2):
        ...     loss = net.fit_batch([[1]], [1], optimizer=fcnn.SGD(lr=schedule))
        >>> net.learning_rate
        0.25
        >>> net.learning_rate = 0.1
        >>> net.learning_rate
        0.1
        """
        optimizer, trainer = self._optimizer, self._trainer
        if optimizer is None or trainer is None or not optimizer.takes_schedule:
            return None
        return cast("_core._Trainer", trainer).learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        lr = _checks.positive("learning_rate", value)
        with self._engine.reading():  # no fit of another thread begins meanwhile
            if self._trainer is None:
                raise RuntimeError(
                    "the network has no optimizer yet: give fit one with the learning "
                    "rate"
                )
            if self.learning_rate is None:
                raise ValueError(f"{self._optimizer!r} has no learning rate to be set")
            cast("_core._Trainer", self._trainer).set_learning_rate(lr)

    def unflatten(self, v: ArrayLike) -> PerLayer[LayerParameters]:
        """The weight and bias views of any vector that is laid out like theta.

        Parameters
        ----------
        v : ndarray of shape (n_parameters,)
            For example a gradient, or another network's parameters; of any dtype.

        Returns
        -------
        PerLayer of (weight, bias)
            Entry l has ``weight`` (n_l, n_{l-1}) and ``bias`` (n_l,) or None, views
            of `v`: a write goes through. Entry 0 is an IndexError.

        Raises
        ------
        ValueError
            If `v` has another shape.

        Examples
        --------
        >>> import fcnn
        >>> import numpy as np
        >>> net = fcnn.Network([3, 4, 2], seed=0)
        >>> loss, gradient = net.loss_and_gradient(np.ones((5, 3)), np.zeros((5, 2)))
        >>> net.unflatten(gradient)[2].weight.shape
        (2, 4)
        """
        v = np.asarray(v)
        if v.shape != self._theta.shape:
            raise ValueError(f"v must have shape {self._theta.shape}, not {v.shape}")
        return PerLayer("unflatten(v)", self._architecture.unflatten(v))

    def copy(self) -> Self:
        """A network of its own with equal parameters, loss and optimizer's state.

        Trained on, it gives the same bits as this one.

        Examples
        --------
        >>> import fcnn
        >>> net = fcnn.Network([3, 2], seed=0)
        >>> twin = net.copy()
        >>> twin.parameters[:] = 0.0
        >>> bool(net.parameters.any())
        True
        """
        twin = object.__new__(type(self))
        twin.__setstate__(self.__getstate__())
        return twin

    def reset_optimizer(self) -> None:
        """Forgets moments, step count and learning rate: the next fit starts anew.

        Without it `fit` and `fit_batch` go on with them for as long as the optimizer
        equals the last one. The count of epochs, which keys the shuffles, goes on
        either way.

        Raises
        ------
        RuntimeError
            If another thread is training the network.
        """
        with self._engine.reading():  # no fit of another thread begins meanwhile
            self._optimizer = self._trainer = None

    def _resolve_loss(self, loss: Any) -> str:
        """The name of the loss given, or the network's own, fit for its output."""
        if loss is None:
            return self._loss
        return check_loss(loss, self._architecture)

    def _trainer_for(self, optimizer: Optimizer) -> AnyTrainer:
        """The last trainer if its optimizer equals this one, else a new one."""
        if self._trainer is None or optimizer != self._optimizer:
            self._trainer = optimizer.new_trainer(self._engine)
            self._optimizer = optimizer
        return self._trainer

    def _training_state(self) -> TrainingState:
        with self._engine.reading():  # all of one moment: a fit begins after it
            trainer = self._trainer
            return TrainingState(
                self._theta.copy(),
                self._optimizer,
                None if trainer is None else trainer.state(),
            )

    def _set_training_state(self, state: TrainingState) -> None:
        if state.theta.shape != self._theta.shape or state.theta.dtype != self._dtype:
            raise ValueError("the state is another network's: theta does not fit")
        optimizer = trainer = None
        if state.optimizer is not None and state.trainer is not None:
            optimizer = state.optimizer
            trainer = optimizer.new_trainer(self._engine)
            trainer.set_state(state.trainer)
        # all or nothing: what follows needs no memory
        self._theta[...] = state.theta
        self._optimizer, self._trainer = optimizer, trainer

    def __getstate__(self) -> dict[str, Any]:
        with self._engine.reading():
            return {
                "architecture": self._architecture,
                "dtype": self._dtype,
                "loss": self._loss,
                "seed": self._seed,
                "training": self._training_state(),
                "epoch": self._epoch,
                "stream_steps": self._stream_steps,
                "standardizer": self._standardizer,
                "attributes": _own_attributes(self),
            }

    def __setstate__(self, state: dict[str, Any]) -> None:
        made = (state[name] for name in ("architecture", "dtype", "loss", "seed"))
        self._set_up(*made)
        self._set_training_state(state["training"])
        self._epoch = state["epoch"]
        self._stream_steps = state["stream_steps"]
        self._set_standardizer(state["standardizer"])
        for name, value in state["attributes"].items():
            setattr(self, name, value)

    def __repr__(self) -> str:
        architecture = self._architecture
        hidden, output = architecture.activations[:-1], architecture.activations[-1]
        arguments = [repr(list(architecture.sizes))]
        if hidden:
            same = len(set(hidden)) == 1
            arguments.append(repr(hidden[0] if same else list(hidden)))
        arguments += [f"output={output!r}", f"loss={self._loss!r}"]
        if not all(architecture.biases):
            same = not any(architecture.biases)
            arguments.append(f"bias={False if same else list(architecture.biases)}")
        if any(architecture.dropout):
            first, *rates = architecture.dropout
            same = first == 0.0 and len(set(rates)) == 1
            arguments.append(f"dropout={rates[0] if same else [first, *rates]}")
        if architecture.input_noise:
            arguments.append(f"input_noise={architecture.input_noise}")
        if architecture.standardize:
            arguments.append("standardize=True")
        arguments += [f"dtype={self._dtype.name!r}", f"seed={self._seed}"]
        return f"{type(self).__name__}({', '.join(arguments)})"

    def _repr_html_(self) -> str:
        from fcnn import _html

        return _html.network(self)


def _own_attributes(net: NetworkBase) -> dict[str, Any]:
    """What a subclass of Network has added, in its __dict__ or its slots."""
    attributes = dict(getattr(net, "__dict__", {}))
    for cls in type(net).__mro__:
        if cls.__module__.partition(".")[0] == "fcnn":
            break
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(net, name):
                attributes[name] = getattr(net, name)
    return attributes


def check_loss(loss: Any, architecture: Architecture) -> str:
    """The canonical name of a loss that the output of the architecture may have."""
    output = architecture.activations[-1]
    if loss is None:
        return _core.natural_loss(output)
    name = _core.canonical_loss(_checks.text("loss", loss))
    _core.check_loss_output(name, output)
    return name
