"""Draws docs/figures/sparse.png: rows of hashed words, and how they are classified.

python docs/figures/sparse.py
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer

import fcnn

mpl.use("agg")
import matplotlib.pyplot as plt

rng = np.random.default_rng(0)
TOPICS = ["sport", "cooking", "music", "weather"]


def text(topic):
    words = (rng.pareto(1.0, 60) * 20).astype(int) % 5000
    own = rng.random(60) < 0.1
    words[own] = 1000 + 300 * topic + rng.integers(0, 300, own.sum())
    return " ".join(f"word{w}" for w in words)


y = rng.integers(0, 4, 2000)
X = HashingVectorizer(n_features=2**16, dtype=np.float32).transform(map(text, y))
net = fcnn.Network([2**16, 8, 4], "relu", "softmax", seed=1)
net.fit(X[:1500], y[:1500], epochs=3, batch_size=50, optimizer=fcnn.Adam(lr=0.01))
counts = np.zeros((4, 4), int)
np.add.at(counts, (y[1500:], net.predict(X[1500:]).argmax(axis=1)), 1)

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.2), width_ratios=[2, 1], layout="constrained"
)
left.spy(X[:60], markersize=0.6, aspect="auto", color="tab:blue")
left.set(title="The first 60 rows of X", xlabel="column", ylabel="row")
right.imshow(counts, cmap="Blues")
for row, column in np.ndindex(4, 4):
    color = "white" if row == column else "black"
    number = str(counts[row, column])
    right.text(column, row, number, ha="center", va="center", color=color)
right.set(title="500 new texts", xlabel="said", ylabel="true")
right.set_xticks(range(4), TOPICS, fontsize=8)
right.set_yticks(range(4), TOPICS, fontsize=8)
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
