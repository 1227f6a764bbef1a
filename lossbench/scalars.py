"""YAML as this project reads it: YAML 1.2's plain values, with their lines, and no key twice.

PyYAML follows YAML 1.1, where `1e-3` is a text, `on` is true and `12:30` is 750. Here `1e-3` is a number, and only
`true` and `false` are booleans. Tags, mappings as keys and files with very many values are refused.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Hashable
from typing import Any

import yaml

_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")
_BOOL = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"^[-+]?[0-9]+$")
_FLOAT = re.compile(
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)

_PLAIN = (
    ("null", _NULL, "~nN\0"),
    ("bool", _BOOL, "tTfF"),
    ("int", _INT, "-+0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
)


DEEPEST = 20  # levels of a config, of which its own keys have five
MOST_VALUES = 20_000
_OPENING = ("[", "{", "'", '"')


class Loader(yaml.SafeLoader):
    """Reads plain values as YAML 1.2 does, and refuses a key that a mapping has already."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A dict; a `ConstructorError` names the line of the second of two equal keys."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if not isinstance(key, yaml.ScalarNode):
                problem = "a key must be text; is this a template that was not filled in?"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} comes twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_int(self, node: yaml.ScalarNode) -> int:
        """Decimal, leading zeros or not; a `ConstructorError` for one too long for Python to read."""
        try:
            return int(node.value)
        except ValueError as problem:
            raise yaml.constructor.ConstructorError(None, None, str(problem), node.start_mark) from None


def compose(text: str) -> yaml.Node | None:
    """The nodes of a document, which know their lines; None of an empty one.

    Raises `yaml.YAMLError` for what is no YAML, has a tag, is nested deeper than `DEEPEST` levels, or has more than
    `MOST_VALUES` values once its aliases are written out.
    """
    depth = 0
    for event in yaml.parse(text, Loader):
        if (tag := getattr(event, "tag", None)) is not None:
            raise _refused(f"the tag {tag!r} is not allowed", event)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _refused(f"is nested deeper than {DEEPEST} levels", event)
    node = yaml.compose(text, Loader)
    if node is not None and _values(node, {}) > MOST_VALUES:
        raise _refused(f"has more than {MOST_VALUES} values", node)
    return node


def _refused(what: str, where: Any) -> yaml.YAMLError:
    return yaml.composer.ComposerError(None, None, what, where.start_mark)


def _values(node: yaml.Node, known: dict[int, float]) -> float:
    """How many values a node has when every alias is written out; infinitely many where it holds itself."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = math.inf
        children = itertools.chain(*node.value) if isinstance(node, yaml.MappingNode) else node.value
        known[id(node)] = 1 + sum(_values(child, known) for child in children)
    return known[id(node)]


for _name, _pattern, _first in _PLAIN:
    for _char in _first:
        _key = "" if _char == "\0" else _char
        _resolver = (f"tag:yaml.org,2002:{_name}", _pattern)
        Loader.yaml_implicit_resolvers.setdefault(_key, []).append(_resolver)
Loader.yaml_implicit_resolvers.setdefault("<", []).append(("tag:yaml.org,2002:merge", re.compile("^<<$")))
Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_int)


def read_scalar(text: str) -> Any:
    """One value, as a flag gives it: `1e-3` -> 0.001, `[1, 2]` -> a list, `{a: 1}` -> a mapping, quotes come off.

    Everything else is the text itself, so that `?`, `-` or `a: b` need no quotes.
    """
    text = text.strip()
    if text[:1] not in _OPENING and not any(pattern.match(text) for _, pattern, _ in _PLAIN):
        return text
    try:
        node = compose(text)
        return None if node is None else Loader("").construct_document(node)
    except yaml.YAMLError:
        return text
