"""The style of every picture: colours for colour-blind readers, one typeface, quiet grids.

A picture is drawn once, in the light colours; in a page each of them becomes a CSS variable, so that it follows the
page into the dark. Colours say what a difference means and nothing else.
"""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, FigureBase
from matplotlib.text import Text as Words

from lossbench.record import written_aside
from lossbench.report.fonts import FONT, families, missing_letters_are_told_once

WIDTH = 8.0  # inches of every picture
ROW = 0.27  # inches of a row of text
TEXT = 9.0  # points
TITLE = 0.58  # inches above a picture's axes, for its title
CHARACTER = 0.0775  # inches of an average character at that size

# name -> light, dark. Each light colour is used for one name only: a page finds the name by it. Every colour used for
# text has a contrast of at least 4.5 : 1 against its paper (WCAG AA).
COLOURS = {
    "paper": ("#ffffff", "#15181c"),
    "ink": ("#1b1f24", "#e9ebee"),
    "soft": ("#5b626d", "#a3abb6"),
    "faint": ("#c9ced5", "#454c55"),
    "grid": ("#e8eaed", "#2a2f36"),
    "better": ("#0a63a6", "#74b9f5"),
    "worse": ("#b5440c", "#f59a66"),
    "broken": ("#8c2f6f", "#e596ca"),
}
# Lines that are told apart by a legend; each has a dash of its own beside. Contrast 3 : 1 or more, light and dark.
SERIES = {
    "series1": ("#0068a9", "#66b8f2"),
    "series2": ("#c25a05", "#f3a254"),
    "series3": ("#007a5b", "#3fc79a"),
    "series4": ("#8a3f9e", "#d39be6"),
    "series5": ("#7d6a00", "#d9c24a"),
    "series6": ("#b0203b", "#f37b8c"),
}
DASHES = ("", "5 2", "1.5 1.5", "6 2 1.5 2")
LIGHT = {name: light for name, (light, _) in COLOURS.items()}

_WORD_COLOUR = {
    "better": "better",
    "worse": "worse",
    "broken": "broken",
    "diverged": "broken",
    "unreliable": "broken",
    "failed": "broken",
    "baseline": "ink",
}

_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": [FONT],
    "font.size": TEXT,
    "text.parse_math": False,  # a name from data is text, dollar signs included
    "text.color": LIGHT["ink"],
    "axes.edgecolor": LIGHT["faint"],
    "axes.labelcolor": LIGHT["soft"],
    "axes.labelsize": TEXT,
    "axes.linewidth": 0.8,
    "axes.titley": 1.0,  # said, it need not be searched for around the ticks, which takes a third of the drawing
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "figure.facecolor": LIGHT["paper"],
    "grid.color": LIGHT["grid"],
    "grid.linewidth": 0.8,
    "xtick.color": LIGHT["faint"],
    "ytick.color": LIGHT["faint"],
    "xtick.labelcolor": LIGHT["soft"],
    "ytick.labelcolor": LIGHT["ink"],
    "xtick.labelsize": TEXT - 1,
    "ytick.labelsize": TEXT,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "ytick.major.pad": 7,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
    "svg.hashsalt": "lossbench",  # the same picture has the same ids
    "svg.id": None,
}


@contextlib.contextmanager
def house_style() -> Iterator[None]:
    """Inside, pictures are drawn and saved in the house's style, whatever a user's matplotlibrc says."""
    with mpl.rc_context(), missing_letters_are_told_once():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)  # type: ignore[arg-type]  # its keys are a closed list of literals
        yield


def new_figure(height: float) -> Figure:
    """An empty picture of the common width."""
    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasAgg(figure)
    return figure


def title(part: FigureBase, text: str, where: str, height: float) -> None:
    """Title and subtitle in the upper left corner of a picture `height` inches tall."""
    part.text(0.02, 1 - 0.26 / height, text, size=TEXT + 3, weight="bold", va="baseline")
    part.text(0.02, 1 - 0.46 / height, shortened(where, 90), size=TEXT, color=LIGHT["soft"], va="baseline")


def place(part: FigureBase, height: float, left: float, right: float, bottom: float, tall: float) -> Axes:
    """Axes at exact inches: `left` and `right` margins, `bottom` margin, `tall` inches high."""
    return part.add_axes((left / WIDTH, bottom / height, (WIDTH - left - right) / WIDTH, tall / height))


def write_png(figure: Figure, path: Path) -> None:
    """A PNG whose bytes depend on the picture only: no date, no version."""
    for text in figure.findobj(Words):
        if isinstance(text, Words) and text.get_text():
            text.set_fontfamily(list(families(text.get_text())))
    with written_aside(path) as file:
        figure.savefig(file, format="png", dpi=150, metadata={"Software": None})


def word_colour(word: str) -> str:
    """The colour of a verdict: two that mean something, one for what is broken, grey for what no test tells apart."""
    return LIGHT[_WORD_COLOUR.get(word, "soft")]


def quiet(axes: Axes, *, grid: str = "") -> None:
    """Only what is read: the left spine goes, and a grid along one axis where numbers are compared."""
    axes.spines["left"].set_visible(False)
    if grid:
        axes.grid(True, axis=grid)  # type: ignore[arg-type]


def text_width(texts: list[str], size: float = TEXT) -> float:
    """Inches that the longest of some texts takes, roughly."""
    return max((sum(_columns(letter) for letter in text) for text in texts), default=0) * CHARACTER * size / TEXT


def _columns(letter: str) -> int:
    """Chinese, Japanese and Korean letters are twice as wide as others."""
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def shortened(text: str, longest: int = 30) -> str:
    """A name that fits beside a picture."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def theme_css(*more: dict[str, tuple[str, str]]) -> str:
    """The colours as CSS variables: light, and dark on a screen whose user prefers it."""
    colours = COLOURS | {name: pair for extra in more for name, pair in extra.items()}
    light, dark = ("".join(f"--{name}:{pair[side]};" for name, pair in colours.items()) for side in (0, 1))
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
