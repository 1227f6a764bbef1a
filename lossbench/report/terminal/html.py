"""A terminal report as HTML, for notebooks: the same texts and tables, so that each is written once.

It is one element with a style of its own, without script, and takes its colours from the page around it: so it is
light in a light notebook and dark in a dark one. Every text is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.style import Style
from rich.table import Table as Grid
from rich.text import Text

from lossbench.printable import printable
from lossbench.rich_console import PrintableConsole

Words = Callable[[str], str]

WIDTH = 400  # characters: a table that is wider than the notebook is scrolled, so none of its columns is given up

_STYLE = """
.lossbench { font-family: system-ui, sans-serif; font-size: 13px; line-height: 1.45; }
.lossbench p { margin: .2em 0; max-width: 110ch; }
.lossbench .indented { margin-left: 1.5em; }
.lossbench .bold { font-weight: 600; }
.lossbench .dim { opacity: .75; }
.lossbench .scroll { overflow-x: auto; }
.lossbench table { font-size: 13px; font-variant-numeric: tabular-nums; color: inherit; }
.lossbench table { border-collapse: collapse; margin: .5em 0; }
.lossbench caption { text-align: left; font-weight: 600; color: inherit; }
.lossbench th, .lossbench td { padding: .15em .7em .15em 0; text-align: left; vertical-align: top; }
.lossbench th, .lossbench td { color: inherit; white-space: nowrap; }
.lossbench th { border-bottom: 1px solid rgba(128, 128, 128, .5); font-weight: 600; background: none; }
.lossbench .right { text-align: right; }
.lossbench tr, .lossbench td { background: none; }
"""


def as_html(report: RenderableType, words: Words = str) -> str:
    """A report of Texts, tables, paddings and groups as one `<div>`; `words` rewrites each text before."""
    style = " ".join(_STYLE.split())
    return f'<div class="lossbench"><style>{style}</style>{_block(report, words)}</div>'


def _block(part: RenderableType, words: Words) -> str:
    match part:
        case Text():
            return _paragraph(part, words) if part.plain.strip() else ""
        case str():
            return _paragraph(Text(part), words)
        case Group():
            return _blocks(part.renderables, words)
        case Padding():
            return f'<div class="indented">{_block(part.renderable, words)}</div>'
        case Grid():
            return _table(part, words)
    console = PrintableConsole(width=WIDTH)
    assert hasattr(part, "__rich_console__"), f"no report is made of {type(part).__name__}"
    return _blocks(part.__rich_console__(console, console.options), words)  # type: ignore[arg-type]


def _blocks(parts: Iterable[RenderableType], words: Words) -> str:
    return "".join(_block(part, words) for part in parts)


def _paragraph(text: Text, words: Words) -> str:
    return f"<p{_class(text.style)}>{_escaped(text.plain, words)}</p>"


def _table(grid: Grid, words: Words) -> str:
    caption = f"<caption>{_cell(grid.title, words)}</caption>" if grid.title else ""
    sides = ["right" if column.justify == "right" else "" for column in grid.columns]
    head = "".join(
        f"<th{_attribute(side)}>{_cell(column.header, words)}</th>"
        for side, column in zip(sides, grid.columns, strict=True)
    )
    cells = zip(*(list(column.cells) for column in grid.columns), strict=True)
    body = "".join(
        f"<tr{_class(row.style or '')}>"
        + "".join(f"<td{_attribute(side)}>{_cell(cell, words)}</td>" for side, cell in zip(sides, line, strict=True))
        + "</tr>"
        for row, line in zip(grid.rows, cells, strict=True)
    )
    return f'<div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(cell: RenderableType, words: Words) -> str:
    return _escaped(cell.plain if isinstance(cell, Text) else str(cell), words)


def _escaped(text: str, words: Words) -> str:
    return html.escape(printable(words(text), keep="\n")).replace("\n", "<br>")


def _class(style: str | Style) -> str:
    """What a style says without colours, which would be right on one ground alone."""
    given = str(style).split()
    return _attribute(" ".join(name for name in ("bold", "dim") if name in given and f"not {name}" not in str(style)))


def _attribute(names: str) -> str:
    return f' class="{names}"' if names else ""
