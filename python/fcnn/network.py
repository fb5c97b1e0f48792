"""Network: how it is made, trained, saved and loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fcnn import _architecture, _core, _data, _plan, training
from fcnn._base import check_loss
from fcnn._exports import Exports
from fcnn._types import Array, Inputs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike

    from fcnn._batches import Batches
    from fcnn.callbacks import Callback
    from fcnn.history import History
    from fcnn.optimizers import Optimizer

    Init = str | Array | None
    MetricLike = str | Callable[..., Any]


class Network(Exports):
    r"""A fully connected neural network.

    Layer l has nodes k, which receive from the nodes j of layer l-1:

    .. math::
        z^l_k = \sum_j W^l_{kj} a^{l-1}_j + b^l_k, \qquad a^l_k = \sigma(z^l_k),

    with a^0 = x, the input.

    Parameters
    ----------
    sizes : sequence of int
        The sizes of the layers 0..L: ``[n_in, ..., n_out]``.
    activation : str or sequence of str, default "sigmoid"
        The hidden layers' sigma: one for all, or one for each of 1..L-1. A name may
        carry its parameter: ``"leaky_relu(0.2)"``. An unknown one is a ValueError
        that lists the names.
    output : str, default "sigmoid"
        The last layer's: one of the same, or ``"softmax"`` or ``"exp"``.
    loss : str, optional
        What training minimizes unless `fit` is told otherwise. By default the natural
        loss of the output: softmax's is "cross_entropy", sigmoid's
        "binary_cross_entropy", exp's "poisson", any other's "mse".
    bias : bool or sequence of bool, default True
        Whether layers have a bias b: one for all, or one for each of 1..L.
    init : str, array or sequence of them, default "auto"
        The initial weights: the name of a rule or an array (n_out, n_in); a list has
        one for each layer 1..L, where None means "auto". "auto" goes by the layer's
        activation: "he_normal" for relu and its kind, "lecun_normal" for selu,
        "glorot_uniform" for the rest. Biases begin at zero.
    dropout : float or sequence of float, default 0.0
        Which part of the activations training sets to 0 in every step, at least 0 and
        below 1: one for all hidden layers, or one for each layer 0..L-1, the inputs
        first. The others are divided by 1 - p meanwhile, so that prediction takes the
        network as it is; p is rounded to a multiple of 2^-16.
    input_noise : float, default 0.0
        The standard deviation of normal noise that training adds to the inputs in
        every step (after standardizing), at least 0.
    standardize : bool, default False
        Have the first `fit` learn mean and standard deviation of the inputs, and with
        an identity output of the targets; from then on they are part of the network:
        see `standardizer`. Losses are those of standardized targets, predictions and
        metrics have the targets' own units.
    dtype : {"float32", "float64"}, default "float32"
        Of the parameters and of all arithmetic.
    seed : int, optional
        Keys the initial weights, the shuffles and the validation split, the same on
        every platform; by default one is drawn, and shown as `seed`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as stated above.
    MemoryError
        If the parameters do not fit into memory.

    References
    ----------
    X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010. K. He, X. Zhang, S. Ren, J. Sun, "Delving Deep into
    Rectifiers", ICCV 2015. G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter,
    "Self-Normalizing Neural Networks", NIPS 2017 (lecun_normal with selu).
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: A
    Simple Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014.
    C. M. Bishop, "Training with Noise is Equivalent to Tikhonov Regularization", Neural
    Computation 7, 1995 (input_noise).

    Examples
    --------
    Exclusive or, learned from its four rows:

    >>> import fcnn
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> net = fcnn.Network([2, 8, 1], "tanh", seed=1)
    >>> history = net.fit(X, y, epochs=500, optimizer=fcnn.Adam(lr=0.05))
    >>> net.predict(X).round().ravel().tolist()
    [0.0, 1.0, 1.0, 0.0]
    >>> fcnn.Network([2, 3, 1], "relu", "identity", seed=1)
    Network([2, 3, 1], 'relu', output='identity', loss='mse', dtype='float32', seed=1)
    """

    __slots__ = ()

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "sigmoid",
        output: str = "sigmoid",
        *,
        loss: str | None = None,
        bias: bool | Sequence[bool] = True,
        init: Init | Sequence[Init] = "auto",
        dropout: float | Sequence[float] = 0.0,
        input_noise: float = 0.0,
        standardize: bool = False,
        dtype: DTypeLike = "float32",
        seed: int | None = None,
    ) -> None:
        real = _architecture.parse_dtype(dtype)
        architecture = _architecture.parse(
            sizes,
            activation,
            output,
            bias,
            real,
            dropout=dropout,
            input_noise=input_noise,
            standardize=standardize,
        )
        name = check_loss(loss, architecture)
        start = _parse_init(init, architecture)
        self._set_up(architecture, real, name, _architecture.parse_seed(seed))
        for l, rule in enumerate(start, start=1):
            if isinstance(rule, str):
                self._engine.initialize(l, rule, self._seed)
            else:
                self._layers[l].weight = rule

    def fit(
        self,
        X: Inputs | None = None,
        y: ArrayLike | None = None,
        *,
        batches: Batches | None = None,
        loss: str | None = None,
        optimizer: str | Optimizer = "adam",
        epochs: int = 10,
        batch_size: int | None = None,
        shuffle: bool | Literal["batch"] = True,
        validation_data: tuple[Any, ...] | None = None,
        validation_split: float = 0.0,
        sample_weight: ArrayLike | None = None,
        class_weight: Mapping[int, float] | Literal["balanced"] | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        clip_norm: float | None = None,
        max_norm: float | None = None,
        label_smoothing: float = 0.0,
        penalty_per: Literal["batch", "sample"] = "batch",
        metrics: MetricLike | Sequence[MetricLike] = (),
        callbacks: Callback | Sequence[Callback] = (),
        resume: str | os.PathLike[str] | None = None,
        progress: bool | Literal["auto"] = "auto",
        n_threads: int | None = None,
        seed: int | None = None,
    ) -> History:
        r"""Trains the network by gradient descent over mini-batches.

        Each mini-batch makes one step of the optimizer against the gradient of

        .. math::
            C = \frac{\sum_i w_i C_i}{\sum_i w_i}
              + \mathrm{l1} \|W\|_1 + \frac{\mathrm{l2}}{2} \|W\|^2

        or, with ``penalty_per="sample"``, of

        .. math::
            C = \frac{\sum_i w_i C_i
              + \mathrm{l1} \|W\|_1 + \frac{\mathrm{l2}}{2} \|W\|^2}{\sum_i w_i}.

        Training goes on where it was: the optimizer's state is kept while `optimizer`
        equals the last one, and the count of epochs, which keys the shuffles, always,
        so that three epochs and then two give the bits of five.

        Parameters
        ----------
        X : array of shape (n, n_in)
            Of any real dtype and layout, a numpy.memmap larger than memory too: it is
            read a mini-batch at a time, never copied as a whole. So is a SciPy sparse
            matrix, in CSR form without a copy. Lists and data frames (pandas, polars)
            are converted first.
        y : array of shape (n, n_out), or (n,)
            The targets; (n,) are values where n_out is 1, and class labels 0..n_out-1
            (whole numbers, floats too) for several softmax or sigmoid outputs.
        batches : iterable, or callable that returns one, optional
            Instead of X and y: mini-batches (X, y) or (X, y, sample_weight), each gone
            over in one step. A list or a loader is gone over anew in each epoch, a
            function is called anew; an iterator, which can be gone over once, needs
            ``epochs=1``. A batch that is refused, or an exception of the iterable,
            takes the network back to the beginning of the epoch. `batch_size`,
            `shuffle`, `sample_weight`, `validation_split` and "balanced" have no place
            beside it.
        loss : str, optional
            The name of a loss, which the network's `loss` then is; by default that.
        optimizer : str or Optimizer, default "adam"
            ``fcnn.SGD``, ``Adam``, ``AdamW``, ``RMSprop``, ``Adagrad``, ``NAdam``, or
            such a name in lower case, for its defaults, whose ``lr`` may be one of
            `fcnn.schedules`; or one that takes every row in each step: ``Rprop``,
            ``LBFGS``, ``LevenbergMarquardt`` ("levenberg_marquardt").
        epochs : int, default 10
            How often to go over the rows; 0 trains nothing (but learns to
            standardize). One iteration each of those that take every row. With
            `resume` the total, those of the checkpoint included.
        batch_size : int, optional
            Rows in a mini-batch, 32 by default; the last one of an epoch may be
            smaller. Not for an optimizer that takes every row.
        shuffle : bool or "batch", default True
            Rows in a new random order each epoch, or as they are, or whole batches of
            neighboring rows in random order, for an X larger than memory.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Rows to evaluate after each epoch.
        validation_split : float, default 0.0
            Instead: which part of the rows to hold out for that, drawn at random by
            the network's `seed` and n alone, so that a later call holds out the same.
        sample_weight : array of shape (n,), optional
            w, finite and at least 0; by default 1 for each row. A mini-batch whose
            weights are all 0 makes no step.
        class_weight : dict or "balanced", optional
            A factor on w for each class, 1 for those that a dict leaves out;
            "balanced" is n / (classes * rows of the class), as in scikit-learn. The
            loss of training alone feels it, not metrics or validation.
        l1, l2 : float, default 0.0
            The penalties, at least 0; on weights, not on biases.
        clip_norm : float, optional
            Scale the gradient, penalties included, down to at most this 2-norm.
        max_norm : float, optional
            After each step scale the incoming weights of each node, W_k, down to at
            most this 2-norm.
        label_smoothing : float, default 0.0
            s, at least 0 and below 1: train on (1 - s) y + s / K for cross_entropy, on
            (1 - s) y + s / 2 for binary_cross_entropy and logistic; with another loss a
            ValueError. Validation is without, as in Keras.
        penalty_per : {"batch", "sample"}, default "batch"
            What `l1` and `l2` are added to: each mini-batch's mean loss, or the sum
            that is divided by the weights of its rows, scikit-learn's ``alpha``: a
            batch of half the rows, the last one of an epoch, feels twice as much.
        metrics : sequence of str or callable, default ()
            What to record besides the loss, as for `evaluate`.
        callbacks : sequence of Callback, default ()
            Called between the epochs, such as `fcnn.EarlyStopping`.
        resume : str or os.PathLike, optional
            A file that `fcnn.Checkpoint` wrote: go on from there, to the same bits as
            if training had never stopped. Network, arguments and data must be those of
            the checkpoint; a finished one returns at once.
        progress : bool or "auto", default "auto"
            Draw a progress bar; "auto" on a terminal or in a notebook, and only if
            training takes more than a second.
        n_threads : int, optional
            By default `fcnn.get_num_threads()`. The result is the same with any.
        seed : int, optional
            Keys the shuffles, with the count of epochs, instead of the network's.

        Returns
        -------
        History
            ``loss``, and ``metrics`` with a list for each recorded name.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as stated above, before anything is changed; or, with
            the row's number, if X or y turn out not to be finite; or if the checkpoint
            to resume from is damaged or of another network, other arguments or data.
        FileNotFoundError, OSError
            If the checkpoint cannot be read.
        TrainingDiverged
            If the loss or the parameters cease to be finite. The network is as after
            the last good epoch.
        RuntimeError
            If the network is being trained already, in another thread or by the fit
            whose callback this is.
        KeyboardInterrupt
            On Ctrl-C; the network is as after its last whole step.

        Notes
        -----
        Keras's words where it has one. Unlike there, a weighted batch is divided by
        the sum of its weights rather than by its rows, and the held-out rows are drawn
        at random rather than taken from the end.

        Examples
        --------
        >>> import fcnn
        >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
        >>> net = fcnn.Network([2, 8, 1], "tanh", seed=1)
        >>> history = net.fit(X, y, epochs=20, metrics=["accuracy"], batch_size=2)
        >>> history.loss[-1] < history.loss[0]
        True
        """
        step = _plan.check_step(
            self,
            X,
            y,
            batches=batches,
            loss=loss,
            optimizer=optimizer,
            sample_weight=sample_weight,
            l1=l1,
            l2=l2,
            clip_norm=clip_norm,
            max_norm=max_norm,
            label_smoothing=label_smoothing,
            penalty_per=penalty_per,
            n_threads=n_threads,
        )
        plan = _plan.check_fit(
            self,
            step,
            batches=batches,
            epochs=epochs,
            batch_size=batch_size,
            shuffle=shuffle,
            validation_data=validation_data,
            validation_split=validation_split,
            class_weight=class_weight,
            metrics=metrics,
            callbacks=callbacks,
            resume=resume,
            progress=progress,
            seed=seed,
        )
        return training.run_fit(self, plan)

    def fit_batch(
        self,
        X: Inputs,
        y: ArrayLike,
        *,
        loss: str | None = None,
        optimizer: str | Optimizer = "adam",
        sample_weight: ArrayLike | None = None,
        class_weight: Mapping[int, float] | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        clip_norm: float | None = None,
        max_norm: float | None = None,
        label_smoothing: float = 0.0,
        penalty_per: Literal["batch", "sample"] = "batch",
        n_threads: int | None = None,
    ) -> float:
        """Makes one optimizer step over all of the rows, for streams of data.

        Parameters
        ----------
        X, y, loss, optimizer, sample_weight, l1, l2, clip_norm, max_norm
            As for `fit`, whose optimizer's state it shares. One row may be given as
            (n_in,). Weights that are all 0 make no step.
        label_smoothing, penalty_per, n_threads
            As for `fit`.
        class_weight : dict, optional
            As for `fit`, but not "balanced": a batch is no training set.

        Returns
        -------
        float
            C of the batch before the step, penalties included.

        Raises
        ------
        TypeError, ValueError, RuntimeError
            As for `fit`.
        TrainingDiverged
            If the step would make the loss or the parameters other than finite; it is
            not made.

        Examples
        --------
        >>> import fcnn
        >>> net = fcnn.Network([2, 4, 1], seed=0)
        >>> losses = [net.fit_batch([[0, 1], [1, 0]], [0, 1]) for _ in range(50)]
        >>> losses[-1] < losses[0]
        True
        """
        step = _plan.check_step(
            self,
            X,
            y,
            loss=loss,
            optimizer=optimizer,
            sample_weight=sample_weight,
            l1=l1,
            l2=l2,
            clip_norm=clip_norm,
            max_norm=max_norm,
            label_smoothing=label_smoothing,
            penalty_per=penalty_per,
            n_threads=n_threads,
        )
        if step.optimizer.full_batch:
            raise ValueError(
                f"{type(step.optimizer).__name__} needs every row at once: give them "
                "to fit, not to fit_batch"
            )
        return training.run_step(self, _plan.weigh_classes(step, class_weight, None))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the network to a safetensors file, which `fcnn.load` reads.

        Any safetensors library reads it: tensors ``layers.<l>.weight`` (n_out, n_in)
        and ``layers.<l>.bias`` (n_out,), and the standardizer's arrays if there is one;
        sizes, activations, loss, dropout, dtype, seed and fcnn's version are JSON in
        the metadata. The optimizer's state is not saved;
        `copy` and pickle keep it.

        Parameters
        ----------
        path : str or os.PathLike
            A file of that name is replaced at once by the complete new one, so that a
            killed process leaves the old file or the new one. It keeps its
            permissions; a symbolic link stays, and its target is replaced.

        Raises
        ------
        OSError
            If the file cannot be written.
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        >>> import fcnn, pathlib, tempfile
        >>> net = fcnn.Network([3, 4, 2], seed=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "net.safetensors")
        ...     net.save(path)
        ...     again = fcnn.load(path)
        >>> bool((again.parameters == net.parameters).all())
        True
        """
        from fcnn import files

        files.write(path, self)


