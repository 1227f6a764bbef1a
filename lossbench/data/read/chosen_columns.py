"""Which columns of a table are kept, and which options say nothing about its format."""

from __future__ import annotations

from collections.abc import Sequence

from lossbench.data.duplicates import DUPLICATES
from lossbench.data.requested_kinds import requested_kinds
from lossbench.data.source import DataSource
from lossbench.errors import UserError, did_you_mean

# options about delimited texts, and about numbers in texts
DELIMITED = ("sep", "header", "columns", "comment", "skip_lines")
SPELLED = ("decimal", "thousands")


def choose_columns(names: Sequence[str], source: DataSource) -> list[str]:
    """All columns but the dropped ones; a `UserError` for a name that is not there."""
    if source.target is None:
        raise UserError("no target was named", fix=f"choose one with --target; columns are {', '.join(names)}")
    reserved = {DUPLICATES} - set(names)  # a word for groups, unless a column has that name
    roles = [name for name in (source.groups, source.time, source.weights) if name is not None and name not in reserved]
    targets = source.targets(names)
    for name in [*targets, *source.drop, *source.keep, *roles, *requested_kinds(source)]:
        if name not in names:
            hint = did_you_mean(name, names)
            guess = f" ({hint})" if hint.startswith("did") else ""
            raise UserError(f"no column {name!r}", fix=f"columns are {', '.join(names)}{guess}")
    for i, name in enumerate(targets):
        if name in targets[:i]:
            raise UserError(f"column {name!r} comes twice in the target", fix="name each column once")
        if name in source.drop:
            raise UserError(f"column {name!r} is the target and is dropped", fix="take it out of --drop")
        if name in roles:
            what = "weight" if name == source.weights else "split"
            raise UserError(f"column {name!r} is the target and cannot {what} the rows", fix="name another column")
    if source.weights is not None and source.weights in (source.groups, source.time):
        raise UserError(f"column {source.weights!r} cannot weight and split the rows", fix="name two columns")
    return [name for name in names if name not in source.drop or name in roles]


def refuse_idle(source: DataSource, kind: str) -> None:
    """Raise `UserError` for an option that has no meaning in a format that says how its values are written."""
    for option in source.changed(*(DELIMITED if kind == "jsonlines" else (*DELIMITED, *SPELLED))):
        flag = option.replace("_", "-")
        raise UserError(
            f"{kind} defines how its values are written",
            where="--no-header" if option == "header" else f"--{flag}",
            fix="leave the option out; it is for CSV files",
        )
