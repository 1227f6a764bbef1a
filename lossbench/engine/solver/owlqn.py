"""Many penalised problems at once, each to convergence: batched L-BFGS, orthant-wise where there is an L1 penalty.

Member p minimises F_p(x) = f_p(x) + sum_d l1_pd |x_d| + sum_d l2_pd/2 x_d^2 over its own x [D]; f_p is given with its
gradient.
- Without L1: L-BFGS with a weak Wolfe search by bisection, which also gets down functions with kinks, as a net of ReLUs
  is (Lewis & Overton 2013, doi:10.1007/s10107-012-0514-2).
- With L1: OWL-QN (Andrew & Gao 2007, doi:10.1145/1273496.1273501): a step stays in the orthant that the steepest
  descent points into, so coordinates become exactly zero. Unlike there, curvature is that of the coordinates that are
  free to move, only zeros that leave are held to the steepest descent's sign, and the search along the path that stays
  in the orthant is Wolfe's, too: near the end this is a Newton step on the weights that are left, where the plain
  method takes ten times as many steps, and it gets along kinks.
- One evaluation serves all members: one whose trial point is refused tries another step in the next evaluation, while
  the others have moved on. Members that are done leave the batch.

The stopping rule. A search ends where the proximal gradient step is short,
`max_d |x_d - soft(x_d - g_d, l1_d)| <= tolerance` (g: gradient of f and the l2 part; without L1 it is max |g|):
"gradient"; where F has fallen by less than `decrease * max(0.01, |F|)` in the last `patience` accepted steps, or no
step along the steepest descent lowers it in float64: "decrease"; where F is not finite or below every bound:
"diverged"; else after so many evaluations: "limit". `relay` looks at the last two again: where the gradients around
cancel to within `kink`, the end is a "kink". Converged are "gradient" and "kink".

Shapes: P members, D coordinates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from lossbench.engine.solver.lbfgs import Curvature
from lossbench.events import Stopped, never

Evaluate = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""(x [P, D], numbers of the members [P]) -> (f [P], its gradient [P, D]); called with fewer and fewer members."""
Progress = Callable[[int], None]
"""Called now and then with the number of members that are done."""
End = Literal["gradient", "kink", "decrease", "limit", "diverged", "interrupted"]

ARMIJO, WOLFE = 1e-4, 0.9
ROUNDING = 1e-14  # of |F|: what a sum over rows may be wrong by; the gradient still tells the way below it
LOWEST = -1e6  # a mean loss that falls below this has no minimum
TRIALS = 40  # steps tried along one direction before it is given up: a step of 1e-12 of the first


@dataclass(frozen=True)
class Rule:
    """When a member is done; see the module's docstring."""

    tolerance: float = 1e-8
    decrease: float = 1e-10
    patience: int = 50
    evaluations: int = 20_000
    pairs: int = 20
    kink: float = 1e-4
    reach: float = 1e-3  # of a coordinate's size: how far around gradients are looked at where the end may be a kink


@dataclass
class Minimum:
    """Where the members ended."""

    x_PD: Tensor
    value_P: Tensor  # F
    residual_P: Tensor  # length of the proximal gradient step, in its largest coordinate
    evaluations_P: Tensor
    end: list[End] = field(default_factory=list)


def soft(x: Tensor, threshold: Tensor) -> Tensor:
    """sign(x) max(|x| - threshold, 0), the proximal step of the L1 norm."""
    return x.sign() * (x.abs() - threshold).clamp_min(0)


def residual(x_PD: Tensor, g_PD: Tensor, l1_PD: Tensor) -> Tensor:
    """max_d |x_d - soft(x_d - g_d, l1_d)|, zero exactly at stationary points -> [P]."""
    return (x_PD - soft(x_PD - g_PD, l1_PD)).abs().amax(1)


