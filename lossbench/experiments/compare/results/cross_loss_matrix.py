"""The cross-loss matrix: what nets trained with loss A are worth when loss B counts.

A and B read outputs differently (logits, margins, probabilities), so A's nets are not shown to B as they are. What A
predicts, after the temperature step that every loss gets, is written in B's language: the outputs from which B's link
would read the same probabilities. Where B's outputs are no function of the probabilities (margins, distances), or of
the predicted value (a variance), there is no honest number, and none is given.

P nets, N rows, C classes, K outputs of B.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from lossbench.catalog.cumulative import (
    above_each,
    conditional_logits,
    logits_by_thresholds,
    ordered_thresholds_of_logits,
)
from lossbench.catalog.decoders import TINY, Decoder
from lossbench.catalog.metrics.rows import mean
from lossbench.catalog.vocabulary import Encoding, Space
from lossbench.errors import FAULTS
from lossbench.experiments.compare.results.test_scores import blocks
from lossbench.experiments.scoring.scores import weights_of
from lossbench.experiments.setup.pair import Pair
from lossbench.experiments.setup.prepared_split import PreparedSplit

AT_ONCE = 2**22  # numbers, of predictions that are read under a loss together

OF_ORDER: Mapping[Decoder, Callable[[Tensor], Tensor]] = {
    Decoder.CUMULATIVE: lambda p: torch.logit(above_each(p)),
    Decoder.THRESHOLDS: lambda p: logits_by_thresholds(torch.logit(above_each(p))),
    Decoder.ORDERED_THRESHOLDS: lambda p: ordered_thresholds_of_logits(torch.logit(above_each(p))),
    Decoder.CONDITIONAL: conditional_logits,
}


def outputs_that_say(probability_PNC: Tensor, pair: Pair) -> Tensor | None:
    """The outputs `[P, N, K]` from which the decoder reads these class probabilities; None where none are."""
    p = probability_PNC.double().clamp(TINY, 1 - TINY)
    if pair.decode in OF_ORDER:
        return OF_ORDER[pair.decode](p)
    one = pair.outputs == 1
    if not one and pair.outputs != p.shape[-1]:
        return None
    second = p[..., 1:]
    match pair.decode:
        case Decoder.SIGMOID:
            return torch.logit(second if one else p)
        case Decoder.SOFTMAX | Decoder.LOG_PROBABILITY:
            return p.log()
        case Decoder.PROBABILITY | Decoder.LEAST_SQUARES:
            return second if one else p
        case Decoder.SIGNED_PROBABILITY:
            return 2 * (second if one else p) - 1
        case Decoder.HALF_LOGIT:
            return torch.logit(second) / 2 if one else p.log() / 2
        case Decoder.COSINE:
            return F.normalize(p, dim=-1)
    return None


OF_LOGARITHMS = {"exp", "negative_binomial"}  # decoders whose value is e to the output


def outputs_that_predict(point_PN: Tensor, pair: Pair, splits: Sequence[PreparedSplit]) -> Tensor | None:
    """The outputs `[P, N, 1]` from which the pair's decoder reads these values; None where there are none."""
    if pair.outputs != pair.targets or pair.decode.name not in {"identity", *OF_LOGARITHMS}:
        return None
    value = point_PN.double()
    if pair.encoding is Encoding.FLOAT:
        scale = torch.tensor([[split.scale] for split in splits], dtype=torch.float64)
        center = torch.tensor([[split.center] for split in splits], dtype=torch.float64)
        value = (value - center) / scale
    value = value[..., None] if pair.targets == 1 else value
    if pair.decode.name in OF_LOGARITHMS:
        return value.log() if bool((value > 0).all()) else None
    if pair.activation.space is Space.POSITIVE and not bool((value > 0).all()):
        return None
    return value


