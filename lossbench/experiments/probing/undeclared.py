"""A short examination of a loss that declares nothing, before it is trained: a user's plain function or module.

That nothing was declared says nothing good of a loss. What can be measured of it in two seconds is said instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from lossbench.catalog.activations import Activation
from lossbench.catalog.loss import Loss
from lossbench.catalog.vocabulary import Task
from lossbench.engine.threads import one_thread
from lossbench.errors import counted
from lossbench.experiments.probing.examination import MECHANICS, Needs, admitted, examine_on_task
from lossbench.experiments.probing.findings import Finding
from lossbench.experiments.probing.population import classification, regression

SECONDS = 2.0  # no call of the loss begins later
CHECKS = (*MECHANICS, Needs(classification), Needs(regression))
REPORTED = ("calibrated", "proper", "estimates", "dead regions")  # findings that are said where no error was found


@dataclass(frozen=True)
class Measured:
    """What was found: one line of it, and the errors."""

    summary: str
    errors: tuple[Finding, ...]


def measure(loss: Loss, activation: Activation, task: Task) -> Measured:
    """Examine a loss behind an activation for at most two seconds; a loss is examined once, whoever asks."""
    return _measured(_Key(loss.label, activation.name, task, loss.fn, loss, activation))


@dataclass(frozen=True)
class _Key:
    label: str
    activation_name: str
    task: Task
    fn: Callable[..., Any]
    loss: Loss = field(compare=False)
    activation: Activation = field(compare=False)


class _OutOfTime(BaseException):
    """Passes through whatever catches a loss's own exceptions."""


@lru_cache(maxsize=64)
def _measured(key: _Key) -> Measured:
    subject = admitted(key.loss, key.task)
    if isinstance(subject, Finding):
        return _summary([subject], stopped=False)
    end = time.monotonic() + SECONDS

    def until_the_end(*arguments: Any, **named: Any) -> Any:
        if time.monotonic() > end:
            raise _OutOfTime
        return key.loss.fn(*arguments, **named)

    subject = replace(subject, activation=key.activation, loss=replace(subject.loss, fn=until_the_end))
    found: list[Finding] = []
    try:
        with one_thread():
            for finding in examine_on_task(subject, CHECKS, lambda _: None):
                found.append(finding)
    except _OutOfTime:
        return _summary(found, stopped=True)
    return _summary(found, stopped=False)


def _summary(found: list[Finding], *, stopped: bool) -> Measured:
    errors = tuple(finding for finding in found if finding.level == "error")
    checks = len({finding.check for finding in found if finding.level != "skipped"})
    if errors:
        sentences = [f"{finding.check}: {finding.finding}" for finding in errors]
    else:
        sentences = [finding.finding for finding in found if finding.check in REPORTED and finding.level != "skipped"]
        sentences.append(f"no error in {counted(checks, 'check')}")
    if stopped:
        sentences.append(f"stopped after {SECONDS:g} s")
    return Measured("; ".join(sentences), errors)
