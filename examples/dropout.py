"""A quarter of the labels is wrong: what keeps a wide network from learning them too.

python examples/dropout.py
"""

import numpy as np
from sklearn.datasets import load_digits

import fcnn

rng = np.random.default_rng(0)
X, y = load_digits(return_X_y=True)
X_train, X_new, y_new = X[:800] / 16, X[800:] / 16, y[800:]
wrong = rng.random(800) < 0.25
y_train = np.where(wrong, rng.integers(0, 10, 800), y[:800])

for name, network, training in (
    ("nothing", {}, {}),
    ("l2", {}, {"l2": 1e-3}),
    ("label_smoothing", {}, {"label_smoothing": 0.2}),
    ("max_norm", {}, {"max_norm": 1.0}),
    ("input_noise", {"input_noise": 0.3}, {}),
    ("dropout", {"dropout": [0.2, 0.5, 0.5]}, {}),
):
    net = fcnn.Network([64, 256, 256, 10], "relu", "softmax", seed=1, **network)
    net.fit(X_train, y_train, epochs=50, **training)
    found = net.evaluate(X_new, y_new, metrics="accuracy")
    print(f"{name:15} accuracy {found['accuracy']:.4f}, loss {found['loss']:.4f}")

# Monte Carlo dropout: thinned networks disagree where there was nothing to learn from
x = np.concatenate([rng.uniform(-3, -0.5, 100), rng.uniform(0.8, 2.5, 100)])
t = np.sin(2 * x) + rng.normal(scale=0.1, size=len(x))
net = fcnn.Network([1, 128, 128, 1], "relu", "identity", dropout=0.1, seed=0)
net.fit(x[:, None], t, epochs=400)
for place, at in (("among the rows", -2.0), ("in the gap", 0.2), ("beyond", 5.0)):
    mean, std = net.predict([at], dropout_samples=100)
    known = f"{mean[0]:5.2f} +- {std[0]:.2f}, sin(2 x) {np.sin(2 * at):5.2f}"
    print(f"{place:15} x = {at:4.1f}: {known}")
