"""A network as one C99 file for microcontrollers and real-time code.

Weights are constants, activations lie on the stack, and nothing is allocated. W[l] is
stored by emitting nodes j, so that the receiving nodes k, whose sums do not wait for
one another, lie side by side: a tile of them stays in registers while j runs. Each sum
is one chain of multiply-adds that begins at the bias, in the order of j, as in fcnn's
core: with an FMA instruction z has the same bits.
"""

from __future__ import annotations

import os
from string import Template
from typing import TYPE_CHECKING

import numpy as np

from fcnn import _checks
from fcnn._atomic import replace_file
from fcnn._float_state import by_default
from fcnn.formats import c_activations, c_comment, c_main, c_names, c_numbers
from fcnn.formats.c_activations import ELEMENTWISE, IDENTITY, SOFTMAX
from fcnn.formats.c_program import Program
from fcnn.formats.plain import PlainNetwork, plain

if TYPE_CHECKING:
    from fcnn._base import NetworkBase

_SETTINGS = Template("""
#ifndef ${NAME}_DECLARATIONS_ONLY
#include <math.h>
#include <stddef.h>
$includes
#ifndef ${NAME}_FMA /* whether $fma is an instruction */
#if defined(FP_FAST_$FMA) || defined(__FP_FAST_$FMA) || defined(__FMA__) || \\
    (defined(__ARM_FEATURE_FMA) && defined(__ARM_FP) && (__ARM_FP & $arm))
#define ${NAME}_FMA 1
#else
#define ${NAME}_FMA 0
#endif
#endif
#ifdef ${NAME}_STATIC
#define ${NAME}_SCRATCH static
#else
#define ${NAME}_SCRATCH
#endif

/* Wl[j * n_out + k] is the weight from node j of layer l - 1 to node k of layer l */
""")

_MADD = Template("""
/* z + w a */
static double ${name}_madd(double w, double a, double z)
{
#if ${NAME}_FMA
    return fma(w, a, z);
#else
    return z + w * a;
#endif
}
""")

_TILE = Template("""
/* z_k += sum_j W[j][k] a_j, $width neighboring nodes k; W's rows are n_out long */
static void ${name}_add_$width(const double *W, const double *a, size_t n_in,
    size_t n_out, double *z)
{
$load
    size_t j;
    for (j = 0; j < n_in; ++j) {
        const double *w = W + j * n_out;
        const double a_j = a[j];
$add
    }
$store
}
""")

_CLASSIFY = Template("""
int ${name}_classify(const double x[${NAME}_N_IN])
{
    double a[${NAME}_N_OUT];
    int k, best = 0;
    ${name}_predict(x, a);
    for (k = 0; k < ${NAME}_N_OUT; ++k) {
        if (isnan(a[k])) return -1;
        if (a[k] > a[best]) best = k;
    }
    return best;
}
""")

_CLASSIFY_ONE = Template("""
int ${name}_classify(const double x[${NAME}_N_IN])
{
    double a[${NAME}_N_OUT];
    ${name}_predict(x, a);
    return isnan(a[0]) ? -1 : a[0] > 0.5;
}
""")

_LABELS = Template("""
void ${name}_labels(const double x[${NAME}_N_IN], int labels[${NAME}_N_OUT])
{
    double a[${NAME}_N_OUT];
    int k;
    ${name}_predict(x, a);
    for (k = 0; k < ${NAME}_N_OUT; ++k) labels[k] = isnan(a[k]) ? -1 : a[k] > 0.5;
}
""")


@by_default
def write(
    net: NetworkBase,
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    main: bool = False,
) -> None:
    """Writes `source` to a file that appears whole or not at all."""
    path = _checks.path("path", path)
    name = c_names.from_path(path) if name is None else c_names.checked(name)
    text = source(plain(net), name, main=_checks.flag("main", main))
    replace_file(path, text.encode("ascii"))


def source(network: PlainNetwork, name: str, *, main: bool = False) -> str:
    """The file's text; the same network gives the same text.

    Raises
    ------
    ValueError
        If a parameter of the network is not finite.
    """
    for l, layer in enumerate(network.layers, start=1):
        for what, array in (("weight", layer.weight), ("bias", layer.bias)):
            if array is not None and not np.isfinite(array).all():
                raise ValueError(f"the {what} of layer {l} must be finite")
    program = Program(network, name)
    arrays = program.constants.items()
    return "".join(
        (
            c_comment.head(program, main=main),
            _settings(program, c_main.INCLUDES if main else ""),
            "\n".join(c_numbers.array(f"{name}_{key}", A) for key, A in arrays),
            c_numbers.for_dtype(_functions(program), program.dtype),
            _predict(program),
            c_numbers.for_dtype(_classifiers(program), program.dtype),
            c_main.code(name, program.c_type) if main else "",
            "#endif\n",
        )
    )


def _settings(program: Program, includes: str) -> str:
    single = program.c_type == "float"
    return _SETTINGS.substitute(
        NAME=program.name.upper(),
        includes=includes,
        fma="fmaf" if single else "fma",
        FMA="FMAF" if single else "FMA",
        arm=4 if single else 8,  # ACLE: the bits of single and double precision
    )


