"""The colours of levels: of a verdict, of a finding of the doctor, of a note on a table."""

from __future__ import annotations

_STYLES = {
    "ok": "green",
    "equivalent": "green",
    "unknown": "cyan",
    "note": "cyan",
    "skipped": "dim",
    "degraded": "yellow",
    "warning": "yellow",
}
BAD = "bold magenta"  # broken, error; seen beside green by those who cannot tell red from it


def style_of(level: str) -> str:
    """The style of a level, in Rich's words: `yellow`, `bold magenta`."""
    return _STYLES.get(level, BAD)


def colour_of(level: str) -> str:
    """The style without its weight: `magenta`."""
    return style_of(level).split()[-1]
