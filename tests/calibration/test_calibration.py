"""The judge on a few known truths; `make calibrate` measures the same on thousands."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from lossbench.config.commands.compare import CompareConfig
from tests.calibration.known_truths import equal_learners, gross_outliers, noisy_labels, outliers, same_loss, table_of
from tests.calibration.simulated_comparisons import candidates, meet_and_predict, rule, setting_of, shares
from tests.calibration.temperature_harm import harm_by_size, temperature_harm


def test_one_loss_is_hardly_ever_different_from_itself() -> None:
    rulings = [ruling for draw in range(3) for ruling in same_loss(draw)]
    # At 5% each, three or more of twelve come out of chance alone once in 50 times; these draws are fixed.
    assert shares(rulings)["different"] <= 2 / 12


def test_equally_good_learners_are_hardly_ever_told_apart() -> None:
    rulings = [ruling for draw in range(12) for ruling in equal_learners(draw)]
    assert shares(rulings)["different"] <= 2 / 12
    assert shares(rulings)["naive_p_below"] >= 3 / 12  # what the correction is for


def test_planted_differences_are_found_with_the_right_sign() -> None:
    for truth in (outliers, gross_outliers, noisy_labels):
        assert [ruling.word for ruling in truth(0)] == ["better"]


def test_the_temperature_harms_no_proper_loss_beyond_noise() -> None:
    found = [harm for draw in range(3) for harm in temperature_harm(draw, (100, 300))]
    assert not any(row["harmed"] for row in harm_by_size(found).values())


def test_on_250_digits_the_temperature_is_near_the_best_one_and_turns_no_finding() -> None:
    """With targets smoothed towards an even guess brier was called worse than cross-entropy here."""
    features, target = load_digits(return_X_y=True)
    rows, _ = train_test_split(np.arange(len(target)), train_size=250, stratify=target, random_state=0)
    table = table_of(features[rows], target[rows], "digits-250", tuple(map(str, range(10))))
    config = CompareConfig(losses="ce,brier", metric="log_loss", repeats=1, lrs=[1e-3], threads=1)
    setting = setting_of(config, table)
    (ce, of_ce), (brier, of_brier) = (meet_and_predict(config, setting, one) for one in candidates(config, table))
    raw, best, common = {}, {}, {}
    for name, result, predicted in (("ce", ce, of_ce), ("brier", brier, of_brier)):
        refits = [m for m in result.members if m.role == "refit"]
        for net, member, split in zip(predicted, refits, setting.outer, strict=True):
            truth, t = split.truth_N["test"].numpy(), member.temperature
            assert t is not None
            score = t * np.log(net.double().numpy())  # up to a constant a row, which no softmax sees

            def loss(log_t: float, score: np.ndarray = score, truth: np.ndarray = truth) -> float:
                return float(log_loss(truth, softmax(score / np.exp(log_t), axis=1), labels=range(10)))

            raw.setdefault(name, []).append(loss(0.0))
            common.setdefault(name, []).append(loss(np.log(t)))
            best.setdefault(name, []).append(minimize_scalar(loss, bounds=(-4, 4), method="bounded").fun)
            # Probabilities of single precision, clipped at its smallest by scikit-learn.
            assert member.test["raw_log_loss"] == pytest.approx(raw[name][-1], abs=1e-4)
            assert member.test["log_loss"] == pytest.approx(common[name][-1], abs=1e-4)
        gap = np.array(common[name]) - raw[name]
        # Beyond noise is beyond two standard errors over the five splits, as in `harm_by_size`.
        assert gap.mean() <= max(2 * gap.std(ddof=1) / np.sqrt(5), 0.002)
        # The best temperature knows the test rows; smoothed targets were 0.1 above it on this table.
        assert np.mean(common[name]) - np.mean(best[name]) < 0.03
    # Where nothing is calibrated brier is the better one here, as it is in scikit-learn's folds with scipy's optimiser.
    assert np.mean(raw["brier"]) < np.mean(raw["ce"])
    assert rule(config, setting, ce, brier).word != "worse"
