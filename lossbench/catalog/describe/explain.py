"""What the catalogue says of one loss or one pair, as plain data: the pages of `explain`.

Nothing here touches a tensor, so that it answers at once; nothing here draws, so that a table, JSON and HTML say the
same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from lossbench.calls import name_in, read_call
from lossbench.catalog.activations import ACTIVATIONS, Activation
from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.parameters import spelled
from lossbench.catalog.verdicts import Verdict, assess, best_activation, sound_activations
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.components.other_names import LOSS_NAMES, OtherName
from lossbench.components.penalties import ELSEWHERE, OBJECTIVE, PENALTIES
from lossbench.components.translate import of_loss, plain, translation
from lossbench.errors import UserError

TARGETS = {
    Encoding.CLASS_INDEX: "class index",
    Encoding.ONE_HOT: "one column a class, 0/1",
    Encoding.SIGNED_ONE_HOT: "one column a class, -1/+1",
    Encoding.CUMULATIVE: "one column a class but the last, 0/1: above it or not",
    Encoding.PROBABILITY: "0/1",
    Encoding.SIGN: "-1/+1",
    Encoding.FLOAT: "number, standardised",
    Encoding.NONNEGATIVE: "number >= 0",
    Encoding.POSITIVE: "number > 0",
}


@dataclass(frozen=True)
class PenaltyPage:
    """Everything that is said of one penalty."""

    name: str
    abbreviations: tuple[str, ...]
    formula: str
    effect: str
    objective: str
    elsewhere: tuple[tuple[str, str], ...]  # (who, how the same is written there)


@dataclass(frozen=True)
class Parameter:
    """A loss's parameter: what a config may give for it."""

    name: str
    default: Any
    allowed: str


@dataclass(frozen=True)
class OnTask:
    """How a loss supports a task."""

    task: str
    target: str
    outputs: str  # how many outputs the net has
    auto: str
    sound: tuple[str, ...]  # every activation that is sound, the preferred one first
    verdicts: tuple[tuple[str, Verdict], ...]  # of every activation


@dataclass(frozen=True)
class LossPage:
    """Everything that is said of one loss."""

    name: str
    abbreviations: tuple[str, ...]
    elsewhere: tuple[tuple[str, str], ...]  # (library, what it is called there, with what differs)
    family: str
    formula: str
    details: str
    tasks: tuple[OnTask, ...]
    on_order: str  # where it is trained on classes in an order as if they had none: how; else ""
    use: str
    estimates: str
    facts: tuple[str, ...]
    reduction: str  # from values to the number that is minimised
    floor: float | None
    parameters: tuple[Parameter, ...]
    pitfalls: tuple[str, ...]
    reference: str


@dataclass(frozen=True)
class PairPage:
    """What is said of a loss and an activation: the verdict per task."""

    loss: str
    formula: str
    activation: str
    activation_formula: str
    verdicts: tuple[tuple[str, Verdict], ...]
    pitfalls: tuple[str, ...]
    reference: str


def loss_page(loss: Loss) -> LossPage:
    """Everything that there is to say of a loss."""
    return LossPage(
        name=loss.label,
        abbreviations=tuple(short for short, name in LOSSES.abbreviations.items() if name == loss.name),
        elsewhere=tuple(elsewhere(loss)),
        family=loss.family,
        formula=loss.formula,
        details=loss.details,
        tasks=tuple(_on_task(loss, task) for task in loss.own_tasks),
        on_order="as multiclass: it does not see the order" if len(loss.own_tasks) < len(loss.tasks) else "",
        use=loss.use,
        estimates=loss.estimates,
        facts=tuple(facts(loss)),
        reduction=reduction(loss),
        floor=loss.floor,
        parameters=tuple(parameters(loss)),
        pitfalls=loss.pitfalls,
        reference=loss.reference,
    )


def elsewhere(loss: Loss) -> list[tuple[str, str]]:
    """What other libraries call a loss of the catalogue: each library with its names, and what differs."""
    entries = [entry for entry in LOSS_NAMES if loss.name in {entry.ours, *(entry.by[1].values() if entry.by else ())}]
    return [(entry.library, _called(entry)) for entry in entries] if loss.name in LOSSES else []


def _called(entry: OtherName) -> str:
    return ", ".join(entry.names) + (f" ({entry.note})" if entry.note else "")


def meaning(name: str) -> str:
    """`torch.nn.CrossEntropyLoss is cross_entropy here`: what another library's name of a loss means; "" of any other.

    It is no matter whether parameters stand behind the name.
    """
    entry = of_loss(name_in(name))
    if entry is None or plain(name_in(name)) == entry.ours or not entry.ours:
        return ""
    found = translation(entry, read_call(name).params)
    return f"{entry.title} is {found.name} here" + (f": {entry.note}" if entry.note else "")


def penalty_page(name: str) -> PenaltyPage | None:
    """Everything that there is to say of a penalty, None where none has that name."""
    name = PENALTIES.abbreviations.get(name, name)
    if name not in PENALTIES.names():
        return None
    found = PENALTIES.get(name)
    short = tuple(short for short, long in PENALTIES.abbreviations.items() if long == name)
    return PenaltyPage(name, short, found.formula, found.effect, OBJECTIVE, ELSEWHERE)


