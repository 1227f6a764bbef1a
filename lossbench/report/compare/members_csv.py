"""Record -> members.csv: one row per trained net, every column named, nothing averaged."""

from __future__ import annotations

import csv
import io

from lossbench.record import Record

_PARTS = ("train", "val", "test")


def members_csv(record: Record) -> str:
    """Data set x loss x label noise x split x seed x learning rate x chosen parameters, with every score; empty: not
    defined."""
    members = [(run, member) for run in record.runs for member in run.members]
    splits = sorted({name for _, member in members for name in member.split})
    penalties = sorted({name for _, member in members for name in member.penalty})
    scores = {part: sorted({name for _, m in members for name in getattr(m, part)}) for part in _PARTS}
    params = sorted({name for _, m in members for name in m.extra.get("params", {})})
    facts = sorted(
        {k for _, m in members for k, v in m.extra.items() if v is None or isinstance(v, bool | int | float | str)}
    )
    columns = [
        "data",
        "loss",
        "last_act",
        "verdict",
        "label_noise",
        "label_noise_realised",
        "role",
        *splits,
        "seed",
        "lr",
    ]
    columns += [*(f"param_{name}" for name in params), *penalties]
    columns += [
        "status",
        "best_epoch",
        "epochs",
        *(f"{part}_{name}" for part in _PARTS for name in scores[part]),
        *facts,
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for run, member in members:
        writer.writerow(
            [
                run.data,
                run.loss.label,
                run.last_act,
                run.verdict.level,
                run.conditions.get("label_noise", 0),
                run.conditions.get("realised", 0),
                member.role,
            ]
            + [member.split.get(name) for name in splits]
            + [member.seed, member.lr]
            + [member.extra.get("params", {}).get(name) for name in params]
            + [member.penalty.get(name) for name in penalties]
            + [member.status, member.best_epoch, member.epochs]
            + [getattr(member, part).get(name) for part in _PARTS for name in scores[part]]
            + [member.extra.get(name) for name in facts]
        )
    return out.getvalue()
