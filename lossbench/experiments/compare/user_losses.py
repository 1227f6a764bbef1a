"""Users' losses as a plan needs them: declared, and seen to work, by a process of their own.

A file's code may do anything as soon as it is loaded: end the process, never end, change what every other loss depends
on. So the process that plans and keeps the results does not load it. It gets everything that is declared, and what
calls have shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from torch import Tensor

from lossbench.catalog.activations import ACTIVATIONS, Activation
from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.plugins.adapt import UserFunction
from lossbench.catalog.plugins.resolve import activation_file, runs_others_code
from lossbench.catalog.plugins.user_decoder import with_decoders, without_code
from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.compare import PairConfig
from lossbench.engine.threads import one_thread
from lossbench.errors import UserError
from lossbench.experiments.probing.undeclared import Measured
from lossbench.experiments.setup.pair import Pair, resolve_pair
from lossbench.experiments.setup.resolve import AUTO, resolve_loss
from lossbench.experiments.setup.seen import Seen
from lossbench.workers import OutOfTime, WorkerDied
from lossbench.workers.alone import alone

SECONDS = 60.0  # that a loss may take to be loaded and looked at


@dataclass(frozen=True)
class UserLoss:
    """A user's loss and last activation without their code, and what calls of them have shown.

    `other` is the loss with the other setting of its own parameters (None: it has no choice); `seen` has both settings.
    A last activation of lossbench's own is its name; "" where the loss does not support the task.
    """

    loss: Loss
    activation: Activation | str = ""
    other: Loss | None = None
    seen: tuple[Seen, ...] = ()

    @property
    def settings(self) -> list[tuple[Loss, Seen]]:
        """The loss at each setting that it may choose, the default first, with what was seen of it."""
        return list(zip([self.loss] if self.other is None else [self.loss, self.other], self.seen, strict=False))

    def named(self, name: str) -> UserLoss:
        """The same under another name."""
        other = None if self.other is None else replace(self.other, name=name)
        return replace(self, loss=replace(self.loss, name=name), other=other)


@dataclass(frozen=True)
class _Asked:
    config: PairConfig
    task: Task
    classes: int
    tune_params: bool
    where: str  # the config has it
    is_called: bool = True


class UserLosses:
    """Looks at users' losses, at each one once for a task with so many classes; without `isolate` at none."""

    def __init__(self, *, isolate: bool) -> None:
        self._isolate = isolate
        self._known: dict[tuple[str, Task, int, bool], UserLoss] = {}

    def look_at(
        self, config: PairConfig, task: Task, classes: int, *, tune_params: bool, where: str
    ) -> UserLoss | None:
        """The user_loss that a config names; None for a pair of lossbench's own.

        Raises `UserError` where it cannot be loaded. One that ends its process when it is called, or does not come to
        an end, is said so in what was seen of it.
        """
        if not self._isolate or not _is_users(config):
            return None
        key = (config.model_dump_json(), task, classes, tune_params)
        if key not in self._known:
            self._known[key] = _look_at(_Asked(config, task, classes, tune_params, where))
        return self._known[key]


def alternative(pair: Pair, given: tuple[str, ...]) -> Pair | None:
    """The pair with the other setting of its loss's own parameters; None where it has none, or one was given."""
    also_try = pair.loss.also_try
    if not also_try or set(also_try) & set(given):
        return None
    return replace(pair, loss=pair.loss.bind(**also_try))


def _is_users(config: PairConfig) -> bool:
    own_activation = config.last_act != AUTO and runs_others_code(config.last_act, ACTIVATIONS)
    return own_activation or runs_others_code(config.loss.name, LOSSES)


def _look_at(asked: _Asked) -> UserLoss:
    try:
        return alone(_examine, asked, seconds=SECONDS)
    except WorkerDied as problem:
        how = problem
    try:
        declared = alone(_examine, replace(asked, is_called=False), seconds=SECONDS)
    except WorkerDied as problem:
        fix = "correct it, or leave it out"
        place = asked.config.loss.name
        raise UserError(f"{problem} while it was loaded", where=f"{asked.where}loss: {place}", fix=fix) from None
    why = f"{how} while it was examined"
    seen = Seen(Measured(why, ()), untrainable=why if isinstance(how, OutOfTime) else "")
    return replace(declared, seen=(seen, seen))


def _examine(asked: _Asked) -> UserLoss:
    config = asked.config
    loss = resolve_loss(config.loss, asked.task, where=f"{asked.where}loss")
    if asked.task not in loss.targets:
        return UserLoss(_without_code(loss))
    pair = resolve_pair(loss, config.last_act, asked.task, asked.classes, path=asked.where)
    other = alternative(pair, tuple(config.loss.params)) if asked.tune_params else None
    seen: tuple[Seen, ...] = ()
    if asked.is_called:
        with one_thread():
            seen = tuple(one.look() for one in (pair, other) if one is not None)
    return UserLoss(
        _without_code(loss),
        _activation_without_code(pair.activation),
        None if other is None else _without_code(other.loss),
        seen,
    )


def _without_code(loss: Loss) -> Loss:
    fn = loss.fn.elsewhere() if isinstance(loss.fn, UserFunction) else loss.fn
    return with_decoders(replace(loss, fn=fn, schema=None), without_code)


def _activation_without_code(activation: Activation) -> Activation | str:
    if activation.name in ACTIVATIONS and ACTIVATIONS.get(activation.name) is activation:
        return activation.name
    file = activation_file(activation)
    fn = UserFunction(activation.fn, file=file, where=file, batching=lambda: "leading axes")
    without: Callable[[Tensor], Tensor] = cast(Any, fn.elsewhere())
    return replace(activation, fn=without)
