"""`scores` and `curves` as CSV or Parquet. In CSV, texts that a spreadsheet would run are behind an apostrophe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossbench.export.files import made_parent
from lossbench.export.formats import ExportedRun
from lossbench.export.tidy import curves, scores
from lossbench.record import written_aside
from lossbench.report.csv_text import csv_lines

if TYPE_CHECKING:
    import pandas as pd


def write(run: ExportedRun, out: str) -> list[str]:
    """Write the scores to `out`, by its suffix, and the curves beside it (`<name>-curves`), if there are any."""
    path = made_parent(out)
    beside = path.with_name("curves" if path.stem == "scores" else f"{path.stem}-curves").with_suffix(path.suffix)
    tables = {path: scores(run.record)}
    if len(found := curves(run.record)):
        tables[beside] = found
    for file, table in tables.items():
        _write(table, file)
    return [f"{path.suffix[1:]}: {file} ({len(table):,} rows)" for file, table in tables.items()]


def _write(table: pd.DataFrame, path: Path) -> None:
    with written_aside(path) as file:
        if path.suffix == ".parquet":
            table.to_parquet(file, engine="pyarrow", index=False)
            return
        for line in csv_lines(_rows(table)):
            file.write(line.encode())


def _rows(table: pd.DataFrame) -> Iterator[Sequence[Any]]:
    yield list(table.columns)
    plain = table.astype(object).where(table.notna(), None)
    yield from plain.itertuples(index=False, name=None)
