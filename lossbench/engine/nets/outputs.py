"""Outputs of a population for given rows, in blocks that fit the cache.

Blocks are cut by the number of rows alone, so outputs do not depend, bit for bit, on who is evaluated together.

Shapes: P members, N rows, B rows of a block with its padding, D inputs, H units of the last hidden layer, K outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lossbench.engine.nets.mlp import Population
from lossbench.engine.nets.state import State, population_of
from lossbench.engine.padding import ROWS, pad_rows, round_up, stacked
from lossbench.engine.problem import Net
from lossbench.engine.shared_rows import GatheredRows, plain
from lossbench.engine.threads import one_thread

BLOCK = 256  # rows; see "Prediction" in `make bench`
STACK_BYTES = 32 * 2**20  # the most that different tables may take stacked for all members


class Inputs:
    """The rows that each member is evaluated on, ready in blocks; all members' tables have equally many."""

    def __init__(self, tables: Sequence[Tensor | GatheredRows]) -> None:
        self.tables, self.rows = tables, len(tables[0])
        one_table = all(t is tables[0] for t in tables)
        copies = 1 if one_table else len(tables)
        self.small = copies * tables[0].numel() * tables[0].element_size() <= STACK_BYTES
        self.stack = stacked([plain(table) for table in tables]) if self.small else None

    def blocks(self) -> list[tuple[int, int]]:
        """Where each block starts and how many rows it has."""
        return [(start, min(BLOCK, self.rows - start)) for start in range(0, self.rows, BLOCK)]

    def block(self, start: int, count: int) -> Tensor:
        """Those rows for every member, `[P, B, D]`, padded to whole vectors."""
        if self.stack is not None:
            return self.stack[:, start : start + round_up(count, ROWS)]
        cut = {id(t): t for t in self.tables}
        copies = {key: pad_rows(t[start : start + count]) for key, t in cut.items()}
        if len(copies) == 1:
            (only,) = copies.values()
            return only.expand(len(self.tables), *only.shape)
        return torch.stack([copies[id(t)] for t in self.tables])


def outputs(population: Population, inputs: Inputs) -> Tensor:
    """The outputs before the last activation, `[P, N', K]`, N' = N padded to whole vectors of rows."""
    return outputs_and_hidden(population, inputs, with_hidden=False)[0]


def outputs_and_hidden(
    population: Population, inputs: Inputs, *, with_hidden: bool = True
) -> tuple[Tensor, Tensor | None]:
    """The same, and the last hidden layer `[P, N', H]` where it is wanted: room for it is made for all rows at once."""
    blocks = inputs.blocks()
    if len(blocks) == 1:
        x_PBD = inputs.block(0, inputs.rows)
        space = population.workspace(round_up(inputs.rows, ROWS), backward=False)
        return population.forward(x_PBD, space), population.last_hidden(x_PBD, space) if with_hidden else None
    *_, last, exact = population.layout.exact
    members, padded = population.layout.members, round_up(inputs.rows, ROWS)
    out = population.flat.new_empty(exact, members, padded).movedim(0, -1)  # in memory as a workspace has it
    hidden = population.flat.new_empty(members, padded, last) if with_hidden else None
    for start, count in blocks:
        part, x_PBD = slice(start, start + round_up(count, ROWS)), inputs.block(start, count)
        space = population.workspace(part.stop - start, backward=False)
        out[:, part] = population.forward(x_PBD, space)
        if hidden is not None:
            hidden[:, part] = population.last_hidden(x_PBD, space)
    return out, hidden


def predicted(population: Population, inputs: Inputs, activation: Callable[[Tensor], Tensor]) -> Tensor:
    """The outputs after the last activation, `[P, N, K]`, row by row in memory, as decoders read them.

    The activation is applied to whole vectors of rows, as in training, so the bits are those that training scored.
    """
    return activation(outputs(population, inputs))[:, : inputs.rows].contiguous()


def outputs_of(net: Net, state: State, activation: Callable[[Tensor], Tensor], x_ND: Tensor) -> Tensor:
    """One net's outputs after the last activation, `[N, K]`, from its state dict, in the state's dtype."""
    with torch.no_grad(), one_thread():
        return predicted(population_of(net, state), Inputs([x_ND]), activation)[0]
