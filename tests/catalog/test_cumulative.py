"""Outputs of classes in an order say what other implementations read of them, and the way back."""

from __future__ import annotations

from itertools import pairwise

import mpmath
import numpy as np
import pytest
import torch

from lossbench.catalog.cumulative import log_p_by_ordered_thresholds
from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.targets import encode
from lossbench.catalog.verdicts import best_activation
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.errors import UserError
from lossbench.experiments.compare.results.cross_loss_matrix import outputs_that_say
from lossbench.experiments.setup.pair import resolve_pair

OUTPUTS = torch.tensor([[0.5, -1.0, 2.0, 0.25], [1.5, 0.5, -0.5, -2.0], [-1.0, 0.0, 1.0, -0.5]], dtype=torch.float64)
CLASSES = torch.tensor([0, 3, 2])
OF_ORDER = ["ordinal_bce", "coral", "cumulative_link", "corn"]
EXACT = {"rtol": 1e-12, "atol": 1e-12}  # a dozen operations in float64


def test_losses_have_the_values_of_dlordinal():
    """dlordinal 2.7.0: EMDLoss of each row, and CORNLoss of three outputs, which is a mean over 7 questions."""
    emd = LOSSES.get("emd")(OUTPUTS.softmax(-1), CLASSES)
    torch.testing.assert_close(
        emd, torch.tensor([1.3880371260533515, 2.182041294677396, 0.10781846147647833], dtype=torch.float64), **EXACT
    )
    target = encode(CLASSES, Encoding.CUMULATIVE, 4).double()
    corn = LOSSES.get("corn")(OUTPUTS[:, :3], target)
    assert corn.sum().item() / 7 == pytest.approx(0.8490449694456377, rel=1e-12)


def test_ordered_thresholds_are_those_of_a_cumulative_link_layer():
    """dlordinal 2.7.0's CLM (logit) at thresholds 0.5, 0.5 + 1.2^2, 0.5 + 1.2^2 + 0.8^2 and scores 0.3 and -1."""
    gaps = torch.tensor([1.2**2, 0.8**2], dtype=torch.float64).expm1().log()  # softplus of these is the gap
    z = torch.stack([torch.cat([torch.tensor([score - 0.5], dtype=torch.float64), gaps]) for score in (0.3, -1.0)])
    expected = torch.tensor(
        [
            [0.549833997312478, 0.2877009401068259, 0.06967210946353919, 0.09279295311715696],
            [0.8175744761936437, 0.13221425061608993, 0.02309155598850332, 0.027119717201763094],
        ],
        dtype=torch.float64,
    )
    torch.testing.assert_close(log_p_by_ordered_thresholds(z).exp(), expected, **EXACT)


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e3])
def test_log_probabilities_are_exact_where_their_differences_would_round_to_zero(scale: float):
    """The definition, in 5,000 digits."""
    z = scale * OUTPUTS
    found = log_p_by_ordered_thresholds(z)
    with mpmath.workdps(5000):
        for row, own in zip(z.tolist(), found.tolist(), strict=True):
            above = [mpmath.mpf(1)]
            logit = mpmath.mpf(row[0])
            for gap in [*row[1:], None]:
                above.append(1 / (1 + mpmath.exp(-logit)))
                logit -= 0 if gap is None else mpmath.log1p(mpmath.exp(gap))
            above.append(mpmath.mpf(0))
            exact = [float(mpmath.log(a - b)) for a, b in pairwise(above)]
            np.testing.assert_allclose(own, exact, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", OF_ORDER)
def test_every_decoder_gives_probabilities_and_has_a_way_back(name: str):
    loss = LOSSES.get(name)
    pair = resolve_pair(loss, "auto", Task.ORDINAL, 5)
    p = torch.tensor([[[0.1, 0.2, 0.4, 0.2, 0.1], [0.02, 0.08, 0.2, 0.3, 0.4]]], dtype=torch.float64)
    out = outputs_that_say(p, pair)
    assert out is not None
    assert out.shape[-1] == pair.outputs == 4
    torch.testing.assert_close(pair.decode(out).probability_PNC, p, **EXACT)


def test_logits_that_contradict_each_other_are_sorted_and_the_median_stays():
    z = torch.tensor([[[-0.3, 0.8, -2.0]]], dtype=torch.float64)
    read = Decoder.CUMULATIVE(z)
    ordered = Decoder.CUMULATIVE(z[..., [1, 0, 2]])
    torch.testing.assert_close(read.probability_PNC, ordered.probability_PNC)
    assert bool((read.probability_PNC >= 0).all())
    assert read.median_PN.item() == 1  # as many logits are above 0, which is how the authors predict


@pytest.mark.parametrize(("classes", "target"), [(4, [[0, 0, 0], [1, 0, 0], [1, 1, 1]]), (5, [[0] * 4, [1, 0, 0, 0]])])
def test_a_target_says_which_classes_it_is_above(classes: int, target: list[list[int]]):
    y = torch.tensor([0, 1, 3][: len(target)])
    assert encode(y, Encoding.CUMULATIVE, classes).tolist() == target
    one_hot = torch.nn.functional.one_hot(y, classes).double()
    assert encode(one_hot, Encoding.CUMULATIVE, classes).tolist() == target
    with pytest.raises(UserError, match=f"class {classes} of the loss, which takes {classes} classes"):
        encode(torch.tensor([classes]), Encoding.CUMULATIVE, classes)


def test_a_loss_of_several_classes_serves_an_ordinal_task_as_it_serves_theirs():
    for loss in LOSSES:
        if Task.MULTICLASS not in loss.tasks:
            assert loss.tasks in ({Task.ORDINAL}, {Task.BINARY}, {Task.REGRESSION})
            continue
        assert loss.targets[Task.ORDINAL] is loss.targets[Task.MULTICLASS]
        assert loss.sound[Task.ORDINAL] == loss.sound[Task.MULTICLASS]
        assert loss.is_consistent(Task.ORDINAL) == loss.is_consistent(Task.MULTICLASS)
        activation = best_activation(loss, Task.ORDINAL)
        assert loss.decoder_on(activation.space, Task.ORDINAL) is loss.decoder_on(activation.space, Task.MULTICLASS)


def test_a_loss_of_an_order_is_refused_on_classes_without_one():
    with pytest.raises(
        UserError, match=r"corn supports ordinal, .* multiclass task; .*, or say the order .*\(--order\)"
    ):
        resolve_pair(LOSSES.get("corn"), "auto", Task.MULTICLASS, 3)
