"""Where a config names a suite, its tables stand."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import pytest

from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.config.data import DataConfig
from lossbench.config.load import Override, load
from lossbench.data.datasets.suites import suite_of
from lossbench.data.table import Table
from lossbench.errors import UserError
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.setup.resolve import check_names
from lossbench.experiments.setup.suites import expand, members

LISTED = """
- iris
- {name: wine, scale: quantile}
- suite:generated
"""


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(LISTED, encoding="utf-8")
    return "suite:mine.yaml"


def given(*data: Any) -> CompareConfig:
    config = load(None, (), [Override(("data",), list(data), "--data")], "compare-losses")
    assert isinstance(config, CompareConfig)
    return config


def names(*data: Any) -> list[str | None]:
    return [entry.name or entry.file for entry, _ in expand(given(*data).data)]


def test_a_suite_is_replaced_by_its_tables() -> None:
    assert names("suite:generated") == [entry.name for entry in suite_of("suite:generated").members]


def test_a_table_of_two_suites_is_taken_once(listed: str) -> None:
    generated = [entry.name for entry in suite_of("suite:generated").members]
    assert names("moons", "suite:generated", listed) == ["moons", *generated[1:], "iris", "wine"]
    assert names("suite:generated", "moons") == generated


def test_options_hold_for_every_table_that_says_nothing_else(listed: str) -> None:
    scales = {entry.name: entry.scale for entry, _ in expand(given({"name": listed, "scale": "none"}).data)}
    assert (scales["iris"], scales["wine"], scales["moons"]) == ("none", "quantile", "none")


def test_tables_that_were_handed_over_stay_beside_a_suite(listed: str) -> None:
    table = Table.__new__(Table)
    found = expand([DataConfig(name=listed), DataConfig(file="x.csv", target="y")], [None, table])
    assert [found_table for _, found_table in found][-1] is table
    assert sum(found_table is None for _, found_table in found) == len(found) - 1


def test_a_comparison_plans_every_table_of_a_suite_of_the_users(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text("[iris, wine]", encoding="utf-8")
    config = given(f"suite:{file}").model_copy(update={"folds": 3, "repeats": 1})
    planned = plan(config)
    assert [entry.table.name for entry in planned.tables] == ["iris", "wine"]
    assert [data.name for data in planned.config.data] == ["iris", "wine"]  # what a resumed run reads


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- titanik", "data.0: unknown data set 'titanik'; did you mean 'titanic'?"),
        ("- {file: a.csv}", "mine.yaml: data.0: needs the name of the column of a.csv to predict (target, --target)"),
        ("- {name: iris, scal: none}", "mine.yaml: data.0.scal: unknown key; did you mean 'scale'? (line 1)"),
        ("iris", "mine.yaml: must be a list of tables; write a list: - titanic"),
        ("", "mine.yaml: must be a list of tables; write a list: - titanic"),
        ("- suite:other.yaml", "mine.yaml: suite:other.yaml is a suite in a suite; write its tables into one file"),
        ("- suite:smal", "data: unknown suite 'smal'; did you mean 'small'?"),
    ],
)
def test_a_mistake_in_a_suites_file_is_one_line(text: str, line: str, listed: str) -> None:
    Path("mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        check_names(given(listed))
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("suite:smal", "data: unknown suite 'smal'; did you mean 'small'?"),
        ("suite:gone.yaml", "gone.yaml: no such file; name a YAML file; write a list: - titanic"),
        ("openml-suite:cc18", "openml-suite:cc18: 'cc18' is no number; give one, like openml-suite:99 (OpenML-CC18)"),
    ],
)
def test_an_unknown_suite_is_one_line(name: str, line: str) -> None:
    with pytest.raises(UserError) as error:
        members(name)
    assert str(error.value).startswith(line)


@pytest.mark.parametrize("config", [TrainConfig, RegularizeConfig])
@pytest.mark.parametrize("name", ["suite:small", "suite:mine.yaml", "openml-suite:99"])
def test_one_table_is_trained_on(config: Any, name: str) -> None:
    with pytest.raises(UserError, match=rf"^data: {name} is a suite of tables, and one table is needed; name one of"):
        check_names(config(data=name))


@pytest.fixture
def openml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """OpenML, played by a function; what it was asked for."""
    requested: list[str] = []

    def urlopen(url: str, timeout: float) -> io.BytesIO:
        requested.append(url)
        if url.endswith("/404"):
            raise HTTPError(url, 412, "Unknown study", None, None)  # type: ignore[arg-type]
        if url.endswith("/7"):
            raise URLError("no route to host")
        if url.endswith("/8"):
            return io.BytesIO(b"<html>")
        return io.BytesIO(json.dumps({"study": {"id": "99", "data": {"data_id": ["3", 61]}}}).encode())

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path))
    return requested


def test_a_suite_of_openml_is_asked_for_once(openml: list[str]) -> None:
    for _ in range(2):
        assert [entry.name for entry in members("openml-suite:99")] == ["openml:3", "openml:61"]
    assert openml == ["https://www.openml.org/api/v1/json/study/99"]


def test_a_changed_list_of_openml_is_refused(openml: list[str], tmp_path: Path) -> None:
    members("openml-suite:99")
    file = tmp_path / "openml" / "suite-99.json"
    for text in (file.read_text(encoding="utf-8").replace("61", "62"), "{", "[]"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match=r"^openml-suite:99: the cached copy was changed or is damaged; delete "):
            members("openml-suite:99")


@pytest.mark.usefixtures("openml")
def test_what_openml_cannot_give_is_one_line(tmp_path: Path) -> None:
    for number, line in {
        "404": r"openml-suite:404: OpenML refuses it \(HTTP Error 412: Unknown study\); check the number",
        "7": r"openml-suite:7: cannot be downloaded \(.*no route to host.*\); without a network there are titanic, ",
        "8": r"openml-suite:8: OpenML's answer is no list of data sets \(JSONDecodeError: ",
    }.items():
        with pytest.raises(UserError, match=rf"^{line}"):
            members(f"openml-suite:{number}")
    assert not list(tmp_path.rglob("*.json"))
