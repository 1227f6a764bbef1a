"""Predictive distributions of a number, and what they are computed with."""

from lossbench.catalog.distributions.distribution import Distribution, Quantiles, Scaled, interval_score, pinball
from lossbench.catalog.distributions.families import (
    Histogram,
    Laplace,
    Normal,
    StudentT,
)
from lossbench.catalog.distributions.nonnegative import NegativeBinomial, ZeroInflatedLogNormal

__all__ = [
    "Distribution",
    "Histogram",
    "Laplace",
    "NegativeBinomial",
    "Normal",
    "Quantiles",
    "Scaled",
    "StudentT",
    "ZeroInflatedLogNormal",
    "interval_score",
    "pinball",
]
