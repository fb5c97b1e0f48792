"""A network as an ONNX model, looked at, and read again.

python examples/onnx_export.py, then open net.onnx in https://netron.app
"""

import numpy as np
import onnx
from sklearn.datasets import load_diabetes

import fcnn

X, y = load_diabetes(return_X_y=True, scaled=False)  # years, mg/dl, ...
net = fcnn.Network([10, 16, 1], "mish", "identity", standardize=True, seed=0)
net.fit(X, y, epochs=100)
net.to_onnx("net.onnx")

model = onnx.load("net.onnx")
print(model.producer_name, "wrote opset", model.opset_import[0].version)
for property_ in model.metadata_props:
    print(f"  {property_.key}: {property_.value}")
for node in model.graph.node:
    print(f"  {node.op_type:8} makes {node.output[0]:10} {node.doc_string}")

again = fcnn.from_onnx("net.onnx")
same = np.array_equal(again.predict(X), net.predict(X))
print("read again, it predicts the same:", same)

newer = net.to_onnx(opset=18)  # where Mish is one operator
print("opset 18:", " ".join(node.op_type for node in newer.graph.node))
