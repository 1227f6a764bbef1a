"""Parses values as users write them: numbers in text, lists with commas, short forms of a part.

A YAML file, `--set` and a flag may each say the same thing, so the schema takes all their spellings and keeps one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from lossbench.calls import read_call, read_pair, split_commas
from lossbench.components.translate import translated
from lossbench.errors import UserError
from lossbench.scalars import read_scalar

T = TypeVar("T")

_FILE = re.compile(r"-|.*[/\\].*|.*[^.]\.\w+")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"\s*(?:,|$)')
AUTO = "auto"
_BLANK = {"none", "null", ""}
_NAMED = ("openml:", "openml-suite:", "suite:")  # what a name of data may begin with


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


def split_labels(value: Any) -> Any:
    """`'a,"b, c"'` -> ["a", "b, c"]: as `split_list`; what begins with a double quote is one entry, as in CSV."""
    if not isinstance(value, str) or '"' not in value:
        return split_list(value)
    entries, rest = [], value.strip()
    while rest:
        if quoted := _QUOTED.match(rest):
            entries.append(quoted[1].replace('""', '"'))
            rest = rest[quoted.end() :]
        elif rest.startswith('"'):
            raise PydanticCustomError(
                "quotes", "must have a closing quote and a comma behind it, got {given}", {"given": repr(rest)}
            )
        else:
            plain, _, rest = rest.partition(",")
            entries.append(plain.strip())
        rest = rest.lstrip()
    return entries


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
    return bool(_FILE.fullmatch(text)) and not text.startswith(_NAMED)


def spell_loss(value: Any) -> Any:
    """`focal` -> {name: focal}; `focal(gamma=3)` -> {name: focal, params: {gamma: 3}}."""
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        return value
    call = _written(read_call, value["name"])
    if not call.params:
        return {**value, "name": call.name}
    given = value.get("params") or {}
    return {**value, "name": call.name, "params": {**call.params, **given} if isinstance(given, Mapping) else given}


def translate_loss(value: Any) -> Any:
    """{name: CrossEntropyLoss, params: {weight: [1, 3]}} -> {name: cross_entropy, class_weight: [1, 3]}."""
    loss = spell_loss(value)
    if not isinstance(loss, Mapping) or not isinstance(loss.get("name"), str):
        return loss
    params = loss.get("params") or {}
    found = _written(translated, loss["name"], params) if isinstance(params, Mapping) else None
    if found is None:
        return loss
    loss = {**loss, "name": found.name} | ({"params": found.params} if params else {})
    if found.class_weight is None:
        return loss
    if loss.get("class_weight", "none") not in ("none", None):
        raise PydanticCustomError("class_weight", "has class weights twice: as weight and as class_weight; give one")
    return {**loss, "class_weight": found.class_weight}


def spell_pair(value: Any) -> Any:
    """`nll+relu` -> {loss: nll, last_act: relu}; `nll` -> {loss: nll}; a mapping of a loss's keys is a loss, too."""
    if isinstance(value, Mapping) and "name" in value and "loss" not in value:
        value = {"loss": value}
    return split_pair({"loss": value} if isinstance(value, str) else value)


def split_pair(config: Any) -> Any:
    """{loss: nll+relu} -> {loss: nll, last_act: relu}, in whatever has these two keys."""
    loss = config.get("loss") if isinstance(config, Mapping) else None
    name = loss.get("name") if isinstance(loss, Mapping) else loss
    if not isinstance(name, str):
        return config
    own, activation = read_pair(name)
    if not activation:
        return config
    if (given := config.get("last_act") or AUTO) not in (AUTO, activation):
        raise PydanticCustomError(
            "pair",
            "loss: {name} names a last activation, and last_act is {given}; give one of them",
            {"name": name, "given": given},
        )
    return {**config, "loss": {**loss, "name": own} if isinstance(loss, Mapping) else own, "last_act": activation}


R = TypeVar("R")


def _written(read: Callable[..., R], *given: Any) -> R:
    """What `read` makes of it; its refusal as this config's."""
    try:
        return read(*given)
    except UserError as problem:
        raise PydanticCustomError("written", "{why}", {"why": str(problem)}) from None


def spell_net(value: Any) -> Any:
    """`64` or `[64, 64]` -> {hidden: ...}."""
    return value if isinstance(value, Mapping) or value is None else {"hidden": value}


CLASS_WEIGHT_WORDS = ("none", "balanced", "sqrt_balanced")


def spell_weights(value: Any) -> Any:
    """`"no=1,yes=3"` -> {no: 1.0, yes: 3.0}; `"1,3"` -> [1.0, 3.0], in the order of the classes; a word stays one.

    Whatever gives no weights is refused.
    """
    if isinstance(value, str) and "=" in value:
        pairs = [entry.rpartition("=") for entry in split_commas(value)]
        value = {name.strip(): number for name, _, number in pairs}
    if isinstance(value, str) and "," in value:
        value = split_commas(value)
    if isinstance(value, list) and value:
        return [_class_weight(weight, f"class {i + 1} of {len(value)}") for i, weight in enumerate(value)]
    if isinstance(value, str) and value in CLASS_WEIGHT_WORDS:
        return value
    if not isinstance(value, Mapping) or not value or "" in value:
        raise PydanticCustomError(
            "class_weight",
            "must be {words}, or a weight for every class (no=1,yes=3, or 1,3 in their order), got {given}",
            {"words": ", ".join(CLASS_WEIGHT_WORDS), "given": repr(value)},
        )
    return {str(_label(name)): _class_weight(weight, f"class {str(_label(name))!r}") for name, weight in value.items()}


def _class_weight(weight: Any, which: str) -> float:
    number = _number(weight)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < math.inf:
        raise PydanticCustomError(
            "class_weight", "must give {which} a number > 0, got {given}", {"which": which, "given": repr(number)}
        )
    return float(number)


def spell_matrix(value: Any) -> Any:
    """`"[[0.9, 0.1], [0.2, 0.8]]"` -> its rows; other text is a file's name."""
    return read_scalar(value) if isinstance(value, str) and value.lstrip().startswith("[") else value


def spell_hidden(value: Any) -> Any:
    """`"64,32"` -> ["64", "32"], `none` -> []; an empty text, which may be a slip of the shell, is refused."""
    if isinstance(value, str) and not value.strip():
        raise PydanticCustomError("hidden", "must be sizes like 64,64, or none for a linear model; got an empty text")
    return split_list(value)


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
