"""What a comparison says of a known result: each claimed loss against the baseline, with its interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lossbench.record import CompareRecord
from lossbench.record.comparison import ComparisonRow, ComparisonTable
from lossbench.report.compare.analysis.calibrated import RAW
from lossbench.report.compare.analysis.comparison import compare
from tests.known_results.results import KnownResult

REPRODUCED, UNDECIDED, REFUTED = "reproduced", "not distinguishable", "not reproduced"


@dataclass(frozen=True)
class Reproduction:
    """A known result on one table: what was measured, and whether it is what was claimed."""

    result: KnownResult
    metric: str
    table: ComparisonTable

    def row(self, loss: str) -> ComparisonRow:
        """The scores of a loss."""
        return next(row for row in self.table.rows if row.loss == loss)

    def verdict_of(self, loss: str) -> str:
        """Whether the comparison says of a loss what the result claims."""
        word = self.row(loss).word
        if word == self.result.claimed[loss]:
            return REPRODUCED
        return UNDECIDED if word == "not distinguishable" else REFUTED

    @property
    def verdict(self) -> str:
        """`reproduced`, or the verdict of each loss where they differ."""
        losses: dict[str, list[str]] = {}
        for loss in self.result.claimed:
            losses.setdefault(self.verdict_of(loss), []).append(f"`{loss}`")
        return (
            next(iter(losses)) if len(losses) == 1 else "; ".join(f"{v}: {', '.join(of)}" for v, of in losses.items())
        )

    @property
    def numbers(self) -> str:
        """The mean of each loss, and its difference to the baseline with the interval."""
        digits = self.table.decimals
        cells = []
        for row in self.table.rows:
            cell = f"`{row.loss}` " + ("none" if row.mean is None else f"{row.mean:.{digits}f}")
            if None not in (row.difference, row.difference_low, row.difference_high):
                low, high = f"{row.difference_low:+.{digits}f}", f"{row.difference_high:+.{digits}f}"
                cell += f" ({row.difference:+.{digits}f} [{low}, {high}])"
            cells.append(cell)
        return "<br>".join(cells)

    @property
    def setting(self) -> str:
        """The table, its condition, the epoch that is scored, and the metric."""
        metric = f"raw {self.metric}" if self.result.probabilities == "raw" else self.metric
        return ", ".join(filter(None, (self.table.title, metric)))


def reproductions(record: CompareRecord, result: KnownResult) -> Iterator[Reproduction]:
    """A result on each table of its comparison."""
    metric = record.protocol.metric
    evidence = compare(_scored_raw(record, metric) if result.probabilities == "raw" else record)
    for table in evidence.tables:
        yield Reproduction(result, metric, table)


def _scored_raw(record: CompareRecord, metric: str) -> CompareRecord:
    """The same nets, scored by their probabilities as they are before the common temperature."""
    results = []
    for result in record.results:
        members = [
            member.model_copy(update={"test": {**member.test, metric: member.test[f"{RAW}{metric}"]}})
            if member.role == "refit"
            else member
            for member in result.members
        ]
        results.append(result.model_copy(update={"members": members}))
    return record.model_copy(update={"results": results})
