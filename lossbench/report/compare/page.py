"""Record -> report.html: one self-contained file that needs no network.

Its policy forbids whatever is not in the file: the style sheet and the script are allowed by their hashes, and nothing
may be loaded. Every text from data or config is escaped, by Jinja or, inside pictures, by an XML writer.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from lossbench.errors import counted
from lossbench.record import CompareRecord, LossResult
from lossbench.record.comparison import Comparison, ComparisonRow, Word
from lossbench.report import format as wording
from lossbench.report.compare.analysis.multiple_datasets import RANK_WARNING
from lossbench.report.compare.columns import shown_columns
from lossbench.report.compare.plots import PLOTS, critical_difference, sensitivity
from lossbench.report.compare.plots.plot import View, picture
from lossbench.report.compare.svg import Styles, inline_svg, theme_css
from lossbench.report.style import house_style

LARGEST = 1_400_000  # bytes of a page; pictures that no longer fit are in the PNG files

WORDS: dict[Word, str] = {
    "better": "better than the baseline, for all comparisons of its table at once at 5%",
    "worse": "worse than the baseline, for all comparisons of its table at once at 5%",
    "practically equal": "within the region of practical equivalence (ROPE) with a probability above 0.95",
    "not distinguishable": "no test tells it from the baseline on this data; that does not make it equal",
    "anecdotal": "fewer than five splits carry no conclusion, whatever the difference",
    "not compared": "the baseline has no scores of its own to compare it with",
    "unreliable": "its nets failed on more splits than chance allows of a loss that fails on at most 1 in 100",
    "same objective": "no difference of its gradients from those of another loss was found on any probe: counted once",
    "broken": "the loss is not defined on what the last activation puts out; it was run all the same",
    "diverged": "no net of it was left on any split; it counts as the worst and is never dropped",
    "failed": "it raised an error; it counts as the worst and is never dropped",
    "interrupted": "it was stopped before it had any score",
    "reference, not a loss": "a model of scikit-learn on the same splits, shown for its score and in no test",
}
_FILTERS: tuple[Callable[..., str], ...] = (
    wording.number,
    wording.interval,
    wording.p_value,
    wording.probability,
    wording.learning_rate,
    counted,
)


@dataclass(frozen=True)
class Shown:
    """A picture in the page; `svg` is empty where it no longer fitted."""

    name: str
    title: str
    caption: str
    svg: Markup


def render(record: CompareRecord, comparison: Comparison, views: Sequence[View]) -> str:
    """The whole page."""
    empty: list[list[Shown]] = [[] for _ in views]
    styles = Styles()
    with house_style():
        ranks = [_ranks(i, comparison, styles) for i in range(len(comparison.across))] if comparison.ranks else []
        by_level = [_by_level(i, comparison, styles) for i in range(len(comparison.sensitivity))]
        room = LARGEST - len(_page(record, comparison, ranks, by_level, empty, styles).encode())
        pictures = _pictures(views, styles, room)
    return _page(record, comparison, ranks, by_level, pictures, styles)


def _page(
    record: CompareRecord,
    comparison: Comparison,
    ranks: Sequence[Shown],
    by_level: Sequence[Shown],
    pictures: Sequence[Sequence[Shown]],
    styles: Styles,
) -> str:
    files = resources.files("lossbench.report") / "templates"
    css = "\n".join([theme_css(), (files / "report.css").read_text("utf-8"), styles.css()])
    script = (files / "report.js").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {write.__name__: write for write in _FILTERS}
    head, rest = _headline(comparison.sentence)
    page = environment.from_string((files / "report.html.j2").read_text("utf-8"))
    return page.render(
        record=record,
        comparison=comparison,
        head=head,
        rest=rest,
        ranks=ranks,
        rank_warning=RANK_WARNING,
        by_level=list(zip(comparison.sensitivity, by_level, strict=True)),
        default_lr=record.protocol.default_lr,
        parts=list(zip(comparison.tables, pictures, strict=True)),
        tables=record.data,
        verdicts=_verdicts(record, comparison),
        words=_used_words(comparison),
        environment=_environment(record.environment),
        shown_columns=shown_columns,
        config=yaml.safe_dump(record.config, sort_keys=False, allow_unicode=True),
        css=Markup(css),
        script=Markup(script),
        policy=_policy(css, script),
    )


def _headline(sentence: str) -> tuple[str, str]:
    """The sentence's first clause, and the rest of it."""
    ends = [end for mark in (": ", "; ") if (end := sentence.find(mark)) > 0]
    if not ends:
        return sentence, ""
    return f"{sentence[: min(ends)]}.", sentence[min(ends) + 2 :]


