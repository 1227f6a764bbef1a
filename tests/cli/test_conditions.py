"""Every condition through the real command line: what it asks for is done, recorded and reported."""

import json
import math
import re
from pathlib import Path

import pytest

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.conditions import ConditionsConfig
from lossbench.config.load import Override, load
from lossbench.experiments.compare.conditions import CONDITIONS

TINY = "--folds 3 --repeats 1 --lrs 1e-2 --epochs 2 --hidden 4 --batch-size 16 --jobs 1 -q"
CLASSES, VALUES = f"--data iris --losses ce,mae {TINY}", f"--data diabetes --losses mse,mae {TINY}"
ASKED = {
    "train_share": (CLASSES, "--train-share 0.5,1"),
    "imbalance_ratio": (CLASSES, "--imbalance-ratio 1,4"),
    "label_noise": (CLASSES, "--label-noise 0,0.2"),
    "pair_flip_noise": (CLASSES, "--pair-flip-noise 0,0.2"),
    "matrix_noise": (CLASSES, "--matrix-noise 0,1 --noise-matrix [[0.8,0.2,0],[0,0.8,0.2],[0,0,1]]"),
    "boundary_noise": (CLASSES, "--boundary-noise 0,0.2"),
    "instance_noise": (CLASSES, "--instance-noise 0,0.2"),
    "target_outliers": (VALUES, "--target-outliers 0,0.1"),
    "target_noise": (VALUES, "--target-noise 0,0.5"),
    "feature_outliers": (VALUES, "--feature-outliers 0,0.1"),
    "missing_values": (CLASSES, "--missing-values 0,0.2"),
    "stop_rule": (CLASSES, "--stop best,last"),
}


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_a_condition_is_compared_recorded_and_reported(condition, lossbench, tmp_path):
    common, levels = ASKED[condition.name]
    code, _, err = lossbench(
        "compare-losses", *common.split(), *levels.split(), "--output", str(tmp_path), "--name", "c"
    )
    assert (code, err) == (0, [])
    record = json.loads((tmp_path / "c" / "result.json").read_text())
    (words,) = record["conditions"]
    assert (words["name"], words["label"]) == (condition.name, condition.words.label)
    for result in record["results"]:
        level, realised = result["condition"][condition.name], result["realised"][condition.name]
        assert level in words["levels"]
        # 4 binomial standard deviations of 150 rows (what is exact is tested beside its draw); half a row in 4 of a
        # ratio; strength 1 of the matrix changes 0.2 of two classes of three.
        expected = 0.4 / 3 if condition.name == "matrix_noise" and level else level
        assert realised == pytest.approx(expected, abs=0.13 if level <= 1 else 0.5)
    table = (tmp_path / "c" / "comparison.md").read_text()
    page = (tmp_path / "c" / "report.html").read_text()
    assert f"by {condition.words.label}" in table
    assert condition.words.plot_title in page
    assert (tmp_path / "c" / f"{condition.words.plot}.png").exists()
    assert condition.protocol.split("{")[0].split(":")[0] in " ".join(record["protocol"]["text"])
    if condition.words.realised_text:
        assert "realised " in table
        assert f"{condition.name}_realised" in (tmp_path / "c" / "members.csv").read_text().splitlines()[0]


