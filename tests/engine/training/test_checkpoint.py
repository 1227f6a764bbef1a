"""A training that is stopped or killed and goes on ends with the bits of one that never was."""

import itertools
import json
import math
import time
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from lossbench.components.optimizers import OPTIMIZERS
from lossbench.components.schedules import SCHEDULES
from lossbench.engine.problem import Member, Net
from lossbench.engine.training import batches, checkpoint
from lossbench.engine.training.checkpoint import Checkpoint
from lossbench.events import EpochEnded, MemberStopped
from tests.engine.problems import BRIER, LOGISTIC, fold, problem, same, same_member, smooth_score, trained

ALL = [(optimizer, schedule) for optimizer in OPTIMIZERS.names() for schedule in SCHEDULES.names()]


class Killed(BaseException):
    """The process is gone."""


class Files:
    """Checkpoints as bytes, as a folder would have them; the process dies at one of its writings."""

    def __init__(self, lives: float = math.inf) -> None:
        self.content: dict[int, tuple[tuple[int, ...], str, bytes]] = {}
        self.lives = lives

    def read(self) -> list[Checkpoint]:
        return [Checkpoint(members, json.loads(facts), load(bits)) for members, facts, bits in self.content.values()]

    def write(self, one: Checkpoint) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise Killed
        self.content[min(one.members)] = (one.members, json.dumps(one.facts), save(dict(one.tensors)))


@pytest.fixture(autouse=True)
def _checkpoint_at_every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", math.inf)


def after(calls):
    """A `stopped` that turns true once it was asked so often."""
    count = itertools.count()
    return lambda: next(count) >= calls


def assert_same(a, b):
    for k in range(len(a.members)):
        assert same_member(a, k, b, k), k
        assert same(a.members[k].monitored, b.members[k].monitored)


def crowd(optimizer, schedule, **training):
    """Members that end at different times: early, diverged, at an epoch of their own; of two objectives and sizes."""
    has = {"momentum": 0.9} if OPTIMIZERS.get(optimizer).has_momentum else {}
    members = [Member(seed=s, fold=s % 3, lr=3e-3 * (1 + s % 2), l1=1e-4 * (s % 2), l2=1e-3, **has) for s in range(8)]
    members[1] = replace(members[1], lr=1e38)
    members[4] = replace(members[4], epochs=2, weight_decay=1e-2)
    members[5] = replace(members[5], objective=1)
    members[6] = replace(members[6], seed=0)  # of one order of batches with another
    folds = [fold(101, validation=37), fold(102, validation=36), fold(101, validation=37, seed=5)]
    how = {
        "epochs": 5,
        "score": smooth_score,
        "objectives": (LOGISTIC, BRIER),
        "patience": 2,
        "keep": "best",
    } | training
    return problem(members, folds=folds, optimizer=optimizer, schedule=schedule, **how)


@pytest.mark.parametrize(("optimizer", "schedule"), ALL)
@pytest.mark.parametrize("training", [{}, {"patience": None, "keep": "last"}, {"batch_size": None}], ids=str)
def test_it_is_killed_at_each_of_its_checkpoints_and_ends_with_the_same_bits(optimizer, schedule, training):
    a = crowd(optimizer, schedule, **training)
    undisturbed, _ = trained(a)
    files, deaths = Files(), 0
    while True:
        files.lives = 1  # the next writing is the last but one
        try:
            ours, _ = trained(a, checkpoints=files)
            break
        except Killed:
            deaths += 1
    assert deaths > 3
    assert_same(ours, undisturbed)


