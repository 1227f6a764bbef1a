"""A source says what to train on, in a config's words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lossbench.data.load import load
from lossbench.data.source import DataSource
from lossbench.errors import UserError


@pytest.mark.parametrize(
    ("word", "source"),
    [
        ("wine", DataSource(name="wine")),
        ("Titanic_Full", DataSource(name="Titanic_Full")),
        ("openml:61", DataSource(name="openml:61")),
        ("-", DataSource(file="-")),
        ("my.csv", DataSource(file="my.csv")),
        ("folder/table", DataSource(file="folder/table")),
    ],
)
def test_a_word_is_a_name_or_a_file(word: str, source: DataSource) -> None:
    assert DataSource.of(word) == source


def test_a_file_without_a_suffix_is_a_file_if_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("table").touch()
    assert DataSource.of("table", target="y") == DataSource(file="table", target="y")


def test_a_mistyped_name_is_no_file() -> None:
    with pytest.raises(UserError, match=r"unknown data set 'titanc'; did you mean 'titanic'\?"):
        DataSource.of("titanc")


def test_neither_name_nor_file_is_one_line() -> None:
    with pytest.raises(UserError, match="data: neither a data set's name nor a file"):
        load(DataSource())


def test_columns_of_a_named_set_can_be_dropped() -> None:
    table = load(DataSource(name="titanic", drop=["Fare", "Sex"]))
    assert (list(table.features), set(table.kinds)) == (["Pclass", "Age"], {"Pclass", "Age"})
    assert table.fingerprint() != load(DataSource(name="titanic")).fingerprint()
    with pytest.raises(UserError, match=r"titanic: unknown column 'fare'; did you mean 'Fare'\?"):
        load(DataSource(name="titanic", drop=["fare"]))
    with pytest.raises(UserError, match="titanic: no feature is left; drop fewer columns"):
        load(DataSource(name="titanic", drop=["Pclass", "Sex", "Age", "Fare"]))


def test_groups_are_no_feature(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,who,y\n" + "".join(f"{i * i % 7},p{i // 3},{i % 2}\n" for i in range(12)), encoding="utf-8")
    table = load(DataSource(file=str(file), target="y", groups="who"))
    assert list(table.features) == ["a"]
    assert table.groups is not None
    assert np.array_equal(table.groups, np.arange(12) // 3)
    named = load(DataSource(name="titanic", groups="Pclass"))
    assert named.groups is not None
    assert list(named.features) == ["Sex", "Age", "Fare"]
    with pytest.raises(UserError, match=r"no column 'Who'; columns are a, who, y \(did you mean 'who'\?\)"):
        load(DataSource(file=str(file), target="y", groups="Who"))
