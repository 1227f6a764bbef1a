"""Values that probably mean a gap and were not read as one: words like `?`, and numbers like -999.

A word is one that people write for a gap, or the only word in a column of numbers. A number is one that people write
for a gap (-999, 9999, -200), or any whole number, that comes at least twice and lies far from all others of its column:
by more than their range, or by more than five times their range where it is no usual one. The columns with the same
value share a sentence. Nothing is changed: the sentence says how to read the value as a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from lossbench.data.infer.kinds import NUMBER
from lossbench.data.infer.target import number_label
from lossbench.data.table import ColumnKind
from lossbench.deferred import np, pd
from lossbench.errors import counted

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

_SIGNS = r"? ?? ??? - -- --- . .. ... * ** / \ _ x.x"
_SHEETS = "#value! #ref! #div/0! #name? #n/a"  # what a spreadsheet writes for an error
_LETTERS = "na n.a. n.a n/a nan null nil <null> unknown unk missing undefined unspecified not_available no_data nodata"
WORDS = frozenset(f"{_SIGNS} {_SHEETS} {_LETTERS}".split()) | {
    "not available",
    "no data",
    "not known",
    "not specified",
}
USUAL = frozenset({-200, *(sign * (10**digits - 1) for sign in (-1, 1) for digits in range(2, 10)), -32768, 32767})
FAR, VERY_FAR = 1.0, 5.0  # times the range of the other values
LEAST, LEAST_UNUSUAL = 2, 5  # cells
LEAST_OTHERS = 5  # distinct values beside it: -1 of a column of -1 and 1 is no gap
MOST_TEXTS = 1000  # a text of more distinct values is looked at for the words alone
FEW = 3  # columns that a sentence names


def likely_gaps(columns: Mapping[str, pd.Series], kinds: Mapping[str, ColumnKind], *, words: bool) -> list[str]:
    """A warning for each value that probably means a gap, with the columns that have it and the option to read it so.

    `words` is false where the user keeps words as they are. Cost: a pass over the cells.
    """
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for name, column in columns.items():
        for value, cells, why in _of_column(column, kinds[name], words=words):
            found.setdefault((value, why), []).append((name, cells))
    return [_sentence(value, why, where) for (value, why), where in found.items()]


def _of_column(column: pd.Series, kind: ColumnKind, *, words: bool) -> Iterator[tuple[str, int, str]]:
    if kind == "number":
        for number, cells in _far_numbers(column.to_numpy()):
            yield number_label(number), cells, "unlike all other values"
    elif kind == "text" and words:
        yield from ((word, cells, "a usual word for a gap") for word, cells in _words(column))


def _words(column: pd.Series) -> list[tuple[str, int]]:
    counts = column.value_counts(sort=False)
    texts, cells = counts.index.tolist(), counts.to_numpy()
    if len(texts) > MOST_TEXTS:
        return [(text, int(n)) for text, n in zip(texts, cells, strict=True) if text.lower() in WORDS]
    is_number = np.array([bool(NUMBER.fullmatch(text)) for text in texts], dtype=bool)
    if 2 * cells[is_number].sum() >= cells.sum():  # mostly numbers: that is said where the column is read
        return []
    if len(texts) - is_number.sum() == 1 and is_number.sum() >= LEAST_OTHERS:
        return [(texts[i], int(cells[i])) for i in np.flatnonzero(~is_number)]
    return [(text, int(n)) for text, n in zip(texts, cells, strict=True) if text.lower() in WORDS and len(texts) > 2]


def _far_numbers(values: NDArray[Any]) -> Iterator[tuple[float, int]]:
    """The least and the greatest value of a column, where either is repeated and far from the rest."""
    if not len(values):
        return
    with np.errstate(invalid="ignore"):
        ends = float(np.fmin.reduce(values)), float(np.fmax.reduce(values))
    for end in dict.fromkeys(ends):
        if not end.is_integer() or end == 0:
            continue
        usual = end in USUAL
        is_end = values == end
        cells = int(np.count_nonzero(is_end))
        if cells < (LEAST if usual else LEAST_UNUSUAL):
            continue
        others = values[~is_end].astype(np.float64)
        low, high = (float(reduce(others)) for reduce in (np.fmin.reduce, np.fmax.reduce)) if len(others) else (0, 0)
        distance = low - end if end < low else end - high
        is_far = distance > (FAR if usual else VERY_FAR) * (high - low)
        if not is_far and not (usual and end < 0 <= low):  # or the only negative value
            continue
        if len(pd.unique(others[~np.isnan(others)])) >= LEAST_OTHERS:
            yield end, cells


def _sentence(value: str, why: str, where: Sequence[tuple[str, int]]) -> str:
    s = "s" if len(where) > 1 else ""
    named = ", ".join(f"{name!r} ({counted(cells, 'cell')})" for name, cells in where[:FEW])
    more = f" and {len(where) - FEW} more" if len(where) > FEW else ""
    kept = ", or keep words with --keep-na-words" if "word" in why else ""
    return (
        f"column{s} {named}{more}: {value!r} is {why} and was read as a value; if it means a gap, read it as one with"
        f" --na {value!r}{kept}"
    )
