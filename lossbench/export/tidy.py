"""Record -> two tidy tables: a row a score, and a row an epoch of a curve. The same columns whatever was run.

scores: `data`, `setting` (the condition in words, empty where nothing was changed), a column of levels for each
condition that was varied (`label_noise`), `loss`, `last_act`, `verdict`, `role` (requested, recommended, trial, refit,
untuned; dummy and reference for what is no loss), `repeat`, `fold`, `split_seed`, `seed`, `lr`, `params` (the loss's
own that were chosen), `l1`, `l2` (penalties), `status`, `best_epoch`, then `part` (train, val, test), `metric`,
`better` (higher or lower) and `value`.

curves: the same up to `best_epoch`, then `curve` (train_loss, val_loss, val_score), `epoch` (from 1) and `value`.

What does not apply or was not measured is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lossbench.deferred import pd
from lossbench.record import CompareRecord, LossResult, MemberRecord, Record, ReferenceRecord, levels_text
from lossbench.report.format import parameters

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("train", "val", "test")
PLACE = ("repeat", "fold", "split_seed", "seed")
TEXTS = (
    "data",
    "setting",
    "loss",
    "last_act",
    "verdict",
    "role",
    "params",
    "status",
    "part",
    "metric",
    "better",
    "curve",
)
COUNTS = (*PLACE, "best_epoch", "epoch")
_MEMBER = ("loss", "last_act", "verdict", "role", *PLACE, "lr", "params", "l1", "l2", "status", "best_epoch")


def scores(record: Record) -> pd.DataFrame:
    """A row for each trained net, part and metric, references and dummies behind them."""
    better = {metric.name: metric.better for metric in record.metrics}
    rows = []
    for facts, scored in _scored(record):
        for part, values in scored.items():
            rows += [
                {**facts, "part": part, "metric": name, "better": better.get(name), "value": value}
                for name, value in values.items()
                if value is not None
            ]
    return _frame(rows, _columns(record, "part", "metric", "better", "value"))


def curves(record: Record) -> pd.DataFrame:
    """A row for each epoch of each curve of each net."""
    rows = []
    for result in record.results:
        setting = _setting(record, result)
        for member in result.members:
            facts = {**setting, **_facts(result, member)}
            for name, values in member.curves.items():
                rows += [
                    {**facts, "curve": name, "epoch": epoch, "value": value}
                    for epoch, value in enumerate(values, start=1)
                    if value is not None
                ]
    return _frame(rows, _columns(record, "curve", "epoch", "value"))


def role_of(member: MemberRecord) -> str:
    """What a net was trained for; that of a training without a role was requested."""
    return member.role or "requested"


def _scored(record: Record) -> Iterator[tuple[dict[str, Any], dict[str, Mapping[str, float | None]]]]:
    for result in record.results:
        setting = _setting(record, result)
        for member in result.members:
            yield {**setting, **_facts(result, member)}, {part: getattr(member, part) for part in PARTS}
    for one in record.references if isinstance(record, CompareRecord) else ():
        for member in one.members:
            facts = _placed(member) | {"loss": one.name, "role": "reference", "status": member.status}
            yield _setting(record, one) | facts, {part: getattr(member, part) for part in PARTS}
    known: list[dict[str, Any]] = []
    tables = record.data if isinstance(record.data, list) else [record.data]  # type: ignore[attr-defined]
    names = {data.name: data.dummy_name for data in tables}
    for result in record.results:
        setting = _setting(record, result)
        if result.dummy and setting not in known:  # of a setting all losses have the same
            known.append(setting)
            yield setting | {"loss": names[result.data], "role": "dummy"}, dict(result.dummy)


def _conditions(record: Record) -> list[str]:
    return [one.name for one in record.conditions] if isinstance(record, CompareRecord) else []


def _setting(record: Record, of: LossResult | ReferenceRecord) -> dict[str, Any]:
    conditions = record.conditions if isinstance(record, CompareRecord) else []
    levels = {name: of.condition.get(name) for name in _conditions(record)}
    return {"data": of.data, "setting": levels_text(conditions, of.condition), **levels}


def _facts(result: LossResult, member: MemberRecord) -> dict[str, Any]:
    return _placed(member) | {
        "loss": result.loss.label,
        "last_act": result.last_act,
        "verdict": result.verdict.level,
        "role": role_of(member),
        "lr": member.lr,
        "params": parameters(member.params),
        "l1": member.penalty.get("l1"),
        "l2": member.penalty.get("l2"),
        "status": member.status,
        "best_epoch": member.best_epoch,
    }


def _placed(member: MemberRecord) -> dict[str, Any]:
    split = member.split
    return {
        "repeat": split.get("repeat"),
        "fold": split.get("fold"),
        "split_seed": split.get("seed"),
        "seed": member.seed,
    }


def _columns(record: Record, *last: str) -> list[str]:
    return ["data", "setting", *_conditions(record), *_MEMBER, *last]


def _frame(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    """With one type a column, whether it has values or not."""
    frame = pd.DataFrame(rows, columns=columns)
    kinds = {name: "string" if name in TEXTS else "Int64" if name in COUNTS else "float64" for name in columns}
    return frame.astype(kinds)
