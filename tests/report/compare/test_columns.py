"""A column is declared once, and stands in every view of a table: terminal, Markdown and page."""

from __future__ import annotations

from pathlib import Path

import pytest

from lossbench.report.compare import columns
from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.columns import COLUMNS, TableColumn, half_width, short_p, shown_columns
from lossbench.report.compare.files import write_comparison
from lossbench.report.compare.terminal import comparison_report
from tests.report.compare.planted import Planted, planted_record
from tests.report.compare.test_terminal import shown

TWO = (Planted("cross_entropy"), Planted("mse"))


def test_a_new_column_stands_in_every_view(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    new = TableColumn("gradient", lambda row: row.factor, lambda row, _: f"{row.factor:g} times")
    monkeypatch.setattr(columns, "COLUMNS", (*COLUMNS, new))
    record = planted_record(TWO)
    record.analysis = compare(record)
    write_comparison(record, tmp_path)
    written = [(tmp_path / name).read_text(encoding="utf-8") for name in ("comparison.md", "report.html")]
    for text in (shown(comparison_report(record, tmp_path), 240), *written):
        assert "gradient" in text


def test_names_of_columns_are_distinct_and_only_one_is_the_metrics() -> None:
    names = [column.title("accuracy") for column in COLUMNS]
    assert len(set(names)) == len(names)
    assert names.count("accuracy") == 1


def test_a_column_that_no_row_fills_is_left_out_and_one_that_some_row_fills_is_there() -> None:
    table = compare(planted_record(TWO)).tables[0]
    full = [column.name for column in shown_columns(table)]
    assert "failed" not in full
    table.rows[0].__dict__["failed_splits"] = 3
    assert "failed" in [column.name for column in shown_columns(table)]


@pytest.mark.parametrize(
    ("p", "text"), [(None, "–"), (0.5, ".50"), (0.0, "<.01"), (0.999, ">.99"), (1.0, "1"), (0.97, ".97")]
)
def test_a_short_probability_is_never_a_zero_that_was_only_rounded(p: float | None, text: str) -> None:
    assert short_p(p) == text


def test_half_a_width_is_that_of_the_longer_side_of_a_cut_interval() -> None:
    assert half_width(0.9, 0.8, 1.0, 3) == "±.100"
    assert half_width(0.95, 0.85, 1.0, 3) == "±.100"
    assert half_width(None, 0.8, 1.0, 3) == ""