def load(path: str | os.PathLike[str]) -> Network:
    """Reads a network that `Network.save` wrote.

    Parameters
    ----------
    path : str or os.PathLike
        The file. Nothing in it is executed; everything is checked before memory for
        the parameters is allocated.

    Returns
    -------
    Network
        With the parameters, loss, dtype and seed of the one saved, and no optimizer
        state.

    Raises
    ------
    FileNotFoundError, OSError
        If there is no such file or it cannot be read.
    ValueError
        If it is damaged, or no file of fcnn's; the message names what is wrong.

    Examples
    --------
    >>> import fcnn, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "net.safetensors")
    ...     fcnn.Network([3, 4, 2], seed=0).save(path)
    ...     fcnn.load(path).sizes
    (3, 4, 2)
    """
    from fcnn import files

    return files.read(path)[0]


def _parse_init(
    init: Any, architecture: _architecture.Architecture
) -> list[str | Array]:
    """The name of a rule, or an array, for each of the layers 1..L; all checked."""
    sizes = architecture.sizes
    single = (str, np.ndarray)
    given = _architecture.per_layer("init", init, len(sizes) - 1, "layer 1..L", single)
    names = _core.initializers()
    start: list[str | Array] = []
    for l, (rule, activation) in enumerate(
        zip(given, architecture.activations, strict=True), start=1
    ):
        if rule is None or (isinstance(rule, str) and rule == "auto"):
            start.append(_architecture.activation_info(activation)["init"])
        elif isinstance(rule, str):
            if rule not in names:
                raise ValueError(
                    f"no initializer is named {rule!r}; there are auto, "
                    f"{', '.join(names)}, and arrays"
                )
            start.append(rule)
        else:
            array = _data.real_array(f"init of layer {l}", rule)
            if array.shape != (sizes[l], sizes[l - 1]):
                raise ValueError(
                    f"init of layer {l} must have shape {(sizes[l], sizes[l - 1])}, "
                    f"not {array.shape}"
                )
            start.append(array)
    return start
