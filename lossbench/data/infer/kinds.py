"""Infers the kind of a column from its texts: number, boolean, date or text; each inference is noted.

Gaps are empty fields, the words of `NA_WORDS` (unless they are to be kept) and what the user named. At least 95 %
numbers among the rest is a column of numbers with a mistake in it: an error that names the first bad cell. Fewer is
text. Whole numbers of one width with zeros in front, like ZIP codes, are text too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lossbench.data.infer import spelling
from lossbench.data.infer.numbers import FEW, as_gaps, as_numbers
from lossbench.data.infer.spelling import USUAL, Marks
from lossbench.data.infer.texts import Texts as _Texts
from lossbench.data.infer.texts import Understood
from lossbench.data.table import ColumnKind, Information
from lossbench.deferred import np, pd
from lossbench.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

NA_WORDS = ("NA", "N/A", "n/a", "NaN", "nan", "NULL", "Null", "null", "None", "<NA>", "#N/A", "#NA")
DATE_FORMATS = ("ISO8601", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%d %b %Y")

NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|\s*[+-]?(inf|infinity)\s*", re.IGNORECASE)
_DATE = re.compile(r"\s*\d{1,4}[-/. ](\d{1,2}|[A-Za-z]{3})[-/. ]\d{1,4}([T ].*)?\s*")


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
) -> Understood:
    """The kind of a column of texts and its values; gaps are missing.

    In a `typed` file a text is no number and no gap. A `kind` known beforehand is enforced, and so are the formats of
    dates and numbers. Raises `UserError` with the first cell that does not fit.
    """
    codes, distinct = pd.factorize(column.to_numpy(dtype=object))
    gaps = set(na) if typed else {*gap_words(keep_na_words), *na}
    texts, words = _without_gaps(_Texts(str(column.name), codes, list(distinct), place), gaps)
    known = np.array(texts.codes) >= 0
    if not known.any() and kind in (None, "number"):
        return Understood(texts.spread([]), "number")
    if kind == "text":
        return _text(texts, words, known)
    if kind == "date":
        return _as_training_dates(texts, date_format)
    if kind is None and typed:
        return _as_dates(texts) or _text(texts, words, known)
    if all(text.strip().lower() in {"true", "false"} for text in texts.distinct):
        return Understood(texts.spread([text.strip().lower() == "true" for text in texts.distinct]), "boolean")
    numbers = as_numbers(texts, marks, number_format, enforced=kind == "number")
    if numbers is not None and numbers.kind == "number" and words:
        return replace(numbers, notes=(Information(gaps_note(texts.name, words)), *numbers.notes))
    return numbers or _as_dates(texts) or _text(texts, words, known)


def gaps_note(name: str, words: Mapping[str, int]) -> str:
    """Which words of a column were taken for gaps, and how often."""
    counts = ", ".join(f"{count} x {word!r}" for word, count in words.items())
    return f"column {name!r}: read as gaps: {counts}"


def _without_gaps(texts: _Texts, gaps: set[str]) -> tuple[_Texts, dict[str, int]]:
    """The texts with gaps as -1, and how often each word (not the empty field) was taken for a gap."""
    is_gap = np.array([text.strip() in gaps for text in texts.distinct], dtype=bool)
    counts = np.bincount(texts.codes[texts.codes >= 0], minlength=len(is_gap))
    words = {texts.distinct[i]: int(counts[i]) for i in np.flatnonzero(is_gap) if texts.distinct[i].strip()}
    renumbered = np.append(np.where(is_gap, -1, np.cumsum(~is_gap) - 1), -1)
    kept = [text for text, gap in zip(texts.distinct, is_gap, strict=True) if not gap]
    return _Texts(texts.name, renumbered[texts.codes], kept, texts.place), words


def _as_dates(texts: _Texts) -> Understood | None:
    if not texts.distinct or not all(_DATE.fullmatch(text) for text in texts.distinct):
        return None
    fitting = {written: dates for written in DATE_FORMATS if (dates := _dates(texts, written)) is not None}
    if not fitting:
        return None
    written, *others = fitting
    note = f"column {texts.name!r} read as dates written {written}"
    notes: tuple[str, ...] = ()
    if others and written not in DATE_FORMATS[:2]:
        notes = (f"{note}, but they may be {' or '.join(others)}: write them like 2020-12-31 to be sure",)
    elif written not in DATE_FORMATS[:2]:
        notes = (Information(note),)
    return Understood(fitting[written], "date", notes, written)


def _as_training_dates(texts: _Texts, written: str) -> Understood:
    """Dates in the format of the training's, where that is known."""
    if not written:
        if (dates := _as_dates(texts)) is not None:
            return dates
    elif (values := _dates(texts, written)) is not None:
        return Understood(values, "date", (), written)
    elif _dates(texts, "ISO8601") is None or written == "ISO8601":
        wrong = [
            _dates(_Texts(texts.name, np.array([0]), [text], texts.place), written) is None for text in texts.distinct
        ]
        how = "like 2020-12-31" if written == "ISO8601" else written
        raise UserError(
            f"column {texts.name!r} held dates written {how} in training, here it does not ({texts.first(wrong)})",
            fix=f"correct it, or say how they are written: --date-format {texts.name}=%d.%m.%Y",
        )
    else:
        note = f"column {texts.name!r} has dates like 2020-12-31, in training they were written {written}"
        return Understood(pd.Series(_dates(texts, "ISO8601")), "date", (Information(note),), "ISO8601")
    raise UserError(f"column {texts.name!r} held dates in training, here it does not ({texts.first([True])})")


def _dates(texts: _Texts, written: str) -> pd.Series | None:
    """The column as dates of that format; None where one is not."""
    try:
        when = pd.to_datetime(pd.Series(texts.distinct, dtype="str").str.strip(), format=written, utc=True)
    except (ValueError, OverflowError):
        return None
    dates = when.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    return pd.Series(np.append(dates, np.datetime64("NaT", "us"))[texts.codes], name=texts.name)


def _text(texts: _Texts, words: dict[str, int], known: NDArray[Any]) -> Understood:
    notes = []
    if words:
        notes.append(f"{gaps_note(texts.name, words)} (--keep-na-words keeps them as words)")
    blank = [text != text.strip() for text in texts.distinct]
    if any(blank):
        note = f"column {texts.name!r}: blanks around values taken away ({texts.first(blank)})"
        joins = len({text.strip() for text in texts.distinct}) < len(texts.distinct)
        notes.append(note if joins else Information(note))
    is_number = [spelling.is_number(text) for text in texts.distinct]
    good, rows = texts.rows(is_number), int(known.sum())
    if good * 2 >= rows and good < rows:
        bad = [not number for number in is_number]
        note = f"column {texts.name!r} is taken for text: {rows - good} of {rows} cells are no numbers"
        few = len({text.strip() for text, b in zip(texts.distinct, bad, strict=True) if b}) <= FEW
        advice = f"; to read {as_gaps(texts, bad)}" if few else ""
        notes.append(f"{note} ({texts.first(bad)}){advice}")
    return Understood(texts.strings(), "text", tuple(notes))
