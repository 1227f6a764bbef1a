"""`compare-losses` as a user runs it, in a process of its own: exit codes, and what is in the folder afterwards."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lossbench.cli import main
from lossbench.record import parse_record, read_record
from tests.experiments.compare.comparisons import failing_loss

WITHOUT_TORCH = """
import sys
from importlib.abc import MetaPathFinder

class NoTorch(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoTorch())
from lossbench.cli import main
sys.exit(main(["report", sys.argv[1]]))
"""
QUICK = [
    "--folds",
    "3",
    "--repeats",
    "1",
    "--lrs",
    "1e-3,1e-2",
    "--hidden",
    "4",
    "--batch-size",
    "16",
    "--device",
    "cpu",
    "--threads",
    "1",
]
LOSSBENCH = [sys.executable, "-m", "lossbench"]


def run_of(folder: Path, label: str):
    (run,) = (run for run in read_record(folder).results if run.loss.label == label)
    return run


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A comparison one of whose losses raises in the middle of its training."""
    folder = tmp_path_factory.mktemp("failed")
    weary = failing_loss(folder)["loss"]
    flags = ["--losses", f"ce,{weary['name']}", "--target-encoding", "class_index", "--decode", "softmax", *QUICK]
    line = ["compare-losses", "--data", "iris", *flags, "--epochs", "20", "--output", str(folder), "--name", "run"]
    done = subprocess.run([*LOSSBENCH, *line], capture_output=True, text=True, check=False)
    return folder / "run", done


def test_a_loss_that_raises_is_exit_code_3_and_leaves_its_traceback(failed) -> None:
    folder, done = failed
    assert (done.returncode, "Traceback" in done.stderr) == (3, False)
    assert "too tired" in done.stderr  # said as it happens
    run = run_of(folder, "weary")
    assert run.status == "failed"
    assert "raise RuntimeError('too tired')" in run.traceback
    assert run_of(folder, "cross_entropy").status == "ok"
    assert (folder / "report.html").exists()


def test_a_comparison_is_drawn_again_without_torch(failed, tmp_path: Path) -> None:
    folder, _ = failed
    again = tmp_path / "again"
    again.mkdir()
    (again / "result.json").write_bytes((folder / "result.json").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(again)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    drawn = {file.name for file in again.iterdir()}
    assert drawn == {file.name for file in folder.iterdir()} - {"journal.sqlite", "run.json", ".lock"}
    assert (again / "report.html").read_text() == (folder / "report.html").read_text()


def test_ctrl_c_is_130_and_leaves_what_was_done_and_what_was_not(tmp_path: Path) -> None:
    flags = ["--losses", "ce,hinge,mse", *QUICK, "--epochs", "100000", "--patience", "none", "--json", "--jobs", "1"]
    line = ["compare-losses", "--data", "iris", *flags, "--output", str(tmp_path), "--name", "run"]
    with subprocess.Popen([*LOSSBENCH, *line], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for sentences in process.stdout:  # until it trains
            if json.loads(sentences)["event"] == "EpochEnded":
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err.strip() == "stopping; finished work will be recorded (Ctrl-C again to abort without recording)"
    assert json.loads(out.splitlines()[-1])["status"] == "interrupted"
    record = parse_record((tmp_path / "run" / "result.json").read_text())
    assert record.status == "interrupted"
    assert [(run.loss.label, run.status, bool(run.members)) for run in record.results] == [
        ("cross_entropy", "interrupted", False),
        ("hinge", "interrupted", False),
        ("mse", "interrupted", False),
    ]
    assert all(run.message == "0 of 1 repetitions are done" for run in record.results)
    assert (tmp_path / "run" / "report.html").exists()


def test_one_loss_is_refused_before_anything_is_trained(lossbench, tmp_path: Path) -> None:
    code, out, errors = lossbench("compare-losses", "--losses", "ce", "--data", "iris", "--output", str(tmp_path))
    assert (code, out) == (2, "")
    assert errors == [
        "error: losses: cross_entropy + identity is the only loss of its kind: nothing to compare it with;"
        " name another loss, or none for all of them"
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_column_called_like_a_tag_is_text_in_every_file(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>"
    x = np.random.default_rng(0).normal(size=(60, 2))
    rows = "\n".join(f"{a:.3f},{b:.3f},{'<b>yes' if a + b > 0 else 'no'}" for a, b in x)
    file = tmp_path / "t.csv"
    file.write_text(f"{name},b,<i>y\n{rows}\n")
    flags = ["--losses", "ce,hinge", *QUICK, "--epochs", "3", "--quiet", "--output", str(tmp_path), "--name", "run"]
    assert main(["compare-losses", "--data", str(file), "--target", "<i>y", *flags]) == 0
    record, page = read_record(tmp_path / "run"), (tmp_path / "run" / "report.html").read_text()
    assert record.data[0].features == [name, "b"]
    assert "<script>alert" not in page
    assert "<i>y" not in page
    assert "<b>yes" not in page
    assert "&lt;i&gt;y" in page


def test_a_dry_run_says_how_many_trials_there_are_and_what_is_chosen(lossbench, tmp_path: Path) -> None:
    line = ["compare-losses", "--data", "iris", "--losses", "ce,focal", *QUICK, "--output", str(tmp_path)]
    code, out, _ = lossbench(*line, "--dry-run")
    assert code == 0
    assert "iris: 3 splits, 18 nets for each loss" in out
    assert "4 trials a split: 2 learning rates (0.001, 0.01) x 2 settings of its own parameters (focal: gamma=2" in out
    assert "in all 2 units of work, at most 36 nets" in out
    assert "2 trials a split: one per learning rate" in lossbench(*line, "--dry-run", "--tune-params", "never")[1]
