"""The parameters of a loss: a schema made from its signature, values checked against it, and how they are written."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Annotated, Any

from annotated_types import Gt, Lt
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, create_model

from lossbench.errors import UserError, UserErrors, did_you_mean


def _ascending(levels: tuple[float, ...]) -> tuple[float, ...]:
    if not levels or any(a >= b for a, b in pairwise(levels)):
        raise ValueError("must be ascending")
    return levels


Levels = Annotated[tuple[Annotated[float, Gt(0), Lt(1)], ...], AfterValidator(_ascending)]  # of quantiles

_SIGNS = {"greater_than": ">", "greater_than_equal": ">=", "less_than": "<", "less_than_equal": "<="}
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "tuple": "a list",
}


class Schema:
    """The schema of a function's parameters; one without an annotation has its default's type."""

    def __init__(self, fn: Callable[..., Any], parameters: Iterable[inspect.Parameter]) -> None:
        self._fn, self._parameters = fn, tuple(parameters)

    @functools.cached_property
    def model(self) -> type[BaseModel]:
        """What checks values: made when it is first needed, which is never for most of the catalogue."""
        fields: dict[str, Any] = {}
        for parameter in self._parameters:
            annotation = parameter.annotation
            if isinstance(annotation, str):
                annotation = eval(annotation, self._fn.__globals__)
            if annotation is parameter.empty:
                annotation = type(parameter.default)
            fields[parameter.name] = (annotation, parameter.default)
        model: type[BaseModel] = create_model(
            self._fn.__name__,
            __config__=ConfigDict(extra="forbid", allow_inf_nan=False, protected_namespaces=()),
            **fields,
        )
        return model


def bound(
    loss: str, schema: Schema, present: Mapping[str, Any], changes: Mapping[str, Any], where: str = ""
) -> dict[str, Any]:
    """The present values of a loss's parameters with changes, checked; raises what `Loss.bind` raises."""
    known = list(schema.model.model_fields)
    here = where or f"loss {loss}"
    place = f"{where}.params." if where else f"{here}: "
    errors = [
        UserError(
            f"unknown parameter {name!r}",
            where=here,
            fix=did_you_mean(name, known) if known else f"{loss} takes no parameters",
        )
        for name in changes
        if name not in known
    ]
    try:
        values = schema.model(**{**present, **{k: v for k, v in changes.items() if k in known}})
    except ValidationError as problem:
        errors += [
            UserError(wrong_value(e), where=f"{place}{'.'.join(map(str, e['loc'][:1]))}") for e in problem.errors()
        ]
    if errors:
        raise errors[0] if len(errors) == 1 else UserErrors(errors)
    return {name: getattr(values, name) for name in known}


def wrong_value(error: Any) -> str:
    """What is wrong with a parameter's value, for an entry of a `ValidationError`: `must be >= 0, got -1`."""
    kind, limits, got = error["type"], error.get("ctx", {}), repr(error["input"])
    if kind in _SIGNS:
        return f"must be {_SIGNS[kind]} {next(iter(limits.values())):g}, got {got}"
    if kind == "literal_error":
        return f"must be {limits['expected'].replace(chr(39), '')}, got {got}"
    known = next((text for start, text in _KINDS.items() if kind.startswith(start)), None)
    said = error["msg"].removeprefix("Value error, ").lower()
    return f"must be {known}, got {got}" if known else f"{said}, got {got}"


def spelled(params: Mapping[str, Any]) -> str:
    """`gamma=3, alpha=0.25`: parameters as they are written behind a loss's name."""
    return ", ".join(f"{name}={_written(value)}" for name, value in params.items())


def _written(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_written, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
