"""Trains small models in Keras and writes what test_from_keras.py compares with.

Run it here by hand: `KERAS_BACKEND=torch python make_keras_models.py`. It was, with
Keras 3.15.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_diabetes, load_digits

HERE = Path(__file__).parent


def trained(model, loss, X, y):
    model.compile("adam", loss)
    model.fit(X, y, epochs=10, verbose=0)
    return model


def write(model, name):
    """Without what training needs, which would be two thirds of the file."""
    bare = keras.models.clone_model(model)
    bare.set_weights(model.get_weights())
    bare.save(HERE / name)


def digits():
    """A Sequential: scaled, flattened, normalized, with dropout, in both formats."""
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 8, 8)
    model = keras.Sequential(
        [
            layers.Input((8, 8)),
            layers.Rescaling(1 / 8, offset=-1),
            layers.Flatten(),
            layers.Dense(24, activation="relu", name="first"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(16),
            layers.LeakyReLU(0.1),
            layers.Dense(10, activation="softmax"),
        ]
    )
    trained(model, "sparse_categorical_crossentropy", X, y)
    write(model, "keras_digits.keras")
    write(model, "keras_digits.h5")
    X = X[:40]
    return {"digits_X": X.astype("u1"), "digits": model.predict(X, verbose=0)}


def diabetes():
    """A functional model: learned means and variances, noise, a nested model."""
    X, y = load_diabetes(return_X_y=True, scaled=False)
    X = X.astype("float32")
    normalization = layers.Normalization()
    normalization.adapt(X)
    inputs = layers.Input((10,))
    x = layers.GaussianNoise(0.05)(normalization(inputs))
    inner = [layers.Dense(8, "silu"), layers.Dense(8, "leaky_relu")]
    x = keras.Sequential(inner)(x)
    outputs = layers.Rescaling(80.0, 150.0)(layers.Dense(1)(x))
    model = trained(keras.Model(inputs, outputs), "mse", X, y)
    write(model, "keras_diabetes.keras")
    X = X[:40]
    return {"diabetes_X": X, "diabetes": model.predict(X, verbose=0)}


def weights_alone():
    """Eleven Dense layers, so that dense_10 comes after dense_2."""
    X, y = load_diabetes(return_X_y=True)
    model = keras.Sequential([layers.Input((10,))])
    for _ in range(10):
        model.add(layers.Dense(4, activation="tanh", kernel_initializer="orthogonal"))
    model.add(layers.Dense(1))
    trained(model, "mse", X, y)
    model.save_weights(HERE / "keras_dense.weights.h5")
    X = X[:40]
    return {"dense_X": X, "dense": model.predict(X, verbose=0)}


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    outputs = {**digits(), **diabetes(), **weights_alone()}
    np.savez_compressed(HERE / "keras_outputs.npz", **outputs)
