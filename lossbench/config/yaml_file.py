"""Reads a YAML file to nodes, which know their lines; every mistake in it is a `UserError` with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lossbench.errors import UserError
from lossbench.scalars import Loader, compose


def read_nodes(file: Path, *, fix: str = "`lossbench config show` prints one") -> yaml.Node | None:
    """The nodes of a YAML file, which know their lines; None of one that is empty.

    `fix` says how to come by such a file.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise UserError(f"is not UTF-8 text (byte {problem.start})", where=str(file)) from None
    except OSError as problem:
        what = {FileNotFoundError: "no such file", IsADirectoryError: "is a folder"}.get(
            type(problem), problem.strerror
        )
        raise UserError(what or "cannot be read", where=str(file), fix=f"name a YAML file; {fix}") from None
    try:
        node = compose(text)
    except yaml.YAMLError as problem:
        raise _yaml_error(problem, file) from None
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
        return None
    return node


def read_mapping(file: Path) -> yaml.MappingNode | None:
    """The nodes of a YAML file that holds keys and values."""
    node = read_nodes(file)
    if node is not None and not isinstance(node, yaml.MappingNode):
        what = "must be a mapping of keys (key: value)"
        raise UserError(what, where=str(file), fix="`lossbench config show` prints one")
    return node


def construct(node: yaml.MappingNode, file: str | Path | None) -> dict[str, Any]:
    """What a file's nodes hold."""
    try:
        loader = Loader("")
        return loader.construct_document(node)  # type: ignore[no-any-return]
    except yaml.YAMLError as problem:
        raise _yaml_error(problem, Path(str(file))) from None


def _yaml_error(problem: yaml.YAMLError, file: Path) -> UserError:
    if isinstance(problem, yaml.MarkedYAMLError):
        mark = problem.problem_mark or problem.context_mark
        what = problem.problem or problem.context or "is not YAML"
        if "another document" in what:
            fix = "leave one of them, without --- between"
            return UserError(f"holds several documents{_at(mark)}", where=str(file), fix=fix)
        return UserError(what + _at(mark), where=str(file))
    return UserError(f"is not YAML ({' '.join(str(problem).split())})", where=str(file))


def _at(mark: yaml.Mark | None) -> str:
    return "" if mark is None else f" (line {mark.line + 1})"
