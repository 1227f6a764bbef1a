"""A net goes on from where another training left it, with or without what the optimiser remembers."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lossbench.components.optimizers import OPTIMIZERS
from lossbench.engine.problem import Member, Net
from lossbench.engine.training.train import Start
from tests.engine.problems import CE, fold, problem, same, trained

SETTINGS = {"lr": 0.01, "l1": 1e-3, "l2": 1e-2, "weight_decay": 0.1}


def in_pieces(member, pieces, *, remember=True, **training):
    """The states after each piece of a training with full batches."""
    start, states, curve = None, [], []
    for epochs in pieces:
        one = problem([member], epochs=epochs, batch_size=None, **training)
        result, _ = trained(one, start=start, remember=remember)
        start = result.start(0)
        states.append(result.state(0))
        curve += result.members[0].train_loss.tolist()
    return states, curve


@pytest.mark.parametrize("optimizer", [one.name for one in OPTIMIZERS])
@given(pieces=st.lists(st.integers(1, 6), min_size=1, max_size=4), hidden=st.sampled_from([(), (5,), (16, 3)]))
@settings(deadline=None, max_examples=8)
def test_pieces_that_remember_are_one_training_bit_for_bit(optimizer, pieces, hidden):
    momentum = 0.9 if OPTIMIZERS.get(optimizer).has_momentum else 0.0
    member, net = Member(3, momentum=momentum, **SETTINGS), Net(4, hidden, 1)
    whole, _ = trained(problem([member], net=net, epochs=sum(pieces), batch_size=None, optimizer=optimizer))
    states, curve = in_pieces(member, pieces, net=net, optimizer=optimizer)
    assert all(same(states[-1][name], value) for name, value in whole.state(0).items())
    assert curve == whole.members[0].train_loss.tolist()


def test_without_what_it_remembers_the_optimiser_begins_anew():
    member = Member(3, lr=0.01)
    remembered, _ = in_pieces(member, [3, 3], optimizer="adam")
    forgotten, _ = in_pieces(member, [3, 3], remember=False, optimizer="adam")
    assert same(remembered[0]["0.weight"], forgotten[0]["0.weight"])
    assert not same(remembered[1]["0.weight"], forgotten[1]["0.weight"])
    plain, _ = in_pieces(member, [3, 3], remember=False, optimizer="sgd")  # it has nothing to remember
    kept, _ = in_pieces(member, [3, 3], optimizer="sgd")
    assert same(plain[1]["0.weight"], kept[1]["0.weight"])


def test_a_start_has_torchs_names_and_shapes():
    net = Net(4, (5,), 3)
    given = problem([Member(0)], net=net, objectives=[CE], folds=[fold(classes=3)], score=None)
    start = trained(given, remember=True)[0].start(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
    shapes = {name: value.shape for name, value in model.state_dict().items()}
    assert {name: value.shape for name, value in start.parameters.items()} == shapes
    assert set(start.optimizer) == set(OPTIMIZERS.get("adam").state)
    for buffer in start.optimizer.values():
        assert {name: value.shape for name, value in buffer.items()} == shapes
    assert start.steps == 3 * 4  # epochs of 101 rows in batches of 32


def test_a_start_is_that_of_a_single_member():
    start = Start(trained(problem([Member(0)]))[0].state(0))
    with pytest.raises(AssertionError, match="single member"):
        trained(problem([Member(0), Member(1)]), start=start)
