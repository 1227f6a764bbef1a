"""A measurement that was stopped goes on with what is there, and measures nothing twice."""

from __future__ import annotations

import pytest

from tests.calibration.kept import Kept
from tests.calibration.statistics import AT_MOST, Rate


def test_what_was_found_is_not_measured_again(tmp_path):
    measured = []

    def measure():
        measured.append(1)
        return {"different": 0.25}

    assert [Kept(tmp_path / "new", 1.0).of("rare class, 5%", measure) for _ in range(2)] == [{"different": 0.25}] * 2
    assert len(measured) == 1
    assert Kept(tmp_path / "new", 1.0).get("rare class, 0.5%") is None
    assert Kept(tmp_path / "new", 0.5).get("rare class, 5%") is None  # another share is another measurement
    for _ in range(2):
        Kept(None, 1.0).of("rare class, 5%", measure)
    assert len(measured) == 3


def test_a_scenario_that_is_stopped_keeps_nothing(tmp_path):
    def stopped():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Kept(tmp_path, 1.0).of("null", stopped)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("rate", [Rate("it", AT_MOST, 3, 40, 0.5), Rate("it", "(no)", 0, 0)])
def test_a_rate_comes_back_from_its_file_as_it_was(tmp_path, rate):
    kept = Kept(tmp_path, 1.0)
    kept.put("a rate", rate.as_json())
    assert Rate.of_json(kept.get("a rate")) == rate
