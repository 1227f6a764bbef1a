"""Pictures: there for all there is to show, the same bytes for the same record, text never taken for anything else."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from lossbench.record import MemberRecord
from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.analysis.read_scores import read_settings
from lossbench.report.compare.plots import PLOTS
from lossbench.report.compare.plots.critical_difference import critical_difference, groups
from lossbench.report.compare.plots.matrix import _short, _standing
from lossbench.report.compare.plots.plot import View, compose, picture
from lossbench.report.compare.svg import Styles, inline_svg, standalone_svg
from lossbench.report.curves import stacked
from lossbench.report.style import COLOURS, LIGHT, house_style
from lossbench.report.train.curves import train_curves
from lossbench.report.train.files import write_train
from tests.report.compare.planted import Planted, as_training, planted_record


def view_of(record):
    return View(compare(record).tables[0], read_settings(record)[0], record.protocol)


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
    with house_style():
        text = inline_svg(picture(plot, view), "here", plot.title, plot.describe(view), styles)
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
    with house_style():
        for plot in PLOTS:
            svg = inline_svg(picture(plot, view), "x", "t", plot.describe(view), Styles())
            assert "<script" not in svg
            assert any((e.text or "").startswith(label[:20]) for e in ET.fromstring(svg).iter("text"))


def test_nothing_to_show_is_no_picture():
    record = planted_record((Planted("cross_entropy"), Planted("mine", status="failed")))
    for result in record.results:
        result.matrix, result.reliability = {}, None
    view = view_of(record)
    assert {plot.name for plot in PLOTS if plot.height(view) == 0} >= {"differences", "matrix", "calibration"}


def texts_of(plot, view):
    with house_style():
        svg = inline_svg(picture(plot, view), "x", "t", plot.describe(view), Styles())
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
def test_one_row_of_panels_has_its_labels_outside_of_them_and_below_the_title(losses):
    view = view_of(planted_record(tuple(Planted(f"l{i}") for i in range(losses)), baseline="l0"))
    plot = next(plot for plot in PLOTS if plot.name == "curves")
    with house_style():
        figure = compose(plot, [view])
        figure.draw_without_rendering()
        boxes = {t.get_text(): t.get_window_extent() for t in figure.subfigs[0].texts}
        panels = [axes.get_window_extent() for axes in figure.axes]
    label, epoch = boxes["accuracy (validation)"], boxes["epoch"]
    assert max(box.y1 for box in panels) < label.y0 < label.y1 < boxes["titanic"].y0
    assert panels[0].x0 < epoch.x0 < epoch.x1 < panels[-1].x1


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
    with house_style():
        text = standalone_svg(critical_difference(across), "ranks", "in words")
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
