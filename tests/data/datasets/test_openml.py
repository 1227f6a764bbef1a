"""OpenML sets: fetched once, checked ever after, and one line where there is no network."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import pandas as pd
import pytest
import sklearn.datasets

from lossbench.data.load import load
from lossbench.data.source import DataSource
from lossbench.errors import UserError

FRAME = pd.DataFrame({"a": [1.5, 2, None, 4, 5, 6], "b": list("xyxyxx"), "class": ["no", "yes"] * 3})


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """OpenML, played by a function; what it was asked for."""
    requested: list[dict[str, Any]] = []

    def fetch_openml(**options: Any) -> SimpleNamespace:
        requested.append(options)
        if options["data_id"] == 404:
            raise ValueError("No known OpenML dataset")
        return SimpleNamespace(frame=FRAME, target_names=["class"], details={"name": "toy", "licence": "Public"})

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch_openml)
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path))
    return requested


def test_a_set_is_downloaded_once(calls: list[dict[str, Any]]) -> None:
    tables = [load(DataSource(name="openml:61")) for _ in range(2)]
    assert len(calls) == 1
    assert calls[0]["parser"] == "liac-arff"
    assert tables[0].fingerprint() == tables[1].fingerprint()
    table = tables[0]
    assert (table.name, table.source, table.classes) == ("openml-61", "openml:61", ("no", "yes"))
    assert dict(table.kinds) == {"a": "number", "b": "text"}


def test_file_options_apply(calls: list[dict[str, Any]]) -> None:
    table = load(DataSource(name="openml:61", target="b", drop=["class"]))
    assert (table.target_name, list(table.features)) == ("b", ["a"])


def test_a_changed_cache_is_refused(calls: list[dict[str, Any]], tmp_path: Path) -> None:
    load(DataSource(name="openml:61"))
    (tmp_path / "openml" / "61" / "table.csv").write_text("a,class\n1,no\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"^openml:61: the cached copy was changed or is damaged; delete "):
        load(DataSource(name="openml:61"))


def test_no_network_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(**options: Any) -> None:
        warnings.warn("Version 1 of dataset is inactive, retrying", UserWarning, stacklevel=2)
        raise URLError("no route to host")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", offline)
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path))
    with pytest.raises(UserError, match=r"^openml:61: cannot be downloaded .*; without a network there are titanic, "):
        load(DataSource(name="openml:61"))
    assert not list(tmp_path.rglob("*.csv"))


@pytest.mark.usefixtures("calls")
def test_wrong_ids_are_one_line() -> None:
    with pytest.raises(UserError, match=r"^openml:iris: 'iris' is no OpenML ID; give a number"):
        load(DataSource(name="openml:iris"))
    with pytest.raises(UserError, match=r"^openml:404: OpenML refuses it \(No known"):
        load(DataSource(name="openml:404"))
