"""Where results are printed, and how their tables look."""

from __future__ import annotations

import sys

from rich import box
from rich.padding import PaddingDimensions
from rich.table import Column, Table
from rich.text import Text

from lossbench.rich_console import PrintableConsole

OFF_A_TERMINAL = 140  # columns, enough for every table of ours


def console() -> PrintableConsole:
    """Where results are printed: at the terminal's width; off a terminal without colours, and wide enough for all."""
    if sys.stdout.isatty():
        return PrintableConsole(highlight=False)
    return PrintableConsole(width=OFF_A_TERMINAL, no_color=True, highlight=False)


def plain_table(*columns: Column | str, title: str = "", padding: PaddingDimensions = (0, 1)) -> Table:
    """A table without rows yet: its head underlined, no other lines, as narrow as it can be."""
    return Table(
        *columns,
        title=Text(title, style="bold") if title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=padding,
        pad_edge=False,
        show_edge=False,
    )
