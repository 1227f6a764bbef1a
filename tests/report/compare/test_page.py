"""The page in a real browser: it asks for nothing, complains of nothing, sorts, filters, and reads without script."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import sync_playwright

from lossbench.report.compare.files import write_comparison
from lossbench.report.compare.plots import PLOTS
from lossbench.report.style import COLOURS
from tests.report.browser import find_browser
from tests.report.compare.planted import Planted, planted_record

EVIL = "<script>alert(1)</script>"
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser():
    chromium = find_browser()
    assert chromium, "these tests drive a real browser: `make browser` installs one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, written):
    """Open the page with some options; afterwards, nothing may have been asked for or complained of."""
    seen, contexts = [], []

    def open_page(path=None, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        url = (path or written / "report.html").as_uri()
        page.on("request", lambda request: seen.append(request.url) if request.url != url else None)
        page.on("console", lambda message: seen.append(message.text))
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert seen == []


def names(page):
    return [cell.inner_text().split("\n")[0] for cell in page.locator("#table-0 tbody tr:visible th").all()]


def background(page):
    with Image.open(BytesIO(page.screenshot())) as image:
        return "#{:02x}{:02x}{:02x}".format(*image.convert("RGB").getpixel((2, 2)))


def test_it_says_the_sentence_and_shows_every_picture(opened, record):
    page = opened()
    assert page.locator(".answer").inner_text().startswith("On titanic, by accuracy, focal beats cross_entropy")
    assert page.locator("svg.plot").count() == len(PLOTS)
    assert page.title().startswith(record.name)


def test_columns_sort_both_ways_and_what_has_no_value_stays_last(opened):
    page = opened()
    by_difference = page.locator("#table-0 thead button", has_text="difference")
    by_difference.click()
    assert page.locator("#table-0 th[aria-sort=ascending]").inner_text() == "difference"
    up = names(page)
    assert up[:2] == ["nll", "l1"]
    tail = ["cross_entropy", "my_loss", "nll"]  # the baseline, a failure, and another name of the baseline's objective
    by_difference.click()
    down = names(page)
    assert down[0] == "focal"
    assert sorted(up[-3:]) == sorted(down[-3:]) == tail
    page.locator("#table-0 thead button", has_text="loss").focus()
    page.keyboard.press("Enter")
    assert names(page) == sorted(names(page))


def test_losses_are_filtered_by_text_and_by_finding(opened):
    page = opened()
    page.get_by_label("Filter losses").fill("NLL")
    assert names(page) == ["nll", "nll"]
    assert page.locator(".filter [role=status]").inner_text() == "2 of 9 losses"
    page.get_by_label("Finding").select_option("broken")
    assert names(page) == ["nll"]


def test_without_script_everything_is_there_but_sorting(opened):
    page = opened(java_script_enabled=False)
    assert page.locator("#table-0 tbody tr:visible").count() == 9
    assert page.locator("button:visible, input:visible").count() == 0
    assert page.locator("svg.plot").first.is_visible()


@pytest.mark.parametrize(("scheme", "side"), [("light", 0), ("dark", 1)])
def test_the_paper_follows_the_colour_scheme(opened, scheme, side):
    page = opened(color_scheme=scheme)
    assert background(page) == COLOURS["paper"][side]
    text = page.locator("svg.plot text").first.evaluate("e => getComputedStyle(e).fill")
    channels = [int(COLOURS["soft"][side][i : i + 2], 16) for i in (1, 3, 5)]
    assert text == "rgb({}, {}, {})".format(*channels)


def test_it_prints_on_white_with_its_details_and_without_its_controls(opened):
    page = opened(color_scheme="dark")
    page.emulate_media(media="print")
    assert background(page) == COLOURS["paper"][0]
    assert not page.locator(".filter").first.is_visible()
    assert page.locator("details pre").last.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_a_narrow_window_scrolls_tables_and_never_the_page(opened):
    page = opened(viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize("width", [1024, 1280, 1920])
def test_no_column_hides_behind_a_scrollbar_on_a_desk(opened, width):
    page = opened(viewport={"width": width, "height": 900})
    wide, room = page.locator(".scroll:has(#table-0)").evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert wide <= room


def test_label_noise_has_a_table_and_a_picture_of_its_own(opened, tmp_path):
    losses = (Planted("cross_entropy"), Planted("mae", gain=0.01), Planted("nll", level="broken", last_act="relu"))
    record = planted_record(losses, noise=(0.0, 0.4), folds=5, repeats=1, epochs=2)
    write_comparison(record, tmp_path)
    page = opened(tmp_path / "report.html")
    table = page.locator("#levels-0 table")
    assert "40%" in table.inner_text()
    assert "realised 40.0%" in table.inner_text()
    assert [row.inner_text().split("\n")[0] for row in table.locator("tbody th").all()][-1] == "nll"
    assert page.locator("#levels-0 svg.plot").count() == 1
    assert (tmp_path / "robustness.png").exists()


def test_the_headline_is_a_sentence_and_the_environment_is_no_program_text(opened, tmp_path):
    record = planted_record((Planted("cross_entropy"), Planted("mse", spread=0.001)), epochs=2)
    record.environment = {"python": "3.13.5", "packages": {"torch": "2.13.0"}}
    write_comparison(record, tmp_path)
    page = opened(tmp_path / "report.html")
    assert page.locator(".answer strong").inner_text() == "On titanic, by accuracy, no loss beats cross_entropy."
    assert "{" not in page.locator("#reproduce dl").inner_text()
    assert "2.13.0" in page.locator("#reproduce dl").inner_text()


def test_pictures_and_tables_are_named_for_those_who_listen(opened):
    page = opened()
    tree = page.locator("main").aria_snapshot()
    assert 'img "Difference to the baseline: titanic' in tree
    assert page.locator("table:not(:has(thead th[scope=col]))").count() == 0
    assert page.locator("tbody tr:not(:has(th[scope=row]))").count() == 0
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(set(ids)) == len(ids)


def test_whatever_comes_from_data_or_config_is_text(opened, tmp_path):
    record = planted_record((Planted("cross_entropy"), Planted(EVIL)), data=(EVIL,), epochs=2)
    record.name = EVIL
    record.config = {"data": EVIL, "</pre>": EVIL}
    record.command = f"lossbench compare-losses --data '{EVIL}'"
    record.warnings, record.protocol.text = [EVIL], [EVIL]
    record.environment = {EVIL: EVIL}
    record.data[0].features, record.data[0].target, record.data[0].classes = [EVIL], EVIL, [EVIL, EVIL]
    result = record.results[1]
    result.loss.formula = result.loss.source = result.loss.reference = result.message = result.verdict.why = (
        result.verdict.fix
    ) = EVIL
    write_comparison(record, tmp_path)
    page = opened(tmp_path / "report.html")
    assert page.locator("script").count() == 1
    assert page.locator("script", has_text="alert").count() == 0
    assert page.get_by_text(EVIL).count() > 10


def test_the_policy_stops_what_should_ever_slip_through(browser, written, tmp_path):
    """A script and a style put into the page by force do nothing: the page's own policy forbids them."""
    text = (written / "report.html").read_text().replace(
        "<main>", "<main><script>document.title = 'owned'</script><p id='x' style='color:red' onclick='1'>x</p>"
    )  # fmt: skip
    (tmp_path / "report.html").write_text(text)
    page = browser.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    assert page.title() != "owned"
    assert page.locator("#x").evaluate("e => getComputedStyle(e).color") != "rgb(255, 0, 0)"
    page.close()


@pytest.mark.parametrize("name", ["lr-sensitivity", "curves"])
def test_what_all_panels_have_behind_them_is_thin_and_grey(opened, name):
    """A line that no style reaches is a black area: styles must hold for what is repeated, too."""
    page = opened(color_scheme="light")
    with Image.open(BytesIO(page.locator(f"svg.plot[aria-labelledby^={name}-]").screenshot())) as image:
        pixels = np.asarray(image.convert("L"))
    assert 0.005 < (pixels < 250).mean() < 0.25  # something is drawn, and most of a panel is paper
    assert (pixels < 100).mean() < 0.04  # text, and one line a panel
