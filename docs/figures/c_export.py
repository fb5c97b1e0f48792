"""Draws docs/figures/c_export.png: digits read by the C file, beside net.predict.

python docs/figures/c_export.py
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import matplotlib as mpl
import numpy as np
from sklearn.datasets import load_digits

import fcnn

mpl.use("agg")
import matplotlib.pyplot as plt

X, y = load_digits(return_X_y=True)
X = (X / 16).astype("float32")
held_out = np.arange(len(X)) % 3 == 0
net = fcnn.Network([64, 64, 10], "relu", "softmax", seed=1)
net.fit(X[~held_out], y[~held_out], epochs=30, l2=1e-3)

with tempfile.TemporaryDirectory() as folder:
    source, program = Path(folder) / "digits.c", Path(folder) / "digits"
    net.to_c(source, main=True)
    cc = shutil.which("cc") or shutil.which("gcc")
    subprocess.run([cc, "-std=c99", "-O2", source, "-o", program, "-lm"], check=True)
    rows = "".join(" ".join(map(str, x)) + "\n" for x in X[held_out])
    printed = subprocess.check_output([program], input=rows, text=True)
of_c = np.array([line.split() for line in printed.splitlines()], dtype="float32")
of_fcnn = net.predict(X[held_out])

figure, (left, middle, right) = plt.subplots(
    1, 3, figsize=(9, 2.8), width_ratios=[1, 1.6, 1.6], layout="constrained"
)
unsure = of_c.max(axis=1).argmin()  # one that is hard to read
left.imshow(X[held_out][unsure].reshape(8, 8), cmap="gray_r")
left.set_axis_off()
left.set_title("x: 64 floats")
digits = np.arange(10)
middle.bar(digits - 0.2, of_c[unsure], 0.4, label="digits_predict(x, out)")
middle.bar(digits + 0.2, of_fcnn[unsure], 0.4, label="net.predict(x)")
middle.set(title="out: probabilities", xticks=digits, xlabel="digit")
middle.legend(fontsize=8, loc="upper left")
difference = np.abs(of_c - of_fcnn).max(axis=1)
right.hist(difference, bins=40)
right.set(title="largest difference of a row", ylabel="held-out rows")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
