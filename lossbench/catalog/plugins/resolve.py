"""Users' own losses, activations and metrics: found by `file.py:name` or as a package's entry point.

A reference is a registry's name, an entry point's name (groups `lossbench.losses`, `lossbench.activations`,
`lossbench.metrics`), or `path/to/my_loss.py:my_loss`; a file that holds exactly one may be named alone. Nothing of a
user's is imported before a reference asks for it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lossbench.calls import name_in, read_call
from lossbench.catalog.activations import ACTIVATIONS, Activation
from lossbench.catalog.decoders import Decoder, Prediction
from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.plugins.adapt import UserFunction, a_kind, adapt, declare_plain
from lossbench.catalog.plugins.find_value import FILE, Value, find_value, source_file
from lossbench.catalog.plugins.measured_space import measure_space
from lossbench.catalog.plugins.packages import entry_point_names
from lossbench.catalog.plugins.torch_objects import activation_called, activation_name, loss_call
from lossbench.catalog.plugins.user_decoder import adapted, find_decoder, with_decoders
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.components.translate import Translation, of_activation, translated
from lossbench.docstrings import docstring
from lossbench.errors import UserError, choose
from lossbench.registry import Registry

if TYPE_CHECKING:
    from lossbench.catalog.metrics import Metric


def find_loss(
    reference: str | Loss | Callable[..., Any],
    *,
    task: str | None = None,
    target_encoding: str | None = None,
    decode: str | Decoder | Callable[..., Prediction] | None = None,
    where: str = "",
) -> Loss:
    """The loss that a reference means.

    The keywords declare what an undecorated function or `nn.Module` cannot say of itself. Raises `UserError` for a
    file, name or entry point that is not there or cannot be loaded, and for what cannot be a loss.
    """
    if isinstance(reference, Loss):
        return reference
    options = {"--task": task, "--target-encoding": target_encoding, "--decode": decode}
    if not isinstance(reference, str):
        name = getattr(reference, "__name__", type(reference).__name__)
        return _as_loss(reference, name, source_file(reference), options)
    call = read_call(reference, where=where)
    if (found := translated(call.name, call.params)) is not None:
        return _built_in(found, where)
    if call.name in LOSSES:
        loss = LOSSES.get(call.name)
    else:
        value = find_value(call.name, LOSSES, lambda value: hasattr(value, "__lossbench_loss__"), where)
        loss = _as_loss(value.value, value.name, value.file, options)
    return loss.bind(where=where, **call.params) if call.params else loss


def _built_in(found: Translation, where: str) -> Loss:
    """The loss that another library's name means."""
    if found.class_weight is not None:
        what = f"{found.of.title} has class weights"
        raise UserError(what, where=where, fix="give them as class_weight, which is no parameter of a loss")
    loss = LOSSES.get(found.name)
    return loss.bind(where=where, **found.params) if found.params else loss


def find_activation(reference: str | Activation | Callable[..., Any], *, where: str = "") -> Activation:
    """The last activation that a reference means: an `Activation`, or a function, whose space is measured; of torch's
    own functions and modules the catalogue's."""
    if isinstance(reference, Activation):
        return reference
    if not isinstance(reference, str):
        if (words := activation_name(reference, where=where)) is not None:
            return ACTIVATIONS.get(words)
        name = getattr(reference, "__name__", type(reference).__name__)
        return _as_activation(Value(reference, name, source_file(reference)))
    call = read_call(reference, where=where)
    if call.name in ACTIVATIONS and (call.name != reference or of_activation(call.name) is not None):
        return ACTIVATIONS.get(activation_called(call.name, call.params, where=where))
    if call.name in ACTIVATIONS:
        return ACTIVATIONS.get(call.name)
    return _as_activation(find_value(reference, ACTIVATIONS, lambda value: isinstance(value, Activation), where))


def _as_activation(found: Value) -> Activation:
    fn = found.value
    if isinstance(fn, Activation):
        return _not_built_in(fn, ACTIVATIONS, found.place)
    if not callable(fn):
        fix = "give a function of outputs [..., K]"
        raise UserError(f"{a_kind(fn)} is no activation", where=found.place, fix=fix)
    _refuse_name(found.name, ACTIVATIONS, found.place)
    formula = (docstring(fn) or found.name).split("\n", 1)[0]
    return Activation(found.name, fn, measure_space(fn, file=found.file, where=found.place), formula)


