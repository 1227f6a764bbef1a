"""Listeners say what happened, plainly, whatever names and numbers the events carry."""

import io
import json
import math

import pytest
from rich.console import Console

from lossbench.events import (
    EpochEnded,
    EvaluationEnded,
    EvaluationLabel,
    EvaluationSkipped,
    EvaluationsPlanned,
    EvaluationStarted,
    Event,
    MemberStopped,
    Phase,
    Warned,
)
from lossbench.progress.bars import ProgressBars, fitted, shorter_names
from lossbench.progress.json_lines import JsonLines
from lossbench.progress.plain_lines import PlainLines
from lossbench.progress.status import EvaluationStatus, duration, time_left

STORY: list[Event] = [
    Warned("column [id] looks like an id"),
    EvaluationStarted("titanic / nll + logsoftmax", 2, 10, "accuracy", "higher"),
    *(
        EpochEnded("titanic / nll + logsoftmax", e, (0, 1), (1 / e, math.nan), (0.5, 0.6), (0.1 * e, 0.5))
        for e in range(1, 10)
    ),
    MemberStopped("titanic / nll + logsoftmax", 1, 9, "diverged"),
    EpochEnded("titanic / nll + logsoftmax", 10, (0,), (0.1,), (0.5,), (0.7,)),
    EvaluationSkipped("titanic / mape", "serves regression"),
    Phase("frames", 20, 20),
    EvaluationEnded("titanic / nll + logsoftmax", "ok", 1.25),
]


def test_plain_lines_have_no_escape_codes_and_tell_the_whole_story() -> None:
    stream, clock = io.StringIO(), iter(range(0, 1000, 6))
    listener = PlainLines(stream, clock=lambda: float(next(clock)))
    for event in STORY:
        listener(event)
    lines = stream.getvalue().splitlines()
    assert "\x1b" not in stream.getvalue()
    assert lines[0] == "warning: column [id] looks like an id"
    assert lines[1] == "titanic / nll + logsoftmax: 2 members, 10 epochs"
    assert lines[-1] == (
        "titanic / nll + logsoftmax: ok after 1.2 s; best accuracy 0.9, mean 0.7 [0.5, 0.9]; 1 of 2 nets diverged"
    )
    assert "skipped titanic / mape: serves regression" in lines
    assert "frames: 20 of 20" in lines
    assert len([line for line in lines if ": epoch " in line]) <= 10


def test_plain_lines_are_rare_when_epochs_are_fast() -> None:
    stream = io.StringIO()
    listener = PlainLines(stream, clock=lambda: 0.0)
    for event in STORY:
        listener(event)
    assert ": epoch " not in stream.getvalue()


def test_bars_show_names_with_brackets_as_they_are() -> None:
    stream = io.StringIO()
    listener = ProgressBars(Console(file=stream, force_terminal=True, width=160))
    for event in STORY:
        listener(event)
    listener.close()
    shown = stream.getvalue()
    assert "column [id] looks like an id" in shown
    assert "titanic / nll + logsoftmax" in shown
    assert "best accuracy 0.9, mean 0.7 [0.5, 0.9]" in shown
    assert "1 of 2 nets diverged" in shown


LABELS = (
    EvaluationLabel("titanic", "cross_entropy", "identity"),
    EvaluationLabel("titanic", "nll", "logsoftmax"),
    EvaluationLabel("titanic", "hinge", "identity", {"label_noise": 0.4}, "40% label noise"),
)
NAMES = tuple(map(str, LABELS))


def at_work(width: int) -> ProgressBars:
    """Three of 25 runs at work: 150 nets each, halfway through their epochs."""
    clock = iter(range(10_000))
    console = Console(file=io.StringIO(), width=width, force_terminal=True)
    listener = ProgressBars(console, clock=lambda: float(next(clock)))
    listener(EvaluationsPlanned(25))
    members = tuple(range(150))
    for label in LABELS:
        listener(EvaluationStarted(str(label), 150, 100, "balanced_accuracy", "higher", "tune", label))
    for epoch in range(1, 51):
        for name in NAMES:
            numbers = (0.3861,) * 150, (0.4,) * 150, tuple(0.5 + m / 1000 for m in members)
            listener(EpochEnded(name, epoch, members, *numbers))
    return listener


def drawn(listener: ProgressBars, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(listener)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160])
def test_name_epoch_time_left_and_best_are_there_at_every_width_and_nothing_wraps(width: int) -> None:
    listener = at_work(width)
    lines = drawn(listener, width)
    listener.close()
    assert len(lines) == len(NAMES) + 1
    assert max(map(len, lines)) <= width
    for name, line in zip(("cross_entropy", "nll", "hinge"), lines, strict=False):
        assert name in line
        assert "50/100" in line
        assert " left" in line
        assert "best 0.649" in line
    assert "0/25 evaluations" in lines[-1]
    assert " left" in lines[-1]


