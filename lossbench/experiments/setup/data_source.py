"""From a config's `data` to a source, and from a loaded table to its part of the record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lossbench.config.data import DataConfig
from lossbench.data.preparation import Preparation
from lossbench.data.source import DataSource
from lossbench.data.table import Table, level
from lossbench.events import Emit, Warned
from lossbench.record import DataRecord, NoteRecord, SplitRecord

SUITING = ("drop", "groups", "time", "dates", "text", "scale", "target_scale")  # options that a named set has a use for


def data_source(config: DataConfig, beside: Sequence[DataConfig] = ()) -> DataSource:
    """The options of a config's `data`, as the readers take them.

    Where a named set stands beside files, flags about reading were given for the files.
    """
    if config.name is not None and any(other.file is not None for other in beside):
        return DataSource(**config.model_dump(include={"name", *SUITING}))
    return DataSource(**config.model_dump())


def announce(notes: Iterable[str], emit: Emit) -> None:
    """Emit a table's notes."""
    for note in notes:
        emit(Warned(str(note), level(note)))


def repairs(notes: Iterable[str]) -> list[str]:
    """Those of a table's notes that tell of a repair or a drop."""
    return [str(note) for note in notes if level(note) == "warning"]


def data_record(table: Table, inputs: int, split: SplitRecord, preparation: Preparation) -> DataRecord:
    """What was trained on, with the hash that tells whether two runs saw the same table.

    `preparation` says which columns came to be used; where splits differ in them, it is the first split's.
    """
    return DataRecord(
        name=table.name,
        task=table.task,
        rows=len(table),
        features=[str(column) for column in table.features.columns if column not in preparation.dropped],
        inputs=inputs,
        target=table.target_name,
        classes=list(table.classes),
        class_counts=list(table.class_counts),
        sha256=table.fingerprint(),
        split=split,
        dummy_statistic=preparation.target_statistic,
        source=table.source,
        notes=[NoteRecord(level=level(note), message=str(note)) for note in (*table.notes, *preparation.notes)],
    )
