"""Dates are read as they are written; what cannot be told is said, with the cell."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lossbench.data.infer.dates import compact_dates
from lossbench.data.load import load
from lossbench.data.read.build_table import read_table
from lossbench.data.source import DataSource
from lossbench.data.table import level
from lossbench.errors import UserError

CASES = Path(__file__).parents[1] / "cases"
WHEN = pd.Timestamp("2021-03-01 00:05") + pd.to_timedelta(np.arange(60) * 7, unit="h")


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read(cells, **options):
    cells = list(cells)
    frame = pd.DataFrame({"when": cells, "b": np.arange(len(cells)) * 7 % 11, "y": ["p", "q"] * (len(cells) // 2)})
    frame.to_csv("t.csv", index=False, sep=";")
    return load(DataSource(file="t.csv", target="y", **options))


def notes(table):
    return [note for note in table.notes if "'when'" in note]


@pytest.mark.parametrize(
    "written",
    [
        "%d.%m.%Y %H:%M",
        "%m/%d/%Y %I:%M %p",
        "%d/%m/%Y %H:%M:%S",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y/%m/%d %H:%M",
        "%Y.%m.%d",
        "%d-%b-%Y",
        "%d %B %Y",
        "%B %d, %Y",
        "%b %d %Y",
        "%d.%m.%y",
        "%m/%d/%y",
        "%Y%m%d",
    ],
)
def test_usual_ways_are_read(written):
    table = read(WHEN.strftime(written))
    assert table.kinds["when"] == "date"
    # the oracle is the standard library's strptime
    truth = [datetime.strptime(text, written) for text in WHEN.strftime(written)]
    assert table.features["when"].tolist() == truth
    said = [note for note in notes(table) if "read as dates written" in note]
    assert all(level(note) == "note" for note in said)
    assert len(said) == (not written.startswith(("%Y-", "%Y/", "%Y.")))  # the year in front leaves no doubt


def test_numbers_without_zeros_are_read_too():
    table = read(f"{t.month}/{t.day}/{t.year} {t.hour % 12 or 12}:{t.minute:02d} {t:%p}" for t in WHEN)
    assert (pd.DatetimeIndex(table.features["when"]) == WHEN).all()
    (note,) = notes(table)
    assert note.startswith(
        "column 'when' read as dates written %m/%d/%Y %I:%M %p (line 44: '3/13/2021 6:05 AM' cannot be"
    )


def test_the_order_of_day_and_month_is_never_decided_in_silence():
    cells = [f"0{i % 9 + 1}/0{i * 7 % 9 + 1}/2021" for i in range(60)]
    table = read(cells)
    (warning,) = notes(table)
    assert level(warning) == "warning"
    assert warning.startswith(
        "column 'when' read as dates written %m/%d/%Y, the month first, but every cell fits %d/%m/%Y"
    )
    assert "--date-format 'when=%m/%d/%Y' or 'when=%d/%m/%Y'" in warning
    other = read(cells, date_formats={"when": "%d/%m/%Y"})
    assert notes(other) == []
    assert other.features["when"][1] == pd.Timestamp(2021, 8, 2)
    assert table.features["when"][1] == pd.Timestamp(2021, 2, 8)


@pytest.mark.parametrize("wrong", ["31.02.2021", "soon"])
def test_a_column_that_nearly_is_one_of_dates_names_its_first_wrong_cell(wrong):
    table = read([*WHEN[:-1].strftime("%d.%m.%Y"), wrong])
    assert table.kinds["when"] == "text"
    (warning,) = notes(table)
    assert level(warning) == "warning"
    assert f"line 61: {wrong!r}" in warning
    assert "--date-format when=" in warning


def test_a_format_that_does_not_fit_is_one_line():
    with pytest.raises(UserError, match=r"column 'when' is not written %d/%m/%Y \(line 2: '2021-03-01'\)"):
        read(WHEN.strftime("%Y-%m-%d"), date_formats={"when": "%d/%m/%Y"})
    with pytest.raises(UserError, match=r"no column 'wen'; columns are when, b, y .did you mean 'when'"):
        read(WHEN.strftime("%Y-%m-%d"), date_formats={"wen": "%d/%m/%Y"})


def test_the_file_of_three_ways_is_read():
    table = load(DataSource(file=str(CASES / "three_ways_of_dates.csv"), target="ok"))
    assert table.kinds["when"] == "date"
    assert table.features["when"][0] == pd.Timestamp(2021, 1, 1, 0, 15)
    assert table.reading["date_formats"] == {"when": "%d.%m.%Y %H:%M"}


def test_a_time_alone_is_read_where_its_format_is_named():
    table = read(WHEN.strftime("%H:%M"), date_formats={"when": "%H:%M"})
    assert (table.features["when"].dt.hour == WHEN.hour).all()


def test_times_with_an_offset_are_said_to_be_utc():
    table = read(WHEN.strftime("%Y-%m-%d %H:%M:%S+02:00"))
    assert (pd.DatetimeIndex(table.features["when"]) == WHEN.floor("s") - pd.Timedelta(hours=2)).all()
    assert notes(table) == ["column 'when': times with an offset are read as UTC"]


@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.int64, np.uint64, np.float64])
def test_days_as_whole_numbers_are_dates_in_every_type(dtype):
    numbers = np.array([int(text) for text in WHEN.strftime("%Y%m%d")]).astype(dtype)
    found = compact_dates(pd.Series(numbers))
    assert (pd.DatetimeIndex(found) == WHEN.normalize()).all()
    frame = pd.DataFrame({"when": numbers, "b": np.arange(60) * 7 % 11, "y": ["p", "q"] * 30})
    table = read_table(DataSource(file="frame", target="y"), frame)
    assert table.kinds["when"] == "date"
    kept = read_table(DataSource(file="frame", target="y", numbers=["when"], keep=["when"]), frame)
    assert kept.kinds["when"] == "number"


def test_numbers_that_are_no_days_stay_numbers():
    assert compact_dates(pd.Series(np.arange(20210101, 20210140))) is None  # the 32nd of January
    assert compact_dates(pd.Series([20210101, 20210102])) is None  # too few to tell
    assert compact_dates(pd.Series(np.linspace(20210101, 20210131, 31) + 0.5)) is None
    assert compact_dates(pd.Series([np.nan, np.nan])) is None


def test_gaps_stay_gaps():
    numbers = pd.Series([float(text) for text in WHEN.strftime("%Y%m%d")])
    numbers[3] = np.nan
    found = compact_dates(numbers)
    assert found.isna().tolist() == numbers.isna().tolist()
