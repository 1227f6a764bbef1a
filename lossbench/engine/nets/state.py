"""One net's parameters as the state dict of an `nn.Sequential(Linear, activation, Linear, ...)`, written and read.

Layer l of linear layers is "<2 l>.weight" `[out, in]` and "<2 l>.bias" `[out]`: the odd places are the activations'.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from lossbench.engine.nets.mlp import ParameterLayout, Population
from lossbench.engine.problem import Net

State = Mapping[str, Tensor]


def state_of(population: Population, member: int) -> dict[str, Tensor]:
    """One member's parameters, copied and without padding."""
    state = {}
    for layer, ((i, o), weight, bias) in enumerate(
        zip(population.layout.net.layers, population.weights, population.biases, strict=True)
    ):
        state[f"{2 * layer}.weight"] = weight[member, :i, :o].t().contiguous()
        state[f"{2 * layer}.bias"] = bias[member, 0, :o].clone()
    return state


def net_of(state: State, activation: str) -> Net:
    """The net whose parameters these are; ValueError where they make no net."""
    depth = len(state) // 2
    names = {f"{2 * layer}.{part}" for layer in range(depth) for part in ("weight", "bias")}
    if not depth or set(state) != names:
        raise ValueError("its tensors are no layers")
    first = state["0.weight"]
    widths = [first.shape[1] if first.ndim == 2 else 0]
    for layer in range(depth):
        weight, bias = state[f"{2 * layer}.weight"], state[f"{2 * layer}.bias"]
        if weight.ndim != 2 or weight.shape[1] != widths[-1] or bias.shape != (weight.shape[0],):
            raise ValueError(f"layer {layer} does not fit")
        widths.append(weight.shape[0])
    return Net(widths[0], tuple(widths[1:-1]), widths[-1], activation)


def population_of(net: Net, state: State) -> Population:
    """A population of that one net, in the state's dtype and on its device."""
    layout = ParameterLayout(net, 1)
    population = Population(layout, state["0.weight"].new_zeros(layout.size))
    for layer, (i, o) in enumerate(net.layers):
        population.weights[layer][0, :i, :o] = state[f"{2 * layer}.weight"].t()
        population.biases[layer][0, 0, :o] = state[f"{2 * layer}.bias"]
    population.clear_thresholds(population.weights)
    return population
