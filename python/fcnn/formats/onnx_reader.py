"""ONNX models as networks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from fcnn import _checks
from fcnn._float_state import by_default
from fcnn.formats import onnx_graph
from fcnn.formats.onnx_layers import finished
from fcnn.formats.onnx_nodes import Interpreter

if TYPE_CHECKING:
    import onnx

    from fcnn.network import Network


@by_default
def from_onnx(
    source: str | os.PathLike[str] | bytes | onnx.ModelProto,
    *,
    output: str | None = None,
) -> Network:
    """A network that answers what an ONNX model answers.

    The model must be a chain of layers, whoever has written it:

    - Gemm, or MatMul and Add, with constant weights;
    - an activation after each, as an operator or written out in simpler ones: the Erf
      of gelu, Softplus and Tanh of mish, a Clip for hard_tanh, in any order of products
      and sums. What is an activation of fcnn but for factors and shifts is one too, and
      the numbers go into the weights beside it: relu6, z sigmoid(1.702 z);
    - additions and products with constants. On the inputs and on the outputs of a
      linear last layer they become the `fcnn.Standardizer`, so that ``(x - mean) /
      scale`` keeps its digits; elsewhere, BatchNormalization included, they are folded
      into weights and biases. Outputs that are scaled after another activation, as a
      policy's 2 tanh(z), become one more layer with a diagonal weight;
    - 1 - p and p side by side, p a sigmoid's one output, as classifiers of two classes
      end: a softmax of two;
    - what does nothing to rows: Cast, Dropout, Identity, Flatten, Reshape. Inputs of
      more dimensions that the model flattens are read as flattened rows.

    Parameters
    ----------
    source : path, bytes or onnx.ModelProto
        The model: a file, a file's content, or the model itself. Weights may lie in
        other files of its folder.
    output : str, optional
        The tensor that the network is to answer; by default the model's only output of
        floating-point numbers. Other branches are not looked at: a classifier that also
        answers labels becomes the network of its probabilities.

    Returns
    -------
    Network
        Its dtype is that of the weights, half precision read as float32, and float64 if
        any weight is. Its loss is its output's natural loss, its seed 0.

    Raises
    ------
    ImportError
        Without the onnx library: ``pip install 'fcnn[onnx]'``.
    FileNotFoundError, OSError
        If the file cannot be read.
    TypeError
        If `source` is none of the three.
    ValueError
        If the file is no ONNX model, is damaged, or computes what no network computes;
        the message names the node that is not understood.

    See Also
    --------
    fcnn.Network.to_onnx : The way there.

    References
    ----------
    `ONNX operators <https://onnx.ai/onnx/operators/>`_

    Examples
    --------
    >>> import fcnn
    >>> net = fcnn.Network([4, 8, 3], "mish", "softmax", seed=0)
    >>> again = fcnn.from_onnx(net.to_onnx())
    >>> again.sizes, again.layers[1].activation
    ((4, 8, 3), 'mish')
    >>> bool((again.parameters == net.parameters).all())
    True
    """
    where = "the model"
    if isinstance(source, (str, os.PathLike)):
        where = _checks.path("source", source)
    try:
        model, folder = onnx_graph.read(source)
        graph = onnx_graph.parse(model, folder)
        with np.errstate(all="ignore"):  # what is not finite is refused
            interpreter = Interpreter(graph)
            value = interpreter.value_of(_output(graph, output))
            return finished(value, interpreter.algebra)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where} cannot be read as a network: {error}") from None


def _output(graph: onnx_graph.Graph, wanted: str | None) -> str:
    made = [name for node in graph.nodes for name in node.outputs if name]
    if wanted is not None:
        if _checks.text("output", wanted) not in made:
            raise ValueError(f"no node makes the output {wanted!r}; {made} are made")
        return wanted
    names = graph.outputs if len(graph.outputs) == 1 else graph.float_outputs
    if len(names) != 1:
        raise ValueError(
            f"it has the outputs {list(graph.outputs)}: say which with output=, which "
            "may be any tensor's name"
        )
    return names[0]
