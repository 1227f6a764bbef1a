"""Records of comparisons of many settings: as many tables, losses and conditions as a test or a measurement asks for.

python -m tests.report.compare.many 12 25 1     # processor seconds of every step, sizes and the peak of memory, as JSON
"""

from __future__ import annotations

import io
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from lossbench.record import CompareRecord
from tests.report.compare.planted import Planted, planted_record

_NOISES = (0.0, 0.1, 0.2, 0.4)
_SHARES = (0.3, 1.0)


def many_settings(tables: int, losses: int = 25, conditions: int = 1, *, ranks: bool = True) -> CompareRecord:
    """`tables` x `losses` x `conditions` (at most 8: levels of label noise, from 5 on with two training-set sizes too).

    Short: 5 splits, 2 learning rates, 2 epochs. Every fifth loss has a planted gain.
    """
    chosen = tuple(
        Planted(
            "cross_entropy" if i == 0 else f"loss_{i:02d}", gain=0.02 * (i % 5 == 1), spread=0.004 + 0.001 * (i % 7)
        )
        for i in range(losses)
    )
    noises = _NOISES[: conditions if conditions <= len(_NOISES) else conditions // 2]
    return planted_record(
        chosen,
        data=tuple(f"table_{i:03d}" for i in range(tables)),
        noise=noises,
        share=_SHARES if conditions > len(_NOISES) else (1.0,),
        folds=5,
        repeats=1,
        epochs=2,
        lrs=(1e-3, 1e-2),
        ranks=ranks,
    )


def main() -> None:
    from rich.console import Console

    from lossbench.report.compare.analysis.comparison import compare
    from lossbench.report.compare.files import write_comparison
    from lossbench.report.compare.terminal import comparison_report

    tables, losses, conditions = map(int, sys.argv[1:4])
    record = many_settings(tables, losses, conditions)
    found: dict[str, object] = {"settings": tables * conditions, "rss_record_mb": _peak()}
    began = time.process_time()
    record.analysis = compare(record)
    found["analysis_s"] = round(time.process_time() - began, 1)
    found["rss_analysis_mb"] = _peak()
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        write_comparison(record, Path(folder))
        found["write_s"] = round(time.process_time() - began, 1)
        found["rss_written_mb"] = _peak()
        began = time.process_time()
        console = Console(file=io.StringIO(), width=140)
        console.print(comparison_report(record, Path(folder)))
        found["terminal_s"] = round(time.process_time() - began, 1)
        sizes = {path.relative_to(folder): path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()}
        found["files"] = len(sizes)
        found["all_mb"] = round(sum(sizes.values()) / 1e6, 2)
        found |= {
            str(name): size
            for name, size in sizes.items()
            if name.suffix in {".html", ".md", ".csv"} and len(name.parts) == 1
        }
    print(json.dumps(found))


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
