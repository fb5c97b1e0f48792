"""Trains on scikit-learn's 1,797 handwritten digits and saves the model.

python examples/digits.py [model.safetensors]
"""

import sys

import numpy as np
from sklearn.datasets import load_digits

import fcnn

X, y = load_digits(return_X_y=True)  # (1797, 64) gray values 0..16, digits 0..9
X /= 16
held_out = np.arange(len(X)) % 3 == 0  # every third row, never trained on
X_train, y_train = X[~held_out], y[~held_out]

net = fcnn.Network([64, 128, 10], activation="relu", output="softmax", seed=1)
print(net)
for epochs in range(10, 60, 10):
    history = net.fit(X_train, y_train, epochs=10, l2=1e-3, metrics=["accuracy"])
    loss, accuracy = history.loss[-1], history.metrics["accuracy"][-1]
    print(f"after {epochs} epochs: loss {loss:.4f}, accuracy {accuracy:.2%}")

test = net.evaluate(X[held_out], y[held_out], metrics=["accuracy"])
print(f"accuracy on the {held_out.sum()} held-out digits: {test['accuracy']:.2%}")

path = sys.argv[1] if len(sys.argv) > 1 else "digits.safetensors"
net.save(path)
same = np.array_equal(fcnn.load(path).predict(X), net.predict(X))
print(f"saved to {path}; the loaded model predicts the same bits: {same}")
