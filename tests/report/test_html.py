"""A record in a notebook: the terminal's answer as HTML, in a real browser, on light and on dark ground."""

from __future__ import annotations

import pickle
import re

import pytest
from playwright.sync_api import sync_playwright
from rich.console import Group
from rich.padding import Padding
from rich.text import Text

import lossbench.api  # noqa: F401 - the door that says how records are shown
from lossbench.config.commands.train import TrainConfig
from lossbench.config.python_words import python_words
from lossbench.record import Record
from lossbench.report.compare.analysis.comparison import evidence_of
from lossbench.report.terminal.html import as_html
from lossbench.report.terminal.table import plain_table
from tests.report.browser import find_browser
from tests.report.compare.planted import as_training

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>&\x1b[31m"


@pytest.fixture(scope="module")
def browser():
    chromium = find_browser()
    assert chromium, "these tests drive a real browser: `make browser` installs one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser):
    """Show an element on some ground; afterwards, nothing may have been asked for, run or complained of."""
    seen = []
    context = browser.new_context(viewport={"width": 900, "height": 900})

    def show(element, css="background: #fff; color: #111"):
        page = context.new_page()
        page.on("request", lambda request: seen.append(request.url))
        page.on("console", lambda message: seen.append(message.text))
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
        page.set_content(f"<!doctype html><meta charset=utf-8><body style='{css}'><main>{element}</main>")
        return page

    yield show
    context.close()
    assert seen == []


def test_a_comparison_shows_its_sentence_and_its_table(record, opened):
    element = record._repr_html_()
    page = opened(element)
    comparison = evidence_of(record)
    table = comparison.tables[0]
    text = page.inner_text("main")
    assert comparison.sentence in text
    rows = page.locator("tbody").first.locator("tr")
    assert rows.count() == len(table.shown) + (table.dummy is not None)
    for place, row in enumerate(table.shown):
        assert row.loss in rows.nth(place).inner_text()
    head = page.locator("thead").first.inner_text().split()
    assert {"loss", "activation", comparison.metric, "difference"} <= set(head)
    interval = re.compile(r"\[[+−]\d\.\d+, [+−]\d\.\d+\]")
    assert interval.search(page.locator("tbody").first.inner_text())  # no column is given up
    assert "<script" not in element
    assert "http" not in element
    assert len(element) < 40_000


def test_a_training_shows_its_scores_and_its_verdict(record, opened):
    training = as_training(record, record.results[0])
    text = opened(training._repr_html_()).inner_text("main")
    assert f"{record.results[0].loss.label} + {record.results[0].last_act} is " in text
    assert "dummy" in text


@pytest.mark.parametrize(
    ("ground", "ink"), [("background: #fff; color: rgb(17, 17, 17)", 17), ("background: #111; color: #eee", 238)]
)
def test_its_colours_are_the_notebooks(record, opened, ground, ink):
    page = opened(record._repr_html_(), ground)
    for where in ("td", "th", "p"):
        colour = page.locator(where).first.evaluate("e => getComputedStyle(e).color")
        assert colour == f"rgb({ink}, {ink}, {ink})"
        ground_of = page.locator(where).first.evaluate("e => getComputedStyle(e).backgroundColor")
        assert ground_of == "rgba(0, 0, 0, 0)"
    faintest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('main *')].map(e => getComputedStyle(e).opacity))"
    )
    assert faintest >= 0.7  # so much of #111 on #fff, and of #eee on #111, keeps a contrast of 4.5 : 1


def test_a_wide_table_scrolls_by_itself(record, opened):
    page = opened(record._repr_html_())
    assert page.evaluate("document.documentElement.scrollWidth") <= 900


def test_texts_of_others_are_texts(opened):
    grid = plain_table("name", title=EVIL)
    grid.add_row(EVIL)
    element = as_html(Group(Text(EVIL), Padding(Text(EVIL), (0, 0, 0, 2)), grid, EVIL))
    assert "\x1b" not in element
    page = opened(element)
    assert page.inner_text("main").count("<img src=x onerror=alert(1)><script>alert(2)</script>&") == 5
    assert page.locator("main img, main script").count() == 0


def test_flags_are_arguments_there():
    element = as_html(Text("kept: the last (--set early_stopping.keep=best); lower --lr"), python_words(TrainConfig))
    assert "keep=&#x27;best&#x27;" in element
    assert "--" not in element


def test_emphasis_is_kept_and_colours_are_not():
    element = as_html(
        Group(Text("a", style="bold magenta"), Text("b", style="not bold red"), Text("c\nd", style="dim"))
    )
    assert '<p class="bold">a</p><p>b</p><p class="dim">c<br>d</p>' in element


def test_a_record_is_pickled_and_compared_as_before(record):
    assert pickle.loads(pickle.dumps(record)) == record
    assert "html" not in record.model_dump()


def test_without_a_door_the_line_is_shown(record, monkeypatch):
    monkeypatch.setattr(Record, "html", None)
    assert record._repr_html_() is None
