"""Training on mini-batches that the caller makes: an iterable instead of X and y."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fcnn import _checks, _class_weight, _data

if TYPE_CHECKING:
    from fcnn._plan import Step
    from fcnn.network import Network

    Batches = Iterable[Any] | Callable[[], Iterable[Any]]


def check(batches: Any, epochs: int) -> None:
    """Refuses what cannot be gone over, or not so often."""
    if callable(batches):
        return
    if not isinstance(batches, Iterable):
        raise TypeError(
            "batches must be an iterable of (X, y) or a function that returns one, not "
            f"{_checks.shown(batches)}"
        )
    if isinstance(batches, Iterator) and epochs > 1:
        raise ValueError(
            "batches is an iterator, which can be gone over once: give epochs=1, or a "
            "list or loader, or a function that returns an iterator for each epoch"
        )


def of_epoch(net: Network, step: Step, batches: Any, skip: int) -> Iterator[Step]:
    """Each batch of an epoch as a step, but for the first `skip` ones."""
    made = batches() if callable(batches) else batches
    if not isinstance(made, Iterable):
        raise TypeError(f"batches() must return an iterable, not {_checks.shown(made)}")
    number = -1
    for number, batch in enumerate(made):
        if number < skip:
            continue
        name = f"batch {number}"
        if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
            raise ValueError(
                f"{name} must be (X, y) or (X, y, sample_weight), not "
                f"{_checks.shown(batch)}"
            )
        X, y, *weight = batch
        rows = _data.check_rows(
            net, X, y, weight[0] if weight else None, step.loss, f"{name}: "
        )
        if step.class_weight is not None:
            factors = _class_weight.factors(step.class_weight, rows, None)
            rows = rows.weighted(factors)
        yield replace(step, rows=rows)
    if number + 1 < skip:
        raise ValueError(
            f"batches had {number + 1} in this epoch, fewer than the {skip} that the "
            "checkpoint had seen of it"
        )
