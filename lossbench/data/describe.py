"""What was understood of a table, to be looked at before training: plain facts, no screen, no losses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossbench.data.cells import numbers, plain_number
from lossbench.data.checks.split_caveats import split_caveats
from lossbench.data.duplicates import grouped
from lossbench.data.load import load
from lossbench.data.preparation import NoFeatureLeft, Preparation
from lossbench.data.requested_kinds import requested_kinds
from lossbench.data.source import DataSource
from lossbench.data.splits.scheme import holdout_of
from lossbench.data.table import ColumnKind, Information, Table, Task
from lossbench.errors import UserError


@dataclass(frozen=True)
class ColumnFacts:
    """A feature: `example` is its range, its values or its first value; `why` it is excluded, or under suspicion.

    `requested`: its kind is the user's word, not what its values look like.
    """

    name: str
    kind: ColumnKind
    gaps: int
    distinct: int
    example: str
    use: Literal["kept", "excluded", "refused"]
    why: str = ""
    requested: bool = False


@dataclass(frozen=True)
class Description:
    """A table as `train` would take it; `inputs` counts the net's inputs, were all rows for training."""

    name: str
    source: str
    task: Task
    rows: int
    target: str
    target_example: str
    classes: tuple[tuple[str, int], ...]
    columns: tuple[ColumnFacts, ...]
    inputs: int
    notes: tuple[str, ...]
    stops: tuple[str, ...]
    sha256: str
    soft: bool = False  # whether the target holds probabilities
    targets: int = 0  # how many numbers it is, where they are several


def describe(source: DataSource, *, test: float = 0.2, validation: float = 0.2) -> Description:
    """Look at a table without training on it; `stops` are the reasons for which `train` would refuse it."""
    table, uses = _uses(source)
    kept = [name for name in table.features.columns if name not in uses or uses[name][0] == "kept"]
    usable = replace(table, features=table.features[kept], kinds={name: table.kinds[name] for name in kept})
    usable = grouped(usable, source.groups)
    unusable = ""
    try:
        preparation = Preparation.fit(
            usable,
            np.arange(len(usable)),
            scale=source.scale,
            dates=source.dates,
            text=source.text,
            target_scale=source.target_scale,
            categories=source.categories,
        )
        dropped = dict(preparation.dropped)
    except NoFeatureLeft as problem:
        preparation, unusable, dropped = None, problem.what, problem.dropped
    except UserError as problem:
        preparation, unusable, dropped = None, problem.what, {}
    requested = requested_kinds(source)
    unit = [Information(preparation.target_why)] if preparation and preparation.target_why else []
    joined = preparation.joined if preparation else {}
    columns = []
    for name in table.features.columns:
        use, why = uses.get(name, ("excluded", dropped[name]) if name in dropped else ("kept", joined.get(name, "")))
        facts = _facts(name, table.features[name], table.kinds[name], use, why)
        columns.append(replace(facts, requested=name in requested))
    return Description(
        name=table.name,
        source=table.source,
        task=table.task,
        rows=len(table),
        target=table.target_name,
        target_example=_target_example(table),
        classes=tuple(zip(table.classes, table.class_counts, strict=True)),
        columns=tuple(columns),
        inputs=len(preparation.input_names) if preparation else 0,
        notes=(*table.notes, *_caveats(usable, test, validation), *unit),
        stops=tuple(_stops(usable, uses, unusable, test, validation)),
        sha256=usable.fingerprint(),
        soft=table.soft is not None,
        targets=len(table.targets),
    )


def _caveats(table: Table, test: float, validation: float) -> list[str]:
    """What the first split would do to the table; nothing where there is none (a reason to stop, said below)."""
    try:
        split = holdout_of(table, test, validation, 0)
    except UserError:
        return []
    return split_caveats(table, split.test)


def _stops(
    table: Table,
    uses: Mapping[str, tuple[Use, str]],
    unusable: str,
    test: float,
    validation: float,
) -> Iterator[str]:
    for name, (use, why) in uses.items():
        if use == "refused":
            yield f"column {name!r}: {why}; leave it out with --drop {name}, or keep it with --keep {name}"
    if unusable:
        yield unusable
    try:
        holdout_of(table, test, validation, 0)
    except UserError as problem:
        yield str(problem)


Use = Literal["kept", "excluded", "refused"]


def _uses(source: DataSource) -> tuple[Table, dict[str, tuple[Use, str]]]:
    """The table with all its columns, and those that are not trained on."""
    if source.file is None:
        return load(source), {}
    from lossbench.data.read.build_table import assemble  # named sets do without the readers

    assembled = assemble(source)
    uses: dict[str, Use] = {"id": "excluded", "leak": "refused", "possible leak": "kept"}
    reasons = {s.column: f"may leak: {s.why}" if s.what == "possible leak" else s.why for s in assembled.suspects}
    return assembled.table, {s.column: (uses[s.what], reasons[s.column]) for s in assembled.suspects}


def _facts(name: str, column: pd.Series, kind: ColumnKind, use: Use, why: str) -> ColumnFacts:
    return ColumnFacts(
        name=name,
        kind=kind,
        gaps=int(column.isna().sum()),
        distinct=int(column.nunique()),
        example=_example(column, kind),
        use=use,
        why=why,
    )


def _example(column: pd.Series, kind: ColumnKind) -> str:
    known = column.dropna()
    if not len(known):
        return ""
    if kind == "number":
        values = numbers(known)
        low, high, middle = (plain_number(float(v)) for v in (values.min(), values.max(), np.median(values)))
        return f"{low} to {high}, median {middle}"
    if kind == "date":
        timed = bool((known != known.dt.normalize()).any())
        first, last = (f"{end:%Y-%m-%d %H:%M}" if timed else f"{end:%Y-%m-%d}" for end in (known.min(), known.max()))
        return f"{first} to {last}"
    counts = known.value_counts()
    if kind == "boolean":
        return f"true in {known.mean():.0%}"
    shown = ", ".join(f"{value} {count}" for value, count in counts.head(4).items())
    return shown + (", ..." if len(counts) > 4 else "")


def _target_example(table: Table) -> str:
    if table.task != "regression":
        largest, smallest = (
            f"{count / len(table):.1%}" for count in (max(table.class_counts), min(table.class_counts))
        )
        return f"{len(table.classes)} classes, the largest {largest}, the smallest {smallest} of the rows"
    if table.targets:
        return "; ".join(f"{name} {_range(table.target[:, k])}" for k, name in enumerate(table.targets))
    return _range(table.target)


def _range(values: NDArray[Any]) -> str:
    low, high = plain_number(float(values.min())), plain_number(float(values.max()))
    return f"{low} to {high}, mean {values.mean():g}, sd {values.std():g}"
