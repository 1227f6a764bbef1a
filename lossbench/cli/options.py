"""Flags of the three experiments: each stands for a key of the config, from which its help and its default come.

All values arrive as text and are read by the config's own rules, so that a wrong one is reported like one in a file,
together with all the others.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rich.markup import escape

from lossbench.cli import completion
from lossbench.config.load import Override, load
from lossbench.config.parts import LossConfig
from lossbench.config.problems import model_at
from lossbench.config.scalars import read_scalar
from lossbench.config.schema import CONFIGS, Config, Kind, TrainConfig
from lossbench.config.values import CLASS_WEIGHT_WORDS, split_commas
from lossbench.errors import UserError, UserErrors

TABLE, READING = "Data", "Reading a table of your own"
LOSS, NET, TRAINING, EVALUATION = "Loss", "Net", "Training", "Judging"
PICTURE = "Picture"
RUN = "Run"

# The key that a parameter of a command stands for; filled by `flag`.
KEYS: dict[str, tuple[str, ...]] = {}
# Those whose value is name=value.
MAPPINGS = {"loss_param", "penalty"}


def field_of(key: str, kind: Kind) -> FieldInfo:
    """The field of a config that a dotted key names."""
    *part, last = key.split(".")
    return model_at(CONFIGS[kind], tuple(part)).model_fields[last]


def flag(
    name: str,
    key: str,
    metavar: str | None = "NAME",
    *,
    panel: str,
    kind: Kind = "train",
    complete: Callable[..., Any] | None = None,
    note: str = "",
) -> Any:
    """The option that sets a key of the config, for `Annotated`; its help, choices and default are the key's."""
    KEYS[parameter(name)] = tuple(key.split("."))
    field = field_of(key, kind)
    text = field.description or ""
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    if any(choice not in text for choice in choices):
        text += f": {', '.join(choices)}"
    text += f"; {note}" if note else ""
    default = _written(field.get_default(call_default_factory=False))
    return typer.Option(
        name,
        help=escape(text) + (f" [dim]{escape(f'[default: {default}]')}[/dim]" if default else ""),
        metavar=metavar,
        rich_help_panel=panel,
        autocompletion=complete or (completion.words(*choices) if choices else None),
        show_default=False,
    )


def parameter(name: str) -> str:
    """`--last-act` -> `last_act`; of a switch, the side that turns on: `--per-seed/--no-per-seed` -> `per_seed`."""
    return name.split("/", 1)[0].removeprefix("--").replace("-", "_")


def _written(default: Any) -> str:
    if isinstance(default, BaseModel):
        return str(getattr(default, "name", ""))
    if isinstance(default, list):
        return ",".join(_written(entry) for entry in default)
    if default is None or isinstance(default, bool) or not isinstance(default, str | int | float):
        return ""
    return f"{default:g}" if isinstance(default, float) else str(default)


def read(kind: Kind, given: Mapping[str, Any]) -> Config:
    """The config of a command's parameters: `--config`, then `--set`, then its flags."""
    overrides: list[Override] = []
    errors: list[UserError] = []
    for name, key in KEYS.items():
        value = given.get(name)
        if value is None or value == []:
            continue
        if kind == "compare-losses" and key[0] == "loss":
            key = ("losses", *key)  # noqa: PLW2901 - said of a loss, it is said of each of them
        option = "--" + name.replace("_", "-")
        if name in MAPPINGS and isinstance(value, list):
            for entry in [entry for text in value for entry in split_commas(text)]:
                inner, equals, number = entry.partition("=")
                if not equals or not inner:
                    errors.append(UserError(f"must be written name=value, got {entry!r}", where=option))
                else:
                    overrides.append(Override((*key, inner), read_scalar(number), f"{option} {inner}"))
        else:
            overrides.append(Override(key, value, option))
    try:
        config = load(given.get("config"), given.get("sets") or (), overrides, kind, _check_names)
    except UserErrors as found:
        raise UserErrors([*errors, *found.errors]) from None
    if errors:
        raise UserErrors(errors)
    return config


def read_loss(loss: str, params: list[str] | None, target_encoding: str | None, link: str | None) -> LossConfig:
    """One loss as `train` reads it: `focal`, `focal(gamma=0)`, `my_loss.py:my_loss`."""
    given = {"loss": loss, "loss_param": params, "target_encoding": target_encoding, "link": link}
    config = read("train", given)
    assert isinstance(config, TrainConfig)
    return config.loss


def _check_names(config: Config) -> None:
    from lossbench.experiments.setup.resolve import check_names  # brings the catalogue: where there is a mistake, only

    check_names(config)


def mode(quiet: bool, json: bool) -> Literal["rich", "quiet", "json"]:
    """What `--quiet` and `--json` ask for."""
    if quiet and json:
        raise UserError("--quiet and --json exclude each other", fix="give one of them")
    return "quiet" if quiet else "json" if json else "rich"


def command_line(arguments: Sequence[str] | None = None) -> str:
    """What was typed, to be typed again."""
    return shlex.join(["lossbench", *(sys.argv[1:] if arguments is None else arguments)])


Text = str | None

ConfigFile = Annotated[
    Text, typer.Option("--config", metavar="FILE", help="A YAML file; configs/ has some.", rich_help_panel=RUN)
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Any key of the config: optim.lr=1e-3. May be repeated.", rich_help_panel=RUN
    ),
]

