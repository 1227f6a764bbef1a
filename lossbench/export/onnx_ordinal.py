"""Classes in an order as ONNX operations, as `lossbench.catalog.cumulative` reads them.

Outputs are float32 `[N, K]` of K = C - 1; what is read of them is `[N, C]`.
"""

from __future__ import annotations

from lossbench.export.onnx_graph import Graph


def p_by_cumulative_logits(graph: Graph, logits: str, outputs: int) -> str:
    """Probabilities of the classes from logits of P(y > k), sorted."""
    above = graph.descending(graph("Sigmoid", logits), outputs)
    zero = graph("Mul", graph.column(above, 0), 0.0)
    higher = graph("Concat", graph("Add", zero, 1.0), above, axis=-1)
    return graph("Sub", higher, graph("Concat", above, zero, axis=-1))


def logits_by_thresholds(graph: Graph, out: str, outputs: int) -> str:
    """The logits of a score and thresholds."""
    score = graph.column(out, 0)
    return graph("Concat", score, graph("Sub", score, graph.columns(out, 1, outputs)), axis=-1)


def log_p_by_ordered_thresholds(graph: Graph, out: str, outputs: int) -> str:
    """Log-probabilities of the classes from a score and ordered thresholds."""
    score, gaps = graph.column(out, 0), graph.columns(out, 1, outputs)
    beyond = graph.running_total(graph("Softplus", gaps))
    logits = graph("Concat", score, graph("Sub", score, beyond), axis=-1)
    above, below = _log_sigmoid(graph, logits), _log_sigmoid(graph, graph("Neg", logits))
    both = graph("Add", graph.columns(above, 0, outputs - 1), graph.columns(below, 1, outputs))
    between = graph("Add", both, _log_sigmoid(graph, gaps))
    return graph("Concat", graph.column(below, 0), between, graph.column(above, outputs - 1), axis=-1)


def log_p_by_chain(graph: Graph, out: str, outputs: int) -> str:
    """Log-probabilities of the classes from conditional logits."""
    above, stops = graph.running_total(_log_sigmoid(graph, out)), _log_sigmoid(graph, graph("Neg", out))
    reached = graph("Add", graph.columns(above, 0, outputs - 1), graph.columns(stops, 1, outputs))
    return graph("Concat", graph.column(stops, 0), reached, graph.column(above, outputs - 1), axis=-1)


def _log_sigmoid(graph: Graph, value: str) -> str:
    return graph("Neg", graph("Softplus", graph("Neg", value)))
