"""Infers the kind of a column from its texts: number, boolean, date or text; each inference is noted.

Gaps are empty fields, the words of `NA_WORDS` (unless they are to be kept) and what the user named. At least 95 %
numbers among the rest is a column of numbers with a mistake in it: an error that names the first bad cell. Fewer is
text. Whole numbers of one width with zeros in front, like ZIP codes, are text too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lossbench.data.infer import spelling
from lossbench.data.infer.dates import find_dates, requested_dates, training_dates
from lossbench.data.infer.numbers import FEW, as_gaps, as_numbers
from lossbench.data.infer.spelling import USUAL, Marks
from lossbench.data.infer.texts import Texts, Understood
from lossbench.data.table import ColumnKind, Information
from lossbench.deferred import np, pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

NA_WORDS = ("NA", "N/A", "n/a", "NaN", "nan", "NULL", "Null", "null", "None", "<NA>", "#N/A", "#NA")

NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|\s*[+-]?(inf|infinity)\s*", re.IGNORECASE)
_MEASURED = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*([^\W\d_][^\d\s]{0,9}|°\w?)\s*")  # 0.095 mg, 7km/h


def gap_words(keep_na_words: bool) -> tuple[str, ...]:
    """The texts that are gaps, beside what the user names."""
    return ("",) if keep_na_words else ("", *NA_WORDS)


def understand(
    column: pd.Series,
    place: Callable[[int], str],
    *,
    marks: Marks = USUAL,
    na: Sequence[str] = (),
    keep_na_words: bool = False,
    typed: bool = False,
    kind: ColumnKind | None = None,
    date_format: str = "",
    number_format: str = "",
    trained: bool = True,
) -> Understood:
    """The kind of a column of texts and its values; gaps are missing.

    In a `typed` file a text is no number and no gap. With `keep_na_words` NA and the like are words, but for columns
    that without them are numbers, dates or truth values: there they can only be gaps. A `kind` known beforehand is
    enforced, and so are the formats of dates and numbers: they are those of training (`trained`), or the user's
    request. Raises `UserError` with the first cell that does not fit.
    """
    if keep_na_words and not typed and kind != "text":
        other = understand(
            column,
            place,
            marks=marks,
            na=na,
            kind=kind,
            date_format=date_format,
            number_format=number_format,
            trained=trained,
        )
        if other.kind != "text" and other.values.notna().any():
            return other
    codes, distinct = pd.factorize(column.to_numpy(dtype=object))
    gaps = set(na) if typed else {*gap_words(keep_na_words), *na}
    texts, words = _without_gaps(Texts(str(column.name), codes, list(distinct), place), gaps)
    known = np.array(texts.codes) >= 0
    if not known.any() and kind in (None, "number"):
        return Understood(texts.spread([]), "number")
    if kind == "text":
        return _text(texts, words, known)
    if kind == "date":
        dates = training_dates(texts, date_format) if trained else requested_dates(texts, date_format)
        return Understood(pd.Series(dates.values), "date", dates.notes, dates.written)
    if not (kind is None and typed):
        if all(text.strip().lower() in {"true", "false"} for text in texts.distinct):
            return Understood(
                texts.spread([text.strip().lower() == "true" for text in texts.distinct]), kind or "boolean"
            )
        numbers = as_numbers(texts, marks, number_format, enforced=kind == "number", trained=trained)
        if numbers is not None and numbers.kind == "number" and words:
            return replace(numbers, notes=(Information(gaps_note(texts.name, words)), *numbers.notes))
        if numbers is not None:
            return numbers
    found = find_dates(texts)
    if found is not None and found.values is not None:
        return Understood(found.values, "date", found.notes, found.written)
    text = _text(texts, words, known)
    return text if found is None else replace(text, notes=(*text.notes, *found.notes))


def gaps_note(name: str, words: Mapping[str, int]) -> str:
    """Which words of a column were taken for gaps, and how often."""
    counts = ", ".join(f"{count} x {word!r}" for word, count in words.items())
    return f"column {name!r}: read as gaps: {counts}"


def _without_gaps(texts: Texts, gaps: set[str]) -> tuple[Texts, dict[str, int]]:
    """The texts with gaps as -1, and how often each word (not the empty field) was taken for a gap."""
    is_gap = np.array([text.strip() in gaps for text in texts.distinct], dtype=bool)
    counts = np.bincount(texts.codes[texts.codes >= 0], minlength=len(is_gap))
    words = {texts.distinct[i]: int(counts[i]) for i in np.flatnonzero(is_gap) if texts.distinct[i].strip()}
    renumbered = np.append(np.where(is_gap, -1, np.cumsum(~is_gap) - 1), -1)
    kept = [text for text, gap in zip(texts.distinct, is_gap, strict=True) if not gap]
    return Texts(texts.name, renumbered[texts.codes], kept, texts.place), words


def _text(texts: Texts, words: dict[str, int], known: NDArray[Any]) -> Understood:
    notes = []
    if words:
        notes.append(f"{gaps_note(texts.name, words)} (--keep-na-words keeps them as words)")
    blank = [text != text.strip() for text in texts.distinct]
    if any(blank):
        note = f"column {texts.name!r}: spaces around values removed ({texts.first(blank)})"
        joins = len({text.strip() for text in texts.distinct}) < len(texts.distinct)
        notes.append(note if joins else Information(note))
    is_number = [spelling.is_number(text) for text in texts.distinct]
    good, rows = texts.rows(is_number), int(known.sum())
    if good * 2 >= rows and good < rows:
        bad = [not number for number in is_number]
        note = f"column {texts.name!r} is read as text: {rows - good} of {rows} cells are no numbers"
        few = len({text.strip() for text, b in zip(texts.distinct, bad, strict=True) if b}) <= FEW
        advice = f"; to read {as_gaps(texts, bad)}" if few else ""
        notes.append(f"{note} ({texts.first(bad)}){advice}")
    if unit := _unit(texts.distinct):
        what = (
            f"column {texts.name!r} holds numbers with the unit {unit!r} ({texts.first([True] * len(texts.distinct))})"
        )
        notes.append(f"{what}: read as text; write plain numbers")
    return Understood(texts.strings(), "text", tuple(notes))


def _unit(texts: Collection[str]) -> str:
    """The unit behind the number of each text, as `mg` of `0.095 mg`; "" where they are fewer than two or have none."""
    unit = ""
    for text in texts:
        match = _MEASURED.fullmatch(text)
        if match is None or match[1] != (unit or match[1]):
            return ""
        unit = match[1]
    return unit if len(texts) > 1 else ""
