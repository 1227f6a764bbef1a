"""Which units are worked on next, together: blocks of some seconds, setting by setting."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lossbench.experiments.compare.planned import Evaluation

ENOUGH = 10.0  # seconds of work that are worth sending
LONGEST = 60.0  # seconds of one loss's repetitions that train together; more are cut
FIRST_GUESS = 4e-5  # seconds a step of one net, before any was measured


@dataclass(frozen=True)
class Share:
    """Some repetitions of one evaluation."""

    evaluation: int  # its place in the plan
    repeats: tuple[int, ...]


class Schedule:
    """Hands out what is left to do. The size of a block changes no result, so it follows the speed that is seen."""

    def __init__(self, evaluations: Sequence[Evaluation], missing: Mapping[int, Sequence[int]]) -> None:
        self._evaluations = evaluations
        self.sends = False  # whether blocks are sent to other processes, so that small ones do not pay
        self._pace, self._measured = FIRST_GUESS, 0.0
        self._waiting: OrderedDict[tuple[str, str], list[Share]] = OrderedDict()
        self._alone: list[Share] = []
        self._left = 0
        for place, repeats in missing.items():
            self._queue(Share(place, tuple(repeats)))

    def _queue(self, share: Share) -> None:
        evaluation = self._evaluations[share.evaluation]
        self._waiting.setdefault((evaluation.setting.key, evaluation.private), []).append(share)
        self._left += self._steps(share)

    def _steps(self, share: Share) -> int:
        steps = self._evaluations[share.evaluation].steps
        return sum(steps[repeat] for repeat in share.repeats)

    def steps(self, block: Sequence[Share]) -> int:
        """Steps of a block, if every net trains all its epochs."""
        return sum(self._steps(share) for share in block)

    @property
    def left(self) -> int:
        """Steps that were not handed out yet."""
        return self._left

    def __bool__(self) -> bool:
        return bool(self._alone or self._waiting)

    def learn(self, steps: int, seconds: float) -> None:
        """Take in how long a block of so many steps took."""
        self._measured += steps
        if steps:
            self._pace += (seconds / steps - self._pace) * min(1.0, max(0.2, steps / self._measured))

    def seconds(self, steps: int) -> float:
        """How long so many steps take one worker, as far as is known."""
        return steps * self._pace

    def again(self, block: Sequence[Share]) -> None:
        """Work on these once more, each by itself: one of them ended its worker."""
        self._alone += [Share(share.evaluation, (repeat,)) for share in block for repeat in share.repeats]
        self._left += self.steps(block)

    def next(self, slots: int) -> list[Share]:
        """The next block, where so many are worked on at a time: units of one setting, or of one private file."""
        if self._alone:
            block = [self._alone.pop(0)]
        else:
            place, waiting = next(iter(self._waiting.items()))
            enough = min(ENOUGH, max(1.0, self.seconds(self._left) / (2 * slots))) if self.sends else 0.0
            block = [self._cut(waiting)]
            while waiting and self.seconds(self.steps([*block, waiting[0]])) <= enough:
                block.append(self._cut(waiting))
            if not waiting:
                del self._waiting[place]
        self._left -= self.steps(block)
        return block

    def _cut(self, waiting: list[Share]) -> Share:
        """The first share, or as many of its repetitions as train in `LONGEST`; the rest goes on waiting."""
        share = waiting.pop(0)
        for count in range(len(share.repeats), 1, -1):
            some = Share(share.evaluation, share.repeats[:count])
            if self.seconds(self._steps(some)) <= LONGEST:
                break
        else:
            some = Share(share.evaluation, share.repeats[:1])
        if rest := share.repeats[len(some.repeats) :]:
            waiting.insert(0, Share(share.evaluation, rest))
        return some
