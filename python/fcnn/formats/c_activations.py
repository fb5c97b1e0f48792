"""The activations in C99: one table, written for double.

Each is the function of fcnn's core: the limits at +-inf are exact, NaN in gives NaN
out, and nothing overflows but exp. `c_numbers.for_dtype` makes float's of double's.
"""

from __future__ import annotations

from typing import NamedTuple


class CActivation(NamedTuple):
    """a = sigma(z) of one number: its formula, and the lines of the function's body."""

    formula: str
    body: str
    parameter: str | None = None  # the name of the function's second argument


# Below -800 (gelu: -40) a is 0 in either type, where -inf times 0 would be NaN.
ELEMENTWISE = {
    "sigmoid": CActivation(
        "1 / (1 + e^-z), for z < 0 as e^z / (1 + e^z)",
        """
    const double t = exp(-fabs(z));
    return (z < 0.0 ? t : 1.0) / (1.0 + t);
""",
    ),
    "tanh": CActivation("tanh z", "\n    return tanh(z);\n"),
    "relu": CActivation("max(z, 0)", "\n    return z <= 0.0 ? 0.0 : z;\n"),
    "leaky_relu": CActivation(
        "z for z > 0, else slope z",
        "\n    return z > 0.0 ? z : slope * z;\n",
        "slope",
    ),
    "elu": CActivation(
        "z for z > 0, else alpha (e^z - 1)",
        "\n    return z > 0.0 ? z : alpha * expm1(z);\n",
        "alpha",
    ),
    "selu": CActivation(
        "s z for z > 0, else s alpha (e^z - 1)",
        """
    const double s = 1.0507009873554804935;
    const double s_alpha = 1.7580993408473768600;
    return z > 0.0 ? s * z : s_alpha * expm1(z);
""",
    ),
    "softplus": CActivation(
        "log(1 + e^z) = max(z, 0) + log(1 + e^-|z|)",
        "\n    return (z > 0.0 ? z : 0.0) + log1p(exp(-fabs(z)));\n",
    ),
    "softsign": CActivation(
        "z / (1 + |z|), from 1e20 on the sign of z",
        """
    const double m = fabs(z);
    return m > 1.0e20 ? copysign(1.0, z) : z / (1.0 + m);
""",
    ),
    "gelu": CActivation(
        "z Phi(z), Phi(z) = erfc(-z / sqrt(2)) / 2",
        """
    if (z < -40.0) return 0.0;
    return z * (0.5 * erfc(z * -0.70710678118654752440));
""",
    ),
    "gelu_tanh": CActivation(
        "z (1 + tanh u) / 2 = z / (1 + e^-v), v = 2 u = c1 z + c3 z^3",
        """
    const double c1 = 1.5957691216057307117, c3 = 0.071354816272600248760;
    const double v = z * (c1 + c3 * z * z), t = exp(-fabs(v));
    if (z < -40.0) return 0.0;
    return z * ((z < 0.0 ? t : 1.0) / (1.0 + t));
""",
    ),
    "silu": CActivation(
        "z / (1 + e^-z), for z < 0 as z e^z / (1 + e^z)",
        """
    const double t = exp(-fabs(z));
    if (z < -800.0) return 0.0;
    return z * ((z < 0.0 ? t : 1.0) / (1.0 + t));
""",
    ),
    "mish": CActivation(
        "z tanh(log(1 + e^z)), from t = e^-|z|",
        """
    const double t = exp(-fabs(z)), p = 1.0 + 2.0 * t, q = t * (t + 2.0);
    if (z < -800.0) return 0.0;
    return z * (z < 0.0 ? q / (q + 2.0) : p / (p + 2.0 * t * t));
""",
    ),
    "hard_sigmoid": CActivation(
        "slope z + 1/2 cut to [0, 1]",
        """
    const double line = slope * (z + 0.5 / slope);
    return line < 0.0 ? 0.0 : line > 1.0 ? 1.0 : line;
""",
        "slope",
    ),
    "hard_tanh": CActivation(
        "z cut to [-1, 1]", "\n    return z < -1.0 ? -1.0 : z > 1.0 ? 1.0 : z;\n"
    ),
    "exp": CActivation("e^z", "\n    return exp(z);\n"),
}

# The two that are no function of one number: nothing to do, and the whole layer's.
IDENTITY = "identity"
SOFTMAX = "softmax"
SOFTMAX_CODE = """
/* a_k = e^(z_k - m) / sum_i e^(z_i - m), m = max_i z_i; what the sum loses to rounding
 * is carried on (W. Kahan, 1965), for there may be a thousand classes */
static void ${name}_softmax(double *z, size_t n)
{
    double m = z[0], sum = 0.0, lost = 0.0;
    size_t k;
    for (k = 1; k < n; ++k) m = z[k] > m ? z[k] : m;
    for (k = 0; k < n; ++k) {
        const double e = exp(z[k] - m), more = e - lost, longer = sum + more;
        lost = (longer - sum) - more;
        sum = longer;
        z[k] = e;
    }
    for (k = 0; k < n; ++k) z[k] /= sum;
}
"""


def function(name: str, activation: str) -> str:
    """The C function ``<name>_<activation>``, written for double."""
    formula, body, parameter = ELEMENTWISE[activation]
    second = "" if parameter is None else f", double {parameter}"
    return (
        f"\n/* a = {formula} */\n"
        f"static double {name}_{activation}(double z{second})\n{{{body}}}\n"
    )
