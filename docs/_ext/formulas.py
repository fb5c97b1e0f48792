"""The formulas of the names that the core knows, in TeX, for the reference's tables.

A name without one ends the build of the documentation, and fails a test.
"""

ACTIVATIONS = {
    "identity": "z",
    "sigmoid": r"1 / (1 + e^{-z})",
    "tanh": r"\tanh z",
    "relu": r"\max(z, 0)",
    "leaky_relu": r"z \text{ for } z > 0, \text{ else } p z",
    "elu": r"z \text{ for } z > 0, \text{ else } p (e^z - 1)",
    "selu": r"1.0507 \, (z \text{ for } z > 0, \text{ else } 1.6733 (e^z - 1))",
    "softplus": r"\log(1 + e^z)",
    "softsign": r"z / (1 + |z|)",
    "gelu": r"z \, \Phi(z), \; \Phi \text{ the normal distribution function}",
    "gelu_tanh": r"\frac{z}{2} (1 + \tanh(\sqrt{2 / \pi} (z + 0.044715 z^3)))",
    "silu": r"z / (1 + e^{-z})",
    "mish": r"z \tanh(\log(1 + e^z))",
    "hard_sigmoid": r"\min(\max(p z + 1/2, 0), 1)",
    "hard_tanh": r"\min(\max(z, -1), 1)",
    "exp": "e^z",
    "softmax": r"e^{z_k} / \sum_i e^{z_i}",
}
LOSSES = {
    "quadratic": r"\frac{1}{2} \sum_k (a_k - y_k)^2",
    "mse": r"\frac{1}{K} \sum_k (a_k - y_k)^2",
    "mae": r"\frac{1}{K} \sum_k |a_k - y_k|",
    "huber": (
        r"\frac{1}{K} \sum_k h(a_k - y_k), \; h(d) = d^2 / 2 \text{ for } |d| < p,"
        r" \text{ else } p (|d| - p / 2)"
    ),
    "poisson": r"\frac{1}{K} \sum_k (a_k - y_k \log a_k)",
    "poisson_deviance": r"\sum_k (y_k \log (y_k / a_k) - y_k + a_k)",
    "cross_entropy": r"-\sum_k y_k \log a_k",
    "binary_cross_entropy": (
        r"-\frac{1}{K} \sum_k (y_k \log a_k + (1 - y_k) \log(1 - a_k))"
    ),
    "logistic": r"-\sum_k (y_k \log a_k + (1 - y_k) \log(1 - a_k))",
}
INITIALIZERS = {
    "glorot_uniform": r"\text{uniform}, |w| < \sqrt{6 / (n_{in} + n_{out})}",
    "glorot_normal": r"\text{normal}, \sqrt{2 / (n_{in} + n_{out})}",
    "he_uniform": r"\text{uniform}, |w| < \sqrt{6 / n_{in}}",
    "he_normal": r"\text{normal}, \sqrt{2 / n_{in}}",
    "lecun_uniform": r"\text{uniform}, |w| < \sqrt{3 / n_{in}}",
    "lecun_normal": r"\text{normal}, \sqrt{1 / n_{in}}",
    "zeros": "0",
}
