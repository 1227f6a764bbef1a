"""The counter of rows and the parser agree on what a row is, whatever control characters stand in a file."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossbench.data.read import rows as row_counter
from lossbench.data.read.delimited import read_delimited
from lossbench.data.read.parsed import ParsedColumns, Request
from lossbench.data.read.unpack import Unpacked
from lossbench.data.source import DataSource
from lossbench.errors import UserError

CONTROLS = ["\x01", "\x07", "\x08", "\x0b", "\x0c", "\x1a", "\x1c", "\x1d", "\x1e", "\x1f", "\x7f", "\x85", "\u2028"]
NOTHING = "".join(map(chr, range(33)))


def parsed(text: str, **options: object) -> ParsedColumns:
    source = DataSource(file="t.csv", **{"sep": ",", "decimal": ".", **options})  # type: ignore[arg-type]
    return read_delimited(Unpacked(io.BytesIO(text.encode()), "t.csv"), Request(source, lambda names: names))


def expected(text: str) -> list[tuple[int, list[str]]]:
    """The line and the fields of every row that has a value, by Python's csv module alone."""
    ended = text.rstrip("\x1a\r\n\t \x0c")
    text = ended if "\x1a" in text[len(ended) :] else text
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found, line = [], 1
    for row in reader:
        if any(field.strip(NOTHING) for field in row):
            found.append((line, row))
        line = reader.line_num + 1
    return found[1:]


pieces = st.sampled_from(["", " ", "\t", "a", "1x", "é", '""', '"q"', '"x\ny"', '"x\ry"', *CONTROLS])
cell = st.lists(pieces, max_size=3).map("".join)
junk = st.sampled_from(["", " ", "\t", "  \t", ",,", " , ,", '""', '"",,', "\x0c", "\x1a", "\x0b ", *CONTROLS])
end = st.sampled_from(["\n"] * 4 + ["\r\n", "\r"])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(cell, junk.map(lambda text: (text,))), max_size=12), st.lists(end, min_size=14), st.booleans()
)
def test_every_row_has_its_line(cells: list[str | tuple[str]], ends: list[str], closed: bool) -> None:
    lines = ["id,b,y", *(c[0] if isinstance(c, tuple) else f"{100 + i},{c},z" for i, c in enumerate(cells))]
    text = "".join(line + e for line, e in zip(lines, ends, strict=False))
    text = text if closed else text.rstrip("\r\n")
    try:
        rows = expected(text)
        broken = any(len(row) != 3 and not (len(row) > 3 and not any(row[3:])) for _, row in rows) or not rows
    except csv.Error:
        broken = True
    if broken:
        with pytest.raises(UserError) as caught:
            parsed(text)
        assert len(str(caught.value).splitlines()) == 1
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_counter, "BLOCK", 16)
        found = parsed(text)
    assert [str(value) for value in found.columns["id"]] == [row[0] for _, row in rows]
    assert [found.place(i) for i in range(len(rows))] == [f"line {line}" for line, _ in rows]
    if found.kinds["b"] is None:
        assert [value.strip() for value in found.columns["b"]] == [row[1].strip() for _, row in rows]


def test_what_a_plain_row_is_not() -> None:
    """An old DOS end, a form feed alone on a line and lone blanks are no rows; lines after them keep their numbers."""
    text = "a,b,y\n1,2,0\n\x0c\n \t\n3,4,1\n,,\n5,x,0\n\x1a"
    found = parsed(text)
    assert [found.place(i) for i in range(3)] == ["line 2", "line 5", "line 7"]
    assert found.columns["a"].tolist() == [1, 3, 5]
    assert [str(note) for note in found.notes] == [
        "the end mark of DOS (Ctrl-Z) behind the text is left out",
        "1 row has no value: left out (the first is line 6)",
    ]


def test_comments_inside_of_quotes_are_text() -> None:
    found = parsed('a,b,y\n# one\n1,"x\n# no comment",0\n  # two\n3,z,1\n', comment="#")
    assert found.columns["b"].tolist() == ["x\n# no comment", "z"]
    assert [found.place(i) for i in range(2)] == ["line 3", "line 6"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.text("ab#", max_size=3)), min_size=2, max_size=8))
def test_runs_of_blanks_separate_as_they_do_for_str_split(cells: list[tuple[int, str]]) -> None:
    lines = [f"{' ' * (gap - 1)}{i}{' ' * gap}q{text}{' ' * gap}\t7 " for i, (gap, text) in enumerate(cells)]
    found = parsed("n t k\n" + "\n".join(lines) + "\n", sep="space")
    oracle = [line.split() for line in lines]
    assert found.columns["n"].tolist() == [int(row[0]) for row in oracle]
    assert found.columns["t"].tolist() == [row[1] for row in oracle]
    assert [re.sub(r"\D", "", found.place(i)) for i in range(len(lines))] == [str(i + 2) for i in range(len(lines))]
