"""The judge on a few known truths; `make calibrate` measures the same on thousands."""

from tests.calibration.known_truths import equal_learners, gross_outliers, noisy_labels, outliers, same_loss
from tests.calibration.simulated_comparisons import shares


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
