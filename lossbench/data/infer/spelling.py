"""Reads numbers as people write them: `1.960,29`, `1 960`, `$5`, `65.3 %`, `(123)` for -123.

A column has one spelling, on which all its cells agree. Where two fit and mean different numbers (`1,500` is 1.5 or
1500), nothing is guessed: what the user said decides, then what the rest of the file shows, else the column is
`ambiguous`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

THOUSANDS = (",", ".", " ", "'", "_")
CURRENCIES = "$€£¥₹₽₩₺₪₴₫฿₦₱₡₲₵₸₼₾¢¤"
PERCENT = "%"

_ALIKE = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "’": "'", "\u2212": "-"})
_PARTS = re.compile(
    rf"(?P<open>\()?\s*(?P<outer>[+-])?\s*(?P<before>[{CURRENCIES}%])?\s*(?P<inner>[+-])?\s*"
    r"(?P<body>\d[\d.,' _]*|[.,]\d+)(?P<exponent>[eE][+-]?\d+)?"
    rf"\s*(?P<after>[{CURRENCIES}%])?\s*(?(open)\))"
)
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_STORED = re.compile(rf"(?P<before>[{CURRENCIES}])?1(?P<thousands>[.,' _]?)000(?P<decimal>[.,])0(?P<after>%)?")
_GROUPED = {mark: re.compile(rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+") for mark in THOUSANDS}


@dataclass(frozen=True)
class Spelling:
    """How the numbers of a column are written: the decimal mark, the thousands separator ("": none), and $ or %."""

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    def __str__(self) -> str:
        """One thousand in this spelling, like `$1,000.0`: what `parse` reads."""
        before, after = ("", self.unit) if self.unit == PERCENT else (self.unit, "")
        return f"{before}1{self.thousands}000{self.decimal}0{after}"

    @classmethod
    def parse(cls, text: str) -> Spelling:
        """The spelling that is written so; `ValueError` for another text."""
        found = _STORED.fullmatch(text)
        if found is None or found["thousands"] == found["decimal"]:
            raise ValueError(f"{text!r} is not one thousand, as 1000.0 or 1.000,0")
        return cls(found["decimal"], found["thousands"], found["before"] or found["after"] or "")

    def fits(self, body: str) -> bool:
        """Whether digits with marks (no sign, no unit) are a number in this spelling."""
        return _body(self.decimal, self.thousands).fullmatch(body) is not None

    def value(self, part: _Part) -> float:
        """The number that fits."""
        body = part.body.replace(self.thousands, "") if self.thousands else part.body
        number = float(body.replace(self.decimal, ".") + part.exponent)
        return -number if part.negative else number


@cache
def _body(decimal: str, thousands: str) -> re.Pattern[str]:
    plain = rf"\d+(?:{re.escape(decimal)}\d*)?|{re.escape(decimal)}\d+"
    grouped = rf"|{_GROUPED[thousands].pattern}(?:{re.escape(decimal)}\d+)?" if thousands else ""
    return re.compile(plain + grouped)


_SPELLINGS = [Spelling(d, t) for t in ("", *THOUSANDS) for d in (".", ",") if d != t]


@dataclass(frozen=True)
class Marks:
    """What is known of a file's numbers before a column is looked at.

    `given`: the user said the decimal mark. `evident`: some number in the file can only have this one. `thousands`:
    the user's separator, "" for none, None to find out.
    """

    decimal: str = "."
    thousands: str | None = None
    given: bool = False
    evident: bool = False


USUAL = Marks()


@dataclass(frozen=True)
class _Part:
    """A text taken apart: `$(1,234)` has the body `1,234`, the unit `$`, and is negative."""

    body: str
    negative: bool
    unit: str
    exponent: str
    oddity: str = ""


@dataclass(frozen=True)
class Numbers:
    """The numbers of all texts, their spelling, and the oddities in it, each with the first text that has it.

    `ambiguous` are the two numbers that the text at `oddities[AMBIGUOUS]` may be.
    """

    values: list[float]
    spelling: Spelling
    oddities: dict[str, int] = field(default_factory=dict)
    ambiguous: tuple[float, float] | None = None


AMBIGUOUS = "an ambiguous mark"
GROUPS = "a thousands separator"
COMMA, POINT = "a decimal comma", "a decimal point"
CURRENCY, SHARE = "a currency sign", "a percent sign"


def read_numbers(texts: Sequence[str], marks: Marks, known: Spelling | None = None) -> Numbers | None:
    """Every text as a number, in the one spelling that fits all; None where none does.

    `known` is the spelling of the same column in training: where it fits, it is the one.
    """
    found: list[_Part] = []
    for text in texts:
        if (part := _part(text)) is None:
            return None
        found.append(part)
    if len({part.unit for part in found if part.body}) > 1:
        return None
    bodies = [part.body for part in found]
    fitting = [one for one in _candidates(bodies, marks) if all(one.fits(body) for body in bodies if body)]
    if not fitting:
        return None
    chosen = fitting[0] if len(fitting) == 1 else _decide(fitting, bodies, marks, known)
    unit = next((part.unit for part in found if part.unit), "")
    sure = chosen or fitting[0]
    values = [sure.value(part) if part.body else float(part.exponent) for part in found]
    oddities = _oddities(found, sure, marks)
    if chosen is not None:
        return Numbers(values, Spelling(sure.decimal, sure.thousands, unit), oddities)
    place = next(
        i for i, body in enumerate(bodies) if fitting[0].value(found[i]) != fitting[1].value(found[i]) and body
    )
    both = fitting[0].value(found[place]), fitting[1].value(found[place])
    return Numbers(values, Spelling(sure.decimal, sure.thousands, unit), {AMBIGUOUS: place}, both)


def _part(text: str) -> _Part | None:
    if text[:1].isalpha() and text[:1] not in "iI":  # most words; infinity is a number
        return None
    alike = (text if text.isascii() else text.translate(_ALIKE)).strip()
    match = _PARTS.fullmatch(alike)
    if match is None:
        infinite = _INFINITE.fullmatch(alike)
        return _Part("", False, "", alike) if infinite else None
    signs = (match["outer"] or "") + (match["inner"] or "")
    units = (match["before"] or "") + (match["after"] or "")
    if len(signs) + bool(match["open"]) > 1 or len(units) > 1:
        return None
    oddity = "parentheses for a minus" if match["open"] else "the minus sign U+2212" if "\u2212" in text else ""
    negative = bool(match["open"]) or signs == "-"
    return _Part(match["body"].strip(), negative, units, match["exponent"] or "", oddity)


def _candidates(bodies: Sequence[str], marks: Marks) -> list[Spelling]:
    """Spellings with the marks that occur, decimal marks first; those that the user ruled out are not among them."""
    used = {char for body in bodies for char in body if not char.isdigit()}
    points, groups = used & {".", ","}, used - {".", ","}
    if groups:
        pairs = [(point, group) for group in groups for point in sorted(points) or [marks.decimal]]
    elif len(points) == 1:
        mark, other = (".", ",") if points == {"."} else (",", ".")
        pairs = [(mark, ""), (other, mark)]
    else:
        pairs = [(".", ","), (",", ".")] if points else [(marks.decimal, "")]
    return [Spelling(d, t) for d, t in pairs if not t or marks.thousands in (None, t)]


def _decide(
    fitting: Sequence[Spelling], bodies: Sequence[str], marks: Marks, known: Spelling | None
) -> Spelling | None:
    """The spelling that is meant of those that fit; None where that cannot be known."""
    if marks.thousands:
        return next((one for one in fitting if one.thousands == marks.thousands), fitting[0])
    by_decimal = {one.decimal: one for one in fitting}
    if marks.given or known is not None:
        return by_decimal[marks.decimal if marks.given else (known or Spelling()).decimal]
    if all(one.thousands for one in fitting):  # 1,960 beside 1.960
        return None
    decimal = fitting[0]  # the other one has its mark as thousands separator
    grouped = looks_grouped(bodies, decimal.decimal)
    if decimal.decimal != marks.decimal:
        return by_decimal[marks.decimal] if marks.evident or grouped else None
    return None if grouped else decimal


def looks_grouped(bodies: Sequence[str], mark: str) -> bool:
    """Whether the mark may part thousands although it is the file's decimal mark: 1.277 and 6.162 beside 300.

    Every number that has the mark has three digits behind it and one to three, not beginning with 0, before it; some
    number has none, and none without it has four digits. Decimals with three digits are all written with the mark.
    """
    known = [body for body in bodies if body]
    marked = [mark in body for body in known]
    return any(marked) and not all(marked) and all(has_groups(body, mark) for body in known)


def has_groups(body: str, mark: str) -> bool:
    """Whether digits are grouped by the mark, or too few to be."""
    return bool(_GROUPED[mark].fullmatch(body)) if mark in body else len(body) <= 3 and body.isdecimal()


def _oddities(parts: Sequence[_Part], spelling: Spelling, marks: Marks) -> dict[str, int]:
    """What a user should know was read, with the first text that shows it."""
    found: dict[str, int] = {}
    for i, part in enumerate(parts):
        if spelling.thousands and spelling.thousands in part.body:
            found.setdefault(GROUPS, i)
        elif spelling.decimal != marks.decimal and spelling.decimal in part.body:
            found.setdefault(COMMA if spelling.decimal == "," else POINT, i)
        if part.unit:
            found.setdefault(SHARE if part.unit == PERCENT else CURRENCY, i)
        if part.oddity:
            found.setdefault(part.oddity, i)
    return found


def is_number(text: str) -> bool:
    """Whether a text is a number in some spelling."""
    part = _part(text)
    return part is not None and (not part.body or any(one.fits(part.body) for one in _SPELLINGS))


def commonest(texts: Sequence[str], counts: Sequence[int]) -> list[bool]:
    """Of texts that are numbers, but in no common spelling: which have the spelling and the unit of the most rows."""
    parts = [_part(text) for text in texts]
    best, most = [False] * len(texts), -1
    for unit in {part.unit for part in parts if part is not None}:
        for spelling in _SPELLINGS:
            fits = [
                part is not None and part.unit == unit and (not part.body or spelling.fits(part.body)) for part in parts
            ]
            rows = sum(count for count, fit in zip(counts, fits, strict=True) if fit)
            if rows > most:
                best, most = fits, rows
    return best
