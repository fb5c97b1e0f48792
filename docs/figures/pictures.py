"""Draws docs/figures/pictures_*.png: every display, as docs/pictures.md describes them.

python docs/figures/pictures.py
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

mpl.use("agg")
from matplotlib import pyplot as plt

import fcnn
from fcnn import plot

FOLDER = Path(__file__).parent
plt.rcParams |= {"font.size": 9, "lines.linewidth": 1.2}


def figure(width, height):
    return plt.figure(figsize=(width, height), layout="constrained")


X, y = load_digits(return_X_y=True)
X /= 16
net = fcnn.Network([64, 32, 10], "tanh", "softmax", seed=1)
cosine = fcnn.schedules.Cosine(0.01, steps=30 * 43)
history = net.fit(
    X,
    y,
    epochs=30,
    optimizer=fcnn.Adam(cosine),
    validation_split=0.25,
    metrics="accuracy",
)
deep = fcnn.Network([64, 32, 32, 32, 32, 32, 10], "sigmoid", "softmax", seed=1)

rng = np.random.default_rng(0)
label = np.arange(400) % 2
angle = rng.uniform(0, np.pi, 400) + np.pi * label
points = np.column_stack([np.cos(angle) + label, np.sin(angle) + label / 2])
points += rng.normal(scale=0.15, size=points.shape)
moons = fcnn.Network([2, 16, 16, 1], "tanh", seed=0)
moons.fit(points, label, epochs=100, optimizer=fcnn.Adam(0.01))

third = label + (points[:, 0] > 0.5)
three = fcnn.Network([2, 16, 3], "tanh", "softmax", seed=0)
three.fit(points, third, epochs=100, optimizer=fcnn.Adam(0.01))

axes = figure(5.0, 4.2).subplots(3, 1)
made = {"history": plot.HistoryDisplay.from_history(history, ax=axes)}
digits = [f"digit {k}" for k in range(10)]
ax = figure(5.6, 4.2).subplots()
made["network"] = plot.NetworkDisplay.from_network(net, output_names=digits, ax=ax)
ax = figure(6.4, 1.9).subplots()
made["weights"] = plot.WeightsDisplay.from_network(net, nodes=range(16), ax=ax)
ax = figure(7.4, 5.4).subplots()
made["layers"] = plot.LayerHistogramsDisplay.from_network(deep, X[:500], y[:500], ax=ax)
left, right = figure(8.2, 3.0).subplots(1, 2)
draw = plot.DecisionBoundaryDisplay.from_network
made["boundary"] = draw(moons, points, label, ax=left)
draw(three, points, third, ax=right)
report = deep.gradient_check(X[:5], y[:5], max_probes=300)
ax = figure(5.0, 2.8).subplots()
made["gradient_check"] = plot.GradientCheckDisplay.from_report(report, ax=ax)

for name, display in made.items():
    path = FOLDER / f"pictures_{name}.png"
    display.figure_.savefig(path, dpi=90)
    with Image.open(path) as image:  # 48 colors do
        image.convert("RGB").quantize(48).save(path, optimize=True)
