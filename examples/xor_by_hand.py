"""One step of backpropagation, every number beside its formula.

python examples/xor_by_hand.py
"""

import numpy as np

import fcnn

np.set_printoptions(precision=4, suppress=True)
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([0, 1, 1, 0])
net = fcnn.Network([2, 2, 1], "sigmoid", loss="quadratic", dtype="float64", seed=1)

step = net.backprop(X, y)
for l in (1, 2):
    print(f"--- layer {l}, forward\nW[{l}] =\n{net.layers[l].weight}")
    print(f"z[{l}] = W[{l}] a[{l - 1}] + b[{l}], a row for each sample =\n{step.z[l]}")
    print(f"a[{l}] = sigmoid(z[{l}]) =\n{step.a[l]}")
print(f"--- C = mean of (a - y)^2 / 2 = {step.loss:.6f}")
for l, formula in (
    (2, "(a[2] - y) / 4 * a (1 - a)"),
    (1, "W[2]^T delta[2] * a (1 - a)"),
):
    print(f"--- layer {l}, backward\ndelta[{l}] = {formula} =\n{step.delta[l]}")
    print(f"dC/dW[{l}] = delta[{l}] a[{l - 1}]^T =\n{step.weight_grad[l]}")
    print(f"dC/db[{l}] = sum of delta[{l}] = {step.bias_grad[l]}")

print(f"--- against difference quotients\n{net.gradient_check(X, y)}")

print("--- theta <- theta - eta dC/dtheta, with eta = 5")
net.parameters -= 5 * step.gradient
print(f"C was {step.loss:.6f}, is {net.evaluate(X, y)['loss']:.6f}")
net.fit(X, y, optimizer=fcnn.SGD(lr=5), batch_size=4, epochs=5000)
print(f"after 5000 more steps C is {net.evaluate(X, y)['loss']:.6f}, a =")
print(net.predict(X))
