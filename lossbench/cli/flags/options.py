"""The flags of the commands, made from the schema of the configs: a key that declares a `Flag` has one here.

All values arrive as text and are read by the config's own rules, so that a wrong one is reported like one in a file,
together with all the others.
"""

from __future__ import annotations

import inspect
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar, cast, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lossbench.calls import split_commas
from lossbench.cli.flags import completion
from lossbench.config.choices import Choice
from lossbench.config.flag import LOSS, READING, RUN, Flag
from lossbench.config.keys import Key, flagged, panel_order
from lossbench.config.load import Override, load
from lossbench.config.schema import Config
from lossbench.config.values import split_labels
from lossbench.errors import UserError, UserErrors
from lossbench.plain_warnings import silence
from lossbench.printable import encodable
from lossbench.scalars import read_scalar

C = TypeVar("C", bound=Config)
Command = TypeVar("Command", bound=Callable[..., Any])

# Flags of a run that are no keys of its config.
ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config", metavar="FILE", help="A YAML file; `lossbench config show` prints one.", rich_help_panel=RUN
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Any key of the config: optim.lr=1e-3. May be repeated.", rich_help_panel=RUN
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse a broken pair, do not only warn.", rich_help_panel=LOSS)]
Force = Annotated[bool, typer.Option("--force", help="Overwrite a run of the same name.", rich_help_panel=RUN)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.", rich_help_panel=RUN)]
Json = Annotated[
    bool, typer.Option("--json", help="Stream what happens as JSON lines on standard output.", rich_help_panel=RUN)
]


# What the columns of a table are, for the commands that look at one without training.
COLUMNS = ("target", "task", "order", "drop", "keep", "categories", "numbers", "groups", "time", "weights")


def reading(config: type[BaseModel]) -> list[str]:
    """The names of all flags that say how a table's file is read."""
    return [name for name, (_, flag) in flagged(config).items() if flag.panel == READING]


def _parameter(name: str, annotation: Any, default: Any = None) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


FIRST = (_parameter("config", ConfigFile), _parameter("sets", Sets))
LAST = (
    _parameter("strict", Strict, False),
    _parameter("force", Force, False),
    _parameter("quiet", Quiet, False),
    _parameter("json", Json, False),
)


def flags(config: type[BaseModel], *names: str) -> Callable[[Command], Command]:
    """Give a command, in place of its `**given`, the flags of a config.

    Without `names` it is an experiment, with every flag of the config and those of a run. With `names` it has these
    flags in this order; a name of one of the command's own parameters puts that one there.
    """

    def decorate(command: Command) -> Command:
        signature = inspect.signature(command, eval_str=True)
        own = {name: _keyword(one) for name, one in signature.parameters.items() if one.kind is not one.VAR_KEYWORD}
        schema = {name: _flag_parameter(*found) for name, found in flagged(config).items()}
        if names:
            placed = [own.pop(name) if name in own else schema[name] for name in names]
            parameters = [*own.values(), *placed]
        else:
            every = [*FIRST, *schema.values(), *own.values(), *LAST]
            panels = panel_order([_panel(one) for one in schema.values()])
            parameters = sorted(every, key=lambda one: panels.index(_panel(one)))
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {one.name: one.annotation for one in parameters}
        return command

    return decorate


def _keyword(parameter: inspect.Parameter) -> inspect.Parameter:
    """The same parameter where those with and without a default may be mixed."""
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)


def _panel(parameter: inspect.Parameter) -> str:
    return cast(str, parameter.annotation.__metadata__[0].rich_help_panel)


def _flag_parameter(key: Key, flag: Flag) -> inspect.Parameter:
    """The option that sets a key; its help, choices and default are the key's."""
    from rich.markup import escape  # not for `config check`, which has no flag of a key

    field = key.field
    text = field.description or ""
    choices = _choices(field)
    if any(choice not in text for choice in choices):
        text += f": {', '.join(choices)}"
    text += f"; {flag.note}" if flag.note else ""
    default = _written(field.get_default(call_default_factory=False))
    switch = field.annotation is bool
    option = typer.Option(
        *filter(None, (flag.name, flag.short)),
        help=escape(text) + (f" [dim]{escape(f'[default: {default}]')}[/dim]" if default else ""),
        metavar=None if switch else flag.metavar or _metavar(field.annotation),
        rich_help_panel=flag.panel,
        autocompletion=_completion(flag, choices),
        show_default=False,
    )
    kind = bool | None if switch else list[str] | None if flag.pairs or flag.repeated else str | None
    return _parameter(flag.parameter, Annotated[kind, option])


