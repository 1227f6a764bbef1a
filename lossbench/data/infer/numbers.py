"""A column of texts as numbers: in the spelling on which its cells agree, or an error that names the first bad cell."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from lossbench.data.infer import spelling
from lossbench.data.infer.spelling import Marks, Numbers, Spelling
from lossbench.data.infer.texts import Texts, Understood
from lossbench.data.table import Information
from lossbench.errors import UserError, as_list

MOSTLY = 0.95  # from this share of numbers on, the others are mistakes
EXACT_DIGITS = 15  # whole numbers of more digits may lose some in float64
FEW = 3  # words that a message lists
CODE_DIGITS = 3  # so many digits with a zero in front are a code (01038), fewer may be a month or an hour
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")


def as_numbers(
    texts: Texts, marks: Marks, number_format: str, *, enforced: bool, trained: bool = True
) -> Understood | None:
    """The column as numbers, or as text where they are codes or too large; None where fewer than `MOSTLY` are numbers.

    `enforced`: the column held numbers in training (`trained`), in `number_format`, or the user says that it does.
    Raises `UserError` for a cell that is no number where most are, for cells that do not agree, and for a column that
    can be read in two ways.
    """
    known = Spelling.parse(number_format) if number_format else Spelling() if enforced and trained else None
    found = spelling.read_numbers(texts.distinct, marks, known)
    if found is None:
        _refuse_mistakes(texts, marks, enforced=enforced, trained=trained)
        return None
    if found.ambiguous is not None:
        raise ambiguous_number(texts.name, texts.first_at(found.oddities[spelling.AMBIGUOUS]), found.ambiguous)
    if enforced and known is not None:
        _refuse_other_unit(texts, known, found)
    whole = all(_WHOLE.fullmatch(text) for text in texts.distinct)
    if not enforced and whole:
        inexact = [_digits(text) > EXACT_DIGITS for text in texts.distinct]
        if any(inexact):
            note = f"column {texts.name!r} holds whole numbers too large to be exact ({texts.first(inexact)})"
            return Understood(texts.strings(), "text", (f"{note}: read as text",))
        if is_code([text.strip() for text in texts.distinct]):
            padded = [text.strip().startswith("0") for text in texts.distinct]
            note = f"column {texts.name!r} holds codes with zeros in front ({texts.first(padded)}): read as text"
            return Understood(texts.strings(), "text", (note,))
    plain = found.spelling == Spelling() and not found.oddities
    written = "" if plain else str(found.spelling)
    return Understood(texts.spread(found.values), "number", _spelling_notes(texts, found, marks), number_format=written)


def _spelling_notes(texts: Texts, found: Numbers, marks: Marks) -> tuple[str, ...]:
    """How numbers were read that are not plain; a warning where a decimal mark is not the file's."""
    if not found.oddities:
        return ()
    place = next(iter(found.oddities.values()))
    value = f"{found.values[place]:.15g}"
    what = " and ".join(found.oddities)
    percent = ", in percent" if found.spelling.unit == spelling.PERCENT else ""
    more = " (--thousands none to refuse)" if spelling.GROUPS in found.oddities and marks.thousands is None else ""
    note = f"column {texts.name!r} has numbers with {what}: {texts.first_at(place)} read as {value}{percent}{more}"
    is_other = spelling.COMMA in found.oddities or spelling.POINT in found.oddities
    return (note if is_other and (marks.given or marks.evident) else Information(note),)


def ambiguous_number(name: str, cell: str, readings: tuple[float, float]) -> UserError:
    """The refusal of a column whose marks may be decimal marks or thousands separators."""
    mark = "," if "," in cell.partition(": ")[2] else "."
    first, second = (f"{value:.15g}" for value in readings)
    return UserError(
        f"column {name!r} has numbers that can be read in two ways ({cell} is {first} or {second})",
        fix=f"say --thousands {mark} if the mark separates thousands, or --decimal {mark} if it is the decimal mark",
    )


def _refuse_other_unit(texts: Texts, known: Spelling, found: Numbers) -> None:
    """Raise `UserError` for percents where training had none, the other way round, and for another currency."""
    unit = found.spelling.unit
    if unit == known.unit or (spelling.PERCENT not in (unit, known.unit) and not (unit and known.unit)):
        return
    had, has = (f"the sign {one!r}" if one else "no sign" for one in (known.unit, unit))
    what = f"column {texts.name!r} held numbers with {had} in training, here they have {has} ({texts.first_at(0)})"
    raise UserError(what, fix="write them as in training")


def _refuse_mistakes(texts: Texts, marks: Marks, *, enforced: bool, trained: bool) -> None:
    """Raise `UserError` where all cells but a few are numbers in some spelling, or must be."""
    is_number = [spelling.is_number(text) for text in texts.distinct]
    rows, good = texts.rows([True] * len(is_number)), texts.rows(is_number)
    if not enforced and good < MOSTLY * rows:
        return
    bad = [not number for number in is_number]
    if not any(bad):
        _refuse_disagreement(texts, marks)
    first = texts.first(bad)
    request = "held numbers in training" if trained else "is in --numbers"
    what = request if enforced else f"is {math.floor(100 * good / rows)} % numbers"
    cells = "the cell" if texts.rows(bad) == 1 else "the cells"
    raise UserError(
        f"column {texts.name!r} {what}, but not on {first}", fix=f"correct {cells}, or read {as_gaps(texts, bad)}"
    )


def _refuse_disagreement(texts: Texts, marks: Marks) -> None:
    """Raise `UserError`: all cells are numbers, but not in one spelling that the user allows."""
    if marks.thousands is not None:
        allowed = spelling.read_numbers(texts.distinct, replace(marks, thousands=None))
        if allowed is not None and (place := allowed.oddities.get(spelling.GROUPS)) is not None:
            said = f"--thousands {marks.thousands!r}" if marks.thousands else "--thousands none"
            raise UserError(
                f"column {texts.name!r} has numbers with a thousands separator ({texts.first_at(place)})",
                fix=f"write plain numbers, or leave {said} out",
            )
    alike = spelling.commonest(texts.distinct, texts.counts())
    other = [not one for one in alike]
    raise UserError(
        f"column {texts.name!r} has numbers like {texts.distinct[alike.index(True)].strip()!r}, but not on"
        f" {texts.first(other)}",
        fix=f"write them alike, or read {as_gaps(texts, other)}",
    )


def as_gaps(texts: Texts, bad: Sequence[bool]) -> str:
    """`'?' as a gap with --na '?'`: those cells' words, or the first where they are many."""
    words = list(dict.fromkeys(text.strip() for text, b in zip(texts.distinct, bad, strict=True) if b))
    if len(words) > FEW:
        words = words[:1]
    gap = "a gap" if len(words) == 1 else "gaps"
    return f"{', '.join(map(repr, words))} as {gap} with --na {as_list(words)!r}"


def is_code(texts: Collection[str]) -> bool:
    """Whether numbers are codes: digits alone, all of one width, some with a zero in front."""
    widths = {len(text) for text in texts}
    return (
        len(widths) == 1
        and max(widths) >= CODE_DIGITS
        and any(text[0] == "0" for text in texts)
        and all(text.isdecimal() for text in texts)
    )


def _digits(text: str) -> int:
    return len(text.strip().lstrip("+-").lstrip("0"))
