"""The compiled core: one extension module per CPU level, picked by `fcnn._levels`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar, overload

from fcnn._types import Array

_R = TypeVar("_R")

level: str
compiler: str
eigen_version: str

class ActivationInfo(TypedDict):
    name: str
    parameter: float | None
    output_only: bool
    init: str

class LossInfo(TypedDict):
    name: str
    parameter: float | None
    outputs: list[str] | None
    target_low: float | None
    target_high: float | None
    smoothed: bool
    natural_outputs: list[str]

class OptimizerInfo(TypedDict):
    name: str
    hyperparameters: dict[str, float]

class ScheduleInfo(TypedDict):
    name: str
    hyperparameters: dict[str, float | None]

class TrainerState(TypedDict):
    step: int
    scalars: list[float]
    moments: list[Array]

class Divergence(ArithmeticError): ...

class Training:
    def end(self) -> None: ...

def activations() -> list[ActivationInfo]: ...
def losses() -> list[LossInfo]: ...
def initializers() -> list[str]: ...
def optimizers() -> list[OptimizerInfo]: ...
def schedules() -> list[ScheduleInfo]: ...
def canonical_activation(name: str) -> str: ...
def canonical_loss(name: str) -> str: ...
def natural_loss(output: str) -> str: ...
def check_loss_output(loss: str, output: str) -> None: ...
def activation_value(name: str, z: Array) -> Array: ...
def activation_derivative(name: str, z: Array) -> Array: ...
def activation_second_derivative(name: str, z: Array) -> Array: ...
def set_num_threads(n: int) -> None: ...
def get_num_threads() -> int: ...
def in_default_float_state(f: Callable[..., _R], *args: Any, **kwargs: Any) -> _R: ...
def thread_stats() -> dict[str, int]: ...
def set_always_split(split: bool) -> bool: ...
def permutation(n: int, seed: int, stream: int) -> Array: ...
def thinning_mask(seed: int, number: int, layer: int, n: int, p: float) -> Array: ...

class Schedule:
    def __init__(
        self,
        name: str,
        hyperparameters: Mapping[str, float],
        warm_up: Mapping[str, float] | None,
    ) -> None: ...
    def __call__(self, t: int) -> float: ...

class Csr:
    def __init__(
        self, data: Array, indices: Array, indptr: Array, columns: int
    ) -> None: ...
    @property
    def data(self) -> Array: ...
    @property
    def indices(self) -> Array: ...
    @property
    def indptr(self) -> Array: ...
    @property
    def shape(self) -> tuple[int, int]: ...

class Reading:
    def __enter__(self) -> None: ...
    def __exit__(self, *error: object) -> None: ...

class _Network:
    def __init__(
        self, sizes: Sequence[int], activations: Sequence[str], bias: Sequence[bool]
    ) -> None: ...
    @property
    def parameters(self) -> Array: ...
    def set_noise(self, dropout: Sequence[float], input_noise: float) -> None: ...
    def set_standardizer(
        self,
        mean: Sequence[float],
        scale: Sequence[float],
        target_mean: Sequence[float],
        target_scale: Sequence[float],
    ) -> None: ...
    def initialize(self, layer: int, name: str, seed: int) -> None: ...
    def predict(self, X: Array | Csr, out: Array, n_threads: int) -> None: ...
    def predict_plain(self, X: object, out: object) -> Array | None: ...
    def forward(
        self, X: Array | Csr, n_threads: int
    ) -> tuple[list[Array], list[Array]]: ...
    def backprop(
        self,
        X: Array | Csr,
        Y: Array,
        labels: bool,
        loss: str,
        sample_weight: Array | None,
        l1: float,
        l2: float,
        n_threads: int,
    ) -> tuple[float, list[Array], list[Array], list[Array], Array]: ...
    def loss_and_gradient(
        self,
        X: Array | Csr,
        Y: Array,
        labels: bool,
        loss: str,
        sample_weight: Array | None,
        l1: float,
        l2: float,
        n_threads: int,
    ) -> tuple[float, Array]: ...
    def evaluate(
        self,
        X: Array | Csr,
        Y: Array,
        labels: bool,
        loss: str,
        sample_weight: Array | None,
        rows: Array | None,
        out: Array | None,
        n_threads: int,
    ) -> float: ...
    def check_targets(self, Y: Array, labels: bool, loss: str) -> None: ...
    def reading(self) -> Reading: ...
    def check_idle(self) -> None: ...
    def begin_training(self) -> Training: ...

class Network32(_Network): ...
class Network64(_Network): ...

def jacobian(network: _Network, X: Array | Csr, out: Array, n_threads: int) -> None: ...
def parameter_jacobian(
    network: _Network, X: Array | Csr, out: Array, n_threads: int
) -> None: ...
def input_gradient(
    network: _Network,
    X: Array | Csr,
    Y: Array,
    labels: bool,
    loss: str,
    sample_weight: Array | None,
    out: Array,
    n_threads: int,
) -> None: ...
def hessian_vector_product(
    network: _Network,
    X: Array | Csr,
    Y: Array,
    labels: bool,
    loss: str,
    sample_weight: Array | None,
    l1: float,
    l2: float,
    v: Array,
    n_threads: int,
) -> Array: ...

class EpochOptions:
    def __init__(
        self,
        *,
        batch_size: int,
        shuffle: int,
        seed: int,
        epoch: int,
        l1: float,
        l2: float,
        per_sample: bool,
        clip_norm: float,
        max_norm: float,
        label_smoothing: float,
        n_threads: int,
    ) -> None: ...

class _Trainer:
    def epoch(
        self,
        X: Array | Csr,
        Y: Array,
        labels: bool,
        loss: str,
        sample_weight: Array | None,
        rows: Array,
        options: EpochOptions,
        first_batch: int,
        last_batch: int,
        sums: tuple[float, float],
        outputs: Array | None,
    ) -> tuple[float, float]: ...
    def step(
        self,
        X: Array | Csr,
        Y: Array,
        labels: bool,
        loss: str,
        sample_weight: Array | None,
        options: EpochOptions,
        first_sample: int,
        outputs: Array | None,
    ) -> tuple[float, float]: ...
    @property
    def learning_rate(self) -> float: ...
    def set_learning_rate(self, lr: float) -> None: ...
    @property
    def row_sums(self) -> tuple[float, float, float]: ...
    def state(self) -> TrainerState: ...
    def set_state(self, state: TrainerState) -> None: ...

class Trainer32(_Trainer):
    def __init__(
        self,
        network: Network32,
        optimizer: str,
        hyperparameters: Mapping[str, float],
        schedule: Schedule,
    ) -> None: ...

class Trainer64(_Trainer):
    def __init__(
        self,
        network: Network64,
        optimizer: str,
        hyperparameters: Mapping[str, float],
        schedule: Schedule,
    ) -> None: ...

class _Solver:
    def iterate(
        self,
        X: Array | Csr,
        Y: Array,
        labels: bool,
        loss: str,
        sample_weight: Array | None,
        rows: Array | None,
        l1: float,
        l2: float,
        n_threads: int,
    ) -> float: ...
    @property
    def finished(self) -> str: ...
    @property
    def evaluations(self) -> int: ...
    @property
    def learning_rate(self) -> None: ...
    def state(self) -> TrainerState: ...
    def set_state(self, state: TrainerState) -> None: ...

class LBFGS32(_Solver):
    def __init__(
        self, network: Network32, hyperparameters: Mapping[str, float]
    ) -> None: ...

class LBFGS64(_Solver):
    def __init__(
        self, network: Network64, hyperparameters: Mapping[str, float]
    ) -> None: ...

class LevenbergMarquardt32(_Solver):
    def __init__(
        self, network: Network32, hyperparameters: Mapping[str, float]
    ) -> None: ...

class LevenbergMarquardt64(_Solver):
    def __init__(
        self, network: Network64, hyperparameters: Mapping[str, float]
    ) -> None: ...

def line_search(
    phi: Callable[[float], tuple[float, float]],
    step: float,
    ftol: float,
    gtol: float,
    xtol: float,
    max_evaluations: int,
) -> tuple[float | None, int]: ...

class Predictor32:
    def __call__(self, x: object, out: Array | None = None, /) -> Array: ...

class Predictor64:
    def __call__(self, x: object, out: Array | None = None, /) -> Array: ...

@overload
def make_predictor(
    network: Network32,
    n_rows: int,
    fallback: Callable[[Predictor32, Any, Any], Array],
) -> Predictor32: ...
@overload
def make_predictor(
    network: Network64,
    n_rows: int,
    fallback: Callable[[Predictor64, Any, Any], Array],
) -> Predictor64: ...
def predict_converting(
    predictor: Predictor32 | Predictor64, X: Array | Csr, out: Array
) -> None: ...
