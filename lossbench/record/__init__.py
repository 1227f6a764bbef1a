"""The record of an experiment: its types, reading and writing JSON, and files that appear only when whole."""

from lossbench.record.aside import cannot_write, written_aside
from lossbench.record.conditions import ConditionRecord, Levels, levels_text, realised_text
from lossbench.record.data import DataRecord, NoteRecord, SplitRecord, dummy_name
from lossbench.record.files import parse_record, read_record, write_record
from lossbench.record.journal import JOURNAL, Asked, FinishedUnit, Journal
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
from lossbench.record.run_key import RUN_FILE, RunKey
from lossbench.record.unit import NetDiagnostics, PackedUnit, ReliabilityCounts, RepetitionRecord, UnitRecord, pack

__all__ = [
    "BEST_BASELINE",
    "JOURNAL",
    "RUN_FILE",
    "SCHEMA_VERSION",
    "Asked",
    "AxisRecord",
    "CompareProtocol",
    "CompareRecord",
    "ConditionRecord",
    "DataRecord",
    "Diagnostics",
    "FinishedUnit",
    "Journal",
    "Levels",
    "LossRecord",
    "LossResult",
    "MemberRecord",
    "MetricRecord",
    "NetDiagnostics",
    "NoteRecord",
    "Number",
    "ObjectiveRecord",
    "PackedPlanes",
    "PackedUnit",
    "PathRecord",
    "PenaltyRecord",
    "PictureRecord",
    "PointsRecord",
    "RangeRecord",
    "Record",
    "ReferenceRecord",
    "RegularizeProtocol",
    "RegularizeRecord",
    "ReliabilityCounts",
    "ReliabilityRecord",
    "RepetitionRecord",
    "RunKey",
    "Scores",
    "SplitRecord",
    "StoppingRule",
    "TrainProtocol",
    "TrainRecord",
    "UnitRecord",
    "VerdictRecord",
    "cannot_write",
    "dummy_name",
    "levels_text",
    "manifest",
    "pack",
    "parse_record",
    "read_record",
    "realised_text",
    "verify",
    "write_record",
    "written_aside",
]
