"""Metrics of the order into which scores bring the rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from annotated_types import Gt, Le

from lossbench.catalog.metrics.metric import CLASSIFICATION, METRICS, metric
from lossbench.catalog.metrics.rows import ascending, counted, ratio
from lossbench.catalog.vocabulary import Task
from lossbench.deferred import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


@METRICS.add
@metric("auroc", "score", CLASSIFICATION, worst=0.0, best=1.0, rope="absolute")
def auroc(score_PNC: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Probability that a row of a class scores above a row of the others, ties counting half.

    With more than two classes the mean over them, each against the rest by its log-odds. Classes that do not
    occur are excluded from the mean; NaN where the truth is a single class.
    """
    return _over_classes(_auroc, score_PNC, truth_PN, weight_PN)


@METRICS.add
@metric("average_precision", "score", CLASSIFICATION, worst=0.0, best=1.0, rope="absolute", on_request=True)
def average_precision(score_PNC: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean over the rows of the second class of the precision at their score.

    With more than two classes the mean over them, each against the rest by its log-odds. Classes that do not occur are
    excluded from the mean; NaN where there is none.
    """
    return _over_classes(_average_precision, score_PNC, truth_PN, weight_PN)


@METRICS.add
@metric("recall_at_precision", "score", frozenset({Task.BINARY}), worst=0.0, best=1.0, rope="absolute", on_request=True)
def recall_at_precision(
    score_PNC: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None, *, p: Annotated[float, Gt(0), Le(1)] = 0.9
) -> Tensor:
    """Largest recall of the second class at a threshold of precision p or more; 0 where there is none.

    NaN where the second class does not occur.
    """
    positive_PN = counted(truth_PN == 1, weight_PN)
    hits_PN, above_PN = _at_thresholds(score_PNC[..., 1] - score_PNC[..., 0], positive_PN, weight_PN)
    positives = positive_PN.sum(-1, keepdim=True)
    recall_PN = torch.where(ratio(hits_PN, above_PN) >= p, ratio(hits_PN, positives), 0.0)
    return torch.where(positives[..., 0] > 0, recall_PN.amax(-1), math.nan)


def _over_classes(
    of_two: Callable[[Tensor, Tensor, Tensor | None], Tensor],
    score_PNC: Tensor,
    truth_PN: Tensor,
    weight_PN: Tensor | None,
) -> Tensor:
    """The second class's value of two; of more the mean over the classes that have one."""
    classes = score_PNC.shape[-1]
    if classes == 2:
        return of_two(score_PNC[..., 1] - score_PNC[..., 0], truth_PN == 1, weight_PN)
    values = []
    for k in range(classes):
        others = torch.cat([score_PNC[..., :k], score_PNC[..., k + 1 :]], -1)
        values.append(of_two(score_PNC[..., k] - others.logsumexp(-1), truth_PN == k, weight_PN))
    return torch.stack(values, -1).nanmean(-1)


def _auroc(score_PN: Tensor, positive_PN: Tensor, weight_PN: Tensor | None) -> Tensor:
    """A positive row wins against the negative rows below its score, and half against those at its score.

    Both are sorted, the positive rows too, because places are found several times as fast for values in order.
    """
    if weight_PN is not None:
        return _weighted_auroc(score_PN.contiguous(), positive_PN, weight_PN)
    positives = positive_PN.sum(-1)
    negatives = positive_PN.shape[-1] - positives
    positive, negative = (
        ascending(score_PN.where(is_one_PN, math.inf))[:, : int(count.max())].contiguous()
        for is_one_PN, count in ((positive_PN, positives), (~positive_PN, negatives))
    )
    below, upto = (torch.searchsorted(negative, positive, right=side) for side in (False, True))
    wins = (below + upto).where(positive < math.inf, 0).sum(-1).double() / 2
    return ratio(wins, (positives * negatives).double(), math.nan)


def _weighted_auroc(score_PN: Tensor, positive_PN: Tensor, weight_PN: Tensor) -> Tensor:
    """A positive row's negative weight below its score, and half of that at its score."""
    ordered, order = score_PN.sort(-1)
    ordered = ordered.contiguous()
    negative_PN = counted(~positive_PN, weight_PN).gather(-1, order)
    up_to = torch.cat([torch.zeros_like(negative_PN[:, :1]), negative_PN.cumsum(-1)], -1)
    below, upto = (up_to.gather(-1, torch.searchsorted(ordered, score_PN, right=side)) for side in (False, True))
    positive_PN = counted(positive_PN, weight_PN)
    wins = (positive_PN * (below + upto) / 2).sum(-1)
    return ratio(wins, positive_PN.sum(-1) * negative_PN.sum(-1), math.nan)


def _average_precision(score_PN: Tensor, positive_PN: Tensor, weight_PN: Tensor | None) -> Tensor:
    positive_PN = counted(positive_PN, weight_PN)
    hits_PN, above_PN = _at_thresholds(score_PN, positive_PN, weight_PN)
    return ratio((ratio(hits_PN, above_PN) * positive_PN).sum(-1), positive_PN.sum(-1), math.nan)


def _at_thresholds(score_PN: Tensor, positive_PN: Tensor, weight_PN: Tensor | None) -> tuple[Tensor, Tensor]:
    """With each row's score as threshold: how many positive rows, and how many rows, score as much or more `[P, N]`;
    `positive_PN` is what each row counts as a positive one."""
    score_PN = score_PN.contiguous()
    ordered, order = score_PN.sort(-1)
    first = torch.searchsorted(ordered.contiguous(), score_PN)

    def from_there(count_PN: Tensor) -> Tensor:
        return count_PN.gather(-1, order).flip(-1).cumsum(-1).flip(-1).gather(-1, first)

    above_PN = (score_PN.shape[-1] - first).double() if weight_PN is None else from_there(weight_PN)
    return from_there(positive_PN), above_PN
