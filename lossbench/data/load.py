"""`load`: from a source, as a config names it, to a table."""

from __future__ import annotations

from dataclasses import replace

from lossbench.data.datasets.catalogue import Frame, load_named
from lossbench.data.datasets.names import OPENML
from lossbench.data.datasets.openml import fetch
from lossbench.data.duplicates import DUPLICATES, grouped
from lossbench.data.source import READING, DataSource, columns_in
from lossbench.data.splits.time import times_of
from lossbench.data.table import Table
from lossbench.data.weights import read_weights, rows_that_count, weighted
from lossbench.errors import UserError, UserErrors, unknown

# options without a meaning for a set that is ready made
IDLE = (*(name for name in READING if name != "date_formats"), "order", "keep", "drop_missing_target", "min_class_rows")


def load(source: DataSource) -> Table:
    """The table that a source describes; `UserError` for whatever is wrong with it, before anything is trained."""
    if source.name is not None and source.name.startswith(OPENML):
        cached = fetch(source.name)
        as_file = replace(source, name=None, file=str(cached.file), target=source.target or cached.target)
        return replace(load(as_file), name=source.name.replace(":", "-"), source=source.name)
    if source.file is not None:
        from lossbench.data.read.build_table import read_table  # named sets do without the readers

        return read_table(source)
    if source.name is None:
        raise UserError("neither a data set's name nor a file", where="data")
    named = load_named(source.name)
    if isinstance(named, Frame):
        return _from_frame(named, source, source.name)
    _refuse_idle(source, named)
    return _without(_with_requested_kinds(named, source), source)


def _from_frame(named: Frame, source: DataSource, name: str) -> Table:
    """The table that a package's DataFrame is, read as a file is."""
    from lossbench.data.read.build_table import read_table  # as above

    target = source.target or named.target
    if target is None:
        fix = "name the column to predict (--target, or frame.attrs['target'])"
        raise UserError("gives a DataFrame without a target", where=named.place, fix=fix)
    table = read_table(replace(source, name=None, file=name, target=target), named.frame)
    return replace(table, name=name, source=named.place)


def _refuse_idle(source: DataSource, table: Table) -> None:
    """Raise `UserErrors` for options that could change nothing: a named set is read and its target is chosen."""
    errors = []
    if source.target not in (None, table.target_name):
        what = f"its target is {table.target_name!r}, not {source.target!r}"
        errors.append(UserError(what, where=table.name, fix="leave out --target, or train on a file of your own"))
    if source.task not in ("auto", table.task):
        what = f"its task is {table.task}, not {source.task}"
        errors.append(UserError(what, where=table.name, fix="leave out --task, or train on a file of your own"))
    for option in source.changed(*IDLE):
        flag = "no-header" if option == "header" else option.replace("_", "-")
        what = f"--{flag} has no effect: it says how a file is read, and this data set is built in"
        errors.append(UserError(what, where=table.name, fix="leave it out, or train on a file of your own"))
    if errors:
        raise errors[0] if len(errors) == 1 else UserErrors(errors)


def _with_requested_kinds(table: Table, source: DataSource) -> Table:
    if not source.changed("categories", "numbers", "date_formats"):
        return table
    from lossbench.data.requested_kinds import with_requested_kinds  # few ask for it

    return with_requested_kinds(table, source)


def _without(table: Table, source: DataSource) -> Table:
    """A named table with the options that suit it: `drop`, `groups`, `time` and `weights`."""
    source = replace(source, drop=columns_in(source.drop, list(map(str, table.features.columns))))
    by_rows = source.groups == DUPLICATES and DUPLICATES not in table.features.columns
    roles = [None if by_rows else source.groups, source.time, source.weights]
    leave = [*source.drop, *(name for name in roles if name is not None)]
    for column in leave:
        if column not in table.features.columns:
            raise unknown("column", column, map(str, table.features.columns), where=table.name)
    if not leave and not by_rows:
        return table
    groups = table.groups if source.groups is None or by_rows else table.features[source.groups].to_numpy()
    time = table.time
    if source.time is not None:
        time = times_of(table.features[source.time], table.kinds[source.time], table.place)
    kept = table.features.drop(columns=leave)
    if kept.shape[1] == 0:
        raise UserError("no feature is left", where=table.name, fix="drop fewer columns")
    kinds = {column: table.kinds[column] for column in kept.columns}
    left = replace(table, features=kept, kinds=kinds, groups=groups, time=time)
    if source.weights is not None:
        stated = table.features[source.weights]
        weight_N, notes = read_weights(stated, table.kinds[source.weights], table.place), list(left.notes)
        rows = rows_that_count(weight_N, notes)
        left = weighted(replace(left.take(rows), notes=tuple(notes)), weight_N[rows], source.weights)
    return grouped(left, DUPLICATES if by_rows else None)
