"""The gradient of backpropagation beside central difference quotients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fcnn import _core, config
from fcnn._architecture import Architecture
from fcnn._float_state import by_default
from fcnn._sparse import SparseRows
from fcnn._standardize import Standardizer
from fcnn._types import Array
from fcnn.records import PerLayer

_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False, repr=False)
class GradientCheck:
    """The report of `Network.gradient_check`; its repr is a table.

    Attributes
    ----------
    max_error : float
        The largest ``|g - g'| / max(|g|, |g'|, 1e-6 max|g|)`` of the parameters
        checked.
    weight_error, bias_error : PerLayer of float
        The same for the weights and for the biases of each layer l; None where none
        were checked.
    n_checked : int
        How many parameters were checked.
    worst : int
        Where in theta the largest error is.
    gradient, quotient : float
        g and g' there.
    """

    max_error: float
    weight_error: PerLayer[float | None]
    bias_error: PerLayer[float | None]
    n_checked: int
    worst: int
    gradient: float
    quotient: float

    def __repr__(self) -> str:
        count = f"gradient check of {self.n_checked} parameters"
        lines = [
            f"{count}: largest error {self.max_error:.1e}",
            f"{'layer':>7} {'weight':>9} {'bias':>9}",
        ]
        for l in range(1, len(self.weight_error) + 1):
            cells = (self.weight_error[l], self.bias_error[l])
            weight, bias = ("-" if e is None else f"{e:.1e}" for e in cells)
            lines.append(f"{l:>7} {weight:>9} {bias:>9}")
        lines.append(
            f"worst: parameters[{self.worst}], gradient {self.gradient:.6e}, "
            f"difference quotient {self.quotient:.6e}"
        )
        return "\n".join(lines)


@by_default
def check_gradient(
    architecture: Architecture,
    standardizer: Standardizer | None,
    theta: Array,
    arguments: tuple[Array | SparseRows, Array, bool, str, Array | None, float, float],
    max_probes: int | None,
    seed: int,
) -> GradientCheck:
    """Checks a float64 copy; `arguments` are the core's, from X to the penalties."""
    engine = architecture.new_engine(np.dtype(np.float64))
    if standardizer is not None:
        engine.set_standardizer(*standardizer._for_core())
    copy = engine.parameters
    copy[...] = theta
    n_threads = config.threads(None)

    def cost() -> float:
        return engine.loss_and_gradient(*arguments, n_threads)[0]

    _, gradient = engine.loss_and_gradient(*arguments, n_threads)
    probes = np.arange(len(copy))
    if max_probes is not None and max_probes < len(copy):
        probes = np.sort(_core.permutation(len(copy), seed, 0)[:max_probes])
    g = gradient[probes]
    pairs = np.array([_quotients(cost, copy, int(i)) for i in probes])
    floor = 1e-6 * np.abs(gradient).max()
    short, wide = (_error(g, quotient, floor) for quotient in pairs.T)
    quotients = np.where(short <= wide, pairs[:, 0], pairs[:, 1])
    checked = np.fmin(short, wide)

    errors = np.full(len(copy), -1.0)  # -1: not checked
    errors[probes] = checked
    parts = architecture.unflatten(errors)
    worst = int(checked.argmax())  # a NaN counts as the largest
    return GradientCheck(
        max_error=float(checked[worst]),
        weight_error=PerLayer("weight_error", [_largest(p.weight) for p in parts]),
        bias_error=PerLayer("bias_error", [_largest(p.bias) for p in parts]),
        n_checked=len(probes),
        worst=int(probes[worst]),
        gradient=float(g[worst]),
        quotient=float(quotients[worst]),
    )


def _quotients(cost: Callable[[], float], theta: Array, i: int) -> tuple[float, float]:
    """The difference quotients of C by theta[i]: one of three points, one of five.

    The steps balance the formulas' errors, of order h^2 and h^4, with C's rounding.
    """
    value = float(theta[i])

    def difference(h: float) -> float:
        """(C(theta_i + h) - C(theta_i - h)) / 2h, by the steps really taken."""
        theta[i] = value + h
        above, step = cost(), float(theta[i])
        theta[i] = value - h
        below, step = cost(), step - float(theta[i])
        theta[i] = value
        return (above - below) / step

    scale = max(1.0, abs(value))
    h, wide = _EPS ** (1 / 3) * scale, _EPS ** (1 / 5) * scale
    return difference(h), (4.0 * difference(wide) - difference(2.0 * wide)) / 3.0


def _error(g: Array, quotient: Array, floor: float) -> Array:
    """|g - g'| / max(|g|, |g'|, floor), and 0 where all of them are 0."""
    size = np.maximum(np.maximum(np.abs(g), np.abs(quotient)), floor)
    error: Array = np.abs(g - quotient) / np.where(size == 0.0, 1.0, size)
    return error


def _largest(errors: Array | None) -> float | None:
    """The largest error of the parameters checked, a NaN above all; None of none."""
    if errors is None:
        return None
    checked = errors[~(errors < 0.0)]
    return float(checked.max()) if checked.size else None
