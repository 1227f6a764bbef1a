"""What kind of column is it? From its texts: number, boolean, date, or text; never by a guess that goes unsaid.

Gaps are empty fields, the words of `NA_WORDS` (unless they are to be kept) and what the user named. At least 95 %
numbers among the rest is a column of numbers with a mistake in it: an error that names the first bad cell. Fewer is
text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lossbench.data.table import Kind
from lossbench.deferred import np, pd
from lossbench.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

NA_WORDS = ("NA", "N/A", "n/a", "NaN", "nan", "NULL", "Null", "null", "None", "<NA>", "#N/A", "#NA")
MOSTLY = 0.95  # from this share of numbers on, the others are mistakes
EXACT_DIGITS = 15  # whole numbers of more digits may lose some in float64
DATE_FORMATS = ("ISO8601", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%d %b %Y")

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|\s*[+-]?(inf|infinity)\s*", re.IGNORECASE)
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_DATE = re.compile(r"\s*\d{1,4}[-/. ](\d{1,2}|[A-Za-z]{3})[-/. ]\d{1,4}([T ].*)?\s*")
_WRITTEN = {  # numbers as people write them
    "a thousands separator": re.compile(r"\s*[+-]?\d{1,3}([, '_]\d{3})+(\.\d+)?\s*"),
    "a decimal comma": re.compile(r"\s*[+-]?\d+,\d+\s*"),
    "a percent sign": re.compile(r"\s*[+-]?\d+([.,]\d+)?\s*%\s*"),
    "a currency sign": re.compile(r"\s*[+-]?\s*[$€£¥]\s*[+-]?\d[\d,.]*\s*|\s*[+-]?\d[\d,.]*\s*[$€£¥]\s*"),
}


def gap_words(keep_na_words: bool) -> tuple[str, ...]:
    """The texts that are gaps, beside what the user names."""
    return ("",) if keep_na_words else ("", *NA_WORDS)


@dataclass(frozen=True)
class Understood:
    """A column with its kind, and what a user should know of it."""

    values: pd.Series
    kind: Kind
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Texts:
    """The texts of a column by their distinct values: `codes` [N] into `distinct`, -1 for a gap."""

    name: str
    codes: NDArray[Any]
    distinct: list[str]
    place: Callable[[int], str]

    def first(self, which: Sequence[bool]) -> str:
        """Place and value of the first cell whose text is among those: `line 7: '1,234'`."""
        chosen = np.append(np.array(which, dtype=bool), False)
        row = int(np.flatnonzero(chosen[self.codes])[0])
        return f"{self.place(row)}: {self.distinct[self.codes[row]]!r}"

    def rows(self, which: Sequence[bool]) -> int:
        """How many cells have one of those texts."""
        chosen = np.append(np.array(which, dtype=bool), False)
        return int(np.count_nonzero(chosen[self.codes]))

    def spread(self, values: Sequence[float]) -> pd.Series:
        """A number for each distinct text, at every row that has it; NaN for gaps."""
        return pd.Series(np.append(np.array(values, dtype=np.float64), np.nan)[self.codes], name=self.name)


def understand(
    column: pd.Series,
    place: Callable[[int], str],
    *,
    decimal: str = ".",
    na: Sequence[str] = (),
    keep_na_words: bool = False,
    typed: bool = False,
    kind: Kind | None = None,
) -> Understood:
    """The kind of a column of texts and its values; gaps are missing.

    In a `typed` file a text is no number and no gap. A `kind` known beforehand is enforced. Raises `UserError` with
    the first cell that does not fit.
    """
    codes, distinct = pd.factorize(column.to_numpy(dtype=object))
    gaps = set(na) if typed else {*gap_words(keep_na_words), *na}
    texts, words = _without_gaps(_Texts(str(column.name), codes, list(distinct), place), gaps)
    known = np.array(texts.codes) >= 0
    if not known.any() and kind in (None, "number"):
        return Understood(texts.spread([]), "number")
    if kind == "text":
        return _text(texts, words, known)
    if kind is None and typed:
        return _as_dates(texts) or _text(texts, words, known)
    if kind == "date":
        dates = _as_dates(texts)
        if dates is None:
            raise UserError(f"column {texts.name!r} held dates in training, here it does not ({texts.first([True])})")
        return dates
    if all(text.strip().lower() in {"true", "false"} for text in texts.distinct):
        return Understood(texts.spread([text.strip().lower() == "true" for text in texts.distinct]), "boolean")
    numbers = _as_numbers(texts, decimal, enforced=kind == "number")
    return numbers or _as_dates(texts) or _text(texts, words, known)


def _without_gaps(texts: _Texts, gaps: set[str]) -> tuple[_Texts, dict[str, int]]:
    """The texts with gaps as -1, and how often each word (not the empty field) was taken for a gap."""
    is_gap = np.array([text.strip() in gaps for text in texts.distinct], dtype=bool)
    counts = np.bincount(texts.codes[texts.codes >= 0], minlength=len(is_gap))
    words = {texts.distinct[i]: int(counts[i]) for i in np.flatnonzero(is_gap) if texts.distinct[i].strip()}
    renumbered = np.append(np.where(is_gap, -1, np.cumsum(~is_gap) - 1), -1)
    kept = [text for text, gap in zip(texts.distinct, is_gap, strict=True) if not gap]
    return _Texts(texts.name, renumbered[texts.codes], kept, texts.place), words


def _as_numbers(texts: _Texts, decimal: str, *, enforced: bool) -> Understood | None:
    swap = str.maketrans({decimal: ".", ".": decimal})  # under a decimal comma, a point is no decimal mark
    point = [text.translate(swap) for text in texts.distinct]
    is_number = [bool(_NUMBER.fullmatch(text)) for text in point]
    rows = texts.rows([True] * len(point))
    good = texts.rows(is_number)
    if good == rows:
        inexact = [_digits(text) > EXACT_DIGITS for text in point]
        if not enforced and any(inexact) and all(_WHOLE.fullmatch(text) for text in point):
            note = f"column {texts.name!r} holds whole numbers too large to be exact ({texts.first(inexact)})"
            return Understood(_strings(texts), "text", (f"{note}: taken for text",))
        return Understood(texts.spread([float(text) for text in point]), "number")
    bad = [not good for good in is_number]
    for what, pattern in _WRITTEN.items():
        written = [b and bool(pattern.fullmatch(text)) for b, text in zip(bad, texts.distinct, strict=True)]
        if any(written) and texts.rows(written) + good >= MOSTLY * rows:
            fix = "write plain numbers" + (", or choose --decimal ," if what == "a decimal comma" else "")
            raise UserError(f"column {texts.name!r} has numbers with {what} ({texts.first(written)})", fix=fix)
    if enforced or good >= MOSTLY * rows:
        first = texts.first(bad)
        share = math.floor(100 * good / rows)
        raise UserError(
            f"column {texts.name!r} is {share} % numbers, but not on {first}",
            fix=f"mend the cell, or read it as a gap with --na {texts.distinct[bad.index(True)].strip()!r}",
        )
    return None


def _digits(text: str) -> int:
    return len(text.strip().lstrip("+-").lstrip("0"))


def _as_dates(texts: _Texts) -> Understood | None:
    if not texts.distinct or not all(_DATE.fullmatch(text) for text in texts.distinct):
        return None
    for written in DATE_FORMATS:
        try:
            when = pd.to_datetime(pd.Series(texts.distinct, dtype="str").str.strip(), format=written, utc=True)
        except (ValueError, OverflowError):
            continue
        dates = when.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
        values = np.append(dates, np.datetime64("NaT", "us"))[texts.codes]
        notes = () if written in DATE_FORMATS[:2] else (f"column {texts.name!r} read as dates written {written}",)
        return Understood(pd.Series(values, name=texts.name), "date", notes)
    return None


def _strings(texts: _Texts) -> pd.Series:
    values = np.array([*texts.distinct, None], dtype=object)[texts.codes]
    return pd.Series(values, dtype="str", name=texts.name)


def _text(texts: _Texts, words: dict[str, int], known: NDArray[Any]) -> Understood:
    notes = []
    if words:
        counts = ", ".join(f"{count} x {word!r}" for word, count in words.items())
        notes.append(f"column {texts.name!r}: read as gaps: {counts} (--keep-na-words keeps them as words)")
    is_number = [bool(_NUMBER.fullmatch(text)) for text in texts.distinct]
    good, rows = texts.rows(is_number), int(known.sum())
    if good * 2 >= rows and good < rows:
        first = texts.first([not number for number in is_number])
        notes.append(f"column {texts.name!r} is taken for text: {rows - good} of {rows} cells are no numbers ({first})")
    return Understood(_strings(texts), "text", tuple(notes))
