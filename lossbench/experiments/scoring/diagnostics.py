"""What was measured of a pair while and after it trained: the symptoms by which an unsound pair is known.

P members, N rows, K outputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossbench.catalog.links import Link
from lossbench.experiments.setup.pair import Pair

# A mean of float32 losses may miss its floor by rounding: single precision's 6e-8 times the depth of a sum over some
# thousand samples.
FLOOR_SLACK = 1e-4
# Rows of float32 probabilities over many classes sum to one within this.
SUM_SLACK = 1e-3


def gather_evidence(
    pair: Pair, train_loss: Sequence[np.ndarray], outputs: Sequence[Tensor], labels: Sequence[Tensor]
) -> dict[str, Any]:
    """Symptoms over the members: when the loss fell below its floor and whether it stayed there, dead outputs, outputs
    that are no probabilities, members that decide for one class whatever they see.

    `train_loss` per member per epoch; `outputs` `[N, K]` per member after the last activation, on the rows that it is
    tested on; `labels` `[N]` decided classes per member (empty for a regression). What is said of outputs and decisions
    is said of the `members_finite` whose outputs are all finite, shares as a mean over them. An output is dead that
    gives one value for every row: nothing that the net sees moves it.
    """
    evidence: dict[str, Any] = {"members": len(train_loss)}
    final = [float(curve[-1]) for curve in train_loss if len(curve)]
    evidence["final_train_loss"] = _range(final)
    if pair.loss.floor is not None:
        evidence |= _below(train_loss, pair.loss.floor)
    finite = [i for i, out in enumerate(outputs) if bool(torch.isfinite(out).all())]
    evidence["members_finite"] = len(finite)
    if finite:
        some = [outputs[i] for i in finite]
        evidence["dead_outputs"] = float(np.mean([float((out == out[:1]).all(0).double().mean()) for out in some]))
        share = [_share_of_no_probabilities(pair.link, out) for out in some]
        if share[0] is not None:
            evidence["rows_that_are_no_probabilities"] = float(np.mean([s for s in share if s is not None]))
    if labels:
        evidence["members_deciding_for_one_class"] = sum(int(labels[i].min()) == int(labels[i].max()) for i in finite)
    return evidence


def _below(train_loss: Sequence[np.ndarray], floor: float) -> dict[str, Any]:
    """How many members' losses fell below the floor, the epochs where the first and the last of them did, and how many
    of them stayed below from there on."""
    limit = floor - FLOOR_SLACK * max(1.0, abs(floor))
    firsts = {i: int(np.argmax(curve < limit)) for i, curve in enumerate(train_loss) if bool((curve < limit).any())}
    stayed = [i for i, first in firsts.items() if not bool((train_loss[i][first:] >= limit).any())]
    evidence: dict[str, Any] = {"floor": floor, "members_below_floor": len(firsts)}
    if firsts:
        evidence["members_staying_below_floor"] = len(stayed)
        evidence["below_floor_from_epoch"] = min(firsts.values()) + 1
        evidence["all_below_floor_from_epoch"] = max(firsts.values()) + 1
    return evidence


def _share_of_no_probabilities(link: Link, out_NK: Tensor) -> float | None:
    """Share of rows that are not what the link takes them for; None where it takes them for no probabilities."""
    if link not in {Link.PROBABILITY, Link.LOG_PROBABILITY}:
        return None
    p = out_NK.double()
    if link is Link.LOG_PROBABILITY:
        p = p.exp()
    wrong = ((p < -SUM_SLACK) | (p > 1 + SUM_SLACK)).any(-1)
    if p.shape[-1] > 1:
        wrong |= (p.sum(-1) - 1).abs() > SUM_SLACK
    return float(wrong.double().mean())


def _range(values: list[float]) -> dict[str, float]:
    finite = [v for v in values if math.isfinite(v)]
    return {"min": min(finite), "mean": float(np.mean(finite)), "max": max(finite)} if finite else {}
