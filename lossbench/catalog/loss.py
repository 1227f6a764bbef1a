"""What a loss declares, and the decorator that declares it.

A loss is a function of outputs and encoded targets, per sample and unreduced:
`fn(out [..., B, K], target, *, params) -> [..., B]`. A loss of whole batches says so with `per="batch"`, takes the
rows' weights too and gives `[...]`. Leading axes are members of a population: a mean over them would mix members, so
nothing is reduced here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from lossbench.catalog.decoders import Decoder, Prediction, as_decoder
from lossbench.catalog.estimands import MOST_PROBABLE, OTHER_CLASS, PROBABILITIES, canonical
from lossbench.catalog.parameters import Schema, bound, spelled
from lossbench.catalog.per_task import PerTask, per_task, reasons_per_task, with_ordinal
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.components.other_names import LOSS_NAMES
from lossbench.components.translate import plain, spellings
from lossbench.docstrings import docstring
from lossbench.errors import UserError
from lossbench.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

Fn = TypeVar("Fn", bound=Callable[..., Any])
Read = Decoder | Callable[..., Prediction]
Decode = Read | Mapping[Any, Read]  # one, or one per Space or Task

ABBREVIATIONS = {
    "auc": "pairwise_auc",
    "balanced_softmax": "logit_adjusted",  # Ren et al. 2020: z + log n, a tau of 1
    "ce": "cross_entropy",
    "bce_logits": "bce_with_logits",
    "ib": "influence_balanced",
    "kldiv": "kl_div",
    "mae": "l1",
    "l2": "mse",
    "logistic": "soft_margin",
    "quantile": "pinball",
    "pseudo_huber": "soft_l1",
    "logcosh": "log_cosh",
    "cosine": "cosine_embedding",
    "am_softmax": "cosface",
    "supcon": "supervised_contrastive",
    "multilabel_margin": "multi_margin",  # torch's loss of that name, with one label a row
}
LAST_HIDDEN = "last_hidden"  # the keyword-only argument by which a loss asks for the last hidden layer


@dataclass(frozen=True)
class Loss:
    """One loss, as declared; call it with outputs and targets for the values per sample.

    `sound` spaces are those it expects, per task and in the order of preference; `risky` and `unsound` say why
    another one degrades or breaks it; `same_as` names, for an activation, the pair that has its gradients at every
    probe; `caveats` says what is to be known of a sound activation. `floor` is a number that no value on a sound space
    goes below (None: there is none). `statistics` are what it needs of the training part (`class_counts`).
    `also_try` is what a comparison tries beside the default parameters: one other setting, of one parameter or of
    several that belong together. What is claimed of a loss holds with its default parameters and the preferred
    activation.
    """

    name: str
    fn: Callable[..., Tensor] = field(repr=False)
    targets: Mapping[Task, Encoding]
    sound: Mapping[Task, tuple[Space, ...]]
    decode: Mapping[Any, Decoder]  # by Task or Space; the first holds for all that are not named
    reference: str
    risky: Mapping[Task, Mapping[Space, str]] = field(default_factory=dict)
    unsound: Mapping[Task, Mapping[Space, str]] = field(default_factory=dict)
    same_as: Mapping[Task, Mapping[str, str]] = field(default_factory=dict)  # activation -> "loss + activation"
    caveats: Mapping[Task, Mapping[str, str]] = field(default_factory=dict)  # activation -> what happens behind it
    floor: float | None = 0.0
    per: Literal["sample", "batch"] = "sample"
    thresholds: bool = False  # its outputs but the first are biases alone, the same in every row
    # Outputs per column of the encoded target: 2 for a mean and a variance; or what the parameters make of them.
    outputs: int | Callable[[Mapping[str, Any]], int] = 1
    min_outputs: int = 1
    estimates: str = ""  # the population minimiser: "class probabilities", "median", ...
    value_estimand: str = ""  # what its values estimate, in `estimands`' words, parameters in braces; "": not declared
    # The same of classes, given the parameters; None: the probabilities where it is proper, else as `consistent` says.
    class_estimand: Callable[[Mapping[str, Any]], str] | None = None
    use: str = ""  # when to use it and when not, one sentence: "Use it ...; not ..."
    pitfalls: tuple[str, ...] = ()
    # On every task: read by its decoder, the expected value's one minimiser is the true probability or mean.
    proper: bool = False
    proper_whatever: tuple[str, ...] = ()  # parameters that it is proper with at any value
    scored_raw: bool = False  # its probabilities are meant to be used as they come out, though it is not proper
    consistent: bool | Mapping[Task, bool] | None = None  # its minimiser predicts the most probable class
    convex: bool | None = None  # in the outputs
    symmetric: bool | None = None  # summed over the classes it is constant: robust to symmetric label noise
    statistics: tuple[str, ...] = ()
    last_hidden: bool = False  # it takes the last hidden layer too, [..., B, H]: constants, without a gradient
    stop_gradient: str = ""  # the factor of its value that its gradient takes for constant; "": the gradient is whole
    # Of probabilities as target (soft targets): True where `fn` itself is meant for them, or what takes its place, a
    # function of outputs and probabilities [..., B, C]; False: made for a class of each row, it is its expectation.
    soft: Callable[..., Tensor] | bool = field(default=False, repr=False)
    family: str = ""
    common: bool = False  # in the comparison that names no losses, where it is sound
    is_declared: bool = True  # False for a plain function, of which only what the user said beside it is known
    params: Mapping[str, Any] = field(default_factory=dict)  # bound values, defaults included
    defaults: Mapping[str, Any] = field(default_factory=dict, repr=False)
    schema: Schema | None = field(default=None, repr=False)
    also_try: Mapping[str, Any] = field(default_factory=dict)
    # Raises `UserError`, at the given place, for parameters that so many classes cannot have.
    check_classes: Callable[[Mapping[str, Any], int, str], None] | None = field(default=None, repr=False)
    metric: str = ""  # what it is scored by where none is named, parameters in braces; "": by the task's own

    @property
    def tasks(self) -> frozenset[Task]:
        """The tasks it can be trained on."""
        return frozenset(self.targets)

    @property
    def own_tasks(self) -> list[Task]:
        """Its tasks without the ordinal one where it is that of several classes there: it does not see their order."""
        unordered = self.targets.get(Task.ORDINAL) is self.targets.get(Task.MULTICLASS)
        return [task for task in Task if task in self.targets and not (unordered and task is Task.ORDINAL)]

    @property
    def formula(self) -> str:
        """The first line of its docstring."""
        return docstring(self.fn).split("\n", 1)[0].removesuffix(".")

    @property
    def details(self) -> str:
        """The rest of its docstring."""
        return docstring(self.fn).partition("\n")[2].strip()

    @property
    def label(self) -> str:
        """Its name, with the parameters that differ from their defaults: `focal(gamma=3)`."""
        return f"{self.name}({spelled(self.changed)})" if self.changed else self.name

    @property
    def changed(self) -> dict[str, Any]:
        """The parameters that differ from their defaults."""
        return {k: v for k, v in self.params.items() if v != self.defaults.get(k)}

    @property
    def own_metric(self) -> str:
        """The metric that scores what it estimates with its parameters, `pinball(quantile=0.9)`; "": the task's own."""
        return self.metric.format(**{k: list(v) if isinstance(v, tuple) else v for k, v in self.params.items()})

    def estimand(self, task: Task) -> str:
        """What is estimated on a task, in the words of `estimands`; "" where that is not declared."""
        if not task.is_classification:
            return canonical(self.value_estimand.format(**self.params))
        if self.class_estimand is not None:
            return self.class_estimand(self.params)
        if self.is_proper:
            return PROBABILITIES
        return {True: MOST_PROBABLE, False: OTHER_CLASS, None: ""}[self.is_consistent(task)]

    @property
    def is_proper(self) -> bool:
        """Whether it is proper with the parameters that are bound, not only with the default ones."""
        return self.proper and set(self.changed) <= set(self.proper_whatever)

    def is_consistent(self, task: Task) -> bool | None:
        """Whether its minimiser predicts the most probable class; None where that does not apply or is not known."""
        if not task.is_classification or not isinstance(self.consistent, Mapping):
            return self.consistent if task.is_classification and isinstance(self.consistent, bool) else None
        return self.consistent.get(task)

    def decoder_on(self, space: Space, task: Task) -> Decoder:
        """How its outputs are read when the last activation maps into that space.

        Of several decoders the task's own goes before the space's; the first holds for every space not named. It has
        the values of the parameters that it takes.
        """
        found = next((self.decode[key] for key in (task, space) if key in self.decode), None)
        return (found or next(iter(self.decode.values()))).bind(self.params)

    def width(self, task: Task, classes: int) -> int:
        """How many outputs K the net needs."""
        each = self.outputs(self.params) if callable(self.outputs) else self.outputs
        return max(self.targets[task].width(classes) * each, self.min_outputs)

    def bind(self, *, where: str = "", **params: Any) -> Loss:
        """The same loss with other parameters, checked; a `UserError` names each that is unknown or out of range."""
        assert self.schema is not None
        return replace(self, params=bound(self.name, self.schema, self.params, params, where))

    def __call__(self, out: Tensor, target: Tensor, *extra: Tensor, **named: Tensor) -> Tensor:
        """Values per sample, `[..., B]` (per batch: `[...]`, with the rows' weights as third argument); `named` are
        its statistics and the last hidden layer, where it asks for them."""
        return self.fn(out, target, *extra, **self.params, **named)


