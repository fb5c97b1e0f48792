"""A run that is killed, and goes on as if nothing had happened.

python examples/resume.py
"""

import multiprocessing
import os

from sklearn.datasets import load_digits

import fcnn

X, y = load_digits(return_X_y=True)
FIT = {"epochs": 20, "optimizer": fcnn.Adam(lr=fcnn.schedules.Cosine(0.003, 900))}


def train(*callbacks, resume=None):
    net = fcnn.Network([64, 64, 10], "relu", "softmax", dropout=0.2, seed=1)
    stop = fcnn.EarlyStopping(patience=5)
    fit = {"callbacks": [stop, *callbacks], "resume": resume, **FIT}
    return net, net.fit(X / 16, y, validation_split=0.2, **fit)


def killed_run():
    left = iter(range(320))  # batches: the last is one of epoch 7
    die = lambda *_: next(left, None) is None and os._exit(9)  # noqa: E731
    kill = fcnn.LambdaCallback(on_train_batch_end=die)
    train(fcnn.Checkpoint("run.ckpt", every_batches=10), kill)


if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=killed_run)
    process.start()
    process.join()
    net, history = train(resume="run.ckpt")
    whole, expected = train()
    same = (net.parameters == whole.parameters).all()
    print(f"killed with exit code {process.exitcode}; resumed: {history}")
    print(f"as a run never killed: {same and history.metrics == expected.metrics}")
