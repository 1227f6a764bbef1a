"""Nets side by side are the nets that torch would build and differentiate one by one."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from lossbench.components.hidden_activations import HIDDEN_ACTIVATIONS
from lossbench.engine.nets.mlp import ParameterLayout, initialised
from lossbench.engine.problem import Net
from tests.engine.problems import sequential

CPU = torch.device("cpu")


def named(population, member):
    """A member's weights and biases and their gradients, as torch names and shapes them."""
    exact = population.layout.exact
    for layer, (i, o) in enumerate(pairwise(exact)):
        yield (
            f"{2 * layer}.weight",
            population.weights[layer][member, :i, :o].t(),
            population.d_weights[layer][member, :i, :o].t(),
        )
        yield f"{2 * layer}.bias", population.biases[layer][member, 0, :o], population.d_biases[layer][member, 0, :o]


@pytest.mark.parametrize("hidden", [(), (5,), (16, 33), (64, 64, 64, 64)])
@pytest.mark.parametrize("outputs", [1, 3])
def test_a_seed_gives_the_weights_that_torch_gives(hidden, outputs):
    net = Net(4, hidden, outputs)
    population = initialised(net, [3, 11], torch.float32, CPU).with_gradient()
    for member, seed in enumerate([3, 11]):
        theirs = sequential(net, seed, torch.float32).state_dict()
        for name, ours, _ in named(population, member):
            assert torch.equal(ours, theirs[name]), name


def test_hidden_weights_do_not_depend_on_the_number_of_outputs():
    one = initialised(Net(4, (8, 8), 1), [5], torch.float32, CPU)
    many = initialised(Net(4, (8, 8), 7), [5], torch.float32, CPU)
    for layer in range(2):
        assert torch.equal(one.weights[layer], many.weights[layer])


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS.names())
@pytest.mark.parametrize("hidden", [(), (5,), (16, 7)])
@pytest.mark.parametrize("outputs", [1, 3])
def test_the_hand_written_gradient_is_autograds(activation, hidden, outputs):
    net = Net(6, hidden, outputs, activation)
    population = initialised(net, [0, 1, 2], torch.float64, CPU).with_gradient()
    g = torch.Generator().manual_seed(0)
    x, slope = (torch.randn(3, 16, k, generator=g, dtype=torch.float64) for k in (6, outputs))
    space = population.workspace(16)
    out = population.forward(x, space).clone()
    population.backward(x, slope, space)
    for member in range(3):
        model = sequential(net, member)
        theirs = model(x[member])
        torch.testing.assert_close(out[member], theirs)
        theirs.backward(slope[member])
        gradients = {name: p.grad for name, p in model.named_parameters()}
        for name, _, gradient in named(population, member):
            torch.testing.assert_close(gradient, gradients[name])


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS.names())
def test_padding_units_have_no_gradient(activation):
    population = initialised(Net(3, (5, 6), 2, activation), [0, 1], torch.float64, CPU).with_gradient()
    space = population.workspace(16)
    g = torch.Generator().manual_seed(0)
    x, slope = (torch.randn(2, 16, k, generator=g, dtype=torch.float64) for k in (3, 2))
    population.forward(x, space)
    population.backward(x, slope, space)
    exact = population.layout.exact
    for layer, (w, b) in enumerate(zip(population.d_weights, population.d_biases, strict=True)):
        i, o = exact[layer], exact[layer + 1]
        assert not w[:, i:].any()
        assert not w[:, :, o:].any()
        assert not b[:, :, o:].any()


def test_selected_members_keep_their_parameters():
    population = initialised(Net(3, (5,), 2), [0, 1, 2, 3], torch.float32, CPU)
    keep = torch.tensor([3, 1])
    flat = population.layout.select(population.flat, keep)
    weights, biases = ParameterLayout(population.layout.net, 2).views(flat)
    for ours, theirs in zip([*weights, *biases], [*population.weights, *population.biases], strict=True):
        assert torch.equal(ours, theirs[keep])


def test_the_plain_net_of_these_tests_is_nn_sequential():
    kinds = [type(layer) for layer in sequential(Net(4, (8, 8), 1), 0)]
    assert kinds == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]
