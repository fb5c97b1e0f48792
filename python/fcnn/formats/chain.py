"""Other libraries' layers, one after the other, folded into the layers of a network.

A layer here is ``a = activation(W a + b)``, then perhaps dropout. Other libraries chain
the parts: a weight matrix, a scaling (batch normalization, for example), an activation,
dropout. `Chain` takes the parts in their order:

- a scaling before the first layer becomes the network's standardizer, whose scale is
  above 0: the sign of a factor goes into the layer's weights;
- one right after a weight matrix is folded into it, ``g (W a + b) + t``, and any other
  into the next one, ``W (g a + t) + b``, in float64;
- what finds no place (two activations in a row, a scaling after the last activation)
  gets a layer of its own, whose weights are diagonal.

So the outputs are those of the original. What training would do is not where something
is folded: there is no more batch normalization, and dropout after a scaling is dropout
before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn._architecture import activation_info
from fcnn._standardize import Standardizer
from fcnn._types import Array
from fcnn.formats import plain
from fcnn.formats.plain import Activation, PlainLayer, PlainNetwork

if TYPE_CHECKING:
    from fcnn.network import Network

# sigma(m z) = m sigma(z) for m >= 0: dropout before them is dropout after them.
_HOMOGENEOUS = ("relu", "leaky_relu")
# What overflows becomes infinite, and is refused with the name of its layer.
_QUIET = np.errstate(over="ignore", invalid="ignore", divide="ignore")
MOST_DIAGONAL = 4096  # nodes of a layer of diagonal weights; n^2 numbers in all of them


def a(name: str) -> str:
    """The name with its article, for errors."""
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


@dataclass
class _Layer:
    """``activation(weight @ a + bias)``, then dropout; None: no activation yet."""

    where: str
    weight: Array
    bias: Array | None
    activation: Activation | None = None
    dropout: float = 0.0


class Chain:
    """What has come so far; `width` is the number of what it puts out.

    Every method takes `where`, the name of the other library's layer, for errors.
    """

    def __init__(self, n_in: int) -> None:
        self.width = n_in
        self._layers: list[_Layer] = []
        self._mean, self._scale = np.zeros(n_in), np.ones(n_in)  # of x; scale not 0
        self._standardizes = False
        self._targets: tuple[str, Array, Array] | None = None  # where, mean, scale
        self._pending: tuple[Array, Array] | None = None  # (g, t): g a + t to come
        self._diagonal = 0  # numbers of layers of diagonal weights
        self._dropout = 0.0  # of the inputs
        self._noise = 0.0

    @_QUIET
    def dense(self, where: str, weight: Array, bias: Array | None) -> None:
        """``weight @ a + bias``: (n_out, n_in) and (n_out,)."""
        if weight.ndim != 2 or weight.shape[1] != self.width:
            raise ValueError(
                f"{where} has weights of shape {weight.shape}, but gets {self.width} "
                "inputs"
            )
        if bias is not None and bias.shape != weight.shape[:1]:
            raise ValueError(
                f"{where} has weights of shape {weight.shape}, but a bias of shape "
                f"{bias.shape}"
            )
        self._settle_targets()
        self._refuse_after_output(where)
        W = weight.astype(np.float64)
        b = None if bias is None else bias.astype(np.float64)
        if self._pending is not None:  # W (g a + t) + b
            g, t = self._pending
            shift = W @ t
            if t.any():
                b = shift if b is None else b + shift
            W = W * g
            self._pending = None
        if not self._layers and (self._scale < 0.0).any():
            W = W * np.sign(self._scale)
            self._scale = np.abs(self._scale)
        self._layers.append(_Layer(where, W, b))
        self.width = len(W)

    def activation(self, where: str, name: str | Activation) -> None:
        """The activation of that name, of every number."""
        activation = Activation.parse(str(name))
        if activation.name == "identity":
            return
        self._settle_targets()
        last = self._layers[-1] if self._layers else None
        homogeneous = activation.name in _HOMOGENEOUS
        if (
            last is None
            or last.activation is not None
            or self._pending is not None
            or (last.dropout > 0.0 and not homogeneous)
        ):
            last = self._own_layer(where)
        last.activation = activation
        last.where = where

    @_QUIET
    def affine(self, where: str, factor: Any, shift: Any) -> None:
        """``factor * a + shift``, numbers or arrays (width,)."""
        self._settle_targets()
        g, t = self._broadcast(where, factor), self._broadcast(where, shift)
        if self._at_inputs():  # g (x - m) / s + t
            m, s = self._mean, self._scale
            if self._standardize(m - t * (s / g), s / g):
                return
        last = self._layers[-1] if self._layers else None
        open_ = last is not None and last.activation is None and last.dropout == 0.0
        if self._pending is not None:
            g0, t0 = self._pending
            self._pending = g * g0, g * t0 + t
        elif last is not None and open_:  # g (W a + b) + t
            last.weight *= g[:, None]
            if last.bias is not None:
                last.bias = g * last.bias + t
            elif t.any():
                last.bias = t
        else:
            self._pending = g, t

    @_QUIET
    def normalize(self, where: str, mean: Any, scale: Any) -> None:
        """``(a - mean) / scale``, scale not 0."""
        m, s = self._broadcast(where, mean), self._broadcast(where, scale)
        if not s.all():
            raise ValueError(f"{where} divides by 0")
        if self._at_inputs():  # ((x - m0) / s0 - m) / s
            m0, s0 = self._mean, self._scale
            if self._standardize(m0 + m * s0, s0 * s):
                return
        self.affine(where, 1.0 / s, -m / s)

    @_QUIET
    def targets(self, where: str, mean: Any, scale: Any) -> None:
        """``mean + scale * a``: the standardizer's targets.

        A scaling like others if something else follows or a factor is not above 0.
        """
        m, s = self._broadcast(where, mean), self._broadcast(where, scale)
        if self._targets is not None:  # m + s (m0 + s0 a)
            _, m0, s0 = self._targets
            m, s = m + s * m0, s * s0
        self._targets = where, m, s

    def dropout(self, where: str, rate: float) -> None:
        """In training, sets numbers to 0 with that probability, and scales the rest."""
        if not 0.0 <= rate < 1.0:
            raise ValueError(
                f"{where} has the rate {rate!r}: it must be at least 0 and below 1"
            )
        if rate == 0.0:
            return
        self._settle_targets()
        # two masks are one, of p + q - p q
        if self._layers:
            last = self._layers[-1]
            last.dropout += rate - last.dropout * rate
        else:
            self._dropout += rate - self._dropout * rate

    def noise(self, where: str, deviation: float) -> None:
        """In training, adds normal noise of that standard deviation: to the inputs."""
        if deviation == 0.0:
            return
        if self._layers or self._pending is not None or self._dropout > 0.0:
            raise ValueError(
                f"{where} adds noise within the network, where a network of fcnn has "
                "none; it may come before the first layer"
            )
        self._noise = float(np.hypot(self._noise, deviation))

    @_QUIET
    def network(self, dtype: np.dtype[Any], loss: str | None = None) -> Network:
        """The network of all that came.

        Raises
        ------
        ValueError
            If there was no layer, or a folded number is beyond the range of `dtype`.
        """
        if not self._layers:
            raise ValueError("there is no layer with weights")
        last = self._layers[-1]
        above_zero = self._targets is not None and (self._targets[2] > 0.0).all()
        if last.activation is not None or last.dropout > 0.0 or not above_zero:
            self._settle_targets()
        if self._pending is not None or last.dropout > 0.0:
            self._own_layer("a scaling or dropout")
        layers = tuple(
            PlainLayer(
                layer.weight.astype(dtype),
                None if layer.bias is None else layer.bias.astype(dtype),
                layer.activation or Activation("identity", None),
            )
            for layer in self._layers
        )
        rates = (self._dropout, *(layer.dropout for layer in self._layers[:-1]))
        made = PlainNetwork(
            layers, dtype, loss, self._standardizer(), rates, self._noise
        )
        return plain.network(made)

    def _standardizer(self) -> Standardizer | None:
        if not self._standardizes and self._targets is None:
            return None
        return Standardizer(self._mean, self._scale, *(self._targets or ())[1:])

    def _settle_targets(self) -> None:
        """Makes a scaling like others of what turns out not to be the last part."""
        if self._targets is not None:
            (where, mean, scale), self._targets = self._targets, None
            self.affine(where, scale, mean)

    def _own_layer(self, where: str) -> _Layer:
        """A layer of diagonal weights, which takes the scaling to come."""
        self._diagonal += self.width**2
        if self._diagonal > MOST_DIAGONAL**2:
            raise ValueError(
                f"{where} needs a layer of its own, of {self.width} x {self.width} "
                "weights, since no layer with weights comes right before it"
            )
        self.dense(where, np.eye(self.width), None)
        return self._layers[-1]

    def _at_inputs(self) -> bool:
        """Whether what comes now may still be the standardizer."""
        return not (
            self._layers
            or self._pending is not None
            or self._dropout > 0.0
            or self._noise > 0.0
        )

    def _standardize(self, mean: Array, scale: Array) -> bool:
        """Makes ``(x - mean) / scale`` of the inputs, if that can be done."""
        if not np.isfinite([mean, scale]).all() or not (np.abs(scale) > 1e-200).all():
            return False
        self._mean, self._scale, self._standardizes = mean, scale, True
        return True

    def _refuse_after_output(self, where: str) -> None:
        """Some activations are for the output only."""
        activation = self._layers[-1].activation if self._layers else None
        if activation is not None and activation_info(activation.name)["output_only"]:
            raise ValueError(
                f"{self._layers[-1].where} is {activation}, which a network of fcnn "
                f"has for its output only, but {where} follows"
            )

    def _broadcast(self, where: str, value: Any) -> Array:
        array = np.asarray(value, dtype=np.float64)
        if array.shape not in ((), (1,), (self.width,)):
            raise ValueError(
                f"{where} has numbers of shape {array.shape} for {self.width} inputs"
            )
        if not np.isfinite(array).all():
            raise ValueError(f"{where} has numbers that are not finite")
        return np.array(np.broadcast_to(array, (self.width,)))