@dataclass(frozen=True)
class Ruler:
    """A pair's loss ready to be read on the test parts of some splits, whoever predicts them."""

    pair: Pair
    splits: Sequence[PreparedSplit]  # J, with equally many test rows
    target: Tensor  # [J, N] or [J, N, C], encoded as the loss wants it
    statistics: dict[str, Tensor]  # [J, 1, C]
    weight_JN: Tensor | None  # what the rows count; None: all alike

    @classmethod
    def of(cls, pair: Pair, splits: Sequence[PreparedSplit]) -> Ruler:
        """Encode the test parts once."""
        target = torch.stack([split.part("test", pair).target for split in splits])
        found = [split.fold(pair).statistics for split in splits] if pair.loss.statistics else []
        return cls(
            pair,
            splits,
            target.double() if target.is_floating_point() else target,
            {name: torch.stack([f[name] for f in found])[:, None].double() for name in pair.loss.statistics},
            weights_of(splits, "test"),
        )

    def read(self, predicted: Tensor) -> Tensor | None:
        """Mean test value `[R, J]` of the loss for the probabilities `[R, J, N, C]` or values `[R, J, N]` of R nets a
        split; None where it is not defined for one of them."""
        if self.pair.loss.last_hidden:  # predictions have none
            return None
        if self.pair.task.is_classification:
            out = outputs_that_say(predicted, self.pair)
        else:
            out = outputs_that_predict(predicted, self.pair, self.splits)
        if out is None:
            return None
        nets = len(out)
        target = self.target.expand(nets, *self.target.shape)
        statistics = {name: value.expand(nets, *value.shape) for name, value in self.statistics.items()}
        if self.pair.loss.per == "batch":
            each = torch.ones_like(out[..., 0])
            if self.weight_JN is not None:
                each = each * self.weight_JN / self.weight_JN.mean(-1, keepdim=True)
            return self.pair.loss(out, target, each, **statistics)
        return mean(self.pair.objective.loss(out, target, **statistics), self.weight_JN)


def cross_loss_matrix(
    pairs: Sequence[Pair], predicted: Sequence[Sequence[Tensor]], splits: Sequence[PreparedSplit]
) -> list[list[float | None]]:
    """Of each pair's nets, one a split, the mean test value under every pair's loss; None where it is not defined.

    `predicted`: probabilities `[N, C]` after the common temperature, or values `[N]` in the target's own units.
    """
    together = list(blocks([split.truth_N["test"] for split in splits]))
    stacked = [torch.stack([torch.stack([nets[j] for j in block]) for nets in predicted]) for block in together]
    columns = [_column([Ruler.of(pair, [splits[j] for j in block]) for block in together], stacked) for pair in pairs]
    return [list(row) for row in zip(*columns, strict=True)]


def _column(rulers: Sequence[Ruler], stacked: Sequence[Tensor]) -> list[float | None]:
    """Each net's mean under one loss: all nets at once, or one after the other where one has none or fails, and where
    a loss of whole batches may hold every pair of rows."""
    rows = len(stacked[0])
    is_small = max(some.numel() for some in stacked) <= AT_ONCE and rulers[0].pair.loss.per == "sample"
    totals = _totals(rulers, stacked) if is_small else None
    if totals is None:
        each = [_totals(rulers, [some[row : row + 1] for some in stacked]) for row in range(rows)]
        totals = [math.nan if total is None else total[0] for total in each]
    count = sum(len(ruler.splits) for ruler in rulers)
    return [total / count if math.isfinite(total) else None for total in totals]


def _totals(rulers: Sequence[Ruler], stacked: Sequence[Tensor]) -> list[float] | None:
    """Each net's sum over the splits; None where a loss has no value for one of them."""
    totals = torch.zeros(len(stacked[0]), dtype=torch.float64)
    for ruler, some in zip(rulers, stacked, strict=True):
        try:
            values = ruler.read(some)
        except FAULTS:  # a user's own loss may fail on outputs that it was not trained on: no number then
            return None
        if values is None:
            return None
        totals += values.sum(-1)
    return totals.tolist()
