"""A few draws of every simulated scenario; `make calibrate` measures the same on hundreds.

Draws are fixed. A rate of at most 5% is rejected only where its exact 95% interval lies above.
"""

import numpy as np

from tests.calibration.matrices import accuracies
from tests.calibration.statistics import across_tables, divergence, null_of_25_losses, power


def rates(scenario):
    return {rate.what: rate for rate in scenario}


def test_no_more_than_one_null_comparison_in_twenty_has_a_word_and_the_best_of_a_look_is_handled():
    found = rates(null_of_25_losses(24))
    for rate in found.values():
        if rate.promised == "<= 5%":
            assert rate.interval[0] <= 0.05, rate
    single = found["null, 24 single intervals: at least one excludes 0"]
    assert single.interval[0] > 0.05  # what the adjustment is for
    assert found["null, best loss as baseline, tested as if declared"].count > found[
        "null, best loss as baseline, one of all pairs"
    ].count  # fmt: skip


def test_what_was_planted_is_found_about_as_often_as_by_holm():
    for planted in (1, 24):
        holm, largest, wrong = power(24, planted)
        assert largest.measured >= holm.measured - 0.1  # on the whole measurement within 0.05
        assert wrong.interval[0] <= 0.05


def test_divergence_is_found_where_it_is_frequent_and_not_where_it_is_tolerable():
    found = rates(divergence(60))
    assert found["24 losses diverge on 1% of splits: any called unreliable"].interval[0] <= 0.05
    assert found["24 losses diverge on 50% of splits: called unreliable"].measured > 0.99
    assert all(rate.interval[1] >= 0.95 for rate in found.values() if rate.promised == ">= 95%")


def test_a_probability_over_several_tables_is_what_it_says():
    found = rates(across_tables(150))
    claim = found["several tables, hierarchical: P(equal) > 0.95, and it is not"]
    assert claim.interval[0] <= 0.05
    for what, rate in found.items():
        if what.startswith("several tables: equal where") and rate.trials:
            low, high = rate.interval
            # 95% intervals of a few cases, five of them: a tenth of slack.
            assert low - 0.1 <= float(rate.promised.rstrip("%")) / 100 <= high + 0.1, rate


def test_simulated_losses_are_exchangeable_and_a_gain_moves_one():
    rng = np.random.default_rng(0)
    score = np.stack([accuracies(rng, 3, rows=200, gain_K=np.array([0.0, 0.0, 1.0])).mean(0) for _ in range(40)])
    mean, error = score.mean(0), score.std(0, ddof=1) / np.sqrt(40)
    assert abs(mean[0] - mean[1]) < 4 * np.hypot(error[0], error[1])
    assert mean[2] > mean[0] + 0.05
