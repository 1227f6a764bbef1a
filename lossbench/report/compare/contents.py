"""How a comparison is laid out: on one page, or a page for each setting under one that lists them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lossbench.record.comparison import Comparison, ComparisonTable
from lossbench.report.format import number

# Up to so many settings one page has everything: with 25 losses each it has 1 MB, and the conclusion still goes through
# them one by one. A PNG has as many below one another.
WHOLE = 6
FIRST = 3  # settings that a terminal shows of more than that
FOLDER = "pages"
_LONGEST = 80  # characters of a page's name; file systems hold 255 bytes


@dataclass(frozen=True)
class SettingLine:
    """A setting in one line of the list of all."""

    title: str
    page: str  # its address, from the main page
    data: str
    first: str  # the loss that ranks first
    score: float | None  # of that loss
    score_text: str
    better: int  # losses that are better than the baseline
    worse: int
    says: str  # the first clause of its sentence
    missing: int  # evaluations that are not done


def is_whole(comparison: Comparison) -> bool:
    """Whether everything stands on one page."""
    return len(comparison.tables) <= WHOLE


def page_names(titles: Sequence[str]) -> list[str]:
    """A file's name for each title: letters, digits, dots and dashes, different even where case is ignored."""
    used: set[str] = set()
    names = []
    for title in titles:
        stem = re.sub(r"[^A-Za-z0-9_.]+", "-", title.replace("%", "pct")).strip("-.")[:_LONGEST] or "setting"
        name, count = stem, 1
        while name.lower() in used:
            count += 1
            name = f"{stem}-{count}"
        used.add(name.lower())
        names.append(name)
    return names


def setting_pages(comparison: Comparison) -> list[str]:
    """The name of each setting's page."""
    return page_names([table.title for table in comparison.tables])


def sensitivity_pages(comparison: Comparison) -> list[str]:
    """The name of each sensitivity's page; none is that of a setting."""
    titles = [f"{found.title} by {found.condition.label}" for found in comparison.sensitivity]
    return page_names([*(table.title for table in comparison.tables), *titles])[len(comparison.tables) :]


def setting_lines(comparison: Comparison) -> list[SettingLine]:
    """A line for each setting."""
    return [
        _line(table, f"{FOLDER}/{name}.html", comparison.metric)
        for table, name in zip(comparison.tables, setting_pages(comparison), strict=True)
    ]


def _line(table: ComparisonTable, page: str, metric: str) -> SettingLine:
    first = next((row for row in table.rows if row.rank == 1), None)
    return SettingLine(
        title=table.title,
        page=page,
        data=table.data,
        first=first.name if first else "–",
        score=first.mean if first else None,
        score_text=number(first.mean if first else None, table.decimals),
        better=sum(row.word == "better" for row in table.rows),
        worse=sum(row.word == "worse" for row in table.rows),
        says=headline(table.sentence)[0].removeprefix(f"On {table.title}, by {metric}, ").removeprefix("On "),
        missing=len(table.missing),
    )


def headline(sentence: str, opening: str = "") -> tuple[str, str]:
    """The sentence's first clause, and the rest of it; `opening` stands before it and counts as a part of it."""
    rest = sentence.removeprefix(opening)
    begun = sentence[: len(sentence) - len(rest)]
    ends = [end for mark in (": ", "; ") if (end := rest.find(mark)) > 0]
    if not ends:
        return sentence, ""
    return f"{begun}{rest[: min(ends)]}.", rest[min(ends) + 2 :]
