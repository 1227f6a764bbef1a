"""Record -> report.html and, of many settings, a page for each: self-contained files that need no network.

A page's policy forbids whatever is not in the file: the style sheet and the script are allowed by their hashes, and
nothing may be loaded. Every text from data or config is escaped, by Jinja or, inside pictures, by the SVG's writer.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from lossbench.errors import counted
from lossbench.record import CompareRecord, DataRecord, LossResult
from lossbench.record.comparison import Comparison, ComparisonRow, ComparisonTable, Sensitivity, Word
from lossbench.report import format as wording
from lossbench.report.compare.analysis.level_counts import level_counts
from lossbench.report.compare.analysis.multiple_datasets import RANK_WARNING
from lossbench.report.compare.columns import RAW_SCORE, shown_columns
from lossbench.report.compare.contents import WHOLE, headline, sensitivity_pages, setting_lines
from lossbench.report.compare.pictures import Shown, pictures_of, rank_pictures, sensitivity_pictures
from lossbench.report.compare.plots.plot import View
from lossbench.report.compare.svg import Styles
from lossbench.report.style import theme_css

_MOST_LINES = 100  # of warnings, and of names in a row, that a page lists; the record has all

WORDS: dict[Word, str] = {
    "better": "better than the baseline, for all comparisons of its table at once at 5%",
    "worse": "worse than the baseline, for all comparisons of its table at once at 5%",
    "practically equal": "within the region of practical equivalence (ROPE) with a probability above 0.95",
    "not distinguishable": "no test tells it from the baseline on this data; that does not make it equal",
    "anecdotal": "fewer than five splits carry no conclusion, whatever the difference",
    "not compared": "the baseline has no scores of its own to compare it with",
    "unreliable": "its nets failed on more splits than chance allows of a loss that fails on at most 1 in 100",
    "same objective": "its gradients equal those of another loss on every probe: the two count as one",
    "broken": "the loss is not defined on what the last activation puts out; it was run all the same",
    "diverged": "no net of it was left on any split; it counts as the worst and is never dropped",
    "failed": "it raised an error; it counts as the worst and is never dropped",
    "interrupted": "it was stopped before it had any score",
    "reference, not a loss": "a model of scikit-learn on the same splits, shown for its score and in no test",
}
_FILTERS: tuple[Callable[..., str], ...] = (
    wording.listed,
    wording.number,
    wording.interval,
    wording.p_value,
    wording.probability,
    wording.learning_rate,
    counted,
)


def whole_page(record: CompareRecord, comparison: Comparison, views: Sequence[View]) -> str:
    """Everything on one page."""
    styles = Styles()
    ranks = rank_pictures(comparison.across, styles) if comparison.ranks else []
    by_level = sensitivity_pictures(comparison.sensitivity, comparison.metric, styles)
    parts = [(view.table, pictures_of(view, str(i), styles)) for i, view in enumerate(views)]
    return _page(
        record,
        comparison,
        styles,
        sentence=comparison.sentence,
        opening=comparison.partial,
        across=comparison.across,
        ranks=ranks,
        by_level=list(zip(comparison.sensitivity, by_level, strict=True)),
        parts=parts,
        results=record.results,
        tables=record.data,
    )


def main_page(record: CompareRecord, comparison: Comparison) -> str:
    """What all settings say together, and the list of their pages."""
    styles = Styles()
    ranks = rank_pictures(comparison.across, styles) if comparison.ranks else []
    few = comparison.sensitivity if len(comparison.sensitivity) <= WHOLE else []
    by_level = sensitivity_pictures(few, comparison.metric, styles)
    names = sensitivity_pages(comparison)
    return _page(
        record,
        comparison,
        styles,
        sentence=comparison.sentence,
        opening=comparison.partial,
        across=comparison.across,
        ranks=ranks,
        by_level=list(zip(few, by_level, strict=True)),
        counts=[] if few else level_counts(comparison.sensitivity),
        settings=setting_lines(comparison),
        sensitivities=[] if few else list(zip(comparison.sensitivity, names, strict=True)),
        results=record.results,
        tables=record.data,
    )


def setting_page(
    record: CompareRecord, comparison: Comparison, view: View, results: Sequence[LossResult], data: DataRecord
) -> str:
    """The page of one of many settings: its table, its pictures, and the verdicts of its pairs."""
    styles = Styles()
    table = view.table
    return _page(
        record,
        comparison,
        styles,
        sentence=table.sentence,
        above="report.html",
        parts=[(table, pictures_of(view, "0", styles))],
        results=results,
        tables=[data],
    )


def sensitivity_page(record: CompareRecord, comparison: Comparison, found: Sensitivity, data: DataRecord) -> str:
    """The page of one condition on one of many data sets."""
    styles = Styles()
    (shown,) = sensitivity_pictures([found], comparison.metric, styles)
    return _page(
        record,
        comparison,
        styles,
        sentence=found.sentence[:1].upper() + found.sentence[1:],
        above="report.html",
        by_level=[(found, shown)],
        tables=[data],
    )


def _page(
    record: CompareRecord,
    comparison: Comparison,
    styles: Styles,
    *,
    sentence: str,
    opening: str = "",
    above: str = "",
    tables: Sequence[DataRecord],
    parts: Sequence[tuple[ComparisonTable, list[Shown]]] = (),
    by_level: Sequence[tuple[Sensitivity, Shown]] = (),
    results: Sequence[LossResult] = (),
    **lists: Any,
) -> str:
    css = "\n".join([theme_css(), _file("report.css"), styles.css()])
    script = _file("report.js")
    head, rest = headline(sentence, opening)
    whole: dict[str, Any] = {"across": [], "ranks": [], "counts": [], "settings": [], "sensitivities": []}
    shown = [table for table, _ in parts] or comparison.tables
    about = shown if parts or not by_level or not above else []
    return _template().render(
        whole
        | lists
        | {
            "record": record,
            "comparison": comparison,
            "head": head,
            "rest": rest,
            "above": above,
            "rank_warning": RANK_WARNING,
            "by_level": by_level,
            "raw_score": RAW_SCORE,
            "default_lr": record.protocol.default_lr,
            "parts": parts,
            "about": about,
            "tables": tables,
            "most": _MOST_LINES,
            "verdicts": _verdicts(results, shown),
            "words": _used_words(comparison, shown if parts or not above else [], by_level),
            "environment": _environment(record.environment),
            "shown_columns": shown_columns,
            "config": "" if above else yaml.safe_dump(record.config, sort_keys=False, allow_unicode=True),
            "css": Markup(css),
            "script": Markup(script),
            "policy": _policy(css, script),
        }
    )


@cache
def _file(name: str) -> str:
    return (resources.files("lossbench.report") / "templates" / name).read_text("utf-8")


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {write.__name__: write for write in _FILTERS}
    return environment.from_string(_file("report.html.j2"))


def _used_words(
    comparison: Comparison, tables: Sequence[ComparisonTable], by_level: Sequence[tuple[Sensitivity, Shown]]
) -> dict[Word, str]:
    """The meaning of the findings that are in the page."""
    used: set[Word] = {row.word for table in tables for row in table.shown}
    used |= {row.word for found, _ in by_level for row in found.rows}
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


def _verdicts(
    results: Sequence[LossResult], tables: Sequence[ComparisonTable]
) -> list[tuple[LossResult, ComparisonRow, list[str]]]:
    """Every pair that something else is to be said of: its run, its row, and the data sets that it holds for."""
    rows = {(table.data, row.loss, row.last_act): row for table in reversed(tables) for row in table.rows}
    found: dict[tuple[str, ...], tuple[LossResult, ComparisonRow, dict[str, None]]] = {}
    for result in results:
        row = rows[result.data, result.loss.label, result.last_act]
        key = (result.loss.label, result.last_act, result.verdict.level, result.verdict.why, result.message)
        found.setdefault(key, (result, row, {}))[2][result.data] = None
    return [(result, row, list(where)) for result, row, where in found.values()]


def _policy(css: str, script: str) -> str:
    """Content-Security-Policy: nothing but this style sheet and this script."""
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (css, script)
    )
    return (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}';"
        " base-uri 'none'; form-action 'none'"
    )
