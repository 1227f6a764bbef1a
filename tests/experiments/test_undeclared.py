"""A loss that declares nothing is called unknown, with what two seconds of measuring found."""

from __future__ import annotations

import itertools

import pytest
import torch.nn.functional as F

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import declare
from lossbench.catalog.plugins.resolve import find_loss
from lossbench.catalog.verdicts import Level
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.experiments.doctor import examine
from lossbench.experiments.probing import undeclared
from lossbench.experiments.setup.pair import Pair, resolve_pair


def pair_of(fn, encoding="sign", decode="margin", last_act="auto") -> Pair:
    loss = find_loss(fn, task="binary", target_encoding=encoding, decode=decode)
    return resolve_pair(loss, last_act, Task.BINARY, 2)


def logistic(out, target):
    return F.softplus(-out * target).squeeze(-1)


def naive_entropy(out, target):
    return -(target * out.log() + (1 - target) * (1 - out).log()).squeeze(-1)


@pytest.mark.parametrize("last_act", ["auto", "identity", "tanh"])
def test_what_is_not_declared_is_unknown_and_measured(last_act: str) -> None:
    verdict = pair_of(logistic, last_act=last_act).verdict
    assert verdict.level is Level.UNKNOWN
    assert verdict.why.startswith("not declared; measured: ")
    assert "no error in" in verdict.why
    assert verdict.fix == ""
    assert pair_of(logistic, last_act=last_act).warnings() == []


def test_an_error_that_was_measured_is_a_warning_before_training() -> None:
    pair = pair_of(naive_entropy, "probability", "sigmoid")
    (finding,) = [f for f in examine(pair.loss).findings if f.level == "error"]
    # a normal output is outside [0, 1], where there is no logarithm, with probability 0.5 + 0.16 (scale 1) or more
    assert finding.numbers["undefined_share"] > 0.6
    assert pair.verdict.level is Level.UNKNOWN
    assert f"measured: defined: {finding.finding}" in pair.verdict.why
    assert pair.warnings() == [f"{pair.name}: defined: {finding.finding}"]


def test_the_examination_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def slow(out, target):
        calls.append(out.shape)
        return F.softplus(-out * target).squeeze(-1)

    pair = pair_of(slow)
    calls.clear()
    clock = itertools.count(0.0, 0.5)
    monkeypatch.setattr(undeclared.time, "monotonic", lambda: next(clock))
    assert "stopped after 2 s" in pair.verdict.why
    # the end is read at 0 s; at 0.5, 1, 1.5 and 2 s the loss is still called; each call is one of the function's,
    # but for the members of a loss whose rows are given member by member
    assert 0 < len(calls) <= 4 * 3


def test_a_declared_loss_is_not_examined() -> None:
    calls = []

    def mine(out, target):
        calls.append(out.shape)
        return F.softplus(-out * target).squeeze(-1)

    declared = declare(
        mine,
        targets={Task.BINARY: Encoding.SIGN},
        sound=(Space.REAL,),
        decode=Decoder.MARGIN,
        reference="here",
    )
    pair = resolve_pair(declared, "auto", Task.BINARY, 2)
    assert pair.verdict.level is Level.OK
    assert calls == []


def test_outputs_that_what_was_said_rules_out_are_broken_still() -> None:
    assert pair_of(naive_entropy, "probability", "probability", last_act="tanh").verdict.level is Level.BROKEN
