"""Which members train together: chunks of equal row counts that fit the cache, and enough of them for every thread.

Results do not depend on it, only speed does.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import pairwise

from lossbench.engine.problem import Member, Problem

CACHE_BYTES = (
    5 * 2**20
)  # parameters and activations of a chunk; flat between 3 and 8 MB on processors with 8 MB of cache
WORTH_A_THREAD = 3e-4  # seconds of one step's arithmetic below which threads only wait for each other
STEP_SECONDS = 5e-6  # of one member's share of a step beside its products
FLOPS = 2e10  # of products, a second and a core


def plan(problem: Problem, threads: int, chunk: int | None = None, *, without: Collection[int] = ()) -> list[list[int]]:
    """The members' numbers, chunk by chunk, but for those `without`; those with more work first.

    Neighbours share an objective where possible, then a number of epochs (so that they end together); within a chunk,
    an objective, then the settings of the optimiser, then a fold.
    """
    groups: dict[tuple[int, int], list[int]] = {}
    for number, member in enumerate(problem.members):
        if number in without:
            continue
        fold = problem.folds[member.fold]
        counts = (len(fold.train.x_ND), -1 if fold.validation is None else len(fold.validation.x_ND))
        groups.setdefault(counts, []).append(number)
    chunks = []
    for (rows, _), numbers in sorted(groups.items(), reverse=True):

        def order(number: int) -> tuple[float, ...]:
            member = problem.members[number]
            return (member.objective, -problem.epochs(number), *_neighbours(member, number))

        numbers.sort(key=order)
        count = len(numbers)
        pieces = math.ceil(count / chunk) if chunk else _pieces(problem, rows, count, threads)
        cuts = [round(k * count / pieces) for k in range(pieces + 1)]
        for start, end in pairwise(cuts):
            chunks.append(sorted(numbers[start:end], key=lambda n: _neighbours(problem.members[n], n)))
    return chunks


def _neighbours(member: Member, number: int) -> tuple[float, ...]:
    """What members of a chunk are sorted by."""
    return (member.objective, member.lr, member.weight_decay, member.momentum, member.fold, number)


def _pieces(problem: Problem, rows: int, count: int, threads: int) -> int:
    """Into how many chunks to cut so many members."""
    net, size = problem.net, problem.training.batch_size
    batch = rows if size is None else min(size, rows)
    room = problem.training.dtype.itemsize * (net.weights + batch * sum(net.widths[1:]))
    pieces = max(1, math.ceil(count * room / CACHE_BYTES))
    seconds = count * (STEP_SECONDS + 6 * batch * net.weights / FLOPS)
    if pieces < threads:
        return min(count, max(pieces, min(threads, int(seconds / WORTH_A_THREAD))))
    return min(count, math.ceil(pieces / threads) * threads)
