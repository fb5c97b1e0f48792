"""ONNX Runtime, for prediction: the network as a graph of Gemm and activations."""

from __future__ import annotations

import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from bench.rivals import UnsupportedError

OPERATORS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}
threads = 1


def set_threads(n) -> None:
    global threads  # noqa: PLW0603  (a session takes the number when it is made)
    threads = n


def graph(work, start):
    nodes, tensors, value = [], [], "x"
    names = [work.activation] * (len(start) - 1) + [work.output]
    for l, ((W, b), name) in enumerate(zip(start, names, strict=True), start=1):
        tensors += [
            numpy_helper.from_array(W.astype(work.dtype), f"W{l}"),
            numpy_helper.from_array(b.astype(work.dtype), f"b{l}"),
        ]
        inputs = [value, f"W{l}", f"b{l}"]
        nodes.append(helper.make_node("Gemm", inputs, [f"z{l}"], transB=1))
        value = f"z{l}"
        if name in OPERATORS:
            nodes.append(helper.make_node(OPERATORS[name], [value], [f"a{l}"]))
            value = f"a{l}"
    kind = TensorProto.FLOAT
    return helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", kind, [None, work.sizes[0]])],
        [helper.make_tensor_value_info(value, kind, [None, work.sizes[-1]])],
        tensors,
    )


def predictor(work, start, X):
    if work.dtype != "float32" or work.output not in {*OPERATORS, "identity"}:
        raise UnsupportedError("float32 networks without softmax only")
    model = helper.make_model(
        graph(work, start), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(None, {"x": X})[0]
