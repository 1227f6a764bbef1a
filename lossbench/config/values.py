"""Parses values as users write them: numbers in text, lists with commas, short forms of a part.

A YAML file, `--set` and a flag may each say the same thing, so the schema takes all their spellings and keeps one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from lossbench.config.scalars import read_scalar

T = TypeVar("T")

_FILE = re.compile(r"-|.*[/\\].*|.*[^.]\.\w+")
_CALL = re.compile(r"(?P<name>[^()]+)\((?P<params>.*)\)", re.DOTALL)
_BLANK = {"none", "null", ""}


def _number(value: Any) -> Any:
    """`"1e-3"` -> 0.001; other text stays as it is, to be refused as what it is."""
    value = read_scalar(value) if isinstance(value, str) else value
    return value.real if isinstance(value, int | float) and not isinstance(value, bool) else value


def _whole(value: Any) -> Any:
    """`1e4` -> 10000, which YAML takes for a float."""
    value = _number(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _label(value: Any) -> Any:
    """A class or a column may be called 0, 1.5 or true."""
    return str(value) if isinstance(value, bool | int | float) else value


def _absent(value: Any) -> Any:
    """The word none, from a flag that has no other way to say it."""
    return None if isinstance(value, str) and value.lower() in _BLANK else value


def _full(value: Any) -> Any:
    return None if isinstance(value, str) and value.lower() in {"full", *_BLANK} else value


def split_list(value: Any) -> Any:
    """`"a,b"` -> ["a", "b"] (commas inside brackets and quotes do not split), 3 -> [3], "none" -> []."""
    if isinstance(value, str):
        return [] if value.strip().lower() in _BLANK else split_commas(value)
    return [value] if isinstance(value, int | float | Mapping) else value


if TYPE_CHECKING:
    Listed = list
else:

    class Listed:
        """`Listed[Positive]`: a list of at least one such value, also written as one value or with commas."""

        def __class_getitem__(cls, entry: Any) -> Any:
            entries = Annotated[list[entry], Field(min_length=1)]
            spellings = BeforeValidator(split_list, json_schema_input_type=entry | str | entries)
            return Annotated[list[entry], spellings, Field(min_length=1)]


def join_target(value: Any) -> Any:
    """["p_a", "p_b"] -> "p_a,p_b": several columns as a flag names them."""
    if not isinstance(value, list):
        return value
    for name in value:
        if not isinstance(name, str | int | float) or "," in str(name):
            what = "must be names of columns without a comma in them, got {given}"
            raise PydanticCustomError("target", what, {"given": repr(name)})
    return ",".join(str(_label(name)) for name in value)


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


def split_range(value: Any) -> Any:
    """`"1e-4:1e2"` -> ["1e-4", "1e2"]; what has no two numbers is one mistake, not two."""
    if not (isinstance(value, str) and ":" in value):
        return split_list(value)
    ends = value.split(":")
    try:
        return [str(float(end)) for end in ends]
    except ValueError:
        raise PydanticCustomError(
            "range", "must be two numbers as low:high, such as 1e-4:10, got {given}", {"given": repr(value)}
        ) from None


def spell_data(value: Any) -> Any:
    """`titanic` -> {name: titanic}; `table.csv` -> {file: table.csv}."""
    if not isinstance(value, str):
        return value
    return {"file" if is_file(value) else "name": value}


def is_file(text: str) -> bool:
    """Whether a text that stands for data names a file: by its ending, a slash, or `-` for standard input."""
    return bool(_FILE.fullmatch(text)) and not text.startswith("openml:")


def spell_loss(value: Any) -> Any:
    """`focal` -> {name: focal}; `focal(gamma=3)` -> {name: focal, params: {gamma: 3}}."""
    if not isinstance(value, str):
        return value
    call = _CALL.fullmatch(value)
    if call is None:
        return {"name": value}
    return {"name": call["name"].strip(), "params": read_params(call["params"])}


def spell_pair(value: Any) -> Any:
    """`nll+relu` -> {loss: nll, last_act: relu}; `nll` -> {loss: nll}."""
    if not isinstance(value, str):
        return value
    loss, plus, activation = value.rpartition("+")
    if plus and re.fullmatch(r"\s*\w+\s*", activation):
        return {"loss": spell_loss(loss.strip()), "last_act": activation.strip()}
    return {"loss": spell_loss(value)}


def spell_net(value: Any) -> Any:
    """`64` or `[64, 64]` -> {hidden: ...}."""
    return value if isinstance(value, Mapping) or value is None else {"hidden": value}


CLASS_WEIGHT_WORDS = ("none", "balanced")


def spell_weights(value: Any) -> Any:
    """`"no=1,yes=3"` -> {no: 1.0, yes: 3.0}; a word stays one; whatever gives no weights is refused."""
    if isinstance(value, str) and "=" in value:
        pairs = [entry.rpartition("=") for entry in split_commas(value)]
        value = {name.strip(): number for name, _, number in pairs}
    if isinstance(value, str) and value in CLASS_WEIGHT_WORDS:
        return value
    if not isinstance(value, Mapping) or not value or "" in value:
        raise PydanticCustomError(
            "class_weight",
            "must be none, balanced, or a weight for every class (no=1,yes=3), got {given}",
            {"given": repr(value)},
        )
    weights = {str(_label(name)): _number(weight) for name, weight in value.items()}
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < math.inf:
            raise PydanticCustomError(
                "class_weight",
                "must give class {name} a number > 0, got {given}",
                {"name": repr(name), "given": repr(weight)},
            )
    return {name: float(weight) for name, weight in weights.items()}


def spell_hidden(value: Any) -> Any:
    """`"64,32"` -> ["64", "32"], `none` -> []; an empty text, which may be a slip of the shell, is refused."""
    if isinstance(value, str) and not value.strip():
        raise PydanticCustomError("hidden", "must be sizes like 64,64, or none for a linear model; got an empty text")
    return split_list(value)


def read_params(text: str) -> dict[str, Any]:
    """`"gamma=3, alpha=0.5"` -> {"gamma": 3, "alpha": 0.5}; anything else is refused."""
    params: dict[str, Any] = {}
    for entry in split_commas(text) if text.strip() else []:
        name, equals, value = entry.partition("=")
        if not equals or not name.strip():
            raise PydanticCustomError("params", "must be written name=value, got {given}", {"given": repr(entry)})
        params[name.strip()] = read_scalar(value.strip())
    return params


# What each key's short form stands for; `data`, `losses` and `losses_add` may be lists of them.
SHORT_FORMS = {
    "data": spell_data,
    "loss": spell_loss,
    "losses": spell_pair,
    "losses_add": spell_pair,
    "net": spell_net,
}


def distinct(values: list[T] | None) -> list[T] | None:
    """The same list; refuses an entry that comes twice."""
    for i, value in enumerate(values or []):
        if values and value in values[:i]:
            raise PydanticCustomError("distinct", "must not have {given} twice", {"given": _name_of(value)})
    return values


def _name_of(value: Any) -> str:
    return str(getattr(value, "name", None) or getattr(value, "file", None) or value)


Real = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_whole)]
Label = Annotated[str, BeforeValidator(_label, json_schema_input_type=str | float | bool)]
Absent = BeforeValidator(_absent)
Full = BeforeValidator(_full, json_schema_input_type=Annotated[int, Field(ge=1)] | None)
