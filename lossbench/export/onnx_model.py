"""A trained net as an ONNX model: from the columns of a table to labels and probabilities, or to values.

Inputs: one `[N, 1]` for each column (see `onnx_inputs`). Outputs of a classification: `label` [N], text, and, where the
loss gives them, `probabilities` [N, C] in the order of the metadata's `classes`; of a regression: `value` [N], double,
in the target's own units.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.errors import UserError
from lossbench.experiments.train.saved_model import Predictor
from lossbench.export.files import made_parent
from lossbench.export.formats import ExportedRun
from lossbench.export.onnx_graph import DOUBLE, FLOAT, STRING, Graph
from lossbench.export.onnx_inputs import inputs
from lossbench.export.onnx_outputs import HIDDEN, LAST, read
from lossbench.export.weights import predictor_of
from lossbench.record import written_aside


def write(run: ExportedRun, out: str) -> list[str]:
    """Write one member's net as ONNX; a `UserError` for what ONNX cannot hold."""
    predictor, which = predictor_of(run, "onnx")
    model = onnx_model(predictor)
    path = made_parent(out)
    with written_aside(path) as file:
        file.write(model.SerializeToString())
    return [f"onnx: {path}{which}"]


def onnx_model(predictor: Predictor) -> Any:
    """The `ModelProto` of a predictor."""
    activation = predictor.activation
    if activation.name not in LAST or activation is not ACTIVATIONS.get(activation.name):
        what = f"{activation.name} is no activation of lossbench's own, and its code is no part of ONNX"
        raise UserError(what, where="--to onnx", fix="export an nn.Module of yours with torch.onnx")
    graph = Graph()
    h = inputs(graph, predictor.preparation, predictor.net.inputs)
    depth = len(predictor.net.layers)
    for layer in range(depth):
        weight = graph.constant(predictor.state[f"{2 * layer}.weight"].numpy().T)
        h = graph("Gemm", h, weight, graph.constant(predictor.state[f"{2 * layer}.bias"].numpy()))
        if layer < depth - 1:
            h = HIDDEN[predictor.net.activation](graph, h)
    outputs = predictor.net.outputs
    if predictor.targets:  # each number is read as if it were the only one
        h, outputs = graph("Reshape", h, graph.constant(np.array([-1, 1]), np.int64)), 1
    found = read(graph, predictor.decode, LAST[activation.name](graph, h), outputs)
    if found.point:
        _value(graph, found.point, predictor)
    else:
        _classes(graph, found.score, found.probability, predictor.classes)
    facts = {
        "loss": predictor.loss,
        "last_act": activation.name,
        "target": predictor.target,
        "targets": json.dumps(predictor.targets, ensure_ascii=False),
        "classes": json.dumps(predictor.classes, ensure_ascii=False),
    }
    return graph.model(f"Predicts {predictor.target}; trained by lossbench with {predictor.loss}.", facts)


def _value(graph: Graph, point: str, predictor: Predictor) -> None:
    """In the target's own units, computed in double: `[N]`, or a column for each of several targets."""
    count = len(predictor.targets)
    double = graph("Cast", point, to=DOUBLE)
    if count:
        double = graph("Reshape", double, graph.constant(np.array([-1, count]), np.int64))
    scaled = graph("Mul", double, graph.constant(np.array(predictor.scale), np.float64))
    value = graph("Add", scaled, graph.constant(np.array(predictor.center), np.float64))
    if count:
        graph.output(value, "value", DOUBLE, count)
    else:
        graph.output(graph("Squeeze", value, graph.constant(np.array([1]), np.int64)), "value", DOUBLE)


def _classes(graph: Graph, score: str, probability: str | None, classes: list[str]) -> None:
    place = graph("ArgMax", score, axis=-1, keepdims=0)
    graph.output(graph("Gather", graph.constant(np.array(classes, dtype=object), None), place), "label", STRING)
    if probability is not None:
        graph.output(probability, "probabilities", FLOAT, len(classes))
