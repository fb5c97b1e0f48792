"""Under a second, with nothing but numpy and fcnn: `python tests/test_smoke.py`.

For a wheel that has just been built, on a machine without the test suite's packages.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

import fcnn

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = np.array([0, 1, 1, 0])


def test_it_learns_exclusive_or_and_survives_a_file():
    for dtype in ("float32", "float64"):
        net = fcnn.Network([2, 8, 1], "tanh", dtype=dtype, seed=1)
        history = net.fit(X, Y, epochs=300, optimizer=fcnn.Adam(lr=0.05))
        assert history.loss[-1] < 0.1 < history.loss[0]
        assert net.predict(X).round().ravel().tolist() == [0, 1, 1, 0]
        assert net.evaluate(X, Y, metrics="accuracy")["accuracy"] == 1
        with tempfile.TemporaryDirectory() as folder:
            net.save(Path(folder, "net.safetensors"))
            again = fcnn.load(Path(folder, "net.safetensors"))
        assert again.predict(X).tobytes() == net.predict(X).tobytes()


def test_every_activation_and_loss_has_a_right_gradient():
    from fcnn import _core

    rows = np.cos(np.arange(12.0)).reshape(4, 3)
    for entry in _core.activations():
        name = entry["name"]
        hidden = "tanh" if entry["output_only"] else name
        net = fcnn.Network([3, 4, 2], hidden, name, dtype="float64", seed=3)
        for loss in _core.losses():
            if loss["outputs"] is None or name in loss["outputs"]:
                y = np.full((4, 2), 0.4)
                report = net.gradient_check(rows, y, loss["name"])
                assert report.max_error < 1e-5, (name, loss["name"], report)


def test_every_optimizer_learns_a_line():
    from fcnn import _core

    x = np.linspace(-1, 1, 32)[:, None]
    for entry in _core.optimizers():
        net = fcnn.Network([1, 1], output="identity", seed=0)
        history = net.fit(x, 2 * x + 1, optimizer=entry["name"], epochs=20)
        assert history.loss[-1] < history.loss[0]


def test_threads_give_the_same_bits():
    rows = np.cos(np.arange(600.0)).reshape(200, 3)
    nets = [fcnn.Network([3, 64, 2], seed=2) for _ in range(2)]
    for n_threads, net in enumerate(nets, start=1):
        net.fit(rows, np.arange(200) % 2, epochs=2, n_threads=n_threads)
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()


def test_show_config():
    config = fcnn.show_config("dicts")
    assert config["level"] in config["levels"]
    assert config["version"] == fcnn.__version__


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
    fcnn.show_config()
