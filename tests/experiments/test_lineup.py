"""Who takes part: every objective once by default, else exactly what was named, and one clear line for the rest."""

from dataclasses import replace
from typing import Any

import pytest

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.vocabulary import Task
from lossbench.errors import UserError
from lossbench.experiments.lineup import Lineup, find_baseline, resolve_lineup
from tests.experiments.compare_story import blobs, config

BLOBS = blobs()


def lineup(losses: Any = None, **table: Any) -> Lineup:
    return resolve_lineup(config(losses=losses).losses, replace(BLOBS, **table))


def names(found: Lineup) -> list[str]:
    return [contender.name for contender in found.contenders]


def test_the_default_is_every_sound_loss_and_each_objective_once() -> None:
    found = lineup()
    assert names(found)[0] == "cross_entropy"
    assert all(contender.pair.verdict.level.is_sound for contender in found.contenders)
    assert all(contender.group == contender.name for contender in found.contenders)
    missing = {left.name: left.why for left in found.left_out}
    assert (
        missing["nll + logsoftmax"]
        == missing["kl_div + logsoftmax"]
        == "the same objective as cross_entropy + identity"
    )
    stands = {c.name: c.stands_for for c in found.contenders}
    assert stands["cross_entropy"] == ("nll + logsoftmax", "kl_div + logsoftmax")
    assert stands["bce_with_logits"] == ("bce + sigmoid", "soft_margin + identity")
    served = sum(Task.BINARY in loss.tasks for loss in LOSSES)
    assert len(found.contenders) + len(found.left_out) == served


def test_losses_that_seek_something_else_than_the_likeliest_class_must_be_named() -> None:
    found = lineup()
    missing = {left.name: left.why for left in found.left_out}
    assert missing["dice + softmax"].startswith(
        "it does not seek the likeliest class but the decisions of the best mean F1"
    )
    assert "logit_adjusted + identity" in missing
    assert names(lineup("dice,logit_adjusted")) == ["dice", "logit_adjusted"]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_every_task_has_a_default_lineup(task: str) -> None:
    table = (
        blobs(task="regression") if task == "regression" else replace(BLOBS, task="multiclass", classes=("a", "b", "c"))
    )
    found = resolve_lineup(None, table)
    assert len(found.contenders) >= 8
    assert names(found)[0] == ("mse" if task == "regression" else "cross_entropy")


def test_a_loss_that_is_not_defined_on_the_values_is_left_out_with_the_reason() -> None:
    found = resolve_lineup(None, blobs(task="regression"))  # its values have both signs
    assert "needs a target > 0" in {left.name: left.why for left in found.left_out}["gamma_nll"]


def test_losses_that_are_one_objective_are_one_group() -> None:
    found = lineup("ce,nll,kl_div,focal(gamma=0),focal,poly1(epsilon=0),hinge")
    groups = {c.name: c.group for c in found.contenders}
    assert {groups[n] for n in ("cross_entropy", "nll", "kl_div", "focal(gamma=0)", "poly1(epsilon=0)")} == {
        "cross_entropy"
    }
    assert groups["focal"] == "focal"
    assert groups["hinge"] == "hinge"


def test_a_weighted_loss_is_another_objective_than_the_unweighted() -> None:
    found = lineup([{"loss": "ce"}, {"loss": {"name": "ce", "class_weight": "balanced"}}])
    assert names(found) == ["cross_entropy", "cross_entropy(class_weight=balanced)"]
    assert found.contenders[1].group == found.contenders[1].name
    assert found.contenders[1].loss_record().params["class_weight"] == "balanced"


def test_named_pairs_take_part_broken_or_not_and_are_told_apart() -> None:
    found = lineup("nll,nll+relu,ce")
    assert names(found) == ["nll + logsoftmax", "nll + relu", "cross_entropy"]
    assert found.contenders[1].pair.verdict.level == "broken"


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        ("ce,hings", r"losses\.1\.loss: unknown loss 'hings'; did you mean 'hinge'\?"),
        ("ce,cross_entropy", r"losses\.1: cross_entropy \+ identity comes twice; leave one of them out"),
        ("nll+relu,kl_div+relu", r"losses: every pair is broken: nll \+ relu: .*; add a sound one"),
        ("poisson_nll", r"losses: no loss to compare on blobs: poisson_nll: it serves regression, and blobs is"),
        ("ce(label_smoothing=2)", r"losses\.0\.loss\.params\.label_smoothing: must be < 1, got 2"),
    ],
)  # fmt: skip
def test_a_wrong_lineup_is_one_clear_line(losses: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        lineup(losses)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("losses", "wanted", "name"),
    [
        ("hinge,ce", "auto", "cross_entropy"),
        ("hinge,mse", "auto", "hinge"),
        ("hinge,ce", "ce", "cross_entropy"),
        ("hinge,focal(gamma=3)", "focal(gamma=3)", "focal(gamma=3)"),
        ("nll+relu,nll,ce", "nll + logsoftmax", "nll + logsoftmax"),
        ("nll+relu,nll,ce", "nll+relu", "nll + relu"),
        ("nll+relu,nll,ce", "nll", "nll + logsoftmax"),
    ],
)
def test_the_baseline_is_found_by_any_of_its_names(losses: str, wanted: str, name: str) -> None:
    assert find_baseline(wanted, lineup(losses), Task.BINARY) == name


def test_a_baseline_that_does_not_take_part_is_refused() -> None:
    with pytest.raises(
        UserError, match="baseline: the baseline 'focal' is not among the losses; add it, or choose one of"
    ):
        find_baseline("focal", lineup("ce,hinge"), Task.BINARY)
