"""Progress in a notebook: the lines of a terminal in one output of the cell, written again in place.

It needs no widgets: IPython updates the output by its id, from whichever thread, and saves its last state with the
notebook.
"""

from __future__ import annotations

import html
import io
import sys
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text

from lossbench.printable import one_line
from lossbench.progress.bars import ProgressBars

WIDTH = 100  # characters of a line
MOST = 40  # lines of what has ended; the first of more are counted
_STYLE = "margin: 0; line-height: 1.3; white-space: pre; overflow-x: auto; color: inherit; background: none"


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this, which shows more than text."""
    ipython = sys.modules.get("IPython")  # of a kernel it is there already
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def _display(bundle: dict[str, str], **options: Any) -> Any:
    return sys.modules["IPython"].display.display(bundle, raw=True, **options)


class NotebookProgress(ProgressBars):
    """Lines of what is at work, written again in place; lines of what has ended stay."""

    def __init__(self, *, display: Callable[..., Any] = _display, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(Console(file=io.StringIO(), width=WIDTH), clock=clock)
        self._stay: list[str] = []
        self._before = 0  # lines that are counted alone
        self._live = _Cell(self._bundle, display)

    def _print(self, line: Text) -> None:
        self._stay.append(one_line(line.plain))
        if len(self._stay) > MOST:
            self._before += 1
            del self._stay[0]
        self._live.refresh()

    def _bundle(self) -> dict[str, str]:
        """What stands in the cell, as text and as HTML."""
        counted = [f"... {self._before:,} lines before"] if self._before else []
        running = [one_line(line.plain) for line in self._lines(WIDTH)] if self._live.is_started else []
        text = "\n".join([*counted, *self._stay, *running])
        return {"text/plain": text, "text/html": f'<pre style="{_STYLE}">{html.escape(text)}</pre>'}


class _Cell:
    """One output of a cell."""

    def __init__(self, bundle: Callable[[], dict[str, str]], display: Callable[..., Any]) -> None:
        self._bundle, self._display = bundle, display
        self._handle: Any = None
        self.is_started = False

    def start(self) -> None:
        """Show it, once."""
        if not self.is_started:
            self.is_started = True
            self._handle = self._display(self._bundle(), display_id=True)

    def refresh(self) -> None:
        """Write it again."""
        if self._handle is not None:
            self._handle.update(self._bundle(), raw=True)

    def stop(self) -> None:
        """Leave what has ended."""
        self.is_started = False
        self.refresh()
