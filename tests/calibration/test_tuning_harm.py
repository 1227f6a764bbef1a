"""Tuning does not harm where it did: a metric of probabilities, and few rows to choose on."""

from __future__ import annotations

import pytest

from tests.calibration.tuning_harm import tuning_harm


@pytest.mark.parametrize("case", [("breast_cancer", "log_loss"), ("digits of 250", "accuracy")], ids=str)
def test_no_loss_is_worse_for_being_tuned(case: tuple[str, str]) -> None:
    """Chosen on one validation part by balanced accuracy, all losses of both tables were worse than untuned."""
    assert not any(outcome.happened for outcome in tuning_harm(0, case, repeats=1))
