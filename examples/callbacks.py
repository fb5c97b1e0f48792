"""Callbacks together: a log, the best network on disk, a falling rate, an early end.

python examples/callbacks.py
"""

import csv
from pathlib import Path

from sklearn.datasets import load_digits

import fcnn

X, y = load_digits(return_X_y=True)
X /= 16

net = fcnn.Network([64, 64, 10], activation="relu", output="softmax", seed=1)


def show(epoch, logs):
    if epoch % 5 == 0:
        lr, loss = net.learning_rate, logs["val_loss"]
        print(f"epoch {epoch:2d}: val_loss {loss:.4f}, learning rate {lr:g}")


lower = fcnn.ReduceLROnPlateau(factor=0.3, patience=3, verbose=1)
stop = fcnn.EarlyStopping(patience=10, verbose=1)
save = fcnn.ModelCheckpoint("best.safetensors", save_best_only=True)
log = fcnn.CSVLogger("log.csv")
callbacks = [lower, stop, save, log, fcnn.TimeLimit(60)]
callbacks.append(fcnn.LambdaCallback(on_epoch_end=show))
options = {"optimizer": fcnn.Adam(lr=0.005), "metrics": "accuracy", "epochs": 200}
history = net.fit(X, y, validation_split=0.25, callbacks=callbacks, **options)

best = history.metrics["val_accuracy"][stop.best_epoch]
print(f"the network is back at epoch {stop.best_epoch}: val_accuracy {best:.4f}")
same = (fcnn.load("best.safetensors").parameters == net.parameters).all()
print(f"best.safetensors holds the same parameters: {same}")
with Path("log.csv").open(encoding="utf-8") as file:
    print(f"log.csv holds {sum(1 for _ in csv.DictReader(file))} epochs")
