"""A network in pictures: its training, weights, layers and diagram, in pictures.png.

python examples/pictures.py
"""

from matplotlib.figure import Figure
from sklearn.datasets import load_digits

import fcnn
from fcnn import plot

X, y = load_digits(return_X_y=True)
X /= 16

net = fcnn.Network([64, 32, 32, 10], activation="tanh", output="softmax", seed=1)
lr = fcnn.schedules.Cosine(0.01, steps=30 * 43)
options = {"validation_split": 0.25, "metrics": "accuracy", "epochs": 30}
history = net.fit(X, y, optimizer=fcnn.Adam(lr), **options)

figure = Figure(figsize=(13, 9), layout="constrained")
(top_left, top_right), (left, right) = figure.subplots(2, 2)
plot.HistoryDisplay.from_history(history, ax=top_left)
plot.NetworkDisplay.from_network(net, max_nodes=10, ax=top_right)
plot.WeightsDisplay.from_network(net, nodes=range(24), ax=left)
layers = plot.LayerHistogramsDisplay.from_network(net, X[:500], y[:500], ax=right)
figure.savefig("pictures.png", dpi=100)

print("pictures.png shows the training, the network, its first layer and its signals")
for l, panels in enumerate(layers.axes_, start=1):
    names = (panel.get_title(loc="right") for panel in panels)
    print(f"layer {l}: z, a, |delta|: " + "; ".join(names))
