"""From a YAML file, `--set` and flags to a checked config; every problem of all three is reported at once.

A flag overrides `--set`, which overrides the file, which overrides the defaults. Paths inside a file are relative to
the working directory, like those on the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from lossbench.config import problems
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.conditions import ConditionsConfig, group_conditions
from lossbench.config.keys import Path as Keys
from lossbench.config.keys import model_at
from lossbench.config.parts import RunConfig
from lossbench.config.scalars import write
from lossbench.config.schema import CONFIGS, Command, Config
from lossbench.config.values import SHORT_FORMS, split_list
from lossbench.config.yaml_file import construct, read_mapping
from lossbench.errors import UserError, UserErrors, unknown
from lossbench.scalars import read_scalar


@dataclass(frozen=True)
class Override:
    """A value laid over a config at a path; `source` is what its author wrote: `--lr`, `--set optim.lr`."""

    path: Keys
    value: Any
    source: str

    def covers(self, place: Keys) -> bool:
        """Whether what stands at `place` came from here; without an index, from every entry of a list."""
        steps = iter(place)
        for own in self.path:
            step = next(steps, None)
            while isinstance(step, int) and not isinstance(own, int):
                step = next(steps, None)
            if step != own:
                return False
        return True


def parse_set(text: str) -> Override:
    """`losses.1.last_act=relu` as an override; the value is read as YAML."""
    path, equals, value = text.partition("=")
    steps = [step.strip() for step in path.split(".")]
    if not equals or not all(steps):
        raise UserError("must be written key=value or part.key=value", where=f"--set {text}")
    return Override(tuple(int(s) if s.isdecimal() else s for s in steps), read_scalar(value), f"--set {path}")


def load(
    file: str | Path | None = None,
    sets: Sequence[str] = (),
    flags: Sequence[Override] = (),
    kind: Command | None = None,
    also: Callable[[Config], None] = lambda _: None,
) -> Config:
    """The config of a file (None: the defaults) with overrides on top.

    `kind` is the command's; None takes what the file says, else `train`. Raises `UserErrors` with every problem found;
    where there are some, `also` may find more in what is left of the config without them.
    """
    node = read_mapping(Path(file)) if file is not None else None
    tree: dict[str, Any] = construct(node, file) if node is not None else {}
    config = CONFIGS[_kind(tree, kind, file, node)]
    tree = group_conditions(tree) if config is CompareConfig else tree
    errors: list[UserError] = []
    overrides: list[Override] = []
    for text in sets:
        try:
            overrides.append(parse_set(text))
        except UserError as error:
            errors.append(error)
    # Naming a part anew starts it anew, so that comes first: `--loss focal` must not drop `--set loss.params.gamma=3`.
    overrides = sorted([*overrides, *flags], key=lambda override: not _names_a_part(override.path))
    for override in overrides:
        try:
            _lay(tree, override, config)
        except UserError as error:
            errors.append(error)
    try:
        checked = config.model_validate(tree)
    except ValidationError as found:
        errors += [
            user_error(error, config, file, node, overrides)
            for error in found.errors()
            if error["type"] != "default_factory_not_called"  # only says that another key is wrong
        ]
        errors += _found_in_the_rest(tree, found, config, also)
    if errors:
        raise UserErrors(list({str(error): error for error in errors}.values()))
    return checked


def _found_in_the_rest(
    tree: dict[str, Any], found: ValidationError, config: type[Config], also: Callable[[Config], None]
) -> Sequence[UserError]:
    """What `also` finds in a config without the top-level keys that have problems."""
    wrong = {error["loc"][0] for error in found.errors() if error["loc"]}
    try:
        also(config.model_validate({key: value for key, value in tree.items() if key not in wrong}))
    except UserErrors as several:
        return several.errors
    except UserError as one:
        return [one]
    except ValidationError:
        pass
    return []


def to_yaml(config: BaseModel) -> str:
    """A config written out in full, so that `load` gives it back: the command and the data first, the machine last."""
    tree = config.model_dump(mode="python")
    last = [key for key in RunConfig.model_fields if key in tree]
    order = ["kind", *(key for key in tree if key not in {"kind", *last}), *last]
    return write({key: tree[key] for key in order if key in tree})


def _kind(tree: dict[str, Any], kind: Command | None, file: str | Path | None, node: yaml.Node | None) -> Command:
    named = tree.get("kind", kind or "train")
    if not isinstance(named, str) or named not in CONFIGS:
        wrong = unknown("kind", str(named), CONFIGS)
        raise UserError(wrong.what, where=_where(("kind",), file), fix=wrong.fix + _line(("kind",), node))
    if kind is not None and named != kind:
        raise UserError(
            f"the file is for `lossbench {named}`{_line(('kind',), node)}",
            where=_where(("kind",), file),
            fix=f"run that, or give {kind} a file of its own",
        )
    found: Command = named
    return found


# --- overrides -------------------------------------------------------------------------------------------------------


def _names_a_part(path: Keys) -> bool:
    keys = [step for step in path if isinstance(step, str)]
    return bool(keys) and (
        keys[-1] in SHORT_FORMS or (keys[-1] in {"name", "file"} and keys[-2:-1] != [] and keys[-2] in SHORT_FORMS)
    )


def _lay(tree: dict[str, Any], override: Override, config: type[BaseModel]) -> None:
    head, *rest = override.path
    if config is CompareConfig and head in ConditionsConfig.model_fields:
        head, rest = "conditions", [head, *rest]
    if not rest:
        tree[str(head)] = override.value
        return
    key = str(head)
    if tree.get(key) is None:  # an unknown key gets a mapping, to be refused as unknown with the others
        field = config.model_fields.get(key)
        tree[key] = {} if field is None else _plain(field.get_default(call_default_factory=False))
    several = key in {"losses", "losses_add"} or (key == "data" and config is CompareConfig)
    tree[key] = _spelled_out(key, split_list(tree[key]) if several else tree[key])
    is_part = model_at(config, (key,)) is not config
    if is_part and not isinstance(tree[key], dict | list | None):
        return  # what stands there is no mapping, which will be said of it
    _put(tree[key], rest, override, key)


def _plain(default: Any) -> Any:
    if isinstance(default, BaseModel):
        return default.model_dump(exclude_unset=True)
    return [_plain(entry) for entry in default] if isinstance(default, list) else default


def _spelled_out(key: str, value: Any) -> Any:
    form = SHORT_FORMS.get(key)
    if form is None:
        return value
    return [form(entry) for entry in value] if isinstance(value, list) else form(value)


def _put(node: Any, path: Sequence[str | int], override: Override, place: str) -> None:
    head, *rest = path
    if isinstance(node, list):
        if not isinstance(head, int):
            # Laid over every entry; what is said of tables is said of the files among them, if there are any.
            for i, entry in enumerate([e for e in node if isinstance(e, dict) and "file" in e] or node):
                _put(entry, path, override, f"{place}.{i}")
        elif head >= len(node):
            raise UserError(f"{place} has no entry {head}", where=override.source, fix=f"it has 0 to {len(node) - 1}")
        elif rest:
            _put(node[head], rest, override, f"{place}.{head}")
        else:
            node[head] = override.value
    elif isinstance(node, dict):
        key = str(head)
        if not rest:
            node[key] = override.value
            return
        node[key] = _spelled_out(key, {} if node.get(key) is None else node[key])
        _put(node[key], rest, override, f"{place}.{key}")
    else:
        fix = f"give {place} first" if node is None else f"{place} is one value, without keys"
        raise UserError(f"{place} is {problems.shown(node)} and has no {head!r}", where=override.source, fix=fix)


# --- problems --------------------------------------------------------------------------------------------------------


def user_error(
    error: Any, config: type[BaseModel], file: str | Path | None, node: yaml.Node | None, overrides: Sequence[Override]
) -> UserError:
    """A problem that pydantic found, with where its author wrote it."""
    path = error["loc"]
    what, fix = problems.describe(error, config)
    source = next((o.source for o in reversed(overrides) if o.covers(path)), None)
    if source is not None:
        return UserError(what, where=source, fix=fix)
    line = _line(path, node)
    return UserError(what if fix else what + line, where=_where(path, file), fix=fix and fix + line)


def _where(path: Keys, file: str | Path | None) -> str:
    dotted = ".".join(map(str, path))
    return ": ".join(part for part in (str(file) if file is not None else "", dotted) if part)


def _line(path: Keys, node: yaml.Node | None) -> str:
    """` (line 7)`: where the deepest key of a path stands in the file; "" where there is none of it."""
    line = None
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if found is None:
                continue
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line
    return "" if line is None else f" (line {line + 1})"
