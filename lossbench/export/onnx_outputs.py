"""Activations and decoders as ONNX operations, each by the name that it has in lossbench.

Values are float32 `[N, K]`. A class's score and probability are `[N, C]`, a regression's value `[N, 1]`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbench.catalog.decoders import TINY, Decoder
from lossbench.catalog.decoders.values import SMALLEST_SCALE, bin_edges, nearest_to_median
from lossbench.deferred import torch
from lossbench.errors import UserError
from lossbench.export import onnx_ordinal as ordinal
from lossbench.export.onnx_graph import Graph

Operation = Callable[[Graph, str], str]


def _op(name: str, **attributes: Any) -> Operation:
    return lambda graph, z: graph(name, z, **attributes)


def _clip(low: float, high: float) -> Operation:
    return lambda graph, z: graph("Clip", z, low, high)


def _gelu(graph: Graph, z: str) -> str:
    return graph("Mul", z, graph("Mul", 0.5, graph("Add", 1.0, graph("Erf", graph("Div", z, float(np.sqrt(2)))))))


def _normalize(graph: Graph, z: str) -> str:
    length = graph("ReduceL2", z, axes=[-1], keepdims=1)
    return graph("Div", z, graph("Max", length, 1e-12))


def _softplus_from(first: int, last: int, more: tuple[float, ...]) -> Operation:
    """The first output as it is, softplus plus a number of the others."""

    def operation(graph: Graph, z: str) -> str:
        columns = [graph.column(z, place) for place in range(first, last + 1)]
        positive = [graph("Add", graph("Softplus", one), add) for one, add in zip(columns, more, strict=True)]
        return graph("Concat", graph.column(z, 0), *positive, axis=-1)

    return operation


HIDDEN: dict[str, Operation] = {
    "relu": _op("Relu"),
    "tanh": _op("Tanh"),
    "sigmoid": _op("Sigmoid"),
    "leaky_relu": _op("LeakyRelu", alpha=0.01),
    "elu": _op("Elu"),
    "identity": lambda graph, z: z,
}

LAST: dict[str, Operation] = {
    **HIDDEN,
    "logsoftmax": _op("LogSoftmax", axis=-1),
    "softmax": _op("Softmax", axis=-1),
    "softplus": _op("Softplus"),
    "exp": _op("Exp"),
    "silu": lambda graph, z: graph("Mul", z, graph("Sigmoid", z)),
    "gelu": _gelu,
    "softsign": _op("Softsign"),
    "hardtanh": _clip(-1.0, 1.0),
    "hardsigmoid": _op("HardSigmoid", alpha=1 / 6, beta=0.5),
    "log_sigmoid": lambda graph, z: graph("Neg", graph("Softplus", graph("Neg", z))),
    "normalize": _normalize,
    "mean_variance": _softplus_from(1, 1, (1e-6,)),
    "normal_inverse_gamma": _softplus_from(1, 3, (1e-6, 1 + 1e-6, 1e-6)),
}


@dataclass(frozen=True)
class Read:
    """What outputs are read as: a score and a probability for each class (None: there is none), or a value."""

    score: str = ""
    probability: str | None = None
    point: str = ""


def read(graph: Graph, decode: Decoder, out: str, outputs: int) -> Read:
    """Outputs `[N, K]` read by the decoder; a `UserError` for one that ONNX cannot hold."""
    one = outputs == 1
    match decode.name if decode.is_built_in else "":
        case "sigmoid" if one:
            score = _beside_zero(graph, out)
            return Read(score, graph("Softmax", score, axis=-1))
        case "sigmoid":
            p = _shares(graph, graph("Sigmoid", out))
            return Read(graph("Log", graph("Max", p, TINY)), p)
        case "softmax":
            return Read(out, graph("Softmax", out, axis=-1))
        case "probability":
            p = _beside_rest(graph, out) if one else _shares(graph, out)
            return Read(graph("Log", graph("Clip", p, TINY, 1 - TINY)), p)
        case "log_probability":
            return Read(out, graph("Exp", out))
        case "least_squares":
            score = _beside_rest(graph, out) if one else out
            return Read(score, _shares(graph, graph("Clip", score, 0.0, 1.0)))
        case "margin":
            return Read(_beside_zero(graph, out) if one else out)
        case "signed_probability":
            p = graph("Clip", graph("Div", graph("Add", out, 1.0), 2.0), 0.0, 1.0)
            p = _beside_rest(graph, p) if one else _shares(graph, p)
            return Read(_beside_zero(graph, out) if one else out, p)
        case "half_logit":
            twice = graph("Mul", out, 2.0)
            score = _beside_zero(graph, twice) if one else twice
            return Read(score, graph("Softmax", score, axis=-1))
        case "cosine":
            score = _normalize(graph, out)
            return Read(score, _shares(graph, graph("Relu", score)))
        case "distance":
            near = graph("Neg", out)
            return Read(_beside_zero(graph, near) if one else near)
        case "evidence":
            alpha = graph("Add", out, 1.0)
            p = graph("Div", alpha, graph.total(alpha))
            return Read(graph("Log", graph("Max", p, TINY)), p)
        case "cumulative" | "thresholds":
            logits = out if decode.name == "cumulative" else ordinal.logits_by_thresholds(graph, out, outputs)
            p = ordinal.p_by_cumulative_logits(graph, logits, outputs)
            return Read(graph("Log", graph("Max", p, TINY)), p)
        case "ordered_thresholds":
            log_p = ordinal.log_p_by_ordered_thresholds(graph, out, outputs)
            return Read(log_p, graph("Exp", log_p))
        case "conditional":
            log_p = ordinal.log_p_by_chain(graph, out, outputs)
            return Read(log_p, graph("Exp", log_p))
        case "identity" | "gaussian" | "normal" | "laplace" | "student_t" | "normal_inverse_gamma":
            return Read(point=graph.column(out, 0))
        case "exp" | "negative_binomial":
            return Read(point=graph("Exp", graph.column(out, 0)))
        case "zero_inflated_lognormal":
            scale = graph("Add", graph("Softplus", graph.column(out, 2)), SMALLEST_SCALE)
            log_mean = graph("Add", graph.column(out, 1), graph("Div", graph("Mul", scale, scale), 2.0))
            return Read(point=graph("Mul", graph("Sigmoid", graph.column(out, 0)), graph("Exp", log_mean)))
        case "quantiles":
            point = graph.column(out, 0)
            for place in range(1, nearest_to_median(decode.params["levels"]) + 1):
                point = graph("Add", point, graph("Softplus", graph.column(out, place)))
            return Read(point=point)
        case "interval":
            half = graph("Div", graph("Softplus", graph.column(out, 1)), 2.0)
            return Read(point=graph("Add", graph.column(out, 0), half))
        case "histogram":
            edge = bin_edges(torch.zeros(outputs), decode.params["reach"]).numpy()
            center = graph.constant(((edge[1:] + edge[:-1]) / 2)[:, None])
            return Read(point=graph("MatMul", graph("Softmax", out, axis=-1), center))
    fix = "train with a decoder that has them to export it"
    raise UserError(f"decoder {decode.name} has no operations of ONNX", where="--to onnx", fix=fix)


def _beside_zero(graph: Graph, out: str) -> str:
    return graph("Concat", graph("Mul", out, 0.0), out, axis=-1)


def _beside_rest(graph: Graph, out: str) -> str:
    return graph("Concat", graph("Sub", 1.0, out), out, axis=-1)


def _shares(graph: Graph, value: str) -> str:
    """Divided by their sum over the classes."""
    return graph("Div", value, graph("Max", graph.total(value), TINY))
