"""Texts as dates: how they are written is found out, and what is found is said.

A format is one of the days' formats, with the time of day that the cells have behind it. ISO 8601 and the year in front
leave no doubt; every other format is noted. Where both orders of day and month fit with different dates, the first of
`DAYS` is taken and a warning says so. A column of which nearly every cell looks like a date, and whose cells fit no
format, is text, and a warning names the first cell that does not fit.

Whole numbers of eight digits that are all days of the calendar, like 20210103, are dates too: of ten distinct numbers
this happens by chance less than once in 10^14.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lossbench.data.infer.texts import Texts
from lossbench.data.table import Information
from lossbench.deferred import np, pd
from lossbench.errors import UserError

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

ISO, COMPACT = "ISO8601", "%Y%m%d"
PLAIN = (ISO, "%Y/%m/%d")  # the year in front: nothing to say of it
DAYS = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d-%b-%Y"),
    *("%d/%b/%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d.%m.%y", "%m/%d/%y", "%d/%m/%y"),
    "%d-%b-%y",
)
MOSTLY = 0.95  # from this share of dates on, the others are mistakes
SAMPLE = 200  # texts that a format is tried on first
FIRST_DAY, LAST_DAY = 19000101, 21001231
LEAST_DAYS = 10  # distinct numbers of eight digits

_DAY = r"\d{1,4}([-/. ])(\d{1,2}|[A-Za-z]{3,9}\.?)\1\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4}"
_TIME = r"([T ]+)\d{1,2}:\d{2}(:\d{2})?([.,]\d{1,9})?( ?[AaPp][Mm])? ?(Z|[+-]\d{2}:?\d{2})?"
_DATE = re.compile(rf"\s*(?:{_DAY})(?:{_TIME})?\s*")
_OFFSET = re.compile(r":\d{2}\S*? ?[+-]\d{2}:?\d{2}\s*$")
_TAIL = re.compile(rf"(?:{_TIME})?\s*$")


@dataclass(frozen=True)
class Dates:
    """A column that looks like dates: its values, or None where no format fits all; how it is written; notes."""

    values: pd.Series | None
    written: str
    notes: tuple[str, ...]


def find_dates(texts: Texts) -> Dates | None:
    """The dates that the texts are; None where they do not look like dates."""
    few = texts.distinct[:: len(texts.distinct) // SAMPLE + 1]
    if 2 * sum(bool(_DATE.fullmatch(text)) for text in few) < max(1, len(few)):  # free text costs little
        return None
    looks = [bool(_DATE.fullmatch(text)) for text in texts.distinct]
    if not any(looks) or texts.rows(looks) < MOSTLY * texts.rows([True] * len(looks)):
        return None
    formats = _formats([text for text, like in zip(texts.distinct, looks, strict=True) if like])
    parsed = {written: _parse(texts, written) for written in formats}
    fits = {written: when for written, when in parsed.items() if not np.isnat(when).any()}
    if not fits:
        return _unreadable(texts, parsed)
    written = next(iter(fits))
    return Dates(_at_rows(texts, fits[written]), written, _notes(texts, written, fits))


def dates_written(texts: Texts, written: str) -> pd.Series | None:
    """The column as dates of that format; None where one is not."""
    when = _parse(texts, written)
    return None if np.isnat(when).any() else _at_rows(texts, when)


def training_dates(texts: Texts, written: str) -> Dates:
    """New rows of a column that held dates in training, in the format of the training's where that is known."""
    name = texts.name
    if not written:
        found = find_dates(texts)
        if found is not None and found.values is not None:
            return found
    elif (values := dates_written(texts, written)) is not None:
        return Dates(values, written, ())
    elif written == ISO or dates_written(texts, ISO) is None:
        how = "like 2020-12-31" if written == ISO else written
        raise UserError(
            f"column {name!r} held dates written {how} in training, here it does not ({_first_wrong(texts, written)})",
            fix=f"correct it, or say how they are written: --date-format {name}=%d.%m.%Y",
        )
    else:
        note = f"column {name!r} has dates like 2020-12-31, in training they were written {written}"
        return Dates(dates_written(texts, ISO), ISO, (Information(note),))
    raise UserError(f"column {name!r} held dates in training, here it does not ({texts.first([True])})")


def requested_dates(texts: Texts, written: str) -> Dates:
    """A column whose format its user has named; a `UserError` with the first cell that is written otherwise."""
    values = dates_written(texts, written)
    if values is None:
        what = f"column {texts.name!r} is not written {written} ({_first_wrong(texts, written)})"
        raise UserError(what, fix=f"correct the cell, or the format: --date-format {texts.name}=FORMAT")
    return Dates(values, written, ())