def pair_page(loss: Loss, activation: Activation, task: Task | None = None) -> PairPage:
    """What there is to say of a pair, on every task that the loss supports, or on one."""
    if task is not None and task not in loss.tasks:
        raise UserError(
            f"{loss.name} supports {' and '.join(t.value for t in tasks(loss))}, not {task.value}",
            fix=f"choose a loss for {task.value} (`lossbench losses --task {task.value}`)",
        )
    return PairPage(
        loss=loss.label,
        formula=loss.formula,
        activation=activation.name,
        activation_formula=activation.formula,
        verdicts=tuple((t.value, assess(loss, activation, t)) for t in tasks(loss) if task in {None, t}),
        pitfalls=loss.pitfalls,
        reference=loss.reference,
    )


def tasks(loss: Loss) -> list[Task]:
    """The tasks that a loss supports, in the vocabulary's order."""
    return [task for task in Task if task in loss.tasks]


def reduction(loss: Loss) -> str:
    """How its values become the number that is minimised, and what class weights and target weights do to it."""
    settings = {"class_weight": True, "target_weight": False}  # of classes, of values
    weight = " or ".join(name for name, of in settings.items() if of in {t.is_classification for t in loss.tasks})
    if loss.per == "batch":
        weighted = f"{weight} multiplies its rows, by 1 on average over the training part"
        return f"one value of all rows of a batch together, no mean over samples; {weighted}"
    weighted = (
        f"{weight} multiplies each sample's value, by 1 on average over the training part, not over each batch as "
        "torch's weight= does"
    )
    return f"one value a sample, averaged over the samples; {weighted}"


def sound_losses(activation: Activation, task: Task) -> list[str]:
    """The losses whose pair with the activation is sound on a task."""
    return [loss.name for loss in LOSSES if task in loss.tasks and assess(loss, activation, task).level.is_sound]


def facts(loss: Loss) -> list[str]:
    """What is known of a loss with its default parameters, in words; what is not known is not said."""
    sentences = []
    if not loss.is_declared:
        sentences.append("nothing is declared of it, so no activation is called sound: `lossbench doctor` measures it")
    if loss.per == "batch":
        sentences.append("of whole batches: its value is no mean over samples")
    if loss.stop_gradient:
        sentences.append(f"its gradient takes the factor {loss.stop_gradient} for constant (stop-gradient)")
    if loss.statistics:
        sentences.append(f"uses of the training part: {', '.join(loss.statistics).replace('_', ' ')}")
    if loss.last_hidden:
        sentences.append("uses the last hidden layer's outputs as constants: no gradient flows through them")
    if loss.proper:
        sentences.append("proper: least at the true probability or mean, and only there")
    where = [t.value for t in tasks(loss) if loss.is_consistent(t)]
    not_where = [t.value for t in tasks(loss) if loss.is_consistent(t) is False]
    if where:
        sentences.append(
            "consistent: its best outputs decide for the most probable class" + (f" ({where[0]})" if not_where else "")
        )
    if not_where:
        sentences.append(
            f"not consistent ({', '.join(not_where)}): its best outputs may not predict the most probable class"
        )
    if loss.convex is not None:
        sentences.append("convex in the outputs" if loss.convex else "not convex in the outputs")
    if loss.symmetric:
        sentences.append("symmetric: summed over the classes it is constant, so symmetric label noise moves no minimum")
    if loss.soft:
        sentences.append("made for probabilities of the classes as target (soft targets), too")
    elif loss.is_declared and loss.per == "sample" and where + not_where:
        sentences.append("probabilities of the classes as target (soft targets) weight its values for each class")
    if loss.also_try:
        sentences.append(f"a comparison that tunes parameters tries {spelled(loss.also_try)} too")
    return sentences


def parameters(loss: Loss) -> list[Parameter]:
    """A loss's parameters, their values where they are bound, and what is allowed."""
    fields = {} if loss.schema is None else loss.schema.model.model_fields
    return [Parameter(name, loss.params[name], _allowed(field)) for name, field in fields.items()]


def _on_task(loss: Loss, task: Task) -> OnTask:
    auto = best_activation(loss, task)
    sound = [a.name for a in sound_activations(loss, task)]
    two, three = loss.width(task, 2), loss.width(task, 3)
    per_class = "" if two == three else "one per class" + (", but the last" if three == 2 else "")
    per_class += "; all but the first are biases without weights" if per_class and loss.thresholds else ""
    return OnTask(
        task=task.value,
        target=TARGETS[loss.targets[task]],
        outputs=per_class if task is not Task.BINARY and per_class else str(two),
        auto=auto.name,
        sound=once([auto.name, *(sound if loss.is_declared else [])]),
        verdicts=tuple((a.name, assess(loss, a, task)) for a in ACTIVATIONS),
    )


def note(activation: Activation) -> str:
    """What to know of an activation, in a line."""
    flat = f"no gradient {activation.flat}" if activation.flat else ""
    return "; ".join(part for part in (flat, activation.note) if part)


def _allowed(field: FieldInfo) -> str:
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    bounds = [
        f"{sign} {getattr(bound, name):g}"
        for bound in field.metadata
        for name, sign in signs.items()
        if hasattr(bound, name)
    ]
    if bounds:
        return " and ".join(bounds)
    choices = getattr(field.annotation, "__args__", None)
    return " | ".join(map(str, choices)) if choices else getattr(field.annotation, "__name__", "any")


def once(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once."""
    return tuple(dict.fromkeys(names))