def _import_families() -> None:
    import importlib
    import pkgutil

    from lossbench.catalog import losses

    found = [module.name for module in pkgutil.iter_modules(losses.__path__)]
    for name in [*losses.EVERYDAY, *(name for name in found if name not in losses.EVERYDAY)]:
        importlib.import_module(f"{losses.__name__}.{name}")


LOSSES: Registry[Loss] = Registry(
    "loss", load=_import_families, abbreviations=ABBREVIATIONS, other_names=spellings(LOSS_NAMES), plain=plain
)


def declare(
    fn: Callable[..., Any],
    *,
    targets: Mapping[Task, Encoding],
    sound: PerTask,
    decode: Decode,
    reference: str,
    **declared: Any,
) -> Loss:
    """The `Loss` that a function and its declarations make: keyword-only arguments with a default are its parameters,
    those without one are statistics of the training part, or the last hidden layer (`last_hidden`).

    Raises TypeError for a function whose signature cannot be a loss's, and for an `also_try` that it does not take.
    """
    keywords = [p for p in inspect.signature(fn).parameters.values() if p.kind is p.KEYWORD_ONLY]
    with_default = [p for p in keywords if p.default is not p.empty]
    asked = [p.name for p in keywords if p.default is p.empty]
    for key in ("risky", "unsound", "same_as", "caveats"):
        declared[key] = reasons_per_task(declared.get(key, {}), targets, fn.__name__)
    defaults = {p.name: p.default for p in with_default}
    declaration = Loss(
        name=fn.__name__,
        fn=fn,
        targets=dict(targets),
        sound=per_task(sound, targets),
        decode=decoders_of(decode),
        reference=reference,
        statistics=tuple(name for name in asked if name != LAST_HIDDEN),
        last_hidden=LAST_HIDDEN in asked,
        family=fn.__module__.rsplit(".", 1)[-1],
        params=defaults,
        defaults=defaults,
        schema=Schema(fn, with_default),
        **declared,
    )
    _check_also_try(declaration)
    for decoder in declaration.decode.values():
        decoder.check(declaration.params, declaration.name)
    by_task = ("targets", "sound", "risky", "unsound", "same_as", "caveats", "decode", "consistent")
    return replace(declaration, **{name: with_ordinal(getattr(declaration, name), targets) for name in by_task})


