"""Numbers as people write them: read where a column's cells agree, refused with line and cell where they do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossbench.data.infer.spelling import Marks, Spelling, looks_grouped, read_numbers
from lossbench.data.load import load
from lossbench.data.read.build_table import read_features
from lossbench.data.source import DataSource
from lossbench.data.table import Table, level
from lossbench.errors import UserError

EXPLICIT = Marks(",", ".", given=True)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(cells: list[str], sep: str = ";", other: str = "2020", **options: Any) -> Table:
    """A table of a column `x` of these cells, twice, beside `other`."""
    rows = [f'"{cell}"{sep}{other}{sep}{"ny"[i % 2]}' for i, cell in enumerate([*cells, *cells])]
    Path("t.csv").write_text("\n".join([sep.join(("x", "z", "y")), *rows]) + "\n", encoding="utf-8")
    return load(DataSource(file="t.csv", target="y", keep=["x", "z"], **options))


def refused(cells: list[str], **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(cells, **options)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value).removeprefix("t.csv: ")


def notes_on(table: Table) -> list[str]:
    return [note for note in table.notes if "column 'x'" in note]


styles = st.sampled_from(
    [
        (".", ","),
        (",", "."),
        (".", " "),
        (",", " "),
        (",", "\u00a0"),
        (",", "\u202f"),
        (".", "\u2009"),
        (".", "'"),
        (".", "’"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=3, max_size=20),
    styles,
    st.sampled_from(["{}", "{} €", "${}", "{}%", "({})", "\u2212{}"]),
)
def test_every_style_of_writing_gives_the_number_that_python_wrote(
    numbers: list[Any], style: tuple[str, str], around: str
) -> None:
    """The oracle is Python: `f"{number:,.2f}"` with other marks, and `float` of the number itself."""
    decimal, thousands = style
    swapped = str.maketrans({".": decimal, ",": thousands})
    numbers = [abs(number) for number in numbers] if around != "{}" else numbers
    texts = [around.format(f"{number:,.2f}".translate(swapped)) for number in numbers]
    found = read_numbers(texts, Marks())
    assert found is not None
    assert found.ambiguous is None  # two digits behind the mark part no thousands
    sign = -1 if around.startswith(("(", "\u2212")) else 1
    assert found.values == [sign * float(number) for number in numbers]
    assert Spelling.parse(str(found.spelling)) == found.spelling


@pytest.mark.parametrize(
    ("cells", "options", "values", "note"),
    [
        (["1.960,29", "46,93", "7"], {}, [1960.29, 46.93, 7], "separator: line 2: '1.960,29' read as 1960.29"),
        (["1,960.29", "46.93", "7"], {}, [1960.29, 46.93, 7], "separator: line 2: '1,960.29' read as 1960.29"),
        (["1,234,567", "950", "1,277"], {}, [1234567, 950, 1277], "a thousands separator: line 2: '1,234,567'"),
        (["1.234.567", "950", "1.277"], {}, [1234567, 950, 1277], "a thousands separator: line 2: '1.234.567'"),
        (["1,277", "950", "12,500"], {}, [1277, 950, 12500], "a thousands separator: line 2: '1,277' read as 1277"),
        (["6.162", "950", "1.277"], {"decimal": ","}, [6162, 950, 1277], "a thousands separator: line 2: '6.162'"),
        (["6.162", "950", "1.277"], {"thousands": "."}, [6162, 950, 1277], "a thousands separator: line 2: '6.162'"),
        (["6.162", "950", "1.277"], {"decimal": "."}, [6.162, 950, 1.277], ""),
        (["6.162", "950", "1.277"], {"thousands": "none"}, [6.162, 950, 1.277], ""),
        (["1,500", "3,250", "2,125"], {"thousands": ","}, [1500, 3250, 2125], "a thousands separator: line 2: '1,500'"),
        (["1,500", "3,250", "2,125"], {"decimal": ","}, [1.5, 3.25, 2.125], ""),
        (["(123)", "7", "1"], {}, [-123, 7, 1], "parentheses for a minus: line 2: '(123)' read as -123"),
        (["$ 5", "-$7", "$1.50"], {}, [5, -7, 1.5], "a currency sign: line 2: '$ 5' read as 5"),
        (["65.3 %", "7%", "1%"], {}, [65.3, 7, 1], "a percent sign: line 2: '65.3 %' read as 65.3, in percent"),
    ],
)  # fmt: skip
def test_what_cells_agree_on_is_read_and_said(
    cells: list[str], options: dict[str, str], values: list[float], note: str
) -> None:
    table = read(cells, **options)
    assert table.features["x"].tolist() == values * 2
    assert [found for found in notes_on(table) if note in found] == notes_on(table)
    assert bool(notes_on(table)) == bool(note)
    assert all(level(found) == "note" for found in notes_on(table))


@pytest.mark.parametrize(
    ("cells", "options", "line"),
    [
        (["1.277", "300", "6.162"], {}, "(line 2: '1.277' is 1.277 or 1277); say --thousands . if the mark sep"),
        (["1,500", "3,250", "2,125"], {}, "(line 2: '1,500' is 1.5 or 1500); say --thousands , if the mark sep"),
        (["1,960", "1.960", "3"], {}, "(line 2: '1,960' is 1960 or 1.96)"),
        (["$5", "$6", "€7"], {}, "numbers like '$5', but not on line 4: '€7'; write them alike"),
        (["5%", "6%", "7"], {}, "numbers like '5%', but not on line 4: '7'; write them alike"),
        (["1.960,29", "2.000,10", "3,000.10"], {}, "numbers like '1.960,29', but not on line 4: '3,000.10'"),
        (["1,960.29", "2,000.10", "7"], {"thousands": "none"}, "separator (line 2: '1,960.29'); write plain num"),
        (["1,960", "7", "2"], {"thousands": ",", "decimal": ","}, "--thousands: ',' is the decimal mark too"),
    ],
)  # fmt: skip
def test_what_they_do_not_agree_on_is_refused(cells: list[str], options: dict[str, str], line: str) -> None:
    assert line in refused(cells, **options)


@pytest.mark.parametrize("mark", [".", ","])
def test_ordinary_decimals_with_three_digits_are_not_refused(mark: str) -> None:
    """Random numbers that are written with three digits: a value below one, or no whole number, shows what they are."""
    numbers = np.random.default_rng(0).normal(5, 3, 200)
    for few in (numbers[:10], numbers, np.abs(numbers) + 1):
        texts = [f"{value:.3f}".replace(".", mark) for value in few]
        assert not looks_grouped([text.lstrip("-") for text in texts], mark)
    table = read([f"{value:.3f}" for value in np.abs(numbers) + 1])
    assert table.features["x"].tolist() == [float(f"{value:.3f}") for value in np.abs(numbers) + 1] * 2
    assert notes_on(table) == []


def test_the_rest_of_the_file_tells_which_mark_is_decimal() -> None:
    assert read(["1.277", "300", "6.162"], other="0,5").features["x"].tolist() == [1277, 300, 6162] * 2
    assert read(["1,500", "3,250", "2,125"], other="0.5").features["x"].tolist() == [1500, 3250, 2125] * 2
    assert read(["1,500", "3,250", "2,125"], other="0,5").features["x"].tolist() == [1.5, 3.25, 2.125] * 2


def test_a_target_is_read_like_a_feature() -> None:
    Path("t.csv").write_text("a;y\n" + "".join(f"{i * 7 % 5};{i}.{100 + i}\n3;{i}\n" for i in range(1, 30)))
    with pytest.raises(UserError, match=r"column 'y' has numbers that can be read in two ways \(line 2: '1.101'"):
        load(DataSource(file="t.csv", target="y"))
    assert load(DataSource(file="t.csv", target="y", decimal=",")).target[0] == 1101


def test_a_column_that_is_mostly_numbers_is_not_lost_in_silence() -> None:
    table = read(["1.960,29", "2.000,10", "n.d.", "3.000,00"])
    assert table.kinds["x"] == "text"
    assert notes_on(table)[0].startswith("column 'x' is read as text: 2 of 8 cells are no numbers (line 4: 'n.d.')")
    assert level(notes_on(table)[0]) == "warning"


def test_new_rows_are_read_as_the_training_s_were() -> None:
    """1.960 is 1960 where training had 1.960,29: alone it would be ambiguous, or 1.96."""
    table = read(["1.960,29", "2.000,10", "46,93", "7"], other="3,5")
    assert table.reading["number_formats"] == {"x": "1.000,0", "z": "1000,0"}
    source = DataSource(file="new.csv", **table.reading)

    def new(*cells: str) -> list[float]:
        Path("new.csv").write_text("\n".join(["x;z", *(f"{cell};1" for cell in cells)]) + "\n", encoding="utf-8")
        return list(read_features(source, table.kinds)[0]["x"])

    assert new("1.960", "950") == [1960, 950]
    assert new("1.960,5") == [1960.5]
    assert new("1960.25") == [1960.25]
    with pytest.raises(UserError, match=r"'x' held numbers with no sign in training, here they have the sign '%'"):
        new("5%")
    with pytest.raises(UserError, match=r"column 'x' held numbers in training, but not on line 2: 'many'"):
        new("many")


@pytest.mark.parametrize(("last", "kind"), [("01234", "text"), ("1234", "number")])
def test_a_zero_in_front_far_behind_the_first_rows_still_tells_a_code(last, kind):
    """The first rows of whole numbers are looked at alone, unless they may be codes."""
    assert read([*(str(10_000 + i % 7) for i in range(1500)), last]).kinds["x"] == kind


@pytest.mark.parametrize("text", ["", "1000", "1,000,0", "€1.000,0%x", "1 000"])
def test_a_stored_spelling_is_checked(text: str) -> None:
    with pytest.raises(ValueError, match="is not one thousand"):
        Spelling.parse(text)
