"""The textbook's task, with Keras's file; without it, scikit-learn's digits.

python examples/mnist.py [--data mnist.npz]
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import fcnn

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", help="a file with x_train, y_train, x_test and y_test")
data = parser.parse_args().data

if data:
    with np.load(data) as file:
        X, X_test = (file[f"x_{part}"].reshape(-1, 784) for part in ("train", "test"))
        y, y_test = file["y_train"], file["y_test"]
else:
    parts = train_test_split(*load_digits(return_X_y=True), random_state=0)
    X, X_test, y, y_test = parts
scale = np.float32(X.max())

net = fcnn.Network([X.shape[1], 100, 10], "relu", "softmax", seed=1)
stop = fcnn.EarlyStopping("val_loss", patience=3)
options = {"epochs": 30, "validation_split": 0.1, "callbacks": [stop]}
history = net.fit(X / scale, y, l2=1e-4, metrics=["accuracy"], **options)
rows = zip(history.loss, history.metrics["val_accuracy"], strict=True)
for epoch, (loss, accuracy) in enumerate(rows, start=1):
    print(f"epoch {epoch}: loss {loss:.4f}, validation accuracy {accuracy:.2%}")
test = net.evaluate(X_test / scale, y_test, metrics=["accuracy"])
print(f"accuracy on {len(X_test)} test digits: {test['accuracy']:.2%}")
