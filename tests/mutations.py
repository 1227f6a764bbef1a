"""Damage done to JSON and YAML trees at random, the same for the same seed: what files look like that went wrong."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

from lossbench.errors import UserError, UserErrors

Path = tuple[str | int, ...]
WRONG: tuple[Any, ...] = (None, 1e308, -1, 10**30, "x", "", [], {}, True, [[]], {"x": None}, 0, 0.5)
OF_A_LIST = 3  # entries that are damaged; the others are like them


def mutations(tree: Any, count: int, seed: int) -> Iterator[tuple[str, Any]]:
    """So many copies of a tree with one place deleted, replaced, or given another place's value; and what was done.

    Places that differ by their number in a list alone are damaged as often together as one place elsewhere.
    """
    draw = random.Random(seed)
    places = list(_places(tree))
    alike: dict[Path, list[Path]] = {}
    for place in places:
        alike.setdefault(tuple(0 if isinstance(step, int) else step for step in place), []).append(place)
    for _ in range(count):
        path = draw.choice(alike[draw.choice(list(alike))])
        damaged = copy.deepcopy(tree)
        *before, last = path
        parent = _at(damaged, before)
        how = draw.choice(["delete", "replace", "replace", "swap"])
        if how == "delete":
            del parent[last]
        elif how == "replace":
            parent[last] = copy.deepcopy(draw.choice(WRONG))
            how = f"= {parent[last]!r}"
        else:
            other = draw.choice(places)
            parent[last] = copy.deepcopy(_at(tree, other))
            how = f"as {'.'.join(map(str, other))}"
        yield f"{'.'.join(map(str, path))} {how}", damaged


def is_taken(what: str, use: Callable[[], object], *, start: str = "") -> bool:
    """Whether what was damaged is used all the same; False where it is refused, each mistake in a line from `start` on.

    Anything else that is raised fails the test and names the damage.
    """
    try:
        use()
    except UserErrors as several:
        refusals = list(several.errors)
    except UserError as problem:
        refusals = [problem]
    except Exception as problem:
        raise AssertionError(f"{what}: {problem!r}") from problem
    else:
        return True
    if wrong := [line for line in map(str, refusals) if "\n" in line or not line.startswith(start)]:
        raise AssertionError(f"{what}: {wrong}")
    return False


def _places(node: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(node, dict):
        for key in node:
            yield from _places(node[key], (*path, key))
    elif isinstance(node, list):
        for i in range(min(len(node), OF_A_LIST)):
            yield from _places(node[i], (*path, i))


def _at(node: Any, path: Any) -> Any:
    for step in path:
        node = node[step]
    return node
