"""The candidate that the others of a comparison are measured against."""

from __future__ import annotations

from pathlib import Path

from lossbench.calls import name_in, read_pair
from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.plugins.resolve import find_loss, loss_file
from lossbench.catalog.verdicts import Level
from lossbench.catalog.vocabulary import Task
from lossbench.errors import UserError
from lossbench.experiments.compare.candidates import CHOSEN, Candidate, Selection
from lossbench.record import BEST_BASELINE


def find_baseline(wanted: str, selection: Selection, task: Task) -> str:
    """The name of the candidate that the others are measured against; `UserError` where it is not among them.

    `auto`: a sound pair, cross_entropy or mse where it is one, else the first; a degraded one only where none is sound,
    and a broken one never beside another. `best`: whichever comes out best, known only at the end.
    """
    candidates = selection.candidates
    if wanted == BEST_BASELINE:
        return BEST_BASELINE
    if wanted == "auto":
        first = CHOSEN[task.is_classification]
        return min(candidates, key=lambda c: (_soundness(c), c.pair.loss.name != first)).name
    loss, activation = read_pair(wanted)
    own = ACTIVATIONS.full_name(activation)
    named = [c for c in candidates if _is_called(c, loss) and (not activation or own == c.pair.activation.name)]
    if named:
        return min(named, key=_soundness).name
    raise UserError(
        f"the baseline {wanted!r} is not among the losses",
        where="baseline",
        fix=f"add it, or choose one of {', '.join(c.name for c in candidates)}",
    )


def _soundness(candidate: Candidate) -> int:
    """0 for a sound pair, 1 for one of an undeclared loss or a degraded one, 2 for a broken one."""
    level = candidate.pair.verdict.level
    if level is Level.UNKNOWN:
        return 1
    return 0 if level.is_sound else 2 if level is Level.BROKEN else 1


def _is_called(candidate: Candidate, wanted: str) -> bool:
    """Whether a loss's name, label or `file.py:name` means the candidate, whatever blanks are in it."""
    wanted = wanted.replace(" ", "")
    names = {candidate.label.replace(" ", ""), candidate.pair.loss.name}
    file, colon, name = wanted.rpartition(":") if ":" in wanted else (wanted, "", "")
    own = loss_file(candidate.pair.loss).replace(" ", "")
    if own and file.endswith(".py") and str(Path(file).expanduser().resolve()).replace(" ", "") == own:
        return not colon or name in {known.rpartition(":")[2] for known in names}
    return wanted in names or LOSSES.full_name(wanted) in names or _own_label(wanted).replace(" ", "") in names


def _own_label(wanted: str) -> str:
    """The label of a loss of the catalogue as it is written here: `huber(delta=2)` of `HuberLoss(delta=2.0)`."""
    return find_loss(wanted).label if name_in(wanted) in LOSSES else wanted
