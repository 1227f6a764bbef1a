"""Rows in random order, each member in its own: the same seed gives the same order, whatever the loss and neighbours.

A member's order comes from a generator seeded with the first 8 bytes (big-endian, halved) of BLAKE2b-64 of
"<seed>/batches": the permutation of epoch e is the e-th `torch.randperm(N)` drawn from it. Batches are cut from it one
after another; the last is shorter where the batch size does not divide N. A full batch takes the rows as they are.

Small tables are gathered once an epoch, large ones batch by batch, so that no member ever has a copy of a large table.
Every batch has whole vectors of rows (see `padding`): copies of its first row, which no loss counts.

Shapes: P members, R members of a group, N rows, B rows of a batch with its padding, D inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench.engine.objective import ObjectiveGroup
from lossbench.engine.padding import ROWS, round_up, stacked
from lossbench.engine.problem import Fold
from lossbench.engine.shared_rows import GatheredRows, plain, select

EPOCH_BYTES = 32 * 2**20  # the most that one epoch's gathered rows may take, for all members of a chunk


@dataclass(frozen=True)
class Batch:
    """Rows for every member; targets and weights per group of members."""

    rows: int  # that count; the others are padding
    x_PBD: Tensor
    targets: list[Tensor]  # [R, B] or [R, B, C]
    weights: list[Tensor] | None  # [R, B]


class Batches:
    """One epoch after another of the members' training rows."""

    def __init__(
        self,
        folds: Sequence[Fold],
        groups: Sequence[ObjectiveGroup],
        generators: Sequence[torch.Generator],
        batch_size: int | None,
    ) -> None:
        self.folds, self.groups = folds, groups
        self.rows, self.members = len(folds[0].train.x_ND), len(folds)
        self.weighted = any(fold.weight_N is not None for fold in folds)
        x = folds[0].train.x_ND
        self.device = x.device
        self.full = batch_size is None
        size = self.rows if batch_size is None else min(batch_size, self.rows)
        self.cuts = [(start, min(size, self.rows - start)) for start in range(0, self.rows, size)]
        own = sum({id(f.train.x_ND): f.train.x_ND.numel() for f in folds}.values())
        shared = any(isinstance(fold.train.x_ND, GatheredRows) for fold in folds)
        small = not shared and (self.members * self.rows * x.shape[1] + own) * x.element_size() <= EPOCH_BYTES
        self.streams = list(dict.fromkeys(generators))
        if self.full:
            self._still = [self._whole_table()]
        else:
            # numpy takes by int64; large tables' orders are kept in half the room, and widened batch by batch
            self.order_SN = torch.empty(len(self.streams), self.rows, dtype=torch.int64 if small else torch.int32)
            place = {stream: k for k, stream in enumerate(self.streams)}
            self.stream_of = torch.tensor([place[generator] for generator in generators])
            if small:
                self._gathered = Gathered(self)
        self.small = small

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(rows with padding, rows that count) of every batch of an epoch."""
        return [(round_up(count, ROWS), count) for _, count in self.cuts]

    def epoch(self, rest: int | None = None) -> Iterator[Batch]:
        """The batches of the next epoch; each is valid until the next one is taken.

        `rest`: those of the present one from that batch on, in its order.
        """
        if self.full:
            yield from self._still
            return
        if rest is None:
            for stream, order_N in zip(self.streams, self.order_SN.unbind(0), strict=True):
                torch.randperm(self.rows, generator=stream, out=order_N)
        same = len(self.streams) == self.members
        order_PN = (self.order_SN if same else self.order_SN[self.stream_of]).to(self.device)
        if self.small:
            yield from self._gathered.epoch(order_PN)[rest or 0 :]
        else:
            yield from self._one_by_one(order_PN, self.cuts[rest or 0 :])

    def tables(self, group: ObjectiveGroup) -> list[Tensor]:
        """The targets of a group's members."""
        return [fold.train.target for fold in self.folds[group.members]]

    def weights_of(self, group: ObjectiveGroup) -> list[Tensor]:
        """The weights of a group's members, ones where a fold has none."""
        x = self.folds[0].train.x_ND
        ones = x.new_ones(self.rows)
        return [ones if fold.weight_N is None else fold.weight_N for fold in self.folds[group.members]]

    def _whole_table(self) -> Batch:
        return Batch(
            self.rows,
            stacked([plain(fold.train.x_ND) for fold in self.folds]),
            [stacked(self.tables(group)) for group in self.groups],
            [stacked(self.weights_of(group)) for group in self.groups] if self.weighted else None,
        )

    def _one_by_one(self, order_PN: Tensor, cuts: Sequence[tuple[int, int]]) -> Iterator[Batch]:
        weights = None
        for start, count in cuts:
            index_PB = torch.empty(self.members, round_up(count, ROWS), dtype=order_PN.dtype, device=self.device)
            index_PB[:, :count] = order_PN[:, start : start + count]
            index_PB[:, count:] = index_PB[:, :1]
            if self.weighted:
                weights = [taken(self.weights_of(group), index_PB[group.members]) for group in self.groups]
            yield Batch(
                count,
                taken([fold.train.x_ND for fold in self.folds], index_PB),
                [taken(self.tables(group), index_PB[group.members]) for group in self.groups],
                weights,
            )


