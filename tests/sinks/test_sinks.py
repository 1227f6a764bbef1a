"""Sinks say what happened, plainly, whatever names and numbers the events carry."""

import io
import json
import math

import pytest
from rich.console import Console

from lossbench.events import EpochEnded, Event, MemberStopped, Phase, RunEnded, RunSkipped, RunStarted, Warned
from lossbench.sinks.jsonl import JsonLines
from lossbench.sinks.lines import PlainLines
from lossbench.sinks.progress import ProgressBars
from lossbench.sinks.standing import Standing

STORY: list[Event] = [
    Warned("column [id] looks like an id"),
    RunStarted("titanic / nll + logsoftmax", 2, 10, "accuracy", "higher"),
    *(
        EpochEnded("titanic / nll + logsoftmax", e, (0, 1), (1 / e, math.nan), (0.5, 0.6), (0.1 * e, 0.5))
        for e in range(1, 10)
    ),
    MemberStopped("titanic / nll + logsoftmax", 1, 9, "diverged"),
    EpochEnded("titanic / nll + logsoftmax", 10, (0,), (0.1,), (0.5,), (0.7,)),
    RunSkipped("titanic / mape", "serves regression"),
    Phase("frames", 20, 20),
    RunEnded("titanic / nll + logsoftmax", "ok", 1.25),
]


def test_plain_lines_have_no_escape_codes_and_tell_the_whole_story() -> None:
    stream, clock = io.StringIO(), iter(range(0, 1000, 6))
    sink = PlainLines(stream, clock=lambda: float(next(clock)))
    for event in STORY:
        sink(event)
    lines = stream.getvalue().splitlines()
    assert "\x1b" not in stream.getvalue()
    assert lines[0] == "warning: column [id] looks like an id"
    assert lines[1] == "titanic / nll + logsoftmax: 2 members, 10 epochs"
    assert lines[-1].startswith("titanic / nll + logsoftmax: ok after 1.2 s; loss 0.1")
    assert "titanic / nll + logsoftmax: member 1 diverged in epoch 9" in lines
    assert "skipped titanic / mape: serves regression" in lines
    assert "frames: 20 of 20" in lines
    assert len([line for line in lines if ": epoch " in line]) <= 10


def test_plain_lines_are_rare_when_epochs_are_fast() -> None:
    stream = io.StringIO()
    sink = PlainLines(stream, clock=lambda: 0.0)
    for event in STORY:
        sink(event)
    assert ": epoch " not in stream.getvalue()


def test_bars_show_names_with_brackets_as_they_are() -> None:
    stream = io.StringIO()
    sink = ProgressBars(Console(file=stream, force_terminal=True, width=160))
    for event in STORY:
        sink(event)
    sink.close()
    shown = stream.getvalue()
    assert "column [id] looks like an id" in shown
    assert "titanic / nll + logsoftmax" in shown
    assert "10/10" in shown
    assert "best 0.7" in shown


def test_json_lines_are_valid_json_without_nan() -> None:
    stream = io.StringIO()
    sink = JsonLines(stream)
    for event in STORY:
        sink(event)

    def refuse(constant: str) -> float:
        raise AssertionError(constant)

    parsed = [json.loads(line, parse_constant=refuse) for line in stream.getvalue().splitlines()]
    assert [p["event"] for p in parsed] == [type(e).__name__ for e in STORY]
    assert parsed[2]["train_loss"] == [1.0, None]


@pytest.mark.parametrize(("better", "best"), [("higher", 0.9), ("lower", 0.3)])
def test_the_best_score_follows_the_metric_s_direction(better: str, best: float) -> None:
    standing = Standing(RunStarted("run", 1, 3, "m", better))  # type: ignore[arg-type]
    for epoch, score in enumerate((0.5, 0.9, 0.3), start=1):
        standing.update(EpochEnded("run", epoch, (0,), (1.0,), (1.0,), (score,)))
    assert standing.best == [best]
    assert standing.done == standing.total == 3


def test_a_stopped_member_counts_as_done() -> None:
    standing = Standing(RunStarted("run", 2, 5, "m", "higher"))
    standing.stop(MemberStopped("run", 0, 2, "early_stopping"))
    assert standing.done == 5
    assert standing.stopped == 1
