"""What a terminal shows: it fits, it is plain off a terminal, and it swallows nothing."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.analysis.read_scores import read_settings
from lossbench.report.compare.markdown import comparison_markdown
from lossbench.report.compare.members_csv import members_csv
from lossbench.report.compare.page import whole_page
from lossbench.report.compare.plots.plot import View
from lossbench.report.compare.terminal import comparison_report
from tests.report.compare.planted import Planted, planted_record


def shown(renderable, width=80):
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160])
def test_the_table_fits_and_nothing_is_cut(record, width):
    text = shown(comparison_report(record, Path("outputs/x")), width)
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text
    assert "cross_entropy" in text
    assert "+0.031±.009" in text if width < 160 else "+0.031 [+0.022, +0.040]" in text
    assert "…" not in text


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160])
def test_untuned_scores_activations_and_grid_edges_are_there_at_every_width(record, width):
    text = shown(comparison_report(record, Path("outputs/x")), width)
    for name in ("activation", "untuned", "edge", "logsoftmax", "100%"):
        assert name in text, name
    assert "untuned: score with the default learning rate" in " ".join(text.split())


def test_ranks_need_a_request_and_come_with_their_warning():
    losses = (Planted("cross_entropy"), Planted("focal"), Planted("l1"))
    for ranks in (False, True):
        record = planted_record(losses, data=("a", "b"), folds=5, repeats=1, epochs=2, ranks=ranks)
        for text in (
            shown(comparison_report(record, Path("x")), 120),
            comparison_markdown(record, compare(record)),
        ):
            assert ("average rank" in text) is ranks
            assert ("A rank says nothing of how large a difference is" in text) is ranks
            assert "Friedman p" in text
            assert "Iman-Davenport p" in text


def test_label_noise_is_an_axis_with_its_realised_rates():
    record = planted_record((Planted("cross_entropy"), Planted("mae")), noise=(0.0, 0.2), folds=5, repeats=1, epochs=2)
    for result in record.results:
        result.realised = {"label_noise": 0.198 if result.condition["label_noise"] else 0.0}
    for text in (shown(comparison_report(record, Path("x"))), comparison_markdown(record, compare(record))):
        assert "accuracy by label noise" in text
        assert "19.8%" in text
    assert ",0.198," in members_csv(record)


def test_a_regression_says_the_rope_that_was_used():
    record = planted_record((Planted("cross_entropy"), Planted("mse")), metric="rmse", epochs=2)
    for text in (shown(comparison_report(record, Path("x")), 200), comparison_markdown(record, compare(record))):
        assert "±0.080 (1% of the target mean's error)" in text
        assert "0.01" not in text.split("P(better)")[0]


def test_the_sentence_comes_first_and_the_page_last(record):
    text = shown(comparison_report(record, Path("outputs/x")), 400)
    assert text.startswith("On titanic, by accuracy, focal beats cross_entropy")
    assert text.rstrip().endswith("outputs/x/report.html")


def test_square_brackets_of_a_name_are_text():
    text = shown(comparison_report(planted_record((Planted("cross_entropy"), Planted("[bold]mine[/]"))), Path("x")))
    assert "[bold]mine[/]" in text


NOT = "not what it estimates"


def by_rmse():
    """mse estimates what RMSE scores, l1 and pinball(0.9) do not; huber is a compromise that is wrong for neither."""
    losses = (Planted("mse"), Planted("l1"), Planted("huber"), Planted("pinball"))
    record = planted_record(losses, metric="rmse", baseline="mse", folds=5, repeats=1, epochs=2)
    record.metrics[0].estimand = "the mean"
    record.warnings = ["pinball estimates the 0.9-quantile, and rmse scores the mean: not what it estimates"]
    estimands = ("the mean", "the median", "a compromise between median and mean", "the 0.9-quantile")
    for run, estimand in zip(record.results, estimands, strict=True):
        run.loss.estimand = estimand
    return record


@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_row_whose_loss_does_not_estimate_what_is_scored_says_so_on_a_terminal(width):
    record = by_rmse()
    rows = compare(record).tables[0].rows
    assert {row.name: row.scored for row in rows} == {"mse": "", "l1": NOT, "huber": "", "pinball": NOT}
    text = " ".join(shown(comparison_report(record, Path("x")), width).split())
    marked = ", ".join(row.name for row in rows if row.scored)
    if width < 160:  # no room for a column
        assert f"scored: {NOT} ({marked})" in text
    else:
        lines = shown(comparison_report(record, Path("x")), width).splitlines()
        assert sum(NOT in line and " logsoftmax " in line for line in lines) == 2
    assert "l1 estimates the median, and rmse scores the mean: not what it estimates (the same only where the" in text
    other = "pinball estimates the 0.9-quantile, and rmse scores the mean: not what it estimates"
    assert text.count(other) == text.count(f"{other}.") == 1  # the plan's warning of it is not repeated


def test_a_row_whose_loss_does_not_estimate_what_is_scored_says_so_in_files():
    record = by_rmse()
    comparison = compare(record)
    lines = comparison_markdown(record, comparison).splitlines()
    rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("|")}
    assert {name for name, line in rows.items() if NOT in line} == {"l1 + logsoftmax", "pinball + logsoftmax"}
    views = [View(comparison.tables[0], read_settings(record)[0], record.protocol)]
    page = whole_page(record, comparison, views)
    assert len(re.findall(rf"<td[^>]*>\s*{NOT}\s*<", page)) == 2


def test_a_baseline_that_does_not_estimate_what_is_scored_is_flawed():
    record = planted_record((Planted("mse"), Planted("l1")), metric="rmse", baseline="mse", epochs=2)
    record.metrics[0].estimand, record.results[0].loss.estimand = "the median", "the mean"
    assert "mse (estimates the mean, not what is scored)" in compare(record).sentence
