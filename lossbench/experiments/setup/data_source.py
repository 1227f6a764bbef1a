"""From a config's `data` to a source, and from a loaded table to its part of the record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from lossbench.config.data import DataConfig
from lossbench.data.preparation import Preparation
from lossbench.data.source import DataSource
from lossbench.data.table import Table, level
from lossbench.events import Emit, Warned
from lossbench.record import DataRecord, NoteRecord, SplitRecord
from lossbench.record.data import Statistic

# options that a named set has a use for
SUITING = (
    "drop",
    "groups",
    "time",
    "weights",
    "categories",
    "numbers",
    "dates",
    "text",
    "scale",
    "target_scale",
)


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
    return prepared_record(
        table_record(table, split),
        inputs=inputs,
        excluded=preparation.dropped,
        statistic=preparation.target_statistic,
        notes=note_records(preparation.notes),
    )


def table_record(table: Table, split: SplitRecord) -> DataRecord:
    """What is known of it before any split is prepared: every feature counts, and there are no inputs yet."""
    return DataRecord(
        name=table.name,
        task=table.task,
        rows=len(table),
        features=[str(column) for column in table.features.columns],
        inputs=0,
        target=table.target_name,
        classes=list(table.classes),
        class_counts=list(table.class_counts),
        class_totals=list(table.class_totals) if table.weights is not None or table.soft is not None else [],
        sha256=table.fingerprint(),
        split=split,
        source=table.source,
        targets=list(table.targets),
        soft_target=table.soft is not None,
        weights=table.weights_name,
        notes=note_records(table.notes),
    )


def prepared_record(
    record: DataRecord, *, inputs: int, excluded: Collection[str], statistic: Statistic, notes: Sequence[NoteRecord]
) -> DataRecord:
    """A `table_record` with what the preparation of a split has made of the table."""
    return record.model_copy(
        update={
            "inputs": inputs,
            "features": [column for column in record.features if column not in excluded],
            "dummy_statistic": statistic,
            "notes": [*record.notes, *notes],
        }
    )


def note_records(notes: Iterable[str]) -> list[NoteRecord]:
    """Notes as the record keeps them."""
    return [NoteRecord(level=level(note), message=str(note)) for note in notes]
