"""Class weights: none, by an inverse power of the classes' shares, or given class by class.

C classes. Weights are scaled to a mean of 1 over the training part's samples: a weight moves the balance between
classes, never the learning rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from lossbench.catalog.vocabulary import Task
from lossbench.errors import UserError, UserErrors, counted, unknown

ALIKE, BALANCED = "none", "balanced"
SHARE_POWER = {BALANCED: 1.0, "sqrt_balanced": 0.5}  # a class weighs the inverse of its share to that power

ClassWeight = str | tuple[tuple[str, float], ...]  # one of these words, or every class with its weight, in their order


def resolve_class_weight(
    wanted: str | Mapping[str, float] | Sequence[float], task: Task, classes: Sequence[str], *, where: str
) -> ClassWeight:
    """What a config says, with the weights in the classes' order.

    Raises `UserError`s where there are no classes, for a class that there is not and for one without a weight.
    """
    if wanted != ALIKE and not task.is_classification:
        raise UserError("class_weight needs classes", where=where, fix="leave it out of a regression")
    if isinstance(wanted, str):
        return wanted
    if not isinstance(wanted, Mapping):
        if len(wanted) != len(classes):
            what = f"has {counted(len(wanted), 'weight')} for {len(classes)} classes ({', '.join(classes)})"
            raise UserError(what, where=where, fix="give every class one, in this order")
        wanted = dict(zip(classes, wanted, strict=True))
    errors = [unknown("class", name, classes, where=where) for name in wanted if name not in classes]
    missing = [name for name in classes if name not in wanted]
    if missing and not errors:
        given = ", ".join(repr(name) for name in missing[:6])
        errors.append(UserError(f"says no weight for {given}", where=where, fix="give every class one"))
    if errors:
        raise errors[0] if len(errors) == 1 else UserErrors(errors)
    return tuple((name, wanted[name]) for name in classes)


def class_weights(class_weight: ClassWeight, counts_C: Tensor) -> Tensor | None:
    """What a sample of each class counts, `[C]`, in a training part of so many; None where all count alike."""
    if class_weight == ALIKE:
        return None
    counts = counts_C.double()
    if isinstance(class_weight, str):
        weight = counts.clamp_min(1) ** -SHARE_POWER[class_weight]
    else:
        weight = counts.new_tensor([value for _, value in class_weight])
    return weight * counts.sum() / (weight * counts).sum()


def class_weight_text(class_weight: ClassWeight) -> str:
    """`balanced`, `no:1/yes:3`: as it stands in a loss's label."""
    if isinstance(class_weight, str):
        return class_weight
    return "/".join(f"{name}:{value:g}" for name, value in class_weight)
