"""A result.json that somebody or something has damaged is reported or refused in one line, without traceback.

Pictures are drawn of a few: their axes take seconds, and what they are made of is read for all of them.
"""

from __future__ import annotations

import json
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lossbench.errors import UserError
from lossbench.record import CompareRecord, Record, RegularizeRecord, TrainRecord, parse_record
from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.markdown import comparison_markdown
from lossbench.report.compare.members_csv import members_csv
from lossbench.report.regularize import write_frames_csv
from lossbench.report.regularize.view_data import read_view_data
from lossbench.report.train.curves import train_curves
from lossbench.report.train.terminal import train_report
from tests.mutations import is_taken, mutations
from tests.report.compare.planted import as_training, planted_record
from tests.report.regularize.planted_regions import planted_regions

MUTATIONS, CUTS = 40, 20
APART = 10  # damages between two that are drawn


def compared() -> Record:
    """A comparison under two conditions."""
    return planted_record(noise=(0.0, 0.2), epochs=2)


def trained() -> Record:
    """A training with a curve."""
    record = planted_record(epochs=3)
    return as_training(record, *record.results[:1])


RECORDS = {
    "train": trained,
    "compare": compared,
    "regularize": lambda: planted_regions(alphas=3, penalties=("l1", "l2")),
}


def report(record: Record, folder: Path, *, draw: bool) -> None:
    """What `lossbench report` makes of a record, pictures apart."""
    match record:
        case CompareRecord():
            comparison_markdown(record, compare(record))
            members_csv(record)
        case RegularizeRecord():
            view = read_view_data(record)
            write_frames_csv(record, folder / "frames.csv")
            for panel in view.panels:
                for alpha in range(len(view.alphas)):
                    panel.constant(alpha, view.classes)
            assert {*record.animation} == {"format", "fps"}
        case TrainRecord():
            train_report(record, folder)
            if draw:
                train_curves(record).canvas.draw()


@pytest.mark.parametrize("kind", RECORDS)
def test_a_damaged_record_is_reported_or_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    whole = json.loads(RECORDS[kind]().to_json())

    def use(damaged: Any, number: int) -> None:
        report(parse_record(json.dumps(damaged)), tmp_path, draw=number % APART == 0)

    damages = enumerate(mutations(whole, MUTATIONS, seed=0))
    taken = [is_taken(what, partial(use, damaged, number)) for number, (what, damaged) in damages]
    assert 0 < sum(taken) < 3 / 4 * MUTATIONS  # damage that nobody notices, or nobody survives, tests nothing


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_that_is_cut_short_is_refused_in_one_line(kind: str) -> None:
    whole, draw = RECORDS[kind]().to_json().encode(), random.Random(0)
    for _ in range(CUTS):
        with pytest.raises(UserError, match="is not a complete JSON file") as error:
            parse_record(whole[: draw.randrange(len(whole) - 2)])
        assert "\n" not in str(error.value)


def changed(plain: Any, path: str, value: Any) -> str:
    """The JSON of a record with one value changed."""
    *before, last = (int(step) if step.isdecimal() else step for step in path.split("."))
    parent = plain
    for step in before:
        parent = parent[step]
    parent[last] = value
    return json.dumps(plain)


@pytest.mark.parametrize(
    ("kind", "path", "value", "line"),
    [
        ("compare", "results.0.data", "elsewhere", "results are of a table that is not in data"),
        ("compare", "conditions.0.plot", "../../evil", "conditions.0.plot"),
        ("compare", "conditions.0.level_text", "{level.__class__}", "conditions.0.level_text"),
        ("compare", "results.0.condition", {}, "results have no level of label_noise"),
        ("compare", "config.seed", "x", "config.seed"),
        ("train", "results", [], "results"),
        ("regularize", "analysis.axes", [], "analysis.axes"),
        ("regularize", "analysis.points.test.y", [], "x, y and label must be of one length"),
        ("regularize", "analysis.points.test.label.0", 7, "a label must be one of the classes"),
        ("regularize", "results.0.members", [], "alphas must ascend"),
        ("regularize", "results.1.members.0.path.alpha", -1, "alpha"),
        ("regularize", "results.0.members.1.path.weights", [1.0], "as many weights as each other"),
        ("regularize", "results.0.regions", [], "must have regions"),
        ("regularize", "results.0.regions.0.levels", "AAAA", "levels must be base64 of zlib"),
    ],
)
def test_parts_that_do_not_fit_each_other_are_named(kind: str, path: str, value: Any, line: str) -> None:
    with pytest.raises(UserError, match=line):
        parse_record(changed(json.loads(RECORDS[kind]().to_json()), path, value))
