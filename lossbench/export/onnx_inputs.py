"""The preparation of a table as ONNX operations: gaps filled, numbers scaled, one 0/1 input per level.

A column is an input `[N, 1]`: text as strings with "" for a gap, numbers and booleans (0 and 1) as double with NaN for
a gap. Numbers are scaled in double, as in training, and rounded to float32 once.
"""

from __future__ import annotations

import numpy as np

from lossbench.data.encoders import DateEncoder, Encoder, LevelEncoder, NumberEncoder
from lossbench.data.preparation import Preparation
from lossbench.errors import UserError
from lossbench.export.onnx_graph import DOUBLE, FLOAT, STRING, Graph

GAP = ""  # among texts


def inputs(graph: Graph, preparation: Preparation, width: int) -> str:
    """The net's inputs `[N, width]`, zeros behind those that the preparation gives."""
    parts = [_column(graph, encoder, preparation.kinds[encoder.name]) for encoder in preparation.encoders]
    x = graph("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    missing = width - len(preparation.input_names)
    return graph("Pad", x, graph.constant(np.array([0, 0, 0, missing]), np.int64)) if missing else x


def _column(graph: Graph, encoder: Encoder, kind: str) -> str:
    match encoder:
        case NumberEncoder():
            return _number(graph, encoder)
        case LevelEncoder():
            return _levels(graph, encoder, is_text=kind == "text")
        case DateEncoder():
            raise _impossible(encoder.name, "a date", "leave --dates out")
        case _:
            raise _impossible(encoder.name, "hashed text", "leave --text hash out")


def _impossible(column: str, what: str, fix: str) -> UserError:
    return UserError(
        f"column {column!r} is {what}, which ONNX has no operation for", where="--to onnx", fix=f"train again: {fix}"
    )


def _number(graph: Graph, encoder: NumberEncoder) -> str:
    if encoder.quantiles:
        raise _impossible(encoder.name, "scaled by quantiles", "--scale standard")
    x = graph.input(encoder.name, DOUBLE)

    def double(value: float) -> str:
        return graph.constant(value, np.float64)

    filled = graph("Where", graph("IsNaN", x), double(encoder.median), x)
    scaled = graph("Div", graph("Sub", filled, double(encoder.center)), double(encoder.scale))
    return graph("Cast", scaled, to=FLOAT)


def _levels(graph: Graph, encoder: LevelEncoder, *, is_text: bool) -> str:
    """By each level's place among the inputs (-1: none); two levels that share an input have its value."""
    width = len(encoder.inputs)
    if shared := width == 1 and len(encoder.levels) == 2:
        places, unknown, gap = dict(zip(encoder.levels, (0.0, 1.0), strict=True)), 0.5, 0.5
    else:
        places = {level: float(place) for place, level in enumerate(encoder.levels)}
        unknown = float(len(encoder.levels)) if encoder.rare else -1.0
        gap = float(len(encoder.levels) + bool(encoder.rare)) if encoder.missing else -1.0
    place = _place_of_text(graph, encoder.name, {**places, GAP: gap}, unknown) if is_text else None
    if place is None:
        of = [places.get(level, unknown) for level in ("False", "True")]
        place = _place_of_boolean(graph, encoder.name, of, gap)
    if shared:
        return place
    return graph("Cast", graph("Equal", place, graph.constant(np.arange(width)[None])), to=FLOAT)


def _place_of_text(graph: Graph, name: str, places: dict[str, float], unknown: float) -> str:
    x = graph.input(name, STRING)
    return graph(
        "LabelEncoder",
        x,
        domain="ai.onnx.ml",
        keys_strings=list(places),
        values_floats=list(places.values()),
        default_float=unknown,
    )


def _place_of_boolean(graph: Graph, name: str, places: list[float], gap: float) -> str:
    x = graph.input(name, DOUBLE)
    is_false = graph("Equal", x, graph.constant(0.0, np.float64))
    known = graph("Where", is_false, graph.constant(places[0]), graph.constant(places[1]))
    return graph("Where", graph("IsNaN", x), graph.constant(gap), known)
