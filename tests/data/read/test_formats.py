"""Every format gives the same table, and nothing is lost or shifted on the way."""

from __future__ import annotations

import csv
import datetime
import decimal
import gzip
import io
import json
import string
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import feather, ipc, parquet

from lossbench.data.load import load
from lossbench.data.preparation import Preparation
from lossbench.data.read import delimited
from lossbench.data.read import rows as row_counter
from lossbench.data.read.build_table import read_features
from lossbench.data.read.rows import Start, find_rows
from lossbench.data.source import DataSource
from lossbench.data.table import Table
from lossbench.errors import UserError

FRAME = pd.DataFrame(
    {
        "n": [3, 1, 4, 1, 5, 9, 2, 6],
        "x": [0.1, np.nan, 1e-300, 2 / 3, -7.25, 1e20, 0.5, 0.25],
        "t": pd.Series(["a", "b", None, "a", 'say "hi"', "b", "a,b", "b"], dtype="str"),
        "f": [True, False, True, True, False, False, False, True],
        "y": pd.Series(["no", "yes", "yes", "no", "no", "yes", "no", "yes"], dtype="str"),
    }
)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(name: str, content: bytes | str | None = None, **options: Any) -> Table:
    if content is not None:
        Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return load(DataSource(file=name, **{"target": "y", **options}))


