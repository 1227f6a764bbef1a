"""Texts of others move no cursor, colour nothing, break no line and can be written."""

from __future__ import annotations

import io

from rich.table import Table
from rich.text import Text

from lossbench.printable import LONGEST_MESSAGE, LONGEST_TRACEBACK, cut, one_line, printable
from lossbench.record import LossResult
from lossbench.rich_console import PrintableConsole
from tests.report.compare.planted import planted_record

EVIL = "a\x1b[31mb\x07\x9b2J\ud800\u202ec"


def test_what_a_terminal_would_obey_is_marked_and_letters_stay() -> None:
    assert printable(EVIL) == "a\ufffd[31mb\ufffd\ufffd2J\ufffd\ufffdc"
    assert printable("two\nlines\t\u00a0") == "two lines  "
    assert printable("two\nlines", keep="\n") == "two\nlines"
    for text in ("Größe 大きさ", "👩\u200d🔬", "می\u200cخواهم"):
        assert printable(text) == text


def test_a_console_shows_texts_and_keeps_its_colours() -> None:
    out = io.StringIO()
    console = PrintableConsole(file=out, force_terminal=True, color_system="standard", width=80)
    table = Table("head")
    evil = EVIL.replace("\x07", "")  # which Rich takes out itself
    table.add_row(Text(evil, style="red"))
    console.print(Text(evil), table)
    shown = out.getvalue()
    assert shown.startswith(printable(evil))
    assert f"\x1b[31m{printable(evil)[:8]}" in shown  # the red around the cell is ours
    assert shown.count("\x1b[31m") == 1
    assert "\x9b" not in shown
    assert "\ud800" not in shown


def test_a_message_of_any_length_is_a_line_and_a_traceback_loses_its_middle() -> None:
    assert one_line("x\n" * 100_000, 10) == "x x x x x…"
    text = "first" + "x" * 200_000 + "last\ud800"
    short = cut(text)
    assert LONGEST_TRACEBACK < len(short) < LONGEST_TRACEBACK + 100
    assert short.startswith("first")
    assert short.endswith("last\ufffd")
    assert cut("a\nb") == "a\nb"


def test_what_an_exception_says_loses_no_record() -> None:
    record = planted_record(epochs=2)
    result: LossResult = record.results[0]
    result.message, result.traceback = f"{EVIL}\n" + "x" * 200_000, "\ud800" * 200_000
    assert len(result.message) == LONGEST_MESSAGE
    assert "\n" not in result.message
    assert len(record.to_json().encode()) < len(planted_record(epochs=2).to_json()) + 2 * 3 * LONGEST_TRACEBACK
