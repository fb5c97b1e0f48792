"""Which learning rate, and how it should change: a range test, then schedules compared.

python examples/learning_rate.py
"""

import numpy as np

import fcnn
from fcnn import schedules

rng = np.random.default_rng(0)
X = rng.uniform(-2, 2, size=(4000, 2))
clean = np.sin(1.5 * X[:, 0] + X[:, 1]) + np.cos(X[:, 0] - 2 * X[:, 1]) / 2
y = clean + rng.normal(scale=0.2, size=len(X))
train, new = slice(None, 3000), slice(3000, None)
net = fcnn.Network([2, 32, 32, 1], activation="tanh", output="identity", seed=1)

# the loss while the rate rises, a step at a time, on a copy of the network
found = fcnn.lr_range_test(net, X[train], y[train], optimizer="adam")
for lr, loss in list(zip(found.lr, found.smoothed_loss, strict=True))[10::12]:
    print(f"lr {lr:8.1e}  loss {loss:8.4f}  {'#' * min(60, int(40 * loss))}")
print(found)

epochs = 20
steps = epochs * -(-3000 // 32)  # schedules count mini-batches, not epochs
lr = 10 * found.suggestion
tried = {
    "constant, a tenth": lr / 10,
    "constant": lr,
    "step": schedules.Step(lr, steps // 3),
    "warm-up and cosine": schedules.Warmup(schedules.Cosine(lr, steps - 100), 100),
    "one cycle": schedules.OneCycle(lr, steps),
}
for name, rate in tried.items():
    trained = net.copy()
    trained.fit(X[train], y[train], epochs=epochs, optimizer=fcnn.Adam(lr=rate))
    error = trained.predict(X[new]).ravel() - clean[new]
    print(f"{name:18}  rmse of new points {np.sqrt(np.mean(error**2)):.4f}")
