"""Fonts for texts that DejaVu Sans has no letters for: other installed fonts are found by the letters that they have.

DejaVu Sans comes with matplotlib and stays the first font, so that a picture of Latin, Greek or Cyrillic text has the
same bytes on every machine. Chinese, Hindi or Korean letters come from whatever font is installed that has them; where
none is, a box stands for each, and one warning says so.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from functools import cache

from matplotlib.font_manager import FontEntry, findfont, fontManager, get_font

from lossbench.errors import warn

FONT = "DejaVu Sans"
EMPTY = ("LastResort", "Last Resort", "Adobe Blank", "Unicode BMP Fallback")  # fonts that have a box for every letter
MOST_SHOWN = 10  # letters that the warning lists

_missing: set[int] = set()  # letters that no font has, of the pictures drawn so far
_told: set[int] = set()


@cache
def families(text: str) -> tuple[str, ...]:
    """The font families that a text is drawn with: DejaVu Sans, then those that have the letters that it lacks."""
    return (FONT, *_others(frozenset(ord(letter) for letter in text if not letter.isspace()) - _letters(_default())))


@contextlib.contextmanager
def missing_letters_are_told_once() -> Iterator[None]:
    """Inside, matplotlib does not warn of each letter that no font has; one warning at the end names them all."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        warnings.filterwarnings("ignore", "Matplotlib currently does not support", UserWarning)  # a script's shaping
        yield
    if new := _missing - _told:
        _told.update(new)
        letters = [chr(letter) for letter in sorted(new)]
        shown = "".join(letters[:MOST_SHOWN]) + ("..." if len(letters) > MOST_SHOWN else "")
        warn(
            f"pictures: no installed font has the letters {shown}: each is drawn as a box; install a font that has them"
            " (Noto Sans has one for every script)"
        )


@cache
def _others(letters: frozenset[int]) -> tuple[str, ...]:
    """The fewest families, found greedily, that have all of the letters which any has."""
    found: list[str] = []
    while letters:
        having = {entry.name: letters & _letters(entry.fname) for entry in _installed()}
        best = max(having, key=lambda name: len(having[name]), default="")
        if not best or not having[best]:
            _missing.update(letters)
            break
        found.append(best)
        letters -= having[best]
    return tuple(found)


def _default() -> str:
    return str(findfont(FONT))


@cache
def _installed() -> tuple[FontEntry, ...]:
    """The upright fonts of normal weight, in the order of their names."""
    fonts = (f for f in fontManager.ttflist if f.style == "normal" and str(f.weight) in {"400", "normal", "regular"})
    return tuple(sorted((f for f in fonts if not f.name.startswith(EMPTY)), key=lambda f: (f.name, f.fname)))


@cache
def _letters(file: str) -> frozenset[int]:
    """The letters that a font has; none of a font that cannot be read."""
    try:
        return frozenset(get_font(file).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