def compact_dates(column: pd.Series) -> pd.Series | None:
    """Numbers like 20210103 as dates; None where one of them is no day of the calendar, or they are few."""
    known = column.dropna().to_numpy()
    if not len(known) or not FIRST_DAY <= float(known.min()) <= float(known.max()) <= LAST_DAY:
        return None
    distinct, place = np.unique(known.astype(np.float64), return_inverse=True)
    if len(distinct) < LEAST_DAYS or not bool(np.all(distinct == np.floor(distinct))):
        return None
    days = pd.Series(distinct.astype(np.int64)).astype(str)
    when = pd.to_datetime(days, format=COMPACT, errors="coerce").to_numpy().astype("datetime64[us]")
    if np.isnat(when).any():
        return None
    dates = np.full(len(column), np.datetime64("NaT", "us"))
    dates[column.notna().to_numpy()] = when[place]
    return pd.Series(dates, name=column.name)


def _formats(texts: Sequence[str]) -> list[str]:
    """The formats that a sample of the texts may be written in: those that fit most of it, best known first."""
    few = texts[:: len(texts) // SAMPLE + 1]
    times = {_time_format(text) for text in few}
    candidates = [ISO, *(day + time for day in DAYS for time in sorted(times))]
    sample = Texts("", np.arange(len(few)), list(few), str)
    fitting = {written: int((~np.isnat(_parse(sample, written))).sum()) for written in candidates}
    return [written for written, count in fitting.items() if count >= max(1, len(few) / 2)]


def _time_format(text: str) -> str:
    """What stands behind the day, as strptime has it: ` %H:%M`, ` %I:%M %p`."""
    found = _TAIL.search(text.strip())
    if found is None or not found[0]:
        return ""
    gap, seconds, fraction, half, zone = found.groups()
    time = f"{gap}%{'I' if half else 'H'}:%M" + (":%S" if seconds else "")
    time += (fraction[0] + "%f" if fraction else "") + (f"{half[:-2]}%p" if half else "")
    return time + ((" %z" if " " in text[found.start(5) - 1 : found.start(5)] else "%z") if zone else "")


def _parse(texts: Texts, written: str) -> NDArray[Any]:
    """Each distinct text as a date, NaT where it is written otherwise."""
    cells = pd.Series(texts.distinct, dtype="str").str.strip()
    when = pd.to_datetime(cells, format=written, utc=True, errors="coerce")
    return when.dt.tz_localize(None).to_numpy().astype("datetime64[us]")


def _at_rows(texts: Texts, when: NDArray[Any]) -> pd.Series:
    return pd.Series(np.append(when, np.datetime64("NaT", "us"))[texts.codes], name=texts.name)


def _first_wrong(texts: Texts, written: str) -> str:
    return texts.first(np.isnat(_parse(texts, written)).tolist())


def _unreadable(texts: Texts, parsed: dict[str, NDArray[Any]]) -> Dates:
    """What is said of a column that looks like dates and is none: the first cell that the best format does not fit."""
    name = texts.name
    best = min(parsed, key=lambda written: texts.rows(np.isnat(parsed[written]).tolist()), default="")
    if best:
        wrong = texts.first(np.isnat(parsed[best]).tolist())
        what = f"column {name!r} looks like dates, but not every cell is one written {_shown(best)} ({wrong})"
    else:
        what = (
            f"column {name!r} looks like dates, written in no known way ({texts.first([True] * len(texts.distinct))})"
        )
    fix = f"correct the cell, or say how they are written: --date-format {name}=%d.%m.%Y"
    return Dates(None, "", (f"{what}: read as text; {fix}",))


def _notes(texts: Texts, written: str, fits: dict[str, NDArray[Any]]) -> tuple[str, ...]:
    """How the dates were read, and why not otherwise; a warning where another order of day and month fits too."""
    if any(_OFFSET.search(text) for text in texts.distinct[:SAMPLE]):
        return (Information(f"column {texts.name!r}: times with an offset are read as UTC"),)
    if written in PLAIN:
        return ()
    note = f"column {texts.name!r} read as dates written {written}"
    others = [other for other, when in fits.items() if not np.array_equal(when, fits[written])]
    if others:
        first = "the month first" if written.startswith("%m") else "the day first"
        fix = f"say which is right: --date-format '{texts.name}={written}' or '{texts.name}={others[0]}'"
        return (f"{note}, {first}, but every cell fits {' and '.join(others)} too; {fix}",)
    swapped = written.translate(str.maketrans("dm", "md"))
    if any(swapped.startswith(day) for day in DAYS):
        wrong = np.isnat(_parse(texts, swapped)).tolist()
        note += f" ({texts.first(wrong)} cannot be {swapped})" if any(wrong) else ""
    return (Information(note),)


def _shown(written: str) -> str:
    return "like 2020-12-31" if written == ISO else written
