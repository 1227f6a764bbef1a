"""A few draws of the truths that are trained on, through the whole program; `make calibrate` has hundreds.

Draws are fixed, and so few that the interval of a share excludes nothing: on these, what is promised at least nearly
always happens each time, and what is promised at most rarely never does.
"""

from __future__ import annotations

from functools import partial

import pytest
from scipy.stats import beta

from tests.calibration.convex_losses import convex_losses
from tests.calibration.duplicated_rows import duplicated_rows
from tests.calibration.outcomes import Outcome, rates_of
from tests.calibration.quantile import quantile
from tests.calibration.rare_class import SIGNAL, rare_class
from tests.calibration.statistics import ALWAYS, AT_LEAST, AT_MOST, FOUND, MEASURED, NEVER
from tests.calibration.tails_only import TAILS, tails_only

TRUTHS = {
    "rare class": (rare_class, 1),
    "rare class with signal": (partial(rare_class, signal=SIGNAL), 1),
    "tails only": (tails_only, len(TAILS)),
    "quantile": (quantile, 1),
    "convex losses": (convex_losses, 1),
}
DRAW = 1


@pytest.mark.parametrize("name", TRUTHS)
def test_promises_are_kept_on_a_few_draws(name):
    truth, draws = TRUTHS[name]
    shares = rates_of(outcome for draw in range(draws) for outcome in truth(draw))
    assert len(shares) >= 2
    for share in shares:
        assert share.measured == {AT_MOST: 0, NEVER: 0, AT_LEAST: 1, FOUND: 1, ALWAYS: 1}[share.promised], share


def test_copies_are_warned_of_and_groups_give_the_score_of_rows_never_seen():
    """Classes drawn by a coin: 0.5 is the accuracy of any rule on new rows (tolerance: 3 of its errors on 75 rows)."""
    shares = rates_of(duplicated_rows(DRAW))
    for share in shares:
        assert share.measured == {AT_MOST: 0, AT_LEAST: 1, ALWAYS: 1, MEASURED: share.measured}[share.promised], share
    means = {share.what: share.mean for share in shares if "above the truth" in share.what}
    grouped, apart = means.values()
    assert abs(grouped) < 3 * (0.25 / 75) ** 0.5
    assert apart > 0.25


def test_a_promise_is_broken_where_its_interval_excludes_it():
    def share(promised, count, trials):
        (found,) = rates_of(Outcome("it", promised, i < count) for i in range(trials))
        assert found.interval[0] == pytest.approx(beta.ppf(0.025, count, trials - count + 1) if count else 0.0)
        return found.holds

    assert share(AT_MOST, 4, 40)
    assert not share(AT_MOST, 8, 40)
    assert share(ALWAYS, 40, 40)
    assert not share(ALWAYS, 39, 40)
    assert share(NEVER, 0, 40)
    assert not share(NEVER, 1, 40)
