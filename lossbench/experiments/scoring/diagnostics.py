"""Diagnostics of a training: the symptoms of an unsound pair.

P members, N rows, K outputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.metrics.needs import SUM_SLACK
from lossbench.experiments.setup.pair import Pair
from lossbench.record import Diagnostics, NetDiagnostics, RangeRecord

# A mean of float32 losses may miss its floor by rounding: single precision's 6e-8 times the depth of a sum over some
# thousand samples.
FLOOR_SLACK = 1e-4
# Rows of float32 probabilities over many classes sum to one within this.


def diagnose(
    pair: Pair, train_loss: Sequence[np.ndarray], outputs: Sequence[Tensor], labels: Sequence[Tensor]
) -> Diagnostics:
    """Symptoms over the members: `combine` of what `diagnose_net` measures of each.

    `train_loss` per member per epoch; `outputs` `[N, K]` per member after the last activation, on the rows that it is
    tested on; `labels` `[N]` decided classes per member (empty for a regression).
    """
    decided: Sequence[Tensor | None] = labels or [None] * len(outputs)
    nets = [diagnose_net(pair, *net) for net in zip(train_loss, outputs, decided, strict=True)]
    return combine(nets, pair.loss.floor)


def diagnose_net(pair: Pair, train_loss: np.ndarray, out_NK: Tensor, label_N: Tensor | None) -> NetDiagnostics:
    """Symptoms of one net: when its loss fell below the loss's floor and whether it stayed there, and where all of its
    outputs are finite, dead outputs, outputs that are no probabilities, and whether it predicts one class whatever
    it sees.

    An output is dead that gives one value for every row: nothing that the net sees moves it.
    """
    found = NetDiagnostics(final_train_loss=float(train_loss[-1]) if len(train_loss) else None)
    floor = pair.loss.floor
    if floor is not None:
        below = train_loss < floor - FLOOR_SLACK * max(1.0, abs(floor))
        if below.any():
            first = int(np.argmax(below))
            found.below_floor_from, found.stays_below_floor = first + 1, bool(below[first:].all())
    found.finite = bool(torch.isfinite(out_NK).all())
    if found.finite:
        found.dead_outputs = float((out_NK == out_NK[:1]).all(0).double().mean())
        found.invalid_probabilities = _share_of_no_probabilities(pair.decode, out_NK)
        if label_N is not None:
            found.predicts_one_class = int(label_N.min()) == int(label_N.max())
    return found


def combine(nets: Sequence[NetDiagnostics], floor: float | None) -> Diagnostics:
    """Symptoms over nets. What is said of outputs and decisions is said of the `members_finite` whose outputs are all
    finite, shares as a mean over them."""
    found = Diagnostics(
        members=len(nets),
        final_train_loss=_range([net.final_train_loss for net in nets if net.final_train_loss is not None]),
    )
    if floor is not None:
        firsts = [net.below_floor_from for net in nets if net.below_floor_from is not None]
        found.floor, found.members_below_floor = floor, len(firsts)
        if firsts:
            found.members_staying_below_floor = sum(bool(net.stays_below_floor) for net in nets)
            found.below_floor_from_epoch, found.all_below_floor_from_epoch = min(firsts), max(firsts)
    finite = [net for net in nets if net.finite]
    found.members_finite = len(finite)
    found.dead_outputs = _mean([net.dead_outputs for net in finite])
    found.invalid_probabilities = _mean([net.invalid_probabilities for net in finite])
    decided = [net.predicts_one_class for net in finite if net.predicts_one_class is not None]
    if decided:
        found.members_predicting_one_class = sum(decided)
    return found


def _mean(shares: Sequence[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return float(np.mean(known)) if known else None


def _share_of_no_probabilities(decode: Decoder, out_NK: Tensor) -> float | None:
    """Share of rows that are no probabilities though the decoder reads them as such; None where it does not."""
    if decode not in {Decoder.PROBABILITY, Decoder.LOG_PROBABILITY}:
        return None
    p = out_NK.double()
    if decode == Decoder.LOG_PROBABILITY:
        p = p.exp()
    wrong = ((p < -SUM_SLACK) | (p > 1 + SUM_SLACK)).any(-1)
    if p.shape[-1] > 1:
        wrong |= (p.sum(-1) - 1).abs() > SUM_SLACK
    return float(wrong.double().mean())


def _range(values: list[float]) -> RangeRecord | None:
    finite = [v for v in values if math.isfinite(v)]
    return RangeRecord(min=min(finite), mean=float(np.mean(finite)), max=max(finite)) if finite else None
