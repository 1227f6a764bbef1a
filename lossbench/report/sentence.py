"""The one sentence that answers "which loss?": what is better, what is the same, what is worse, what is broken.

"Equal" is said only of losses whose difference lies within the ROPE with a probability above 0.95; the others that no
test tells apart are "not distinguishable", which is a statement about the data, not about the losses.
"""

from __future__ import annotations

from collections import Counter

from lossbench.report.evidence import Across, Row, Table
from lossbench.report.wording import counted, interval, listed, number


def answer(tables: list[Table], across: list[Across], metric: str) -> str:
    """The sentence of the whole comparison: of its only table, of its noise levels, or of its data sets."""
    if not tables:
        return "Nothing was compared."
    if len(tables) == 1:
        return tables[0].sentence
    if len({table.data for table in tables}) == 1:
        heads = [_head(table, short=True) for table in tables]
        return f"On {tables[0].data}, by {metric}: {'; '.join(heads)}."
    # Too few data sets are too few at every level of noise: once is enough.
    said = across[:1] if all(found.too_few for found in across) else across
    heads = [found.sentence.rstrip(".") for found in said]
    wins = Counter(row.name for table in tables for row in _with(table, "better"))
    each = (
        f"data set by data set, better than {tables[0].baseline}: "
        + listed([f"{name} on {count} of {len(tables)}" for name, count in wins.most_common()])
        if wins
        else (f"on none of them by itself does a loss beat {tables[0].baseline}")
    )
    return "; ".join([*heads, each]) + f" (by {metric})."


def setting_sentence(table: Table, metric: str) -> str:
    """What one data set says of every loss against the baseline."""
    if table.splits == 0:
        return f"On {table.title} nothing was finished, so nothing can be said."
    said = [f"On {table.title}, by {metric}, {_head(table)}"]
    details = _details(table)
    sentence = said[0] + (f": {', '.join(details)}" if details else "")
    unsound = [_unsound(row, table) for row in table.rows if row.word in {"broken", "failed"} and not row.same_as]
    if unsound:
        sentence += (
            "; " + "; ".join(unsound[:2]) + (f"; {len(unsound) - 2} more are broken or failed" if unsound[2:] else "")
        )
    return sentence + "."


def _with(table: Table, word: str) -> list[Row]:
    return [row for row in table.rows if row.word == word]


def _compared(table: Table) -> list[Row]:
    return [r for r in table.rows if r.word in {"better", "worse", "practically equal", "not distinguishable"}]


def _by(row: Row, table: Table) -> str:
    """`0.014 [0.004, 0.024]`: the size of a difference, whichever way it goes."""
    size, low, high = row.difference or 0.0, row.difference_low, row.difference_high
    if size < 0 and low is not None and high is not None:
        low, high = -high, -low
    return f"{number(abs(size), table.decimals)} {interval(low, high, table.decimals)}"


def _head(table: Table, *, short: bool = False) -> str:
    better, compared = _with(table, "better"), _compared(table)
    where = (
        "" if not short else f"with {table.label_noise:.0%} label noise " if table.label_noise else "with clean labels "
    )
    if not compared:
        return f"{where}there is no sound loss to compare {table.baseline} with"
    if not better:
        return f"{where}no loss beats {table.baseline}"
    if len(better) == 1:
        return f"{where}{better[0].name} beats {table.baseline} by {_by(better[0], table)}"
    return (
        f"{where}{len(better)} of {len(compared)} losses beat {table.baseline}, most of all {better[0].name}"
        f" by {_by(better[0], table)}"
    )


def _details(table: Table) -> list[str]:
    compared, parts = _compared(table), []
    equal, open_, worse = (_with(table, word) for word in ("practically equal", "not distinguishable", "worse"))
    if equal:
        who = equal[0].name if len(compared) == 1 else f"{len(equal)} of {len(compared)}"
        parts.append(
            f"{who} {'is' if len(equal) == 1 else 'are'} within {number(table.rope, table.decimals - 1)} of it (ROPE)"
        )
    if open_:
        who = open_[0].name if len(compared) == 1 else f"{len(open_)} of {len(compared)}"
        parts.append(f"{who} {'is' if len(open_) == 1 else 'are'} not distinguishable from it")
    shown = worse if len(worse) <= 3 else worse[-2:]  # the table has them best first: the last are the worst
    parts += [f"{row.name} is worse by {_by(row, table)}" for row in shown]
    if len(worse) > len(shown):
        parts.append(f"{counted(len(worse) - len(shown), 'more is', 'more are')} worse")
    if twins := _with(table, "same objective"):
        first = "it" if {row.same_as for row in twins} == {table.baseline} else "others"
        parts.append(
            f"{listed([row.name for row in twins])} {'is' if len(twins) == 1 else 'are'} the same objective as {first}"
        )
    return parts


def _unsound(row: Row, table: Table) -> str:
    if row.word == "failed":
        return f"{row.name} failed: {row.reason}"
    gap = f" ({number(row.difference, table.decimals, sign=True)})" if row.difference is not None else ""
    return f"{row.name} is broken{gap}: {row.reason}"
