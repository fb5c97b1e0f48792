"""Draws docs/figures/learning_rate.png: the schedules, and a learning-rate range test.

python docs/figures/learning_rate.py
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("agg")
from matplotlib import pyplot as plt

import fcnn
from fcnn import schedules as s

CURVES = {
    "Step(1, 250, gamma=0.5)": s.Step(1.0, 250, gamma=0.5),
    "Exponential(1, 0.998)": s.Exponential(1.0, 0.998),
    "Cosine(1, 1000)": s.Cosine(1.0, 1000),
    "Cosine(..., restarts=True)": s.Cosine(1.0, 150, restarts=True, growth=2),
    "OneCycle(1, 1000)": s.OneCycle(1.0, 1000),
    "OneCycle(..., three_phase=True)": s.OneCycle(
        1.0, 1000, anneal="linear", three_phase=True
    ),
    "Polynomial(1, 1000, 2)": s.Polynomial(1.0, 1000, power=2.0),
    "InverseScaling(1)": s.InverseScaling(1.0),
    "Warmup(Cosine(...), 200)": s.Warmup(s.Cosine(1.0, 800), 200),
}


def draw_schedules(axes):
    t = np.arange(0, 1050, 2)
    for ax, (name, schedule) in zip(axes, CURVES.items(), strict=True):
        ax.plot(t, [schedule(int(k)) for k in t], linewidth=1.2)
        ax.set_title(name, fontsize=7)
        ax.set_ylim(-0.05, 1.1)
        ax.tick_params(labelsize=6)


def draw_range_test(ax):
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, size=(3000, 2))
    y = np.sin(1.5 * X[:, 0] + X[:, 1]) + np.cos(X[:, 0] - 2 * X[:, 1]) / 2
    net = fcnn.Network([2, 32, 32, 1], "tanh", "identity", seed=1)
    fcnn.lr_range_test(net, X, y, optimizer="adam", max_lr=10.0).plot(ax)
    ax.set_title("lr_range_test with Adam", fontsize=8)
    ax.tick_params(labelsize=6)


figure = plt.figure(figsize=(8.6, 4.2), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=(3, 2))
grid = left.subplots(3, 3, sharex=True, sharey=True)
draw_schedules(grid.ravel())
left.supxlabel("step t", fontsize=8)
draw_range_test(right.subplots())
figure.savefig(Path(__file__).with_suffix(".png"), dpi=66)
