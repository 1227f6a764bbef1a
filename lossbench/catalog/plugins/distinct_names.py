"""Users' losses of one name from several files, told apart by their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lossbench.catalog.loss import Loss
from lossbench.catalog.plugins.resolve import loss_file


def disambiguated(losses: Sequence[Loss]) -> list[Loss]:
    """The losses, those of one name from different files called after these: `a.py:my_loss` and `b.py:my_loss`."""
    files: dict[str, set[Path]] = {}
    for loss in losses:
        if file := loss_file(loss):
            files.setdefault(loss.name, set()).add(Path(file))
    named = []
    for loss in losses:
        others = files.get(loss.name, set())
        if len(others) > 1 and (file := loss_file(loss)):
            place = _shortest(Path(file), others)
            named.append(replace(loss, name=f"{place}:{loss.name.rpartition(':')[2]}"))
        else:
            named.append(loss)
    return named


def _shortest(path: Path, among: set[Path]) -> str:
    """The end of a path that none of the others has."""
    parts = path.parts
    ends = ("/".join(parts[-n:]) for n in range(1, len(parts)))
    return next(
        (end for end in ends if sum(f"/{other.as_posix()}".endswith(f"/{end}") for other in among) == 1), str(path)
    )