def _functions(program: Program) -> str:
    """The tiles and the activations that occur, written for double."""
    name = program.name
    activations = {layer.activation.name for layer in program.network.layers}
    parts = [_MADD.substitute(name=name, NAME=name.upper())]
    parts += [_tile(name, width) for width in program.tiles]
    used = [each for each in ELEMENTWISE if each in activations]
    parts += [c_activations.function(name, each) for each in used]
    if SOFTMAX in activations:
        parts.append(Template(c_activations.SOFTMAX_CODE).substitute(name=name))
    return "".join(parts)


def _tile(name: str, width: int) -> str:
    """The sums of neighboring nodes, each in a variable of its own."""

    def lines(indent: str, in_a_line: int, statement: str) -> str:
        each = [statement.replace("#", str(i)) for i in range(width)]
        starts = range(0, width, in_a_line)
        rows = (" ".join(each[at : at + in_a_line]) for at in starts)
        return "\n".join(indent + row for row in rows)

    return _TILE.substitute(
        name=name,
        width=width,
        load=lines("    ", 4, "double z# = z[#];"),
        add=lines("        ", 1, f"z# = {name}_madd(w[#], a_j, z#);"),
        store=lines("    ", 4, "z[#] = z#;"),
    )


def _predict(program: Program) -> str:
    """The forward pass, layer by layer."""
    name, c_type, scratch = program.name, program.c_type, ""
    if program.buffers:
        arrays = ", ".join(f"{key}[{n}]" for key, n in program.buffers.items())
        scratch = f"    {name.upper()}_SCRATCH {c_type} {arrays};\n"
    head = c_comment.prototypes(program)["predict"]
    lines = [*_standardize(program)]
    for l in range(1, program.n_layers + 1):
        lines += _layer(program, l)
    lines += _undo(program)
    body = "".join(f"    {line}\n" for line in lines)
    return f"\n{head}\n{{\n{scratch}    size_t k;\n{body}}}\n"


def _layer(program: Program, l: int) -> list[str]:
    """z = W a + b and a = sigma(z) of layer l."""
    name, layer = program.name, program.network.layers[l - 1]
    a, z = program.buffer(l - 1), program.buffer(l)
    (n_out, n_in), tile = layer.weight.shape, program.tile
    activation, parameter = layer.activation
    start = c_numbers.literal(0, program.dtype)
    bias = f"{name}_b{l}[k]" if layer.bias is not None else start
    whole, rest = n_out - n_out % tile, n_out % tile
    each = f"for (k = 0; k < {n_out}; ++k)"
    plus_b = "" if layer.bias is None else " + b"
    lines = [
        f"/* layer {l}: z = W a{plus_b}, a = {layer.activation} of z */",
        f"{each} {z}[k] = {bias};",
    ]
    if whole:
        lines += [
            f"for (k = 0; k < {whole}; k += {tile})",
            f"    {name}_add_{tile}({name}_W{l} + k, {a}, {n_in}, {n_out}, {z} + k);",
        ]
    if rest:
        at = f" + {whole}" if whole else ""
        lines.append(
            f"{name}_add_{rest}({name}_W{l}{at}, {a}, {n_in}, {n_out}, {z}{at});"
        )
    if activation == SOFTMAX:
        lines.append(f"{name}_softmax({z}, {n_out});")
    elif activation != IDENTITY:
        second = (
            ""
            if parameter is None
            else f", {c_numbers.literal(parameter, program.dtype)}"
        )
        lines.append(f"{each} {z}[k] = {name}_{activation}({z}[k]{second});")
    return lines


def _standardize(program: Program) -> list[str]:
    """x~ = (x - mean) / scale; in double, so that a large mean costs no digits."""
    if program.network.standardizer is None:
        return []
    name, cast = program.name, f"({program.c_type})"
    return [
        "/* x~ = (x - mean) / scale */",
        f"for (k = 0; k < {program.n_in}; ++k)",
        f"    even[k] = {cast}(((double)x[k] - {name}_mean[k]) * {name}_factor[k]);",
    ]


def _undo(program: Program) -> list[str]:
    """y = target_mean + target_scale a."""
    if "target_mean" not in program.constants:
        return []
    name, cast = program.name, f"({program.c_type})"
    return [
        "/* target_mean + target_scale a */",
        f"for (k = 0; k < {program.n_out}; ++k)",
        f"    out[k] = {cast}({name}_target_mean[k]",
        f"        + {name}_target_scale[k] * (double)out[k]);",
    ]


def _classifiers(program: Program) -> str:
    """The functions classify and labels, written for double."""
    if not program.is_classifier:
        return ""
    names = {"name": program.name, "NAME": program.name.upper()}
    classify = _CLASSIFY if program.n_out > 1 else _CLASSIFY_ONE
    labels = _LABELS.substitute(names) if program.has_labels else ""
    return classify.substitute(names) + labels
