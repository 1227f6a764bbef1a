"""Pictures: there for all there is to show, the same bytes for the same record, text never taken for anything else."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lossbench.record import MemberRecord
from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.analysis.read_scores import read_settings
from lossbench.report.compare.drawing import (
    TEXT,
    WIDTH,
    Area,
    Dot,
    Drawing,
    Line,
    Repeated,
    Scale,
    Text,
    inside,
)
from lossbench.report.compare.plots import PLOTS
from lossbench.report.compare.plots.critical_difference import critical_difference, groups, subtitle
from lossbench.report.compare.plots.matrix import _short, _standing
from lossbench.report.compare.plots.plot import View
from lossbench.report.compare.png import write_drawings
from lossbench.report.compare.svg import Styles, inline_svg, standalone_svg
from lossbench.report.curves import stacked
from lossbench.report.style import COLOURS, LIGHT, house_style
from lossbench.report.train.curves import train_curves
from lossbench.report.train.files import write_train
from tests.report.compare.planted import Planted, as_training, planted_record


def view_of(record):
    return View(compare(record).tables[0], read_settings(record)[0], record.protocol, record.loss_profiles)


def luminance(colour):
    channel = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("name", ["ink", "soft", "better", "worse", "broken"])
def test_text_has_the_contrast_of_wcag_aa(name, side):
    """(L1 + 0.05) / (L2 + 0.05) of relative luminances, WCAG 2.2, 1.4.3."""
    bright, dark = sorted([luminance(COLOURS[name][side]), luminance(COLOURS["paper"][side])], reverse=True)
    assert (bright + 0.05) / (dark + 0.05) >= 4.5


def test_each_colour_means_one_thing():
    assert len(set(LIGHT.values())) == len(LIGHT)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.name)
def test_a_picture_of_a_page_is_described_and_carries_no_inline_style(plot, record):
    styles = Styles()
    view = view_of(record)
    text = inline_svg(plot.draw(view), "here", plot.title, plot.describe(view), styles)
    root = ET.fromstring(text)
    assert root.attrib["role"] == "img"
    assert root.find("title").text == plot.title
    assert "focal" in root.find("desc").text
    assert "style=" not in text
    assert "http" not in text
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(set(ids)) == len(ids)
    assert all(name.startswith("here-") for name in ids)
    used = {e.attrib["href"][1:] for e in root.iter("use")}
    assert used <= set(ids)
    assert not any(colour in styles.css() for colour in LIGHT.values())


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "$\\frac{1}{0$", "a & b"])
def test_names_are_text_and_never_markup_or_formula(label):
    view = view_of(planted_record((Planted("cross_entropy"), Planted(label)), epochs=3))
    for plot in PLOTS:
        svg = inline_svg(plot.draw(view), "x", "t", plot.describe(view), Styles())
        assert "<script" not in svg
        assert any((e.text or "").startswith(label[:20]) for e in ET.fromstring(svg).iter("text"))


def test_nothing_to_show_is_no_picture():
    record = planted_record((Planted("cross_entropy"), Planted("mine", status="failed")))
    for result in record.results:
        result.matrix, result.reliability = {}, None
    view = view_of(record)
    assert {plot.name for plot in PLOTS if plot.draw(view) is None} >= {"differences", "matrix", "calibration"}


def texts_of(plot, view):
    svg = inline_svg(plot.draw(view), "x", "t", plot.describe(view), Styles())
    return [(e.text or "") for e in ET.fromstring(svg).iter("text")]


@pytest.mark.parametrize("name", ["differences", "distribution"])
def test_what_failed_or_diverged_is_shown_as_such(name):
    lost = (Planted("boom", status="failed", message="no"), Planted("wild", diverged=25))
    view = view_of(planted_record((Planted("cross_entropy"), Planted("mse"), *lost), epochs=2))
    plot = next(plot for plot in PLOTS if plot.name == name)
    texts = texts_of(plot, view)
    assert {"boom", "wild", "× failed", "× diverged on every split"} <= set(texts)
    assert "boom: failed" in plot.describe(view)


def test_a_curve_off_the_scale_says_so():
    broken = Planted("nll", gain=-0.5, spread=0.0, level="broken", last_act="relu")
    record = planted_record((Planted("cross_entropy"), broken))
    for member in record.results[1].members:
        if "val_score" in member.curves:
            member.curves["val_score"] = [0.1] * 40
    plot = next(plot for plot in PLOTS if plot.name == "curves")
    assert "0.1 to 0.1, off the scale" in texts_of(plot, view_of(record))


def test_a_loss_under_which_nothing_can_be_scored_keeps_its_column_of_dots(record):
    view = view_of(planted_record(epochs=2))
    plot = next(plot for plot in PLOTS if plot.name == "matrix")
    texts = texts_of(plot, view)
    assert texts.count("·") == 2 * 8  # two of the nine columns, none of their cells readable
    assert "mse" in texts[-9:] or "mse" in texts


@pytest.mark.parametrize("losses", [1, 2, 4])
def test_one_row_of_panels_has_its_labels_outside_of_them(losses):
    view = view_of(planted_record(tuple(Planted(f"l{i}") for i in range(losses)), baseline="l0"))
    drawing = next(plot for plot in PLOTS if plot.name == "curves").draw(view)
    at = {mark.text: mark.at for mark in drawing.marks if isinstance(mark, Text)}
    (behind,) = [mark for mark in drawing.marks if isinstance(mark, Repeated)]
    wide = max(x for line in behind.marks for x, _ in line.points)
    above, left = min(y for _, y in behind.places), min(x for x, _ in behind.places)
    right = max(x for x, _ in behind.places) + wide
    label, epoch = at["accuracy (validation)"], at["epoch"]
    assert TEXT < label[1] < at["l0"][1] - TEXT < above  # letters are at most as tall as their size
    assert left < epoch[0] < right
    assert above < epoch[1] < drawing.height


def test_no_mark_leaves_the_paper(record):
    """What reaches over an edge is cut off there: in a page by the SVG's box, in a PNG by its size."""
    view = view_of(record)
    for plot in PLOTS:
        drawing = plot.draw(view)
        for mark in drawing.marks:
            if isinstance(mark, Line | Area):
                assert all(0 <= x <= WIDTH and 0 <= y <= drawing.height for x, y in mark.points), (plot.name, mark)
            if isinstance(mark, Dot | Text):
                assert 0 <= mark.at[0] <= WIDTH
                assert 0 <= mark.at[1] <= drawing.height


