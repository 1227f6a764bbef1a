"""The nets of a record that were scored, and a name for each that can be a folder's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lossbench.record import CompareRecord, LossResult, MemberRecord, Record, levels_text

FINAL = {"", "recommended", "refit"}  # roles of nets that were scored; trials and untuned ones are left out


def final(result: LossResult) -> list[MemberRecord]:
    """The nets of a result that were scored."""
    return [member for member in result.members if member.role in FINAL]


def nets(record: Record) -> Iterator[tuple[str, MemberRecord]]:
    """The nets that were scored, each with the path of its folder; no two have the same."""
    taken: set[str] = set()
    for result in record.results:
        for member in final(result):
            name = "/".join(_plain(part) for part in (*setting_of(record, result), loss_of(result), place_of(member)))
            while name in taken:  # names that differ in signs alone
                name += "_"
            taken.add(name)
            yield name, member


def setting_of(record: Record, result: LossResult) -> list[str]:
    """The data set, and in words what was changed of it."""
    levels = levels_text(record.conditions, result.condition) if isinstance(record, CompareRecord) else ""
    return [result.data, levels] if levels else [result.data]


def loss_of(result: LossResult) -> str:
    """`nll+logsoftmax`."""
    return f"{result.loss.label}+{result.last_act}"


def place_of(member: MemberRecord) -> str:
    """`seed-0`, or the split of a comparison."""
    if "fold" in member.split:
        return f"repeat-{member.split['repeat']}-fold-{member.split['fold']}"
    return f"seed-{member.seed}"


def _plain(text: str) -> str:
    """A text as the name of a folder, never one above it."""
    return re.sub(r"[^\w.()=,+-]+", "_", text).strip(".") or "_"
