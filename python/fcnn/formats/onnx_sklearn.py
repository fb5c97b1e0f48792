"""skl2onnx's converters of fcnn.sklearn's estimators, so that pipelines convert.

`fcnn.sklearn` calls `register_with_skl2onnx`; whichever of the two libraries is
imported first, ``skl2onnx.to_onnx(pipeline, X)`` finds the converters.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

import numpy as np

from fcnn.formats import plain
from fcnn.formats.onnx_library import library
from fcnn.formats.onnx_writer import OLDEST_OPSET, Builder

if TYPE_CHECKING:
    from fcnn.sklearn import MLPClassifier, MLPRegressor


def register_with_skl2onnx() -> None:
    """Registers the converters now if skl2onnx is imported, else whenever it will be.

    Its import takes a second, which most programs need not spend.
    """
    if sys.modules.get("skl2onnx") is not None:
        register()
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds skl2onnx as the other finders do, to register the converters after it.

    It keeps no state and stays: many look for a module without importing it.
    """

    def find_spec(
        self, name: str, path: Any = None, target: Any = None
    ) -> ModuleSpec | None:
        """skl2onnx's own spec, its loader registering the converters in the end."""
        if name != "skl2onnx":
            return None
        others = sys.meta_path[sys.meta_path.index(self) + 1 :]
        found = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module: Any) -> None:
                execute(module)
                register()

            spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


def register() -> None:
    """Tells skl2onnx how to convert the estimators; again changes nothing."""
    from skl2onnx import update_registered_converter

    from fcnn.sklearn import MLPClassifier, MLPRegressor

    update_registered_converter(
        MLPClassifier,
        "FcnnMLPClassifier",
        _classifier_shapes,
        _convert_classifier,
        options={
            "zipmap": [True, False, "columns"],
            "output_class_labels": [False, True],
            "nocl": [True, False],
        },
    )
    update_registered_converter(
        MLPRegressor, "FcnnMLPRegressor", _regressor_shapes, _convert_regressor
    )


def _classifier_shapes(operator: Any) -> None:
    from skl2onnx.common.data_types import Int64TensorType
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes,
    )

    calculate_linear_classifier_output_shapes(operator)
    mlp: MLPClassifier = operator.raw_operator
    if mlp._labels.kind == "multilabel":
        n = operator.inputs[0].get_first_dimension()
        operator.outputs[0].set_type(Int64TensorType([n, mlp.n_outputs_]))


def _regressor_shapes(operator: Any) -> None:
    from skl2onnx.common.shape_calculator import (
        calculate_linear_regressor_output_shapes,
    )

    calculate_linear_regressor_output_shapes(operator)
    mlp: MLPRegressor = operator.raw_operator
    n = operator.inputs[0].get_first_dimension()
    operator.outputs[0].type.shape = [n, mlp.n_outputs_]


def _convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    y, _ = _outputs(scope, operator, container)
    container.add_node("Identity", y, operator.outputs[0].full_name)


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Labels, and the probability of each."""
    kinds, make_tensor = library().TensorProto, library().numpy_helper.from_array
    mlp: MLPClassifier = operator.raw_operator
    labels, probabilities = (output.full_name for output in operator.outputs[:2])
    y, dtype = _outputs(scope, operator, container)

    def constant(name: str, array: Any) -> str:
        unique: str = scope.get_unique_variable_name(name)
        container.add_initializer(unique, None, None, make_tensor(array, unique))
        return unique

    if mlp._labels.kind == "binary":  # 1 - p and p, as predict_proba
        other = scope.get_unique_variable_name("other")
        container.add_node("Sub", [constant("one", np.ones((), dtype)), y], other)
        container.add_node("Concat", [other, y], probabilities, axis=1)
    else:
        container.add_node("Identity", y, probabilities)
    if mlp._labels.kind == "multilabel":
        above = scope.get_unique_variable_name("above")
        half = constant("half", np.full((), 0.5, dtype))
        container.add_node("Greater", [y, half], above)
        container.add_node("Cast", above, labels, to=kinds.INT64)
        return
    best = scope.get_unique_variable_name("best")
    container.add_node("ArgMax", probabilities, best, axis=1, keepdims=0)
    classes = _class_labels(scope, mlp)
    if classes.dtype.kind == "i":
        known = constant("classes", classes)
    else:
        known = scope.get_unique_variable_name("classes")
        container.add_initializer(known, kinds.STRING, classes.shape, classes.tolist())
    container.add_node("Gather", [known, best], labels)


def _class_labels(scope: Any, mlp: MLPClassifier) -> Any:
    """As int64 or as bytes, which are the two that skl2onnx knows."""
    from skl2onnx.common.utils_classifier import get_label_classes

    classes = np.asarray(get_label_classes(scope, mlp))
    if len(classes) == 1:
        raise ValueError("a classifier that has seen one class only is not converted")
    if classes.dtype.kind in "OUS":
        return np.array([str(label).encode() for label in classes], dtype=object)
    whole = classes.astype(np.int64)
    if not np.array_equal(whole, classes):
        raise ValueError(f"labels must be integers or strings, not {classes}")
    return whole


def _outputs(scope: Any, operator: Any, container: Any) -> tuple[str, np.dtype[Any]]:
    """Adds the network, and names the tensor of its outputs and the dtype of it."""
    onnx = library()
    from skl2onnx.common.data_types import DoubleTensorType

    source = operator.inputs[0]
    double = isinstance(source.type, DoubleTensorType)
    dtype = np.dtype("float64" if double else "float32")
    opset = container.target_opset_any_domain("")
    if opset < OLDEST_OPSET:
        raise ValueError(f"target_opset must be at least {OLDEST_OPSET}, not {opset}")
    x, y = (scope.get_unique_variable_name(f"fcnn_{name}") for name in "xy")
    kind = onnx.helper.np_dtype_to_tensor_dtype(dtype)
    container.add_node("Cast", source.full_name, x, to=kind)
    builder = Builder(opset, dtype)
    builder.network(plain.plain(operator.raw_operator._network()), x, y)
    names = {x: x, y: y}
    for tensor in builder.initializers:
        names[tensor.name] = scope.get_unique_variable_name(tensor.name)
        container.add_initializer(names[tensor.name], None, None, tensor)
    for node in builder.nodes:
        for name in node.output:
            names.setdefault(name, scope.get_unique_variable_name(name))
        container.add_node(
            node.op_type,
            [names[name] for name in node.input],
            [names[name] for name in node.output],
            name=scope.get_unique_operator_name(node.op_type),
            **{a.name: onnx.helper.get_attribute_value(a) for a in node.attribute},
        )
    return y, dtype