@settings(max_examples=15, deadline=None)
@given(
    kind=st.sampled_from(ALL),
    stops=st.lists(st.integers(0, 60), max_size=4),
    hows=st.lists(st.tuples(st.sampled_from([None, 1, 2, 5]), st.sampled_from([1, 2])), min_size=5, max_size=5),
    batch_size=st.sampled_from([7, 32, None]),
    patience=st.sampled_from([None, 1, 2]),
    keep=st.sampled_from(["best", "last"]),
    large=st.booleans(),
)
def test_it_is_stopped_between_any_two_steps_with_any_chunks_and_threads(
    kind, stops, hows, batch_size, patience, keep, large
):
    a = crowd(*kind, batch_size=batch_size, patience=patience, keep=keep)
    with pytest.MonkeyPatch.context() as patch:
        if large:
            patch.setattr(batches, "EPOCH_BYTES", 0)  # rows are gathered batch by batch
        undisturbed, _ = trained(a)
        files = Files()
        for calls, (chunk, threads) in zip(stops, hows, strict=False):
            trained(a, checkpoints=files, stopped=after(calls), chunk=chunk, threads=threads)
        chunk, threads = hows[-1]
        ours, _ = trained(a, checkpoints=files, chunk=chunk, threads=threads)
    assert_same(ours, undisturbed)


def test_scores_of_several_columns_go_on_too():
    """Further columns stop a member, and are kept epoch by epoch."""

    def score(out, truth, folds, objectives):
        mean = smooth_score(out, truth, folds, objectives)
        return torch.stack([mean, (mean * 1e4).sin(), (mean * 1e3).cos(), mean * 2], 1)

    a = replace(crowd("adam", "cosine", score=score, epochs=9), stops_by=3)
    undisturbed, _ = trained(a)
    assert undisturbed.members[0].monitored.shape == (undisturbed.members[0].epochs, 3)
    files = Files()
    for calls in (9, 5, 30, 11):
        trained(a, checkpoints=files, stopped=after(calls), chunk=3)
    ours, _ = trained(a, checkpoints=files)
    assert_same(ours, undisturbed)


def test_what_was_reached_is_the_same_whether_it_was_reached_at_once():
    """A stop in the middle of an epoch: weights of that step, curves of the epochs that have ended."""
    a = crowd("adamw", "cosine", patience=None)
    at_once, _ = trained(a, stopped=after(41))
    files = Files()
    trained(a, checkpoints=files, stopped=after(17))
    kept = dict(files.content)
    none_more, _ = trained(a, checkpoints=files, stopped=lambda: True)
    assert kept == files.content
    assert {m.status for m in none_more.members} >= {"interrupted"}
    assert at_once.members[0].epochs > none_more.members[0].epochs


def test_displays_hear_of_each_members_best_and_last_epoch_and_its_end():
    a = crowd("adam", "constant")
    undisturbed, every = trained(a)
    files = Files()
    trained(a, checkpoints=files)
    ours, events = trained(a, checkpoints=files)
    assert_same(ours, undisturbed)
    said = {(e.epoch, m) for e in events if isinstance(e, EpochEnded) for m in e.members}
    assert said == {
        (epoch, m) for m, o in enumerate(ours.members) for epoch in (o.epochs, o.best_epoch or o.epochs) if epoch
    }
    stops = {(e.member, e.epoch, e.reason) for e in every if isinstance(e, MemberStopped)}
    assert stops == {(e.member, e.epoch, e.reason) for e in events if isinstance(e, MemberStopped)}
    assert {reason for _, _, reason in stops} == {"early_stopping", "diverged"}


def test_a_training_of_milliseconds_writes_nothing_and_a_long_one_every_few_seconds(monkeypatch):
    monkeypatch.undo()
    now = itertools.count()  # each look at the clock is a second later
    written: list[Mapping[str, object]] = []

    class Store(Files):
        def write(self, one: Checkpoint) -> None:
            written.append(one.facts)

    a = problem([Member(seed=0)], epochs=30, net=Net(4, (8,), 1))
    trained(a, checkpoints=Store())
    assert written == []
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    trained(a, checkpoints=Store())
    epochs = [one["epoch"] for one in written]
    assert epochs[0] == 5  # `EVERY` seconds after its first
    assert all(later - earlier > 30 for earlier, later in itertools.pairwise(epochs))  # two seconds are 2% of 100
