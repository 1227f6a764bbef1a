"""d loss / d outputs: autograd is used here only, on the last activation and the loss.

That is enough for any loss to plug in without its derivative: the layers are differentiated by hand (`nets.mlp`). A
loss that is called often is recorded (`tape`) and replayed from then on, with the same bits: how often, and how that
is made sure, is said at `_Derivative`.

Shapes: P members, R of them in a group, B rows of a batch of which the first `rows` count, H units of the last hidden
layer, K outputs.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

import torch
from torch import Tensor
from torch.autograd import Variable

from lossbench.engine.objective import ObjectiveGroup, losses
from lossbench.engine.problem import Objective
from lossbench.engine.tape import CannotRecordError, Replay, record
from lossbench.errors import UserError

WORTH_RECORDING = 32  # calls; to record and to check takes as long as some 30 replays save
MOST_OUTPUTS = 2**17  # beyond which a loss is arithmetic, and its calls are nothing
MOST_KEPT = 256  # derivatives


def gradient(value: Tensor, leaf: Tensor, weight: Tensor, place: str = "") -> Tensor:
    """d sum(weight * value) / d leaf.

    `torch.autograd.grad` would do; its checks of arguments cost more than the differentiation of a small loss, and on
    their first use import a computer algebra system, which takes a second. So autograd's engine is called directly.
    """
    if not value.requires_grad:
        fix = "compute it from its first argument, in torch, without detach() or item()"
        raise UserError("the loss does not depend on the outputs", where=place, fix=fix)
    (own,) = Variable._execution_engine.run_backward(
        (value,), (weight,), False, False, (leaf,), allow_unreachable=True, accumulate_grad=False
    )
    return leaf.new_zeros(leaf.shape) if own is None else own


class Slope:
    """d loss / d outputs of a workspace, losses averaged over a batch's rows; to be called without grad mode."""

    def __init__(self, groups: Sequence[ObjectiveGroup], out_PBK: Tensor, rows: int) -> None:
        share = out_PBK.new_zeros(out_PBK.shape[:2])
        share[:, :rows] = 1 / rows
        self.groups = [_GroupSlope(group, out_PBK[group.members], share[group.members], rows) for group in groups]
        self.joined = torch.empty_like(out_PBK) if len(groups) > 1 else None

    def __call__(
        self,
        targets: Sequence[Tensor],
        weights: Sequence[Tensor] | None,
        sums_P: Tensor,
        hidden_PBH: Tensor | None = None,
    ) -> Tensor:
        """The slope `[P, B, K]`; each member's weighted sum of losses over the rows goes to `sums_P`.

        `hidden_PBH` is the last hidden layer, where an objective asks for it.
        """
        if self.joined is None:
            return self.groups[0](targets[0], None if weights is None else weights[0], sums_P, hidden_PBH)
        for k, group in enumerate(self.groups):
            weight, members = None if weights is None else weights[k], group.group.members
            hidden = None if hidden_PBH is None else hidden_PBH[members]
            self.joined[members] = group(targets[k], weight, sums_P[members], hidden)
        return self.joined


class _GroupSlope:
    """The slope of one group's outputs."""

    def __init__(self, group: ObjectiveGroup, out: Tensor, share: Tensor, rows: int) -> None:
        self.group, self.rows, self.share = group, rows, share
        self.has_padding = rows < out.shape[1]
        self.out, self.leaf = out.detach(), out.detach().requires_grad_()
        self.statistics = list(group.statistics.values())
        self.takes_hidden = group.objective.last_hidden
        self._derivative: _Derivative | None = None

    def __call__(self, target: Tensor, weight: Tensor | None, sums: Tensor, hidden: Tensor | None) -> Tensor:
        """The slope `[R, B, K]`; the sums `[R]` go where they are wanted."""
        rest = [sums, target, self.share, *self.statistics]
        if self.takes_hidden:
            assert hidden is not None, "whoever trains the objective has its nets' last hidden layer"
            rest.append(hidden)
        if weight is not None:
            rest.append(weight)
        if self._derivative is None:
            self._derivative = _derivative_of(self.group.objective, self.rows, [self.out, *rest])
        return self._derivative(self._by_autograd, self.leaf, self.out, rest)

    def _by_autograd(self, leaf: Tensor, sums: Tensor, target: Tensor, share: Tensor, *others: Tensor) -> Tensor:
        objective = self.group.objective
        beside = list(others[len(self.statistics) :])
        hidden = beside.pop(0) if self.takes_hidden else None
        weight = beside.pop() if beside else None
        with torch.enable_grad():
            value = losses(self.group, objective.activation(leaf), target, weight, self.rows, hidden)
        if objective.per == "batch":
            own = gradient(value, leaf, torch.ones_like(value), objective.place)
            torch.mul(value, self.rows, out=sums)
        else:
            own = gradient(value, leaf, share if weight is None else weight * share, objective.place)
            counted = value if weight is None else value * weight
            torch.sum(counted[:, : self.rows] if self.has_padding else counted, 1, out=sums)
        return own