def test_all_losses_are_compared_on_a_suite_of_tables_under_a_condition(lossbench, tmp_path):
    levels = "--conditions label_noise=0.4 --conditions stop_rule=last"
    common = f"--data suite:small --losses all --inner-folds 2 {TINY}".replace("--epochs 2", "--epochs 1")
    common = common.replace("--batch-size 16", "--batch-size full")  # one step a net: what is tried is the whole way
    code, _, err = lossbench(
        "compare-losses", *common.split(), *levels.split(), "--output", str(tmp_path), "--name", "c"
    )
    assert (code, err) == (0, [])
    record = json.loads((tmp_path / "c" / "result.json").read_text())
    tables = {table["name"]: table for table in record["data"]}
    assert len(tables) == 16
    compared = {name: {} for name in tables}
    for result in record["results"]:
        assert result["status"] == "ok", result["name"]
        assert result["condition"] == {"label_noise": 0.4, "stop_rule": 1}  # of best and last
        # 4 binomial standard deviations of the labels of one split
        rows = tables[result["data"]]["rows"] * 2 / 3
        assert result["realised"]["label_noise"] == pytest.approx(0.4, abs=4 * math.sqrt(0.24 / rows))
        refits = [member for member in result["members"] if member["role"] == "refit"]
        assert len(refits) == 3
        assert all(0 <= member["test"]["accuracy"] <= 1 for member in refits)
        compared[result["data"]][result["loss"]["name"]] = result["objective"].get("represents", [])
    for name, losses in compared.items():
        task = Task(tables[name]["task"])
        there = {*losses, *(pair.split(" + ")[0] for others in losses.values() for pair in others)}
        asked = {loss.name for loss in LOSSES if task in loss.targets and loss.is_consistent(task)}
        assert len(asked) > 30
        assert there >= asked, name  # what estimates the most probable class, or the entry that stands for it


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--data iris --conditions label_noise", "--conditions: must be written NAME=LEVEL,..., got 'label_noise'"),
        (
            "--data iris --conditions label_nose=0,0.2",
            "--conditions label_nose: unknown key; did you mean 'label_noise'",
        ),
        ("--data iris --conditions label_noise=1.2", "--conditions label_noise: must be < 1, got '1.2'"),
        (
            "--data diabetes --pair-flip-noise 0.2",
            "pair_flip_noise: .* needs classes, and diabetes is a regression; use 0",
        ),
        ("--data iris --target-noise 0.2", "target_noise: .* needs a regression, and iris is a multiclass; use 0"),
        ("--data iris --missing-values 1", "--missing-values: must be < 1, got '1'"),
        ("--data iris --imbalance-ratio 0.5", "--imbalance-ratio: must be >= 1, got '0.5'"),
        ("--data iris --label-noise 0.2,0.2", "--label-noise: must not have 0.2 twice"),
        ("--data iris --matrix-noise 1", "conditions: matrix_noise needs a noise matrix; give noise_matrix, too"),
        (
            "--data iris --matrix-noise 1 --noise-matrix [[1,0],[0,1]]",
            "noise_matrix: the noise matrix has 2 rows for 3",
        ),
        ("--data iris --matrix-noise 1 --noise-matrix no.csv", "noise_matrix: no.csv: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_one_line_before_training(line, message, lossbench, tmp_path):
    code, out, err = lossbench("compare-losses", *line.split(), "--output", str(tmp_path))
    assert (code, out, len(err)) == (2, "", 1)
    assert re.search(message, err[0]), err
    assert list(tmp_path.iterdir()) == []


def test_a_condition_may_stand_at_the_top_of_a_file_and_flags_override_it_in_either_place(tmp_path: Path):
    for name, text in (("top", "label_noise: [0, 0.2]"), ("part", "conditions: {label_noise: [0, 0.2]}")):
        file = tmp_path / f"{name}.yaml"
        file.write_text(f"kind: compare-losses\n{text}\n")
        found = load(file)
        assert isinstance(found, CompareConfig)
        assert found.conditions == ConditionsConfig(label_noise=[0, 0.2])
        flag = Override(("conditions", "label_noise"), "0.3", "--conditions label_noise")
        assert load(file, flags=[flag]).conditions == ConditionsConfig(label_noise=[0.3])
        for key in ("label_noise", "conditions.label_noise"):
            changed = load(file, [f"{key}=[0.3]", "stop_rule=last"])
            assert isinstance(changed, CompareConfig)
            assert changed.conditions == ConditionsConfig(label_noise=[0.3], stop_rule=["last"])
