"""Messages in Python's words: `--drop id` in a sentence is the argument `drop=['id']` there.

Messages are written once, with the flags of the command line. The Python door rewrites them here, by the fields that
the flags stand for. What a shell runs, `lossbench ...` in backticks, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lossbench.config.choices import Choice
from lossbench.config.keys import flagged
from lossbench.errors import UserError
from lossbench.scalars import read_scalar

Words = Callable[[str], str]


@dataclass(frozen=True)
class _Argument:
    """What a flag is in Python: its name there, the field that it sets, and whether its values are NAME=VALUE."""

    name: str
    field: FieldInfo
    pairs: bool


SWITCHES = ("strict", "force", "quiet", "verbose", "json", "isolate", "retry-failed")  # flags that are no keys
_COMMAND = re.compile(r"(`lossbench[^`]*`)")
_FLAG = re.compile(r"(?<![\w-])--(?P<flag>[a-z][a-z0-9]*(?:-[a-z0-9]+)*)")
_SET = re.compile(r"(?<![\w-])--set (?:\w+\.)*(?P<key>\w+)=(?P<value>[^\s);,]+)")
_VALUE = re.compile(r"[ =](?P<value>'[^']*'|\"[^\"]*\"|[^\s();]+(?<![:.?!,])|[.,])")
_ENDS = re.compile(r"$|[);:.?!]|,\s| --| \((?!\w+\))")  # a value ends here for sure
# Words that follow a flag that is named without a value.
_NO_VALUE = {
    *("to", "takes", "take", "leaves", "leave", "chooses", "choose", "keeps", "keep", "turns", "turn", "allows"),
    *("reads", "read", "says", "say", "has", "have", "trains", "gives", "makes", "needs", "must", "names", "is"),
    *("if", "or", "and", "in", "on", "for", "with", "as", "it"),
}


def python_words(config: type[BaseModel]) -> Words:
    """The function that writes a message's flags of a command as the arguments that they are in Python."""
    fields = dict(_arguments(config))

    def words(text: str) -> str:
        parts = _COMMAND.split(text)
        return "".join(part if i % 2 else _rewritten(part, fields) for i, part in enumerate(parts))

    return words


@contextmanager
def in_python(config: type[BaseModel]) -> Iterator[Words]:
    """Inside, a `UserError` is raised in Python's words; what is given rewrites other messages."""
    words = python_words(config)
    try:
        yield words
    except UserError as problem:
        problem.reword(words)
        raise


def _arguments(config: type[BaseModel]) -> Iterator[tuple[str, _Argument]]:
    for key, flag in flagged(config).values():
        name = key.path[-2] if key.path[-1] == "name" and len(key.path) > 1 else key.path[-1]
        yield flag.name.split("/", 1)[0].removeprefix("--"), _Argument(name, key.field, flag.pairs)


def _rewritten(text: str, fields: dict[str, _Argument]) -> str:
    text = _SET.sub(lambda m: f"{m['key']}={read_scalar(m['value'])!r}", text)
    done, position = "", 0
    for match in _FLAG.finditer(text):
        if match.start() < position:  # inside of the value before
            continue
        written, end = _argument(match["flag"], text, match.start(), match.end(), fields)
        done, position = done + text[position : match.start()] + written, end
    return done + text[position:]


def _argument(flag: str, text: str, start: int, end: int, fields: dict[str, _Argument]) -> tuple[str, int]:
    """How a flag is written in Python, and where what it was written from ends."""
    alone = start == 0 and end == len(text)  # a place, of which no value is said
    if flag in SWITCHES or (flag.startswith("no-") and flag[3:] in {*SWITCHES, *fields}):
        name = flag.removeprefix("no-").replace("-", "_")
        return name if alone else f"{name}={flag[:3] != 'no-'}", end
    if flag not in fields:
        return flag.replace("-", "_"), end
    name, field = fields[flag].name, fields[flag].field
    if field.annotation is bool:
        return name if alone else f"{name}=True", end
    match = _VALUE.match(text, end)
    if match is None:
        return name, end
    token = match["value"]
    if fields[flag].pairs and "=" in token:
        key, _, given = token.partition("=")
        return f"{name}={ {key: read_scalar(given)}!r}", match.end()
    if _is_number(field) and token in ("full", "none", "null"):
        return f"{name}=None", match.end()
    value = _value(token, field)
    if value is not None:
        return f"{name}={value!r}", match.end()
    if token.lower() in _NO_VALUE or _is_number(field) or _choices(field):
        return name, end
    if _ENDS.match(text, match.end()):
        return f"{name}={_text(token, field)!r}", match.end()
    return f"{name}=", end + 1  # a text of several words, or one inside of a sentence: where it ends is not known


def _value(token: str, field: FieldInfo) -> Any:
    """The value that a word is for sure; None where it may be the next word of the sentence."""
    if token[0] in "'\"" and token[-1] == token[0] and len(token) > 1:
        return _text(token[1:-1], field)
    if token in _choices(field):
        return token
    number = read_scalar(token)
    if _is_number(field) and isinstance(number, int | float) and not isinstance(number, bool):
        return [number] if _is_list(field) else number
    single = len(token) == 1 and not token.isalnum()  # a separator
    return token if single else None


def _text(text: str, field: FieldInfo) -> Any:
    return text.split(",") if _is_list(field) else text


def _choices(field: FieldInfo) -> list[str]:
    declared = next((extra.entries for extra in field.metadata if isinstance(extra, Choice)), ())
    kinds = [kind for kind in _kinds(field.annotation) if get_origin(kind) is Literal]
    literals = [str(value) for kind in kinds for value in get_args(kind)]
    return [*literals, *(entry.name for entry in declared)]


def _is_number(field: FieldInfo) -> bool:
    return any(kind in (int, float) for kind in _kinds(field.annotation))


def _is_list(field: FieldInfo) -> bool:
    return any(get_origin(kind) is list for kind in _kinds(field.annotation))


def _kinds(annotation: Any) -> Iterator[Any]:
    """An annotation and all that it is made of."""
    yield annotation
    if get_origin(annotation) is not Literal:
        for argument in get_args(annotation):
            yield from _kinds(argument)
