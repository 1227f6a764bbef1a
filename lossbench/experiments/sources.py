"""Between a config's words for data and the data itself: what to load, and what the record says of it."""

from __future__ import annotations

from typing import Any

from lossbench.config.parts import DataConfig
from lossbench.data.source import DataSource
from lossbench.data.table import Table
from lossbench.record import DataRecord


def data_source(config: DataConfig) -> DataSource:
    """The options of a config's `data`, as the readers take them."""
    return DataSource(**config.model_dump())


def data_record(table: Table, inputs: int, split: dict[str, Any]) -> DataRecord:
    """What was trained on, with the hash that tells whether two runs saw the same table."""
    return DataRecord(
        name=table.name,
        task=table.task,
        rows=len(table),
        features=[str(column) for column in table.features.columns],
        inputs=inputs,
        target=table.target_name,
        classes=list(table.classes),
        class_counts=list(table.class_counts),
        sha256=table.fingerprint(),
        split=split,
        source=table.source,
        notes=list(table.notes),
    )
