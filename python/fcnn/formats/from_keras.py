"""from_keras: networks of Keras models, of their files, and of their weights alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fcnn import _checks
from fcnn._float_state import by_default
from fcnn.formats.keras_graph import ROOTS

if TYPE_CHECKING:
    from fcnn.network import Network


@by_default
def from_keras(
    model: Any,
    activation: str | Sequence[str] | None = None,
    output: str | None = None,
    *,
    loss: str | None = None,
) -> Network:
    """The network that computes what a Keras model computes in prediction.

    A ``Sequential`` model, or a functional one that is a single chain; models may be
    nested. Understood are

    - ``Dense``, with any activation that fcnn has, by its name or as a layer;
      ``Activation``, ``ReLU``, ``LeakyReLU``, ``ELU``, ``Softmax``;
    - ``Normalization``, ``Rescaling`` and ``BatchNormalization``, which become the
      network's standardizer if they come first, and are folded into the weights
      elsewhere;
    - ``Dropout``, which becomes the rate of the layer before it, and ``GaussianNoise``
      on the inputs, which becomes `input_noise`;
    - ``InputLayer``, ``Flatten``, ``Reshape``, ``Identity``.

    All else is refused by its name. What has no layer to go into, two activations in a
    row for example, gets one with diagonal weights.

    Parameters
    ----------
    model : keras.Model or path
        A model of Keras 3, with any backend, or of Keras 2 (``tf_keras``,
        ``tf.keras``); a ``.keras`` file; an HDF5 file of a whole model (``.h5``); or
        one of weights (``.weights.h5``). Files are read with h5py alone: Keras need not
        be installed, and nothing in them is executed.
    activation : str or sequence of str, optional
        With weights alone, the activation of the hidden layers, as in `Network`; there
        is no default, since weights do not tell. A model has its own.
    output : str, optional
        With weights alone, the activation of the last layer; needed too. With a model,
        one more activation after its last, such as "softmax" for one that was trained
        on logits.
    loss : str, optional
        The network's loss; by default the natural one of its output.

    Returns
    -------
    Network
        Of float64 if a weight is, else of float32, with copies of the weights. Takes X
        as (n, n_in): ``X.reshape(len(X), -1)`` where the model flattens its inputs.

    Raises
    ------
    ValueError
        If something in `model` is not understood, with its name, layers do not fit each
        other, or the file is damaged.
    TypeError
        If `model` is neither a model nor a path.
    ImportError
        If a file is given and h5py is not installed: ``pip install 'fcnn[keras]'``.
    FileNotFoundError, OSError
        If there is no such file or it cannot be read.

    Notes
    -----
    Names have Keras's meaning: ``leaky_relu`` has slope 0.2, a ``LeakyReLU`` layer its
    own; ``hard_sigmoid`` is clip(z / 6 + 1/2, 0, 1) in Keras 3, clip(z / 5 + 1/2, 0, 1)
    in Keras 2. Models that compute in less than float32 (``mixed_float16``) are
    computed in float32.

    References
    ----------
    Keras, https://keras.io/api/layers/; its files,
    https://keras.io/guides/serialization_and_saving/

    Examples
    --------
    Of ``model.save("model.keras")``, ``fcnn.from_keras("model.keras")`` is all. Of
    weights alone, as ``model.save_weights("model.weights.h5")`` writes them:

    >>> import fcnn, pathlib, tempfile
    >>> import h5py
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "model.weights.h5")
    ...     with h5py.File(path, "w") as file:
    ...         file["layers/dense/vars/0"] = [[0.5, -1.0], [0.25, 1.0]]
    ...         file["layers/dense/vars/1"] = [1.0, 0.0]
    ...     net = fcnn.from_keras(path, output="relu")
    >>> net.predict([2.0, 4.0]).tolist()
    [3.0, 2.0]
    """
    is_path = isinstance(model, (str, os.PathLike))
    if not is_path and not _is_model(model):
        raise TypeError(
            f"from_keras takes a Keras model or a path, not {_checks.shown(model)}"
        )
    try:
        if is_path:
            from fcnn.formats import keras_files

            return keras_files.network(model, activation, output, loss)
        from fcnn.formats import keras_models

        if activation is not None:
            raise ValueError("activation goes with weights alone: a model has its own")
        return keras_models.network(model, output, loss)
    except ValueError as error:
        raise ValueError(f"from_keras: {error}") from None


def _is_model(value: Any) -> bool:
    """Whether it is a model or layer of Keras 2 or 3, without an import of either."""
    return hasattr(value, "get_config") and any(
        cls.__name__ == "Layer" and cls.__module__.partition(".")[0] in ROOTS
        for cls in type(value).__mro__
    )