def taken(tables: Sequence[Tensor | GatheredRows], index_PB: Tensor) -> Tensor:
    """Rows `index_PB[p]` of member p's table, `[P, B, ...]`; neighbours with the same table are served together."""
    first, start = tables[0], 0
    members, rows = index_PB.shape
    out = first.new_empty(members, rows, *first.shape[1:])
    for end in range(1, members + 1):
        if end == members or tables[end] is not tables[start]:
            flat = out[start:end].view((end - start) * rows, *first.shape[1:])
            select(tables[start], index_PB[start:end].reshape(-1), flat)
            start = end
    return out


class Gathered:
    """An epoch's rows gathered at once into buffers that keep their places, batch after batch."""

    def __init__(self, batches: Batches) -> None:
        self.cuts = batches.cuts
        self.members = batches.members
        self.sources = [Source([plain(fold.train.x_ND) for fold in batches.folds], slice(0, batches.members))]
        self.sources += [Source(batches.tables(group), group.members) for group in batches.groups]
        count = len(batches.groups)
        if batches.weighted:
            self.sources += [Source(batches.weights_of(group), group.members) for group in batches.groups]
        size = self.cuts[0][1]
        even = [k for k, (_, rows) in enumerate(self.cuts) if rows == size]
        self.blocks = [(0, len(even), size)]
        if len(even) < len(self.cuts):
            self.blocks.append((len(even) * size, 1, self.cuts[-1][1]))
        self.places: list[list[Tensor]] = []
        self.batches: list[Batch] = []
        self.orders: list[Tensor] = []
        device = batches.device
        for _, repeats, rows in self.blocks:
            wide = round_up(rows, ROWS)
            self.orders.append(torch.empty(repeats, self.members, wide, dtype=torch.int64, device=device))
            place = [source.room(repeats, wide) for source in self.sources]
            self.places.append(place)
            for k in range(repeats):
                views = [p[k] for p in place]
                weights = views[1 + count :] if batches.weighted else None
                self.batches.append(Batch(rows, views[0], views[1 : 1 + count], weights))

    def epoch(self, order_PN: Tensor) -> list[Batch]:
        """Fill the buffers in this order."""
        for (start, repeats, rows), order, place in zip(self.blocks, self.orders, self.places, strict=True):
            cut = order_PN[:, start : start + repeats * rows].view(self.members, repeats, rows)
            order[:, :, :rows] = cut.transpose(0, 1)
            order[:, :, rows:] = order[:, :, :1]
            for source, room in zip(self.sources, place, strict=True):
                source.gather(order, room)
        return self.batches


class Source:
    """The tables of some neighbours behind one another, each table once."""

    def __init__(self, tables: Sequence[Tensor], members: slice) -> None:
        distinct = {id(t): t for t in tables}
        starts, total = {}, 0
        for key, table in distinct.items():
            starts[key] = total
            total += len(table)
        self.members = members
        self.table = tables[0] if len(distinct) == 1 else torch.cat(list(distinct.values()))
        at = torch.tensor([starts[id(t)] for t in tables], device=self.table.device)
        self.offset = None if len(distinct) == 1 else at.view(-1, 1)

    def room(self, repeats: int, rows: int) -> Tensor:
        """Where its rows go: `[batches, P, B, ...]`."""
        count = int(self.members.stop - self.members.start)
        return self.table.new_empty(repeats, count, rows, *self.table.shape[1:])

    def gather(self, order: Tensor, room: Tensor) -> None:
        """Fill that room with the rows that `order [batches, P, B]` names."""
        order = order[:, self.members]
        if self.offset is not None:
            order = order + self.offset
        select(self.table, order.reshape(-1), room.view(-1, *self.table.shape[1:]))
