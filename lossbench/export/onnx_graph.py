"""A graph of ONNX operations, made one node at a time. Values are named by the graph; constants are arrays of numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lossbench.version import __version__

OPSET, OPSET_ML, IR_VERSION = 17, 3, 8  # what every onnxruntime since 1.12 reads
ROWS = "N"


class Graph:
    """The inputs, nodes and outputs of a model that is being made."""

    def __init__(self) -> None:
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def input(self, name: str, kind: int) -> str:
        """An input `[N, 1]` of that `TensorProto` type."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, [ROWS, 1]))
        return name

    def output(self, value: str, name: str, kind: int, *more: int) -> None:
        """Name a value as an output `[N, *more]`."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, kind, [ROWS, *more]))

    def constant(self, value: NDArray[Any] | float, dtype: type[np.generic] | None = np.float32) -> str:
        """A constant; numbers are float32 unless it says otherwise (None: as the array is, texts among them)."""
        array = np.asarray(value, dtype=dtype)
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def __call__(self, operation: str, *inputs: str | float, domain: str = "", **attributes: Any) -> str:
        """The value of an operation; a plain number among its inputs is a float32 constant."""
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        value = f"value_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, names, [value], domain=domain, **attributes))
        return value

    def column(self, value: str, place: int) -> str:
        """One column `[N, 1]` of a value `[N, K]`."""
        return self("Gather", value, self.constant(np.array([place]), np.int64), axis=-1)

    def columns(self, value: str, first: int, end: int) -> str:
        """The columns from `first` to before `end` of a value `[N, K]`."""
        bounds = [self.constant(np.array([number]), np.int64) for number in (first, end, 1)]
        return self("Slice", value, *bounds)

    def descending(self, value: str, columns: int) -> str:
        """A value's columns, of each row the largest first."""
        found = f"value_{len(self._nodes)}"
        count = self.constant(np.array([columns]), np.int64)
        self._nodes.append(helper.make_node("TopK", [value, count], [found, f"{found}_places"], axis=-1))
        return found

    def running_total(self, value: str) -> str:
        """The sums of each column and those before it."""
        return self("CumSum", value, self.constant(np.array(-1), np.int64))

    def total(self, value: str) -> str:
        """The sum over the last axis, `[N, 1]`."""
        return self("ReduceSum", value, self.constant(np.array([-1]), np.int64), keepdims=1)

    def model(self, description: str, facts: dict[str, str]) -> Any:
        """The whole model, checked; `facts` are its metadata."""
        graph = helper.make_graph(self._nodes, "lossbench", self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_ML)]
        model = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=IR_VERSION,
            producer_name="lossbench",
            producer_version=__version__,
            doc_string=description,
        )
        helper.set_model_props(model, facts)
        onnx.checker.check_model(model, full_check=True)
        return model


FLOAT, DOUBLE, STRING = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.STRING
