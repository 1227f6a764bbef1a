"""Decoders of classes.

Shapes: P members, N rows, K outputs, C classes. One-output classifiers become two columns, so that a decision is always
the argmax of `score_PNC`: a sigmoid is cut at 0.5, a margin at 0, and nothing is ever argmax-ed over a single column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossbench.catalog.cumulative import (
    class_probabilities,
    log_p_by_chain,
    log_p_by_ordered_thresholds,
    logits_by_thresholds,
)
from lossbench.catalog.decoders.decoder import decoder
from lossbench.catalog.decoders.prediction import TINY, Prediction
from lossbench.deferred import F, torch

if TYPE_CHECKING:
    from torch import Tensor


def _two(z: Tensor) -> Tensor:
    return torch.cat([torch.zeros_like(z), z], -1) if z.shape[-1] == 1 else z


@decoder
def sigmoid(out: Tensor) -> Prediction:
    """One logit a class of its own: sigmoid; with K > 1 (one against all) normalised over the classes."""
    if out.shape[-1] == 1:
        score = _two(out)
        return Prediction(score, score.softmax(-1))
    p = out.sigmoid()
    p = p / p.sum(-1, keepdim=True).clamp_min(TINY)
    return Prediction(p.clamp_min(TINY).log(), p)


@decoder
def softmax(out: Tensor) -> Prediction:
    """Logits: softmax."""
    return Prediction(out, out.softmax(-1))


@decoder
def probability(out: Tensor) -> Prediction:
    """Probabilities; of one output that of the second class. Normalised over the classes."""
    p = torch.cat([1 - out, out], -1) if out.shape[-1] == 1 else out / out.sum(-1, keepdim=True).clamp_min(TINY)
    return Prediction(p.clamp(TINY, 1 - TINY).log(), p)


@decoder
def log_probability(out: Tensor) -> Prediction:
    """Logarithms of probabilities."""
    return Prediction(out, out.exp())


@decoder
def least_squares(out: Tensor) -> Prediction:
    """Real outputs regressed on 0/1: they estimate the probability but need not stay in [0, 1]."""
    score = torch.cat([1 - out, out], -1) if out.shape[-1] == 1 else out
    p = score.clamp(0, 1)
    return Prediction(score, p / p.sum(-1, keepdim=True).clamp_min(TINY))


@decoder
def margin(out: Tensor) -> Prediction:
    """Scores that decide, and say nothing of probabilities."""
    return Prediction(_two(out))


@decoder
def signed_probability(out: Tensor) -> Prediction:
    """Real outputs whose best value is 2 eta - 1 (squared hinge, least squares on signs)."""
    p = ((out + 1) / 2).clamp(0, 1)
    p = torch.cat([1 - p, p], -1) if out.shape[-1] == 1 else p / p.sum(-1, keepdim=True).clamp_min(TINY)
    return Prediction(_two(out), p)


@decoder
def half_logit(out: Tensor) -> Prediction:
    """Margins that estimate half the log-odds (the exponential loss)."""
    score = _two(2 * out)
    return Prediction(score, score.softmax(-1))


@decoder
def cosine(out: Tensor) -> Prediction:
    """Directions: the score is the cosine to each class's axis; p_k = max(z_k, 0) / sum max(z_j, 0)."""
    score = F.normalize(out, dim=-1)
    positive = score.clamp_min(0)
    return Prediction(score, positive / positive.sum(-1, keepdim=True).clamp_min(TINY))


@decoder
def distance(out: Tensor) -> Prediction:
    """Distances to the classes: the nearest class is decided."""
    return Prediction(_two(-out))


@decoder
def evidence(out: Tensor) -> Prediction:
    """Evidence for each class: the mean of Dirichlet(evidence + 1)."""
    alpha = out + 1
    p = alpha / alpha.sum(-1, keepdim=True)
    return Prediction(p.clamp_min(TINY).log(), p)


@decoder
def cumulative(out: Tensor) -> Prediction:
    """Logits of P(y > k), each learnt for itself: in order they are nearer the truth (Chernozhukov, Fernandez-Val &
    Galichon 2010, doi:10.3982/ECTA7880), and as many stay above one half."""
    p = class_probabilities(out.sigmoid().sort(-1, descending=True).values)
    return Prediction(p.clamp_min(TINY).log(), p)


@decoder
def thresholds(out: Tensor) -> Prediction:
    """A score and thresholds, whose logits of P(y > k) may cross."""
    return cumulative(logits_by_thresholds(out))


@decoder
def ordered_thresholds(out: Tensor) -> Prediction:
    """A score and thresholds in order: the proportional odds."""
    return log_probability(log_p_by_ordered_thresholds(out))


@decoder
def conditional(out: Tensor) -> Prediction:
    """Logits of P(y > k | y >= k)."""
    return log_probability(log_p_by_chain(out))