def refused(name: str, content: bytes | None = None, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(name, content, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def write(name: str) -> None:
    table = pa.Table.from_pandas(FRAME)
    if name.endswith((".csv", ".csv.gz")):
        FRAME.to_csv(name, index=False)
    elif name.endswith((".tsv", ".tsv.gz")):
        FRAME.to_csv(name, index=False, sep="\t")
    elif name.endswith(".jsonl"):
        FRAME.to_json(name, orient="records", lines=True, double_precision=15)
        rows = [{k: None if pd.isna(v) else v for k, v in row.items()} for row in FRAME.to_dict("records")]
        Path(name).write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    elif name.endswith(".parquet"):
        FRAME.to_parquet(name)
    elif name.endswith((".feather", ".arrow")):
        feather.write_feather(FRAME, name, compression="uncompressed" if name.endswith("arrow") else "lz4")
    else:
        with ipc.new_stream(name, table.schema) as stream:
            stream.write_table(table)


@pytest.mark.parametrize(
    "name", ["t.csv", "t.csv.gz", "t.tsv", "t.tsv.gz", "t.jsonl", "t.parquet", "t.feather", "t.arrow", "t.arrows"]
)
def test_every_format_is_the_same_table(name: str) -> None:
    write(name)
    table = read(name)
    assert dict(table.kinds) == {"n": "number", "x": "number", "t": "text", "f": "boolean"}
    assert table.features["n"].tolist() == FRAME["n"].tolist()
    assert np.array_equal(table.features["x"], FRAME["x"], equal_nan=True)  # to the last bit
    assert table.features["t"].fillna("").tolist() == FRAME["t"].fillna("").tolist()
    assert table.features["f"].tolist() == FRAME["f"].tolist()
    assert table.target.tolist() == [0, 1, 1, 0, 0, 1, 0, 1]
    assert table.notes == ("classes of 'y': no -> 0, yes -> 1",)
    write("t.csv")
    assert table.fingerprint() == read("t.csv").fingerprint()


@pytest.mark.parametrize("suffix", ["jsonl", "parquet", "feather", "arrows"])
def test_a_format_is_known_without_its_name(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write(f"t.{suffix}")

    class Stdin:
        buffer = io.BytesIO(Path(f"t.{suffix}").read_bytes())

    monkeypatch.setattr(sys, "stdin", Stdin())
    assert read("-").fingerprint() == read(f"t.{suffix}").fingerprint()


words = st.sampled_from(["é", "b c", "-", 'q"q', "l\nl", "a,b;c"])
cells = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32), st.integers(-(2**53) + 1, 2**53 - 1), st.none()
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(cells, cells, words), min_size=8, max_size=30),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([1 << 20, 64]),
)
def test_a_random_table_comes_back_from_csv(
    rows: list[tuple[Any, Any, str]], sep: str, quoting: Any, end: str, block: int
) -> None:
    """Numbers to the last bit, texts to the last blank, whatever parts, quotes and ends the fields."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=sep, quoting=quoting, lineterminator=end)
    writer.writerow(["u", "v", "w", "y"])
    writer.writerows([*row, i % 2] for i, row in enumerate(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_counter, "BLOCK", block)
        patch.setattr(delimited, "CHUNK_ROWS", 5)
        table = read("t.csv", file.getvalue(), sep=sep, decimal=".", keep=["u", "v", "w"])
    for column, name in enumerate("uv"):
        assert table.kinds[name] == "number"
        expected = [np.nan if row[column] is None else float(row[column]) for row in rows]
        assert np.array_equal(table.features[name].astype(float), expected, equal_nan=True)
    assert table.features["w"].tolist() == [row[2] for row in rows]
    assert table.target.tolist() == [i % 2 for i in range(len(rows))]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.text(string.ascii_letters + ' "', max_size=5), min_size=1, max_size=4), max_size=20),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from([1 << 20, 16]),
)
def test_rows_are_counted_as_the_csv_module_counts(rows: list[list[str]], end: str, closed: bool, block: int) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator=end).writerows([["h"] * 4, *rows])
    text = file.getvalue() if closed else file.getvalue().removesuffix(end)
    reader = csv.reader(io.StringIO(text, newline=""))
    expected, line = [], 1
    for row in reader:
        if any(field.strip() for field in row):  # a row without any value is left out
            expected.append((line, len(row)))
        line = reader.line_num + 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_counter, "BLOCK", block)
        start = Start(len(("h,h,h,h" + end).encode()), 1, 4)
        found = find_rows(io.BytesIO(text.encode()), io.BytesIO(), ",", start, None, plain=True)
    assert found.line_N.tolist() == [line for line, _ in expected[1:]]
    assert found.short == [(line, fields) for line, fields in expected[1:] if fields < 4]


def test_a_column_that_turns_to_text_late_is_read_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "CHUNK_ROWS", 4)
    values = ["1.50"] * 6 + ["a"] * 6
    table = read("t.csv", "x,z,y\n" + "".join(f"{v},{i * i % 5},{i % 3 % 2}\n" for i, v in enumerate(values)))
    assert table.features["x"].tolist() == values  # not 1.5
    assert table.features["z"].tolist() == [i * i % 5 for i in range(12)]


def test_blank_lines_are_no_rows_and_lines_are_still_counted() -> None:
    table = read("t.csv", "\n\na,y\n\n1,0\n  \n2,1\n\n5,0\n3,1\n")
    assert table.features["a"].tolist() == [1, 2, 5, 3]
    assert "line 7 has 3 fields" in refused("t.csv", b"\n\na,y\n\n1,0\n\n2,1,1\n")


def test_quoted_headers_and_fields_over_several_lines() -> None:
    table = read("t.csv", '"a\nb","c,d",y\n1,"x\ny",0\n2,z,1\n1,"x\ny",1\n4,z,0\n')
    assert list(table.features) == ["a b", "c,d"]
    assert table.features["c,d"].tolist() == ["x\ny", "z", "x\ny", "z"]


def test_an_old_macs_line_ends_are_read() -> None:
    assert read("t.csv", "a,y\r1,0\r2,1\r5,0\r3,1\r").features["a"].tolist() == [1, 2, 5, 3]


@pytest.mark.parametrize("sep", [";", r"\t", "tab", "::"])
def test_a_separator_may_be_named(sep: str) -> None:
    if sep == "::":
        assert "--sep: the separator '::' is not one character; choose , ; tab | or space" in refused(
            "t.csv", b"a::y\n", sep=sep
        )
    else:
        mark = ";" if sep == ";" else "\t"
        content = "a,y\n1,0\n2,1\n5,0\n3,1\n".replace(",", mark)
        assert read("t.csv", content, sep=sep).features["a"].tolist() == [1, 2, 5, 3]


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "t.arrows"])
def test_damaged_columnar_files_are_one_line(name: str) -> None:
    write(name)
    content = Path(name).read_bytes()
    assert refused(name, content[: len(content) // 2]).startswith(f"{name}: damaged, or not ")
    assert refused(name, b"nothing of the kind").startswith(f"{name}: damaged, or not ")


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    write("t.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert refused("t.parquet") == 't.parquet: reading parquet needs pyarrow; pip install "lossbench[arrow]"'


def test_columnar_types_keep_their_meaning() -> None:
    day = datetime.date(2024, 2, 28)
    columns = {
        "small": pa.array([1, 2, None, 5, 9], pa.int8()),
        "half": pa.array(np.array([1, 2, 0.5, 4, 8], dtype=np.float16)),
        "money": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal(3), decimal.Decimal(2), decimal.Decimal(1)]),
        "flag": pa.array([True, None, False, True, True]),
        "level": pa.array(["a", "b", None, "a", "b"]).dictionary_encode(),
        "zip": pa.array(["01", "02", "01", "02", "02"]),  # the file says text: no number
        "day": pa.array([day, day, None, day, day], pa.date32()),
        "when": pa.array([datetime.datetime(2024, 1, 2, i) for i in range(5)], pa.timestamp("ns", tz="UTC")),
        "ids": pa.array([2**60 + i % 4 for i in range(5)]),
        "none": pa.nulls(5),
        "y": pa.array([0.5, 1.5, 2.5, 0.25, 9.0]),
    }
    parquet.write_table(pa.table(columns), "t.parquet")
    table = read("t.parquet")
    kinds = ["number", "number", "number", "boolean", "text", "text", "date", "date", "text", "number"]
    assert list(table.kinds.values()) == kinds
    assert table.features["money"].tolist()[2:] == [3, 2, 1]
    assert table.features["zip"].tolist() == ["01", "02", "01", "02", "02"]
    assert table.features["when"].dt.hour.tolist() == [0, 1, 2, 3, 4]
    assert table.features["ids"][3] == str(2**60 + 3)
    assert "column 'ids' holds whole numbers too large to be exact (row 1:" in table.notes[0]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (pa.array([[1], [2], [3]]), "column 'a' holds lists; flatten it"),
        (pa.array([{"b": 1}] * 3), "column 'a' holds objects; flatten it"),
        (pa.array([b"x"] * 3), "column 'a' holds binary; write it as numbers or text"),
        (
            pa.array([1.0, np.inf, 2.0]),
            "column 'a' has 1 infinite value (the first: row 2: inf); correct it, or read such values as gaps",
        ),
    ],
)
def test_columns_that_cannot_be_used_are_one_line(values: pa.Array, told: str) -> None:
    parquet.write_table(pa.table({"a": values, "y": [0, 1, 0]}), "t.parquet")
    assert refused("t.parquet").startswith(f"t.parquet: {told}")


def test_a_saved_index_in_parquet_is_left_out() -> None:
    frame = FRAME.set_index(pd.Index(range(8)))
    parquet.write_table(pa.Table.from_pandas(frame, preserve_index=True), "t.parquet")
    table = read("t.parquet")
    assert list(table.features) == ["n", "x", "t", "f"]
    assert table.notes[0] == "the index is no feature: excluded (reset_index() makes it a column)"
    for index, told in [(pd.Index(range(40, 24, -2)), ""), (pd.Index(list("abcdefgh"), name="who"), " ('who')")]:
        frame = FRAME.set_index(index)  # filtered or named: what the DataFrame itself is told
        parquet.write_table(pa.Table.from_pandas(frame, preserve_index=True), "t.parquet")
        table = read("t.parquet")
        assert list(table.features) == ["n", "x", "t", "f"]
        assert table.notes[0] == f"the index{told} is no feature: excluded (reset_index() makes it a column)"


def test_json_texts_stay_texts_and_mixtures_are_judged() -> None:
    rows = [
        {"zip": f"0{i % 3}", "mixed": [1, 2.5, "3"][i % 3], "day": f"2024-01-0{i + 1}", "y": i % 2} for i in range(6)
    ]
    table = read("t.jsonl", "\n".join(map(json.dumps, rows)))
    assert dict(table.kinds) == {"zip": "text", "mixed": "number", "day": "date"}
    assert table.features["zip"][0] == "00"


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_new_rows_are_read_in_the_kinds_of_training(suffix: str) -> None:
    """Levels that look like numbers, flags without an example and whole numbers stay what they were."""
    train = pd.DataFrame({"code": ["1", "2", "x"] * 4, "flag": [True, False, False] * 4, "z": range(12)})
    frame = train.assign(y=[0, 1] * 6)
    if suffix == "csv":
        frame.to_csv("t.csv", index=False)
    elif suffix == "jsonl":
        frame.to_json("t.jsonl", orient="records", lines=True)
    else:
        frame.to_parquet("t.parquet")
    table = read(f"t.{suffix}", keep=["z"])
    preparation = Preparation.fit(table, np.arange(12))
    Path("new.csv").write_text("z,code,flag\n1,1,true\n5,2,true\n", encoding="utf-8")
    features, notes = read_features(DataSource(file="new.csv"), preparation.kinds)
    assert notes == []
    assert preparation.unseen(features) == {}
    assert np.array_equal(
        preparation.transform(features)[:, :4], [[1, 0, 0, 1], [0, 1, 0, 1]]
    )  # code=1, code=2, code=x, flag


def test_a_packed_table_is_spooled_in_bounded_memory() -> None:
    content = "a,y\n" + "".join(f"{i % 97},{i % 2}\n" for i in range(20_000))
    assert len(read("t.csv.gz", gzip.compress(content.encode()), keep=["a"])) == 20_000
