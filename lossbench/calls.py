"""How a name with parameters and a pair are written, at every door: `focal(gamma=3)`, `nll+relu`.

A file's name, `my_loss.py:my_loss`, may stand wherever a name does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from lossbench.errors import UserError
from lossbench.scalars import read_scalar

_CALL = re.compile(r"\s*(?P<name>[^()]+?)\s*\((?P<params>.*)\)\s*", re.DOTALL)
_ACTIVATION = re.compile(r"\s*[A-Za-z_][\w.]*\s*(\([^()+]*\))?\s*")


@dataclass(frozen=True)
class Call:
    """A name, and the parameters that were written behind it."""

    name: str
    params: dict[str, Any] = field(default_factory=dict)


def read_call(text: str, *, where: str = "") -> Call:
    """`focal(gamma=3)` -> focal, {gamma: 3}; a text without brackets behind it is a name.

    Raises `UserError` for a parameter that is not written name=value.
    """
    call = _CALL.fullmatch(text)
    return Call(text) if call is None else Call(call["name"], read_params(call["params"], where=where))


def name_in(text: str) -> str:
    """`focal(gamma=3)` -> focal, whatever stands in the brackets."""
    call = _CALL.fullmatch(text)
    return text if call is None else call["name"]


def read_pair(text: str) -> tuple[str, str]:
    """`nll+relu` -> nll, relu; "" for the activation of a text that names none."""
    loss, plus, activation = text.rpartition("+")
    if plus and loss.strip() and _ACTIVATION.fullmatch(activation):
        return loss.strip(), activation.strip()
    return text, ""


def read_params(text: str, *, where: str = "") -> dict[str, Any]:
    """`gamma=3, alpha=0.5` -> {gamma: 3, alpha: 0.5}; raises `UserError` for anything else."""
    params: dict[str, Any] = {}
    for entry in split_commas(text) if text.strip() else []:
        name, equals, value = (side.strip() for side in entry.partition("="))
        if not equals or not name:
            raise UserError(f"a parameter must be written name=value, got {entry!r}", where=where)
        if name in params:
            raise UserError(f"the parameter {name!r} comes twice", where=where, fix="give it once")
        params[name] = read_scalar(value)
    return params


def split_commas(text: str) -> list[str]:
    """The entries of a list written with commas; commas inside brackets do not split."""
    entries, depth = [""], 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth <= 0:
            entries.append("")
        else:
            entries[-1] += char
    return [entry.strip() for entry in entries]