class Search:
    """The running state of the members that are not done yet; `members` are their numbers."""

    def __init__(self, evaluate: Evaluate, start_PD: Tensor, l1_PD: Tensor, l2_PD: Tensor, rule: Rule) -> None:
        self.evaluate, self.rule = evaluate, rule
        self.members = torch.arange(len(start_PD), device=start_PD.device)
        self.x, self.l1, self.l2 = start_PD.clone(), l1_PD, l2_PD
        self.has_l1 = (l1_PD > 0).any(1)
        self.value, self.g = self._objective(self.x)
        members, dimension = self.x.shape
        self.curvature = Curvature(members, dimension, pairs=rule.pairs, dtype=self.x.dtype, device=self.x.device)
        self.past = self.value.unsqueeze(1).repeat(1, rule.patience)  # F after the last accepted steps, a ring
        self.accepted = torch.zeros_like(self.members)
        self.direction, self.orthant, self.slope = (
            torch.empty_like(self.x),
            torch.empty_like(self.x),
            self.value.clone(),
        )
        self.step, self.low, self.high = self.value.clone(), self.value.clone(), self.value.clone()
        self.trials = torch.zeros_like(self.members)
        self._aim(torch.ones_like(self.has_l1))

    def _objective(self, x: Tensor) -> tuple[Tensor, Tensor]:
        value, g = self.evaluate(x, self.members)
        value = value + (self.l1 * x.abs()).sum(1) + (self.l2 * x.square()).sum(1) / 2
        return value.nan_to_num(nan=torch.inf), g + self.l2 * x

    def _pseudo_gradient(self, x: Tensor, g: Tensor) -> Tensor:
        """The subgradient of least length; -pseudo_gradient is the steepest descent."""
        return torch.where(x == 0, soft(g, self.l1), g + self.l1 * x.sign())

    def _aim(self, which: Tensor) -> None:
        """A new direction for the members `which` [P] (bool), from the curvature they remember."""
        steepest = self._pseudo_gradient(self.x, self.g)
        resting = (self.x == 0) & (steepest == 0) & (self.l1 > 0)  # zeros that want to stay zero
        free = (~resting).to(self.x.dtype) if self.has_l1.any() else None
        direction = -self.curvature.inverse_times(steepest, free)
        # A zero may only leave in the orthant that the steepest descent points into.
        direction = torch.where((self.x == 0) & (self.l1 > 0) & (direction * steepest >= 0), 0, direction)
        slope = (direction * steepest).sum(1)
        length = torch.linalg.vector_norm(steepest, dim=1)
        # A direction that is no descent (rounding, an ill-conditioned memory): forget and go straight down.
        lost = which & ~((slope < 0) & (slope > -torch.inf) & (-slope >= 1e-14 * length * direction.norm(dim=1)))
        if lost.any():
            self.curvature.forget(lost.nonzero().squeeze(1))
            direction = torch.where(lost.unsqueeze(1), -steepest, direction)
            slope = torch.where(lost, -length.square(), slope)
        fresh = self.curvature.pushed_P == 0
        first = torch.where(fresh, 1 / length.clamp_min(1.0), torch.ones_like(length))
        orthant = torch.where(self.x == 0, -steepest.sign(), self.x.sign())
        wide = which.unsqueeze(1)
        self.direction = torch.where(wide, direction, self.direction)
        self.orthant = torch.where(wide, orthant, self.orthant)
        self.slope = torch.where(which, slope, self.slope)
        self.step = torch.where(which, first, self.step)
        self.low = torch.where(which, 0.0, self.low)
        self.high = torch.where(which, torch.inf, self.high)
        self.trials = torch.where(which, 0, self.trials)

    def advance(self) -> Tensor:
        """One evaluation for everyone -> members [P] (bool) that can go no further down."""
        trial = self.x + self.step.unsqueeze(1) * self.direction
        held = (self.l1 > 0) & (trial * self.orthant <= 0)
        trial = torch.where(held, 0, trial)
        value, g = self._objective(trial)
        moved = trial - self.x
        gained = (self._pseudo_gradient(self.x, self.g) * moved).sum(1)
        low_enough = value <= self.value + ARMIJO * gained.clamp_max(0) + ROUNDING * self.value.abs()
        # On along the path that stays in the orthant: coordinates that it holds at zero move no further.
        onward = torch.where(held, 0, (g + self.l1 * self.orthant) * self.direction).sum(1)
        steep = onward < WOLFE * self.slope
        accept = low_enough & ~steep
        # A bracket that has closed in on a kink: take the low end's side and go on.
        accept |= low_enough & (self.trials >= TRIALS // 2)

        self.trials += 1
        self.high = torch.where(low_enough, self.high, self.step)
        self.low = torch.where(low_enough & steep, self.step, self.low)
        between = torch.where(self.high.isinf(), 2 * self.step, (self.low + self.high) / 2)
        self.step = torch.where(accept, self.step, between)

        s, y = moved, g - self.g
        curved = (s * y).sum(1)
        useful = accept & (curved > 1e-12 * y.norm(dim=1) * s.norm(dim=1)) & curved.isfinite()
        self.x = torch.where(accept.unsqueeze(1), trial, self.x)
        self.g = torch.where(accept.unsqueeze(1), g, self.g)
        self.value = torch.where(accept, value, self.value)
        rows = useful.nonzero().squeeze(1)
        if len(rows):
            self.curvature.push(rows, s[rows], y[rows])

        stuck = ~accept & (self.trials >= TRIALS)
        untrainable = stuck & (self.curvature.pushed_P == 0)
        restart = stuck & ~untrainable
        if restart.any():
            self.curvature.forget(restart.nonzero().squeeze(1))
        self._remember(accept)
        if (accept | restart).any():
            self._aim(accept | restart)
        return untrainable

    def _remember(self, accept: Tensor) -> None:
        slot = (self.accepted % self.rule.patience).unsqueeze(1)
        before = self.past.gather(1, slot)
        self.past.scatter_(1, slot, torch.where(accept.unsqueeze(1), self.value.unsqueeze(1), before))
        self.accepted += accept

    def slow(self) -> Tensor:
        """Members [P] (bool) whose F has hardly fallen over the last accepted steps."""
        fallen = self.past.amax(1) - self.value
        return (self.accepted >= self.rule.patience) & (fallen <= self.rule.decrease * self.value.abs().clamp_min(1e-2))

    def keep(self, rows: Tensor) -> None:
        """Go on with `rows` only."""
        for name in ("members", "x", "l1", "l2", "has_l1", "value", "g", "past", "accepted", "direction", "orthant"):
            setattr(self, name, getattr(self, name)[rows])
        for name in ("slope", "step", "low", "high", "trials"):
            setattr(self, name, getattr(self, name)[rows])
        self.curvature.keep(rows)


def minimise(
    evaluate: Evaluate,
    start_PD: Tensor,
    l1_PD: Tensor,
    l2_PD: Tensor,
    rule: Rule | None = None,
    *,
    progress: Progress = lambda done: None,
    stopped: Stopped = never,
) -> Minimum:
    """Search for every member's minimum.

    `l1_PD` and `l2_PD` are the penalties per coordinate (zero for biases). Once `stopped()` is true, the members
    that are not done stay where they are: "interrupted".
    """
    rule = rule or Rule()
    search = Search(evaluate, start_PD, l1_PD, l2_PD, rule)
    found = Minimum(
        start_PD.clone(),
        search.value.clone(),
        search.value.clone(),
        torch.zeros(len(start_PD), dtype=torch.long),
        ["limit"] * len(start_PD),
    )
    stuck = ~search.value.isfinite()
    count = 1
    while True:
        length = residual(search.x, search.g, search.l1)
        ends: dict[End, Tensor] = {
            "diverged": ~search.value.isfinite() | (search.value < LOWEST),
            "gradient": length <= rule.tolerance,
            "decrease": stuck | search.slow(),
        }
        over: End | None = "interrupted" if stopped() else "limit" if count >= rule.evaluations else None
        if over is not None:
            ends[over] = torch.ones_like(stuck)
        done = torch.stack(list(ends.values())).any(0)
        if done.any():
            _leave(search, found, done, ends, length, count)
            search.keep((~done).nonzero().squeeze(1))
            progress(len(start_PD) - len(search.members))
            if not len(search.members):
                return found
        elif count % 100 == 0:
            progress(len(start_PD) - len(search.members))
        stuck = search.advance()
        count += 1


def _leave(search: Search, found: Minimum, done: Tensor, ends: dict[End, Tensor], length: Tensor, count: int) -> None:
    """Write down where the members that are done have ended."""
    # A last proximal step moves no coordinate further than its residual, and makes the zeros of L1 exact.
    polish = (ends["gradient"] & ~ends["diverged"]).unsqueeze(1) & (search.l1 > 0)
    x = torch.where(polish, soft(search.x - search.g, search.l1), search.x)
    for row in done.nonzero().squeeze(1).tolist():
        member = int(search.members[row])
        found.x_PD[member] = x[row]
        found.value_P[member] = search.value[row]
        found.residual_P[member] = length[row]
        found.evaluations_P[member] = count
        found.end[member] = next(end for end, which in ends.items() if bool(which[row]))
