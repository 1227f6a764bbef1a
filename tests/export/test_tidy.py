"""The tidy tables hold every number of the record once, the same in CSV and Parquet."""

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lossbench.export import tidy
from lossbench.export.tidy import curves, scores
from lossbench.record import read_record
from lossbench.runner.reports import read
from tests.report.compare.planted import planted_record


@pytest.mark.parametrize("name", ["classes", "values", "many", "path"])
def test_every_score_is_there_once(runs: Path, name: str) -> None:
    record = read_record(runs / name)
    found = scores(record)
    of_nets = found[~found["role"].isin(["dummy", "reference"])]
    known = [
        value
        for result in record.results
        for member in result.members
        for part in ("train", "val", "test")
        for value in getattr(member, part).values()
        if value is not None
    ]
    assert of_nets["value"].tolist() == known
    assert found["value"].notna().all()
    assert found["part"].isin(["train", "val", "test"]).all()


@pytest.mark.parametrize("name", ["classes", "many"])
def test_every_epoch_is_there_once(runs: Path, name: str) -> None:
    record = read(runs / name)
    known = [
        value
        for result in record.results
        for member in result.members
        for values in member.curves.values()
        for value in values
        if value is not None
    ]
    found = curves(record)
    assert found["value"].tolist() == known
    assert found["epoch"].min() == 1


def test_conditions_and_references_have_their_columns() -> None:
    record = planted_record()
    found = scores(record)
    assert {condition.name for condition in record.conditions} <= set(found.columns)
    assert set(found["role"]) >= {"refit", "dummy"}
    for one in record.references:
        assert len(found[(found["role"] == "reference") & (found["loss"] == one.name)])


def test_csv_and_parquet_hold_the_same_columns(runs: Path, tmp_path: Path, lossbench: Any) -> None:
    assert lossbench("export", runs / "many", "--to", "csv,parquet", "--out", tmp_path)[0] == 0
    for name in ("scores", "curves"):
        with (tmp_path / f"{name}.csv").open(newline="") as file:
            written = list(csv.reader(file))
        typed = pd.read_parquet(tmp_path / f"{name}.parquet")
        assert written[0] == list(typed.columns)
        assert len(written) == len(typed) + 1
        assert [float(row[-1]) for row in written[1:]] == typed["value"].tolist()  # every digit
        assert [row[0] for row in written[1:]] == typed["data"].tolist()
        assert pd.api.types.is_integer_dtype(typed["seed"])


def test_a_file_of_ones_own_name_has_its_curves_beside_it(runs: Path, tmp_path: Path, lossbench: Any) -> None:
    assert lossbench("export", runs / "classes", "--to", "csv", "--out", tmp_path / "new" / "my.csv")[0] == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["my-curves.csv", "my.csv"]


def test_every_column_is_documented(runs: Path) -> None:
    text = " ".join(str(tidy.__doc__).split())
    for table in (scores(read_record(runs / "classes")), curves(read_record(runs / "classes"))):
        for name in table.columns:
            assert f"`{name}`" in text, name
