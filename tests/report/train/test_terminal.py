"""What a terminal shows after a training run: nothing that was not measured, and nothing hidden."""

import io
from pathlib import Path

from rich.console import Console

from lossbench.report.train.terminal import train_report
from tests.report.compare.planted import as_training


def shown(renderable, width=200):
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return console.file.getvalue()


def training(record, **changed):
    """The record of one run of ten nets."""
    result = record.results[0]
    result = result.model_copy(update={"members": [m for m in result.members if m.role == "refit"][:10], **changed})
    return as_training(record, result)


def test_training_shows_parts_spread_dummy_verdict_and_symptoms(record, tmp_path):
    broken = next(result for result in record.results if result.last_act == "relu")
    result = broken.model_copy(update={"members": [m for m in broken.members if m.role == "refit"][:10]})
    (tmp_path / "curves.png").touch()
    text = shown(train_report(as_training(record, result), tmp_path), 200)
    assert "mean ± standard deviation of 10 seeds" in text
    assert "0.594" in text
    assert "nll + relu is broken" in text
    assert "fix: Use logsoftmax." in text
    assert "measured: its loss fell below its floor" in text
    assert "(curves.png)" in text


def test_the_spread_is_the_standard_deviation_over_seeds(record):
    result = record.results[0]
    values = [m.test["accuracy"] for m in result.members if m.role == "refit"][:2]
    two = result.model_copy(update={"members": [m for m in result.members if m.role == "refit"][:2]})
    text = shown(train_report(as_training(record, two), Path("x")), 200)
    deviation = abs(values[0] - values[1]) / 2**0.5  # of two numbers
    assert f"{sum(values) / 2:.3f} ± {deviation:.3f}" in text


def test_what_was_not_measured_is_na_and_a_lost_run_says_what_to_do(record):
    lost = training(record, status="diverged")
    members = [
        m.model_copy(update={"status": "diverged", "test": dict.fromkeys(m.test), "epochs": 1, "lr": 1e10})
        for m in lost.results[0].members
    ]
    text = shown(train_report(training(record, status="diverged", members=members), Path("x")))
    assert "accuracy" in text
    assert text.count("n/a") > 1
    assert "0.000" not in text
    assert "diverged: all 10 nets" in text
    assert "fix: lower --lr (it was 1e10)" in text
    assert text.index("diverged:") < text.index("is sound")


def test_a_sound_pair_is_said_to_be_sound(record):
    verdict = record.results[0].verdict.model_copy(update={"level": "equivalent", "why": "the same objective as a + b"})
    text = shown(train_report(training(record, verdict=verdict), Path("x")))
    assert " is sound: the same objective as a + b" in text


def test_the_weights_that_were_kept_are_named_where_others_were_better(record):
    members = [m.model_copy(update={"best_epoch": 84, "epochs": 100}) for m in training(record).results[0].members]
    text = shown(train_report(training(record, members=members), Path("x")))
    assert "kept: the last epoch's weights; best by validation accuracy: epoch 84" in text
    members = [m.model_copy(update={"best_epoch": 100, "epochs": 100}) for m in members]
    assert "kept:" not in shown(train_report(training(record, members=members), Path("x")))


def test_a_broken_pair_has_the_recommended_one_beside_it_within_80_columns(record):
    broken = next(result for result in record.results if result.last_act == "relu")
    good = training(record).results[0]
    instead = good.model_copy(
        update={
            "members": [m.model_copy(update={"role": "recommended"}) for m in good.members],
            "last_act": "logsoftmax",
        }
    )
    requested = broken.model_copy(update={"members": [m for m in broken.members if m.role == "refit"][:10]})
    both = as_training(record, requested, instead)
    text = shown(train_report(both, Path("x")), 80)
    assert max(map(len, text.splitlines())) <= 80
    assert "test of logsoftmax" in text
    assert "instead: " in text
    inside = text[text.index("measured:") : text.index("instead:")].splitlines()
    assert all(line.startswith("  ") for line in inside[1:]), "wrapped lines keep their indent"


def test_a_warning_is_not_said_twice(record):
    broken = next(result for result in record.results if result.last_act == "relu")
    result = broken.model_copy(update={"members": [m for m in broken.members if m.role == "refit"][:2]})
    warning = f"{result.loss.label} + relu is broken: {result.verdict.why}; {result.verdict.fix}"
    text = shown(train_report(as_training(record, result, warnings=(warning, "mind this")), Path("x")))
    assert text.count("relu is broken") == 1
    assert "! mind this" in text


def test_the_dummy_is_explained(record):
    assert "dummy: predicts the training part's majority class" in shown(train_report(training(record), Path("x")))
