"""The record of an experiment: its types, reading and writing JSON, and files that appear only when whole."""

from lossbench.record.aside import cannot_write, written_aside
from lossbench.record.conditions import ConditionRecord, Levels, levels_text, realised_text
from lossbench.record.data import DataRecord, NoteRecord, SplitRecord, dummy_name
from lossbench.record.files import parse_record, read_record, write_record
from lossbench.record.manifest import manifest, verify
from lossbench.record.part import Number, Scores
from lossbench.record.picture import AxisRecord, PictureRecord, PointsRecord
from lossbench.record.planes import PackedPlanes
from lossbench.record.protocol import BEST_BASELINE, CompareProtocol, RegularizeProtocol, StoppingRule, TrainProtocol
from lossbench.record.record import (
    SCHEMA_VERSION,
    CompareRecord,
    MetricRecord,
    Record,
    RegularizeRecord,
    TrainRecord,
)
from lossbench.record.results import (
    Diagnostics,
    LossRecord,
    LossResult,
    MemberRecord,
    ObjectiveRecord,
    PathRecord,
    PenaltyRecord,
    RangeRecord,
    ReferenceRecord,
    ReliabilityRecord,
    VerdictRecord,
)

__all__ = [
    "BEST_BASELINE",
    "SCHEMA_VERSION",
    "AxisRecord",
    "CompareProtocol",
    "CompareRecord",
    "ConditionRecord",
    "DataRecord",
    "Diagnostics",
    "Levels",
    "LossRecord",
    "LossResult",
    "MemberRecord",
    "MetricRecord",
    "NoteRecord",
    "Number",
    "ObjectiveRecord",
    "PackedPlanes",
    "PathRecord",
    "PenaltyRecord",
    "PictureRecord",
    "PointsRecord",
    "RangeRecord",
    "Record",
    "ReferenceRecord",
    "RegularizeProtocol",
    "RegularizeRecord",
    "ReliabilityRecord",
    "Scores",
    "SplitRecord",
    "StoppingRule",
    "TrainProtocol",
    "TrainRecord",
    "VerdictRecord",
    "cannot_write",
    "dummy_name",
    "levels_text",
    "manifest",
    "parse_record",
    "read_record",
    "realised_text",
    "verify",
    "write_record",
    "written_aside",
]
