"""Warm starts along the regularization path: each problem is solved again from the best point of its neighbours.

A net's objective has many minima, and a search ends in one that its start leads to; then a member's weights may cost
more than its neighbour's would, and a picture over strengths shows two basins in turn instead of one penalty at work.
So, in rounds:
- Member i is handed the point of member j where F_i is lower there than at its own: the data loss of a point is the
  same for all, so the whole table F_i(x_j) costs no evaluation.
- Members that still go down go on, each round twice as long, and in the first rounds every member is also searched
  from where its weaker neighbour is: along a growing L1 penalty a unit that is zero stays zero, because nothing pulls
  at it, so this follows the path of one minimum.
- The rounds end where no point is handed on and nothing goes down any more, or the evaluations are used up.

Of all the minima found, `_choose` takes one for each member: the lowest, or one that is as good (`AS_GOOD`) and has no
fewer zeros than its weaker neighbour's.

Shapes: P members, R of them, D coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lossbench.engine.solver.owlqn import End, Minimum, Progress, Rule
from lossbench.events import Stopped, never

Find = Callable[[Tensor, Tensor, Rule, Progress], Minimum]
"""(start [R, D], numbers of the members [R], rule, progress) -> their minima."""

Shortest = Callable[[Tensor, Tensor, Tensor], float]
"""(x [D], l1 [D], l2 [D]) -> how long the shortest combination of the gradients around x is (see `kinks`)."""

FIRST_ROUND, LATER_ROUNDS = 300, 600  # evaluations
FOLLOWING = 3  # rounds in which members are also searched from their weaker neighbours' points
BETTER = 1e-4  # of F: what a point must be better by to be handed on
AS_GOOD = 1e-3  # of F: minima closer than this count as equally good


@dataclass(frozen=True, eq=False)
class Found:
    """A point where a search of a member ended."""

    x_D: Tensor
    value: float  # F
    smooth: float  # F without its penalties, the same function for all members
    residual: float
    evaluations: int  # of this search alone
    end: End
    zeros: int

    @property
    def is_over(self) -> bool:
        """Whether more evaluations would change nothing."""
        return self.end not in {"limit", "interrupted"}


def continue_path(
    find: Find,
    shortest: Shortest,
    start_PD: Tensor,
    l1_PD: Tensor,
    l2_PD: Tensor,
    rule: Rule,
    *,
    progress: Progress = lambda done: None,
    stopped: Stopped = never,
) -> Minimum:
    """Search for every member's minimum, handing points on between members whose penalties are of one kind."""
    groups = _groups(l1_PD, l2_PD)
    weaker = {i: group[k - 1] for group in groups for k, i in enumerate(group) if k}
    count = len(start_PD)
    pool: list[list[Found]] = [[] for _ in range(count)]
    spent = [0] * count
    tasks = [(i, start_PD[i]) for i in range(count)]
    round_, long = 0, FIRST_ROUND
    while tasks:
        rows = torch.tensor([i for i, _ in tasks])
        limit = max(1, min(long, rule.evaluations - max(spent[i] for i, _ in tasks)))
        starts, others = torch.stack([x for _, x in tasks]), count - len(tasks)
        minimum = find(starts, rows, replace(rule, evaluations=limit), _of_all(progress, others))
        for k, (i, _) in enumerate(tasks):
            found = _found(minimum, k, l1_PD[i], l2_PD[i])
            if found.end in {"limit", "decrease"} and not stopped():
                length = shortest(found.x_D, l1_PD[i], l2_PD[i])
                if length <= rule.kink:
                    found = replace(found, end="kink", residual=length)
            pool[i].append(found)
        for i in {i for i, _ in tasks}:
            spent[i] += max(int(minimum.evaluations_P[k]) for k, (t, _) in enumerate(tasks) if t == i)
        if stopped():
            break
        round_, long = round_ + 1, LATER_ROUNDS
        best = [min(found, key=lambda one: one.value) for found in pool]
        tasks = []
        for group in ([i for i in group if best[i].end != "diverged"] for group in groups):
            for i in group:
                if spent[i] >= rule.evaluations:
                    continue
                at = torch.stack([best[j].x_D for j in group])
                smooth = torch.tensor([best[j].smooth for j in group], device=at.device)
                values = smooth + _penalty(at, l1_PD[i], l2_PD[i])
                least = int(values.argmin())
                slack = BETTER * max(abs(best[i].value), 1e-2)
                handed = float(values[least]) < best[i].value - slack
                if handed:
                    tasks.append((i, at[least]))
                elif not best[i].is_over:
                    tasks.append((i, best[i].x_D))
                follow = round_ <= FOLLOWING and bool((l1_PD[i] > 0).any()) and weaker.get(i) in group
                if follow and group[least] != weaker[i]:
                    tasks.append((i, best[weaker[i]].x_D))
    progress(count)
    chosen = [found for group in groups for found in _choose([pool[i] for i in group])]
    order = torch.tensor([i for group in groups for i in group]).argsort()
    return _minimum([chosen[k] for k in order.tolist()], spent)


