"""What one unit of work of a comparison leaves behind: one loss in one setting on one repetition of the folds.

The parts of a `LossResult`, split by split, so that units can be put together in any number and make the same result.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from lossbench.record.data import NoteRecord, Statistic
from lossbench.record.part import Number, RecordPart, Scores, Sparse
from lossbench.record.results import MemberRecord


class NetDiagnostics(Sparse):
    """What was measured of one net: the symptoms of an unsound pair."""

    final_train_loss: Number = None
    below_floor_from: int | None = None  # the epoch from which its loss was below the loss's lowest possible value
    stays_below_floor: bool | None = None
    finite: bool = False  # all of its outputs are finite; what follows is said of such nets only
    dead_outputs: Number = None  # share of the outputs with one value for every row
    invalid_probabilities: Number = None  # share of the rows that are no probabilities though taken for such
    predicts_one_class: bool | None = None


class ReliabilityCounts(RecordPart):
    """Sums over test rows by confidence, in bins of equal width: confidences, right decisions, rows (or their
    weights)."""

    confidence: list[float]
    right: list[float]
    count: list[int | float]


class UnitRecord(Sparse):
    """One loss in one setting on one repetition: its nets, what they scored, or why there are none."""

    status: Literal["ok", "failed"]
    message: str = ""
    traceback: str = ""
    members: list[MemberRecord] = Field(default_factory=list)  # trials, refits, untuned nets, each split by split
    diagnostics: list[NetDiagnostics] = Field(default_factory=list)  # one a refit
    reliability: ReliabilityCounts | None = None


class RepetitionRecord(RecordPart):
    """What all losses share on one repetition of a setting: what was realised, and what needs no net."""

    realised: dict[str, float]  # condition name -> what came of its level, where that changes something
    dummies: list[Scores]  # what the majority class or target mean scores, one a split
    inputs: int  # of the nets
    excluded: list[str]  # columns that the first inner training part leaves without use
    notes: list[NoteRecord]  # on the preparation of that part
    dummy_statistic: Statistic


@dataclass(frozen=True)
class PackedUnit:
    """A unit's record as a worker sends it and the journal keeps it, so that neither takes it apart: compressed JSON,
    and what its nets predict, for the cross-loss matrix."""

    status: Literal["ok", "failed"]
    body: bytes
    predicted: bytes


def pack(record: UnitRecord, predicted: bytes = b"") -> PackedUnit:
    """A unit's record, packed."""
    return PackedUnit(record.status, zlib.compress(record.model_dump_json().encode(), 1), zlib.compress(predicted, 1))


def unpack(body: bytes) -> UnitRecord:
    """A unit's record again; `zlib.error` or a `ValidationError` where it is damaged."""
    return UnitRecord.model_validate_json(zlib.decompress(body))
