"""What a picture is: a name, a title, and how it is drawn from one data set's evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from lossbench.record import CompareProtocol
from lossbench.record.comparison import ComparisonRow, ComparisonTable
from lossbench.record.loss_profile import LossProfile
from lossbench.report.compare.analysis.scores import LossScores, SettingScores
from lossbench.report.compare.drawing import TEXT, Drawing
from lossbench.report.style import word_colour


@dataclass(frozen=True)
class View:
    """One setting: its evidence, and the runs behind it."""

    table: ComparisonTable
    setting: SettingScores
    protocol: CompareProtocol
    profiles: Sequence[LossProfile] = ()  # of the losses

    @cached_property
    def _entries(self) -> dict[str, LossScores]:
        return {entry.name: entry for entry in self.setting.entries}

    def entry(self, row: ComparisonRow) -> LossScores:
        """The runs behind a row."""
        return self._entries[row.name]

    @property
    def better_sign(self) -> int:
        """+1 where a higher score is better."""
        return self.setting.sign


@dataclass(frozen=True)
class Plot:
    """A picture that every data set of a comparison has, unless there is nothing to draw."""

    name: str  # of its file, and of its place in the page
    title: str
    caption: str
    draw: Callable[[View], Drawing | None]  # None where there is nothing to draw
    describe: Callable[[View], str]  # in words, for those who cannot see it


def note_scoreless(drawing: Drawing, x: float, y: float, row: ComparisonRow) -> None:
    """In a row of a picture, why a loss has nothing to show there."""
    note = f"× {row.word}" + (" on every split" if row.word == "diverged" else "")
    drawing.text(x, y, note, word_colour(row.word), size=TEXT - 1)
