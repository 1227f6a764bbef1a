"""The cross-loss matrix: what nets trained with loss A are worth when loss B counts.

A and B read outputs differently (logits, margins, probabilities), so A's nets are not shown to B as they are. What A
predicts, after the temperature step that every loss gets, is written in B's language: the outputs from which B's link
would read the same probabilities. Where B's outputs are no function of the probabilities (margins, distances), or of
the predicted value (a variance), there is no honest number, and none is given.

P nets, N rows, C classes, K outputs of B.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from lossbench.catalog.links import TINY, Link
from lossbench.catalog.vocabulary import Encoding, Space
from lossbench.experiments.folds import PreparedSplit
from lossbench.experiments.judging import Judged, blocks
from lossbench.experiments.pairs import Pair


def outputs_that_say(probability_PNC: Tensor, pair: Pair) -> Tensor | None:
    """The outputs `[P, N, K]` from which the pair's link reads these class probabilities; None where there are none."""
    p = probability_PNC.double().clamp(TINY, 1 - TINY)
    one = pair.outputs == 1
    if not one and pair.outputs != p.shape[-1]:
        return None
    second = p[..., 1:]
    match pair.link:
        case Link.SIGMOID:
            return torch.logit(second if one else p)
        case Link.SOFTMAX | Link.LOG_PROBABILITY:
            return p.log()
        case Link.PROBABILITY | Link.LEAST_SQUARES:
            return second if one else p
        case Link.SIGNED_PROBABILITY:
            return 2 * (second if one else p) - 1
        case Link.HALF_LOGIT:
            return torch.logit(second) / 2 if one else p.log() / 2
        case Link.COSINE:
            return F.normalize(p, dim=-1)
    return None


def outputs_that_predict(point_PN: Tensor, pair: Pair, splits: Sequence[PreparedSplit]) -> Tensor | None:
    """The outputs `[P, N, 1]` from which the pair's link reads these values; None where there are none."""
    if pair.outputs != 1 or pair.link not in {Link.IDENTITY, Link.EXP}:
        return None
    value = point_PN.double()
    if pair.encoding is Encoding.FLOAT:
        scale = torch.tensor([[split.scale] for split in splits], dtype=torch.float64)
        center = torch.tensor([[split.center] for split in splits], dtype=torch.float64)
        value = (value - center) / scale
    if pair.link is Link.EXP:
        return value.log()[..., None] if bool((value > 0).all()) else None
    if pair.activation.space is Space.POSITIVE and not bool((value > 0).all()):
        return None
    return value[..., None]


def mean_under(pair: Pair, judged: Sequence[Judged], splits: Sequence[PreparedSplit]) -> float | None:
    """Mean test value of the pair's loss over nets of whatever loss; None where it is not defined for one of them."""
    values: list[float] = []
    for block in blocks([net.predicted for net in judged]):
        own = [splits[j] for j in block]
        predicted = torch.stack([judged[j].predicted for j in block])
        if pair.task.is_classification:
            out = outputs_that_say(predicted, pair)
        else:
            out = outputs_that_predict(predicted, pair, own)
        if out is None:
            return None
        values += _per_net(pair, out, own).tolist()
    mean = sum(values) / len(values) if values else float("nan")
    return mean if abs(mean) < float("inf") else None


def _per_net(pair: Pair, out_PNK: Tensor, splits: Sequence[PreparedSplit]) -> Tensor:
    folds = [split.fold(pair) for split in splits]
    target = torch.stack([split.part("test", pair).target for split in splits])
    target = target.double() if target.is_floating_point() else target
    statistics = {
        name: torch.stack([fold.statistics[name] for fold in folds])[:, None].double() for name in pair.loss.statistics
    }
    if pair.loss.per == "batch":
        return pair.loss(out_PNK, target, torch.ones_like(out_PNK[..., 0]), **statistics)
    return pair.loss(out_PNK, target, **statistics).mean(-1)