def _used_words(comparison: Comparison) -> dict[Word, str]:
    """The meaning of the findings that are in the page."""
    used: set[Word] = {row.word for table in comparison.tables for row in table.shown}
    used |= {row.word for found in comparison.sensitivity for row in found.rows}
    used |= {row.word for found in comparison.across for row in found.rows}
    return {word: meaning for word, meaning in WORDS.items() if word in used}


def _environment(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fact of the environment as text; versions of packages are facts of their own."""
    flat: list[tuple[str, str]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            flat += [(str(inner), str(fact)) for inner, fact in value.items()]
        elif str(value):
            flat.append((str(name), str(value)))
    return flat


def _verdicts(record: CompareRecord, comparison: Comparison) -> list[tuple[LossResult, ComparisonRow, list[str]]]:
    """Every pair that something else is to be said of: its run, its row, and the data sets that it holds for."""
    rows = {(table.data, row.loss, row.last_act): row for table in reversed(comparison.tables) for row in table.rows}
    found: dict[tuple[str, ...], tuple[LossResult, ComparisonRow, list[str]]] = {}
    for result in record.results:
        row = rows[result.data, result.loss.label, result.last_act]
        key = (result.loss.label, result.last_act, result.verdict.level, result.verdict.why, result.message)
        where = found.setdefault(key, (result, row, []))[2]
        if result.data not in where:
            where.append(result.data)
    return list(found.values())


def _policy(css: str, script: str) -> str:
    """Content-Security-Policy: nothing but this style sheet and this script."""
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (css, script)
    )
    return (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}';"
        " base-uri 'none'; form-action 'none'"
    )


def _ranks(i: int, comparison: Comparison, styles: Styles) -> Shown:
    across = comparison.across[i]
    figure = critical_difference.critical_difference(across, heading=False)
    title = "Average ranks over data sets"
    svg = inline_svg(figure, f"ranks-{i}", title, critical_difference.describe(across), styles)
    return Shown("ranks", title, critical_difference.subtitle(across), Markup(svg))


def _by_level(i: int, comparison: Comparison, styles: Styles) -> Shown:
    found = comparison.sensitivity[i]
    condition = found.condition
    figure = sensitivity.sensitivity([found], comparison.metric, heading=False)
    text = sensitivity.describe(found, comparison.metric)
    svg = inline_svg(figure, f"{condition.plot}-{i}", f"{condition.plot_title}: {found.title}", text, styles)
    return Shown(condition.plot, condition.plot_title, sensitivity.caption(condition), Markup(svg))


def _pictures(views: Sequence[View], styles: Styles, room: int) -> list[list[Shown]]:
    """Per data set its pictures; plot by plot, so that a page of many data sets has the most needed ones of each."""
    shown: list[list[Shown]] = [[] for _ in views]
    size = 0
    for plot in PLOTS:
        for i, view in enumerate(views):
            full = size > room
            figure = None if full else picture(plot, view)
            if figure is None and not full:
                continue
            title = f"{plot.title}: {view.table.title}"
            svg = "" if figure is None else inline_svg(figure, f"{plot.name}-{i}", title, plot.describe(view), styles)
            if size + len(svg) > room:
                svg, size = "", room + 1
            size += len(svg)
            shown[i].append(Shown(plot.name, plot.title, plot.caption, Markup(svg)))
    return shown
