"""Docstrings, which carry formulas, also where Python was told to drop them (PYTHONOPTIMIZE=2)."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from functools import cache
from typing import Any


def docstring(value: Any) -> str:
    """The cleaned docstring of a function or class, read from its source where Python keeps none; "" without one."""
    found = inspect.getdoc(value)
    if found is not None or sys.flags.optimize < 2:
        return found or ""
    return _from_source(inspect.unwrap(value))


@cache
def _from_source(value: Any) -> str:
    try:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    except (OSError, TypeError, SyntaxError, ValueError):  # no source, or more than a definition
        return ""
    if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return ast.get_docstring(definition) or ""
    return ""