def test_a_line_is_cut_where_it_leaves_its_panel():
    """By hand: from (0, 0) to (2, 2) and back to (4, 0), between 0.5 and 1 it is two slanted pieces."""
    assert inside([(0, 0), (2, 2), (4, 0)], 0.5, 1) == [[(0.5, 0.5), (1.0, 1)], [(3.0, 1), (3.5, 0.5)]]
    assert inside([(0, 0), (1, 0)], 0.5, 1) == []
    assert inside([(0, 1), (1, 1), (2, 1)], 0, 1) == [[(0, 1), (1, 1), (2, 1)]]


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (-0.043, 0.021), (812.0, 40_000.0), (1e6, 3e6), (0.00012, 0.0005)]
)
def test_ticks_are_round_inside_and_told_apart(low, high):
    ticks = Scale(low, high, 0, 100).ticks(5)
    assert 2 <= len(ticks) <= 7
    assert all(low <= value <= high for value, _ in ticks)
    assert len({text for _, text in ticks}) == len(ticks)
    for value, text in ticks:
        assert float(text.replace("−", "-")) == pytest.approx(value, rel=1e-2, abs=1e-12)  # three digits are written


def test_a_png_shows_what_the_svg_shows(tmp_path):
    """A red line's middle is where it should be, at 150 dots per inch under a title of 0.58 inches."""
    drawing = Drawing(144, [Line([(0, 72), (WIDTH, 72)], LIGHT["worse"], 2)])
    path = write_drawings([("title", "where", drawing)], tmp_path / "x.png")
    with Image.open(path) as image:
        assert image.size == (1200, round((144 / 72 + 0.58) * 150))
        column = [image.getpixel((600, y)) for y in range(image.height)]
    colour = tuple(int(LIGHT["worse"][i : i + 2], 16) for i in (1, 3, 5))
    rows = [y for y, pixel in enumerate(column) if pixel == colour]
    assert abs(np.mean(rows) - (0.58 + 1) * 150) <= 1  # half a pixel of rounding at each end
    assert 2 <= len(rows) <= 5  # 2 points are 4.2 pixels


def test_every_png_is_written(written):
    for name in ("curves", "distribution", "differences", "matrix", "lr-sensitivity", "calibration"):
        with Image.open(written / f"{name}.png") as image:
            assert image.width == 1200
            assert len(image.getcolors(1 << 20)) > 10  # something is drawn


