"""The posterior of the next data set against brute-force integration of its definition."""

import numpy as np
import pytest
from scipy import stats

from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.analysis.statistics.hierarchical import PRIOR, next_data_set
from tests.calibration.signed_rank import signed_rank_posterior
from tests.report.compare.planted import Planted, planted_record

MANY = np.full(3, 1e9)  # degrees of freedom


def brute(gain, error, rope):
    """The definition summed over a fine grid of (mu, log tau), nothing in closed form."""
    log_tau = np.linspace(np.log(1e-5), np.log(3.0), 500)
    mu = np.linspace(-0.3, 0.3, 2401)
    tau = np.exp(log_tau)[:, None]
    density = stats.halfcauchy.pdf(tau, scale=PRIOR * rope) * tau * np.ones_like(mu)
    for g, e in zip(gain, error, strict=True):
        density = density * stats.norm.pdf(g, mu, np.sqrt(e**2 + tau**2))
    worse, better = stats.norm.cdf(-rope, mu, tau), stats.norm.sf(rope, mu, tau)
    likeliest = np.stack([worse, 1 - worse - better, better]).argmax(axis=0)
    return [float(density[likeliest == i].sum() / density.sum()) for i in range(3)]


@pytest.mark.parametrize(
    ("gain", "error"),
    [
        ([0.001, -0.002, 0.004], [0.004, 0.006, 0.005]),
        ([0.02, 0.03, 0.01], [0.004, 0.006, 0.005]),
        ([0.10, 0.015, -0.002], [0.02, 0.01, 0.01]),
    ],
)
def test_it_is_what_brute_force_gives(gain, error):
    got = next_data_set(np.array(gain), np.array(error), MANY, 0.01)
    # The prior's 160 steps of tau are coarse in its tails; two digits are what is printed.
    assert (got.worse, got.equal, got.better) == pytest.approx(brute(gain, error, 0.01), abs=0.015)


def test_it_is_no_surer_than_the_data_sets_are():
    """Three data sets whose own P(equal) are about 0.24, 0.61 and 0.46 are not certain of equality together."""
    gain, rope = np.array([0.001, -0.002, 0.003]), 0.01
    own = np.array([0.24, 0.61, 0.46])
    error = rope / stats.norm.ppf((1 + own) / 2)  # of a gain near 0, about
    assert signed_rank_posterior(gain, rope).equal > 0.95  # means taken as exact
    assert next_data_set(gain, error, MANY, rope).equal < 0.8


def test_exact_and_equal_gains_of_many_data_sets_are_certain():
    got = next_data_set(np.full(12, 0.03), np.full(12, 1e-4), np.full(12, 24.0), 0.01)
    assert got.better > 0.99


def test_few_splits_count_for_less():
    gain, error = np.full(6, 0.002), np.full(6, 0.01)
    few = next_data_set(gain, error, np.full(6, 4.0), 0.01)
    assert few.equal < next_data_set(gain, error, np.full(6, 1e9), 0.01).equal


def across(gains: list[float], **options):
    names = tuple(f"table{i}" for i in range(len(gains)))
    record = planted_record((Planted("cross_entropy"), Planted("rare", spread=0.001), Planted("poor", gain=-0.001,
        spread=0.0005)), data=names, folds=5, repeats=1, epochs=2, **options)  # fmt: skip
    for result in record.results:
        if result.loss.label == "rare":
            base = next(r for r in record.results if r.data == result.data and r.loss.label == "cross_entropy")
            scores = [m.test["accuracy"] for m in base.members if m.role == "refit"]
            for member, score in zip([m for m in result.members if m.role == "refit"], scores, strict=True):
                member.test["accuracy"] = score + gains[names.index(result.data)] + 1e-4 * member.seed
    (found,) = compare(record).across
    return found


def test_a_loss_that_gains_much_on_two_tables_and_loses_little_on_four_is_not_the_last():
    rows = across([0.10, 0.015, -0.002, -0.002, -0.002, -0.002]).rows
    assert rows[-1].name != "rare"
    assert next(row for row in rows if row.name == "rare").iqm > 0


def test_where_nothing_can_be_significant_no_row_says_that_it_is():
    found = across([0.0] * 6)  # two comparisons need seven data sets
    assert found.too_few
    assert {row.word for row in found.rows} == {"baseline", "not distinguishable"}
    enough = across([0.0] * 7)
    assert not enough.too_few


def test_gains_are_shares_of_the_way_from_the_dummy_to_a_perfect_score():
    row = next(row for row in across([0.04] * 3).rows if row.name == "rare")
    # 0.04 and on average 2e-4 more, of the way from 0.594 to 1.
    assert row.gain == pytest.approx(0.0402 / (1 - 0.594))
