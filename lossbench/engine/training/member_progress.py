"""How far each member of a chunk has come: its curves, its best epoch, whether it has left; and what became of it.

Shapes: P members, E epochs, M further columns of a score.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossbench.events import EpochEnded, MemberStopped, Status

LossCurve = np.ndarray[tuple[int], np.dtype[np.float64]]
Row = np.ndarray[tuple[int], np.dtype[np.float32]]
_CURVES = ("train_loss", "val_loss", "val_score")


@dataclass
class Outcome:
    """What became of a member; curves have one number per epoch that it trained."""

    status: Status = "ok"  # ok, diverged or interrupted
    epochs: int = 0
    best_epoch: int | None = None  # counted from 1; None without a validation score
    train_loss: LossCurve = field(default_factory=lambda: np.empty(0))
    val_loss: LossCurve = field(default_factory=lambda: np.empty(0))
    val_score: LossCurve = field(default_factory=lambda: np.empty(0))
    monitored: np.ndarray[tuple[int, int], np.dtype[np.float32]] = field(
        default_factory=lambda: np.empty((0, 0), np.float32)
    )  # [epochs, columns]: those of the score behind its first


@dataclass
class MemberProgress:
    """One member's way so far."""

    member: int
    place: int  # in the chunk
    epochs: int
    train_loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_score: list[float] = field(default_factory=list)
    monitored: list[Row] = field(default_factory=list)
    best: float = -math.inf
    best_epoch: int | None = None
    others: dict[int, tuple[float, int]] = field(default_factory=dict)  # further columns -> their best, and when
    left: bool = False
    status: Status = "interrupted"
    snapshot: bool = False

    @property
    def improved(self) -> int:
        """The last epoch that was better than all before it, by any of the scores that stop it; 0: none."""
        return max([self.best_epoch or 0, *(when for _, when in self.others.values())])

    def outcome(self) -> Outcome:
        """What becomes of it if it ends here."""
        return Outcome(
            self.status,
            len(self.train_loss),
            self.best_epoch,
            np.array(self.train_loss, dtype=np.float64),
            np.array(self.val_loss, dtype=np.float64),
            np.array(self.val_score, dtype=np.float64),
            np.stack(self.monitored) if self.monitored else np.empty((0, 0), np.float32),
        )


def packed(progress: Sequence[MemberProgress]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The members' ways as facts for JSON and as tensors, float bits exactly; their curves stand one behind another."""
    columns = 1 + max((column for p in progress for column in p.others), default=-1)
    others = [[p.others.get(column, (-math.inf, 0)) for column in range(columns)] for p in progress]
    curves = [[value for p in progress for value in getattr(p, name)] for name in _CURVES]
    tensors = {
        "progress.trained": torch.tensor([len(p.train_loss) for p in progress]),
        "progress.curves": torch.tensor(curves, dtype=torch.float64),
        "progress.best": torch.tensor([p.best for p in progress], dtype=torch.float64),
        "progress.others": torch.tensor([[gain for gain, _ in row] for row in others], dtype=torch.float64),
    }
    if any(p.monitored for p in progress):
        tensors["progress.monitored"] = torch.from_numpy(np.stack([row for p in progress for row in p.monitored]))
    facts = {
        "status": [p.status for p in progress],
        "best_epoch": [p.best_epoch for p in progress],
        "others": [[when for _, when in row] for row in others],
        "left": [p.left for p in progress],
        "snapshot": [p.snapshot for p in progress],
    }
    return facts, tensors


def unpack(progress: Sequence[MemberProgress], facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Put members that are at their start where `packed` found them."""
    start = 0
    curves, monitored = tensors["progress.curves"], tensors.get("progress.monitored")
    for k, p in enumerate(progress):
        end = start + int(tensors["progress.trained"][k])
        p.train_loss, p.val_loss, p.val_score = (curve[start:end].tolist() for curve in curves)
        if monitored is not None:
            p.monitored = list(monitored[start:end].numpy())
        p.best, p.best_epoch = float(tensors["progress.best"][k]), facts["best_epoch"][k]
        gains = tensors["progress.others"][k].tolist()
        p.others = {c: (gains[c], when) for c, when in enumerate(facts["others"][k]) if when}
        p.left, p.status, p.snapshot = facts["left"][k], facts["status"][k], facts["snapshot"][k]
        start = end


def recalled(evaluation: str, progress: Sequence[MemberProgress]) -> Iterator[EpochEnded | MemberStopped]:
    """What displays must know of epochs that an earlier process trained: each member's best and last, and its end."""
    epochs: dict[int, list[MemberProgress]] = {}
    for p in progress:
        for epoch in {p.best_epoch or len(p.train_loss), len(p.train_loss)} - {0}:
            epochs.setdefault(epoch, []).append(p)
    for epoch in sorted(epochs):
        own = epochs[epoch]
        curves = [tuple(getattr(p, name)[epoch - 1] for p in own) for name in _CURVES]
        yield EpochEnded(evaluation, epoch, tuple(p.member for p in own), *curves)
    for p in progress:
        if p.left and (p.status == "diverged" or len(p.train_loss) < p.epochs):
            diverged = p.status == "diverged"
            yield MemberStopped(evaluation, p.member, len(p.train_loss), "diverged" if diverged else "early_stopping")
