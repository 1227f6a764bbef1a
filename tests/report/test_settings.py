"""Several conditions: every table, sentence, picture and file is of one setting, nothing is pooled over any."""

import csv
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from lossbench.record import parse_record
from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.files import write_comparison
from lossbench.report.compare.markdown import comparison_markdown
from lossbench.report.compare.terminal import comparison_report
from tests.report.compare.planted import Planted, planted_record

LOSSES = (Planted("cross_entropy"), Planted("mae", gain=0.02), Planted("nll", level="broken", last_act="relu"))
SHARES, NOISES, DATA = (0.1, 0.3, 1.0), (0.0, 0.2), ("a", "bb")


@pytest.fixture(scope="module")
def both():
    record = planted_record(LOSSES, data=DATA, share=SHARES, noise=NOISES, folds=5, repeats=1, epochs=2, ranks=True)
    return record.model_copy(update={"analysis": compare(record)})


@pytest.fixture(scope="module")
def drawn(both, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("settings")
    write_comparison(both, folder)
    return folder


def shown(renderable):
    console = Console(file=io.StringIO(), width=160)
    console.print(renderable)
    return console.file.getvalue()


def test_every_setting_has_a_table_of_its_own_runs(both):
    """pandas groups the members by every column that tells settings apart: the same means, one row each."""
    members = both.members()
    refits = members[members.role == "refit"]
    means = refits.groupby(["data", "train_share", "label_noise", "loss"]).test_accuracy.mean()
    assert len(means) == 2 * 3 * 2 * 3
    tables = both.analysis.tables
    assert len({table.title for table in tables}) == len(tables) == 12
    for table in tables:
        assert table.splits == 5
        for row in table.rows:
            place = (table.data, table.condition["train_share"], table.condition["label_noise"], row.loss)
            assert row.mean == pytest.approx(means[place], rel=1e-12)  # the same numbers, summed in another order


def test_the_tidy_table_tells_settings_apart(both):
    table = both.table()
    assert len(table) == 36
    assert not table.duplicated(["data", "train_share", "label_noise", "loss"]).any()


def test_levels_are_compared_with_every_other_condition_held(both):
    found = both.analysis.sensitivity
    assert len(found) == 2 * 2 + 2 * 3  # shares for each noise, noises for each share, on each of two data sets
    means = {
        (t.data, t.condition["train_share"], t.condition["label_noise"], r.name): r.mean
        for t in both.analysis.tables
        for r in t.rows
    }
    for one in found:
        (other,) = one.held
        for row in one.rows:
            for level, mean in zip(one.levels, row.means, strict=True):
                at = {one.condition.name: level, other: one.held[other]}
                assert mean == means[one.data, at["train_share"], at["label_noise"], row.name]
    shares = next(one for one in found if one.condition.name == "train_share")
    assert shares.levels == [1.0, 0.3, 0.1]  # from the whole to the least: a loss of score is a cost
    assert shares.sentence.startswith(
        "with clean labels, from all training rows to 10% of the training rows cross_entropy loses 0."
    )


def test_data_sets_are_put_together_within_a_setting(both):
    across = both.analysis.across
    assert [one.title for one in across] == [
        "2 data sets with 10% of the training rows",
        "2 data sets with 10% of the training rows and 20% symmetric label noise",
        "2 data sets with 30% of the training rows",
        "2 data sets with 30% of the training rows and 20% symmetric label noise",
        "2 data sets",
        "2 data sets with 20% symmetric label noise",
    ]


def test_the_interval_of_a_small_training_set_is_the_wider_one():
    """Nadeau and Bengio's variance is 1/J + n_test / n_train: with a tenth of the rows it is the larger one."""
    record = planted_record(LOSSES, share=(0.1, 1.0), folds=5, repeats=1, epochs=2)
    small, whole = compare(record).tables
    assert (small.test_over_train, whole.test_over_train) == pytest.approx((143 / 57, 143 / 571))


def test_one_data_set_in_several_settings_has_one_answer():
    clear = (Planted("cross_entropy"), Planted("mae", gain=0.1))
    record = planted_record(clear, share=(0.1, 1.0), folds=5, repeats=1, epochs=2)
    sentences = compare(record).sentence
    assert "with 10% of the training rows mae beats cross_entropy" in sentences
    assert "with all training rows mae beats cross_entropy" in sentences
    equal = (Planted("cross_entropy"), Planted("mae", spread=0.01))
    record = planted_record(equal, share=(0.1, 1.0), noise=(0.0, 0.2), folds=5, repeats=1, epochs=2)
    assert compare(record).sentence == "On titanic, by accuracy, no loss beats cross_entropy in any of the 4 settings."


def test_every_file_is_of_the_settings(both, drawn):
    names = {path.name for path in drawn.iterdir()}
    assert "critical-difference.svg" in names
    assert "critical-difference-train-share-0.1-label-noise-0.2.svg" in names
    assert len([name for name in names if name.startswith("critical-difference")]) == 6
    pages = [path.read_text() for path in (drawn / "pages").iterdir()]
    assert len(pages) == len(both.analysis.tables) + len(both.analysis.sensitivity)
    for table in both.analysis.tables:
        assert sum(page.count(f">{table.title}</h2>") for page in pages) == 1
    for found in both.analysis.sensitivity:
        assert sum(page.count(f">{found.title} by {found.condition.label}</h2>") for page in pages) == 1
    rows = list(csv.DictReader(io.StringIO((drawn / "members.csv").read_text())))
    assert {(row["train_share"], row["label_noise"]) for row in rows} == {
        (str(s), str(n)) for s in SHARES for n in NOISES
    }
    assert "a with 10% of the training rows and 20% symmetric label noise" in (drawn / "comparison.md").read_text()
    assert "a with 10% of the training rows and 20% symmetric label noise" in shown(comparison_report(both, drawn))


def test_few_settings_have_their_pictures_of_each_condition(tmp_path):
    record = planted_record(LOSSES, share=(0.1, 1.0), noise=NOISES, folds=5, repeats=1, epochs=2)
    names = {path.name for path in write_comparison(record, tmp_path)}
    assert {"robustness.png", "learning-curve.png", "differences.png"} <= names
    assert not (tmp_path / "pages").exists()
    text = " ".join(shown(comparison_report(record, tmp_path)).split())
    assert "titanic with 20% symmetric label noise: accuracy by training-set size" in text


def test_the_record_alone_knows_its_settings(both):
    again = parse_record(both.to_json())
    assert compare(again) == both.analysis == again.analysis


def test_a_condition_that_nobody_has_heard_of_is_drawn_by_its_own_words(tmp_path):
    """A record is all that reports need: theirs is no list of conditions."""
    record = planted_record(LOSSES, data=DATA, noise=NOISES, folds=5, repeats=1, epochs=2, ranks=True)
    plain = json.loads(record.to_json().replace("label_noise", "gaps"))
    plain["conditions"][0] |= {
        "label": "missing values",
        "kind": "",
        "level_text": "{level} missing values",
        "reference_text": "complete rows",
        "realised_text": "{share} of the values removed",
        "plot": "missing",
        "plot_title": "Missing values",
        "plot_note": "",
        "axis_label": "share of the values removed",
    }
    other = parse_record(json.dumps(plain))
    paths = write_comparison(other, tmp_path)
    assert {"missing.png", "critical-difference-gaps-0.2.svg"} <= {path.name for path in paths}
    texts = [(tmp_path / name).read_text() for name in ("report.html", "comparison.md", "members.csv")]
    texts += [shown(comparison_report(other, tmp_path)), comparison_markdown(other, compare(other))]
    for text in texts:
        assert "noise" not in text
    assert "a with 20% missing values" in texts[1]
