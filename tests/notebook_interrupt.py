"""The stop button of a notebook: a real kernel, interrupted while cells train.

    pip install ipykernel jupyter_client
    python tests/notebook_interrupt.py [TIMES]    10 times

Each time a cell trains for ever, the kernel is interrupted as Jupyter does it, the cell
ends with KeyboardInterrupt, and the next cell predicts, trains on and copies the
network, from another thread too: the kernel keeps the traceback, and so every frame of
the fit that was stopped. A callback, a progress bar and a validation pass run as well.
"""

from __future__ import annotations

import random
import sys
import time

from jupyter_client.manager import start_new_kernel

SETUP = """
import threading
import numpy as np
import fcnn
rng = np.random.default_rng(0)
X = rng.normal(size=(20_000, 200)).astype("f4")
y = X[:, :1]
net = fcnn.Network([200, 300, 1], "tanh", "identity", seed=0)
"""
FITS = [
    "net.fit(X, y, epochs=10**6)",
    "net.fit(X, y, epochs=10**6, batch_size=20_000, progress=True)",
    "net.fit(X, y, epochs=10**6, validation_split=0.5, metrics='r2')",
    "net.fit(X, y, epochs=10**6, optimizer='lbfgs')",
    "net.fit(batches=lambda: iter(lambda: (X[:64], y[:64]), None))",
    "net.predict(np.broadcast_to(X[:1], (50_000_000, 200)))",
]
AFTER = """
assert np.isfinite(net.parameters).all()
assert np.isfinite(net.predict(X[:10])).all()
done = []
thread = threading.Thread(target=lambda: done.append(net.copy()))
thread.start(); thread.join()
assert done and (done[0].parameters == net.parameters).all()
loss = net.fit(X[:640], y[:640], epochs=1, progress=False).loss
print("usable")
"""


def run(client, code: str, interrupt=None) -> tuple[str, str, float]:
    """(how the cell ended, what it printed, seconds from interrupt() to the end)."""
    request = client.execute(code)
    sent = 0.0
    if interrupt is not None:
        while client.get_iopub_msg(timeout=60)["msg_type"] != "execute_input":
            pass  # until the cell runs
        time.sleep(random.uniform(0.3, 1.5))
        sent = time.monotonic()
        interrupt()
    reply: dict = {"parent_header": {}}
    while reply["parent_header"].get("msg_id") != request:
        reply = client.get_shell_msg(timeout=120)
    waited = time.monotonic() - sent
    content = reply["content"]
    end = content["status"] if content["status"] == "ok" else content["ename"]
    text = printed(client, request) + "\n".join(content.get("traceback", []))
    return end, text, waited


def printed(client, request: str) -> str:
    """What the cell of this request has written to stdout."""
    text = ""
    while True:
        message = client.get_iopub_msg(timeout=60)
        content = message["content"]
        if message["parent_header"].get("msg_id") != request:
            continue
        if message["msg_type"] == "stream" and content["name"] == "stdout":
            text += content["text"]
        if content.get("execution_state") == "idle":
            return text


def main(times: int) -> None:
    manager, client = start_new_kernel()
    try:
        print("setup:", run(client, SETUP)[0])
        for i in range(times):
            code = FITS[i % len(FITS)]
            end, text, waited = run(client, code, manager.interrupt_kernel)
            assert end == "KeyboardInterrupt", (code, end, text)
            after, text, _ = run(client, AFTER)
            assert (after, text) == ("ok", "usable\n"), (code, after, text)
            print(f"{code}: KeyboardInterrupt after {waited:.2f} s, then usable")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