def _of_all(progress: Progress, others: int) -> Progress:
    """A round's progress as that of all members: those that it does not search are done."""
    return lambda done: progress(max(0, others + done))


def _groups(l1_PD: Tensor, l2_PD: Tensor) -> list[list[int]]:
    """Members whose penalties are of one kind, from the weakest to the strongest."""
    l1, l2 = l1_PD.amax(1), l2_PD.amax(1)
    kinds: dict[float, list[int]] = {}
    for i, share in enumerate((l1 / (l1 + l2).clamp_min(1e-300)).tolist()):
        kinds.setdefault(round(share, 9), []).append(i)
    return [sorted(kind, key=lambda i: float(l1[i] + l2[i])) for kind in kinds.values()]


def _penalty(x_RD: Tensor, l1_D: Tensor, l2_D: Tensor) -> Tensor:
    return (l1_D * x_RD.abs()).sum(1) + (l2_D * x_RD.square()).sum(1) / 2


def _found(minimum: Minimum, k: int, l1_D: Tensor, l2_D: Tensor) -> Found:
    x_D, value = minimum.x_PD[k], float(minimum.value_P[k])
    return Found(
        x_D,
        value,
        value - float(_penalty(x_D.unsqueeze(0), l1_D, l2_D)),
        float(minimum.residual_P[k]),
        int(minimum.evaluations_P[k]),
        minimum.end[k],
        int(((x_D == 0) & (l1_D > 0)).sum()),
    )


def _choose(pools: Sequence[Sequence[Found]]) -> list[Found]:
    """One point a member, weakest penalty first: as good as its best, zeros never fewer where that can be had.

    The way through all members with the fewest losses of a zero, and among those the lowest values.
    """
    open_: list[list[Found]] = []
    for pool in pools:
        least = min(found.value for found in pool)
        good = [found for found in pool if found.value <= least + AS_GOOD * max(abs(least), 1e-2)]
        over = [found for found in good if found.is_over]
        open_.append(over or good)
    # Shortest path: cost of a step is (zeros lost, how far above the best).
    ways: list[tuple[tuple[int, float], list[Found]]] = [((0, 0.0), [])]
    for good in open_:
        least = min(found.value for found in good)
        scale = max(abs(least), 1e-2)
        longer = []
        for found in good:
            above = (found.value - least) / scale
            options = []
            for (lost, cost), way in ways:
                now = max(0, way[-1].zeros - found.zeros) if way else 0
                options.append(((lost + now, cost + above), [*way, found]))
            longer.append(min(options, key=lambda option: option[0]))
        ways = longer
    return min(ways, key=lambda way: way[0])[1]


def _minimum(chosen: Sequence[Found], spent: Sequence[int]) -> Minimum:
    like = chosen[0].x_D
    return Minimum(
        torch.stack([found.x_D for found in chosen]),
        like.new_tensor([found.value for found in chosen]),
        like.new_tensor([found.residual for found in chosen]),
        torch.tensor(list(spent)),
        [found.end for found in chosen],
    )
