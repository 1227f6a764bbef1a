"""A comparison of many settings: a page for each under one that lists them, and no step slower than linear in them."""

import io
import re
from collections import Counter

import numpy as np
import pytest
from rich.console import Console

from lossbench.errors import UserError
from lossbench.report.compare import files, pictures
from lossbench.report.compare.analysis import comparison as analysis
from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.analysis.statistics import simultaneous
from lossbench.report.compare.contents import FIRST, WHOLE, page_names
from lossbench.report.compare.files import write_comparison
from lossbench.report.compare.markdown import comparison_markdown
from lossbench.report.compare.plots import PLOTS
from lossbench.report.compare.terminal import comparison_report
from tests.report.compare.many import many_settings
from tests.report.compare.planted import Planted, planted_record


@pytest.fixture(scope="module")
def many():
    record = many_settings(5, 4, 8)
    record.analysis = compare(record)
    return record


@pytest.fixture(scope="module")
def folder(many, tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    write_comparison(many, folder)
    return folder


def links(text):
    return re.findall(r'href="(pages/[^"]+)"', text)


def test_every_setting_and_every_condition_has_a_page_that_the_main_page_links_to(many, folder):
    linked = links((folder / "report.html").read_text())
    assert len(linked) == len(set(linked)) == 40 + len(many.analysis.sensitivity)
    assert {f"pages/{path.name}" for path in (folder / "pages").iterdir()} == set(linked)
    for path in (folder / "pages").iterdir():
        assert '<a href="../report.html">' in path.read_text()


def test_no_picture_exists_nowhere(many, folder):
    """Each setting's page has all six, each condition's its own; the main page has the ranks of all levels."""
    count = Counter(path.read_text().count('<svg class="plot"') for path in (folder / "pages").iterdir())
    assert count == {len(PLOTS): 40, 1: len(many.analysis.sensitivity)}
    assert (folder / "report.html").read_text().count('<svg class="plot"') == len(many.analysis.across) == 8


def test_the_main_page_has_what_the_data_sets_say_together_before_any_of_them(many, folder):
    page = (folder / "report.html").read_text()
    places = [page.index(text) for text in ('id="across-0"', 'id="counts-0"', 'id="settings"', 'id="protocol"')]
    assert places == sorted(places)
    assert 'id="data-0"' not in page


def test_counts_by_condition_are_those_of_the_words(many):
    from lossbench.report.compare.analysis.level_counts import level_counts

    for count in level_counts(many.analysis.sensitivity):
        mine = [one for one in many.analysis.sensitivity if one.condition == count.condition]
        words = Counter((row.name, row.word) for one in mine for row in one.rows)
        assert count.count == len(mine)
        for row in count.rows:
            assert (row.less, row.more) == (words[row.name, "better"], words[row.name, "worse"])
            assert row.less + row.more + row.open + row.other == len(mine)


def test_markdown_and_terminal_say_where_the_rest_is(many, folder):
    text = comparison_markdown(many, many.analysis)
    assert set(re.findall(r"\((pages/[^)]+)\)", text)) <= set(links((folder / "report.html").read_text()))
    assert text.count("](pages/") == 40
    console = Console(file=io.StringIO(), width=160)
    console.print(comparison_report(many, folder))
    shown = console.file.getvalue()
    titles = [table.title for table in many.analysis.tables]
    assert sum(line.split(":")[0] in titles for line in shown.splitlines()) == FIRST
    assert f"{40 - FIRST} more settings are in" in shown
    assert "5 data sets" in shown


def test_pngs_are_drawn_of_those_that_are_asked_for(tmp_path):
    record = many_settings(WHOLE + 1, 2, ranks=False)
    assert not [path for path in write_comparison(record, tmp_path) if path.suffix == ".png"]
    name = record.data[1].name
    drawn = [path for path in write_comparison(record, tmp_path, tables=[name]) if path.suffix == ".png"]
    assert {path.name for path in drawn} == {f"{name}.{plot.name}.png" for plot in PLOTS}
    with pytest.raises(UserError, match="no data set 'nothing' in this run"):
        write_comparison(record, tmp_path, tables=["nothing"])


def test_pages_of_an_earlier_report_do_not_stay(tmp_path):
    write_comparison(many_settings(WHOLE + 2, 2), tmp_path)
    write_comparison(many_settings(WHOLE + 1, 2), tmp_path)
    assert len(list((tmp_path / "pages").iterdir())) == WHOLE + 1
    write_comparison(many_settings(1, 2), tmp_path)
    assert list((tmp_path / "pages").iterdir()) == []


def test_names_of_pages_are_safe_and_differ_even_where_case_is_ignored():
    names = page_names(["a", "A", "a", "../../etc/passwd", "", "…", "x" * 300, "x" * 301, "20% noise", "a-2"])
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,90}", name) for name in names)


