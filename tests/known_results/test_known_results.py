"""Effects too large to miss, on fewer splits and rates than `make known-results` takes; README has all results."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import lossbench
from lossbench.config.data import DataConfig
from lossbench.data.load import load
from lossbench.experiments.setup.data_source import data_source
from tests.known_results.reproduction import REFUTED, REPRODUCED, reproductions
from tests.known_results.results import COMPARISONS, KNOWN, SMALL, KnownResult

# Columns that are always 0 and rows that occur twice: tables are warned of, which is tested elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::lossbench.LossbenchWarning")
README = (Path(__file__).parents[2] / "README.md").read_text()
# What tests change of a comparison to take seconds.
FAST = {
    "symmetric-noise": {"losses": ["cross_entropy", "l1", "nce_rce"], "lrs": [1e-2], "train_share": [0.3]},
    "outliers": {"losses": ["mse", "student_t_nll"], "lrs": [1e-2]},
    "convex": {"losses": ["l1", "gce", "ramp", "cross_entropy", "hinge", "exponential"]},
    "calibration": {"data": "iris", "epochs": 20, "hidden": [8]},
}
SURE = ("symmetric-noise", "outliers", "convex")


@pytest.fixture(scope="module")
def record_of(tmp_path_factory):
    """The record of a comparison by its name, trained once."""
    folder = tmp_path_factory.mktemp("known")

    @cache
    def record(name):
        keys = {**SMALL, **COMPARISONS[name], **FAST[name], "repeats": 1, "jobs": 1}
        return lossbench.compare(**keys, output=folder, name=name)

    return record


def known(name: str) -> KnownResult:
    return next(result for result in KNOWN if result.comparison == name)


@pytest.mark.parametrize("name", SURE)
def test_a_large_effect_is_reproduced(name, record_of):
    record = record_of(name)
    trained = {result.loss.name for result in record.results}
    result = known(name)
    result = replace(result, claimed={loss: word for loss, word in result.claimed.items() if loss in trained})
    assert result.claimed
    assert [one.verdict for one in reproductions(record, result)] == [REPRODUCED]


def test_convex_losses_fall_where_bounded_ones_do_not(record_of):
    """Bounds are far from both: convex ones have 0.65 to 0.75, as scikit-learn's LogisticRegression has (below)."""
    (one,) = reproductions(record_of("convex"), known("convex"))
    for loss in ("cross_entropy", "hinge", "exponential"):
        assert 0.6 < one.row(loss).mean < 0.85
    for loss in ("l1", "gce", "ramp"):
        assert one.row(loss).mean > 0.99


def test_scikit_learn_falls_as_convex_losses_do():
    """The oracle: its own solver to the minimum, on noise drawn here."""
    table = load(data_source(DataConfig(name="long-servedio")))
    wrong = np.random.default_rng(0).random(len(table.target)) < 0.1
    model = LogisticRegression().fit(table.features, np.where(wrong, 1 - table.target, table.target))
    assert 0.6 < model.score(table.features, table.target) < 0.85
    assert LogisticRegression().fit(table.features, table.target).score(table.features, table.target) == 1


def test_the_opposite_of_what_is_found_is_not_reproduced(record_of):
    claimed = {"cross_entropy": "better", "hinge": "worse"}
    (one,) = reproductions(record_of("convex"), replace(known("convex"), claimed=claimed))
    assert one.verdict_of("cross_entropy") == REFUTED
    assert one.verdict == f"{REFUTED}: `cross_entropy`; {REPRODUCED}: `hinge`"


def test_raw_probabilities_are_scored_before_the_temperature(record_of):
    record = record_of("calibration")
    raw, calibrated = (next(reproductions(record, result)) for result in KNOWN if result.comparison == "calibration")
    for row in calibrated.table.rows:
        assert raw.row(row.loss).mean == pytest.approx(row.raw)
    assert any(row.mean != row.raw for row in calibrated.table.rows)


def test_every_comparison_has_a_result_and_every_result_is_in_readme():
    assert {result.comparison for result in KNOWN} == set(COMPARISONS)
    for result in KNOWN:
        assert set(result.claimed) <= set(COMPARISONS[result.comparison]["losses"])
        assert f"| {result.claim} ({result.source}) |" in README, "write it again: make known-results"