def find_metric(reference: str | Metric, *, where: str = "") -> Metric:
    """The metric that a reference means: one of the registry, or a user's declared `Metric`."""
    from lossbench.catalog.metrics import METRICS, Metric

    if isinstance(reference, Metric):
        return reference
    if reference in METRICS:
        return METRICS.get(reference)
    found = find_value(reference, METRICS, lambda value: isinstance(value, Metric), where)
    if isinstance(found.value, Metric):
        return _not_built_in(found.value, METRICS, found.place)
    fix = "make it a lossbench.Metric, which says what it needs"
    raise UserError(f"{a_kind(found.value)} is no metric", where=found.place, fix=fix)


def runs_others_code(reference: str, registry: Registry[Any]) -> bool:
    """Whether what a reference means comes from a user's file or an installed package."""
    name = name_in(reference)
    if name in registry:
        return False
    return bool(FILE.fullmatch(name)) or name in entry_point_names(registry.kind)


def loss_source(loss: Loss) -> tuple[str, str]:
    """The text of a user's file and its sha256, for the record; ("", "") for one of lossbench's own."""
    file = loss_file(loss)
    if not file:
        return "", ""
    try:
        content = Path(file).read_bytes()
    except OSError:
        return "", ""
    return importlib.util.decode_source(content), sha256(content).hexdigest()


def activation_file(activation: Activation) -> str:
    """The file that a user's activation comes from; "" for one of lossbench's own."""
    if activation.name in ACTIVATIONS and ACTIVATIONS.get(activation.name) is activation:
        return ""
    return activation.fn.file if isinstance(activation.fn, UserFunction) else source_file(activation.fn)


def activation_sha256(activation: Activation) -> str:
    """The sha256 of that file; "" where there is none."""
    file = activation_file(activation)
    return sha256(Path(file).read_bytes()).hexdigest() if file else ""


def loss_file(loss: Loss) -> str:
    """The file that a user's loss comes from; "" for one of lossbench's own, or typed at a prompt."""
    return loss.fn.file if isinstance(loss.fn, UserFunction) else ""


def source_sha256(reference: str) -> str:
    """The sha256 of the file that a reference (`file.py:name`) names; "" where it names none."""
    file = FILE.fullmatch(reference)
    return sha256(Path(file["file"]).expanduser().read_bytes()).hexdigest() if file else ""


def _as_loss(value: Any, name: str, file: str, options: Mapping[str, Any]) -> Loss:
    """A loss from the object behind a user's name: a declaration, a decorated or plain function, or a module."""
    place = f"{Path(file).name}:{name}" if file else name
    declared = value if isinstance(value, Loss) else getattr(value, "__lossbench_loss__", None)
    if isinstance(declared, Loss):
        named = replace(declared, name=_free(name, place), fn=adapt(declared, file=file, where=place))
        return with_decoders(named, adapted)
    if not callable(value):
        raise UserError(f"{a_kind(value)} is no loss", where=place, fix="name a function or an nn.Module")
    says_nothing = not options["--target-encoding"] and not options["--decode"]
    if says_nothing and (call := loss_call(value)) is not None:
        found = translated(call["name"], call["params"])
        assert found is not None, "a name of the table"
        return _built_in(found, place)
    if missing := [flag for flag, text in options.items() if not text]:
        raise UserError(
            f"is not decorated with @loss, so {', '.join(missing)} must be said",
            where=place,
            fix="add them (such as --task binary --target-encoding sign --decode margin) or decorate it",
        )
    return declare_plain(
        value,
        name=_free(name, place),
        file=file,
        task=choose("--task", options["--task"] or "", {t.value: t for t in Task}),
        encoding=choose("--target-encoding", options["--target-encoding"] or "", {e.value: e for e in Encoding}),
        decode=find_decoder(options["--decode"]),
        where=place,
    )


E = TypeVar("E", Activation, "Metric")


def _not_built_in(entry: E, registry: Registry[E], place: str) -> E:
    """A user's entry, unless it would go by a built-in one's name; a built-in one that was imported is itself."""
    if entry not in list(registry):
        _refuse_name(entry.name, registry, place)
    return entry


def _refuse_name(name: str, registry: Registry[Any], place: str) -> None:
    """Records and saved nets know it by its name alone, which must not mean another one there."""
    if name in registry:
        raise UserError(f"{name!r} is the name of a built-in {registry.kind}", where=place, fix="give it another name")


def _free(name: str, place: str) -> str:
    """The name, or the place where a built-in loss has that name, so that tables tell the two apart."""
    return place if name in LOSSES else name