def test_twice_the_tables_are_twice_the_work(tmp_path, monkeypatch):
    """Counted, not timed: pictures drawn, pages rendered, simulations run, and the evidence computed once."""

    def work(tables):
        counts = Counter()

        def counting(module, name):
            inner = getattr(module, name)

            def outer(*args, **kwargs):
                counts[name] += 1
                return inner(*args, **kwargs)

            patch.setattr(module, name, outer)

        with pytest.MonkeyPatch.context() as patch:
            counting(pictures, "inline_svg")
            counting(files, "setting_page")
            counting(files, "main_page")
            counting(files, "write_drawings")
            counting(simultaneous, "_largest")
            counting(analysis, "compare")
            record = many_settings(tables, 3)
            record.analysis = analysis.compare(record)
            write_comparison(record, tmp_path / str(tables))
            comparison_report(record, tmp_path)
        return counts

    for tables in (7, 14):
        (tmp_path / str(tables)).mkdir()
    few, twice = work(7), work(14)
    assert few["setting_page"] == 7
    assert few["inline_svg"] == 7 * len(PLOTS) + 1
    once = {"main_page", "compare"}
    assert {few[name] for name in once} == {twice[name] for name in once} == {1}
    assert "write_drawings" not in few
    ranks = 1  # one picture of all data sets
    assert twice["inline_svg"] - ranks == 2 * (few["inline_svg"] - ranks)
    assert twice["setting_page"] == 2 * few["setting_page"]
    assert twice["_largest"] == 2 * few["_largest"]


def test_the_main_page_grows_by_a_line_a_setting(tmp_path):
    sizes = []
    for tables in (10, 20, 30):
        record = many_settings(tables, 3, ranks=False)
        write_comparison(record, tmp_path)
        sizes.append((tmp_path / "report.html").stat().st_size)
    steps = np.diff(sizes)
    assert max(steps) < 10 * 1000  # a line of a setting is no longer than that
    assert steps[1] == pytest.approx(steps[0], rel=0.5)  # sentences differ in length


def test_a_picture_is_written_without_holding_the_others(tmp_path, monkeypatch):
    """Only one drawing at a time is alive, so that memory does not grow with the settings."""
    alive = []
    inner = pictures.inline_svg

    def watch(drawing, *args):
        import gc
        import weakref

        alive.append(weakref.ref(drawing))
        if len(alive) % 20 == 0:
            gc.collect()
            assert sum(ref() is not None for ref in alive) <= 2
        return inner(drawing, *args)

    monkeypatch.setattr(pictures, "inline_svg", watch)
    write_comparison(many_settings(WHOLE + 2, 3), tmp_path)
    assert len(alive) > 40


def interrupted(data=("titanic",)):
    losses = (Planted("cross_entropy"), Planted("focal", gain=0.05), Planted("mse"), Planted("l1"))
    record = planted_record(losses, data=data, folds=5, repeats=1, epochs=2)
    record.status = "interrupted"
    for result in record.results[-2:]:
        result.status, result.members = "interrupted", []
    return record


@pytest.mark.parametrize("data", [("titanic",), tuple("abcdefgh")], ids=["whole", "many"])
def test_what_is_partial_says_so_in_its_sentence_on_its_page_and_in_every_table_that_lacks_something(data, tmp_path):
    record = interrupted(data)
    record.analysis = compare(record)
    total = 4 * len(data)
    begin = f"Partial: {total - 2} of {total} evaluations are done. "
    assert record.analysis.sentence.startswith(begin)
    assert [len(table.missing) for table in record.analysis.tables] == [0] * (len(data) - 1) + [2]
    write_comparison(record, tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert f"<strong>{begin}" in page
    assert '<p class="banner" role="note">interrupted: this is partial' in page
    marked = page if len(data) == 1 else (tmp_path / "pages" / f"{data[-1]}.html").read_text()
    assert "partial: 2 of 4 evaluations are not done (mse and l1)" in marked
    assert marked.count("(partial)</span></h2>") == 1
    if len(data) > 1:
        assert "partial: 2 evaluations missing" in page
        assert "(partial)" not in (tmp_path / "pages" / f"{data[0]}.html").read_text()
    text = (tmp_path / "comparison.md").read_text()
    assert begin in text
    assert text.count("partial: 2 of 4" if len(data) == 1 else "(partial: 2 missing)") == 1
    console = Console(file=io.StringIO(), width=200)
    console.print(comparison_report(record, tmp_path))
    assert console.file.getvalue().startswith(begin)


def test_a_whole_record_is_not_called_partial(tmp_path):
    record = planted_record((Planted("cross_entropy"), Planted("mse")), epochs=2)
    write_comparison(record, tmp_path)
    assert compare(record).partial == ""
    assert "artial:" not in (tmp_path / "report.html").read_text()


def test_timings_are_not_part_of_the_evidence():
    """Two records that differ in how long things took have the same analysis, and a row of an older file is read."""
    record = planted_record((Planted("cross_entropy"), Planted("mse")), epochs=2)
    first = compare(record)
    for result in record.results:
        result.seconds = 99.0
    assert compare(record) == first
    row = first.tables[0].rows[0]
    assert type(row).model_validate({**row.model_dump(), "seconds": 4.2}) == row
