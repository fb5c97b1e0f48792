"""ONNX models for the tests: run, and built by hand as other libraries write them."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import fcnn
from fcnn import _core

onnxruntime.set_default_logger_severity(4)
OPTIONS = onnxruntime.SessionOptions()
OPTIONS.intra_op_num_threads = 1
ACTIVATIONS = [entry["name"] for entry in _core.activations()]
OUTPUT_ONLY = {e["name"] for e in _core.activations() if e["output_only"]}
PARAMETERS = {"leaky_relu": 0.2, "elu": 0.7, "hard_sigmoid": 0.3}
KINDS = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}


def run(model, X):
    """What onnxruntime answers, all outputs."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), OPTIONS, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: X})


def random_network(rng, activation, dtype):
    """Of the activation wherever it may be, with random sizes, parameters and all."""
    sizes = rng.integers(1, 7, rng.integers(2, 5)).tolist()
    name = with_parameter(rng, activation)
    hidden = name if activation not in OUTPUT_ONLY else "tanh"
    output = name if activation in OUTPUT_ONLY or rng.random() < 0.5 else "identity"
    if output == "identity" and len(sizes) == 2:
        output = name
    net = fcnn.Network(
        sizes,
        hidden,
        output,
        bias=(rng.random(len(sizes) - 1) < 0.7).tolist(),
        standardize=bool(rng.random() < 0.3),
        dtype=dtype,
        seed=int(rng.integers(2**32)),
    )
    net.parameters[:] += rng.normal(scale=0.2, size=net.n_parameters)
    if net._architecture.standardize:
        targets = (3 * rng.normal(size=sizes[-1]), rng.uniform(0.5, 4, sizes[-1]))
        net.standardizer = fcnn.Standardizer(
            rng.normal(size=sizes[0]),
            rng.uniform(0.5, 4, sizes[0]),
            *(targets if output == "identity" else ()),
        )
    return net


def with_parameter(rng, activation):
    if activation in PARAMETERS and rng.random() < 0.5:
        return f"{activation}({PARAMETERS[activation]})"
    return activation


class Graph:
    """A model under construction; every method returns a tensor's name."""

    def __init__(self, dtype="float32", opset=17, shape=("n", None)):
        self.dtype, self.opset, self.shape = dtype, opset, shape
        self.nodes, self.initializers = [], []

    def constant(self, value, dtype=None):
        name = f"c{len(self.initializers)}"
        array = np.asarray(value, dtype or self.dtype)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def constant_node(self, value):
        tensor = numpy_helper.from_array(np.asarray(value, self.dtype))
        return self("Constant", value=tensor)

    def __call__(self, op, *inputs, domain="", **attributes):
        name = f"t{len(self.nodes)}"
        names = [v if isinstance(v, str) else self.constant(v) for v in inputs]
        self.nodes.append(
            helper.make_node(
                op, names, [name], f"/{op}_{name}", domain=domain, **attributes
            )
        )
        return name

    def model(self, *outputs, shape=("n", None)):
        """Checked by the library, as what other libraries write would be."""
        kind = KINDS[self.dtype]
        graph = helper.make_graph(
            self.nodes,
            "graph",
            [helper.make_tensor_value_info("x", kind, self.shape)],
            [helper.make_tensor_value_info(name, kind, shape) for name in outputs],
            self.initializers,
        )
        versions = [helper.make_opsetid("", self.opset)]
        if any(node.domain for node in self.nodes):
            versions.append(helper.make_opsetid("ai.onnx.ml", 1))
        model = helper.make_model(graph, opset_imports=versions, ir_version=8)
        onnx.checker.check_model(model)
        return model
