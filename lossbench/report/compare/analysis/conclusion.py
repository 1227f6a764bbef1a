"""The one sentence that answers "which loss?": what is better, what is the same, what is worse, what is broken.

"Equal" is said only of losses whose difference lies within the ROPE with a probability above 0.95; the others that no
test tells apart are "not distinguishable", which is a statement about the data, not about the losses. Few splits, and
a baseline without scores of its own, carry no such word at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lossbench.record import ConditionRecord
from lossbench.record.comparison import COMPARED, Across, Row, Sensitivity, Table
from lossbench.report.format import among, counted, interval, listed, none_among, number, probed

MOST_SETTINGS = 6  # that a sentence goes through one by one


def answer(
    tables: list[Table],
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
    tables: list[Table], conditions: Sequence[ConditionRecord], sensitivity: list[Sensitivity], metric: str
) -> str:
    """One data set in several settings: who wins in each, who gives up least, what is broken."""
    varied = [c for c in conditions if len({table.condition.get(c.name) for table in tables}) > 1]
    sure = [table for table in tables if _compared(table)]
    if len(sure) == len(tables) and not any(_with(table, "better") for table in tables):
        parts = [f"no loss beats {tables[0].baseline} {_anywhere(tables, varied)}"]
    elif len(tables) > MOST_SETTINGS:
        wins = Counter(row.name for table in tables for row in _with(table, "better"))
        each = listed([f"{name} in {count}" for name, count in wins.most_common()]) if wins else "no loss in any"
        parts = [f"better than {tables[0].baseline} in the {len(tables)} settings: {each}"]
    else:
        parts = [f"{_where(table, conditions)}{_head(table)}" for table in tables]
    if len(varied) == 1:
        parts += [found.sentence.rstrip(".") for found in sensitivity]
    unsound = _first_two(_unsound_anywhere(tables, conditions))
    return f"On {tables[0].data}, by {metric}, {'; '.join([*parts, *unsound])}."


def _anywhere(tables: list[Table], varied: list[ConditionRecord]) -> str:
    """`at any level of label noise (0%, 20%)`; of several conditions `in any of the 6 settings`."""
    if len(varied) != 1:
        return f"in any of the {len(tables)} settings"
    levels = listed([varied[0].short(table.condition[varied[0].name]) for table in tables], 9)
    return f"at any level of {varied[0].label} ({levels})"


def _unsound_anywhere(tables: list[Table], conditions: Sequence[ConditionRecord]) -> list[str]:
    """What is broken, diverged or failed in any setting, each loss once, in the first such setting."""
    by_name: dict[str, str] = {}
    for table in tables:
        for row in table.rows:
            if _is_unsound(row, table) and row.name not in by_name:
                by_name[row.name] = (_where(table, conditions) if table is not tables[0] else "") + _unsound(row, table)
    return list(by_name.values())


def setting_sentence(table: Table, metric: str) -> str:
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
    sentence = f"On {table.title}, by {metric}, {_head(table)}{colon if details else ''}{comma.join(details)}"
    return "; ".join([sentence, *_first_two(unsound)]) + "."


def _with(table: Table, word: str) -> list[Row]:
    return [row for row in table.rows if row.word == word]


def _compared(table: Table) -> list[Row]:
    return [r for r in table.rows if r.word in COMPARED]


def _by(row: Row, table: Table) -> str:
    """`0.014 [0.004, 0.024]`: the size of a difference, whichever way it goes."""
    size, low, high = row.difference or 0.0, row.difference_low, row.difference_high
    if size < 0 and low is not None and high is not None:
        low, high = -high, -low
    return f"{number(abs(size), table.decimals)} {interval(low, high, table.decimals)}"


def _where(table: Table, conditions: Sequence[ConditionRecord]) -> str:
    """`with 20% label noise `; where nothing was changed, what that is: `with clean labels `."""
    return f"with {table.condition_text or ' and '.join(c.reference_text for c in conditions)} "


def _head(table: Table) -> str:
    better, compared = _with(table, "better"), _compared(table)
    if table.baseline_lost:
        return f"nothing can be said against {table.baseline}, which {table.baseline_lost}"
    if few := _with(table, "anecdotal"):
        return (
            f"{counted(table.splits, 'split')} cannot tell {listed([row.name for row in few], 12)} from"
            f" {table.baseline} (anecdotal)"
        )
    if not compared:
        return f"there is no sound loss to compare {table.baseline} with"
    if not better:
        return f"no loss beats {table.baseline}"
    if len(better) == 1:
        return f"{better[0].name} beats {table.baseline} by {_by(better[0], table)}"
    return (
        f"{len(better)} of {len(compared)} losses beat {table.baseline}, most of all {better[0].name}"
        f" by {_by(better[0], table)}"
    )


def _details(table: Table) -> list[str]:
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
    parts += [f"{row.name} is worse by {_by(row, table)}" for row in shown]
    if len(worse) > len(shown):
        parts.append(f"{counted(len(worse) - len(shown), 'more is', 'more are')} worse")
    return parts + _twins(table)


def _twins(table: Table) -> list[str]:
    """`no difference of nll and kl_div from cross_entropy found on 1,063 probes up to |z| = 1e4`, for every group."""
    twins = _with(table, "same objective")
    parts = []
    for first in dict.fromkeys(row.same_as for row in twins):
        rows = [row for row in twins if row.same_as == first]
        extent = probed(rows[0].probes, rows[0].reach)
        parts.append(f"no difference of {listed([row.name for row in rows])} from {first} found{extent}")
    return parts


def _is_unsound(row: Row, table: Table) -> bool:
    """Whether it is to be said apart; of a lost baseline everything has been said."""
    return row.word in {"broken", "diverged", "failed"} and not (table.baseline_lost and row.name == table.baseline)


def _unsound(row: Row, table: Table) -> str:
    if row.word == "failed":
        return f"{row.name} failed: {row.reason}"
    if row.word == "diverged":
        return f"{row.name} diverged on every split"
    if row.same_as:
        return f"{row.name} is broken as well: no difference from {row.same_as} found{probed(row.probes, row.reach)}"
    gap = f" ({number(row.difference, table.decimals, sign=True)})" if row.difference is not None else ""
    return f"{row.name} is broken{gap}: {row.reason}"


def _first_two(unsound: list[str]) -> list[str]:
    rest = len(unsound) - 2
    return unsound[:2] + ([f"{counted(rest, 'more is', 'more are')} broken or failed"] if rest > 0 else [])
