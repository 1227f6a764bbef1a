"""`make known-results`: runs the comparisons and writes what came out into README, between its marks.

A comparison that was stopped goes on from its folder in outputs/, and one that is finished is read.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from itertools import chain, groupby, repeat
from pathlib import Path

import lossbench
from tests.known_results.reproduction import Reproduction, reproductions
from tests.known_results.results import COMPARISONS, KNOWN, SMALL

README = Path(__file__).parents[2] / "README.md"
OUTPUT = Path("outputs")
MARKS = "<!-- known results: begin -->\n", "<!-- known results: end -->"
COLUMNS = ("what a paper found", "table and metric", "scores (difference to the baseline [95% interval])", "here")


def measured() -> Iterable[Reproduction]:
    """Every result on every table, a comparison after the other."""
    for name, keys in COMPARISONS.items():
        began = time.perf_counter()
        record = lossbench.compare(**{**SMALL, **keys}, output=OUTPUT, name=f"known-{name}")
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
        for result in KNOWN:
            if result.comparison == name:
                yield from reproductions(record, result)


def known_results_table(found: Iterable[Reproduction]) -> str:
    """A folded table: a row a table, the claim in the first row of a result only."""
    rows = []
    for result, of in groupby(found, key=lambda one: one.result):
        claims = chain([f"{result.claim} ({result.source})"], repeat(""))
        rows += [(claim, one.setting, one.numbers, one.verdict) for claim, one in zip(claims, of, strict=False)]
    lines = [COLUMNS, ("---",) * len(COLUMNS), *rows]
    return "\n".join(
        [
            "<details><summary><b>Known results</b>, measured again</summary>",
            "",
            *(f"| {' | '.join(line)} |" for line in lines),
            "",
            "</details>",
            "",
        ]
    )


def main() -> None:
    """Measure, print, write."""
    found = list(measured())
    for one in found:
        print(f"{one.setting}: {one.verdict}\n    {one.result.claim}\n    " + one.numbers.replace("<br>", "\n    "))
    begin, end = MARKS
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    table = begin + known_results_table(found) + end
    README.write_text(re.sub(pattern, lambda _: table, README.read_text(), flags=re.DOTALL))


if __name__ == "__main__":
    main()
