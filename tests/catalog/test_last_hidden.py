"""A loss asks for the last hidden layer by an argument's name, wherever losses are called, declared and explained."""

from dataclasses import replace

import pytest
import torch

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.decoders import Decoder
from lossbench.catalog.describe.explain import facts
from lossbench.catalog.equivalence import compare, probe_gradients
from lossbench.catalog.loss import LOSSES, declare
from lossbench.catalog.plugins.resolve import find_loss
from lossbench.catalog.several_targets import MeanOverTargets
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.errors import UserError
from lossbench.experiments.probing.profile import profile


def by_hidden(f, y, *, last_hidden, power: float = 1.0):
    """e^2 / |h|_1^power."""
    return (f - y).square().squeeze(-1) / last_hidden.abs().sum(-1) ** power


OF_VALUES = declare(
    by_hidden, targets={Task.REGRESSION: Encoding.FLOAT}, sound=(Space.REAL,), decode=Decoder.IDENTITY, reference="here"
)


def test_the_argument_is_neither_a_parameter_nor_a_statistic():
    assert (OF_VALUES.last_hidden, OF_VALUES.statistics, dict(OF_VALUES.params)) == (True, (), {"power": 1.0})
    balanced = LOSSES.get("influence_balanced")
    assert (balanced.last_hidden, balanced.statistics) == (True, ("class_counts",))
    assert [loss.name for loss in LOSSES if loss.last_hidden] == ["influence_balanced"]
    assert "uses the last hidden layer's outputs as constants: no gradient flows through them" in facts(balanced)


def test_several_targets_of_a_row_share_its_hidden_layer():
    generator = torch.Generator().manual_seed(0)
    out, target = torch.randn(2, 3, 5, 4, generator=generator, dtype=torch.float64)
    hidden = torch.randn(3, 5, 7, generator=generator, dtype=torch.float64)
    found = MeanOverTargets(OF_VALUES)(out, target, last_hidden=hidden)
    torch.testing.assert_close(found, (out - target).square().mean(-1) / hidden.abs().sum(-1), rtol=1e-14, atol=0)


def test_a_loss_that_weights_by_it_is_taken_for_no_multiple_of_one_that_does_not():
    identity = ACTIVATIONS.get("identity")
    own, mse = (probe_gradients(loss, identity, Task.REGRESSION, 0) for loss in (OF_VALUES, LOSSES.get("mse")))
    assert compare(own, mse) is None
    assert compare(own, probe_gradients(OF_VALUES.bind(power=0.0), identity, Task.REGRESSION, 0)) is None
    assert compare(mse, probe_gradients(OF_VALUES.bind(power=0.0), identity, Task.REGRESSION, 0)).is_one_objective


def test_a_profile_says_which_hidden_layer_it_is_of():
    found = profile(OF_VALUES, Task.REGRESSION)
    assert found.note == "last hidden layer (0.5, 1, 2)"
    x = torch.tensor(found.x, dtype=torch.float64)
    assert found.value == pytest.approx((x.square() / 3.5).tolist(), rel=1e-12, abs=1e-15)
    assert profile(LOSSES.get("mse"), Task.REGRESSION).note == ""


def test_a_function_that_is_not_decorated_is_told_how_to_ask(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def mine(out, target, *, last_hidden):\n    return (out - target).squeeze(-1).abs()\n")
    why = r"mine.py:mine: needs last_hidden, which is never passed; .* decorated with @loss gets .* last_hidden"
    with pytest.raises(UserError, match=why):
        find_loss(f"{file}:mine", task="regression", target_encoding="float", decode="identity")


def test_a_declared_loss_may_be_renamed_and_bound_and_still_asks():
    assert replace(OF_VALUES.bind(power=2.0), name="other").last_hidden
