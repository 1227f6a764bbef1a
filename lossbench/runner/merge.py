"""`runs merge`: comparisons that were run apart, as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from lossbench.errors import UserError
from lossbench.record import JOURNAL, Asked, Journal, RunKey
from lossbench.runner.comparison import conclude
from lossbench.runner.drive import choose_listeners, drive
from lossbench.runner.finish import OK, PARTIAL, print_answer
from lossbench.runner.folder import run_folder
from lossbench.runner.run_files import RECORD
from lossbench.runner.runs import check_run


def merge_runs(folders: Sequence[Path], name: str, output: str, *, force: bool) -> int:
    """`lossbench runs merge`: all results of comparisons that share what changes numbers, and the report of all.

    They may differ in tables, losses, conditions and repeats. Raises `UserError` for runs that differ in more.
    """
    from lossbench.experiments.compare.assemble import assemble

    key = _common_key(folders)
    with (
        run_folder(output, name, name, key, force=force) as folder,
        drive(choose_listeners("rich")) as (emit, _),
        Journal.open(folder) as journal,
        ExitStack() as opened,
    ):
        parts = [opened.enter_context(Journal.open(part, read_only=True)) for part in folders]
        for part in folders:
            journal.take(part)
        skeleton = _joined_skeletons(parts)
        references = {condition["name"]: condition["reference"] for condition in skeleton["record"]["conditions"]}
        journal.ask([_at_levels(one, references) for one in _joined(parts)], **skeleton)
        record = assemble(journal)
        conclude(record, journal, folder, emit, print_answer)
    return PARTIAL if record.status == "interrupted" else OK


def _common_key(folders: Sequence[Path]) -> RunKey:
    key: RunKey | None = None
    for folder in folders:
        check_run(folder)
        mine = RunKey.read(folder)
        if mine is None or not (folder / JOURNAL).exists():
            fix = "run it again with this version" if (folder / RECORD).exists() else ""
            raise UserError("has no journal, so it cannot be merged", where=str(folder), fix=fix)
        if key is not None and (differ := mine.differences(key)):
            what = f"differs from {folders[0]} in {', '.join(differ)}"
            raise UserError(what, where=str(folder), fix="merge runs that share all of these")
        key = mine.joined(key)
    assert key is not None, "two runs or more"
    return key


def _joined(parts: Sequence[Journal]) -> list[Asked]:
    """What all ask for, setting by setting; of what two ask for, the one with more repetitions."""
    found: dict[tuple[str, str], dict[str, Asked]] = {}
    for part in parts:
        for one in part.asked():
            same = found.setdefault((one.header.data, one.setting), {})
            before = same.get(f"{one.kind} {one.header.name}")
            if before is None or len(one.units) > len(before.units):
                same[f"{one.kind} {one.header.name}"] = one
    return [one for same in found.values() for one in same.values()]


def _at_levels(asked: Asked, references: Mapping[str, float]) -> Asked:
    """With a level of every condition: what a run did not vary was at the level that changes nothing."""
    condition = {**references, **asked.header.condition}
    return replace(asked, header=asked.header.model_copy(update={"condition": condition}))


def _joined_skeletons(parts: Sequence[Journal]) -> dict[str, Any]:
    """The first one's record, with the data sets, conditions' levels, losses and repeats of all."""
    records = [part.described("record") for part in parts]
    tables = [part.described("tables") for part in parts]
    first = records[0]
    about = {data["name"]: table for data, table in zip(first["data"], tables[0], strict=True)}
    known = {condition["name"]: condition for condition in first["conditions"]}
    for record, own in zip(records[1:], tables[1:], strict=True):
        for data, table in zip(record["data"], own, strict=True):
            if data["name"] not in about:
                about[data["name"]] = table
                first["data"].append(data)
        for condition in record["conditions"]:
            before = known.get(condition["name"], {"levels": [condition["reference"]]})
            levels = sorted({*condition["levels"], *before["levels"]})
            known[condition["name"]] = {**condition, "levels": levels}
        first["loss_profiles"] += [one for one in record["loss_profiles"] if one not in first["loss_profiles"]]
        first["protocol"]["repeats"] = max(first["protocol"]["repeats"], record["protocol"]["repeats"])
        first["config"] = _joined_config(first["config"], record["config"])
    first["conditions"] = list(known.values())
    seconds = sum(part.described("seconds", 0.0) for part in parts)
    return {"record": first, "tables": list(about.values()), "seconds": seconds}


def _joined_config(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """A config that asks for what both do: lists of work are joined, everything else is the first one's."""
    joined = dict(first)
    joined["conditions"] = _joined_conditions(first["conditions"], second["conditions"])
    for name in ("data", "losses", "losses_add", "reference"):
        ours, theirs = first.get(name), second.get(name)
        if isinstance(ours, list) and isinstance(theirs, list):
            joined[name] = [*ours, *(one for one in theirs if one not in ours)]
        elif name == "losses_add":
            joined[name] = ours or theirs
    joined["repeats"] = max(first.get("repeats", 1), second.get("repeats", 1))
    return joined


def _joined_conditions(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The levels of both; what says how levels are realised is the same in both, or only one has it."""
    from lossbench.experiments.compare.conditions import CONDITIONS

    joined = dict(first)
    for condition in CONDITIONS:
        ours, theirs = first[condition.name], second[condition.name]
        joined[condition.name] = [*ours, *(level for level in theirs if level not in ours)]
        if key := condition.parameter:
            joined[key] = first[key] if first[key] is not None else second[key]
            if second[key] not in (None, joined[key]):
                fix = f"merge runs that share their {key}"
                raise UserError(f"the runs differ in conditions.{key}", fix=fix)
    return joined