class _Derivative:
    """A slope for batches of one shape: by autograd, and by a replay once that pays.

    The first calls are autograd's: a recording takes as long as some tens of replays save, so it is made after as many
    calls as would have paid for it. It must have autograd's bits on that batch and on the next one, or autograd it
    remains. Where a replay finds that the loss would have taken another branch, all this begins anew.

    Threads share it without a lock: at worst two of them record the same.
    """

    def __init__(self, may_record: bool) -> None:
        self._calls_left = WORTH_RECORDING if may_record else 0
        self._candidate: Replay | None = None
        self._replay: Replay | None = None

    def __call__(self, by_autograd: Callable[..., Tensor], leaf: Tensor, out: Tensor, rest: Sequence[Tensor]) -> Tensor:
        """`by_autograd(leaf, *rest)`, where `out` is what the leaf holds, and the first of the rest is written into."""
        if self._replay is not None:
            own = self._replay([out, *rest])
            if own is not None:
                return own
            self._replay, self._calls_left = None, WORTH_RECORDING
        own = by_autograd(leaf, *rest)
        candidate, self._candidate = self._candidate, None
        if candidate is not None:
            if _agrees(candidate, [out, *rest], own):
                self._replay = candidate
        elif self._calls_left > 0:
            self._calls_left -= 1
            if self._calls_left == 0:
                self._candidate = _recorded(by_autograd, leaf, out, rest, own)
        return own


def _recorded(
    by_autograd: Callable[..., Tensor], leaf: Tensor, out: Tensor, rest: Sequence[Tensor], own: Tensor
) -> Replay | None:
    try:
        replay = record(by_autograd, [leaf, *rest], written=rest[0])
    except CannotRecordError:
        return None
    return replay if _agrees(replay, [out, *rest], own) else None


def _agrees(replay: Replay, inputs: Sequence[Tensor], own: Tensor) -> bool:
    """Whether a replay has the slope and the sums that autograd has just left; the sums are as before afterwards."""
    sums = inputs[1]
    before = sums.clone()
    try:
        result = replay(inputs)
    except RuntimeError:  # the interpreter's
        result = None
    same = result is not None and _same_bits(result, own) and _same_bits(sums, before)
    sums.copy_(before)
    return same


def _same_bits(a: Tensor, b: Tensor) -> bool:
    whole = {4: torch.int32, 8: torch.int64}[a.element_size()]
    return a.shape == b.shape and a.dtype == b.dtype and torch.equal(a.view(whole), b.view(whole))


_KEPT: OrderedDict[Hashable, _Derivative] = OrderedDict()
_LOCK = threading.Lock()


def _derivative_of(objective: Objective, rows: int, inputs: Sequence[Tensor]) -> _Derivative:
    """The derivative of that objective for inputs of these shapes, in this process; the least recent are forgotten."""
    out = inputs[0]
    if objective.key is None or out.device.type != "cpu" or out.numel() > MOST_OUTPUTS:
        return _Derivative(may_record=False)
    key = (objective.key, rows, *((tuple(t.shape), t.stride(), t.dtype) for t in inputs))
    with _LOCK:
        kept = _KEPT.setdefault(key, _Derivative(may_record=True))
        _KEPT.move_to_end(key)
        if len(_KEPT) > MOST_KEPT:
            _KEPT.popitem(last=False)
    return kept
