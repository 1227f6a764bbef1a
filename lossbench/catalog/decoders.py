"""Decoders: how a net's outputs become a prediction. The loss declares its own.

Shapes: P members, N rows, K outputs, C classes. A decoder turns outputs `[P, N, K]` into a `Prediction`.
One-output classifiers become two columns, so that a decision is always the argmax of `score_PNC`: a sigmoid is cut at
0.5, a margin at 0, and nothing is ever argmax-ed over a single column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from lossbench.catalog.cumulative import (
    class_probabilities,
    log_p_by_chain,
    log_p_by_ordered_thresholds,
    logits_by_thresholds,
)
from lossbench.deferred import F, torch

if TYPE_CHECKING:
    from torch import Tensor

TINY = 1e-7  # probabilities are clamped to [TINY, 1 - TINY] before a logarithm: float32 resolves no finer next to 1


@dataclass(frozen=True)
class Prediction:
    """What P members predict for N rows; a part is None where the loss gives none.

    `score_PNC`: logit-like, the larger the more probable; its argmax is the decision, and softmax(score / T) is what a
    temperature is fitted to. `probability_PNC`: what the loss itself estimates. `point_PN`: a regression's value, and
    where a normal distribution is estimated its mean; `deviation_PN` is then its standard deviation.
    """

    score_PNC: Tensor | None = None
    probability_PNC: Tensor | None = None
    point_PN: Tensor | None = None
    deviation_PN: Tensor | None = None

    @property
    def label_PN(self) -> Tensor:  # noqa: N802 - its shape is part of its name
        """The decided class, `[P, N]` int64; ties go to the first class."""
        assert self.score_PNC is not None, "a regression has no label"
        return self.score_PNC.argmax(-1)

    @property
    def median_PN(self) -> Tensor:  # noqa: N802
        """The median class of an order, `[P, N]` int64: the first that with those below it has one half of the
        probability; the decided class where the loss gives none."""
        return self.label_PN if self.probability_PNC is None else median_class(self.probability_PNC)


def median_class(p: Tensor) -> Tensor:
    """The first class that with those below it has one half of the probability, of `[..., C]` -> `[...]` int64."""
    return (p[..., :-1].cumsum(-1) < 0.5).sum(-1)


def _two(z: Tensor) -> Tensor:
    return torch.cat([torch.zeros_like(z), z], -1) if z.shape[-1] == 1 else z


def _sigmoid(out: Tensor) -> Prediction:
    """One logit a class of its own: sigmoid; with K > 1 (one against all) normalised over the classes."""
    if out.shape[-1] == 1:
        score = _two(out)
        return Prediction(score, score.softmax(-1))
    p = out.sigmoid()
    p = p / p.sum(-1, keepdim=True).clamp_min(TINY)
    return Prediction(p.clamp_min(TINY).log(), p)


def _softmax(out: Tensor) -> Prediction:
    return Prediction(out, out.softmax(-1))


def _probability(out: Tensor) -> Prediction:
    p = torch.cat([1 - out, out], -1) if out.shape[-1] == 1 else out / out.sum(-1, keepdim=True).clamp_min(TINY)
    return Prediction(p.clamp(TINY, 1 - TINY).log(), p)


def _log_probability(out: Tensor) -> Prediction:
    return Prediction(out, out.exp())


def _least_squares(out: Tensor) -> Prediction:
    """Real outputs regressed on 0/1: they estimate the probability but need not stay in [0, 1]."""
    score = torch.cat([1 - out, out], -1) if out.shape[-1] == 1 else out
    p = score.clamp(0, 1)
    return Prediction(score, p / p.sum(-1, keepdim=True).clamp_min(TINY))


def _margin(out: Tensor) -> Prediction:
    return Prediction(_two(out))


def _signed_probability(out: Tensor) -> Prediction:
    """Real outputs whose best value is 2 eta - 1 (squared hinge, least squares on signs)."""
    p = ((out + 1) / 2).clamp(0, 1)
    p = torch.cat([1 - p, p], -1) if out.shape[-1] == 1 else p / p.sum(-1, keepdim=True).clamp_min(TINY)
    return Prediction(_two(out), p)


def _half_logit(out: Tensor) -> Prediction:
    """Margins that estimate half the log-odds (the exponential loss)."""
    score = _two(2 * out)
    return Prediction(score, score.softmax(-1))


def _cosine(out: Tensor) -> Prediction:
    """Directions: the score is the cosine to each class's axis; p_k = max(z_k, 0) / sum max(z_j, 0)."""
    score = F.normalize(out, dim=-1)
    positive = score.clamp_min(0)
    return Prediction(score, positive / positive.sum(-1, keepdim=True).clamp_min(TINY))


