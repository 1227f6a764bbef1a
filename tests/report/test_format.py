"""Numbers as they are written."""

import pytest

from lossbench.errors import counted
from lossbench.report import format as w


@pytest.mark.parametrize(("scale", "decimals"), [(0.01, 3), (0.34, 2), (0.08, 3), (1.0, 1), (20.0, 0), (300.0, 0)])
def test_decimals_follow_the_size_of_what_matters(scale, decimals):
    assert w.decimals_of(scale) == decimals


def test_numbers_have_true_minus_signs_and_no_negative_zero():
    assert w.number(-0.0141) == "−0.014"
    assert w.number(-0.0001) == "0.000"
    assert w.number(-0.0001, sign=True) == "+0.000"
    assert w.number(None) == "–"
    assert w.interval(-0.1, 0.2, 1) == "[−0.1, 0.2]"


def test_probabilities_are_never_rounded_to_certainty():
    assert [w.probability(p) for p in (0.0, 0.97, 0.9999)] == ["< 0.01", "0.97", "> 0.99"]
    assert [w.p_value(p) for p in (1e-9, 0.0324, None)] == ["< 0.001", "0.032", "–"]


def test_learning_rates_and_lists():
    assert [w.learning_rate(lr) for lr in (3e-4, 0.03, 1.0, 0.00025)] == ["3e-4", "3e-2", "1e0", "2.5e-4"]
    assert w.listed(["a"]) == "a"
    assert w.listed(["a", "b"]) == "a and b"
    assert w.listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    assert counted(1, "loss", "losses") == "1 loss"
