"""Evidence is what was measured, and says over which nets."""

import numpy as np
import pytest
import torch

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.vocabulary import Task
from lossbench.experiments.scoring.diagnostics import diagnose
from lossbench.experiments.setup.pair import resolve_pair
from lossbench.record import LossResult
from lossbench.report.symptoms import symptoms

PAIR = resolve_pair(LOSSES.get("nll"), "relu", Task.BINARY, 2)
ALIVE = torch.tensor([[0.0, 2.0], [1.0, 0.0], [3.0, 1.0]])
HALF_DEAD = torch.tensor([[0.0, 2.0], [0.0, 1.0], [0.0, 4.0]])


def said(train_loss, outputs):
    labels = [out.argmax(-1) for out in outputs]
    found = diagnose(PAIR, [np.array(curve) for curve in train_loss], outputs, labels)
    run = LossResult(
        name="x",
        data="x",
        loss=PAIR.loss_record(),
        last_act="relu",
        verdict=PAIR.verdict_record(),
        status="ok",
        diagnostics=found,
    )
    return symptoms(run)


@pytest.mark.parametrize(
    ("curves", "sentence"),
    [
        ([[0.5, -1, -2]], "from epoch 2 on (the net) and ended at −2.000"),
        ([[0.5, -1, -2], [-1, -2, -4]], "from epoch 1 (the first net) to 2 (the last) on (all 2 nets)"),
        ([[0.5, -1, -2], [0.5, 0.4, 0.3]], "from epoch 2 on (1 of 2 nets) and ended at −0.850 on average"),
        ([[0.5, -1, 2], [0.5, -1, -3]], "in epoch 2 (all 2 nets; 1 of these stayed below)"),
        ([[0.5, -1, 2]], "in epoch 2 (the net; none of these stayed below)"),
    ],
)
def test_when_a_loss_fell_below_its_floor_and_whether_it_stayed(curves, sentence):
    first = said(curves, [ALIVE] * len(curves))[0]
    assert first.startswith("its loss fell below its floor of 0 ")
    assert sentence in first


def test_dead_outputs_are_those_with_one_value_for_every_row():
    assert "50% of its outputs are dead: one value for every row of the test part" in said([[-1.0]], [HALF_DEAD])
    assert "25% of its outputs are dead" in " ".join(said([[-1.0]] * 2, [HALF_DEAD, ALIVE]))


def test_of_a_broken_pair_it_is_said_that_no_output_is_dead():
    assert said([[-1.0]], [ALIVE])[-1].startswith("0% of its outputs are dead")


def test_a_net_with_outputs_that_are_no_numbers_decides_nothing():
    lost = torch.full((3, 2), torch.nan)
    sentences = said([[-1.0], [np.nan], [-1.0]], [ALIVE, lost, HALF_DEAD])
    assert any("25% of its outputs are dead" in s and "of the 2 of 3 nets with finite outputs" in s for s in sentences)
    (decides,) = [s for s in sentences if "same class" in s]
    assert decides == "1 of 2 nets with finite outputs predict the same class for every row"
