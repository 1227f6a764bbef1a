"""Metrics: the declaration and the registry, and the built-in ones by what they read of a prediction."""

from lossbench.catalog.metrics import decisions, ordinal, ranking, probabilities, values, spread  # isort: skip - the order of lists
from lossbench.catalog.metrics.metric import METRICS, Metric, default_metric, reported, score_all, suiting
from lossbench.catalog.metrics.probabilities import ECE_BINS

__all__ = [
    "ECE_BINS",
    "METRICS",
    "Metric",
    "decisions",
    "default_metric",
    "ordinal",
    "probabilities",
    "ranking",
    "reported",
    "score_all",
    "spread",
    "suiting",
    "values",
]
