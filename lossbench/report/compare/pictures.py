"""The pictures of a page, each an SVG with its title, caption and description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lossbench.record.comparison import Across, Sensitivity
from lossbench.report.compare.plots import PLOTS, critical_difference, sensitivity
from lossbench.report.compare.plots.plot import View
from lossbench.report.compare.svg import Styles, inline_svg


@dataclass(frozen=True)
class Shown:
    """A picture in a page."""

    title: str
    caption: str
    svg: Markup


def pictures_of(view: View, name: str, styles: Styles) -> list[Shown]:
    """Every picture that a setting has; `name` is what the ids of its pictures end in."""
    shown = []
    for plot in PLOTS:
        drawing = plot.draw(view)
        if drawing is not None:
            title = f"{plot.title}: {view.table.title}"
            svg = inline_svg(drawing, f"{plot.name}-{name}", title, plot.describe(view), styles)
            shown.append(Shown(plot.title, plot.caption, Markup(svg)))
    return shown


def rank_pictures(across: Sequence[Across], styles: Styles) -> list[Shown]:
    """The average ranks of each."""
    title = "Average ranks over data sets"
    shown = []
    for i, found in enumerate(across):
        drawing, text = critical_difference.critical_difference(found), critical_difference.describe(found)
        svg = inline_svg(drawing, f"ranks-{i}", title, text, styles)
        shown.append(Shown(title, critical_difference.subtitle(found), Markup(svg)))
    return shown


def sensitivity_pictures(found: Sequence[Sensitivity], metric: str, styles: Styles) -> list[Shown]:
    """The panels of each."""
    shown = []
    for i, one in enumerate(found):
        condition = one.condition
        title, text = f"{condition.plot_title}: {one.title}", sensitivity.describe(one, metric)
        svg = inline_svg(sensitivity.sensitivity(one, metric), f"{condition.plot}-{i}", title, text, styles)
        shown.append(Shown(condition.plot_title, sensitivity.caption(condition), Markup(svg)))
    return shown