def test_a_member_that_stopped_early_keeps_its_last_value():
    def member(curve):
        return MemberRecord(seed=0, lr=1e-3, status="ok", curves={"val_score": curve})

    got = stacked([member([1, 2, 3]), member([5, None]), member([None, None]), member([])], "val_score")
    assert got.tolist() == [[1, 2, 3], [5, 5, 5]]


def test_a_column_of_the_matrix_is_ranked_by_itself():
    assert _standing(np.array([3.0, np.nan, 100.0, 0.1])).tolist()[::2] == [0.5, 0.0]
    assert _standing(np.array([0.12701, 0.12702, 0.5])).tolist() == [1.0, 1.0, 0.0]  # all read .127


def test_a_cell_shows_three_digits_of_any_size():
    values = [0.127, 0.02014, 1.034, 206.4, -38060.0, 0.0, 2e-9]
    assert [_short(v) for v in values] == [".127", ".0201", "1.03", "206", "−4e4", ".0", "2e−9"]
    assert [_short(v) for v in (-0.127, -1.5, 0.5)] == ["−.127", "−1.50", ".500"]


def test_bars_join_every_longest_run_within_the_critical_difference():
    assert groups([1.0, 1.5, 2.4, 4.0, 4.1], 1.0) == [(0, 1), (1, 2), (3, 4)]


def test_ranks_are_drawn_without_bars_where_the_omnibus_test_kept_the_null():
    (across,) = compare(planted_record(data=("a", "b"), seed=2, epochs=3)).across
    across = across.replace(rejected=False, critical_difference=None)
    text = standalone_svg(critical_difference(across), "ranks", subtitle(across), "in words")
    root = ET.fromstring(text)
    assert "may be distinguished" in text or "no omnibus test" in text
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "prefers-color-scheme:dark" in text


def test_training_leaves_its_curves(record, tmp_path):
    result = record.results[0].model_copy(
        update={"members": [m for m in record.results[0].members if m.role == "trial"][:5]}
    )
    train = as_training(record, result)
    (path,) = write_train(train, tmp_path)
    first = path.read_bytes()
    assert write_train(train, tmp_path)[0].read_bytes() == first
    with house_style():
        assert len(train_curves(train).axes) == 2


def test_training_without_a_finite_loss_says_so_in_the_picture(record):
    lost = [m.model_copy(update={"curves": {"train_loss": [None]}}) for m in record.results[0].members[:2]]
    result = record.results[0].model_copy(update={"members": lost})
    with house_style():
        (axes,) = train_curves(as_training(record, result)).axes
    assert [text.get_text() for text in axes.texts] == ["no epoch with a finite loss"]


def test_a_loss_that_runs_away_shows_where_it_fell_below_its_floor(record):
    curves = {"train_loss": [0.7, -0.4, -30.0, -2e4, -4e9], "val_loss": [0.6, -0.5, -31.0, -2e4, -4e9]}
    members = [m.model_copy(update={"curves": curves, "best_epoch": None}) for m in record.results[0].members[:2]]
    result = record.results[0].model_copy(update={"members": members})
    with house_style():
        figure = train_curves(as_training(record, result))
        figure.canvas.draw()
    axes = figure.axes[0]
    assert axes.get_yscale() == "symlog"
    assert axes.yaxis.get_offset_text().get_text() == "", "an offset is printed over the title"
    # On a linear axis the first two epochs would be one pixel apart.
    heights = axes.transData.transform([(1, 0.7), (2, -0.4), (3, -30.0)])[:, 1]
    assert min(heights[0] - heights[1], heights[1] - heights[2]) > 5
    assert all("e+" not in tick.get_text() for tick in axes.get_yticklabels())


def test_a_picture_of_losses_has_those_of_its_axis_each_above_its_least_value():
    view = view_of(planted_record())
    found = next(profile for profile in view.profiles if profile.axis == "margin")
    one = found.model_copy(update={"value": [round(64 * v) / 64 for v in found.value]})  # differences are exact
    lower = one.model_copy(update={"value": [v - 7 for v in one.value]})
    plots = {plot.name: plot for plot in PLOTS}
    same = replace(view, profiles=[lower])
    moved = plots["losses-by-margin"].draw(same)
    assert moved == plots["losses-by-margin"].draw(replace(view, profiles=[one]))  # a constant does not train
    assert plots["losses-by-residual"].draw(same) is None
    assert f"steepest at {one.x[0]:.3g}" in plots["losses-by-margin"].describe(same)
