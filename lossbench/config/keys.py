"""The keys of a config: every path that a file and `--set` can name, with its field and its flag."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lossbench.config.flag import READING, RUN, Flag, Without
from lossbench.config.parts import RunConfig

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Key:
    """A key of a config; `flag` is None where only a file and `--set` name it."""

    path: tuple[str, ...]
    field: FieldInfo
    flag: Flag | None


def keys(config: type[BaseModel]) -> Iterator[Key]:
    """Every key of a config in the order of its fields, a part before what is in it."""
    return _below(config, (), frozenset())


def _below(model: type[BaseModel], path: tuple[str, ...], without: frozenset[str]) -> Iterator[Key]:
    for name, field in model.model_fields.items():
        here = (*path, name)
        flag = next((one for one in field.metadata if isinstance(one, Flag)), None)
        yield Key(here, field, None if ".".join(here) in without else flag)
        part = _model_in(field.annotation)
        if part is not None:
            hidden = {key for one in field.metadata if isinstance(one, Without) for key in one.keys}
            yield from _below(part, here, without | {".".join((*here, key)) for key in hidden})


def flagged(config: type[BaseModel]) -> dict[str, tuple[Key, Flag]]:
    """The keys with a flag by the flag's parameter, in the order of the help page: the machine and reading last."""
    declared = [(key, key.flag) for key in keys(config) if key.flag is not None]
    order = sorted(declared, key=lambda entry: entry[0].path[0] in RunConfig.model_fields)
    for entry in [entry for entry in order if entry[1].after]:
        at = next((other for other in order if other[1].name == entry[1].after), None)
        if at is not None:
            order.remove(entry)
            order.insert(order.index(at) + 1, entry)
    panels = panel_order([flag.panel for _, flag in order])
    return {flag.parameter: (key, flag) for key, flag in sorted(order, key=lambda entry: panels.index(entry[1].panel))}


def panel_order(panels: list[str]) -> list[str]:
    """Each panel once, as they come; how to run and how to read a table come last."""
    return [panel for panel in dict.fromkeys(panels) if panel not in {RUN, READING}] + [RUN, READING]


def model_at(config: type[BaseModel], path: Path) -> type[BaseModel]:
    """The model that checks the mapping at `path`."""
    for step in path:
        if isinstance(step, str) and step in config.model_fields:
            config = _model_in(config.model_fields[step].annotation) or config
    return config


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in found if model is not None), None)
