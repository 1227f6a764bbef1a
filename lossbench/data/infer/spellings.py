"""Values that differ only in how they are written: case, blanks, punctuation or the Unicode form of a letter.

Points, commas and quotes count at the ends of a text only, and blanks, underscores and hyphens as one and the same
between letters, so that 1.5 and 15, -1 and 1, <=50K and >50K stay what they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence

from lossbench.data.table import ColumnKind
from lossbench.deferred import pd

MOST_VALUES = 1000  # a text of more values is no category
FEW = 3  # groups that a sentence lists

# What may differ, in the order in which it is taken away.
DIFFERENCES: dict[str, Callable[[str], str]] = {
    "Unicode form": lambda text: unicodedata.normalize("NFKC", text),
    "case": lambda text: text.casefold(),
    "punctuation": lambda text: text.strip(" \t.,;:!'\"`"),
    "blanks": lambda text: re.sub(r"(?<=[^\W\d])[\s_\-]+(?=\w)|\s+", " ", text).strip(),
}


def alike(values: Iterable[str]) -> tuple[list[list[str]], list[str]]:
    """Groups of values that differ only in how they are written, and which differences make them."""
    plain = list(dict.fromkeys(values))
    groups = _groups(plain, list(DIFFERENCES))
    needed = [
        name for name in DIFFERENCES if _groups(plain, [other for other in DIFFERENCES if other != name]) != groups
    ]
    return groups, needed


def spelling_note(what: str, values: Sequence[str]) -> str:
    """A warning that some values of `what` ("classes of 'y'") are probably one; "" where none are."""
    groups, needed = alike(values)
    if not groups:
        return ""
    shown = "; ".join(", ".join(map(_shown(group), group)) for group in groups[:FEW])
    more = f"; and {len(groups) - FEW} more" if len(groups) > FEW else ""
    differ = " and ".join([", ".join(needed[:-1]), needed[-1]]) if len(needed) > 1 else "".join(needed)
    return (
        f"{what} differ only in {differ or 'how they are written'}: {shown}{more}; write those that are one in one way"
    )


def spelling_notes(columns: Mapping[str, pd.Series], kinds: Mapping[str, ColumnKind]) -> list[str]:
    """A warning for each column of texts whose values differ only in how they are written."""
    found = []
    for name, column in columns.items():
        if kinds[name] == "text":
            values = column.dropna().unique().tolist()
            if len(values) <= MOST_VALUES and (note := spelling_note(f"values of column {name!r}", values)):
                found.append(note)
    return found


def _groups(values: Sequence[str], differences: Sequence[str]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for value in values:
        key = value
        for name in differences:
            key = DIFFERENCES[name](key)
        groups.setdefault(key or value, []).append(value)
    return [sorted(group) for group in groups.values() if len(group) > 1]


def _shown(group: Sequence[str]) -> Callable[[str], str]:
    """How values are quoted: with escapes where a reader could not see that they differ."""
    look_alike = len({unicodedata.normalize("NFC", value) for value in group}) < len(group)
    return ascii if look_alike else repr
