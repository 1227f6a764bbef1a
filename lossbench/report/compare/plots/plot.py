"""What a picture is: a name, a title, how tall it is and how it is drawn from one data set's evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from lossbench.record import CompareProtocol
from lossbench.record.comparison import ComparisonRow, ComparisonTable
from lossbench.report.compare.analysis.scores import LossScores, SettingScores
from lossbench.report.style import LIGHT, TEXT, TITLE, new_figure, title, word_colour

_MOST = 12  # data sets in one PNG


@dataclass(frozen=True)
class View:
    """One setting: its evidence, and the runs behind it."""

    table: ComparisonTable
    setting: SettingScores
    protocol: CompareProtocol

    def entry(self, row: ComparisonRow) -> LossScores:
        """The runs behind a row."""
        return next(entry for entry in self.setting.entries if entry.name == row.name)

    @property
    def better_sign(self) -> int:
        """+1 where a higher score is better."""
        return self.setting.sign


@dataclass(frozen=True)
class Plot:
    """A picture that every data set of a comparison has, unless `height` is 0 for it."""

    name: str  # of its file, and of its place in the page
    title: str
    caption: str
    height: Callable[[View], float]  # inches; 0 where there is nothing to draw
    draw: Callable[[FigureBase, View, float], None]
    describe: Callable[[View], str]  # in words, for those who cannot see it


def compose(plot: Plot, views: Sequence[View]) -> Figure | None:
    """One picture of all data sets, below one another; None where there is nothing to draw."""
    drawable = [(view, height) for view in views if (height := plot.height(view)) > 0]
    if not drawable:
        return None
    shown = drawable[:_MOST]
    figure = new_figure(sum(height for _, height in shown))
    parts = figure.subfigures(len(shown), 1, height_ratios=[height for _, height in shown], squeeze=False)[:, 0]
    for part, (view, height) in zip(parts, shown, strict=True):
        title(part, plot.title, view.table.title, height)
        plot.draw(part, view, height)
    if len(drawable) > len(shown):
        note = f"The first {len(shown)} of {len(drawable)} data sets; report.html has the others."
        figure.text(0.02, 0.002, note, color=LIGHT["soft"])
    return figure


def picture(plot: Plot, view: View) -> Figure | None:
    """The picture of one data set, without a title: a page has its own."""
    height = plot.height(view)
    if height <= 0:
        return None
    figure = new_figure(height - TITLE + 0.2)
    figure.patch.set_visible(False)
    plot.draw(figure, view, height - TITLE + 0.2)
    return figure


def note_scoreless(axes: Axes, y: int, row: ComparisonRow) -> None:
    """In a row of a picture, why a loss has nothing to show there."""
    note = f"× {row.word}" + (" on every split" if row.word == "diverged" else "")
    axes.text(
        0.01, y, note, transform=axes.get_yaxis_transform(), ha="left", va="center", size=TEXT - 1,
        color=word_colour(row.word),
    )  # fmt: skip
