"""What a terminal shows: it fits, it is plain off a terminal, and it swallows nothing."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from lossbench.report.tables import comparison_report
from tests.report.planted import Planted, planted_record


def shown(renderable, width=80):
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 120, 160])
def test_the_table_fits_and_nothing_is_cut(record, width):
    text = shown(comparison_report(record, Path("outputs/x")), width)
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text
    assert "cross_entropy" in text
    assert "+0.031±.007" in text if width < 132 else "+0.031 [+0.025, +0.038]" in text


def test_the_sentence_comes_first_and_the_page_last(record):
    text = shown(comparison_report(record, Path("outputs/x")), 400)
    assert text.startswith("On titanic, by accuracy, focal beats cross_entropy")
    assert text.rstrip().endswith("outputs/x/report.html")


def test_square_brackets_of_a_name_are_text():
    text = shown(comparison_report(planted_record((Planted("cross_entropy"), Planted("[bold]mine[/]"))), Path("x")))
    assert "[bold]mine[/]" in text
