"""Prints rows: in columns on a terminal, one line per row in a pipe, or as JSON."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import typer

from lossbench.printable import printable

GAP = "  "
NARROWEST = 16  # the last column is wrapped to what is left of the terminal's width, never below this

Row = Mapping[str, Any]


def show(rows: Sequence[Row], *, below: Sequence[str] = (), as_json: bool = False, cut: bool = False) -> None:
    """Print rows that have the same keys, which are the headers.

    `below` are those with long texts; the first of them needs no label. With `cut` a row is one line of a terminal.
    """
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    elif sys.stdout.isatty():
        _on_terminal(rows, below, cut=cut)
    else:
        lines = _aligned([list(rows[0]), *([_text(value) for value in row.values()] for row in rows)])
        typer.echo("\n".join(printable(line.rstrip()) for line in lines))


def _on_terminal(rows: Sequence[Row], below: Sequence[str], *, cut: bool) -> None:
    from rich.text import Text

    from lossbench.report.terminal.table import console

    screen = console()
    keys = [key for key in rows[0] if key not in below]
    cells = [keys, *([_text(row[key]) for key in keys] for row in rows)]
    before = sum(max(len(line[i]) for line in cells) + len(GAP) for i in range(len(keys) - 1))
    left = max(screen.width - before, NARROWEST)
    indent = " " * 4
    for i, line in enumerate(cells):
        wrapped = textwrap.wrap(line[-1], left) or [""]
        if cut and len(wrapped) > 1:
            wrapped = [line[-1][: left - 1].rstrip() + "…"]
        blocks = [[cell] for cell in line[:-1]] + [wrapped]
        widths = [max(len(other[k]) for other in cells) for k in range(len(keys))]
        for n, parts in enumerate(zip_longest(*blocks, fillvalue="")):
            text = Text(GAP.join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip())
            text.stylize("bold" if i == 0 else "cyan" if n == 0 else "", 0, None if i == 0 else len(line[0]))
            screen.print(text, soft_wrap=True)
        for key in below if i else ():
            value = _text(rows[i - 1][key])
            labelled = f"{key}: {value}" if value and key != below[0] else value
            for part in textwrap.wrap(labelled, screen.width, initial_indent=indent, subsequent_indent=indent):
                screen.print(Text(part, style="dim"), soft_wrap=True)


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return [GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]


def _text(value: Any) -> str:
    return "" if value is None else str(value)