def is_built_in(fn: Callable[..., Any]) -> bool:
    """Whether a loss's function is one of lossbench's own modules, not a user's."""
    return fn.__module__.startswith("lossbench.")


def decoders_of(decode: Decode) -> dict[Any, Decoder]:
    """Decoders by Task or Space, of what was declared as a loss's `decode`."""
    given = decode if isinstance(decode, Mapping) else {None: decode}
    return {key: as_decoder(one) for key, one in given.items()}


def _check_also_try(declaration: Loss) -> None:
    """Raise TypeError for another setting that the loss cannot have, or that is none."""
    place, other = f"{declaration.name}: also_try", declaration.also_try
    if not isinstance(other, Mapping):
        raise TypeError(f"{place} must map parameters to their other value, got {other!r}")
    if is_built_in(declaration.fn):
        return  # the defaults and the other setting of the catalogue's own are checked by its tests, not at every start
    try:
        bound = declaration.bind(where=place, **other)
    except UserError as problem:
        raise TypeError(str(problem)) from None
    if same := [name for name in other if name not in bound.changed]:
        raise TypeError(f"{place} must differ from the default, {', '.join(same)} does not")


def loss(
    *, targets: Mapping[Task, Encoding], sound: PerTask, decode: Decode, reference: str, **declared: Any
) -> Callable[[Fn], Fn]:
    """Declare the decorated function as a loss; it is returned unchanged and its name is the loss's only name.

    The keywords are the fields of `Loss`. `decode` is how outputs are read: one of `Decoder`'s, a function of outputs
    `[..., B, K]` that gives a `Prediction` and may take the loss's parameters as keyword-only arguments, or a mapping
    of such by Space or Task. A function of one of lossbench's own modules enters the registry; a user's is found by its
    `file.py:name`, through the declaration left on it.
    """

    def register(fn: Fn) -> Fn:
        declaration = declare(fn, targets=targets, sound=sound, decode=decode, reference=reference, **declared)
        fn.__lossbench_loss__ = declaration  # type: ignore[attr-defined]
        if is_built_in(fn):
            LOSSES.add(declaration)
        return fn

    return register