def _distance(out: Tensor) -> Prediction:
    """Distances to the classes: the nearest class is decided."""
    return Prediction(_two(-out))


def _evidence(out: Tensor) -> Prediction:
    """Evidence for each class: the mean of Dirichlet(evidence + 1)."""
    alpha = out + 1
    p = alpha / alpha.sum(-1, keepdim=True)
    return Prediction(p.clamp_min(TINY).log(), p)


def _cumulative(out: Tensor) -> Prediction:
    """Logits of P(y > k), each learnt for itself: in order they are nearer the truth (Chernozhukov, Fernandez-Val &
    Galichon 2010, doi:10.3982/ECTA7880), and as many stay above one half."""
    p = class_probabilities(out.sigmoid().sort(-1, descending=True).values)
    return Prediction(p.clamp_min(TINY).log(), p)


def _thresholds(out: Tensor) -> Prediction:
    """A score and thresholds, whose logits of P(y > k) may cross."""
    return _cumulative(logits_by_thresholds(out))


def _ordered_thresholds(out: Tensor) -> Prediction:
    return _log_probability(log_p_by_ordered_thresholds(out))


def _conditional(out: Tensor) -> Prediction:
    """Logits of P(y > k | y >= k)."""
    return _log_probability(log_p_by_chain(out))


def _identity(out: Tensor) -> Prediction:
    return Prediction(point_PN=out[..., 0])


def _gaussian(out: Tensor) -> Prediction:
    """Mean and variance of a normal distribution."""
    return Prediction(point_PN=out[..., 0], deviation_PN=out[..., 1].clamp_min(0).sqrt())


def _exp(out: Tensor) -> Prediction:
    return Prediction(point_PN=out[..., 0].exp())


class Decoder(Enum):
    """How outputs are read; `decode(out_PNK)` gives the `Prediction`."""

    SIGMOID = ("sigmoid", _sigmoid)
    SOFTMAX = ("softmax", _softmax)
    PROBABILITY = ("probability", _probability)
    LOG_PROBABILITY = ("log_probability", _log_probability)
    LEAST_SQUARES = ("least_squares", _least_squares)
    MARGIN = ("margin", _margin)
    SIGNED_PROBABILITY = ("signed_probability", _signed_probability)
    HALF_LOGIT = ("half_logit", _half_logit)
    COSINE = ("cosine", _cosine)
    DISTANCE = ("distance", _distance)
    EVIDENCE = ("evidence", _evidence)
    CUMULATIVE = ("cumulative", _cumulative)
    THRESHOLDS = ("thresholds", _thresholds)
    ORDERED_THRESHOLDS = ("ordered_thresholds", _ordered_thresholds)
    CONDITIONAL = ("conditional", _conditional)
    IDENTITY = ("identity", _identity)
    EXP = ("exp", _exp)
    GAUSSIAN = ("gaussian", _gaussian)

    def __init__(self, label: str, read: Callable[[Tensor], Prediction]) -> None:
        self.label = label
        self._read = read

    @classmethod
    def named(cls, label: str) -> Decoder:
        """The decoder of that label; `ValueError` where there is none."""
        for decoder in cls:
            if decoder.label == label:
                return decoder
        raise ValueError(f"unknown decoder {label!r}")

    def __call__(self, out_PNK: Tensor) -> Prediction:
        """Read outputs `[P, N, K]` (any leading axes)."""
        return self._read(out_PNK)
