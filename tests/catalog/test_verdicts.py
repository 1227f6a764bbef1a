"""The verdict of a pair: what is known before a second is spent training."""

from __future__ import annotations

import pytest

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import LOSSES, declare
from lossbench.catalog.verdicts import Level, assess, best_activation, check_width, describe
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.errors import UserError
from tests.catalog.cases import PREFERRED, Case

B = Task.BINARY


JUDGED = """
nll relu binary broken
nll softmax binary degraded
nll logsoftmax binary equivalent
nll identity multiclass broken
kl_div relu binary broken
kl_div logsoftmax multiclass equivalent
cross_entropy softmax multiclass degraded
cross_entropy relu binary degraded
cross_entropy identity binary ok
l1 sigmoid binary ok
mse sigmoid binary ok
mse softmax multiclass ok
mse identity regression ok
mse relu regression degraded
cosine_embedding identity binary ok
cosine_embedding relu binary broken
bce identity binary broken
bce relu binary broken
bce sigmoid binary ok
bce hardsigmoid binary degraded
bce_with_logits sigmoid binary broken
soft_margin identity binary equivalent
hinge relu binary broken
hinge tanh binary ok
hinge hardtanh binary degraded
hinge softmax binary broken
multi_margin softmax multiclass degraded
hinge_embedding identity binary broken
hinge_embedding softplus multiclass ok
poisson_nll relu regression degraded
poisson_nll identity regression ok
gaussian_nll identity regression broken
gaussian_nll mean_variance regression ok
mse mean_variance multiclass broken
msle relu regression degraded
mse softmax binary broken
"""
AUTO = """
cross_entropy multiclass identity
nll binary logsoftmax
kl_div multiclass logsoftmax
bce binary sigmoid
bce_with_logits binary identity
mse binary sigmoid
mse multiclass softmax
mse regression identity
l1 binary sigmoid
l1 multiclass softmax
l1 regression identity
poisson_nll regression identity
gaussian_nll regression mean_variance
msle regression softplus
mape regression softplus
hinge_embedding binary softplus
brier binary softmax
square multiclass identity
ldam multiclass normalize
dice binary softmax
dice multiclass softmax
evidential multiclass softplus
evidential_regression regression normal_inverse_gamma
cosine_embedding binary identity
huber binary identity
"""


def lines(table: str) -> list[list[str]]:
    return [line.split() for line in table.split("\n") if line]


@pytest.mark.parametrize(("loss", "activation", "task", "level"), lines(JUDGED))
def test_a_pair_is_judged_as_it_was_measured(loss: str, activation: str, task: str, level: str):
    verdict = assess(LOSSES.get(loss), ACTIVATIONS.get(activation), Task(task))
    assert verdict.level == level
    assert bool(verdict.fix) == (not verdict.level.is_sound)


@pytest.mark.parametrize(("loss", "task", "activation"), lines(AUTO))
def test_auto_is_the_activation_that_the_loss_is_made_for(loss: str, task: str, activation: str):
    assert best_activation(LOSSES.get(loss), Task(task)).name == activation


@pytest.mark.parametrize("case", PREFERRED, ids=repr)
def test_every_activation_has_a_verdict_in_one_sentence(case: Case):
    assert assess(case.loss, case.activation, case.task).level.is_sound
    check_width(case.loss, case.activation, case.task, case.classes)
    for activation in ACTIVATIONS:
        verdict = assess(case.loss, activation, case.task)
        assert verdict.why
        assert verdict.why[-1] != "."
        assert "\n" not in verdict.why
        if not verdict.level.is_sound:
            assert verdict.fix == f"use {case.activation.name} as last activation (or auto)"


def test_softmax_on_one_output_is_refused_with_the_fix():
    with pytest.raises(UserError) as caught:
        check_width(LOSSES.get("l1"), ACTIVATIONS.get("softmax"), B, 2)
    expected = (
        "last_act: softmax needs 2 outputs, and l1 has 1 on a binary task; use sigmoid as last activation (or auto)"
    )
    assert str(caught.value) == expected


def test_nll_on_softmax_is_not_claimed_to_fail():
    verdict = assess(LOSSES.get("nll"), ACTIVATIONS.get("softmax"), B)
    assert "trains as l1" in verdict.why
    assert "fail" not in verdict.why


def test_a_set_of_sound_spaces_goes_by_the_order_of_the_spaces():
    def mine(out, target):
        """out"""
        return out[..., 0]

    loss = declare(
        mine,
        targets={B: Encoding.SIGN},
        sound={Space.SIGNED_UNIT, Space.REAL},
        decode=Decoder.MARGIN,
        reference="mine",
    )
    assert best_activation(loss, B).name == "identity"
    assert assess(loss, ACTIVATIONS.get("sigmoid"), B).level is Level.DEGRADED
    assert assess(loss, ACTIVATIONS.get("mean_variance"), B).level is Level.BROKEN


def test_every_space_has_words_and_an_activation():
    assert {a.space for a in ACTIVATIONS} == set(Space)
    assert all(describe(space) for space in Space)


def test_inclusion_of_spaces_is_an_order():
    for a in Space:
        for b in Space:
            assert (a <= b <= a) == (a is b)
            for c in Space:
                assert not (a <= b <= c) or a <= c
