"""Diagnostics of a training: the symptoms of an unsound pair.

P members, N rows, K outputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lossbench.catalog.inverse_links import InverseLink
from lossbench.catalog.metrics.metric import SUM_SLACK
from lossbench.experiments.setup.pair import Pair
from lossbench.record import Diagnostics, RangeRecord

# A mean of float32 losses may miss its floor by rounding: single precision's 6e-8 times the depth of a sum over some
# thousand samples.
FLOOR_SLACK = 1e-4
# Rows of float32 probabilities over many classes sum to one within this.


def diagnose(
    pair: Pair, train_loss: Sequence[np.ndarray], outputs: Sequence[Tensor], labels: Sequence[Tensor]
) -> Diagnostics:
    """Symptoms over the members: when the loss fell below its floor and whether it stayed there, dead outputs, outputs
    that are no probabilities, members that decide for one class whatever they see.

    `train_loss` per member per epoch; `outputs` `[N, K]` per member after the last activation, on the rows that it is
    tested on; `labels` `[N]` decided classes per member (empty for a regression). What is said of outputs and decisions
    is said of the `members_finite` whose outputs are all finite, shares as a mean over them. An output is dead that
    gives one value for every row: nothing that the net sees moves it.
    """
    final = [float(curve[-1]) for curve in train_loss if len(curve)]
    found = Diagnostics(members=len(train_loss), final_train_loss=_range(final))
    if pair.loss.floor is not None:
        _below(found, train_loss, pair.loss.floor)
    finite = [i for i, out in enumerate(outputs) if bool(torch.isfinite(out).all())]
    found.members_finite = len(finite)
    if finite:
        some = [outputs[i] for i in finite]
        found.dead_outputs = float(np.mean([float((out == out[:1]).all(0).double().mean()) for out in some]))
        share = [_share_of_no_probabilities(pair.inverse_link, out) for out in some]
        if share[0] is not None:
            found.invalid_probabilities = float(np.mean([s for s in share if s is not None]))
    if labels:
        found.members_predicting_one_class = sum(int(labels[i].min()) == int(labels[i].max()) for i in finite)
    return found


def _below(found: Diagnostics, train_loss: Sequence[np.ndarray], floor: float) -> None:
    """How many members' losses fell below the floor, the epochs where the first and the last of them did, and how many
    of them stayed below from there on."""
    limit = floor - FLOOR_SLACK * max(1.0, abs(floor))
    firsts = {i: int(np.argmax(curve < limit)) for i, curve in enumerate(train_loss) if bool((curve < limit).any())}
    stayed = [i for i, first in firsts.items() if not bool((train_loss[i][first:] >= limit).any())]
    found.floor, found.members_below_floor = floor, len(firsts)
    if firsts:
        found.members_staying_below_floor = len(stayed)
        found.below_floor_from_epoch = min(firsts.values()) + 1
        found.all_below_floor_from_epoch = max(firsts.values()) + 1


def _share_of_no_probabilities(inverse_link: InverseLink, out_NK: Tensor) -> float | None:
    """Share of rows that are no probabilities though the inverse link reads them as such; None where it does not."""
    if inverse_link not in {InverseLink.PROBABILITY, InverseLink.LOG_PROBABILITY}:
        return None
    p = out_NK.double()
    if inverse_link is InverseLink.LOG_PROBABILITY:
        p = p.exp()
    wrong = ((p < -SUM_SLACK) | (p > 1 + SUM_SLACK)).any(-1)
    if p.shape[-1] > 1:
        wrong |= (p.sum(-1) - 1).abs() > SUM_SLACK
    return float(wrong.double().mean())


def _range(values: list[float]) -> RangeRecord | None:
    finite = [v for v in values if math.isfinite(v)]
    return RangeRecord(min=min(finite), mean=float(np.mean(finite)), max=max(finite)) if finite else None
