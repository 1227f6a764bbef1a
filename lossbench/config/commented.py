"""A config file to start from: the keys that one changes first, each below what the schema says of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lossbench.config.keys import Key, keys
from lossbench.config.scalars import write
from lossbench.config.schema import Command, Config

WIDTH = 100
# In the order of the file. A part stands for those of its keys that are named here, or that are not at their default.
SHOWN: Mapping[Command, tuple[str, ...]] = {
    "train": (
        "data", "loss", "last_act", "metric", "seeds", "net.hidden", "optim.lr", "optim.batch_size", "optim.epochs",
        "penalty.l1", "penalty.l2", "early_stopping.patience", "split.test", "split.validation", "seed",
    ),
    "compare-losses": (
        "data", "losses", "baseline", "metric", "folds", "repeats", "conditions.label_noise", "net.hidden",
        "optim.batch_size", "optim.epochs", "early_stopping.patience", "seed",
    ),
    "regularize-gif": (
        "data", "classes", "features", "penalty", "alphas", "alpha_range", "loss", "last_act", "net.hidden",
        "split.test", "seed", "format",
    ),
}  # fmt: skip


def commented(config: Config, *, head: Sequence[str] = (), remarks: Mapping[str, Sequence[str]] | None = None) -> str:
    """The YAML text of a config, so that `load` gives it back: the first keys to change, those changed, and comments.

    `head` is a comment in lines above all; `remarks` are more lines above a key, by its path (`data.drop`).
    """
    return "\n".join([*_comment(head), f"kind: {config.kind}", *_lines(config, remarks or {})]) + "\n"


def _lines(config: Config, remarks: Mapping[str, Sequence[str]]) -> Iterator[str]:
    tree, told = config.model_dump(mode="python"), {".".join(key.path): key for key in keys(type(config))}
    shown = SHOWN[config.kind]
    for name in dict.fromkeys([*(path.split(".")[0] for path in shown), *(key for key in tree if key != "kind")]):
        given = tree[name]
        if name == "data" and isinstance(given, list) and len(given) == 1:
            (given,) = given  # one table needs no list
        if name == "loss":
            given = given if given["params"] else given["name"]
        if isinstance(given, dict):
            inner = [key for key in given if f"{name}.{key}" in shown or _differs(told[f"{name}.{key}"], given[key])]
            if inner:
                yield from ["", *_comment(_about(told[name])), f"{name}:"]
            for key in inner:
                path = f"{name}.{key}"
                yield from _comment([*_about(told[path]), *remarks.get(path, ())], "  ")
                yield from _written(key, given[key], "  ")
        elif name in shown or _differs(told[name], given):
            yield from ["", *_comment([*_about(told[name]), *remarks.get(name, ())])]
            yield from _written(name, given, "")


def _differs(key: Key, value: Any) -> bool:
    """Whether a value is not its key's default; one that depends on other keys is none to change."""
    field = key.field
    return not field.is_required() and field.default_factory is None and value != field.default


def _about(key: Key) -> list[str]:
    return [key.field.description] if key.field.description else []


def _comment(lines: Sequence[str], indent: str = "") -> list[str]:
    """Each line as a comment, wrapped; what it quotes from a table stays on it."""
    wrapped = [
        part
        for line in lines
        for part in textwrap.wrap(" ".join(line.split()), WIDTH - len(indent) - 2, break_on_hyphens=False) or [""]
    ]
    return [f"{indent}# {part}".rstrip() for part in wrapped]


def _written(key: str, value: Any, indent: str) -> list[str]:
    return [indent + line for line in write({key: value}).splitlines()]
