"""`lossbench runs`: every run of a folder, whatever state it is in; what two differ in; comparisons put together."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lossbench import runner
from lossbench.cli import main
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.events import EpochEnded, Event
from lossbench.record import JOURNAL, Journal, read_record
from lossbench.runner.drive import Stop

TINY: dict[str, Any] = {"folds": 3, "repeats": 2, "lrs": [1e-3, 1e-2], "optim": {"epochs": 3}, "net": 8}


def compared(output: Path, name: str, **other: Any) -> Path:
    config = {**TINY, "data": "wine", "losses": "ce,brier", "output": str(output), "name": name, **other}
    return runner.run_compare(CompareConfig.model_validate(config))[1]


class Stopper:
    """Stops a run in its third epoch of the second loss."""

    def __init__(self, stop: Stop, evaluation: str) -> None:
        self._stop, self._evaluation = stop, evaluation

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochEnded) and event.evaluation == self._evaluation:
            self._stop.request(2)

    def close(self) -> None:
        pass


def stopped(output: Path, name: str) -> Path:
    stop = Stop()
    config = CompareConfig.model_validate(
        {**TINY, "data": "wine", "losses": "ce,brier", "output": str(output), "name": name}
    )
    listener = Stopper(stop, "wine / brier + softmax")
    return runner.run_compare(config, listeners=[listener], stop=stop)[1]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("outputs")
    compared(output, "whole")
    stopped(output, "part")
    runner.run_train(TrainConfig.model_validate({"optim": {"epochs": 2}, "output": str(output), "name": "trained"}))
    (output / "killed").mkdir()
    (output / "killed" / "run.json").write_text('{"kind": "train", "key": {}}')
    (output / "notes").mkdir()
    compared(output, "broken")
    (output / "broken" / JOURNAL).write_bytes(b"nothing that SQLite knows")
    return output


def listed(outputs: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    assert main(["runs", str(outputs), "--json"]) == 0
    return {row["run"]: row for row in json.loads(capsys.readouterr().out)}


def test_every_run_is_listed_with_its_state(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = listed(outputs, capsys)
    states = {name: (row["command"], row["state"], row["done"]) for name, row in rows.items()}
    assert states == {
        "whole": ("compare-losses", "finished", "2 of 2 evaluations"),
        "part": ("compare-losses", "unfinished", "1 of 2 evaluations"),
        "trained": ("train", "finished", "1 net"),
        "killed": ("train", "unfinished", ""),
        "broken": ("compare-losses", "unreadable", ""),
    }
    assert rows["whole"]["answer"].startswith("On wine, by accuracy,")
    assert rows["part"]["answer"].startswith("Partial: 1 of 2 evaluations are done.")
    assert "accuracy" in rows["trained"]["answer"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", row["when"]) for row in rows.values())
    assert main(["runs", str(outputs)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_a_run_is_shown_again_and_a_partial_one_has_exit_code_4(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "show", "whole", "--output", str(outputs)]) == 0
    assert capsys.readouterr().out.startswith("On wine, by accuracy,")
    assert main(["runs", "show", str(outputs / "part")]) == 4
    assert "Partial: 1 of 2" in " ".join(capsys.readouterr().out.split())
    assert main(["runs", "show", str(outputs / "trained")]) == 0
    assert main(["runs", "show", "whoel", "--output", str(outputs)]) == 2
    assert "whoel: no such run; did you mean 'whole'?" in capsys.readouterr().err


def test_a_report_of_a_partial_run_says_so_and_goes_on_to_the_whole_one(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = stopped(outputs, "to-be-whole")
    assert main(["report", str(folder)]) == 4
    assert "the run is not finished" in capsys.readouterr().out
    assert read_record(folder).status == "interrupted"
    assert "Partial: 1 of 2 evaluations" in (folder / "report.html").read_text()
    compared(outputs, "to-be-whole")
    assert main(["report", str(folder)]) == 0
    assert "Partial" not in (folder / "report.html").read_text()


def test_what_two_runs_differ_in(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = compared(outputs, "same")
    assert main(["runs", "diff", str(outputs / "whole"), str(same)]) == 0
    assert capsys.readouterr().out == "the same numbers in 2 results\n"
    other = compared(outputs, "other", optim={"epochs": 4})
    assert main(["runs", "diff", str(outputs / "whole"), str(other), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["keys"] == ["optim.epochs (4, here 3)"]
    assert [row["result"] for row in found["results"]] == ["wine / cross_entropy + identity", "wine / brier + softmax"]


def test_runs_on_other_tables_losses_and_levels_are_one_as_if_they_had_been(outputs: Path) -> None:
    """The merged record is that of one run that asks for all of it."""
    first = compared(outputs, "first", label_noise=[0, 0.2])
    second = compared(outputs, "second", losses="ce,hinge", repeats=3)
    third = compared(outputs, "third", data="iris", losses="ce,brier,hinge")
    assert runner.merge_runs([first, second, third], "merged", str(outputs), force=False) == 0
    merged = read_record(outputs / "merged")
    by_name = {result.name: result for folder in (first, second, third) for result in read_record(folder).results}
    assert {result.name for result in merged.results} == set(by_name)
    assert [data.name for data in merged.data] == ["wine", "iris"]
    at_three = {result.name: len(result.members) for result in merged.results}
    assert at_three["wine / hinge + identity"] == len(by_name["wine / hinge + identity"].members)
    ce = next(result for result in merged.results if result.name == "wine / cross_entropy + identity")
    assert {member.split["repeat"] for member in ce.members} == {0, 1, 2}
    assert ce.members == read_record(second).results[0].members
    with Journal.open(outputs / "merged", read_only=True) as journal:
        assert set(journal.statuses().values()) == {"ok"}


def test_runs_of_other_conditions_are_merged_and_those_of_another_noise_matrix_are_not(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    matrices = [[0.9, 0.1, 0], [0, 1, 0], [0, 0, 1]], [[0.8, 0.2, 0], [0, 1, 0], [0, 0, 1]]
    gaps = compared(outputs, "gaps", missing_values=[0, 0.1])
    one, other = (
        compared(outputs, f"matrix-{i}", matrix_noise=[0, 1], noise_matrix=matrix) for i, matrix in enumerate(matrices)
    )
    assert runner.merge_runs([gaps, one], "conditions", str(outputs), force=False) == 0
    merged = read_record(outputs / "conditions")
    assert [(c.name, c.levels) for c in merged.conditions] == [("missing_values", [0, 0.1]), ("matrix_noise", [0, 1])]
    assert merged.config["conditions"]["missing_values"] == [0, 0.1]
    assert merged.config["conditions"]["noise_matrix"] == matrices[0]
    assert main(["runs", "merge", str(one), str(other), "--name", "matrices", "--output", str(outputs)]) == 2
    assert "the runs differ in conditions.noise_matrix; merge runs that share" in capsys.readouterr().err


def test_runs_that_differ_in_what_changes_numbers_are_not_merged(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = compared(outputs, "three", losses="ce,l1"), compared(outputs, "five", optim={"epochs": 5})
    assert main(["runs", "merge", str(one), str(other), "--name", "both", "--output", str(outputs)]) == 2
    assert re.search(r"five: differs from .*three in optim\.epochs \(3, here 5\);", capsys.readouterr().err)
    assert not (outputs / "both").exists()
    assert main(["runs", "merge", str(one), str(outputs / "trained"), "--name", "both"]) == 2
    assert "trained: has no journal, so it cannot be merged" in capsys.readouterr().err
