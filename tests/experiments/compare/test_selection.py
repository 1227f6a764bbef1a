"""The choice of a trial on curves made by hand: averaged, smoothed, one standard error from the default."""

import numpy as np
import pandas as pd
import pytest

from lossbench.experiments.compare.tuning.selection import (
    ScoredTrial,
    TrialCurves,
    carried_on,
    choose_trial,
    smoothed,
    stopped,
    window_of,
)
from lossbench.experiments.scoring.temperature import LOG2_T


def curves(*folds: list[float], failed: bool = False) -> TrialCurves:
    score_EF = np.array(folds, dtype=np.float64).T
    return TrialCurves(score_EF, np.full(score_EF.shape[1], 20.0), failed=failed)


def flat(*values: float, failed: bool = False) -> TrialCurves:
    """One value a fold, at every one of 20 epochs."""
    return curves(*([value] * 20 for value in values), failed=failed)


def test_smoothing_is_a_centred_moving_average() -> None:
    values = np.random.default_rng(0).normal(size=(40, 3))
    theirs = pd.DataFrame(values).rolling(15, center=True, min_periods=1).mean().to_numpy()
    np.testing.assert_allclose(smoothed(values), theirs, rtol=1e-10, atol=1e-12)


def test_a_lucky_epoch_is_not_the_best_one() -> None:
    rising = np.linspace(0.5, 0.9, 60)
    lucky = rising.copy()
    lucky[3] = 1.0
    assert curves(lucky.tolist(), lucky.tolist()).best_epoch > 45


@pytest.mark.parametrize("epochs", [1, 2, 3, 5, 8, 10, 20])
def test_a_net_that_gets_better_to_the_end_of_a_short_training_is_trained_to_its_end(epochs: int) -> None:
    """Averaged over 15 epochs, all 8 of a training had the same score, and the first was kept."""
    rising = np.linspace(0.5, 0.9, epochs).tolist()
    assert curves(rising, rising).best_epoch == epochs


@pytest.mark.parametrize(("epochs", "window"), [(1, 1), (8, 5), (20, 11), (28, 15), (100, 15)])
def test_the_window_is_15_epochs_or_about_half_of_fewer(epochs: int, window: int) -> None:
    assert window_of(epochs) == window


def test_folds_count_by_their_rows() -> None:
    score_EF = np.stack([np.zeros(5), np.ones(5)], 1)
    np.testing.assert_allclose(TrialCurves(score_EF, np.array([30.0, 10.0])).mean_E, 0.25)


def test_equal_scores_go_to_the_lowest_calibrated_log_loss_not_to_the_fewest_epochs() -> None:
    epochs = np.arange(40)
    level = 0.3 + 0.001 * (epochs - 30) ** 2  # least after epoch 31, on every temperature alike
    log_loss_EG = np.repeat(level[:, None], len(LOG2_T), 1)
    tied = TrialCurves(np.ones((40, 2)), np.array([20.0, 20.0]), log_loss_EG)
    assert tied.best_epoch == 31


def test_the_default_stays_within_one_standard_error_of_the_best() -> None:
    default, other = flat(0.80, 0.90, 0.70, 0.80), flat(0.84, 0.88, 0.72, 0.80)
    # Differences .04, -.02, .02, 0: mean .01, standard error (scipy.stats.sem) .0129.
    candidates = [ScoredTrial(1e-3, 0, default), ScoredTrial(1e-2, 0, other)]
    assert choose_trial(candidates, 1e-3) == 0
    # The same mean advantage, the same on every fold: standard error 0.
    candidates[1] = ScoredTrial(1e-2, 0, flat(0.81, 0.91, 0.71, 0.81))
    assert choose_trial(candidates, 1e-3) == 1


@pytest.mark.parametrize(
    ("default_lr", "expected"),
    [(1e-3, 1), (1e-4, 0), (2e-3, 1), (10**-2.5, 1), (3e-2, 2)],
)
def test_among_equals_the_rate_nearest_to_the_default_is_chosen(default_lr: float, expected: int) -> None:
    equal = [ScoredTrial(lr, 0, flat(0.8, 0.9)) for lr in (1e-4, 1e-3, 1e-2)]
    assert choose_trial(equal, default_lr) == expected


def test_among_equals_the_default_parameters_are_chosen() -> None:
    equal = [ScoredTrial(1e-3, 1, flat(0.8, 0.9)), ScoredTrial(1e-2, 0, flat(0.8, 0.9))]
    assert choose_trial(equal, 1e-3) == 1


def test_a_failed_trial_is_not_chosen_while_there_is_another() -> None:
    candidates = [ScoredTrial(1e-4, 0, flat(0.9, 0.9, failed=True)), ScoredTrial(1e-2, 0, flat(0.1, 0.1))]
    assert choose_trial(candidates, 1e-4) == 1
    nothing = [ScoredTrial(lr, 0, flat(np.nan, np.nan, failed=True)) for lr in (1e-4, 1e-2)]
    assert choose_trial(nothing, 1e-3) == 0


def test_a_curve_that_stopped_is_carried_on() -> None:
    assert carried_on(np.array([1.0, 2.0]), 4).tolist() == [1.0, 2.0, 2.0, 2.0]
    assert carried_on(np.array([1.0, 2.0, 3.0]), 2).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("values", "patience", "expected"),
    [([3, 2, 1, 2, 2, 0], 2, 5), ([3, 2, 1, 2, 0, 2], 2, 6), ([3, 2, 1], 2, 3), ([1, 2, 3, 4], None, 4)],
)
def test_patience_counts_epochs_since_the_lowest_value(
    values: list[float], patience: int | None, expected: int
) -> None:
    assert stopped(np.array(values, dtype=np.float64), patience) == expected


def test_where_no_trial_has_a_score_the_default_is_taken() -> None:
    tried = [ScoredTrial(lr, 0, flat(np.nan, np.nan)) for lr in (1e-4, 1e-3, 1e-2)]
    assert choose_trial(tried, 1e-3) == 1
