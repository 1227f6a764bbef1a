"""What a colour says: the winner and how far it leads, and nothing where no class leads."""

import numpy as np
import pytest

from lossbench.record import PackedPlanes
from lossbench.report.regularize.small_multiples import MOST, shown_alphas
from lossbench.report.regularize.style import CLASS_COLOURS, DEEPEST, NAMED, shade
from lossbench.report.regularize.view_data import read_view_data
from tests.report.regularize.planted_regions import planted_regions


@pytest.mark.parametrize("classes", [2, 3])
def test_a_lead_of_rounding_size_has_no_colour(classes):
    draw = np.random.default_rng(0).choice([-1e-16, 1e-16], (1 if classes == 2 else classes, 20, 20))
    assert (shade(draw.astype(np.float32), 40, 40) == 255).all()


def test_tints_of_the_first_three_classes_stay_apart_for_colour_blind_eyes():
    """Simulated deuteranopia and protanopia (Vienot, Brettel & Mollon 1999) of the deepest tints."""
    tints = 1 - DEEPEST * (1 - np.array(NAMED[: len(CLASS_COLOURS)]) / 255)
    linear = tints**2.2
    for red, green, blue in ((0.29275, 0.70725, -0.02234), (0.10889, 0.89111, -0.00447)):
        both = linear @ [red, green, 0]
        seen = np.column_stack([both, both, linear @ [blue, -blue, 1]]).clip(0, 1) ** (1 / 2.2)
        assert np.abs(seen[0] - seen[1]).max() > 0.1
        assert min(np.abs(seen[2] - seen[k]).max() for k in (0, 1)) > 0.06


def test_words_say_what_a_constant_net_predicts():
    record = planted_regions(alphas=3)
    flat = [0.0, 0.4, -0.4]
    record.results[0].regions = [PackedPlanes.of(np.full((1, 9, 9), v)) for v in flat]
    view = read_view_data(record)
    texts = [view.panels[0].constant(k, view.classes) for k in range(3)]
    assert texts == ["constant: both equally likely", "constant: always versicolor", "constant: always setosa"]
    assert read_view_data(planted_regions(alphas=3)).panels[0].constant(0, view.classes) == ""


def test_tiles_are_alphas_at_which_the_regions_differ():
    record = planted_regions(alphas=20)
    lead = record.results[0].regions
    record.results[0].regions = lead[:10] + [lead[9]] * 10
    shown = shown_alphas(read_view_data(record))
    assert shown[0] == 0
    assert shown[-1] == 19
    assert len(shown) <= MOST
    assert sum(k >= 10 for k in shown) <= 2
