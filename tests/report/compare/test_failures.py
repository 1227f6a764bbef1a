"""Shares of failed splits against scipy's exact intervals and tests, and what a comparison says of them."""

import numpy as np
import pytest
from scipy import stats

from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.analysis.conclusion import answer
from lossbench.report.compare.analysis.failures import clopper_pearson, p_as_often, p_tolerable
from tests.report.compare.planted import Planted, planted_record


@pytest.mark.parametrize(("failed", "splits"), [(0, 25), (1, 25), (13, 25), (25, 25), (3, 5)])
def test_the_interval_of_a_share_is_scipys(failed, splits):
    exact = stats.binomtest(failed, splits).proportion_ci(method="exact")
    assert clopper_pearson(failed, splits) == pytest.approx((exact.low, exact.high))
    oracle = stats.binomtest(failed, splits, 0.01, alternative="greater").pvalue
    assert p_tolerable(failed, splits) == pytest.approx(oracle)


def test_failing_more_often_is_a_sign_test_over_the_splits_where_one_of_them_failed():
    mine, other = np.arange(25) < 13, np.zeros(25, dtype=bool)
    assert p_as_often(mine, other) == pytest.approx(2 * 0.5**13)  # 13 of 13, both sides
    assert p_as_often(mine, mine) == 1.0
    assert p_as_often(other, other) == 1.0


def diverging(count: int, label: str = "wild", **options):
    """A loss as good as the baseline that diverges on so many of 25 splits, and scores 0 there."""
    record = planted_record((Planted("cross_entropy"), Planted("mse"), Planted(label, diverged=count)), **options)
    for result in record.results:
        for member in result.members:
            if member.role == "refit" and member.status == "diverged":
                member.test["accuracy"] = 0.0
    return record


def test_a_loss_that_diverges_on_half_of_its_splits_is_unreliable_and_said_to_be():
    comparison = compare(diverging(13))
    (table,) = comparison.tables
    row = next(row for row in table.rows if row.name == "wild")
    assert row.difference_low < 0 < row.difference_high  # the mean hides it
    assert row.word == "unreliable"
    assert (row.failed_splits, row.ended) == (13, 12)
    exact = stats.binomtest(13, 25).proportion_ci(method="exact")
    assert (row.failed_low, row.failed_high) == pytest.approx((exact.low, exact.high))
    assert row.p_failed_as_baseline == pytest.approx(2 * 2 * 0.5**13)  # Holm over two losses
    assert "wild diverged on 13 of 25 splits and is unreliable" in comparison.sentence
    assert any("on the 12 splits that both it and cross_entropy ended" in note for note in table.notes)


def test_the_difference_where_both_ended_leaves_the_failures_out():
    record = diverging(13)
    scores = [
        np.array([m.test["accuracy"] for m in result.members if m.role == "refit"])[13:] for result in record.results
    ]
    row = next(row for row in compare(record).tables[0].rows if row.name == "wild")
    gain = scores[2] - scores[0]
    half = stats.t.ppf(0.975, 11) * gain.std(ddof=1) * np.sqrt(1 / 12 + 143 / 571)
    assert (row.difference_ended, row.ended_high) == pytest.approx((gain.mean(), gain.mean() + half))


def test_what_the_splits_resolve_is_not_said_of_losses_that_diverged():
    sound = compare(planted_record((Planted("cross_entropy"), Planted("mse"), Planted("wild"))))
    resolution = compare(diverging(13)).tables[0].resolution
    assert resolution < 2 * sound.tables[0].resolution


def test_one_failure_in_25_is_shown_and_no_finding():
    row = next(row for row in compare(diverging(1)).tables[0].rows if row.name == "wild")
    assert (row.word, row.failed_splits) == ("not distinguishable", 1)


def test_a_baseline_that_failed_is_named_with_its_failures():
    record = diverging(9, baseline="wild")
    comparison = compare(record)
    assert "wild (diverged on 9 of 25 splits)" in comparison.sentence
    assert answer(comparison.tables, [], [], [], "accuracy") == comparison.sentence


def test_failures_under_label_noise_are_said_with_their_level():
    sentences = compare(diverging(13, noise=(0.0, 0.4))).sentence
    assert "with 40% symmetric label noise wild diverged on 13 of 25 splits and is unreliable" in sentences
