"""From a journal to the record: the same journal gives the same record, however often and by whom it was filled."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from lossbench.experiments.compare.conditions import mean_realised
from lossbench.experiments.compare.results.test_scores import RAW, impute_failures, reliability
from lossbench.experiments.compare.unit_key import together
from lossbench.experiments.scoring.diagnostics import combine
from lossbench.experiments.scoring.scores import mean_known
from lossbench.experiments.setup.data_source import prepared_record
from lossbench.record import (
    Asked,
    CompareRecord,
    DataRecord,
    Journal,
    LossResult,
    MemberRecord,
    ReferenceRecord,
    RepetitionRecord,
    Scores,
    UnitRecord,
)

ROLES = ("trial", "refit", "untuned")


def assemble(journal: Journal) -> CompareRecord:
    """The record of what a run asks for and its journal has. What is missing is "interrupted", and so is the record."""
    parts = journal.described("record")
    known = {metric["name"] for metric in parts["metrics"]}
    results: list[LossResult] = []
    references: list[ReferenceRecord] = []
    for same in _by_setting(journal.asked()):
        some, others = _setting(journal, same, known)
        results += some
        references += others
    parts |= {"status": "ok", "results": results, "references": references}
    record = CompareRecord.model_validate(parts)
    tables = journal.described("tables")
    for place, (data, about) in enumerate(zip(record.data, tables, strict=True)):
        repetition = journal.repetitions(about["setting"]).get(0)
        record.warnings += about["warnings"]
        if repetition is not None:
            record.data[place] = _prepared(data, repetition)
            record.warnings += [note.message for note in repetition.notes if note.level == "warning"]
    unfinished = [result for result in record.results if result.status == "interrupted"]
    if unfinished:
        record.status = "interrupted"
    evaluating = sum(result.seconds or 0.0 for result in record.results)
    record.timing = {"evaluate": evaluating, "total": journal.described("seconds", 0.0)}
    return record


def _by_setting(asked: Iterator[Asked]) -> Iterator[list[Asked]]:
    """What is asked for in one setting follows each other."""
    same: list[Asked] = []
    for one in asked:
        if same and (one.setting, one.header.data) != (same[0].setting, same[0].header.data):
            yield same
            same = []
        same.append(one)
    if same:
        yield same


def _setting(
    journal: Journal, asked: Sequence[Asked], metrics: Collection[str]
) -> tuple[list[LossResult], list[ReferenceRecord]]:
    """The results of all losses in one setting, and of its reference models, by the metrics that all tables have."""
    repetitions = {
        repeat: one.model_copy(update={"dummies": [_known(scores, metrics) for scores in one.dummies]})
        for repeat, one in journal.repetitions(asked[0].setting).items()
    }
    results: list[LossResult] = []
    references: list[ReferenceRecord] = []
    whole: dict[str, tuple[str, ...]] = {}
    for one in asked:
        units = [found for unit in one.units if (found := journal.unit(unit)) is not None]
        records, seconds = [record for record, _ in units], sum((seconds for _, seconds in units), 0.0)
        for member in (member for record in records for member in record.members):
            member.test = _known(member.test, metrics)
        if isinstance(one.header, ReferenceRecord):
            members = [member for record in records for member in record.members]
            references.append(one.header.model_copy(update={"members": members}))
            continue
        own = [repetitions[repeat] for repeat in range(len(one.units)) if repeat in repetitions]
        results.append(loss_result(one.header, records, own, count=len(one.units)))
        results[-1].seconds = seconds
        if results[-1].status not in {"failed", "interrupted"}:
            whole[one.header.name] = one.units
    matrix = journal.matrix(together([unit for units in whole.values() for unit in units])) or []
    columns = [_short(result, results) for result in results if result.name in whole]
    rows = dict(zip(whole, matrix, strict=False))
    for result in results:
        result.matrix = dict(zip(columns, rows.get(result.name, []), strict=False))
    impute_failed_scores(results, repetitions)
    return results, references


def _short(result: LossResult, among: Sequence[LossResult]) -> str:
    """The loss's label, with its activation where another one has the same loss."""
    alike = sum(other.loss.label == result.loss.label for other in among)
    return result.loss.label if alike == 1 else f"{result.loss.label} + {result.last_act}"


def loss_result(
    header: LossResult, records: Sequence[UnitRecord], repetitions: Sequence[RepetitionRecord], *, count: int
) -> LossResult:
    """The result of one loss in one setting from its `count` units, with what its losses share on their repetitions.

    While some are missing it has no members: losses are compared on all splits, or not yet.
    """
    members = [member for role in ROLES for record in records for member in record.members if member.role == role]
    refits = [member for member in members if member.role == "refit"]
    failed = [record for record in records if record.status == "failed"]
    result = header.model_copy()
    if repetitions:  # a level that changes nothing is realised as it is
        result.realised = {**header.condition, **mean_realised([one.realised for one in repetitions])}
        dummies = [scores for one in repetitions for scores in one.dummies]
        result.dummy = {"test": {name: mean_known([scores[name] for scores in dummies]) for name in dummies[0]}}
    if len(records) < count:
        result.status, result.message = "interrupted", f"{len(records)} of {count} repetitions are done"
        return result
    result.members, result.status = members, "ok"
    if failed:
        result.status, result.message, result.traceback = "failed", failed[0].message, failed[0].traceback
    elif refits and all(member.status == "diverged" for member in refits):
        result.status = "diverged"
    result.diagnostics = combine([net for record in records for net in record.diagnostics], header.loss.floor)
    if counted := [record.reliability for record in records if record.reliability is not None]:
        result.reliability = reliability(counted)
    return result


def impute_failed_scores(results: Sequence[LossResult], repetitions: Mapping[int, RepetitionRecord]) -> None:
    """Give the nets that failed their scores, now that those of all losses are known."""
    nets: dict[tuple[int, int], list[Scores]] = {}
    dummies: list[Scores] = []
    for repeat, repetition in sorted(repetitions.items()):
        for fold, scores in enumerate(repetition.dummies):
            nets[repeat, fold] = []
            dummies.append(scores)
    for result in results:
        for member in result.members:
            if member.role != "trial":
                nets[_place(member)].append(member.test)
    impute_failures(list(nets.values()), dummies)


def _known(scores: Scores, metrics: Collection[str]) -> Scores:
    return {name: value for name, value in scores.items() if name.removeprefix(RAW) in metrics}


def _place(member: MemberRecord) -> tuple[int, int]:
    return member.split["repeat"], member.split["fold"]


def _prepared(data: DataRecord, repetition: RepetitionRecord) -> DataRecord:
    return prepared_record(
        data,
        inputs=repetition.inputs,
        excluded=repetition.excluded,
        statistic=repetition.dummy_statistic,
        notes=repetition.notes,
    )