Data = Annotated[Text, flag("--data", "data", "NAME|FILE", panel=TABLE, complete=completion.one_dataset)]
Target = Annotated[Text, flag("--target", "data.target", "COLUMN", panel=TABLE)]
Task = Annotated[Text, flag("--task", "data.task", panel=TABLE)]
Drop = Annotated[Text, flag("--drop", "data.drop", "COLUMN,...", panel=TABLE)]
KeepColumns = Annotated[Text, flag("--keep", "data.keep", "COLUMN,...", panel=TABLE)]
Groups = Annotated[Text, flag("--groups", "data.groups", "COLUMN", panel=TABLE)]
Scale = Annotated[Text, flag("--scale", "data.scale", panel=TABLE)]
Sep = Annotated[Text, flag("--sep", "data.sep", "TEXT", panel=READING)]
Decimal = Annotated[Text, flag("--decimal", "data.decimal", "MARK", panel=READING)]
Encoding = Annotated[Text, flag("--encoding", "data.encoding", panel=READING)]
Na = Annotated[Text, flag("--na", "data.na", "TEXT,...", panel=READING)]
KeepNaWords = Annotated[bool | None, flag("--keep-na-words", "data.keep_na_words", None, panel=READING)]
AllowShortRows = Annotated[bool | None, flag("--allow-short-rows", "data.allow_short_rows", None, panel=READING)]
DropMissingTarget = Annotated[
    bool | None, flag("--drop-missing-target", "data.drop_missing_target", None, panel=READING)
]
MinClassRows = Annotated[Text, flag("--min-class-rows", "data.min_class_rows", "INT", panel=READING)]
Dates = Annotated[bool | None, flag("--dates", "data.dates", None, panel=READING)]
FreeText = Annotated[Text, flag("--text", "data.text", panel=READING)]
MaxBytes = Annotated[Text, flag("--max-bytes", "data.max_bytes", "INT", panel=READING)]

Loss = Annotated[Text, flag("--loss", "loss", panel=LOSS, complete=completion.loss_or_auto)]
LossParam = Annotated[
    list[str] | None, flag("--loss-param", "loss.params", "NAME=VALUE", panel=LOSS, note="may be repeated")
]
LastAct = Annotated[Text, flag("--last-act", "last_act", panel=LOSS, complete=completion.one_activation)]
ClassWeight = Annotated[
    Text,
    flag(
        "--class-weight",
        "loss.class_weight",
        "WORD|CLASS=WEIGHT,...",
        panel=LOSS,
        complete=completion.words(*CLASS_WEIGHT_WORDS),
    ),
]
TargetEncoding = Annotated[
    Text, flag("--target-encoding", "loss.target_encoding", panel=LOSS, complete=completion.encodings)
]
Link = Annotated[Text, flag("--link", "loss.link", panel=LOSS, complete=completion.links)]
Penalty = Annotated[
    list[str] | None,
    flag(
        "--penalty",
        "penalty",
        "NAME=VALUE",
        panel=LOSS,
        complete=completion.penalty_values,
        note="such as l1=1e-4,l2=1e-3",
    ),
]

Hidden = Annotated[Text, flag("--hidden", "net.hidden", "INT,...", panel=NET)]
Activation = Annotated[Text, flag("--activation", "net.activation", panel=NET)]

Optim = Annotated[Text, flag("--optim", "optim.name", panel=TRAINING)]
Lr = Annotated[Text, flag("--lr", "optim.lr", "FLOAT", panel=TRAINING)]
BatchSize = Annotated[Text, flag("--batch-size", "optim.batch_size", "INT|full", panel=TRAINING)]
Epochs = Annotated[Text, flag("--epochs", "optim.epochs", "INT", panel=TRAINING)]
Momentum = Annotated[Text, flag("--momentum", "optim.momentum", "FLOAT", panel=TRAINING)]
WeightDecay = Annotated[Text, flag("--weight-decay", "optim.weight_decay", "FLOAT", panel=TRAINING)]
Schedule = Annotated[Text, flag("--schedule", "optim.schedule", panel=TRAINING)]
Patience = Annotated[Text, flag("--patience", "early_stopping.patience", "INT", panel=TRAINING)]
MinDelta = Annotated[Text, flag("--min-delta", "early_stopping.min_delta", "FLOAT", panel=TRAINING)]
Metric = Annotated[Text, flag("--metric", "metric", panel=EVALUATION, complete=completion.one_metric)]

Seed = Annotated[Text, flag("--seed", "seed", "INT", panel=RUN)]
Device = Annotated[Text, flag("--device", "device", panel=RUN, complete=completion.DEVICES)]
Threads = Annotated[Text, flag("--threads", "threads", "INT", panel=RUN)]
Output = Annotated[Text, flag("--output", "output", "FOLDER", panel=RUN)]
Name = Annotated[Text, flag("--name", "name", panel=RUN)]
Force = Annotated[bool, typer.Option("--force", help="Overwrite a run of the same name.", rich_help_panel=RUN)]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse a broken pair, do not only warn.", rich_help_panel=LOSS)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.", rich_help_panel=RUN)]
Json = Annotated[
    bool, typer.Option("--json", help="Stream what happens as JSON lines on standard output.", rich_help_panel=RUN)
]
