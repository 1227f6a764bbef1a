"""Record -> members.csv: one row per trained net, every column named, nothing averaged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lossbench.record import CompareRecord, LossResult
from lossbench.report.compare.analysis.scores import ConditionKey, condition_key
from lossbench.report.csv_text import csv_lines

_PARTS = ("train", "val", "test")
_FACTS = ("chosen", "grid_edge", "n_test", "n_train", "temperature")


def members_csv(record: CompareRecord) -> str:
    """Data set x loss x condition x split x seed x learning rate x chosen parameters, with every score; empty: not
    defined."""
    return "".join(members_lines(record))


def members_lines(record: CompareRecord) -> Iterator[str]:
    """The same, a line at a time."""
    return csv_lines(_rows(record))


def _rows(record: CompareRecord) -> Iterator[list[Any]]:
    members = [(result, member) for result in record.results for member in result.members]
    references = [(one, member) for one in record.references for member in one.members]
    conditions = [condition.name for condition in record.conditions]
    splits = sorted({name for _, member in members for name in member.split})
    penalties = sorted({name for _, member in members for name in member.penalty})
    scores = [(part, name) for part in _PARTS for name in sorted({n for _, m in members for n in getattr(m, part)})]
    params = sorted({name for _, m in members for name in m.params})
    columns = ["data", "loss", "last_act", "verdict"]
    columns += [column for name in conditions for column in (name, f"{name}_realised")]
    columns += ["role", *splits, "seed", "lr", *(f"param_{name}" for name in params), *penalties]
    columns += ["status", "best_epoch", "epochs", *(f"{part}_{name}" for part, name in scores), *_FACTS]
    yield columns
    for result, member in members:
        levels = [value for name in conditions for value in (result.condition.get(name), result.realised.get(name))]
        yield (
            [result.data, result.loss.label, result.last_act, result.verdict.level, *levels, member.role]
            + [member.split.get(name) for name in splits]
            + [member.seed, member.lr]
            + [member.params.get(name) for name in params]
            + [member.penalty.get(name) for name in penalties]
            + [member.status, member.best_epoch, member.epochs]
            + [getattr(member, part).get(name) for part, name in scores]
            + [getattr(member, name) for name in _FACTS]
        )
    for one, member in references:
        levels = [value for name in conditions for value in (one.condition.get(name), None)]
        yield (
            [one.data, one.name, "", "reference, not a loss", *levels, member.role]
            + [member.split.get(name) for name in splits]
            + [member.seed, None, *(None for _ in params), *(None for _ in penalties)]
            + [member.status, None, None]
            + [getattr(member, part).get(name) for part, name in scores]
            + [getattr(member, name) for name in _FACTS]
        )
    names = {data.name: data.dummy_name for data in record.data}
    for result in _one_a_setting(record):
        levels = [value for name in conditions for value in (result.condition.get(name), result.realised.get(name))]
        blank = len(splits) + 2 + len(params) + len(penalties) + 3
        yield (
            [result.data, names[result.data], "", "", *levels, "dummy", *[None] * blank]
            + [result.dummy.get(part, {}).get(name) for part, name in scores]
            + [None] * len(_FACTS)
        )


def _one_a_setting(record: CompareRecord) -> list[LossResult]:
    """A run of each data set and condition that knows what the majority class or the target mean scores."""
    first: dict[tuple[str, ConditionKey], LossResult] = {}
    for result in record.results:
        if result.dummy:
            first.setdefault((result.data, condition_key(result.condition)), result)
    return list(first.values())
