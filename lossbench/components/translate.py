"""From another library's name of a loss, with its parameters, to the name here, by the table of `other_names`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lossbench.components.other_names import ACTIVATION_NAMES, LOSS_NAMES, Only, OtherName
from lossbench.errors import UserError

PREFIXES = (  # of names, in lower case; the longer one goes before its own beginning
    *("torch.nn.functional.", "torch.nn.modules.loss.", "torch.nn.modules.activation.", "torch.nn.", "torch."),
    *("nn.functional.", "nn.", "f.", "tf.keras.losses.", "keras.losses.", "optax.losses.", "optax."),
)


@dataclass(frozen=True)
class Translation:
    """A name with its parameters in lossbench's words; `class_weight` in the order of the classes, None: not given."""

    name: str
    params: dict[str, Any]
    class_weight: list[Any] | None
    of: OtherName


def plain(name: str) -> str:
    """A name in lower case, without its library's prefix: `nn.L1Loss` -> l1loss."""
    lower = name.strip().lower().replace("-", "_")
    prefix = next((prefix for prefix in PREFIXES if lower.startswith(prefix)), "")
    return lower.removeprefix(prefix)


_LOSSES = {plain(name): entry for entry in LOSS_NAMES for name in entry.names}
_ACTIVATIONS = {plain(name): entry for entry in ACTIVATION_NAMES for name in entry.names}


def of_loss(name: str) -> OtherName | None:
    """The entry of a loss's other name; None of a name that no other library has."""
    return _LOSSES.get(plain(name))


def of_activation(name: str) -> OtherName | None:
    """The same of an activation's."""
    return _ACTIVATIONS.get(plain(name))


def spellings(entries: tuple[OtherName, ...]) -> dict[str, str]:
    """Every spelling of every entry that is not refused, with the name here."""
    return {name: entry.ours for entry in entries if entry.ours for name in entry.names}


def translated(name: str, params: Mapping[str, Any]) -> Translation | None:
    """A loss with its parameters in lossbench's words; None where the name is no other library's.

    Raises `UserError` with the reason for a loss or a parameter that there is no equivalent of.
    """
    entry = of_loss(name)
    return None if entry is None else translation(entry, params)


def translation(entry: OtherName, params: Mapping[str, Any]) -> Translation:
    """An entry with its parameters in lossbench's words; raises as `translated` does."""
    title = entry.title
    if entry.refused:
        raise UserError(f"{title} cannot be trained on a table: {entry.refused}")
    ours, found, weight = entry.ours, {}, None
    for key, value in params.items():
        if key in entry.only:
            _check(title, key, value, entry.only[key])
        elif entry.by is not None and key == entry.by[0]:
            _check(title, key, value, Only(tuple(entry.by[1]), "it is true or false"))
            ours = entry.by[1][value]
        elif key == entry.class_weight:
            weight = value if value is None or isinstance(value, list) else [value]
        else:
            found[entry.params.get(key, key)] = value[0] if isinstance(value, list) and len(value) == 1 else value
    return Translation(ours, {key: value for key, value in found.items() if value is not None}, weight, entry)


def _check(title: str, key: str, value: Any, only: Only) -> None:
    value = None if value == "None" else value  # as a call's text has it
    if value in only.values:
        return
    raise UserError(f"{title}: {key}={value!r} has no equivalent here: {only.why}", fix=f"leave {key} out")
