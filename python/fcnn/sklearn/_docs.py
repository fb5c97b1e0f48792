"""What the docstrings of the two estimators have in common."""

from __future__ import annotations

from typing import TypeVar

Class = TypeVar("Class", bound=type)

PARAMETERS = """
hidden_layer_sizes : int or sequence of int, default (100,)
    The sizes of the hidden layers.
activation : str or sequence of str, default "relu"
    Of the hidden layers: "identity", "logistic" (the sigmoid), "tanh", "relu", or any
    name of fcnn's, such as "gelu" or "leaky_relu(0.2)"; a sequence has one for each.
solver : str or fcnn.Optimizer, default "adam"
    "lbfgs", "sgd" or "adam", with the parameters below; another optimizer's name, with
    `learning_rate_init` and otherwise its defaults; or an optimizer such as
    ``fcnn.RMSprop(lr=0.01)``, as it is.
alpha : float, default 0.0001
    The L2 penalty: a batch's loss gains alpha / 2 times the sum of the squared weights
    (biases apart), divided by the sum of the weights of its rows.
batch_size : int, default "auto"
    Rows in a mini-batch; "auto" is min(200, n).
learning_rate : {"constant", "invscaling", "adaptive"}, default "constant"
    Of solver "sgd": `learning_rate_init`; or after each epoch that divided by
    ``(t_ + 1) ** power_t``; or divided by 5 where training would otherwise stop, down
    to 1e-6.
learning_rate_init : float, default 0.001
    The first learning rate of a solver given by name.
power_t : float, default 0.5
    Of "invscaling".
max_iter : int, default 200
    The most epochs; iterations of "lbfgs". A ConvergenceWarning tells when it is met.
shuffle : bool, default True
    Whether each epoch takes the rows in a new random order.
random_state : int, RandomState or None, default None
    Draws initial weights, the split of early stopping and shuffles, as in
    scikit-learn: the same numbers from the same state.
tol : float, default 1e-4
    What counts as an improvement; of "lbfgs" the largest gradient at the end.
verbose : bool, default False
    Print each epoch's loss.
warm_start : bool, default False
    Have `fit` go on from the weights that are there.
momentum : float, default 0.9
    Of "sgd".
nesterovs_momentum : bool, default True
    Of "sgd".
early_stopping : bool, default False
    Stop when the validation score no longer improves, and go back to the best weights.
    Not for solvers with an end of their own ("lbfgs", "levenberg_marquardt").
validation_fraction : float, default 0.1
    Which part of the rows early stopping holds out; for two classes stratified.
beta_1, beta_2, epsilon : float, default 0.9, 0.999, 1e-8
    Of "adam".
n_iter_no_change : int, default 10
    Training stops after more than so many epochs in succession without improvement.
max_fun : int, default 15000
    The most evaluations of "lbfgs".
"""

MORE_PARAMETERS = """
dropout : float or sequence of float, default 0.0
    The part of each hidden layer's activations that a training step sets to 0; a
    sequence begins with the inputs. See `fcnn.Network`.
callbacks : fcnn.Callback or sequence of them, default ()
    Called between the epochs, as by `fcnn.Network.fit`; all but `fcnn.Checkpoint`.
    "val_loss" may be monitored where there are validation rows.
n_jobs : int, optional
    Threads of fit and predict; -1: all CPUs. The results are the same with any.
"""

ATTRIBUTES = """
network_ : fcnn.Network
    What was trained.
coefs_ : list of ndarray
    The weights of each layer, (n_in, n_out): views of the network's parameters. A
    write, or assigning other arrays, takes effect.
intercepts_ : list of ndarray
    The biases of each layer, (n_out,), likewise.
loss_ : float
    The last epoch's loss, `alpha`'s penalty included.
loss_curve_ : list of float
    The loss of each epoch: the mean over its rows, whatever their weights, of the loss
    of each one's batch before the step.
best_loss_ : float or None
    The least; None with early stopping.
validation_scores_ : list of float or None
    The score of each epoch on the validation rows, if there are any: accuracy or R^2.
best_validation_score_ : float or None
    The highest.
n_iter_ : int
    The epochs of the last fit.
t_ : int
    The rows that all epochs have gone over; 0 for "lbfgs".
n_features_in_ : int
    The features of X.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Their names, where X was a data frame.
n_layers_ : int
    The layers, input and output included.
n_outputs_ : int
    The size of the output layer.
out_activation_ : str
    "softmax", "logistic", "identity" or "exp".
"""


def completed(cls: Class) -> Class:
    """Puts these texts into the class's docstring."""
    if cls.__doc__ is not None:  # python -OO has taken it away
        texts = {
            "parameters": PARAMETERS,
            "more_parameters": MORE_PARAMETERS,
            "attributes": ATTRIBUTES,
        }
        cls.__doc__ = cls.__doc__.format(
            **{
                name: text.strip().replace("\n", "\n    ")
                for name, text in texts.items()
            }
        )
    return cls
