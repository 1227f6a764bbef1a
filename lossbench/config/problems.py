"""Error messages of a config: the key, the value that was given, the values that are allowed."""

from __future__ import annotations

import difflib
import reprlib
from typing import Any

from pydantic import BaseModel

from lossbench.components.penalties import PENALTIES
from lossbench.config.keys import Path, keys, model_at
from lossbench.errors import did_you_mean

_FORMS = {
    "data": "a data set's name, a file, or a mapping of keys",
    "loss": "a loss's name or a mapping of keys",
    "losses": "a loss's name or a mapping of keys",
    "losses_add": "a loss's name or a mapping of keys",
    "net": "hidden layer sizes or a mapping of keys",
}
_PATTERNS = {
    "device": "must be auto, cpu, cuda, cuda:N or mps",
    "name": "must be a plain folder name, without slashes or a leading dot",
    "decimal": "must be one character",
}
# Keys that one may look for where they go by other names.
_MEANT = {
    name: f"{PENALTIES.get(name).title} is l1 and l2 together: give both"
    for name in (*PENALTIES.names(), *PENALTIES.abbreviations)
    if PENALTIES.get(name).uses_l1_ratio
}
_TYPES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping of keys",
}
_BOUNDS = {
    "greater_than": (">", "gt"),
    "greater_than_equal": (">=", "ge"),
    "less_than": ("<", "lt"),
    "less_than_equal": ("<=", "le"),
}


def describe(error: Any, config: type[BaseModel]) -> tuple[str, str]:
    """What is wrong and how to correct it ("" where the first says it all), for an entry of a `ValidationError`."""
    kind, path, got, limits = error["type"], error["loc"], shown(error["input"]), error.get("ctx", {})
    if kind in {"extra_forbidden", "invalid_key"}:
        return "unknown key", nearest_key(str(path[-1]), path[:-1], config)
    if kind == "missing":
        return "is missing", f"give it as {path[-1]}: ..."
    if kind in _BOUNDS:
        sign, limit = _BOUNDS[kind]
        return f"must be {sign} {_plain(limits[limit])}, got {got}", ""
    if kind == "literal_error":
        return _one_of(limits["expected"], error["input"])
    if kind in {"model_type", "model_attributes_type"}:
        key = next((step for step in reversed(path) if isinstance(step, str)), "")
        return f"must be {_FORMS.get(key, 'a mapping of keys')}, got {got}", ""
    if kind in _TYPES:
        return f"must be {_TYPES[kind]}, got {got}", "put it in quotes" if kind == "string_type" and error[
            "input"
        ] is not None else ""
    if kind == "too_short":
        return f"needs at least {_values(limits['min_length'])}, got {limits['actual_length']}", ""
    if kind == "too_long":
        return f"takes at most {_values(limits['max_length'])}, got {limits['actual_length']}", ""
    if kind == "string_too_long":
        return f"must be at most {limits['max_length']} characters, got {len(error['input'])}", ""
    if kind == "string_unicode":
        return f"must be UTF-8, got {got}", "rename it, or give it another name in UTF-8"
    if kind.startswith("string_"):
        return f"{_PATTERNS.get(str(path[-1]), 'must not be empty')}, got {got}", ""
    return error["msg"], ""


def nearest_key(key: str, path: Path, config: type[BaseModel]) -> str:
    """What to do about an unknown key at `path`: the key of that name elsewhere, else the most similar one here."""
    if key in _MEANT:
        return _MEANT[key]
    model = model_at(config, path)
    known = list(model.model_fields)
    elsewhere = [".".join(found.path) for found in keys(config) if found.path[-1] == key]
    if not difflib.get_close_matches(key, known, n=1, cutoff=0.8) and elsewhere:
        return f"did you mean {elsewhere[0]!r}?"
    return did_you_mean(key, known)


def _one_of(expected: str, got: Any) -> tuple[str, str]:
    allowed = expected.replace("'", "")
    near = difflib.get_close_matches(str(got), allowed.replace(" or ", ", ").split(", "), n=1, cutoff=0.6)
    return f"must be {allowed}, got {shown(got)}", f"did you mean {near[0]!r}?" if near else ""


def _plain(limit: float) -> str:
    return str(limit) if isinstance(limit, int) else f"{limit:g}"


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"


def shown(value: Any) -> str:
    """A value as its author wrote it, cut where it is long."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _SHORT.repr(value)


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
