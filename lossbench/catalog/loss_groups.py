"""Groups of losses that a comparison takes in one word: the common ones, all of them, and each family."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache

from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.plugins.packages import points_of
from lossbench.docstrings import docstring
from lossbench.errors import UserError, did_you_mean

COMMON, ALL = "common", "all"


@dataclass(frozen=True)
class LossGroup:
    """Losses under one name; a family's description is the first sentence of its module."""

    name: str
    description: str
    losses: tuple[Loss, ...]


def families() -> list[LossGroup]:
    """The families of the catalogue, in its order."""
    names = dict.fromkeys(loss.family for loss in LOSSES)
    return [_family(name) for name in names]


def _family(name: str) -> LossGroup:
    losses = tuple(loss for loss in LOSSES if loss.family == name)
    text = docstring(sys.modules[losses[0].fn.__module__]).partition("\n")[0]
    return LossGroup(name, text.removesuffix("."), losses)


@cache
def loss_groups() -> dict[str, LossGroup]:
    """All groups by name, the families last."""
    common = LossGroup(COMMON, "What a comparison takes that names no losses", tuple(x for x in LOSSES if x.common))
    everything = LossGroup(ALL, "Every loss of the catalogue", tuple(LOSSES))
    return {group.name: group for group in (common, everything, *families())}


def find_group(name: str, *, where: str = "") -> LossGroup | None:
    """The group of that name; None where a loss is meant.

    Raises `UserError` for an unknown name to which a group's is the nearest.
    """
    groups = loss_groups()
    if name in groups or name in LOSSES or not name.isidentifier():
        return groups.get(name)
    losses = [*LOSSES.names(), *(point.name for point in points_of("loss"))]
    fix = did_you_mean(name, [*losses, *groups], aliases=LOSSES.aliases)
    if any(fix == f"did you mean {group!r}?" for group in groups):
        raise UserError(f"unknown loss {name!r}", where=where, fix=fix)
    return None