def test_a_wide_terminal_has_bars_scores_and_losses_too() -> None:
    listener = at_work(180)
    line = drawn(listener, 180)[0]
    listener.close()
    assert "━━━" in line
    assert "balanced_accuracy 0.5745 [0.5, 0.649]" in line
    assert "loss 0.3861" in line


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160])
def test_ended_runs_keep_their_best_validation_score_and_no_loss(width: int) -> None:
    stream = io.StringIO()
    listener = ProgressBars(Console(file=stream, width=width))
    name = NAMES[0]
    # Nets are stopped by another metric than the one that is chosen by: its values must keep their name and direction.
    listener(EvaluationStarted(name, 3, 1, "brier", "lower", "tune", LABELS[0]))
    listener(EpochEnded(name, 1, (0, 1, 2), (1.0,) * 3, (1.0,) * 3, (0.7, 0.8, 0.9)))
    listener(EvaluationStarted(name, 2, 1, "balanced_accuracy", "higher", "refit", LABELS[0]))  # has no validation part
    listener(EpochEnded(name, 1, (0, 1), (1.0,) * 2, (math.nan,) * 2, (math.nan,) * 2))
    listener(EvaluationEnded(name, "ok", 83.0))
    listener(
        EvaluationEnded(
            "titanic / mine + identity", "failed", 2.0, "ValueError: kaboom [bold]and so on, and so on[/bold]"
        )
    )
    listener.close()
    good, bad = (line for line in stream.getvalue().splitlines() if line.strip())
    assert len(good) <= width
    assert len(bad) <= width
    assert "cross_entropy + identity" in good
    assert "1:23" in good
    assert "best 0.7" in good or "best brier 0.7" in good
    assert "balanced_accuracy" not in good
    assert ("mean 0.8 [0.7, 0.9]" in good) is (width >= 80)
    assert "loss" not in good
    assert "failed titanic / mine + identity" in bad
    assert "ValueError" in bad


@pytest.mark.parametrize("width", [100, 120, 160])
def test_the_seeds_of_a_training_show_their_mean_and_range(width: int) -> None:
    listener = ProgressBars(Console(file=io.StringIO(), width=width, force_terminal=True))
    listener(EvaluationStarted(NAMES[1], 3, 2, "accuracy", "higher"))
    listener(EpochEnded(NAMES[1], 1, (0, 1, 2), (1.0,) * 3, (1.0,) * 3, (0.7, 0.8, 0.9)))
    (line,) = drawn(listener, width)
    listener.close()
    assert "mean 0.8 [0.7, 0.9]" in line


def test_plain_lines_count_the_diverged_nets_of_a_run_once() -> None:
    stream = io.StringIO()
    listener = PlainLines(stream, clock=lambda: 0.0)
    listener(EvaluationsPlanned(2))
    listener(EvaluationStarted("run", 60, 5, "m", "higher"))
    for member in range(48):
        listener(MemberStopped("run", member, 1, "diverged"))
    listener(EvaluationEnded("run", "ok", 1.0))
    assert [line for line in stream.getvalue().splitlines() if "diverged" in line] == [
        "run: ok after 1.0 s (1 of 2); 48 of 60 nets diverged"
    ]


@pytest.mark.parametrize(
    ("room", "left"),
    [
        (60, "titanic / nll + relu (20% label noise)"),
        (30, "nll + relu (20% label noise)"),
        (25, "nll (20% label noise)"),
        (10, "nll"),
        (2, "n…"),
    ],
)
def test_a_name_keeps_its_loss_longest(room: int, left: str) -> None:
    label = EvaluationLabel("titanic", "nll", "relu", {"label_noise": 0.2}, "20% label noise")
    assert fitted(shorter_names(str(label), label), room) == left


@pytest.mark.parametrize("loss", ["my (odd) / loss + x", "a (b)"])
def test_what_stands_in_a_loss_s_name_is_never_taken_for_a_part_of_the_run_s_name(loss: str) -> None:
    label = EvaluationLabel("data / set", loss, "relu", {"label_noise": 0.2}, "20% label noise")
    assert fitted(shorter_names(str(label), label), len(loss)) == loss


def test_json_lines_have_a_run_s_condition_as_numbers() -> None:
    stream = io.StringIO()
    JsonLines(stream)(EvaluationStarted(NAMES[2], 1, 1, "accuracy", "higher", "", LABELS[2]))
    assert json.loads(stream.getvalue())["label"]["condition"] == {"label_noise": 0.4}


def test_time_is_short_and_unknown_before_anything_is_done() -> None:
    assert [duration(seconds) for seconds in (0.4, 65, 3599, 7320)] == ["0:00", "1:05", "59:59", "2h 02"]
    assert time_left(10, 0.25) == "0:30"
    assert time_left(10, 0) == "-:--"


def test_json_lines_are_valid_json_without_nan() -> None:
    stream = io.StringIO()
    listener = JsonLines(stream)
    for event in STORY:
        listener(event)

    def refuse(constant: str) -> float:
        raise AssertionError(constant)

    parsed = [json.loads(line, parse_constant=refuse) for line in stream.getvalue().splitlines()]
    assert [p["event"] for p in parsed] == [type(e).__name__ for e in STORY]
    assert parsed[2]["train_loss"] == [1.0, None]


@pytest.mark.parametrize(("better", "best"), [("higher", 0.9), ("lower", 0.3)])
def test_the_best_score_follows_the_metric_s_direction(better: str, best: float) -> None:
    standing = EvaluationStatus(EvaluationStarted("run", 1, 3, "m", better))  # type: ignore[arg-type]
    for epoch, score in enumerate((0.5, 0.9, 0.3), start=1):
        standing.update(EpochEnded("run", epoch, (0,), (1.0,), (1.0,), (score,)))
    assert standing.best == [best]
    assert standing.done == standing.total == 3


def test_a_stopped_member_counts_as_done() -> None:
    standing = EvaluationStatus(EvaluationStarted("run", 2, 5, "m", "higher"))
    standing.stop(MemberStopped("run", 0, 2, "early_stopping"))
    assert standing.done == 5
    assert standing.stopped == 1
