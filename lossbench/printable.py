"""Texts of others (labels, column names, messages) as a terminal and a record may have them."""

from __future__ import annotations

import re

LONGEST = 2_000  # characters of a line
LONGEST_MESSAGE = 500  # of what somebody else's exception says
LONGEST_TRACEBACK = 20_000
JOINERS = "\u200c\u200d"  # of Persian and of emoji: they move no cursor


def printable(text: str, *, keep: str = "") -> str:
    """The text with a mark for whatever a terminal would obey instead of show: escapes, lone surrogates, new lines.

    As many characters as before: white space becomes a space, all else U+FFFD. What is in `keep` stays.
    """
    if text.isprintable():
        return text
    stays = keep + JOINERS
    return "".join(c if c.isprintable() or c in stays else " " if c.isspace() else "\ufffd" for c in text)


def one_line(message: str, most: int = LONGEST) -> str:
    """A message as a line of at most `most` characters, cut at its end."""
    line = printable(" ".join(message[: 4 * most].split()))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def cut(text: str, most: int = LONGEST_TRACEBACK) -> str:
    """A text of several lines without its middle where it is longer than `most`; encodable in UTF-8."""
    if len(text) > most:
        half = most // 2
        text = f"{text[:half]}\n[... {len(text) - 2 * half:,} characters ...]\n{text[-half:]}"
    return encodable(text)


def encodable(text: str) -> str:
    """The text with U+FFFD for lone surrogates, which no encoding has."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)
