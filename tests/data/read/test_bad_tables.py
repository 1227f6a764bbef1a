"""The 35 ways in which a user's table goes wrong: an error is one line, a repair is a note."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lossbench.data.load import load
from lossbench.data.preparation import Preparation
from lossbench.data.read.build_table import read_features
from lossbench.data.source import DataSource
from lossbench.data.splits.stratified import holdout, repeated_kfold
from lossbench.data.table import Table, level
from lossbench.errors import UserError

GOOD = "a,b,y\n1,2,0\n3,4,1\n5,4,0\n7,1,1\n"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # so that errors begin with the bare name


def read(content: str | bytes, name: str = "t.csv", **options: Any) -> Table:
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return load(DataSource(file=name, **{"target": "y", **options}))


def refused(content: str | bytes, name: str = "t.csv", **options: Any) -> str:
    """The one line that a user sees, without `error: `."""
    with pytest.raises(UserError) as caught:
        read(content, name, **options)
    line = str(caught.value)
    assert line.startswith(f"{name}: ")
    assert "\n" not in line
    return line.removeprefix(f"{name}: ")


def rows(cell: Any, n: int = 40, header: str = "a,b,y") -> str:
    """A table whose column b is made by `cell(row)`."""
    return f"{header}\n" + "".join(f"{(i * 7) % 5},{cell(i)},{(i // 2) % 2}\n" for i in range(n))


def test_01_a_missing_file_and_a_directory() -> None:
    with pytest.raises(UserError, match=r"^nowhere.csv: no such file; check the path"):
        load(DataSource(file="nowhere.csv", target="y"))
    Path("folder").mkdir()
    with pytest.raises(UserError, match=r"^folder: is a directory; name one file in it$"):
        load(DataSource(file="folder", target="y"))
    with pytest.raises(UserError, match=r"^https://x.org/a.csv: is not on this machine; download it first"):
        load(DataSource(file="https://x.org/a.csv", target="y"))


def test_01_a_file_without_a_suffix() -> None:
    Path("plain").write_text(GOOD, encoding="utf-8")
    with pytest.raises(UserError, match=r"^'plain' is no data set; for the file of that name, write ./plain$"):
        load(DataSource(name="plain"))
    with pytest.raises(UserError, match=r"^'.' is a directory, not a table; name one file in it$"):
        load(DataSource(name="."))


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_02_an_empty_file(content: str) -> None:
    assert refused(content) == "the file is empty"


def test_03_too_few_rows() -> None:
    assert refused("a,b,y\n") == "no data row below the header"
    assert refused("a,b,y\n1,2,0\n") == "1 data row; need at least 3; add rows"
    table = read(GOOD)
    with pytest.raises(UserError, match=r"^class '0' has 2 rows; the split into 3 parts needs at least 3"):
        holdout(table.target, table.task, 0.2, 0.2, 0, classes=table.classes)
    with pytest.raises(UserError, match=r"^folds: 4 rows are fewer than 5 folds; choose fewer folds$"):
        repeated_kfold(table.target, table.task, 5, 1, 0)


def test_04_the_target_is_not_there() -> None:
    assert refused(GOOD, target="Y") == "no column 'Y'; columns are a, b, y (did you mean 'y'?)"
    assert refused(GOOD, target="price") == "no column 'price'; columns are a, b, y"
    assert refused(GOOD, target=None) == "no target was named; choose one with --target; columns are a, b, y"


def test_05_blanks_around_headers_and_a_byte_order_mark() -> None:
    table = read("\ufeffa, b ,y\n1,2,0\n3,4,1\n5,4,0\n7,1,1\n")
    assert list(table.features) == ["a", "b"]
    assert table.notes == (
        "byte order mark before the header removed",
        "spaces in column names removed: 'b'",
    )
    assert table.fingerprint() == read(GOOD).fingerprint()


def test_06_a_header_twice() -> None:
    assert refused("a,a,y\n1,2,0\n") == "column 'a' appears 2 times; give each column its own name"


def test_07_a_blank_header() -> None:
    table = read(",a,y\n0,5,0\n1,6,1\n2,5,0\n3,9,1\n")
    assert list(table.features) == ["a"]
    assert table.notes == ("column 1 has no name and counts the rows, like a saved index: excluded",)
    assert refused(",a,y\n7,5,0\n1,6,1\n2,5,0\n3,9,1\n") == "column 1 has no name; name it in the header, or delete it"


@pytest.mark.parametrize(("sep", "name"), [(";", "semicolon"), ("\t", "tab"), ("|", "bar")])
def test_08_another_separator(sep: str, name: str) -> None:
    table = read(GOOD.replace(",", sep))
    assert table.notes == (f"fields are separated by {name}s (--sep to say otherwise)",)
    assert table.fingerprint() == read(GOOD).fingerprint()
    assert read(GOOD.replace(",", sep), "t.tsv").notes == (() if sep == "\t" else table.notes)
    assert "1 field, the header has 3" in refused("a;b;y\n1\n2\n", sep=";")


def test_08_a_file_of_one_column_has_no_separator() -> None:
    assert refused("y\nred\ngreen\nred\ngreen\n") == "no feature is left beside the target; drop fewer columns"


def test_09_decimal_commas() -> None:
    table = read("a;b;y\n1,5;2;0\n3,5;4;1\n5;4;0\n7;1,25;1\n")
    assert table.features.to_dict("list") == {"a": [1.5, 3.5, 5.0, 7.0], "b": [2.0, 4.0, 4.0, 1.25]}
    assert "numbers have a decimal comma, like '1,5' (--decimal . to say otherwise)" in table.notes
    table = read("a;b;y\n1,5;2.5;0\n3,5;4.1;1\n5,1;4;0\n7,2;1;1\n")  # both marks: each column agrees with itself
    assert table.features.to_dict("list") == {"a": [1.5, 3.5, 5.1, 7.2], "b": [2.5, 4.1, 4.0, 1.0]}
    assert "column 'a' has numbers with a decimal comma: line 2: '1,5' read as 1.5" in table.notes
    line = refused("a;b;y\n1,5;2.5;0\n3.5;4.1;1\n5,1;4;0\n7,2;1;1\n")  # it does not
    assert line == (
        "column 'a' has numbers like '1,5', but not on line 3: '3.5'; "
        "write them alike, or read '3.5' as a gap with --na '3.5'"
    )


def test_09_rows_that_are_separated_otherwise_than_the_header() -> None:
    line = (
        "the header is separated by commas, the rows by semicolons (the first is '1,5;0'); "
        "write the header like the rows, or say --sep ',' if it is right"
    )
    content = "a,y\n1,5;0\n2,5;1\n3,5;0\n4,5;1\n"
    assert refused(content) == line
    assert read("a,y\n1,p;q\n2,r;s\n3,p;q\n4,r;s\n").classes == ("p;q", "r;s")  # no decimal comma: two fields by commas


def test_09_a_wrong_separator_is_told_the_right_one() -> None:
    with pytest.raises(
        UserError, match=r"^--sep: '\|' does not occur in the header 'a,b,y'; fields are sep.* by commas"
    ):
        read(GOOD, sep="|")


def test_09_a_comma_may_part_thousands() -> None:
    line = refused("a;y\n1,500;0\n3,250;1\n5,100;0\n7,125;1\n")
    assert line == (
        "column 'a' has numbers that can be read in two ways (line 2: '1,500' is 1.5 or 1500); "
        "say --thousands , if the mark separates thousands, or --decimal , if it is the decimal mark"
    )


def test_10_a_trailing_comma_shifts_nothing() -> None:
    table = read(GOOD.replace("0\n", "0,\n").replace("1\n", "1,\n"))
    assert table.fingerprint() == read(GOOD).fingerprint()
    assert table.notes == ("4 rows end with an extra separator: ignored",)
    table = read(GOOD.replace("\n", ",\n"))  # the header too
    assert table.fingerprint() == read(GOOD).fingerprint()
    assert table.notes == ("column 4 has no name and no value: excluded",)


def test_11_a_row_longer_than_the_header() -> None:
    line = (
        "line 3 has 4 fields, the header has 3; "
        "correct the row (quote a field that holds the separator), or name another --sep"
    )
    assert refused("a,b,y\n1,2,0\n3,4,1,9\n") == line
    assert refused('a,b,y\n"1",2,0\n3,4,1,9\n') == line  # counted by the csv module


def test_12_a_row_shorter_than_the_header() -> None:
    content = "a,b,y\n1,2,0\n3,1\n5,4,0\n\n7,1,1\n4,2,1\n"
    assert refused(content) == (
        "line 3 has 2 fields, the header has 3; correct the row, or fill short rows with gaps by --allow-short-rows"
    )
    table = read(content, target="a", task="regression", allow_short_rows=True)
    assert np.isnan(table.features["y"][1])
    assert table.notes == ("1 short row filled with gaps (the first is line 3)",)


def test_13_not_utf8() -> None:
    latin = "a,b,y\n1,é,0\n2,é,1\n3,ü,0\n4,ü,1\n".encode("latin-1")
    assert refused(latin) == "not UTF-8 at byte 8; try --encoding latin-1 (or cp1252, utf-16)"
    assert set(read(latin, encoding="latin-1").features["b"]) == {"é", "ü"}
    marked = read(GOOD.encode("utf-16"))
    assert marked.notes == ("the text is UTF-16, as its byte order mark says",)
    assert marked.fingerprint() == read(GOOD.encode("utf-32")).fingerprint() == read(GOOD).fingerprint()
    assert read(GOOD.encode("utf-16"), encoding="utf-16").fingerprint() == read(GOOD).fingerprint()
    bare = GOOD.encode("utf-16-be")
    assert refused(bare) == "not UTF-8: it looks like UTF-16 without a mark; try --encoding utf-16-be"
    assert read(bare, encoding="utf-16-be").fingerprint() == read(GOOD).fingerprint()
    assert refused(GOOD, encoding="klingon").startswith("unknown encoding 'klingon'; try utf-8, latin-1")


def test_14_no_text_table() -> None:
    assert refused('a,b,y\n1,2,0\n"3,4,1\n') == (
        "not a text table: line 3: a quote is opened and never closed; correct the quotes"
    )
    assert refused(GOOD.encode() + b"\0,1,2\n") == (
        f"not a text table: byte {len(GOOD)} is NUL; save the table as text (CSV)"
    )
    assert refused(b"\x89PNG\r\n\x1a\n") == "this is a PNG image, not a text table; export the table as CSV"
    assert refused(bz2.compress(GOOD.encode()), "t.csv.bz2") == (
        "this is bzip2-compressed; unpack it, or pack it with gzip"
    )
    assert refused(lzma.compress(GOOD.encode())) == "this is xz-compressed; unpack it, or pack it with gzip"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            "<!DOCTYPE html>\n<html>\n",
            "this is an HTML page, not a table; download the file itself, not the page about it",
        ),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n",
            "this is a Git LFS pointer, not the table; run `git lfs pull` to get it",
        ),
        ('{"a": 1, "y": 0}\n', "this is JSON, not a table of fields; name it .jsonl, one object a line"),
        ('[\n {"a": 1, "y": 0}]', "this is JSON, not a table of fields; name it .json"),
        (
            "# made by x\n\n#at y\na,b,y\n",
            "line 1 is a comment ('#...'), not a header; "
            "leave such lines out with --comment '#', or the first 3 lines with --skip-lines 3",
        ),
        ("%PDF-1.7\n", "this is a PDF, not a text table; export the table as CSV"),
    ],
)
def test_15_something_else_named_csv(content: str, line: str) -> None:
    assert refused(content) == line


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        ('<?xml version="1.0"?>\n<rows/>\n', "XML"),
        ('\ufeff  \n<?XML version="1.0"?>\n<rows/>\n', "XML"),
        ("<rows>\n  <row a='1'/>\n</rows>\n", "XML"),
        ("<rows><row/></rows>\n", "XML"),
        ('<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">\n', "XML"),
        ("<!-- made by x -->\n<rows/>\n", "XML"),
        ("<!DOCTYPE rows>\n<rows/>\n", "XML"),
        ("<HTML>\n", "HTML"),
        ('<html lang="en">\n', "HTML"),
        ("<table border=1><tr><td>1\n", "HTML"),
    ],
)
def test_15_markup_is_no_table(start: str, kind: str) -> None:
    assert refused(start).startswith(f"this is {'an HTML page' if kind == 'HTML' else 'XML'}, not a table")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "<b>", "<5", "<x y", "<html,", "<"])
def test_15_a_column_may_be_called_like_a_tag(name: str) -> None:
    header = f'"{name}"' if "," in name else name
    table = read(GOOD.replace("a", header, 1))
    assert list(table.features.columns) == [name, "b"]


def test_16_damaged_archives() -> None:
    packed = gzip.compress(GOOD.encode() * 50)
    assert refused(GOOD, "t.csv.gz") == "it ends in .gz but is not gzip; rename it, or pack it again"
    assert refused(packed[:-12], "t.csv.gz") == "the gzip file is damaged or cut short; get it again"
    assert refused(packed[:40] + b"xxxx" + packed[44:], "t.csv.gz").startswith("the gzip file is damaged")
    assert refused(zipped(x=GOOD, z=GOOD), "t.zip") == (
        "the zip holds 2 files; it must hold one table; unpack it and name one"
    )
    assert refused(zipped(x=GOOD)[:60], "t.zip").startswith("the zip file is damaged")
    assert refused(zipped(**{"[Content_Types].xml": ""}), "t.xlsx").startswith("this is an office document")


def test_16_sound_archives_are_read() -> None:
    plain = read(GOOD).fingerprint()
    assert read(gzip.compress(GOOD.encode()), "t.csv.gz").fingerprint() == plain
    assert read(gzip.compress(GOOD.replace(",", "\t").encode()), "t.tsv.gz").notes == ()
    assert read(zipped(x=GOOD), "t.zip").fingerprint() == plain


def test_17_a_gzip_bomb_is_stopped_while_it_unpacks() -> None:
    bomb = gzip.compress(b"0" * 40_000_000)
    assert len(bomb) < 50_000
    assert refused(bomb, "t.csv.gz").startswith("it unpacks to more than 500 times its size, like a decompression bomb")
    line = "the table is larger than 20 bytes; raise --max-bytes to read it"
    assert refused(gzip.compress(GOOD.encode()), "t.csv.gz", max_bytes=20) == line
    assert refused(GOOD, max_bytes=20) == line
    assert read(GOOD, max_bytes=len(GOOD)).fingerprint() == read(GOOD).fingerprint()


def prepared(table: Table, **options: Any) -> Preparation:
    return Preparation.fit(table, np.arange(len(table)), **options)


def test_18_a_column_without_values() -> None:
    assert prepared(read(rows(lambda i: ""))).notes == ["column 'b' is excluded: it has no value"]


@pytest.mark.parametrize(("cell", "told"), [("5", "5"), ("x", "'x'"), ("true", "'True'")])
def test_19_a_constant_column(cell: str, told: str) -> None:
    assert prepared(read(rows(lambda i: cell))).notes == [f"column 'b' is excluded: it is always {told}"]


def test_20_numbers_with_a_few_words_are_a_mistake() -> None:
    content = rows(lambda i: "x" if i == 7 else i * i % 7)
    line = "column 'b' is 97 % numbers, but not on line 9: 'x'; correct the cell, or read 'x' as a gap with --na 'x'"
    assert refused(content) == line
    table = read(content, na=["x"])
    assert table.kinds["b"] == "number"
    assert np.flatnonzero(np.isnan(table.features["b"])).tolist() == [7]


def test_20_words_with_some_numbers_are_text_and_said() -> None:
    table = read(rows(lambda i: "x" if i % 3 == 0 else i * i % 7))
    assert table.kinds["b"] == "text"
    note = "column 'b' is read as text: 14 of 40 cells are no numbers (line 2: 'x'); to read 'x' as a gap with --na 'x'"
    assert table.notes == (note,)
    table = read(rows(lambda i: {3: "?", 5: "none", 7: "?", 9: "-"}.get(i, i * i % 7)))
    assert table.notes[0].endswith("to read '?', 'none', '-' as gaps with --na '?,none,-'")


@pytest.mark.parametrize(
    ("cell", "what", "value"), [("{}%", "a percent sign", "1, in percent"), ("{} €", "a currency sign", "1")]
)
def test_21_numbers_as_people_write_them(cell: str, what: str, value: str) -> None:
    table = read(rows(lambda i: cell.format(1 + i % 7)))
    assert table.features["b"].tolist() == [1 + i % 7 for i in range(40)]
    assert table.notes == (f"column 'b' has numbers with {what}: line 2: {cell.format(1)!r} read as {value}",)


def test_22_words_that_mean_a_gap() -> None:
    content = rows(lambda i: ["NA", "DE", "FR"][i % 3])  # Namibia
    table = read(content)
    assert table.notes == ("column 'b': read as gaps: 14 x 'NA' (--keep-na-words keeps them as words)",)
    assert table.features["b"].isna().sum() == 14
    assert set(read(content, keep_na_words=True).features["b"]) == {"NA", "DE", "FR"}
    requested = rows(lambda i: ["?", 1, 2][i % 3])
    assert read(requested).kinds["b"] == "text"
    assert read(requested, na=["?"]).kinds["b"] == "number"
    table = read(rows(lambda i: "null" if i == 3 else i % 7))
    assert (table.kinds["b"], table.notes) == ("number", ("column 'b': read as gaps: 1 x 'null'",))
    assert level(table.notes[0]) == "note"


def test_22_numbers_that_a_typed_file_s_user_calls_gaps() -> None:
    table = read(lines(*({"a": i % 5 if i % 3 else -999, "y": i % 2} for i in range(12))), "t.jsonl", na=["-999"])
    assert table.features["a"].isna().sum() == 4


def test_24_codes_keep_their_zeros() -> None:
    content = rows(lambda i: f"0{1000 + i % 9}" if i != 5 else "10115")
    table = read(content)
    assert set(table.features["b"]) == {*(f"0{1000 + i}" for i in range(9)), "10115"}
    assert table.notes == ("column 'b' holds codes with zeros in front (line 2: '01000'): read as text",)
    gappy = read(rows(lambda i: "" if i == 7 else f"0{1000 + i % 9}"))
    assert (gappy.kinds["b"], int(gappy.features["b"].isna().sum())) == ("text", 1)
    assert read(rows(lambda i: f"{i % 12:02d}")).kinds["b"] == "number"  # months
    assert read(rows(lambda i: f"0{i % 3}.5")).kinds["b"] == "number"


def test_26_rare_levels_are_told() -> None:
    told = prepared(read(rows(lambda i: {3: "x", 9: "z"}.get(i, "ab"[i % 2]))))
    assert told.notes == ["column 'b': 2 rare values joined as (rare) ('x', 'z')"]


@pytest.mark.parametrize("cell", ["inf", "-inf", "1e400", "1e39"])
def test_23_infinite_values(cell: str) -> None:
    line = refused(rows(lambda i: cell if i in (3, 9) else i % 7))
    told = f"{float(cell):g}"
    assert line == (
        f"column 'b' has 2 infinite values (the first: line 5: {told}); "
        f"correct them, or read such values as gaps with --na {told}"
    )
    table = read(rows(lambda i: cell if i in (3, 9) else i % 7), na=[told])  # what it says works
    assert np.flatnonzero(np.isnan(table.features["b"])).tolist() == [3, 9]


def test_23_infinite_values_at_predict_time() -> None:
    preparation = prepared(read(rows(lambda i: i % 7)))
    with pytest.raises(UserError, match="column 'b' has 1 infinite value; correct or drop it"):
        preparation.transform(pd.DataFrame({"a": [1.0, 2.0], "b": [1e38 * 1e10, 0.0]}))


def test_24_whole_numbers_too_large_to_be_exact() -> None:
    table = read(rows(lambda i: 12345678901234567890123 + i % 9))
    note = "column 'b' holds whole numbers too large to be exact (line 2: '12345678901234567890123'): read as text"
    assert table.notes == (note,)
    table = read(rows(lambda i: "" if i == 9 else 2**53 + 1 + i % 9))  # a gap would make them floats
    assert table.kinds["b"] == "text"
    assert str(2**53 + 1) in set(table.features["b"].dropna())
    assert read(rows(lambda i: f"{1 + i % 9}e20")).kinds["b"] == "number"


def test_24_digits_beyond_float32_survive_scaling() -> None:
    table = read(rows(lambda i: 16777216 + i % 2))  # float32 holds the first, not the second
    column = prepared(table).transform(table.features)[:, 1]
    assert len(np.unique(column)) == 2


def test_25_dates() -> None:
    content = rows(lambda i: f"2020-01-{i % 28 + 1:02d}")
    table = read(content)
    assert table.kinds["b"] == "date"
    assert prepared(table).notes == ["column 'b' is excluded: it holds dates (--dates turns them into numbers)"]
    assert prepared(table, dates=True).input_names == ["a", "b.day", "b.weekday"]  # one year, one month
    table = read(rows(lambda i: f"{i % 28 + 1:02d}/01/2020"))
    why = "(line 14: '13/01/2020' cannot be %m/%d/%Y)"
    assert table.notes == (f"column 'b' read as dates written %d/%m/%Y {why}",)


def test_26_free_text() -> None:
    table = read(rows(lambda i: f"word{i % 7} and number {i}"))
    note = "column 'b' is excluded: it is text with 40 distinct values in 40 rows (--text hash keeps it)"
    assert prepared(table).notes == [note]
    assert prepared(table, text="hash").transform(table.features).shape == (40, 33)
    many = read(rows(lambda i: f"level {i % 41}", n=410))
    assert "it is text with 41 distinct values in 410 rows" in prepared(many).notes[0]


def test_27_row_numbers() -> None:
    table = read(rows(lambda i: i * 3 + 100))
    assert table.notes == ("column 'b' looks like a row number (its whole numbers only rise): excluded",)
    assert list(table.features) == ["a"]
    assert list(read(rows(lambda i: i * 3 + 100), keep=["b"]).features) == ["a", "b"]
    table = read(rows(lambda i: f"p{(i * 7) % 40}", header="a,passenger_id,y"))
    assert list(table.features) == ["a"]
    assert list(read(rows(lambda i: i * 7 % 40, header="a,paid,y")).features) == ["a", "paid"]  # no id in its name


def test_27_a_copy_of_the_target() -> None:
    content = rows(lambda i: ["no", "yes"][(i // 2) % 2], header="a,alive,y")
    line = "column 'alive' determines the target 'y'; leave it out with --drop alive (or keep it with --keep)"
    assert refused(content) == line
    assert list(read(content, drop=["alive"]).features) == ["a"]
    assert list(read(content, keep=["alive"]).features) == ["a", "alive"]
    euros = "a,cents,y\n" + "".join(f"{i % 3},{150 * (i * i % 37)},{1.5 * (i * i % 37)}\n" for i in range(60))
    assert refused(euros).startswith("column 'cents' determines the target 'y'")


def test_27_a_gap_hides_neither_a_row_number_nor_a_copy() -> None:
    assert list(read(rows(lambda i: "" if i == 7 else i * 3 + 100)).features) == ["a"]
    content = rows(lambda i: "" if i == 7 else ["no", "yes"][(i // 2) % 2], header="a,alive,y")
    assert refused(content).startswith("column 'alive' determines the target 'y'")
    content = rows(lambda i: ["", "yes"][(i // 2) % 2], header="a,boat,y")  # known for one class only
    assert refused(content).startswith("column 'boat' determines the target 'y'")
    few = rows(lambda i: {3: "no", 8: "no", 2: "yes"}.get(i, ""), header="a,alive,y")  # three cells prove nothing
    assert "alive" in read(few).features
    euros = "a,cents,y\n" + "".join(
        f"{i % 3},{'' if i == 4 else 150 * (i * i % 37)},{1.5 * (i * i % 37)}\n" for i in range(60)
    )
    assert refused(euros).startswith("column 'cents' determines the target 'y'")


def test_28_booleans() -> None:
    table = read(rows(lambda i: ["true", "False", "TRUE"][i % 3]))
    assert table.kinds["b"] == "boolean"
    assert set(prepared(table).transform(table.features)[:, 1]) == {0, 1}
    table = read(rows(lambda i: ["true", "False", ""][i % 3]))
    assert prepared(table).input_names == ["a", "b=False", "b=True", "b=(missing)"]


def test_29_gaps_in_the_target() -> None:
    content = "a,y\n1,0\n2,\n1,1\n4,NA\n5,0\n6,1\n"
    line = "2 rows have no target (the first is line 3); fill them in, or leave them out with --drop-missing-target"
    assert refused(content) == line
    table = read(content, drop_missing_target=True)
    assert set(table.notes) == {"column 'y': read as gaps: 1 x 'NA'", "2 rows without a target excluded"}
    assert (table.target.tolist(), table.features["a"].tolist()) == ([0, 1, 0, 1], [1, 1, 5, 6])


def test_30_a_target_of_one_value() -> None:
    assert refused("a,y\n1,0\n2,0\n3,0\n") == "the target 'y' has one value ('0'); there is nothing to learn"


def test_31_a_class_of_one_row() -> None:
    content = "a,y\n1,a\n2,b\n1,a\n3,c\n4,b\n"
    assert refused(content) == (
        "class 'c' of the target 'y' has 1 row; a class needs at least 2; "
        "add rows, or leave such classes out with --min-class-rows 2"
    )
    table = read(content, min_class_rows=2)
    assert table.classes == ("a", "b")
    assert table.notes[0] == "classes of fewer than 2 rows excluded: c"
    with pytest.raises(UserError, match=r"^class 'a' has 2 rows; a split into 5 folds needs at least 5"):
        repeated_kfold(np.array([0, 0, 1, 1, 1, 1, 1]), "binary", 5, 1, 0, classes=("a", "b"))


def test_32_a_target_that_does_not_suit_the_task() -> None:
    weights = "a,y\n" + "".join(f"{i % 5},{i * 1.5:g} kg\n" for i in range(1, 31))
    assert refused(weights, task="regression") == (
        "a regression needs numbers, but the target 'y' has text (line 2: '1.5 kg'); "
        "write plain numbers, or choose --task multiclass"
    )
    assert refused(weights) == (
        "the target 'y' has 30 distinct texts in 30 rows (line 2: '1.5 kg'), neither classes nor numbers; "
        "write plain numbers, or name another --target"
    )
    numbers = weights.replace(" kg", "")
    line = "the target 'y' has 30 distinct numbers; did you mean --task regression?"
    assert refused(numbers, task="multiclass") == line
    assert read(numbers).task == "regression"
    assert refused(GOOD.replace("7,1,1", "7,1,2\n8,1,1\n9,1,2"), task="binary") == (
        "the target 'y' has 3 classes; a binary task has two: choose --task multiclass"
    )


@pytest.mark.parametrize(
    ("labels", "classes", "note"),
    [
        (("0.0", "1.0"), ("0", "1"), ()),
        (("1", "2"), ("1", "2"), ("classes of 'y': 1 -> 0, 2 -> 1",)),
        (("-1", "1"), ("-1", "1"), ("classes of 'y': -1 -> 0, 1 -> 1",)),
        (("no", "yes"), ("no", "yes"), ("classes of 'y': no -> 0, yes -> 1",)),
        (("false", "TRUE"), ("False", "True"), ("classes of 'y': False -> 0, True -> 1",)),
        (("9", "10"), ("9", "10"), ("classes of 'y': 9 -> 0, 10 -> 1",)),  # by size, not by spelling
    ],
)
def test_33_labels_become_indices(labels: tuple[str, str], classes: tuple[str, ...], note: tuple[str, ...]) -> None:
    table = read("a,y\n" + "".join(f"{a},{labels[k]}\n" for a, k in [(1, 1), (5, 0), (2, 1), (1, 0)]))
    assert (table.target.tolist(), table.classes, table.notes) == ([1, 0, 1, 0], classes, note)


def test_33_blanks_around_labels_make_no_class() -> None:
    table = read("a,y\n1,no\n5, no\n2,yes\n1,yes\n")
    assert table.classes == ("no", "yes")
    assert table.notes[0] == "column 'y': spaces around values removed (line 3: ' no')"
    assert [level(note) for note in table.notes] == ["warning", "note"]


def test_33_a_count_is_told_how_else_it_could_be_read() -> None:
    table = read("a,y\n" + "".join(f"{i * i % 7},{i % 13}\n" for i in range(65)))
    assert table.task == "multiclass"
    assert table.notes == (
        "target 'y' read as 13 classes (--task regression reads it as an amount,"
        " --task ordinal as classes in their order)",
    )
    assert read("a,y\n" + "".join(f"{i * i % 7},{i % 13}\n" for i in range(65)), task="multiclass").notes == ()


def lines(*entries: object) -> str:
    return "".join((entry if isinstance(entry, str) else json.dumps(entry)) + "\n" for entry in entries)


def test_34_crooked_json_lines() -> None:
    first = {"a": 1, "y": 0}
    assert refused(lines(first, {"a": {"b": 2}, "y": 1}), "t.jsonl") == "line 2: column 'a' holds objects; flatten it"
    assert refused(lines(first, {"a": [2], "y": 1}), "t.jsonl") == "line 2: column 'a' holds lists; flatten it"
    assert refused(lines(first, {"y": 1}), "t.jsonl") == (
        "line 2 lacks the key 'a'; write null there, or fill gaps by --allow-short-rows"
    )
    assert refused(lines(first, {"a": 1, "y": 1, "z": 2}), "t.jsonl").startswith("line 2 has the key 'z'")
    assert refused(lines(first, "", '{"a": 1,'), "t.jsonl").startswith("line 3 is not JSON (")
    assert refused(lines(first, [1, 2]), "t.jsonl").startswith("line 2 holds a JSON list, not an object")
    assert refused(lines(first, '{"a": 1, "a": 2, "y": 1}'), "t.jsonl").startswith("line 2 is not JSON (a key appears")
    assert refused(lines({"": 1, "y": 0}), "t.jsonl") == "line 1 has a key without a name; name it"
    table = read(lines(first, {"y": 1}, {"a": 3, "y": 1}, {"a": 2, "y": 0}), "t.jsonl", allow_short_rows=True)
    assert table.notes == ("1 object lacks keys: filled with gaps",)
    assert refused(lines(first, '{"a" 1}'), "t.jsonl") == (
        "line 2 is not JSON (expecting ':' delimiter at character 6); write one object a line"
    )


def test_34_an_array_of_objects_is_read() -> None:
    entries = [{"a": 1, "y": 0}, {"a": 3, "y": 1}, {"a": 5, "y": 0}, {"a": 7, "y": 1}]
    table = read(json.dumps(entries, indent=1), "t.json")
    assert table.fingerprint() == read(lines(*entries), "t.jsonl").fingerprint()
    entries[2] = {"a": [5], "y": 0}  # type: ignore[dict-item]
    assert refused(json.dumps(entries), "t.json") == "object 3: column 'a' holds lists; flatten it"
    assert refused('[{"a": 1,\n "y" 0}]', "t.json").startswith("line 2 is not JSON (expecting ':' delimiter at")


def test_35_a_level_that_training_never_saw() -> None:
    table = read(rows(lambda i: ["red", "green", "blue"][i % 3 if i % 5 else 2]))
    preparation = prepared(table)
    Path("new.csv").write_text("extra,b,a\n1,red,1\n2,mauve,2\n3,mauve,3\n4,,1\n", encoding="utf-8")
    features, _ = read_features(DataSource(file="new.csv"), preparation.kinds)
    assert preparation.unseen(features) == {"b": {"mauve": 2, "(missing)": 1}}
    block = preparation.transform(features)[:, 1:]
    assert block.tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_35_a_column_missing_at_predict_time() -> None:
    preparation = prepared(read(rows(lambda i: i % 7)))
    Path("new.csv").write_text("b,c\n1,2\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"^new.csv: no column 'a'; columns are b, c$"):
        read_features(DataSource(file="new.csv"), preparation.kinds)
    Path("new.csv").write_text("a,b\n1,2\n1,many\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"^new.csv: column 'b' held numbers in training, but not on line 3: 'many'"):
        read_features(DataSource(file="new.csv"), preparation.kinds)


def test_standard_input_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(gzip.compress(GOOD.encode()))

    monkeypatch.setattr(sys, "stdin", Stdin())
    table = load(DataSource(file="-", target="y"))
    assert (table.source, table.fingerprint()) == ("standard input", read(GOOD).fingerprint())
    Stdin.buffer = io.BytesIO(b"")
    with pytest.raises(UserError, match=r"^standard input: the file is empty$"):
        load(DataSource(file="-", target="y"))


def zipped(**files: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


MARKS = [",", ";", "\n", "\r\n", "\r", '"', "0", "1", "2.5", "-", "a", "y", " ", "\t", "NA", "é", "true"]
CELLS = [
    "",
    "0",
    "1",
    "2",
    "2.5",
    "1e400",
    "a",
    "b",
    "NA",
    "true",
    "false",
    "2024-01-02",
    "1,5",
    '"q"',
    "x y",
    "9" * 20,
    "5%",
]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.lists(st.sampled_from(MARKS), max_size=60).map("".join),
        st.lists(st.lists(st.sampled_from(CELLS), min_size=3, max_size=3).map(",".join), min_size=3, max_size=12).map(
            lambda rows: "\n".join(["a,b,y", *rows])
        ),
    ),
    st.binary(max_size=2),
    st.sampled_from(["t.csv", "t.jsonl", "t.tsv", "t.parquet"]),
)
def test_whatever_stands_in_a_file_it_is_a_table_or_one_line(content: str, tail: bytes, name: str) -> None:
    try:
        table = read(content.encode() + tail, name, drop_missing_target=True, min_class_rows=2)
        inputs = prepared(table, dates=True, text="hash").transform(table.features)
    except UserError as problem:
        told = [str(problem)]
    else:
        assert len(inputs) == len(table.target) >= 3
        assert np.isfinite(inputs).all()
        told = list(table.notes)
    assert all(len(line.splitlines()) == 1 for line in told)
