"""Who takes part: every objective once by default, else exactly what was named, and one clear line for the rest."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.loss_groups import loss_groups
from lossbench.catalog.vocabulary import Task
from lossbench.errors import UserError
from lossbench.experiments.compare.baseline import find_baseline
from lossbench.experiments.compare.candidates import Selection, select_candidates
from lossbench.experiments.compare.tuning.trials import tunes_params
from lossbench.experiments.setup.resolve import check_names
from tests.experiments.compare.comparisons import blobs, config

BLOBS = blobs()


def selection(losses: Any = None, **table: Any) -> Selection:
    return select_candidates(config(losses=losses).losses, replace(BLOBS, **table))


def names(found: Selection) -> list[str]:
    return [candidate.name for candidate in found.candidates]


def test_the_default_is_every_sound_loss_and_each_objective_once() -> None:
    found = selection()
    assert names(found)[0] == "cross_entropy"
    assert all(candidate.pair.verdict.level.is_sound for candidate in found.candidates)
    assert all(candidate.group == candidate.name for candidate in found.candidates)
    missing = {left.name: left.why for left in found.excluded}
    assert (
        missing["nll + logsoftmax"]
        == missing["kl_div + logsoftmax"]
        == "the same gradients as cross_entropy + identity on 1,063 probes up to |z| = 1e4"
    )
    stands = {c.name: c.represents for c in found.candidates}
    assert stands["cross_entropy"] == ("nll + logsoftmax", "kl_div + logsoftmax")
    assert stands["bce_with_logits"] == ("soft_margin + identity",)
    assert stands["bce"] == ()  # its sigmoid saturates, and with it the gradient of sure and wrong samples
    served = sum(Task.BINARY in loss.tasks for loss in LOSSES if loss.common)
    assert len(found.candidates) + len(found.excluded) == served


def test_losses_that_seek_something_else_than_the_likeliest_class_must_be_named() -> None:
    found = selection()
    missing = {left.name: left.why for left in found.excluded}
    assert missing["dice + softmax"].startswith(
        "it does not estimate the most probable class but the decisions of the best mean F1"
    )
    assert "logit_adjusted + identity" in missing
    assert names(selection("dice,logit_adjusted")) == ["dice", "logit_adjusted"]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_every_task_has_a_default_lineup(task: str) -> None:
    table = (
        blobs(task="regression") if task == "regression" else replace(BLOBS, task="multiclass", classes=("a", "b", "c"))
    )
    found = select_candidates(None, table)
    assert len(found.candidates) >= 8
    assert names(found)[0] == ("mse" if task == "regression" else "cross_entropy")


def test_a_loss_that_is_not_defined_on_the_values_is_left_out_with_the_reason() -> None:
    found = select_candidates(None, blobs(task="regression"))  # its values have both signs
    assert "needs a target > 0" in {left.name: left.why for left in found.excluded}["gamma_nll"]


def test_losses_that_are_one_objective_are_one_group() -> None:
    found = selection("ce,nll,kl_div,focal(gamma=0),focal,poly1(epsilon=0),hinge")
    groups = {c.name: c.group for c in found.candidates}
    assert {groups[n] for n in ("cross_entropy", "nll", "kl_div", "focal(gamma=0)", "poly1(epsilon=0)")} == {
        "cross_entropy"
    }
    assert groups["focal"] == "focal"
    assert groups["hinge"] == "hinge"


def test_a_weighted_loss_is_another_objective_than_the_unweighted() -> None:
    found = selection([{"loss": "ce"}, {"loss": {"name": "ce", "class_weight": "balanced"}}])
    assert names(found) == ["cross_entropy", "cross_entropy(class_weight=balanced)"]
    assert found.candidates[1].group == found.candidates[1].name
    assert found.candidates[1].loss_record().params["class_weight"] == "balanced"


def test_named_pairs_take_part_broken_or_not_and_are_told_apart() -> None:
    found = selection("nll,nll+relu,ce")
    assert names(found) == ["nll + logsoftmax", "nll + relu", "cross_entropy"]
    assert found.candidates[1].pair.verdict.level == "broken"


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        ("ce,hings", r"losses\.1\.loss: unknown loss 'hings'; did you mean 'hinge'\?"),
        ("ce,cross_entropy", r"losses\.1: cross_entropy \+ identity comes twice; leave one of them out"),
        ("nll+relu,kl_div+relu", r"losses: every pair is broken: nll \+ relu: .*; add a sound one"),
        ("poisson_nll", r"losses: no loss to compare on blobs: poisson_nll: it supports regression, and blobs is"),
        ("ce(label_smoothing=2)", r"losses\.0\.loss\.params\.label_smoothing: must be < 1, got 2"),
    ],
)  # fmt: skip
def test_a_wrong_lineup_is_one_clear_line(losses: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        selection(losses)
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
        ("nll+relu,ce+softmax,bce_with_logits,ce", "auto", "cross_entropy + identity"),
        ("bce+relu,bce,hinge", "auto", "bce + sigmoid"),
        ("ce+softmax,hinge", "auto", "hinge"),
        ("nll+relu,ce+softmax", "auto", "cross_entropy"),  # degraded, not broken
        ("hinge,ce", "best", "best"),
    ],
)
def test_the_baseline_is_found_by_any_of_its_names(losses: str, wanted: str, name: str) -> None:
    assert find_baseline(wanted, selection(losses), Task.BINARY) == name


def test_a_baseline_that_does_not_take_part_is_refused() -> None:
    with pytest.raises(
        UserError, match="baseline: the baseline 'focal' is not among the losses; add it, or choose one of"
    ):
        find_baseline("focal", selection("ce,hinge"), Task.BINARY)


def test_a_multiple_of_an_objective_is_in_its_group_unless_something_else_weighs_too() -> None:
    line = blobs(task="regression")
    named = config(losses="l1,pinball,mse,expectile,pinball(quantile=0.9)").losses
    found = {c.name: (c.group, c.factor) for c in select_candidates(named, line).candidates}
    assert found == {
        "l1": ("l1", 1),
        "pinball": ("l1", pytest.approx(0.5)),
        "mse": ("mse", 1),
        "expectile": ("mse", pytest.approx(0.5)),
        "pinball(quantile=0.9)": ("pinball(quantile=0.9)", 1),
    }
    apart = select_candidates(named, line, up_to_scale=False).candidates
    assert all(c.group == c.name for c in apart)
    default = {c.name for c in select_candidates(None, line, up_to_scale=False).candidates}
    assert {"mse", "expectile"} <= default
    assert "expectile" not in {c.name for c in select_candidates(None, line).candidates}


def my_loss(folder: Path, body: str, name: str = "my_loss") -> str:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "mine.py"
    file.write_text(
        "import torch.nn.functional as F\n"
        "import lossbench as lb\n"
        "@lb.loss(targets={lb.Task.BINARY: lb.Encoding.SIGN}, sound=(lb.Space.REAL,),"
        " decode=lb.Decoder.MARGIN,"
        " reference='here')\n"
        f"def {name}(z_B1, s_B1):\n"
        f"    '{body}'\n"
        f"    return ({body}).mean(-1)\n"
    )
    return str(file)


def test_losses_of_one_name_from_two_files_are_told_apart(tmp_path: Path) -> None:
    one = my_loss(tmp_path / "a", "F.softplus(1 - s_B1 * z_B1)")
    two = my_loss(tmp_path / "b", "(1 - s_B1 * z_B1).square()")
    found = selection(f"ce,{one}:my_loss,{two}:my_loss")
    assert names(found) == ["cross_entropy", "a/mine.py:my_loss", "b/mine.py:my_loss"]
    assert [c.loss_record().label for c in found.candidates] == names(found)
    assert len({c.group for c in found.candidates}) == 3
    for wanted in (f"{two}:my_loss", two, "b/mine.py:my_loss"):
        assert find_baseline(wanted, found, Task.BINARY) == "b/mine.py:my_loss"
    third = Path(one).with_name("other.py")
    third.write_text(Path(two).read_text())
    assert names(selection(f"{one}:my_loss,{third}:my_loss")) == ["mine.py:my_loss", "other.py:my_loss"]


def test_a_loss_of_ones_own_that_comes_twice_is_refused(tmp_path: Path) -> None:
    one = my_loss(tmp_path / "a", "F.softplus(1 - s_B1 * z_B1)")
    for other in (one, f"{tmp_path}/a/../a/mine.py"):
        with pytest.raises(UserError, match=r"losses\.1: my_loss \+ identity comes twice; leave one of them out"):
            selection(f"{one}:my_loss,{other}:my_loss")


def test_a_baseline_of_ones_own_is_not_the_built_in_loss_of_its_name(tmp_path: Path) -> None:
    file = my_loss(tmp_path, "(2 - s_B1 * z_B1).square()", name="mse")
    found = selection(f"mse,{file}:mse")
    assert names(found) == ["mse", "mine.py:mse"]
    assert find_baseline(f"{file}:mse", found, Task.BINARY) == "mine.py:mse"
    assert find_baseline("mine.py:mse", found, Task.BINARY) == "mine.py:mse"
    assert find_baseline("mse", found, Task.BINARY) == "mse"


# --- groups ---------------------------------------------------------------------------------------------


def test_common_is_what_is_compared_without_names() -> None:
    assert names(selection("common")) == names(selection())
    assert selection("common").excluded == selection().excluded


def test_all_takes_every_sound_loss_of_the_task() -> None:
    found = selection("all")
    served = [loss for loss in LOSSES if Task.BINARY in loss.tasks]
    assert len(found.candidates) + len(found.excluded) == len(served)
    assert set(names(selection())) < set(names(found))
    assert {"arcface", "mmce", "inverse_focal"} <= set(names(found))


def test_a_family_may_stand_beside_losses_and_other_groups() -> None:
    found = selection("angular,ce,robust,angular")
    angular = [loss.name for loss in LOSSES if loss.family == "angular" and loss.name != "large_margin_softmax"]
    assert set(angular) | {"cross_entropy", "focal"} <= set(names(found))
    assert len(set(names(found))) == len(names(found))


def test_what_a_group_holds_is_not_named_again() -> None:
    with pytest.raises(UserError, match=r"losses: focal \+ identity is compared anyway; leave it out"):
        selection("robust,focal")
    assert "focal(gamma=3)" in names(selection("robust,focal(gamma=3)"))


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        (
            "robust+relu",
            r"losses.0: robust is a group of losses: it has no parameters, class weights or last activation",
        ),
        ([{"loss": {"name": "all", "params": {"gamma": 1}}}], "all is a group of losses"),
        ("ce,robst", r"losses.1: unknown loss 'robst'; did you mean 'robust'\?"),
        ("ce,hings", r"unknown loss 'hings'; did you mean 'hinge'\?"),
    ],
)
def test_a_group_is_a_word_and_nothing_else(losses: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        selection(losses)
    with pytest.raises(UserError, match=message):
        check_names(config(losses=losses))


def test_a_group_without_a_loss_for_the_task_says_so() -> None:
    with pytest.raises(UserError, match=r"no loss to compare on blobs: robust has none for regression"):
        select_candidates(config(losses="robust").losses, blobs(task="regression"))


def test_no_group_has_the_name_of_a_loss() -> None:
    assert not [name for name in loss_groups() if name in LOSSES]


def test_losses_of_a_group_choose_no_parameters_unless_told() -> None:
    assert not tunes_params(config(losses="robust,ce", lrs=[1e-3, 1e-2]))
    assert tunes_params(config(losses="focal,ce", lrs=[1e-3, 1e-2]))
