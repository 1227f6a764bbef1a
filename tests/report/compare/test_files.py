"""The files of a comparison: all there, tidy, and the same bytes whenever they are drawn again."""

import csv
import io
import re

from lossbench.record import read_record, write_record
from lossbench.report.compare.files import write_comparison
from lossbench.report.compare.markdown import plain
from tests.report.compare.planted import Planted, planted_record


def test_the_record_alone_draws_every_file_again_to_the_byte(record, written, tmp_path):
    write_record(record, tmp_path)
    paths = write_comparison(read_record(tmp_path), tmp_path)
    assert {path.name for path in paths} >= {"report.html", "comparison.md", "members.csv", "differences.png"}
    for path in paths:
        assert path.read_bytes() == (written / path.name).read_bytes(), path.name


def test_ranks_are_drawn_on_request_one_file_per_noise_level(tmp_path):
    losses = (Planted("cross_entropy"), Planted("focal"))
    record = planted_record(losses, data=("a", "b"), noise=(0.0, 0.2), folds=5, repeats=1, epochs=2, ranks=True)
    for result in record.results:
        result.members = [m for m in result.members if m.role == "refit"]
        result.matrix, result.reliability = {}, None  # nothing for most pictures to show: quicker
    names = {path.name for path in write_comparison(record, tmp_path)}
    assert "A rank says nothing of how large a difference is" in (tmp_path / "report.html").read_text()
    assert {"critical-difference.svg", "critical-difference-label-noise-0.2.svg"} <= names


def test_members_csv_has_a_row_per_net_and_loses_no_digit(record, written):
    rows = list(csv.DictReader(io.StringIO((written / "members.csv").read_text())))
    assert len(rows) == sum(len(result.members) for result in record.results) + 1
    assert (rows[-1]["role"], rows[-1]["loss"], rows[-1]["test_accuracy"]) == ("dummy", "majority class", "0.594")
    first = record.results[0].members[0]
    assert float(rows[0]["val_accuracy"]) == first.val["accuracy"]
    assert {"data", "loss", "last_act", "repeat", "fold", "seed", "lr", "role", "status"} <= rows[0].keys()


def test_names_cannot_break_a_markdown_table(tmp_path):
    record = planted_record((Planted("cross_entropy"), Planted("a|b`<img>")), epochs=2)
    write_comparison(record, tmp_path)
    lines = (tmp_path / "comparison.md").read_text().splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
    assert plain("a|b`<img>") in "\n".join(table)
    assert "<img>" not in "\n".join(table).replace("\\<", "")
