"""Digits read by a C program of one file: written, compiled, and compared.

python examples/c_export.py
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import fcnn

X, y = load_digits(return_X_y=True)  # (1797, 64) gray values 0..16, digits 0..9
X = (X / 16).astype("float32")
held_out = np.arange(len(X)) % 3 == 0
net = fcnn.Network([64, 64, 10], "relu", "softmax", seed=1)
net.fit(X[~held_out], y[~held_out], epochs=30, l2=1e-3)

with tempfile.TemporaryDirectory() as folder:
    source, program = Path(folder) / "digits.c", Path(folder) / "digits"
    net.to_c(source, main=True)
    print(source.read_text().split("*/")[0])
    cc = shutil.which("cc") or shutil.which("gcc")
    strict = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O2"]
    subprocess.run([cc, *strict, source, "-o", program, "-lm"], check=True)
    rows = "".join(" ".join(map(str, x)) + "\n" for x in X[held_out])
    printed = subprocess.check_output([program], input=rows, text=True)

a = np.array([line.split() for line in printed.splitlines()], dtype="float32")
right = (a.argmax(axis=1) == y[held_out]).mean()
difference = np.abs(a - net.predict(X[held_out])).max()
print(f"the C program reads {right:.2%} of {len(a)} held-out digits")
print(f"its outputs differ from net.predict's by at most {difference:.1e}")
