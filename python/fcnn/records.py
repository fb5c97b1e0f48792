"""Trace and Backprop: every quantity of the lesson, under its letter and index."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar, cast

from fcnn._types import Array

T = TypeVar("T")


class PerLayer(Generic[T]):
    """One entry for each of the layers 1..L, under the formula's index.

    ``x[l]`` is layer l's, ``x[-1]`` the output layer's; ``x[0]`` is an IndexError,
    since layer 0 is the input, which has none. Iterating yields the entries 1..L, and
    ``len`` is L.

    Examples
    --------
    >>> from fcnn.records import PerLayer
    >>> z = PerLayer("z", ["first", "second"])
    >>> z[1], z[-1], list(z), len(z)
    ('first', 'second', ['first', 'second'], 2)
    """

    def __init__(self, name: str, entries: Sequence[T]) -> None:
        self._name = name
        self._entries = tuple(entries)

    def __getitem__(self, l: int) -> T:
        n_layers = len(self._entries)
        l = operator.index(l)
        if l == 0:
            raise IndexError(
                f"{self._name}[0] does not exist: layer 0 is the input, and "
                f"{self._name} begins with layer 1"
            )
        if not -n_layers <= l <= n_layers:
            raise IndexError(f"{self._name} has the indices 1..{n_layers}, not {l}")
        return self._entries[l - 1 if l > 0 else l]

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries)

    def __repr__(self) -> str:
        entries = ", ".join(
            f"{l}: {_shape(entry)}" for l, entry in enumerate(self._entries, start=1)
        )
        return f"<{self._name}[l] for {entries}>"


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """What the forward pass computes, layer by layer.

    Attributes
    ----------
    z : PerLayer of ndarray
        The weighted input sums, ``z[l] = a[l-1] @ W[l].T + b[l]``, each (n, n_l).
    a : list of ndarray
        The activations, ``a[l] = activation(z[l])``, each (n, n_l); ``a[0]`` is X in
        the network's dtype.

    Examples
    --------
    >>> import fcnn
    >>> import numpy as np
    >>> net = fcnn.Network([3, 4, 2], "tanh", dtype="float64", seed=0)
    >>> trace = net.forward(np.ones((5, 3)))
    >>> trace.z[1].shape, trace.a[2].shape
    ((5, 4), (5, 2))
    >>> bool(np.allclose(trace.a[1], np.tanh(trace.z[1])))
    True
    """

    z: PerLayer[Array]
    a: list[Array]

    def __repr__(self) -> str:
        return _summary(self)

    def _repr_html_(self) -> str:
        from fcnn import _html

        return _html.record(self)


@dataclass(frozen=True, eq=False, repr=False)
class Backprop:
    """What the forward and the backward pass compute, layer by layer.

    Attributes
    ----------
    loss : float
        C of the batch, penalties included.
    z : PerLayer of ndarray
        The weighted input sums, each (n, n_l).
    a : list of ndarray
        The activations, each (n, n_l); ``a[0]`` is X in the network's dtype.
    delta : PerLayer of ndarray
        ``delta[l]`` is dC/dz[l], (n, n_l). C is the batch's mean, so that row i
        carries its factor w_i / sum(w); for one row it is the book's delta.
    weight_grad : PerLayer of ndarray
        dC/dW[l], (n_l, n_{l-1}): ``delta[l].T @ a[l-1]`` and the penalties' part.
        Views of `gradient`.
    bias_grad : PerLayer of ndarray
        dC/db[l], (n_l,): ``delta[l].sum(0)``; None for a layer without bias. Views of
        `gradient`.
    gradient : ndarray
        dC/dtheta, laid out as `Network.parameters`.

    Examples
    --------
    >>> import fcnn
    >>> import numpy as np
    >>> net = fcnn.Network([3, 4, 2], dtype="float64", seed=0)
    >>> back = net.backprop(np.ones((5, 3)), np.zeros((5, 2)), loss="quadratic")
    >>> bool(np.allclose(back.weight_grad[2], back.delta[2].T @ back.a[1]))
    True
    >>> bool(np.allclose(back.bias_grad[1], back.delta[1].sum(axis=0)))
    True
    """

    loss: float
    z: PerLayer[Array]
    a: list[Array]
    delta: PerLayer[Array]
    weight_grad: PerLayer[Array]
    bias_grad: PerLayer[Array | None]
    gradient: Array

    def __repr__(self) -> str:
        return _summary(self)

    def _repr_html_(self) -> str:
        from fcnn import _html

        return _html.record(self)


def _shape(entry: object) -> str:
    shape = getattr(entry, "shape", None)
    return repr(entry) if shape is None else str(shape)


def _summary(record: Trace | Backprop) -> str:
    """The record's names and shapes, one name a line: the arrays may be large."""
    lines = [type(record).__name__]
    for field in fields(cast("Any", record)):
        value = getattr(record, field.name)
        if isinstance(value, list):
            text = ", ".join(f"{l}: {_shape(entry)}" for l, entry in enumerate(value))
            text = f"<{field.name}[l] for {text}>"
        else:
            text = _shape(value)
        lines.append(f"  {field.name}: {text}")
    return "\n".join(lines)
