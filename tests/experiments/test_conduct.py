"""The doctor names rightly what a loss does besides being a function of its outputs and its target."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lossbench.catalog.plugins.resolve import find_loss
from lossbench.catalog.vocabulary import Task
from lossbench.experiments.doctor import examine
from lossbench.experiments.setup.pair import resolve_pair

SQUARE = lambda out, target: ((out - target) ** 2).squeeze(-1)  # noqa: E731


def value(fn):
    """A plain function as a loss of values."""
    return find_loss(fn, task="regression", target_encoding="float", decode="identity")


def classes(fn, encoding="class_index", decode="softmax"):
    return find_loss(fn, task="multiclass", target_encoding=encoding, decode=decode)


def writes_into_outputs(out, target):
    out -= target
    return (out**2).squeeze(-1)


def writes_into_target(out, target):
    target -= out
    return (target**2).squeeze(-1)


def seeded_noise(out, target):
    return SQUARE(out + torch.randn_like(out), target)


def numpys_noise(out, target):
    return SQUARE(out, target) * np.random.rand()


def pythons_noise(out, target):
    return SQUARE(out, target) * random.random()


class RunningMean(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = torch.zeros(())

    def forward(self, out, target):
        self.mean = 0.9 * self.mean + 0.1 * (out - target).abs().mean().detach()
        return SQUARE(out, target) / (1 + self.mean)


class LastBatch(nn.Module):
    """Of equal calls one after the other the value is the same."""

    def __init__(self):
        super().__init__()
        self.largest = torch.zeros(())

    def forward(self, out, target):
        scale, self.largest = self.largest, (out - target).abs().amax().detach()
        return SQUARE(out, target) + (scale - self.largest).abs()


COUNTER = itertools.count()


def counts_its_calls(out, target):
    return SQUARE(out, target) * (1 + next(COUNTER) / 10)


def prints(out, target):
    print("called")
    return SQUARE(out, target)


def ignores_target(out, target):
    return (out**2).squeeze(-1)


def ignores_outputs(out, target):
    return (target**2).squeeze(-1) + 0 * out.squeeze(-1)


def infinite(out, target):
    return SQUARE(out, target) / (out.squeeze(-1) > 0)


FAULTS = {
    writes_into_outputs: ("inputs", "changes its outputs in place"),
    writes_into_target: ("inputs", "changes its target in place"),
    seeded_noise: ("random", "draws random numbers"),
    numpys_noise: ("random", "draws random numbers"),
    pythons_noise: ("random", "draws random numbers"),
    RunningMean(): ("state", "keeps a state between calls"),
    LastBatch(): ("state", "keeps a state between calls"),
    counts_its_calls: ("state", "keeps a state between calls"),
    ignores_target: ("target ignored", "ignores the target"),
    ignores_outputs: ("outputs ignored", "ignores the outputs"),
    infinite: ("defined", "not defined (NaN or infinite)"),
}


@pytest.mark.parametrize("fn", FAULTS, ids=lambda fn: getattr(fn, "__name__", type(fn).__name__))
def test_each_fault_is_one_error_under_its_own_name(fn):
    check, words = FAULTS[fn]
    errors = [found for found in examine(value(fn)).findings if found.level == "error"]
    assert [error.check for error in errors] == [check]
    assert words in errors[0].finding
    assert ";" in errors[0].finding or ":" in errors[0].finding  # what to do


def test_prints_are_a_warning_and_go_nowhere(capsys):
    diagnosis = examine(value(prints))
    (finding,) = diagnosis.about("prints")
    assert (finding.level, diagnosis.exit_code) == ("warning", 0)
    assert "'called'" in finding.finding
    assert capsys.readouterr().out == ""
    assert diagnosis.about("known loss")  # the rest is examined


def test_the_generators_are_left_as_they_were():
    torch.manual_seed(7)
    np.random.seed(7)
    random.seed(7)
    examine(value(seeded_noise))
    drawn = torch.rand(1).item(), np.random.rand(), random.random()
    torch.manual_seed(7)
    np.random.seed(7)
    random.seed(7)
    assert drawn == (torch.rand(1).item(), np.random.rand(), random.random())


def forgets(out, target):
    return F.cross_entropy(out, target, ignore_index=0, reduction="none")


def mixes_up(out, target):
    return F.cross_entropy(out, target.clamp(min=1), reduction="none")


def test_a_class_that_teaches_nothing_is_an_error_before_training_too():
    (error,) = [found for found in examine(classes(forgets)).findings if found.level == "error"]
    assert (error.check, error.numbers["forgotten"]) == ("target ignored", ["0"])
    pair = resolve_pair(classes(forgets), "auto", Task.MULTICLASS, 3)
    assert pair.verdict.level == "unknown"
    assert "forgets class 0" in pair.verdict.why
    assert any("forgets class 0" in warning for warning in pair.warnings())


def test_two_classes_that_are_not_told_apart_are_an_error():
    (error,) = [found for found in examine(classes(mixes_up)).findings if found.level == "error"]
    assert error.numbers["not_told_apart"] == ["0 and 1"]


class Weighted(nn.Module):
    def __init__(self):
        super().__init__()
        self.ce = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 3.0, 1.0]), reduction="none")

    def forward(self, out, target):
        return self.ce(out, target)


WEIGHT = torch.tensor([1.0, 1.0, 1.0])


def even(out, target):
    return F.cross_entropy(out, target, WEIGHT.to(torch.float32), reduction="none")


def test_constants_of_float32_are_examined_in_float64():
    diagnosis = examine(classes(Weighted()))
    assert diagnosis.exit_code == 0
    assert diagnosis.number("gradient_correct", "multiclass") is True
    assert diagnosis.number("gradient_error", "multiclass") < 1e-7  # which float32 does not come near
    assert diagnosis.number("consistent", "multiclass") is False  # weights move the decision
    equals = examine(classes(even)).number("equals", "multiclass")
    assert equals["cross_entropy + identity"] == pytest.approx(1, abs=1e-9)


def test_a_loss_that_is_of_float32_by_nature_keeps_its_error():
    def raises(out, target):
        raise TypeError("no such thing")

    (finding,) = [found for found in examine(value(raises)).findings if found.level == "error"]
    assert "no such thing" in finding.finding