def _choices(field: FieldInfo) -> dict[str, str]:
    """The names that a field takes, with what each is ("" where nothing is said of it)."""
    if get_origin(field.annotation) is Literal:
        return dict.fromkeys(get_args(field.annotation), "")
    declared = next((extra.entries for extra in field.metadata if isinstance(extra, Choice)), ())
    return {entry.name: entry.description for entry in declared}


def _metavar(annotation: Any) -> str:
    """What stands for a value of this type, be it optional or not."""
    if annotation is int or annotation is float:
        return "INT" if annotation is int else "FLOAT"
    return next((name for inner in get_args(annotation) if (name := _metavar(inner)) != "NAME"), "NAME")


def _completion(flag: Flag, choices: Mapping[str, str]) -> Callable[..., Any] | None:
    if isinstance(flag.complete, str):
        return cast(Callable[..., Any], getattr(completion, flag.complete))
    if flag.complete:
        return completion.words(*flag.complete)
    return completion.described(choices) if choices else None


def _written(default: Any) -> str:
    if isinstance(default, BaseModel):
        return str(getattr(default, "name", ""))
    if isinstance(default, list):
        return ",".join(_written(entry) for entry in default)
    if default is None or isinstance(default, bool) or not isinstance(default, str | int | float):
        return ""
    return f"{default:g}" if isinstance(default, float) else str(default)


def read(config: type[C], given: Mapping[str, Any], **arguments: str) -> C:
    """The config of a command's parameters: `--config`, then `--set`, then its flags.

    `arguments` are those of them that are no flags, with what the command calls them: `loss="LOSS"`.
    """
    overrides: list[Override] = []
    errors: list[UserError] = []
    for name, (key, flag) in flagged(config).items():
        value = given.get(name)
        if value is None or value == []:
            continue
        option = arguments.get(name, "--" + name.replace("_", "-"))
        if flag.pairs and isinstance(value, list):
            for entry in value if flag.whole else [entry for text in value for entry in split_commas(text)]:
                inner, equals, number = entry.partition("=")
                if not equals or not inner:
                    form = flag.metavar if flag.whole else "name=value"
                    errors.append(UserError(f"must be written {form}, got {entry!r}", where=option))
                else:
                    written = number if flag.whole else read_scalar(number)
                    overrides.append(Override((*key.path, inner), written, f"{option} {inner}"))
        else:
            if flag.repeated and isinstance(value, list):
                value = value[0] if len(value) == 1 else _joined(value, option, errors)
            overrides.append(Override(key.path, value, option))
    kind = config.model_fields["kind"].default
    try:
        found = load(given.get("config"), given.get("sets") or (), overrides, kind, _check_names)
    except UserErrors as several:
        raise UserErrors([*errors, *several.errors]) from None
    if errors:
        raise UserErrors(errors)
    return cast(C, found)


def _joined(lists: Sequence[str], option: str, errors: list[UserError]) -> list[Any]:
    """The entries of a flag that was given several times."""
    try:
        return [entry for text in lists for entry in split_labels(text)]
    except ValueError as problem:
        errors.append(UserError(str(problem), where=option))
        return []


def _check_names(config: Config) -> None:
    from lossbench.experiments.setup.resolve import check_names  # brings the catalogue: where there is a mistake, only

    check_names(config)


def mode(given: Mapping[str, Any]) -> Literal["rich", "quiet", "json"]:
    """What `--quiet` and `--json` ask for."""
    if given["quiet"] and given["json"]:
        raise UserError("--quiet and --json exclude each other", fix="give one of them")
    if given["quiet"]:
        silence()
    return "quiet" if given["quiet"] else "json" if given["json"] else "rich"


def command_line(arguments: Sequence[str] | None = None) -> str:
    """What was typed, to be typed again."""
    return encodable(shlex.join(["lossbench", *(sys.argv[1:] if arguments is None else arguments)]))
