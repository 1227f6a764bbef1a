"""Metrics of classes in an order, by the distance of ranks: |i - j| between the i-th class and the j-th.

Those of a median read one decision of every loss, the median class of its probabilities: it has the least expected
distance. A loss without probabilities is read by its decided class.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from lossbench.catalog.estimands import BALANCED_MEDIAN, MEDIAN_CLASS, PROBABILITIES
from lossbench.catalog.metrics.metric import METRICS, metric
from lossbench.catalog.metrics.rows import counted, mean, ratio
from lossbench.catalog.vocabulary import Task
from lossbench.deferred import F

if TYPE_CHECKING:
    from torch import Tensor

ORDINAL = frozenset({Task.ORDINAL})
distance = partial(metric, tasks=ORDINAL, worst=math.inf, best=0.0, rope="dummy_error")


@METRICS.add
@distance("mae_ranks", "median", estimand=MEDIAN_CLASS)
def mae_ranks(median_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean |rank of the median class - rank of the true class|."""
    return mean((median_PN - truth_PN).abs().double(), weight_PN)


@METRICS.add
@distance("amae", "median", estimand=BALANCED_MEDIAN)
def amae(median_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean over the classes that occur of the class's own mae_ranks (macro-averaged MAE).

    Baccianella, Esuli & Sebastiani 2009, doi:10.1109/ISDA.2009.230.
    """
    own_PNC = F.one_hot(truth_PN).bool()
    rows_PNC = counted(own_PNC, None if weight_PN is None else weight_PN.unsqueeze(-1))
    size_PC = rows_PNC.sum(1)
    error_PC = ((median_PN - truth_PN).abs().unsqueeze(-1) * rows_PNC).sum(1)
    return ratio(error_PC, size_PC).sum(-1) / (size_PC > 0).sum(-1)


@METRICS.add
@metric("off_by_one_accuracy", "label", ORDINAL, worst=0.0, best=1.0, rope="absolute")
def off_by_one_accuracy(label_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Share of rows whose predicted class is the true class or the next to it."""
    return mean(((label_PN - truth_PN).abs() <= 1).double(), weight_PN)


@METRICS.add
@distance("rps", "probability", estimand=PROBABILITIES, soft=True)
def rps(p_PNC: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Ranked probability score, mean of sum_k (P(y <= k) - [y <= k])^2.

    Epstein 1969, doi:10.1175/1520-0450(1969)008<0985:ASSFPF>2.0.CO;2, without a division by C - 1. Of probabilities t
    as truth the expected one.
    """
    truth_PNC = truth_PN if truth_PN.is_floating_point() else F.one_hot(truth_PN, p_PNC.shape[-1])
    up_to_PNC, true_PNC = p_PNC.cumsum(-1), truth_PNC.cumsum(-1)
    return mean((up_to_PNC.square() - 2 * up_to_PNC * true_PNC + true_PNC).sum(-1), weight_PN)
