"""What several test files need: the pairs to test, random networks and targets."""

from __future__ import annotations

import numpy as np

import fcnn
import reference as ref

# Every activation that a last layer may have, also with another parameter than the
# default, and every loss; then the pairs of which neither side refuses the other.
PARAMETRIZED = ["leaky_relu(0.2)", "elu(0.5)", "hard_sigmoid(0.2)"]
HIDDEN = sorted(set(ref.ACTIVATIONS) - ref.OUTPUT_ONLY) + PARAMETRIZED
OUTPUTS = [*HIDDEN, "exp", "softmax"]
LOSSES = [*ref.LOSSES, "huber(0.5)"]
KINKED_LOSSES = {"mae", "huber", "huber(0.5)"}


def legal(output: str, loss: str) -> bool:
    allowed = ref.OUTPUTS.get(loss)
    return allowed is None or ref.split_name(output)[0] in allowed


ALL_PAIRS = [(output, loss) for output in OUTPUTS for loss in LOSSES]
LEGAL_PAIRS = [pair for pair in ALL_PAIRS if legal(*pair)]
REFUSED_PAIRS = [pair for pair in ALL_PAIRS if not legal(*pair)]


def random_layers(rng, sizes, activations, bias=True, scale=1.0):
    """reference.py's layers, with weights N(0, scale^2 / n_in)."""
    flags = [bias] * len(activations) if isinstance(bias, bool) else bias
    return [
        ref.Layer(
            rng.normal(scale=scale / np.sqrt(n_in), size=(n_out, n_in)),
            rng.normal(scale=0.3, size=n_out) if has_bias else None,
            name,
        )
        for n_in, n_out, name, has_bias in zip(
            sizes, sizes[1:], activations, flags, strict=False
        )
    ]


def random_targets(rng, a, loss):
    """Targets in the loss's range, for outputs a; away from the kinks of mae and huber.

    |a - y| is below 0.4 or above 1.2, so that huber's both sides are met.
    """
    base, _ = ref.split_name(loss)
    if base.startswith("poisson"):
        return rng.uniform(0.05, 3, a.shape)
    if base in ref.TARGETS:
        y = rng.uniform(0.05, 0.95, a.shape)
        return y / y.sum(axis=1, keepdims=True) if base == "cross_entropy" else y
    far = rng.random(a.shape) < 0.5
    distance = np.where(
        far, rng.uniform(1.2, 2, a.shape), rng.uniform(0.1, 0.4, a.shape)
    )
    return a + np.where(rng.random(a.shape) < 0.5, -1, 1) * distance


def distance_to_kink(layers, X):
    """The smallest distance of any z of each row to a kink of its activation."""
    z, _ = ref.forward(layers, X)
    distance = np.full(len(X), np.inf)
    for layer, z_l in zip(layers, z[1:], strict=True):
        for kink in kinks(layer.activation):
            distance = np.minimum(distance, np.abs(z_l - kink).min(axis=1))
    return distance


def kinks(name: str) -> tuple[float, ...]:
    base, parameter = ref.split_name(name)
    if base in {"relu", "leaky_relu", "elu", "selu"}:
        return (0.0,)
    if base == "hard_tanh":
        return (-1.0, 1.0)
    if base == "hard_sigmoid":
        half = 0.5 / (parameter or 1 / 6)
        return (-half, half)
    return ()


def away_from_kinks(rng, layers, n, distance=1e-3):
    """n random rows, none of whose z come near a kink."""
    n_in = layers[0].W.shape[1]
    X = rng.normal(size=(500 * n, n_in))
    X = X[distance_to_kink(layers, X) > distance][:n]
    assert len(X) == n
    return X


def assert_close(actual, expected, tolerance, what=""):
    """Within tolerance of the array's largest magnitude, and of the same shape."""
    actual, expected = np.asarray(actual, float), np.asarray(expected, float)
    assert actual.shape == expected.shape, what
    scale = np.abs(expected).max(initial=0.0)
    error = np.abs(actual - expected).max(initial=0.0)
    assert error <= tolerance * scale, f"{what}: {error:.3g} of {scale:.3g}"


def network(layers, dtype="float64", loss=None):
    """fcnn's network with the weights of reference.py's layers."""
    sizes = [layers[0].W.shape[1], *(layer.W.shape[0] for layer in layers)]
    net = fcnn.Network(
        sizes,
        activation=[layer.activation for layer in layers[:-1]],
        output=layers[-1].activation,
        bias=[layer.b is not None for layer in layers],
        loss=loss,
        dtype=dtype,
        seed=0,
    )
    for view, layer in zip(list(net.layers)[1:], layers, strict=True):
        view.weight = layer.W
        if layer.b is not None:
            view.bias = layer.b
    return net


def rounded(layers, dtype):
    """The same layers with weights that the dtype holds exactly."""

    def cast(A):
        return None if A is None else A.astype(dtype).astype(float)

    return [ref.Layer(cast(W), cast(b), name) for W, b, name in layers]


def reference_layers(net):
    """reference.py's layers with the weights of fcnn's network."""
    return [
        ref.Layer(
            np.array(view.weight, float),
            None if view.bias is None else np.array(view.bias, float),
            view.activation,
        )
        for view in list(net.layers)[1:]
    ]


def scripted(values):
    """A metric named "scripted" that takes these values one after the other."""
    script = iter(values)

    def scripted(y, a):
        return next(script)

    return scripted


def resumed(net, callbacks, states, X, y, **arguments):
    """Fits on, with the callbacks set to their states as a resumed fit sets them."""

    class SetStates(fcnn.Callback):
        def on_train_begin(self, logs=None):
            for callback, state in zip(callbacks, states, strict=True):
                callback.set_state(state)

    return net.fit(X, y, callbacks=[*callbacks, SetStates()], **arguments)
