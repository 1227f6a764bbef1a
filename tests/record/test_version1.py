"""Records of schema version 1, written by the program as it was then, read as records of today."""

import json
import math
import re
from pathlib import Path

import pytest

from lossbench.errors import UserError
from lossbench.record import SCHEMA_VERSION, CompareRecord, RegularizeRecord, TrainRecord, read_record
from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.markdown import comparison_markdown
from lossbench.report.regularize import write_frames_csv
from lossbench.report.symptoms import symptoms

HERE = Path(__file__).parent / "version1"
KINDS = {"train": TrainRecord, "compare": CompareRecord, "regularize": RegularizeRecord}


def numbers(value):
    """Every number in a JSON document, in its order."""
    if isinstance(value, dict):
        return [n for inner in value.values() for n in numbers(inner)]
    if isinstance(value, list):
        return [n for inner in value for n in numbers(inner)]
    return [value] if isinstance(value, float) and not math.isnan(value) else []


@pytest.mark.parametrize("name", KINDS)
def test_an_old_record_is_read_as_one_of_today_and_written_as_such(name, tmp_path):
    record = read_record(HERE / f"{name}.json")
    assert type(record) is KINDS[name]
    assert record.schema_version == SCHEMA_VERSION
    (tmp_path / "result.json").write_text(record.to_json())
    assert read_record(tmp_path) == record


@pytest.mark.parametrize("name", KINDS)
def test_no_number_of_an_old_record_is_lost_or_changed(name):
    """Every float of a run, and of the analysis, is somewhere in what is read, as often as it was."""
    old = json.loads((HERE / f"{name}.json").read_text())
    new = json.loads(read_record(HERE / f"{name}.json").to_json())
    for part, today in (("runs", "results"), ("metrics", "metrics"), ("timing", "timing")):
        kept = set(numbers(new[today])) - {0.0, 1.0} | _one(old[part])
        seconds = {one["seconds"] for one in old["runs"]} - {None}  # of each run, kept in today's timing
        if part != "metrics":
            kept = kept | seconds if part == "runs" else kept - seconds
        assert sorted(set(numbers(old[part])) - {0.0}) == sorted(kept)
    assert set(new["timing"].get("results", {}).values()) == seconds


def _one(old):
    return {1.0} & set(numbers(old))


PIECES = re.compile(r"\[[^]]*\]|[^\s|\[\]–]+")  # intervals, numbers and words of a row


def test_an_old_comparison_gives_the_table_that_was_written_then():
    """comparison.md as the program wrote it then: every number and every word of a row is in today's row.

    Intervals stand behind their numbers today, and a column that says nothing in any row is left out.
    """
    record = read_record(HERE / "compare.json")
    then = (HERE / "comparison.md").read_text().splitlines()
    now = comparison_markdown(record, record.analysis).splitlines()
    apart = ("| loss", "| majority class", "| ---")
    before, after = (
        [line for line in lines if line.startswith("| ") and not line.startswith(apart)] for lines in (then, now)
    )
    assert len(before) == 9  # three losses at two levels of noise, and over both
    for old, new in zip(before, after, strict=True):
        assert old.split(" | ")[:2] == new.split(" | ")[:2]
        assert set(PIECES.findall(old)) - {"0"} <= set(PIECES.findall(new))  # of failed splits
    assert now[2] == then[2]  # the answer


def test_an_old_comparison_is_evaluated_again_by_todays_procedure():
    """Scores and differences are those of then; intervals are wider, since they hold for both comparisons at once."""
    record = read_record(HERE / "compare.json")
    for then, now in zip(record.analysis.tables, compare(record).tables, strict=True):
        for before, after in zip(then.rows, now.rows, strict=True):
            assert (before.name, before.word) == (after.name, after.word)
            assert (before.mean, before.difference) == (after.mean, after.difference)
            if after.difference_low is not None:  # broken pairs are no longer tested
                assert (before.single_low, before.single_high) == (after.single_low, after.single_high)
                assert after.difference_low < before.difference_low < before.difference_high < after.difference_high


def test_label_noise_of_an_old_comparison_is_a_condition():
    record = read_record(HERE / "compare.json")
    (condition,) = record.conditions
    assert (condition.name, condition.levels) == ("label_noise", [0.0, 0.3])
    assert [run.condition["label_noise"] for run in record.results] == [0.0] * 3 + [0.3] * 3
    assert record.results[-1].realised["label_noise"] == pytest.approx(0.3, abs=0.01)
    assert list(record.table()["label_noise"]) == [0.0] * 3 + [0.3] * 3
    assert {row.p_adjusted for table in record.analysis.tables for row in table.rows} >= {None}


def test_what_was_measured_and_chosen_is_where_it_is_looked_for():
    compared, trained = read_record(HERE / "compare.json"), read_record(HERE / "train.json")
    focal = next(run for run in compared.results if run.loss.name == "focal")
    assert {m.params["gamma"] for m in focal.members if m.role == "trial"} == {2.0, 0.5}
    assert all(m.temperature and m.n_train == 75 and m.n_test == 75 for m in focal.members if m.role == "refit")
    assert focal.matrix
    assert sum(focal.reliability.count) == 150
    assert trained.results[0].diagnostics.invalid_probabilities == 1.0
    assert trained.results[0].members[0].class_weights.keys() == {"setosa", "versicolor", "virginica"}
    assert any("not probabilities" in message for message in symptoms(trained.results[0]))


def test_an_old_path_gives_the_frames_that_were_written_then(tmp_path):
    write_frames_csv(read_record(HERE / "regularize.json"), tmp_path / "frames.csv")
    assert (tmp_path / "frames.csv").read_text() == (HERE / "frames.csv").read_text()


def test_a_record_of_a_newer_version_is_refused_in_one_line(tmp_path):
    (tmp_path / "result.json").write_text('{"schema_version": 3, "kind": "train", "new": 1}')
    with pytest.raises(
        UserError, match=r"written by a newer lossbench \(schema_version 3, .*install a newer"
    ) as message:
        read_record(tmp_path)
    assert "\n" not in str(message.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"schema_version": 1, "kind": "train"}', "not a lossbench record"),
        ('{"schema_version": 1, "kind": "compare-losses", "data": 3}', "not a lossbench record"),
        ('{"schema_version": 2, "kind": "train"}', "not a lossbench record"),
        ('{"schema_version": 2, "kind": "other"}', "not a lossbench record"),
        ("[]", "not a lossbench record"),
        ('{"kind": "tr', "is not a complete JSON file"),
    ],
)
def test_what_is_no_record_is_refused_in_one_line(tmp_path, text, message):
    (tmp_path / "result.json").write_text(text)
    with pytest.raises(UserError, match=message) as refusal:
        read_record(tmp_path)
    assert "\n" not in str(refusal.value)
