"""The conclusion of a comparison in one sentence: which losses are better, worse, equal or broken.

"Equal" is said only of losses whose difference lies within the ROPE with a probability above 0.95; the others that no
test tells apart are "not distinguishable", which is a statement about the data, not about the losses. Few splits, and
a baseline without scores of its own, carry no such word at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lossbench.errors import counted
from lossbench.record import ConditionRecord
from lossbench.record.comparison import TESTED, Across, ComparisonRow, ComparisonTable, Sensitivity
from lossbench.report.format import among, interval, listed, none_among, number, probed, share_failed

MOST_SETTINGS = 6  # that a sentence goes through one by one


def answer(
    tables: list[ComparisonTable],
    conditions: Sequence[ConditionRecord],
    sensitivity: list[Sensitivity],
    across: list[Across],
    metric: str,
) -> str:
    """The sentence of the whole comparison: of its only table, of its settings, or of its data sets."""
    if not tables:
        return "Nothing was compared."
    if len(tables) == 1:
        return tables[0].sentence
    if len({table.data for table in tables}) == 1:
        return _settings_sentence(tables, conditions, sensitivity, metric)
    # Too few data sets are too few in every setting: once is enough.
    summaries = across
    if all(found.too_few for found in across):
        summaries = [found for found in across if not found.condition_text][:1] or across[:1]
    heads = [found.sentence.rstrip(".") for found in summaries]
    wins = Counter(row.name for table in tables for row in _with(table, "better"))
    if wins:
        each = f"data set by data set, better than {tables[0].baseline}: "
        each += listed([f"{name} on {count} of {len(tables)}" for name, count in wins.most_common()])
    elif all(_with(table, "anecdotal") for table in tables):
        each = "each of them by itself is anecdotal, with too few splits"
    else:
        each = f"on none of them by itself does a loss beat {tables[0].baseline}"
    return "; ".join([*heads, each]) + f" (by {metric})."


def _settings_sentence(
    tables: list[ComparisonTable], conditions: Sequence[ConditionRecord], sensitivity: list[Sensitivity], metric: str
) -> str:
    """One data set in several settings: who wins in each, who gives up least, what is broken."""
    varied = [c for c in conditions if len({table.condition.get(c.name) for table in tables}) > 1]
    sure = [table for table in tables if _compared(table)]
    plain = not any(_with(table, "better") or table.learnt_nothing for table in tables)
    if len(sure) == len(tables) and plain:
        parts = [f"no loss beats {tables[0].baseline} {_anywhere(tables, varied)}"]
    elif len(tables) > MOST_SETTINGS:
        wins = Counter(row.name for table in tables for row in _with(table, "better"))
        each = listed([f"{name} in {count}" for name, count in wins.most_common()]) if wins else "no loss in any"
        parts = [f"better than {tables[0].baseline} in the {len(tables)} settings: {each}"]
        if nothing := sum(table.learnt_nothing for table in tables):
            parts.append(f"in {nothing} of them there is no evidence that any loss has learnt anything")
    else:
        parts = [f"{_where(table, conditions)}{_head(table)}" for table in tables]
    parts += _unreliable_anywhere(tables, conditions)
    if len(varied) == 1:
        parts += [found.sentence.rstrip(".") for found in sensitivity]
    unsound = _first_two(_unsound_anywhere(tables, conditions))
    how = next((f" ({table.stop_text})" for table in tables if table.stop_text), "") if len(varied) > 1 else ""
    return f"On {tables[0].data}{how}, by {metric}, {'; '.join([*parts, *unsound])}."


def _anywhere(tables: list[ComparisonTable], varied: list[ConditionRecord]) -> str:
    """`at any level of label noise (0%, 20%)`; of several conditions `in any of the 6 settings`."""
    if len(varied) != 1:
        return f"in any of the {len(tables)} settings"
    levels = listed([varied[0].short(table.condition[varied[0].name]) for table in tables], 9)
    return f"at any level of {varied[0].label} ({levels})"


def _unreliable_anywhere(tables: list[ComparisonTable], conditions: Sequence[ConditionRecord]) -> list[str]:
    """Who failed too often, setting by setting; of many settings, in how many."""
    if len(tables) <= MOST_SETTINGS:
        return [f"{_where(table, conditions)}{part}" for table in tables for part in _unreliable(table)]
    counts = Counter(row.name for table in tables for row in _with(table, "unreliable"))
    return [f"{name} is unreliable in {count} settings" for name, count in counts.most_common(3)]


def _unsound_anywhere(tables: list[ComparisonTable], conditions: Sequence[ConditionRecord]) -> list[str]:
    """What is broken, diverged or failed in any setting, each loss once, in the first such setting."""
    by_name: dict[str, str] = {}
    for table in tables:
        for row in table.rows:
            if _is_unsound(row, table) and row.name not in by_name:
                by_name[row.name] = (_where(table, conditions) if table is not tables[0] else "") + _unsound(row, table)
    return list(by_name.values())


def setting_sentence(table: ComparisonTable, metric: str) -> str:
    """What one data set says of every loss against the baseline."""
    unsound = [_unsound(row, table) for row in table.rows if _is_unsound(row, table)]
    if table.splits == 0:
        everyone = table.rows and all(row.word == "failed" for row in table.rows)
        opening = f"On {table.title} " + ("every loss failed" if everyone else "nothing was finished")
        failed = [f"{row.name}: {row.reason}" if everyone else _unsound(row, table) for row in table.rows if row.reason]
        return f"{opening}, so nothing can be said{': ' if failed else ''}{'; '.join(failed[:3])}."
    details = _details(table)
    # Why a baseline is lost may have colons of its own.
    colon, comma = ("; ", "; ") if table.baseline_lost else (": ", ", ")
    how = f" ({table.stop_text})" if table.stop_text else ""
    sentence = f"On {table.title}{how}, by {metric}, {_head(table)}{colon if details else ''}{comma.join(details)}"
    return "; ".join([sentence, *_first_two(unsound)]) + "."


def _with(table: ComparisonTable, word: str) -> list[ComparisonRow]:
    return [row for row in table.rows if row.word == word]


def _compared(table: ComparisonTable) -> list[ComparisonRow]:
    return [r for r in table.rows if r.word in TESTED]


def _by(row: ComparisonRow, table: ComparisonTable) -> str:
    """`0.014 [0.004, 0.024]`: the size of a difference, whichever way it goes."""
    size, low, high = row.difference or 0.0, row.difference_low, row.difference_high
    if size < 0 and low is not None and high is not None:
        low, high = -high, -low
    return f"{number(abs(size), table.decimals)} {interval(low, high, table.decimals)}"


def _where(table: ComparisonTable, conditions: Sequence[ConditionRecord]) -> str:
    """`with 20% symmetric label noise `; where nothing was changed, what that is: `with clean labels `."""
    return f"with {table.condition_text or ' and '.join(c.reference_text for c in conditions)} "


def _head(table: ComparisonTable) -> str:
    better, compared = _with(table, "better"), _compared(table)
    if table.baseline_lost:
        return f"no loss can be compared with {table.baseline}, which {table.baseline_lost}"
    if table.learnt_nothing:
        many = len([row for row in table.rows if row.word in TESTED | {"baseline"}])
        none = "it is not" if many == 1 else f"none of the {many} losses is"
        return (
            f"there is no evidence that any loss has learnt anything: {none} significantly better than the"
            f" {table.dummy_name} ({number(table.dummy, table.decimals)})"
        )
    if few := _with(table, "anecdotal"):
        return (
            f"{counted(table.splits, 'split')} cannot tell {listed([row.name for row in few], 12)} from"
            f" {table.baseline} (anecdotal)"
        )
    if not compared:
        return f"there is no sound loss to compare {table.baseline}{_flaw(table)} with"
    if not better:
        return f"no loss beats {table.baseline}{_flaw(table)}"
    if len(better) == 1:
        return f"{better[0].name} beats {table.baseline}{_flaw(table)} by {_by(better[0], table)}"
    return (
        f"{len(better)} of {len(compared)} losses beat {table.baseline}{_flaw(table)}, most of all {better[0].name}"
        f" by {_by(better[0], table)}"
    )


def _flaw(table: ComparisonTable) -> str:
    """` (broken)`, ` (diverged on 3 of 5 splits)`, ` (not better than the majority class, 0.594)`: what is wrong with
    the baseline; "" for a sound one."""
    row = next((row for row in table.rows if row.name == table.baseline), None)
    if row is None:
        return ""
    flaws = ["broken"] if row.verdict == "broken" else []
    flaws += [share_failed(row.failed_splits, table.splits)] if row.failed_splits else []
    flaws += [f"estimates {row.estimand}, not what is scored"] if row.estimand else []
    if row.beside_dummy in {"not better", "worse"}:
        flaws.append(f"{row.beside_dummy} than the {table.dummy_name}, {number(table.dummy, table.decimals)}")
    return f" ({'; '.join(flaws)})" if flaws else ""


def _beside_dummy(table: ComparisonTable) -> list[str]:
    """`hinge and l1 are not better than the majority class (0.594)`: tested losses that may have learnt nothing."""
    parts = []
    for beside in ("worse",) if table.learnt_nothing else ("not better", "worse"):
        names = [row.name for row in table.rows if row.beside_dummy == beside and row.word in TESTED]
        if names:
            are = "is" if len(names) == 1 else "are"
            parts.append(
                f"{listed(names)} {are} {beside} than the {table.dummy_name} ({number(table.dummy, table.decimals)})"
            )
    return parts


def _unreliable(table: ComparisonTable) -> list[str]:
    """`l1 diverged on 13 of 25 splits: unreliable`, the worst of them first, by name up to three."""
    rows = sorted(_with(table, "unreliable"), key=lambda row: -row.failed_splits)
    parts = [f"{row.name} {share_failed(row.failed_splits, table.splits)} and is unreliable" for row in rows[:3]]
    if len(rows) > 3:
        parts.append(f"{counted(len(rows) - 3, 'more is', 'more are')} unreliable")
    return parts


def _details(table: ComparisonTable) -> list[str]:
    if table.learnt_nothing:
        return [*_unreliable(table), *_beside_dummy(table)]
    compared, parts = _compared(table), []
    if alone := [row for row in _with(table, "not compared") if row.mean is not None]:
        best = alone[0]  # the table has them best first
        scores = f"{number(best.mean, table.decimals)} {interval(best.low, best.high, table.decimals)}"
        parts.append(f"{best.name} scores {scores}" + (", the best of the others" if len(alone) > 1 else ""))
    for row in _with(table, "anecdotal")[:3]:
        parts.append(f"{row.name} {number(row.difference, table.decimals, sign=True)}")
    equal, open_, worse = (_with(table, word) for word in ("practically equal", "not distinguishable", "worse"))
    if equal:
        who = among([row.name for row in equal], len(compared))
        parts.append(f"{who} within {number(table.rope, table.decimals - 1)} of it (ROPE)")
    if open_:
        parts.append(f"{none_among([row.name for row in open_], len(compared))} distinguishable from it")
    shown = worse if len(worse) <= 3 else worse[-2:]  # the last are the worst
    parts += [
        f"{row.name} is worse by {_by(row, table)}"
        + (f" ({share_failed(row.failed_splits, table.splits)})" if row.failed_splits else "")
        for row in shown
    ]
    if len(worse) > len(shown):
        parts.append(f"{counted(len(worse) - len(shown), 'more is', 'more are')} worse")
    if table.may_be_best is not None and len(table.may_be_best) > 1:
        parts.append(f"{len(table.may_be_best)} losses may be the best ({listed(table.may_be_best, 6)})")
    return parts + _unreliable(table) + _beside_dummy(table) + _twins(table)


def _twins(table: ComparisonTable) -> list[str]:
    """`nll and kl_div have the same gradients as cross_entropy on 1,063 probes up to |z| = 1e4`, for every group."""
    twins = _with(table, "same objective")
    parts = []
    for first in dict.fromkeys(row.same_as for row in twins):
        rows = [row for row in twins if row.same_as == first]
        extent = probed(rows[0].probes, rows[0].reach)
        have = "has" if len(rows) == 1 else "have"
        parts.append(f"{listed([row.name for row in rows])} {have} the same gradients as {first}{extent}")
    return parts


def _is_unsound(row: ComparisonRow, table: ComparisonTable) -> bool:
    """Whether it is to be said apart; of a lost baseline everything has been said."""
    return row.word in {"broken", "diverged", "failed"} and not (table.baseline_lost and row.name == table.baseline)


def _unsound(row: ComparisonRow, table: ComparisonTable) -> str:
    if row.word == "failed":
        return f"{row.name} failed: {row.reason}"
    if row.word == "diverged":
        return f"{row.name} diverged on every split"
    if row.same_as:
        return (
            f"{row.name} is broken as well: it has the same gradients as {row.same_as}{probed(row.probes, row.reach)}"
        )
    gap = f" ({number(row.difference, table.decimals, sign=True)})" if row.difference is not None else ""
    return f"{row.name} is broken{gap}: {row.reason}"


def _first_two(unsound: list[str]) -> list[str]:
    rest = len(unsound) - 2
    return unsound[:2] + ([f"{counted(rest, 'more is', 'more are')} broken or failed"] if rest > 0 else [])
