"""Draws docs/figures/descent.png: the lesson's network learns its four samples.

python docs/figures/descent.py
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np

import fcnn

mpl.use("agg")
import matplotlib.pyplot as plt

X = np.array([[1.0, 0.5], [0.0, 1.0], [-1.0, 0.5], [0.5, -1.0]])
Y = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
WEIGHTS = [[0.5, -1.0], [1.0, 0.5], [-0.5, 1.0]], [[1.0, -1.0, 0.5], [0.5, 1.0, -1.0]]
BIASES = [0.0, -0.5, 0.5], [0.0, 0.5]


def lesson():
    net = fcnn.Network([2, 3, 2], loss="quadratic", dtype="float64", seed=0)
    for l in (1, 2):
        net.layers[l].weight, net.layers[l].bias = WEIGHTS[l - 1], BIASES[l - 1]
    return net


figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for eta in (0.5, 5.0, 200.0):
    history = lesson().fit(X, Y, optimizer=fcnn.SGD(lr=eta), batch_size=2, epochs=200)
    left.plot(range(200), history.loss, label=f"eta = {eta:g}")
left.set(title="C, by the learning rate", xlabel="epoch", yscale="log")
left.legend()

net, answers = lesson(), []
for _ in range(100):
    answers.append(net.predict(X)[:, 0])
    net.fit(X, Y, optimizer=fcnn.SGD(lr=5.0), batch_size=2, epochs=1)
for sample, line in enumerate(np.transpose(answers)):
    wanted = Y[sample, 0]
    label = f"sample {sample}: {wanted:.0f} wanted"
    right.plot(line, "-" if wanted else "--", label=label)
right.set(title="The first output, eta = 5", xlabel="epoch", ylim=(0, 1))
right.legend()
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
