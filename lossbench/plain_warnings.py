"""Warnings of other packages as one line: on the command line nobody needs their source line, or to see them twice.

A package's warning is a note with the package's name, the user's own one (of a loss from a file) keeps its file and
line, and lossbench's own are sentences already. Which warnings there are is left to Python's filters (`-W`,
`PYTHONWARNINGS`).
"""

from __future__ import annotations

import contextlib
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from lossbench.printable import one_line

PACKAGES = ("site-packages", "dist-packages")
MOST = 300  # characters of a package's warning

_state = {"silent": False}
_seen: set[str] = set()


def silence() -> None:
    """Say nothing more: `--quiet` prints errors only."""
    _state["silent"] = True


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Inside, every warning that Python's filters let pass is one line on standard error, once."""
    before = warnings.showwarning
    _state["silent"] = False
    _seen.clear()
    warnings.showwarning = _show
    try:
        yield
    finally:
        if warnings.showwarning is _show:
            warnings.showwarning = before


def say_plainly() -> None:
    """The same for the rest of a process: a worker that is all lossbench's."""
    warnings.showwarning = _show


def line_of(message: Warning | str, filename: str, line: int) -> str:
    """A warning as the line that says it: `note: sklearn: ...`, `warning: my_loss.py, line 7: ...`."""
    text = one_line(str(message), MOST)
    owner = _package(filename)
    if owner == "lossbench":
        return f"warning: {text}"
    return f"note: {owner}: {text}" if owner else f"warning: {Path(filename).name}, line {line}: {text}"


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    told = line_of(message, "lossbench" if category.__name__ == "LossbenchWarning" else filename, lineno)
    if _state["silent"] or told in _seen:
        return
    _seen.add(told)
    with contextlib.suppress(OSError, ValueError):  # a closed stream
        print(told, file=file or sys.stderr)


def _package(filename: str) -> str:
    """The package that a file belongs to; "" for a user's own."""
    if filename == "lossbench" or Path(filename).is_relative_to(Path(__file__).parent):
        return "lossbench"
    parts = Path(filename).parts
    for folder in PACKAGES:
        if folder in parts and parts.index(folder) + 1 < len(parts):
            return Path(parts[parts.index(folder) + 1]).stem
    is_pythons = filename.startswith(("<", sysconfig.get_paths()["stdlib"])) or filename == "sys"
    return "python" if is_pythons else ""
