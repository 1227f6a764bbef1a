"""The record of an experiment: its types, reading and writing JSON, and files that appear only when whole.

A module is imported when a name of it is first read from here: whoever only writes a file waits for no type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# Light, and `manifest` is a module's name too: importing that later would put the module in the function's place.
from lossbench.record.aside import cannot_write, written_aside
from lossbench.record.manifest import manifest, verify

if TYPE_CHECKING:
    from lossbench.record.conditions import ConditionRecord as ConditionRecord
    from lossbench.record.conditions import Levels as Levels
    from lossbench.record.conditions import levels_text as levels_text
    from lossbench.record.conditions import realised_text as realised_text
    from lossbench.record.data import DataRecord as DataRecord
    from lossbench.record.data import NoteRecord as NoteRecord
    from lossbench.record.data import SplitRecord as SplitRecord
    from lossbench.record.data import dummy_name as dummy_name
    from lossbench.record.files import parse_record as parse_record
    from lossbench.record.files import read_record as read_record
    from lossbench.record.files import write_record as write_record
    from lossbench.record.journal import JOURNAL as JOURNAL
    from lossbench.record.journal import Asked as Asked
    from lossbench.record.journal import FinishedUnit as FinishedUnit
    from lossbench.record.journal import Journal as Journal
    from lossbench.record.part import Number as Number
    from lossbench.record.part import Scores as Scores
    from lossbench.record.picture import AxisRecord as AxisRecord
    from lossbench.record.picture import PictureRecord as PictureRecord
    from lossbench.record.picture import PointsRecord as PointsRecord
    from lossbench.record.planes import PackedPlanes as PackedPlanes
    from lossbench.record.protocol import BEST_BASELINE as BEST_BASELINE
    from lossbench.record.protocol import CompareProtocol as CompareProtocol
    from lossbench.record.protocol import RegularizeProtocol as RegularizeProtocol
    from lossbench.record.protocol import StoppingRule as StoppingRule
    from lossbench.record.protocol import TrainProtocol as TrainProtocol
    from lossbench.record.record import SCHEMA_VERSION as SCHEMA_VERSION
    from lossbench.record.record import CompareRecord as CompareRecord
    from lossbench.record.record import MetricRecord as MetricRecord
    from lossbench.record.record import Record as Record
    from lossbench.record.record import RegularizeRecord as RegularizeRecord
    from lossbench.record.record import TrainRecord as TrainRecord
    from lossbench.record.results import Diagnostics as Diagnostics
    from lossbench.record.results import LossRecord as LossRecord
    from lossbench.record.results import LossResult as LossResult
    from lossbench.record.results import MemberRecord as MemberRecord
    from lossbench.record.results import ObjectiveRecord as ObjectiveRecord
    from lossbench.record.results import PathRecord as PathRecord
    from lossbench.record.results import PenaltyRecord as PenaltyRecord
    from lossbench.record.results import RangeRecord as RangeRecord
    from lossbench.record.results import ReferenceRecord as ReferenceRecord
    from lossbench.record.results import ReliabilityRecord as ReliabilityRecord
    from lossbench.record.results import VerdictRecord as VerdictRecord
    from lossbench.record.run_key import RUN_FILE as RUN_FILE
    from lossbench.record.run_key import RunKey as RunKey
    from lossbench.record.unit import NetDiagnostics as NetDiagnostics
    from lossbench.record.unit import PackedUnit as PackedUnit
    from lossbench.record.unit import ReliabilityCounts as ReliabilityCounts
    from lossbench.record.unit import RepetitionRecord as RepetitionRecord
    from lossbench.record.unit import UnitRecord as UnitRecord
    from lossbench.record.unit import pack as pack

_HOME = {
    "BEST_BASELINE": "protocol",
    "JOURNAL": "journal",
    "RUN_FILE": "run_key",
    "SCHEMA_VERSION": "record",
    "Asked": "journal",
    "AxisRecord": "picture",
    "CompareProtocol": "protocol",
    "CompareRecord": "record",
    "ConditionRecord": "conditions",
    "DataRecord": "data",
    "Diagnostics": "results",
    "FinishedUnit": "journal",
    "Journal": "journal",
    "Levels": "conditions",
    "LossRecord": "results",
    "LossResult": "results",
    "MemberRecord": "results",
    "MetricRecord": "record",
    "NetDiagnostics": "unit",
    "NoteRecord": "data",
    "Number": "part",
    "ObjectiveRecord": "results",
    "PackedPlanes": "planes",
    "PackedUnit": "unit",
    "PathRecord": "results",
    "PenaltyRecord": "results",
    "PictureRecord": "picture",
    "PointsRecord": "picture",
    "RangeRecord": "results",
    "Record": "record",
    "ReferenceRecord": "results",
    "RegularizeProtocol": "protocol",
    "RegularizeRecord": "record",
    "ReliabilityCounts": "unit",
    "ReliabilityRecord": "results",
    "RepetitionRecord": "unit",
    "RunKey": "run_key",
    "Scores": "part",
    "SplitRecord": "data",
    "StoppingRule": "protocol",
    "TrainProtocol": "protocol",
    "TrainRecord": "record",
    "UnitRecord": "unit",
    "VerdictRecord": "results",
    "dummy_name": "data",
    "levels_text": "conditions",
    "pack": "unit",
    "parse_record": "files",
    "read_record": "files",
    "realised_text": "conditions",
    "write_record": "files",
}

__all__ = [  # noqa: PLE0604 - names all, spelled once in _HOME
    "cannot_write",
    "manifest",
    "verify",
    "written_aside",
    *_HOME,
]


def __getattr__(name: str) -> Any:
    """Import a name's module when the name is first read (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value
