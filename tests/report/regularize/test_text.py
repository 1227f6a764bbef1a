"""Every word of every picture lies on it, and on no other word, whatever a table is called."""

import itertools

import numpy as np
import pytest
from matplotlib.text import Text

from lossbench.report.regularize.frame import Frames
from lossbench.report.regularize.regularization_path import draw_path
from lossbench.report.regularize.small_multiples import draw_small_multiples
from lossbench.report.regularize.text import fitted, width_of
from lossbench.report.regularize.view_data import read_view_data
from tests.report.regularize.planted_regions import planted_regions

LONG = "the mean of the largest diameters of all cells in the sample, in micrometres, as measured twice"


def plain():
    return planted_regions(alphas=9)


def three_penalties():
    return planted_regions(alphas=9, penalties=("l1", "l2", "elasticnet"), unconverged=(3,))


def seven_long_classes():
    record = planted_regions(alphas=9, classes=7, unconverged=(2, 8))
    record.analysis.classes = [f"class number {k} with a long name {LONG}"[: 20 + 9 * k] for k in range(7)]
    record.analysis.note = "300 of 12345 train points, 200 of 5000 test points"
    record.analysis.title = "planted: 7 classes; the slice where 11 other features are at the median; " + LONG
    return record


def long_axes():
    record = planted_regions(alphas=9, penalties=("l1", "l2"))
    for axis in record.analysis.axes:
        axis.label = LONG
    record.analysis.subtitle = "MLP 2–64–64–64–64–2, relu; cross_entropy(label_smoothing=0.1) + identity; " + LONG
    return record


def scales(power):
    def make():
        record = planted_regions(alphas=9, classes=3)
        for axis in record.analysis.axes:
            axis.low, axis.high = axis.low * power, axis.high * power
        for part in record.analysis.points.values():
            part.x, part.y = (np.array(part.x) * power).tolist(), (np.array(part.y) * power).tolist()
        for member in record.results[0].members:
            path = member.path
            for key in ("data_loss", "penalty", "l1_norm", "l2_norm"):
                setattr(path, key, getattr(path, key) * power)
            path.weights = (np.array(path.weights) * power).tolist()
        return record

    return make


def frame(view):
    stage = Frames(view)
    stage.frame(3)
    for artist in stage.changing:
        artist.set_animated(False)
    return stage.figure


STORIES = {
    "plain": plain, "three penalties": three_penalties, "seven long classes": seven_long_classes,
    "long axes": long_axes, "1e12": scales(1e12), "1e-12": scales(1e-12),
}  # fmt: skip
PICTURES = {"frame": frame, "sheet": draw_small_multiples, "path": draw_path}


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("told", STORIES)
def test_all_words_are_on_the_picture_and_none_on_another(told, picture):
    figure = PICTURES[picture](read_view_data(STORIES[told]()))
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    boxes, hidden = [], _never_drawn(figure)
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden:
            box = text.get_window_extent(renderer)
            boxes.append((text.get_text(), box))
    assert len(boxes) > 10
    for text, box in boxes:
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height
        assert inside, f"{text!r} leaves the picture"
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        wide, tall = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        # A line's box has room for letters of all heights, which lines close together may share.
        assert wide < 1 or tall < 0.2 * min(a.height, b.height), f"{one!r} is written over {other!r}"


def _never_drawn(figure):
    """Labels of ticks beyond the ends of an axis, and all words of axes that are off."""
    hidden = set()
    for axes in figure.axes:
        drawn = {id(tick) for axis in (axes.xaxis, axes.yaxis) for tick in axis._update_ticks()}
        for axis in (axes.xaxis, axes.yaxis):
            for tick in axis.get_major_ticks() + axis.get_minor_ticks():
                if not axes.axison or id(tick) not in drawn:
                    hidden |= {id(tick.label1), id(tick.label2)}
    return hidden


def test_a_text_is_cut_where_it_no_longer_fits():
    assert fitted("short", 2, 8) == "short"
    cut = fitted(LONG, 1.5, 8)
    assert cut.endswith("…")
    assert LONG.startswith(cut[:-1])
    assert 1.3 < width_of(cut, 8) <= 1.5
    assert fitted("two\nlines", 2, 8) == "two lines"
