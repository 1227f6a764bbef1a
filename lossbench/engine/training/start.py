"""Where a net begins that was trained before: its parameters, and what its optimiser remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lossbench.engine.nets.state import State


@dataclass(frozen=True, eq=False)
class Start:
    """A net between two trainings.

    `parameters`, and each buffer of `optimizer` (by its name in `OPTIMIZERS`), have the names and the shapes of
    `nn.Sequential.state_dict()`. Without buffers the optimiser begins anew; `steps` are those that it made.
    """

    parameters: State
    optimizer: Mapping[str, State] = field(default_factory=dict)
    steps: int = 0
