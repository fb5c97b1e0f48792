"""The estimators' words in fcnn's: solver, loss, activations and n_jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn import (
    LBFGS,
    SGD,
    Adam,
    LevenbergMarquardt,
    _checks,
    _core,
    config,
    optimizers,
)
from fcnn._types import Array

if TYPE_CHECKING:
    from fcnn.optimizers import Optimizer
    from fcnn.sklearn._base import BaseMLP

# scikit-learn's names that are not fcnn's
_ACTIVATIONS = {"logistic": "sigmoid"}
_LOSSES = {"squared_error": "quadratic", "poisson": "poisson_deviance"}


def optimizer(mlp: BaseMLP) -> Optimizer:
    """The solver with the estimator's hyperparameters; an Optimizer as it is."""
    name = mlp.solver
    if not isinstance(name, str):
        return optimizers.resolve(name)
    lr = float(mlp.learning_rate_init)
    if name == "sgd":
        nesterov = bool(mlp.nesterovs_momentum) and mlp.momentum > 0
        return SGD(lr=lr, momentum=float(mlp.momentum), nesterov=nesterov)
    if name == "adam":
        betas = float(mlp.beta_1), float(mlp.beta_2)
        return Adam(lr=lr, betas=betas, eps=float(mlp.epsilon), eps_hat=True)
    if name == "lbfgs":
        return LBFGS(tol_gradient=float(mlp.tol))
    found = optimizers.resolve(name)
    return type(found)(lr=lr) if found.takes_schedule else found  # type: ignore[call-arg]


def takes_batches(mlp: BaseMLP) -> bool:
    """Whether the solver steps by mini-batches; a wrong one is left to fit."""
    try:
        return not optimizer(mlp).full_batch
    except (TypeError, ValueError):
        return True


def ends_by_itself(solver: Optimizer) -> bool:
    """Whether the solver has a criterion of its own for the end."""
    return isinstance(solver, (LBFGS, LevenbergMarquardt))


def activations(given: Any, n_hidden: int) -> list[str]:
    """The activation of each hidden layer, by fcnn's names."""
    names = [given] * n_hidden if isinstance(given, str) else list(given)
    if len(names) != n_hidden:
        raise ValueError(
            f"activation must be one name, or one for each of the {n_hidden} hidden "
            f"layers, not {_checks.shown(given)}"
        )
    texts = [_checks.text("activation", name) for name in names]
    return [_core.canonical_activation(_ACTIVATIONS.get(n, n)) for n in texts]


def loss_of_regression(name: str) -> tuple[str, str]:
    """fcnn's loss, and the output that goes with it: identity where any does."""
    loss = _core.canonical_loss(_LOSSES.get(name, name))
    base = loss.partition("(")[0]
    entry = next(entry for entry in _core.losses() if entry["name"] == base)
    return loss, "identity" if entry["outputs"] is None else entry["natural_outputs"][0]


def loss_of_classification(name: str, output: str) -> str:
    """fcnn's loss; "log_loss" is each output's own, summed over independent labels."""
    if name == "log_loss":
        return "cross_entropy" if output == "softmax" else "logistic"
    loss = _core.canonical_loss(name)
    _core.check_loss_output(loss, output)
    return loss


def shown_output(output: str) -> str:
    """scikit-learn's name of an output activation."""
    return {"sigmoid": "logistic"}.get(output, output)


def threads(n_jobs: Any) -> int | None:
    """joblib's n_jobs as a number of threads: -1 is all CPUs; None fcnn's default."""
    if n_jobs is None:
        return None
    n = _checks.integer("n_jobs", n_jobs, -config.MAX_THREADS, config.MAX_THREADS)
    if n == 0:
        raise ValueError("n_jobs must not be 0: -1 means all CPUs, None the default")
    if n > 0:
        return n
    from joblib import cpu_count

    return max(1, min(int(cpu_count()) + 1 + n, config.MAX_THREADS))


def draw_start(
    sizes: list[int], names: list[str], random_state: np.random.RandomState, dtype: Any
) -> tuple[list[Array], list[Array]]:
    r"""Glorot's initial weights (n_in, n_out) and, unlike fcnn's own, biases.

    Uniform within :math:`\pm \sqrt{f / (n_{in} + n_{out})}`, with f = 2 where the name
    is "sigmoid" and 6 else; drawn in scikit-learn's order, so that the same random
    state gives the same network.
    """
    coefs, intercepts = [], []
    for n_in, n_out, name in zip(sizes[:-1], sizes[1:], names, strict=True):
        bound = np.sqrt((2.0 if name == "sigmoid" else 6.0) / (n_in + n_out))
        coefs.append(random_state.uniform(-bound, bound, (n_in, n_out)).astype(dtype))
        intercepts.append(random_state.uniform(-bound, bound, n_out).astype(dtype))
    return coefs, intercepts
