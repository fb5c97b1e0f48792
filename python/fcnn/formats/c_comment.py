"""The head of an exported file: what it is and takes, and its declarations."""

from __future__ import annotations

from string import Template

from fcnn.config import version
from fcnn.formats.c_program import Program

_COMMENT = Template("""\
/* ${name}: a fully connected neural network in C99, written by fcnn $version.
 *
$layers
 *
 * Numbers   $type: $parameters parameters, $multiply_adds multiply-adds a call
 * Flash     $flash bytes of constants, and the code
 * RAM       $ram
 *
 * Compile   cc -std=c99 -O2 -c FILE.c     link with -lm
 *           Never with -ffast-math. With -D, or #define before the code:
 *             ${NAME}_FMA=1
 *               multiply-adds by $fma(), =0 without: else as the processor has it
 *             ${NAME}_STATIC
 *               the arrays in static memory, not on the stack: one call at a time
 * Call      in another file, where FILE.c is this one:
 *             #define ${NAME}_DECLARATIONS_ONLY
 *             #include "FILE.c"
$calls
 *           x and out must not overlap. A call keeps nothing and waits for nothing:
 *           any number of threads and interrupts may be in one. NaN in gives NaN out.
 */
""")

_DECLARATIONS = Template("""\
#ifndef ${NAME}_DECLARED /* not _H, which is of a header of this name */
#define ${NAME}_DECLARED
#ifdef __cplusplus
extern "C" {
#endif

enum { ${NAME}_N_IN = $n_in, ${NAME}_N_OUT = $n_out };

$declarations
#ifdef __cplusplus
}
#endif
#endif
""")


def head(program: Program, *, main: bool) -> str:
    """The comment and the declarations."""
    return _comment(program, main=main) + "\n" + _declarations(program)


def _comment(program: Program, *, main: bool) -> str:
    """What the file computes, what that takes, how it is compiled and called."""
    name, NAME = program.name, program.name.upper()
    of_a_row = program.dtype.itemsize
    ram = [f"{program.stack} bytes of stack for the arrays of {name}_predict"]
    if program.is_classifier:
        others = f"{name}_classify{' and _labels' if program.has_labels else ''}"
        ram.append(f"and {program.n_out * of_a_row} more for those of {others},")
    ram.append("besides the frames of the calls; no static memory, no malloc")
    if main:
        row = (program.n_in + program.n_out) * of_a_row
        ram.append(f"(but main's row: {row} bytes)")
    return _COMMENT.substitute(
        name=name,
        NAME=NAME,
        version=version(),
        layers=_indented(3, _layers(program)),
        type=program.c_type,
        parameters=program.parameters,
        multiply_adds=program.multiply_adds,
        flash=program.flash,
        ram="\n *           ".join(ram),
        fma={"float": "fmaf", "double": "fma"}[program.c_type],
        calls=_indented(13, _calls(program)),
    )


def _indented(spaces: int, lines: list[str]) -> str:
    return "\n".join(f" *{' ' * spaces}{line}" for line in lines)


def prototypes(program: Program) -> dict[str, str]:
    """The public functions' heads by their names without prefix."""
    name, NAME = program.name, program.name.upper()
    x = f"const {program.c_type} x[{NAME}_N_IN]"
    heads = {
        "predict": f"void {name}_predict({x}, {program.c_type} out[{NAME}_N_OUT])",
    }
    if program.is_classifier:
        heads["classify"] = f"int {name}_classify({x})"
    if program.has_labels:
        heads["labels"] = f"void {name}_labels({x}, int labels[{NAME}_N_OUT])"
    return heads


_MEANINGS = {
    "predict": "out = the outputs of one row x",
    "classify": "the place of the largest output, 0..{last}; -1 if one is NaN",
    "classify one": "1 if the output is above 0.5, else 0; -1 if it is NaN",
    "labels": "labels[k] = whether output k is above 0.5; -1 if it is NaN",
}


def _meaning(program: Program, function: str) -> str:
    one = " one" if function == "classify" and program.n_out == 1 else ""
    return _MEANINGS[function + one].format(last=program.n_out - 1)


def _declarations(program: Program) -> str:
    return _DECLARATIONS.substitute(
        NAME=program.name.upper(),
        n_in=program.n_in,
        n_out=program.n_out,
        declarations="".join(
            f"/* {_meaning(program, function)} */\n{head};\n"
            for function, head in prototypes(program).items()
        ),
    )


def _calls(program: Program) -> list[str]:
    name, NAME, c_type = program.name, program.name.upper(), program.c_type
    lines = [
        f"{c_type} x[{NAME}_N_IN], out[{NAME}_N_OUT];",
        f"{name}_predict(x, out);",
    ]
    if program.is_classifier:
        lines.append(f"int c = {name}_classify(x);")
    return lines


def _layers(program: Program) -> list[str]:
    network = program.network
    standardizer = network.standardizer
    lines = [f"{'inputs':<10}{program.n_in}"]
    if standardizer is not None:
        lines[0] += ", standardized here: (x - mean) / scale, in double"
    for l, layer in enumerate(network.layers, start=1):
        without = "" if layer.bias is not None else ", no bias"
        n_out = layer.weight.shape[0]
        lines.append(f"{f'layer {l}':<10}{n_out}, {layer.activation}{without}")
    if standardizer is not None and standardizer.target_mean is not None:
        lines.append("outputs   target_mean + target_scale a, in double")
    if network.loss is not None:
        lines.append(f"loss      {network.loss}")
    return lines
