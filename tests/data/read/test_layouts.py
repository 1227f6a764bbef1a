"""What stands around the rows of a text: titles, comments, `sep=;`, no header, runs of blanks, empty columns, units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lossbench.data.load import load
from lossbench.data.source import DataSource
from lossbench.data.table import Table, level
from lossbench.errors import UserError

BODY = "".join(f"{i * 7 % 5}.5,{i * i % 11},{'ny'[i // 2 % 2]}\n" for i in range(12))
GOOD = f"a,b,y\n{BODY}"
EXCEL = "the first line, 'sep={}', is Excel's: it says how fields are separated"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(text: str, name: str = "t.csv", encoding: str = "utf-8", **options: Any) -> Table:
    Path(name).write_bytes(text.encode(encoding))
    return load(DataSource(file=name, **{"target": "y", **options}))


def refused(text: str, name: str = "t.csv", **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(text, name, **options)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value).removeprefix(f"{name}: ")


@pytest.mark.parametrize(
    ("text", "options", "note"),
    [
        ("sep=;\n" + GOOD.replace(",", ";"), {}, EXCEL.format(";")),
        (f'"sep=,"\r\n{GOOD}', {}, EXCEL.format(",")),
        (f"# one\n# two\n{GOOD}", {"comment": "#"}, ""),
        (f"{GOOD}  # the end, of it\n", {"comment": "#"}, ""),
        (f"# one\n\nTitle, of it\n{GOOD}", {"skip_lines": 3}, ""),
        (f"sep=;\n{GOOD}", {"skip_lines": 1, "sep": ","}, ""),
        (BODY, {"header": False, "columns": ["a", "b", "y"]}, ""),
        (GOOD.replace(",", "  "), {}, "fields are separated by blanks (--sep to say otherwise)"),
        (GOOD.replace(",", " \t ").replace("\n", " \n "), {"sep": "space"}, ""),
        (GOOD.replace(",", "|"), {"sep": "bar"}, ""),
        (GOOD.replace("\n", ",,\n"), {}, "columns 4, 5 have no name and no value: excluded"),
        (f"{GOOD},,\n , ,\n", {}, "2 rows have no value: left out (the first is line 14)"),
    ],
)  # fmt: skip
def test_it_is_the_same_table(text: str, options: dict[str, Any], note: str) -> None:
    table = read(text, **options)
    plain = read(GOOD)
    assert table.fingerprint() == plain.fingerprint()
    assert [found for found in table.notes if found not in plain.notes] == ([note] if note else [])
    assert all(level(found) == "note" for found in table.notes)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_believed(encoding: str) -> None:
    assert read(GOOD, encoding=encoding).fingerprint() == read(GOOD).fingerprint()
    lines = "".join(f'{{"a": {i * 7 % 5}, "y": {i // 2 % 2}}}\n' for i in range(12))
    assert read(lines, "t.jsonl", encoding=encoding).fingerprint() == read(lines, "t.jsonl").fingerprint()


@pytest.mark.parametrize(
    ("text", "line", "skip"),
    [
        (f"Quarterly export\n\n{GOOD}", 3, "'Quarterly export'"),
        (f"Export, 2024\nby me\n{GOOD}", 3, "'Export, 2024'"),
        (f"Bericht;;\n{GOOD.replace(',', ';')}", 2, "'Bericht;;'"),
        (f"|1x3 Cross validator\n{GOOD}", 2, "'|1x3 Cross validator'"),
    ],
)
def test_titles_above_the_header_are_named(text: str, line: int, skip: str) -> None:
    told = (
        f"the header seems to be on line {line}, not on line 1 ({skip}); leave the lines above it out with --skip-lines"
    )
    assert refused(text) == f"{told} {line - 1}"
    assert read(text, skip_lines=line - 1).fingerprint() == read(GOOD).fingerprint()  # what it says works


def test_a_first_line_of_another_width_is_named_where_there_is_no_header() -> None:
    told = refused(f"|1x3 Cross validator\n{BODY}", header=False, target="3")
    assert told.startswith("the header seems to be on line 2, not on line 1 ('|1x3 Cross validator')")


def test_a_file_without_a_header() -> None:
    table = read(BODY, header=False, target="3")
    assert list(table.features) == ["1", "2"]
    assert len(table) == 12
    assert "; if line 1 is a row and no header, say --no-header: columns are then called 1 to 3" in refused(BODY)
    assert "say --no-header" in refused("5,5,y\n" + BODY)  # a name twice
    warned = read(BODY, target="n")
    assert "line 1 is read as the header, and has the number '0.5': if it is a row, say --no-header" in warned.notes
    years = "2019,2020,y\n" + BODY
    assert not [note for note in read(years).notes if "--no-header" in note]
    assert refused(BODY, header=False, columns=["a", "y"]).startswith("--columns: 2 names, but the first row has 3")
    assert refused(GOOD, columns=["a", "b", "y"]).startswith("--columns: it names the columns of a file without a head")
    assert refused(BODY, header=False, columns=["a", "a", "y"]).startswith("column 'a' appears 2 times")


def test_a_row_of_units_below_the_header() -> None:
    text = GOOD.replace("\n", "\nmm,kg,\n", 1)
    line = (
        "line 2 looks like a row of units: column 'a' has 'mm' there and numbers below it; delete the line, correct "
        "the cell, or leave the header out too: --no-header --skip-lines 2 --columns a,b,y"
    )
    assert refused(text) == line
    columns = ["a", "b", "y"]
    assert read(text, header=False, skip_lines=2, columns=columns).fingerprint() == read(GOOD).fingerprint()


def test_lines_are_counted_from_the_first_of_the_file() -> None:
    """Skipped lines and comments are lines; the oracle is the place where the cell was put."""
    lines = ["title", "", "# one", *GOOD.splitlines(), "# two", "2,x,n", *BODY.splitlines()[:10]]
    told = refused("\n".join(lines) + "\n", skip_lines=2, comment="#", na=[])
    assert f"line {lines.index('2,x,n') + 1}: 'x'" in told
    assert refused(GOOD, skip_lines=50).startswith("--skip-lines: 50 lines cannot be skipped: the file has 13 lines")


@pytest.mark.parametrize("option", [{"sep": ";"}, {"header": False}, {"comment": "#"}, {"skip_lines": 1}])
def test_json_lines_refuse_what_is_about_delimited_texts(option: dict[str, Any]) -> None:
    flag = "--no-header" if "header" in option else f"--{next(iter(option)).replace('_', '-')}"
    lines = "".join(f'{{"a": {i * 7 % 5}, "y": {i // 2 % 2}}}\n' for i in range(12))
    assert refused(lines, "t.jsonl", **option).startswith(f"{flag}: jsonlines defines how its values are written")


def test_columns_with_commas_in_their_names() -> None:
    text = GOOD.replace("a,b", '"size, mm",b', 1).replace("\n", ",7\n").replace(",y,7", ",y,mm", 1)
    assert list(read(text, drop=["size", "mm"]).features) == ["b", "mm"]  # not the column mm
    assert list(read(text, drop=["size, mm", "b"]).features) == ["mm"]
    assert refused(text, drop=["size", "b"]).startswith("no column 'size'")
